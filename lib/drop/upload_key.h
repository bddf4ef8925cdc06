/*
 * Keys by which the ledger knows what was done for a message already: an HMAC with the site's
 * secret, so that nobody can guess the link or the lock of a mail that he knows.
 *
 * A message is known by its Message-ID, or by what a retry cannot change either (Date, From,
 * Subject); the destination by the settings that choose it. Fields go into a digest, each with its
 * length: however long a sender makes them, a key costs no memory and never fails for them.
 */
#ifndef TP_DROP_UPLOAD_KEY_H
#define TP_DROP_UPLOAD_KEY_H

#include "base/conf.h"
#include "base/digest.h"
#include "base/secret.h"
#include "mime/tree.h"

struct tp_upload_keys {
	unsigned char secret[TP_SECRET_BYTES];
	unsigned char scope[TP_SHA256_BYTES]; /* of message and destination */
};

/* Loads the site's secret. TP_IO, TP_DENIED, TP_CONFIG as tp_secret_load. Wipe with
 * tp_upload_keys_clear. */
enum tp_status tp_upload_keys_init(struct tp_upload_keys *keys, const struct tp_conf *conf,
	const struct tp_tree *tree, const char *data, struct tp_error *err);
void tp_upload_keys_clear(struct tp_upload_keys *keys);

/* The key for `purpose` and its facts (NULL-terminated; a NULL fact cannot be said). */
enum tp_status tp_upload_key(const struct tp_upload_keys *keys, const char *purpose,
	const char *const *facts, char key[TP_SHA256_HEX], struct tp_error *err);

#endif
