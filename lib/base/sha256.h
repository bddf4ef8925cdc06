/* The compression function of SHA-256 (FIPS 180-4, 6.2.2): `count` blocks of 64 bytes into `state`. By
 * the processor's own instructions where it has them, else in C; tp_sha256_blocks_plain is always the
 * latter, for the tests. Use base/digest.h. */
#ifndef TP_BASE_SHA256_H
#define TP_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

extern const uint32_t tp_sha256_begin[8];

void tp_sha256_blocks(uint32_t state[8], const unsigned char *bytes, size_t count);
void tp_sha256_blocks_plain(uint32_t state[8], const unsigned char *bytes, size_t count);
/* The same for two states, each with blocks of its own: in little more than half the time of one after
 * the other, where the processor has instructions for it. */
void tp_sha256_blocks_two(
	uint32_t *const states[2], const unsigned char *const bytes[2], size_t count);

#endif
