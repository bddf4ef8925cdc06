/*
 * CRC-32C: see crc32c.h. With SSE 4.2 one instruction takes eight bytes, but its result comes three
 * cycles later: so three stretches of the input are summed side by side, and joined by what a
 * stretch of zeros does to a sum, which is linear and stands in a table. Without, eight tables
 * ("slicing by eight") give about a byte a cycle.
 */
#include "base/crc32c.h"

#include <stdbool.h>
#include <string.h>

#include "base/cpu.h"

#define POLYNOMIAL UINT32_C(0x82f63b78) /* reflected */
#define STRETCH    ((size_t)2048)       /* a power of 2 */

static uint32_t table[8][256];
static uint32_t skip[4][256]; /* what STRETCH zero bytes make of each byte of a sum */

/* table[0] has the sum of one byte, table[n] of one byte and n zeros. */
static void fill_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t sum = i;

		for (int bit = 0; bit < 8; bit++)
			sum = sum & 1 ? sum >> 1 ^ POLYNOMIAL : sum >> 1;
		table[0][i] = sum;
	}
	for (int n = 1; n < 8; n++)
		for (uint32_t i = 0; i < 256; i++)
			table[n][i] = table[n - 1][i] >> 8 ^ table[0][table[n - 1][i] & 255];
}

/* What twice as many zeros make of each bit, from what `once` as many do: all of this is linear, so a
 * sum is carried over them bit by bit. */
static void carry_twice(uint32_t once[32])
{
	uint32_t twice[32] = { 0 };

	for (int bit = 0; bit < 32; bit++)
		for (int i = 0; i < 32; i++)
			if (once[bit] & UINT32_C(1) << i)
				twice[bit] ^= once[i];
	memcpy(once, twice, sizeof twice);
}

static void fill_skip(void)
{
	uint32_t carried[32];

	for (int bit = 0; bit < 32; bit++) {
		uint32_t sum = UINT32_C(1) << bit;

		carried[bit] = sum >> 8 ^ table[0][sum & 255]; /* over one zero */
	}
	for (size_t zeros = 1; zeros < STRETCH; zeros *= 2)
		carry_twice(carried);
	for (int bit = 0; bit < 32; bit++)
		for (uint32_t i = 0; i < 256; i++)
			if (i & 1u << bit % 8)
				skip[bit / 8][i] ^= carried[bit];
}

__attribute__((constructor)) static void fill_tables(void)
{
	fill_table();
	fill_skip();
}

static inline uint64_t load(const unsigned char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static uint32_t add_plain(uint32_t sum, const unsigned char *at, size_t len)
{
	for (; len >= 8; at += 8, len -= 8) {
		uint64_t word = load(at) ^ sum;

		sum = 0;
		for (int n = 0; n < 8; n++)
			sum ^= table[7 - n][word >> 8 * n & 255];
	}
	while (len-- > 0)
		sum = sum >> 8 ^ table[0][(sum ^ *at++) & 255];
	return sum;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

static inline uint32_t over_stretch(uint32_t sum)
{
	return skip[0][sum & 255] ^ skip[1][sum >> 8 & 255] ^ skip[2][sum >> 16 & 255] ^
	       skip[3][sum >> 24];
}

__attribute__((target("sse4.2"))) static uint32_t add_fast(
	uint32_t sum, const unsigned char *at, size_t len)
{
	uint64_t a = sum;

	for (; len >= 3 * STRETCH; at += 3 * STRETCH, len -= 3 * STRETCH) {
		uint64_t b = 0, c = 0;

		for (size_t i = 0; i < STRETCH; i += 8) {
			a = _mm_crc32_u64(a, load(at + i));
			b = _mm_crc32_u64(b, load(at + STRETCH + i));
			c = _mm_crc32_u64(c, load(at + 2 * STRETCH + i));
		}
		a = over_stretch((uint32_t)a) ^ b;
		a = over_stretch((uint32_t)a) ^ c;
	}
	for (; len >= 8; at += 8, len -= 8)
		a = _mm_crc32_u64(a, load(at));
	while (len-- > 0)
		a = _mm_crc32_u8((uint32_t)a, *at++);
	return (uint32_t)a;
}

static inline bool is_fast(void)
{
	return tp_cpu_has_crc32();
}
#else
#define add_fast add_plain

static inline bool is_fast(void)
{
	return false;
}
#endif

uint32_t tp_crc32c(uint32_t before, const void *bytes, size_t len)
{
	return ~(is_fast() ? add_fast(~before, bytes, len) : add_plain(~before, bytes, len));
}

uint32_t tp_crc32c_plain(uint32_t before, const void *bytes, size_t len)
{
	return ~add_plain(~before, bytes, len);
}
