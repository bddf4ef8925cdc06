/* SHA-256, HMAC (RFC 2104) and random bytes: see digest.h. */
#include "base/digest.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

#include "base/sha256.h"

#define BLOCK 64

struct tp_sha256 {
	uint32_t state[8];
	uint64_t len;              /* bytes so far */
	unsigned char rest[BLOCK]; /* len % BLOCK of them wait here */
};

static void begin(struct tp_sha256 *sha)
{
	memcpy(sha->state, tp_sha256_begin, sizeof sha->state);
	sha->len = 0;
}

static void add(struct tp_sha256 *sha, const unsigned char *bytes, size_t len)
{
	size_t held = sha->len % BLOCK, n;

	sha->len += len;
	if (held) {
		n = len < BLOCK - held ? len : BLOCK - held;
		memcpy(sha->rest + held, bytes, n);
		if (held + n < BLOCK)
			return;
		tp_sha256_blocks(sha->state, sha->rest, 1);
		bytes += n;
		len -= n;
	}
	tp_sha256_blocks(sha->state, bytes, len / BLOCK);
	if (len % BLOCK)
		memcpy(sha->rest, bytes + len / BLOCK * BLOCK, len % BLOCK);
}

/* A one, zeros, and the length in bits fill the last block (FIPS 180-4, 5.1.1). */
static void end(struct tp_sha256 *sha, unsigned char out[TP_SHA256_BYTES])
{
	static const unsigned char padding[BLOCK] = { 0x80 };
	uint64_t bits = sha->len * 8;
	unsigned char length[8];

	add(sha, padding, (BLOCK + 55 - sha->len % BLOCK) % BLOCK + 1);
	for (int i = 0; i < 8; i++)
		length[i] = (unsigned char)(bits >> (56 - 8 * i));
	add(sha, length, sizeof length);
	for (int i = 0; i < TP_SHA256_BYTES; i++)
		out[i] = (unsigned char)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
	begin(sha);
}

enum tp_status tp_sha256_new(struct tp_sha256 **sha, struct tp_error *err)
{
	*sha = calloc(1, sizeof **sha);
	if (!*sha)
		return tp_fail(err, TP_NOMEM, "out of memory");
	begin(*sha);
	return TP_OK;
}

enum tp_status tp_sha256_add(
	struct tp_sha256 *sha, const void *bytes, size_t len, struct tp_error *err)
{
	if (len)
		add(sha, bytes, len);
	return TP_OK;
}

enum tp_status tp_sha256_end(
	struct tp_sha256 *sha, unsigned char out[TP_SHA256_BYTES], struct tp_error *err)
{
	end(sha, out);
	return TP_OK;
}

void tp_sha256_free(struct tp_sha256 *sha)
{
	free(sha);
}

enum tp_status tp_sha256(
	const void *bytes, size_t len, unsigned char out[TP_SHA256_BYTES], struct tp_error *err)
{
	struct tp_sha256 sha;

	begin(&sha);
	if (len)
		add(&sha, bytes, len);
	end(&sha, out);
	return TP_OK;
}

void tp_sha256_two(
	const void *const bytes[2], const size_t len[2], unsigned char out[2][TP_SHA256_BYTES])
{
	const unsigned char *const texts[2] = { bytes[0], bytes[1] };
	size_t both = (len[0] < len[1] ? len[0] : len[1]) / BLOCK;
	struct tp_sha256 sha[2];
	uint32_t *const states[2] = { sha[0].state, sha[1].state };

	begin(&sha[0]);
	begin(&sha[1]);
	tp_sha256_blocks_two(states, texts, both);
	for (int k = 0; k < 2; k++) {
		sha[k].len = both * BLOCK;
		if (len[k] > both * BLOCK)
			add(&sha[k], texts[k] + both * BLOCK, len[k] - both * BLOCK);
		end(&sha[k], out[k]);
	}
}

/* The hash of the key's block, each byte changed by `mask`, with `bytes` behind it. */
static void hash_keyed(const unsigned char key[BLOCK], unsigned char mask, const void *bytes,
	size_t len, unsigned char out[TP_SHA256_BYTES])
{
	unsigned char block[BLOCK];
	struct tp_sha256 sha;

	for (int i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ mask;
	begin(&sha);
	add(&sha, block, sizeof block);
	if (len)
		add(&sha, bytes, len);
	end(&sha, out);
	explicit_bzero(block, sizeof block);
	explicit_bzero(&sha, sizeof sha);
}

enum tp_status tp_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
	unsigned char out[TP_SHA256_BYTES], struct tp_error *err)
{
	unsigned char block[BLOCK] = { 0 }, inner[TP_SHA256_BYTES];

	if (key_len > BLOCK)
		tp_sha256(key, key_len, block, err);
	else if (key_len)
		memcpy(block, key, key_len);
	hash_keyed(block, 0x36, bytes, len, inner);
	hash_keyed(block, 0x5c, inner, sizeof inner, out);
	explicit_bzero(block, sizeof block);
	return TP_OK;
}

bool tp_digest_equal(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < len; i++)
		difference |= x[i] ^ y[i];
	return difference == 0;
}

enum tp_status tp_random(void *bytes, size_t len, struct tp_error *err)
{
	char *at = bytes;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno != EINTR)
			return tp_fail_errno(err, TP_IO, "cannot get random bytes");
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return TP_OK;
}
