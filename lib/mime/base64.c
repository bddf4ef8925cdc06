/*
 * Base64 (RFC 2045 6.8): see codec.h for what damaged input gives.
 *
 * Decoding looks four digits up in four tables that hold each digit's bits at its place, so that
 * three ORs make a quantum and one test finds any byte that is no digit. Counting needs no decoding
 * at all: between two `=` the size follows from the number of digits, and digits are counted by a
 * loop that compilers turn into vector code.
 */
#include "mime/codecs.h"

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

static inline unsigned char is_digit(unsigned char c)
{
	return (unsigned char)(((unsigned char)((c | 0x20) - 'a') < 26) |
			       ((unsigned char)(c - '/') < 11) | (c == '+'));
}

#define LANES 64
#define ROWS  255 /* more would overflow a lane */

/* Digits among bytes[0, rows * LANES): columns are summed in bytes, which keeps the vectors full.
 */
static size_t count_rows(const unsigned char *bytes, size_t rows)
{
	unsigned char lanes[LANES] = { 0 };
	size_t count = 0;

	for (size_t row = 0; row < rows; row++) {
		for (size_t i = 0; i < LANES; i++)
			lanes[i] += is_digit(bytes[row * LANES + i]);
	}
	for (size_t i = 0; i < LANES; i++)
		count += lanes[i];
	return count;
}

static size_t count_digits(const unsigned char *bytes, size_t len)
{
	size_t count = 0;
	size_t rows;

	for (; len >= LANES; len -= rows * LANES, bytes += rows * LANES) {
		rows = len / LANES < ROWS ? len / LANES : ROWS;
		count += count_rows(bytes, rows);
	}
	for (size_t i = 0; i < len; i++)
		count += is_digit(bytes[i]);
	return count;
}

/* Bytes that a run of digits gives when a `=` or the end follows. */
static uint64_t run_size(uint64_t count)
{
	return count / 4 * 3 + (count % 4 ? count % 4 - 1 : 0);
}

/* Block by block, so that looking for `=` brings into the cache what the counting reads. */
uint64_t tp_base64_size(const char *bytes, size_t len)
{
	const char *end = bytes + len;
	const char *stop;
	const char *pad;
	uint64_t run = 0;
	uint64_t size = 0;

	for (; bytes < end; bytes = stop) {
		stop = end - bytes > LANES * ROWS ? bytes + LANES * ROWS : end;
		pad = memchr(bytes, '=', (size_t)(stop - bytes));
		if (pad)
			stop = pad + 1;
		/* A `=` is no digit, so counting it does no harm. */
		run += count_digits((const unsigned char *)bytes, (size_t)(stop - bytes));
		if (pad) {
			size += run_size(run);
			run = 0;
		}
	}
	return size + run_size(run);
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
