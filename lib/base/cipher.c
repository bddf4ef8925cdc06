/* AES-256-GCM by OpenSSL 3: see cipher.h. The context is kept, one a thread: setting it up costs more
 * than sealing a mail's record. */
#include <openssl/evp.h>

#include "base/cipher.h"

#include <limits.h>

#include "base/digest.h"

/* GCM itself stops at 64 GiB; OpenSSL counts in int. */
#define PIECE_MAX ((size_t)INT_MAX - TP_CIPHER_EXTRA)

static __thread EVP_CIPHER_CTX *kept;

static enum tp_status begin(const unsigned char *key, const unsigned char *nonce, const void *about,
	size_t about_len, int seal, struct tp_error *err)
{
	int n;

	if (!kept)
		kept = EVP_CIPHER_CTX_new();
	if (!kept)
		return tp_fail(err, TP_NOMEM, "encryption: out of memory");
	/* The nonce's length is the default of GCM. */
	if (about_len > PIECE_MAX ||
		EVP_CipherInit_ex(kept, EVP_aes_256_gcm(), NULL, key, nonce, seal) != 1 ||
		EVP_CipherUpdate(kept, NULL, &n, about, (int)about_len) != 1)
		return tp_fail(err, TP_INTERNAL, "OpenSSL refuses AES-256-GCM");
	return TP_OK;
}

enum tp_status tp_cipher_seal(const unsigned char key[TP_CIPHER_KEY], const void *about,
	size_t about_len, const void *plain, size_t len, struct tp_buf *out, struct tp_error *err)
{
	enum tp_status status;
	unsigned char *to;
	int n = 0, more = 0;

	if (len > PIECE_MAX)
		return tp_fail(err, TP_LIMIT, "encryption: %zu bytes are too many", len);
	to = (unsigned char *)tp_buf_reserve(out, len + TP_CIPHER_EXTRA);
	if (!to)
		return tp_buf_status(out, "encryption", err);
	status = tp_random(to, TP_CIPHER_NONCE, err);
	if (!status)
		status = begin(key, to, about, about_len, 1, err);
	if (status)
		return status;
	if ((len && EVP_CipherUpdate(kept, to + TP_CIPHER_NONCE, &n, plain, (int)len) != 1) ||
		EVP_CipherFinal_ex(kept, to + TP_CIPHER_NONCE + n, &more) != 1 ||
		(size_t)n + (size_t)more != len ||
		EVP_CIPHER_CTX_ctrl(kept, EVP_CTRL_AEAD_GET_TAG, TP_CIPHER_TAG,
			to + TP_CIPHER_NONCE + len) != 1)
		return tp_fail(err, TP_INTERNAL, "OpenSSL fails at AES-256-GCM");
	tp_buf_grew(out, len + TP_CIPHER_EXTRA);
	return TP_OK;
}

enum tp_status tp_cipher_open(const unsigned char key[TP_CIPHER_KEY], const void *about,
	size_t about_len, const void *sealed, size_t sealed_len, struct tp_buf *out,
	struct tp_error *err)
{
	const unsigned char *in = sealed;
	size_t len = sealed_len - TP_CIPHER_EXTRA;
	unsigned char tag[TP_CIPHER_TAG], *to;
	enum tp_status status;
	int n = 0, more = 0;
	bool good;

	if (sealed_len < TP_CIPHER_EXTRA || len > PIECE_MAX)
		return tp_fail(err, TP_DATA, "damaged encrypted data (cut short)");
	to = (unsigned char *)tp_buf_reserve(out, len);
	if (!to)
		return tp_buf_status(out, "decryption", err);
	status = begin(key, in, about, about_len, 0, err);
	if (status)
		return status;
	memcpy(tag, in + sealed_len - TP_CIPHER_TAG, sizeof tag);
	good = !len || EVP_CipherUpdate(kept, to, &n, in + TP_CIPHER_NONCE, (int)len) == 1;
	good = good && EVP_CIPHER_CTX_ctrl(kept, EVP_CTRL_AEAD_SET_TAG, TP_CIPHER_TAG, tag) == 1 &&
	       EVP_CipherFinal_ex(kept, to + n, &more) == 1 && (size_t)n + (size_t)more == len;
	if (!good) {
		/* What was decrypted before the tag said no is nobody's to see. */
		explicit_bzero(to, len);
		*to = '\0';
		return tp_fail(err, TP_DATA, "damaged encrypted data, or another key");
	}
	tp_buf_grew(out, len);
	return TP_OK;
}
