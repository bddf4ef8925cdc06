/*
 * Base64 (RFC 2045 6.8): see codec.h for what damaged input gives.
 *
 * Four digits are looked up in four tables that hold each digit's bits at its place, so that three
 * ORs make a quantum and one test finds any byte that is no digit. Measuring needs no decoding at
 * all: between two `=` the size follows from the number of digits, and digits are counted sixteen
 * bytes at a time. Where the processor has vectors of thirty-two bytes that it can look up in a
 * table at once (AVX2), lines are decoded and measured with these.
 */
#include "mime/codecs.h"

#include "base/cpu.h"
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

/* --- thirty-two bytes at once ------------------------------------------------------------------ */

/* What stands in a block: how many digits, and whether there is any `=`, and anything that is neither
 * one of these nor white space. */
struct block {
	size_t digits;
	bool pads, strange;
};

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE __attribute__((target("avx2")))

typedef __m256i wide;

#define WIDTH sizeof(wide)

/* The ranges of digits, by the high half of a byte: the first that has it, how many follow, and the
 * value of the first. In a half without digits nothing is as near to `first` as `more` says. `/`
 * shares its half with `+` and is looked at apart. */
static const struct {
	unsigned char first[16], more[16], value[16];
} ranges = {
	{ 0x80, 0x80, '+', '0', 'A', 'P', 'a', 'p' },
	{ 0, 0, 0, 9, 14, 10, 14, 10 },
	{ 0, 0, 62, 52, 0, 15, 26, 41 },
};

WIDE static inline wide load(const void *bytes)
{
	return _mm256_loadu_si256(bytes);
}

WIDE static inline wide each(char byte)
{
	return _mm256_set1_epi8(byte);
}

/* table[halves[i]] for each byte. */
WIDE static inline wide look_up(const unsigned char table[16], wide halves)
{
	return _mm256_shuffle_epi8(
		_mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table)), halves);
}

/* 0xff where left <= right, as numbers without sign. */
WIDE static inline wide at_most(wide left, wide right)
{
	return _mm256_cmpeq_epi8(_mm256_min_epu8(left, right), left);
}

WIDE static inline wide high_halves(wide c)
{
	return _mm256_and_si256(_mm256_srli_epi16(c, 4), each(0x0f));
}

/* 0xff in *good for each byte that is a digit; the values of those. */
WIDE static inline wide values_of(wide c, wide *good)
{
	wide half = high_halves(c), slash = _mm256_cmpeq_epi8(c, each('/'));
	wide ahead = _mm256_sub_epi8(c, look_up(ranges.first, half));
	wide values = _mm256_add_epi8(ahead, look_up(ranges.value, half));

	*good = _mm256_or_si256(at_most(ahead, look_up(ranges.more, half)), slash);
	/* `/` is four behind `+`, and its value one */
	return _mm256_add_epi8(values, _mm256_and_si256(slash, each(-3)));
}

/* Thirty-two values of six bits as twenty-four bytes, and eight that mean nothing. */
WIDE static inline wide packed(wide values)
{
	wide pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi16(0x0140));
	wide quanta = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
	wide order = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));

	return _mm256_permutevar8x32_epi32(
		_mm256_shuffle_epi8(quanta, order), _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
}

/* Decodes what stands at `in`, all of WIDTH bytes, and returns which of them are no digits, a bit for
 * each. All of WIDTH are written where fewer count: the output has room, as it is never longer than
 * the input still unread. */
WIDE static inline uint32_t feed_wide(const unsigned char *in, char *out)
{
	wide good;

	_mm256_storeu_si256((void *)out, packed(values_of(load(in), &good)));
	return ~(uint32_t)_mm256_movemask_epi8(good);
}

/* Decodes lines of `line` digits (whole quanta) and a line feed for as long as they come, and returns
 * how many there were. Where a line ends need not be found out first, so the next does not wait. */
WIDE static size_t feed_equal_lines(const unsigned char *in, size_t len, char *out, size_t line)
{
	size_t count = 0, n;

	for (; len >= line + WIDTH; len -= line + 1, in += line + 1, out += line / 4 * 3, count++) {
		uint32_t bad = 0, last;

		for (n = 0; line - n >= WIDTH; n += WIDTH)
			bad |= feed_wide(in + n, out + n / 4 * 3);
		last = feed_wide(in + n, out + n / 4 * 3);
		bad |= last & (((uint32_t)1 << (line - n)) - 1);
		if (bad || in[line] != '\n')
			break;
	}
	return count;
}

/* Decodes whole quanta for as long as nothing but digits and line ends between quanta comes. Returns
 * the bytes taken; *made gets those written. */
WIDE static size_t feed_lines(const unsigned char *in, size_t len, char *out, size_t *made)
{
	size_t at = 0, to = 0, begin = 0, line, digits_here, count;
	uint32_t bad;

	while (len - at >= WIDTH) {
		bad = feed_wide(in + at, out + to);
		digits_here = bad ? (size_t)__builtin_ctz(bad) : WIDTH;
		at += digits_here & ~(size_t)3;
		to += digits_here / 4 * 3;
		if (!bad)
			continue;
		if (digits_here % 4 || (in[at] != '\n' && in[at] != '\r'))
			break;
		line = at - begin;
		at++;
		count = feed_equal_lines(in + at, len - at, out + to, line);
		at += count * (line + 1);
		to += count * (line / 4 * 3);
		begin = at;
	}
	*made = to;
	return at;
}

/* `len` is a multiple of WIDTH, at most BLOCK_MAX. */
WIDE static struct block look_wide(const unsigned char *bytes, size_t len)
{
	wide sums = each(0), pads = each(0), known = each(-1), zero = each(0);
	struct block block = { .digits = 0 };
	uint64_t four[4];

	for (size_t at = 0; at < len; at += WIDTH) {
		wide c = load(bytes + at), half = high_halves(c), digit, white, pad;

		digit = _mm256_or_si256(_mm256_cmpeq_epi8(c, each('/')),
			at_most(_mm256_sub_epi8(c, look_up(ranges.first, half)),
				look_up(ranges.more, half)));
		white = _mm256_or_si256(_mm256_cmpeq_epi8(c, each(' ')),
			at_most(_mm256_sub_epi8(c, each('\t')), each('\r' - '\t')));
		pad = _mm256_cmpeq_epi8(c, each('='));
		sums = _mm256_sub_epi8(sums, digit);
		pads = _mm256_or_si256(pads, pad);
		known = _mm256_and_si256(
			known, _mm256_or_si256(_mm256_or_si256(digit, white), pad));
	}
	_mm256_storeu_si256((void *)four, _mm256_sad_epu8(sums, zero));
	block.digits = four[0] + four[1] + four[2] + four[3];
	block.pads = _mm256_movemask_epi8(pads) != 0;
	block.strange = _mm256_movemask_epi8(known) != -1;
	return block;
}

static bool has_wide(void)
{
	return tp_cpu_has_avx2();
}
#else
static size_t feed_lines(const unsigned char *in, size_t len, char *out, size_t *made)
{
	*made = 0;
	return 0;
}

static struct block look_wide(const unsigned char *bytes, size_t len)
{
	return (struct block){ .digits = 0 };
}

static bool has_wide(void)
{
	return false;
}
#endif

/* --- decoding ---------------------------------------------------------------------------------- */

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
	bool is_wide = has_wide();
	char *begin = out;
	size_t i = 0;
	size_t taken, made;

	while (i < len) {
		if (decoder->held == 0 && is_wide) {
			i += feed_lines(bytes + i, len - i, out, &made);
			out += made;
		}
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

/* --- measuring --------------------------------------------------------------------------------- */

/* A sum of more rows than 255 would overflow a byte; and a whole number of both kinds of vectors. */
#define BLOCK_STEP 32
#define BLOCK_MAX  (127 * BLOCK_STEP)

/* 0xff where c is within [first, last], both below 0x80: the range is moved to the top of the bytes
 * that have a sign, where one comparison tells. */
static inline tp_vector within(tp_vector c, unsigned char first, unsigned char last)
{
	tp_vector_signed moved = (tp_vector_signed)(c + (unsigned char)(0x7f - last));

	return (tp_vector)(moved > (signed char)(0x7f - (last - first) - 1));
}

/* The same as look_wide for every machine. Upper case is folded on lower, and `/` stands right before
 * the ten ciphers. */
static struct block look(const unsigned char *bytes, size_t len)
{
	tp_vector sums = { 0 }, pads = { 0 }, others = { 0 };
	struct block block = { .digits = 0 };

	for (size_t at = 0; at < len; at += TP_VECTOR_SIZE) {
		tp_vector c = tp_vector_load(bytes + at), digit, pad;

		digit = within(c | 0x20, 'a', 'z') | within(c, '/', '9') | (tp_vector)(c == '+');
		pad = (tp_vector)(c == '=');
		sums -= digit;
		pads |= pad;
		others |= ~(digit | pad | within(c, '\t', '\r') | (tp_vector)(c == ' '));
	}
	for (size_t i = 0; i < TP_VECTOR_SIZE; i++)
		block.digits += sums[i];
	block.pads = tp_vector_any(pads);
	block.strange = tp_vector_any(others);
	return block;
}

/* What is known while measuring. */
struct tally {
	uint64_t run;  /* digits since the last `=` */
	uint64_t size; /* bytes that come of those before it */
	bool padded;   /* a `=` has been seen: digits behind it would be lost on many readers */
	bool whole;
};

/* A `=`, or the end: the run is over, and its last quantum gives what it can. */
static void end_run(struct tally *tally)
{
	tally->size += tally->run / 4 * 3 + (tally->run % 4 ? tally->run % 4 - 1 : 0);
	tally->run = 0;
}

static bool is_white(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void measure_slowly(struct tally *tally, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool digit = value_of[bytes[i]] != NO_DIGIT;

		if (bytes[i] == '=') {
			end_run(tally);
			tally->padded = true;
		} else if (digit ? tally->padded : !is_white(bytes[i])) {
			tally->whole = false;
		}
		tally->run += digit;
	}
}

struct tp_measure tp_base64_measure(const char *data, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)data;
	struct tally tally = { .whole = true };
	bool is_wide = has_wide();
	struct block block;
	size_t n;

	for (; len >= BLOCK_STEP; len -= n, bytes += n) {
		n = len < BLOCK_MAX ? len / BLOCK_STEP * BLOCK_STEP : BLOCK_MAX;
		block = is_wide ? look_wide(bytes, n) : look(bytes, n);
		if (block.pads) {
			measure_slowly(&tally, bytes, n);
			continue;
		}
		tally.run += block.digits;
		if (block.strange || (block.digits && tally.padded))
			tally.whole = false;
	}
	measure_slowly(&tally, bytes, len);
	end_run(&tally);
	return (struct tp_measure){ tally.size, tally.whole };
}

/* --- the rest ---------------------------------------------------------------------------------- */

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
