/* Serials of discs: see ledger.h. */
#include "disc/ledger.h"

#include <string.h>

/* Capital letters without those that a hand or an eye takes for another, or for a digit. */
static const char letters[] = "ABCDEFGHJKLMNPRSTWXYZ";
#define LETTERS (sizeof letters - 1)

bool tp_serial_normalize(const char *text, char serial[TP_SERIAL_LEN + 1])
{
	if (strlen(text) != TP_SERIAL_LEN)
		return false;
	for (size_t i = 0; i < TP_SERIAL_LEN; i++) {
		char c = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 32) : text[i];

		if (!memchr(letters, c, LETTERS))
			return false;
		serial[i] = c;
	}
	serial[TP_SERIAL_LEN] = 0;
	return true;
}

enum tp_status tp_serial_new(char serial[TP_SERIAL_LEN + 1], struct tp_error *err)
{
	/* Bytes beyond the last multiple of the alphabet would favour its beginning. */
	static const unsigned fair = 256 / LETTERS * LETTERS;
	size_t len = 0;

	while (len < TP_SERIAL_LEN) {
		unsigned char byte;
		enum tp_status status = tp_random(&byte, 1, err);

		if (status)
			return status;
		if (byte < fair)
			serial[len++] = letters[byte % LETTERS];
	}
	serial[len] = 0;
	return TP_OK;
}
