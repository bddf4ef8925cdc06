/*
 * Where files are dropped. One interface, four kinds of store:
 *
 *   dir:PATH             a folder that some web server publishes     store_dir.c
 *   webdav+https://...   a WebDAV collection                         store_webdav.c
 *   s3://BUCKET/PREFIX   an S3 service                               store_s3.c, sigv4.c
 *   recipe:NAME          any HTTP service, described in YAML         store_recipe.c, recipe.c
 *
 * A put either returns a link that works, with everything behind it safely stored, or an error; it
 * may be repeated, and with the same key it then gives the same place where the store can.
 */
#ifndef TP_DROP_STORE_H
#define TP_DROP_STORE_H

#include "base/conf.h"
#include "drop/item.h"

struct tp_store;

/* NULL: the folder `drop` of the state. TP_CONFIG for a store of no known kind. Opening a folder
 * makes it; opening a service sends nothing yet. `conf` must outlive the store. */
enum tp_status tp_store_open(const struct tp_conf *conf, const char *where, struct tp_store **store,
	struct tp_error *err);
void tp_store_close(struct tp_store *store);

/* Stores the item; its sha256 is filled in when it was empty. The caller releases *result. Errors:
 * TP_TEMPORARY (also: no room), TP_DENIED, TP_UNAVAILABLE, TP_CONFIG, TP_CANTCREATE, TP_IO. */
enum tp_status tp_store_put(struct tp_store *store, struct tp_drop_item *item,
	struct tp_drop_result *result, struct tp_error *err);

/* Hands a whole mail, whose files are links by now, to the service: a JSON document with sender,
 * recipients, subject, text, html and links. Equal keys (NULL: none) are meant to send once, where
 * the service can tell. Only recipes with `send` steps can: else TP_CONFIG. */
enum tp_status tp_store_send(struct tp_store *store, const char *key, const char *json, size_t len,
	struct tp_error *err);

#endif
