/*
 * What goes into a drop and what comes back. Apart from store.h so that the ledger, and with it
 * detach-upload, knows these without any store and without curl.
 */
#ifndef TP_DROP_ITEM_H
#define TP_DROP_ITEM_H

#include <stdint.h>

#include "base/digest.h"

struct tp_drop_item {
	const char *name; /* a safe file name (tp_name_safe), never empty */
	const char *type; /* media type, never NULL */
	uint64_t size_bytes;
	char sha256[TP_SHA256_HEX]; /* of the bytes, lower-case; "" when not known yet */
	int64_t expires;            /* Unix seconds when the link should stop to work */
	const char *key;            /* equal keys ask for the same upload; NULL: none */
	const char *sender;         /* envelope addresses; NULL when not known */
	const char *recipients;     /* separated by commas */
	int fd;                     /* the bytes, seekable, from offset 0; borrowed */
};

struct tp_drop_result {
	char *url;
	char *delete_url; /* NULL when the store has none */
	int64_t expires;  /* when the link really stops to work; 0: the store keeps it for ever */
	char *note;       /* a sentence when that is not what was asked; NULL otherwise */
};

#define TP_DROP_RESULT_INIT                                                                        \
	{                                                                                          \
		NULL, NULL, 0, NULL                                                                \
	}

/* Fills sha256 when it is empty, by reading the bytes once. TP_IO. */
enum tp_status tp_drop_item_hash(struct tp_drop_item *item, struct tp_error *err);

void tp_drop_result_release(struct tp_drop_result *result);

#endif
