/* SHA-256 (FIPS 180-4), HMAC (RFC 2104), random bytes. Our own, see sha256.c for why. */
#ifndef TP_BASE_DIGEST_H
#define TP_BASE_DIGEST_H

#include <stddef.h>

#include "base/error.h"

#define TP_SHA256_BYTES 32
#define TP_SHA256_HEX   65 /* digits and a NUL */

struct tp_sha256; /* a digest being computed */

/* TP_NOMEM. */
enum tp_status tp_sha256_new(struct tp_sha256 **sha, struct tp_error *err);
enum tp_status tp_sha256_add(
	struct tp_sha256 *sha, const void *bytes, size_t len, struct tp_error *err);
/* Writes the digest and makes the object ready for another. */
enum tp_status tp_sha256_end(
	struct tp_sha256 *sha, unsigned char out[TP_SHA256_BYTES], struct tp_error *err);
void tp_sha256_free(struct tp_sha256 *sha);

enum tp_status tp_sha256(
	const void *bytes, size_t len, unsigned char out[TP_SHA256_BYTES], struct tp_error *err);
/* Of two texts at once, quicker than one after the other; best when they are about as long. */
void tp_sha256_two(
	const void *const bytes[2], const size_t len[2], unsigned char out[2][TP_SHA256_BYTES]);
enum tp_status tp_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
	unsigned char out[TP_SHA256_BYTES], struct tp_error *err);

/* True when the two are equal, in a time that does not tell where they differ. */
bool tp_digest_equal(const void *a, const void *b, size_t len);

/* Random bytes from the kernel, fit for secrets. */
enum tp_status tp_random(void *bytes, size_t len, struct tp_error *err);

#endif
