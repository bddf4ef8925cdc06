/*
 * Uuencoded bodies (never standardised; the words x-uuencode, uuencode and x-uue are in use).
 *
 * Lines before `begin ` and behind `end` are no data. A data line says how many bytes it gives; it
 * gives fewer when its digits do not suffice, for what is not there cannot be known. A byte at a
 * time is quick enough: this encoding is rare.
 */
#include "mime/codecs.h"

enum state {
	AT_LINE,     /* before `begin `, at the start of a line or inside its first word */
	SKIP_LINE,   /* before `begin `, in a line that is something else */
	BEGIN_LINE,  /* behind `begin ` */
	DATA_LENGTH, /* at the first character of a data line */
	DATA,        /* in its digits */
	DATA_REST,   /* behind the last digit that counts */
	END_WORD,    /* in a line that may be `end` */
	ENDED,
};

/* decoder->hold[0]: characters of the word matched so far; hold[1]: bytes that the line still has
 * to give. decoder->bits and held: the digits of the quantum. */

static size_t feed_digit(struct tp_decoder *decoder, unsigned char c, char *out)
{
	if (c < ' ' || c > '`')
		return 0;
	decoder->bits = decoder->bits << 6 | ((c - 32u) & 63);
	/* Every digit but the first of four completes a byte. */
	switch (decoder->held++) {
	case 0:
		return 0;
	case 1:
		*out = (char)(decoder->bits >> 4);
		break;
	case 2:
		*out = (char)(decoder->bits >> 2);
		break;
	default:
		*out = (char)decoder->bits;
		decoder->held = 0;
	}
	if (--decoder->hold[1] == 0)
		decoder->state = DATA_REST;
	return 1;
}

/* Follows a word at the beginning of a line: the next state once it is whole, `miss` when another
 * character comes, the same state in between. */
static void match_word(struct tp_decoder *decoder, const char *word, unsigned char c,
	enum state whole, enum state miss)
{
	if (c != (unsigned char)word[decoder->hold[0]]) {
		decoder->state = miss;
		decoder->hold[0] = 0;
	} else if (word[++decoder->hold[0]] == '\0') {
		decoder->state = whole;
		decoder->hold[0] = 0;
	}
}

static void begin_data_line(struct tp_decoder *decoder, unsigned char c)
{
	decoder->held = 0;
	decoder->bits = 0;
	decoder->hold[1] = c >= ' ' && c <= '`' ? (c - 32u) & 63 : 0;
	decoder->state = decoder->hold[1] ? DATA : DATA_REST;
	if (c == 'e') {
		decoder->state = END_WORD;
		decoder->hold[0] = 1;
	}
}

static void at_line_feed(struct tp_decoder *decoder)
{
	decoder->hold[0] = 0;
	switch (decoder->state) {
	case AT_LINE:
	case SKIP_LINE:
		decoder->state = AT_LINE;
		break;
	case ENDED:
		break;
	default:
		decoder->state = DATA_LENGTH;
	}
}

static size_t feed_byte(struct tp_decoder *decoder, unsigned char c, char *out)
{
	if (c == '\n') {
		at_line_feed(decoder);
		return 0;
	}
	switch (decoder->state) {
	case AT_LINE:
		match_word(decoder, "begin ", c, BEGIN_LINE, SKIP_LINE);
		return 0;
	case DATA_LENGTH:
		begin_data_line(decoder, c);
		return 0;
	case DATA:
		return feed_digit(decoder, c, out);
	case END_WORD:
		match_word(decoder, "end", c, ENDED, DATA_REST);
		return 0;
	default:
		return 0;
	}
}

size_t tp_uu_feed(struct tp_decoder *decoder, const char *in, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += feed_byte(decoder, (unsigned char)in[i], out + n);
	return n;
}

uint64_t tp_uu_size(const char *bytes, size_t len)
{
	struct tp_decoder decoder;
	uint64_t size = 0;
	char unused;

	tp_decoder_init(&decoder, TP_ENCODING_UU);
	for (size_t i = 0; i < len && decoder.state != ENDED; i++)
		size += feed_byte(&decoder, (unsigned char)bytes[i], &unused);
	return size;
}

static size_t skip_white(const char *bytes, size_t at, size_t len)
{
	while (at < len && (bytes[at] == ' ' || (bytes[at] >= '\t' && bytes[at] <= '\r')))
		at++;
	return at;
}

/* Readers take the first file and drop the text around it, so there must be neither text nor another
 * file. */
bool tp_uu_is_whole(const char *bytes, size_t len)
{
	size_t at = skip_white(bytes, 0, len);
	struct tp_decoder decoder;
	char unused;

	if (len - at < 6 || memcmp(bytes + at, "begin ", 6) != 0)
		return false;
	tp_decoder_init(&decoder, TP_ENCODING_UU);
	while (at < len && decoder.state != ENDED)
		feed_byte(&decoder, (unsigned char)bytes[at++], &unused);
	return skip_white(bytes, at, len) == len;
}
