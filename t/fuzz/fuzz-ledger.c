/*
 * The facts of a disc from any bytes. What is read as such is written as such: read again, it is the same to
 * the byte, and says only what a disc can be.
 */
#include "fuzz-disc.h"

#include "base/file.h"
#include "disc/ledger_file.h"

#define FACTS "disc/00000001.json"

static void written(const struct tp_disc *disc, struct tp_buf *text)
{
	char name[64];

	snprintf(name, sizeof name, "%s/" FACTS, archive.path);
	MUST(!tp_ledger_write(&archive, disc, NULL));
	MUST(!tp_file_read(name, text, NULL));
}

static void check_facts(const struct tp_disc *disc)
{
	char serial[TP_SERIAL_LEN + 1];

	MUST(disc->number == 1 && disc->mails <= UINT32_MAX && disc->sectors <= UINT32_MAX);
	MUST(tp_serial_normalize(disc->serial, serial) && !strcmp(disc->serial, serial));
	MUST(memchr(disc->medium, '\0', sizeof disc->medium));
	MUST(tp_disc_state(disc) < TP_DISC_STEPS);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct tp_buf first = TP_BUF_INIT(65536), second = TP_BUF_INIT(65536);
	struct tp_disc disc;

	write_disc_file(FACTS, bytes, len);
	if (!tp_ledger_read(&archive, 1, &disc, NULL)) {
		check_facts(&disc);
		written(&disc, &first);
		MUST(!tp_ledger_read(&archive, 1, &disc, NULL));
		check_facts(&disc);
		written(&disc, &second);
		MUST(first.len == second.len && !memcmp(first.data, second.data, first.len));
	}
	tp_buf_release(&first);
	tp_buf_release(&second);
	return 0;
}
