/* SHA-256, HMAC and random bytes, by OpenSSL 3: see digest.h. */
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/digest.h"

#include <errno.h>
#include <sys/random.h>

struct tp_sha256 {
	EVP_MD_CTX *context;
};

static enum tp_status openssl_failed(struct tp_error *err)
{
	return tp_fail(err, TP_INTERNAL, "OpenSSL refuses SHA-256");
}

enum tp_status tp_sha256_new(struct tp_sha256 **out, struct tp_error *err)
{
	struct tp_sha256 *sha = calloc(1, sizeof *sha);

	*out = NULL;
	if (sha)
		sha->context = EVP_MD_CTX_new();
	if (!sha || !sha->context) {
		free(sha);
		return tp_fail(err, TP_NOMEM, "out of memory");
	}
	if (EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL) != 1) {
		tp_sha256_free(sha);
		return openssl_failed(err);
	}
	*out = sha;
	return TP_OK;
}

enum tp_status tp_sha256_add(struct tp_sha256 *sha, const void *bytes, size_t len,
	struct tp_error *err)
{
	return EVP_DigestUpdate(sha->context, bytes, len) == 1 ? TP_OK : openssl_failed(err);
}

enum tp_status tp_sha256_end(struct tp_sha256 *sha, unsigned char out[TP_SHA256_BYTES],
	struct tp_error *err)
{
	if (EVP_DigestFinal_ex(sha->context, out, NULL) != 1 ||
		EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL) != 1)
		return openssl_failed(err);
	return TP_OK;
}

void tp_sha256_free(struct tp_sha256 *sha)
{
	if (!sha)
		return;
	EVP_MD_CTX_free(sha->context);
	free(sha);
}

enum tp_status tp_sha256(const void *bytes, size_t len, unsigned char out[TP_SHA256_BYTES],
	struct tp_error *err)
{
	if (EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL) != 1)
		return openssl_failed(err);
	return TP_OK;
}

enum tp_status tp_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
	unsigned char out[TP_SHA256_BYTES], struct tp_error *err)
{
	size_t n = 0;

	if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_len, bytes, len, out,
		    TP_SHA256_BYTES, &n) ||
		n != TP_SHA256_BYTES)
		return openssl_failed(err);
	return TP_OK;
}

bool tp_digest_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
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
