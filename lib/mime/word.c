/* Encoded words: see word.h. */
#include "mime/word.h"

#include "mime/codec.h"

#define CHARSET_MAX 64

/* The end of the text that begins at p: its `?=`. NULL when another word begins first, or nothing
 * ends it; so a run of beginnings costs no more than its length. */
static const char *text_end(const char *p, const char *end)
{
	for (; p + 1 < end; p++) {
		if (p[0] == '?' && p[1] == '=')
			return p;
		if (p[0] == '=' && p[1] == '?' && !(p + 2 < end && p[2] == '='))
			return NULL;
	}
	return NULL;
}

/* Reads the word whose `=?` is at p. */
static bool read_word(const char *p, const char *end, struct tp_word *word)
{
	const char *stop, *star;

	word->begin = p;
	word->charset = p + 2;
	for (stop = word->charset; stop < end && *stop != '?'; stop++)
		if ((unsigned char)*stop <= ' ' || stop - word->charset >= CHARSET_MAX)
			return false;
	star = memchr(word->charset, '*', (size_t)(stop - word->charset));
	word->charset_len = (size_t)((star ? star : stop) - word->charset);
	if (end - stop < 5 || stop[2] != '?')
		return false;
	word->encoding = (char)(stop[1] | 32);
	if (word->encoding != 'q' && word->encoding != 'b')
		return false;
	word->text = stop + 3;
	stop = text_end(word->text, end);
	if (!stop)
		return false;
	word->text_len = (size_t)(stop - word->text);
	word->end = stop + 2;
	return true;
}

bool tp_word_next(const char *p, const char *end, struct tp_word *word)
{
	for (; (p = memmem(p, (size_t)(end - p), "=?", 2)) != NULL; p += 2)
		if (read_word(p, end, word))
			return true;
	return false;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The "Q" encoding (RFC 2047 4.2): `_` is a space, =XX a byte; anything broken stands as it is. */
static bool decode_q(const struct tp_word *word, struct tp_buf *out)
{
	const char *p = word->text, *end = p + word->text_len;

	for (; p < end; p++) {
		int high = *p == '=' && end - p > 2 ? hex_value(p[1]) : -1;
		int low = high >= 0 ? hex_value(p[2]) : -1;

		if (low >= 0) {
			tp_buf_addc(out, (char)(high << 4 | low));
			p += 2;
		} else {
			tp_buf_addc(out, *p == '_' ? ' ' : *p);
		}
	}
	return !out->status;
}

static bool decode_b(const struct tp_word *word, struct tp_buf *out)
{
	struct tp_decoder decoder;
	char *to = tp_buf_reserve(out, tp_decoder_bound(word->text_len) + tp_decoder_bound(0));
	size_t n;

	if (!to)
		return false;
	tp_decoder_init(&decoder, TP_ENCODING_BASE64);
	n = tp_decoder_feed(&decoder, word->text, word->text_len, to);
	n += tp_decoder_finish(&decoder, to + n);
	tp_buf_grew(out, n);
	return true;
}

bool tp_word_decode(const struct tp_word *word, struct tp_buf *out)
{
	return word->encoding == 'q' ? decode_q(word, out) : decode_b(word, out);
}
