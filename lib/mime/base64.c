/*
 * Base64 (RFC 2045 6.8): see codec.h for what damaged input gives.
 *
 * Decoding looks four digits up in four tables that hold each digit's bits at its place, so that
 * three ORs make a quantum and one test finds any byte that is no digit. Counting needs no decoding
 * at all: between two `=` the size follows from the number of digits, and digits are counted
 * sixteen bytes at a time.
 */
#include "mime/codecs.h"
#include "base/vector.h"

#define NO_DIGIT 0xff
#define BAD      UINT32_C(0x01000000)

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* place[i][c]: the bits of digit c as the i-th of a quantum, in memory order of the three bytes;
 * BAD for what is no digit. Filled before main, so that no decoder has to ask. */
static uint32_t place[4][256];
static unsigned char value_of[256];

__attribute__((constructor)) static void fill_tables(void)
{
	memset(value_of, NO_DIGIT, sizeof value_of);
	for (unsigned v = 0; v < 64; v++)
		value_of[(unsigned char)digits[v]] = (unsigned char)v;
	for (unsigned c = 0; c < 256; c++) {
		uint32_t v = value_of[c];

		place[0][c] = v == NO_DIGIT ? BAD : v << 18;
		place[1][c] = v == NO_DIGIT ? BAD : v << 12;
		place[2][c] = v == NO_DIGIT ? BAD : v << 6;
		place[3][c] = v == NO_DIGIT ? BAD : v;
	}
}

static inline uint32_t quantum(const unsigned char *in)
{
	return place[0][in[0]] | place[1][in[1]] | place[2][in[2]] | place[3][in[3]];
}

static inline void put3(char *out, uint32_t bits)
{
	out[0] = (char)(bits >> 16);
	out[1] = (char)(bits >> 8);
	out[2] = (char)bits;
}

/* Decodes whole quanta for as long as nothing but digits comes; returns the digits taken. */
static size_t feed_clean(const unsigned char *in, size_t len, char *out)
{
	size_t i = 0;

	for (; len - i >= 8; i += 8) {
		uint32_t a = quantum(in + i);
		uint32_t b = quantum(in + i + 4);
		uint64_t both;

		if ((a | b) & BAD)
			break;
		/* Eight bytes are written and six count: the output has room, as it is never
		 * longer than the input still unread. */
		both = __builtin_bswap64((uint64_t)a << 40 | (uint64_t)b << 16);
		memcpy(out, &both, 8);
		out += 6;
	}
	for (; len - i >= 4; i += 4) {
		uint32_t a = quantum(in + i);

		if (a & BAD)
			break;
		put3(out, a);
		out += 3;
	}
	return i;
}

/* Ends a quantum that has `held` digits: one or two bytes come of it, or none. */
static size_t flush(struct tp_decoder *decoder, char *out)
{
	unsigned held = decoder->held;
	uint32_t bits = decoder->bits;

	decoder->held = 0;
	decoder->bits = 0;
	if (held < 2)
		return 0;
	out[0] = (char)(held == 2 ? bits >> 4 : bits >> 10);
	if (held == 3)
		out[1] = (char)(bits >> 2);
	return held - 1;
}

/* Takes one byte in; returns the bytes written. */
static size_t feed_byte(struct tp_decoder *decoder, unsigned char c, char *out)
{
	if (c == '=')
		return flush(decoder, out);
	if (value_of[c] == NO_DIGIT)
		return 0;
	decoder->bits = decoder->bits << 6 | value_of[c];
	if (++decoder->held < 4)
		return 0;
	put3(out, decoder->bits);
	decoder->held = 0;
	decoder->bits = 0;
	return 3;
}

size_t tp_base64_feed(struct tp_decoder *decoder, const char *in, size_t len, char *out)
{
	const unsigned char *bytes = (const unsigned char *)in;
	char *begin = out;
	size_t i = 0;
	size_t taken;

	while (i < len) {
		if (decoder->held == 0) {
			taken = feed_clean(bytes + i, len - i, out);
			out += taken / 4 * 3;
			i += taken;
		}
		if (i < len)
			out += feed_byte(decoder, bytes[i++], out);
	}
	return (size_t)(out - begin);
}

size_t tp_base64_finish(struct tp_decoder *decoder, char *out)
{
	return flush(decoder, out);
}

#define ROWS 255 /* more would overflow a byte of the sums */

/* 0xff where c is within [first, last], both below 0x80: the range is moved to the top of the bytes
 * that have a sign, where one comparison tells. */
static inline tp_vector within(tp_vector c, unsigned char first, unsigned char last)
{
	tp_vector_signed moved = (tp_vector_signed)(c + (unsigned char)(0x7f - last));

	return (tp_vector)(moved > (signed char)(0x7f - (last - first) - 1));
}

/* Digits among bytes[0, rows * TP_VECTOR_SIZE), and in *pads whether there is any `=`. Upper case
 * is folded on lower, and `/` stands right before the ten ciphers. */
static size_t count_rows(const unsigned char *bytes, size_t rows, bool *pads)
{
	tp_vector sums = { 0 };
	tp_vector equals = { 0 };
	size_t count = 0;
	tp_vector c;

	for (size_t row = 0; row < rows; row++) {
		c = tp_vector_load(bytes + row * TP_VECTOR_SIZE);
		sums -= within(c | 0x20, 'a', 'z') | within(c, '/', '9') | (tp_vector)(c == '+');
		equals |= (tp_vector)(c == '=');
	}
	for (size_t i = 0; i < TP_VECTOR_SIZE; i++)
		count += sums[i];
	*pads = tp_vector_any(equals);
	return count;
}

/* What is known while counting: digits since the last `=`, bytes that come of those before it. */
struct tally {
	uint64_t run;
	uint64_t size;
};

/* A `=`, or the end: the run is over, and its last quantum gives what it can. */
static void end_run(struct tally *tally)
{
	tally->size += tally->run / 4 * 3 + (tally->run % 4 ? tally->run % 4 - 1 : 0);
	tally->run = 0;
}

static void count_slowly(struct tally *tally, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '=')
			end_run(tally);
		else
			tally->run += value_of[bytes[i]] != NO_DIGIT;
	}
}

uint64_t tp_base64_size(const char *data, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)data;
	struct tally tally = { 0, 0 };
	size_t count;
	size_t rows;
	bool pads;

	for (; len >= TP_VECTOR_SIZE;
		len -= rows * TP_VECTOR_SIZE, bytes += rows * TP_VECTOR_SIZE) {
		rows = len / TP_VECTOR_SIZE < ROWS ? len / TP_VECTOR_SIZE : ROWS;
		count = count_rows(bytes, rows, &pads);
		if (pads)
			count_slowly(&tally, bytes, rows * TP_VECTOR_SIZE);
		else
			tally.run += count;
	}
	count_slowly(&tally, bytes, len);
	end_run(&tally);
	return tally.size;
}

/* Bytes at the beginning, in whole vectors, that are digits and white space only. */
static size_t skip_plain(const unsigned char *bytes, size_t len)
{
	size_t at = 0;
	tp_vector c;

	for (; len - at >= TP_VECTOR_SIZE; at += TP_VECTOR_SIZE) {
		c = tp_vector_load(bytes + at);
		if (tp_vector_any(~(within(c | 0x20, 'a', 'z') | within(c, '/', '9') |
				    within(c, '\t', '\r') | (tp_vector)(c == '+') |
				    (tp_vector)(c == ' '))))
			break;
	}
	return at;
}

static bool is_white(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool tp_base64_is_whole(const char *data, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)data;
	size_t at = skip_plain(bytes, len);

	while (at < len && (value_of[bytes[at]] != NO_DIGIT || is_white(bytes[at])))
		at++;
	while (at < len && (bytes[at] == '=' || is_white(bytes[at])))
		at++;
	return at == len;
}

bool tp_codec_base64_is_clean(const char *data, struct tp_range range)
{
	const unsigned char *bytes = (const unsigned char *)data + range.begin;
	size_t len = tp_range_len(range);
	uint64_t count = 0;
	unsigned pads = 0;
	unsigned char last = 0;

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r')
			continue;
		if (bytes[i] == '=') {
			if (++pads > 2)
				return false;
		} else if (pads || value_of[bytes[i]] == NO_DIGIT) {
			return false;
		} else {
			last = value_of[bytes[i]];
			count++;
		}
	}
	if ((count + pads) % 4)
		return false;
	/* Bits of the last digit that reach no byte must be zero, or re-encoding changes them. */
	return !(pads == 1 && last & 3) && !(pads == 2 && last & 15) && !(pads && count < 2);
}

/* Writes the digits of `len` bytes, 1 to 3. */
static void put_quantum(char *out, const unsigned char *in, size_t len)
{
	uint32_t bits = (uint32_t)in[0] << 16;

	if (len > 1)
		bits |= (uint32_t)in[1] << 8;
	if (len > 2)
		bits |= in[2];
	out[0] = digits[bits >> 18];
	out[1] = digits[bits >> 12 & 63];
	out[2] = len > 1 ? digits[bits >> 6 & 63] : '=';
	out[3] = len > 2 ? digits[bits & 63] : '=';
}

#define LINE_BYTES 57 /* 76 digits */

bool tp_codec_base64_encode(const char *bytes, size_t len, const char *eol, struct tp_buf *out)
{
	const unsigned char *in = (const unsigned char *)bytes;
	char line[LINE_BYTES / 3 * 4];
	size_t part;
	size_t n;

	for (size_t i = 0; i < len; i += part) {
		part = len - i < LINE_BYTES ? len - i : LINE_BYTES;
		n = 0;
		for (size_t j = 0; j < part; j += 3, n += 4)
			put_quantum(line + n, in + i + j, part - j < 3 ? part - j : 3);
		if (!tp_buf_add(out, line, n) || !tp_buf_adds(out, eol))
			return false;
	}
	return true;
}
