/* AES-256-GCM (NIST SP 800-38D), through OpenSSL: sealed pieces with a tag, or a clear refusal. */
#ifndef TP_BASE_CIPHER_H
#define TP_BASE_CIPHER_H

#include <stddef.h>

#include "base/buf.h"

#define TP_CIPHER_KEY   32
#define TP_CIPHER_NONCE 12
#define TP_CIPHER_TAG   16
#define TP_CIPHER_EXTRA (TP_CIPHER_NONCE + TP_CIPHER_TAG) /* bytes a sealed piece is longer */

/* Appends nonce (random), ciphertext and tag. `about` is bound to the piece and not stored: what it
 * is and where it stands, so that pieces cannot be swapped. */
enum tp_status tp_cipher_seal(const unsigned char key[TP_CIPHER_KEY], const void *about,
	size_t about_len, const void *plain, size_t len, struct tp_buf *out, struct tp_error *err);

/* Appends the plain text. TP_DATA when key, piece or `about` is not the one it was sealed with. */
enum tp_status tp_cipher_open(const unsigned char key[TP_CIPHER_KEY], const void *about,
	size_t about_len, const void *sealed, size_t len, struct tp_buf *out, struct tp_error *err);

#endif
