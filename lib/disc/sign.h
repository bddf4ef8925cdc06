/*
 * A detached CMS signature (RFC 5652) in PEM, as `openssl cms -verify` reads it. Through libcrypto,
 * opened when there is something to sign. It has no signed attributes, hence no time: the time
 * would be the signer's own word, and a disc made twice with an RSA key stays the same to the byte. (A
 * time that others can trust is a time stamp's affair, RFC 3161: tubepost-recipes(7).)
 *
 * Of one key and certificate all signatures have the same length, for the plan of a disc is exact: where
 * their values differ in length, as those of ECDSA do, empty lines follow the PEM.
 */
#ifndef TP_DISC_SIGN_H
#define TP_DISC_SIGN_H

#include "base/buf.h"

/* Appends the signature of the bytes, made with `key_file` (PEM, not encrypted, readable by its owner
 * alone) for `certificate_file` (PEM; further certificates in it are included). TP_NOINPUT: a file that
 * cannot be read; TP_CONFIG: one that is not what it should be, a key that is not the certificate's. */
enum tp_status tp_sign_cms(const char *certificate_file, const char *key_file, const void *bytes,
	size_t len, struct tp_buf *out, struct tp_error *err);

#endif
