/*
 * SHA-256's compression function: see sha256.h. Ours, because a process that loads OpenSSL for it takes a
 * millisecond longer to begin, which is as long as archive-put takes for all the rest of a mail
 * (HACKING.md, "Decisions"). The tests compare it with OpenSSL's.
 */
#include "base/sha256.h"

#include <string.h>

#include "base/cpu.h"

const uint32_t tp_sha256_begin[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
	0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

static const uint32_t constants[64] __attribute__((aligned(16))) = { 0x428a2f98, 0x71374491,
	0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
	0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc,
	0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354,
	0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c,
	0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f,
	0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2 };

static inline uint32_t rotate(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static inline uint32_t load(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The 64 words of a block's schedule. */
static void expand(const unsigned char *block, uint32_t w[64])
{
	for (int i = 0; i < 16; i++)
		w[i] = load(block + 4 * i);
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
		       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
}

void tp_sha256_blocks_plain(uint32_t state[8], const unsigned char *bytes, size_t count)
{
	uint32_t w[64], s[8];

	for (; count > 0; bytes += 64, count--) {
		expand(bytes, w);
		memcpy(s, state, sizeof s);
		for (int i = 0; i < 64; i++) {
			uint32_t big1 = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
			uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
			uint32_t big0 = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
			uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
			uint32_t t = s[7] + big1 + choice + constants[i] + w[i];

			memmove(s + 1, s, 7 * sizeof *s);
			s[4] += t;
			s[0] = t + big0 + majority;
		}
		for (int i = 0; i < 8; i++)
			state[i] += s[i];
	}
}

#if defined(__x86_64__)
#include <immintrin.h>

/* The instructions want the state as the words ABEF and CDGH, first word highest. Each of the 16 steps
 * does four rounds, and makes the four words of the schedule that are due four steps later. */
__attribute__((target("sha,sse4.1,ssse3"))) static void blocks_fast(
	uint32_t state[8], const unsigned char *bytes, size_t count)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(void *)state), 0xb1);
	__m128i efgh =
		_mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(void *)(state + 4)), 0x1b);
	__m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);

	for (; count > 0; bytes += 64, count--) {
		__m128i abef_before = abef, cdgh_before = cdgh, w[4], sum;

		for (int i = 0; i < 4; i++)
			w[i] = _mm_shuffle_epi8(
				_mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i)),
				big_endian);
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			sum = _mm_add_epi32(w[i % 4],
				_mm_load_si128((const __m128i *)(const void *)(constants + 4 * i)));
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
			sum = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);
			sum = _mm_add_epi32(
				sum, _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
			w[i % 4] = _mm_sha256msg2_epu32(sum, w[(i + 3) % 4]);
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	cdab = _mm_shuffle_epi32(abef, 0x1b); /* now FEBA */
	efgh = _mm_shuffle_epi32(cdgh, 0xb1); /* now DCHG */
	_mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(cdab, efgh, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(efgh, cdab, 8));
}

/* Two states at once: a round waits for the one before it, and the processor has room for another
 * meanwhile. */
__attribute__((target("sha,sse4.1,ssse3"))) static void blocks_fast_two(
	uint32_t *const states[2], const unsigned char *const bytes[2], size_t count)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i abef[2], cdgh[2], abef_before[2], cdgh_before[2], w[2][4], sum[2];

#pragma GCC unroll 2
	for (int k = 0; k < 2; k++) {
		const __m128i *state = (const __m128i *)(void *)states[k];
		__m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(state), 0xb1);
		__m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(state + 1), 0x1b);

		abef[k] = _mm_alignr_epi8(cdab, efgh, 8);
		cdgh[k] = _mm_blend_epi16(efgh, cdab, 0xf0);
	}
	for (size_t at = 0; at < count * 64; at += 64) {
#pragma GCC unroll 2
		for (int k = 0; k < 2; k++) {
			const __m128i *block = (const __m128i *)(const void *)(bytes[k] + at);

			abef_before[k] = abef[k];
			cdgh_before[k] = cdgh[k];
#pragma GCC unroll 4
			for (int i = 0; i < 4; i++)
				w[k][i] = _mm_shuffle_epi8(_mm_loadu_si128(block + i), big_endian);
		}
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			const __m128i four =
				_mm_load_si128((const __m128i *)(const void *)(constants + 4 * i));

#pragma GCC unroll 2
			for (int k = 0; k < 2; k++) {
				sum[k] = _mm_add_epi32(w[k][i % 4], four);
				cdgh[k] = _mm_sha256rnds2_epu32(cdgh[k], abef[k], sum[k]);
				abef[k] = _mm_sha256rnds2_epu32(
					abef[k], cdgh[k], _mm_shuffle_epi32(sum[k], 0x0e));
				sum[k] = _mm_sha256msg1_epu32(w[k][i % 4], w[k][(i + 1) % 4]);
				sum[k] = _mm_add_epi32(sum[k],
					_mm_alignr_epi8(w[k][(i + 3) % 4], w[k][(i + 2) % 4], 4));
				w[k][i % 4] = _mm_sha256msg2_epu32(sum[k], w[k][(i + 3) % 4]);
			}
		}
#pragma GCC unroll 2
		for (int k = 0; k < 2; k++) {
			abef[k] = _mm_add_epi32(abef[k], abef_before[k]);
			cdgh[k] = _mm_add_epi32(cdgh[k], cdgh_before[k]);
		}
	}
#pragma GCC unroll 2
	for (int k = 0; k < 2; k++) {
		__m128i feba = _mm_shuffle_epi32(abef[k], 0x1b);
		__m128i dchg = _mm_shuffle_epi32(cdgh[k], 0xb1);
		__m128i *state = (__m128i *)(void *)states[k];

		_mm_storeu_si128(state, _mm_blend_epi16(feba, dchg, 0xf0));
		_mm_storeu_si128(state + 1, _mm_alignr_epi8(dchg, feba, 8));
	}
}
#else
#define blocks_fast tp_sha256_blocks_plain

static void blocks_fast_two(
	uint32_t *const states[2], const unsigned char *const bytes[2], size_t count)
{
	tp_sha256_blocks_plain(states[0], bytes[0], count);
	tp_sha256_blocks_plain(states[1], bytes[1], count);
}
#endif

void tp_sha256_blocks(uint32_t state[8], const unsigned char *bytes, size_t count)
{
	if (tp_cpu_has_sha256())
		blocks_fast(state, bytes, count);
	else
		tp_sha256_blocks_plain(state, bytes, count);
}

void tp_sha256_blocks_two(
	uint32_t *const states[2], const unsigned char *const bytes[2], size_t count)
{
	if (tp_cpu_has_sha256()) {
		blocks_fast_two(states, bytes, count);
	} else {
		tp_sha256_blocks_plain(states[0], bytes[0], count);
		tp_sha256_blocks_plain(states[1], bytes[1], count);
	}
}
