/*
 * AES-256-GCM by OpenSSL 3: see cipher.h. The library is opened when the first piece is sealed or
 * opened: few archives have a key, and loading it takes as long as all the rest of keeping a mail.
 * The context is kept, one a thread: setting it up costs more than sealing a mail's record.
 */
#include <openssl/evp.h>

#include "base/cipher.h"

#include <limits.h>
#include <pthread.h>

#include "base/digest.h"
#include "base/library.h"

#define LIBRARY "libcrypto.so.3"

/* GCM itself stops at 64 GiB; OpenSSL counts in int. */
#define PIECE_MAX ((size_t)INT_MAX - TP_CIPHER_EXTRA)

/* --- the library ------------------------------------------------------------------------------ */

/* Typed after the library's own declarations, so that a changed signature is an error of the
 * compiler. */
static struct {
	__typeof__(&EVP_CIPHER_CTX_new) context_new;
	__typeof__(&EVP_CIPHER_CTX_free) context_free;
	__typeof__(&EVP_CIPHER_CTX_ctrl) control;
	__typeof__(&EVP_aes_256_gcm) aes_256_gcm;
	__typeof__(&EVP_CipherInit_ex) init;
	__typeof__(&EVP_CipherUpdate) update;
	__typeof__(&EVP_CipherFinal_ex) final;
	bool ready;
} evp;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_end; /* frees what a thread kept when the thread ends */

static void free_kept(void *context)
{
	evp.context_free(context);
}

static void open_library(void)
{
	static const struct tp_symbol all[] = {
		{ "EVP_CIPHER_CTX_new", &evp.context_new },
		{ "EVP_CIPHER_CTX_free", &evp.context_free },
		{ "EVP_CIPHER_CTX_ctrl", &evp.control },
		{ "EVP_aes_256_gcm", &evp.aes_256_gcm },
		{ "EVP_CipherInit_ex", &evp.init },
		{ "EVP_CipherUpdate", &evp.update },
		{ "EVP_CipherFinal_ex", &evp.final },
	};

	evp.ready = !tp_library_open(LIBRARY, "encryption", all, sizeof all / sizeof *all, NULL) &&
		    !pthread_key_create(&at_end, free_kept);
}

/* --- pieces ----------------------------------------------------------------------------------- */

static __thread EVP_CIPHER_CTX *kept;

static enum tp_status begin(const unsigned char *key, const unsigned char *nonce, const void *about,
	size_t about_len, int seal, struct tp_error *err)
{
	int n;

	pthread_once(&once, open_library);
	if (!evp.ready)
		return tp_fail(err, TP_TEMPORARY, "encryption: cannot open " LIBRARY);
	if (!kept) {
		kept = evp.context_new();
		pthread_setspecific(at_end, kept);
	}
	if (!kept)
		return tp_fail(err, TP_NOMEM, "encryption: out of memory");
	/* The nonce's length is the default of GCM. */
	if (about_len > PIECE_MAX ||
		evp.init(kept, evp.aes_256_gcm(), NULL, key, nonce, seal) != 1 ||
		evp.update(kept, NULL, &n, about, (int)about_len) != 1)
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
	if ((len && evp.update(kept, to + TP_CIPHER_NONCE, &n, plain, (int)len) != 1) ||
		evp.final(kept, to + TP_CIPHER_NONCE + n, &more) != 1 ||
		(size_t)n + (size_t)more != len ||
		evp.control(kept, EVP_CTRL_AEAD_GET_TAG, TP_CIPHER_TAG,
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
	good = !len || evp.update(kept, to, &n, in + TP_CIPHER_NONCE, (int)len) == 1;
	good = good && evp.control(kept, EVP_CTRL_AEAD_SET_TAG, TP_CIPHER_TAG, tag) == 1 &&
	       evp.final(kept, to + n, &more) == 1 && (size_t)n + (size_t)more == len;
	if (!good) {
		/* What was decrypted before the tag said no is nobody's to see. */
		explicit_bzero(to, len);
		*to = '\0';
		return tp_fail(err, TP_DATA, "damaged encrypted data, or another key");
	}
	tp_buf_grew(out, len);
	return TP_OK;
}
