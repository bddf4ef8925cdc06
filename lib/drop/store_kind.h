/* What a kind of store gives to store.c. Private to lib/drop. */
#ifndef TP_DROP_STORE_KIND_H
#define TP_DROP_STORE_KIND_H

#include "drop/store.h"

struct tp_store_kind {
	const char *scheme; /* what a store's text begins with */
	/* `where` is the whole text. */
	enum tp_status (*open)(
		const struct tp_conf *conf, const char *where, void **state, struct tp_error *err);
	enum tp_status (*put)(void *state, const struct tp_drop_item *item,
		struct tp_drop_result *result, struct tp_error *err);
	enum tp_status (*send)(void *state, const char *key, const char *json, size_t len,
		struct tp_error *err); /* NULL: cannot */
	void (*close)(void *state);
};

extern const struct tp_store_kind tp_store_dir, tp_store_webdav_https, tp_store_webdav_http,
	tp_store_s3, tp_store_recipe;

/* 26 letters and digits (130 bits) and a NUL: random, or, when `key` is given, the same for the
 * same site secret, key, content, name and `generation`. */
#define TP_TOKEN_SIZE 27
enum tp_status tp_drop_token(const struct tp_conf *conf, const struct tp_drop_item *item,
	unsigned generation, char token[TP_TOKEN_SIZE], struct tp_error *err);

/* `base` (its last slash dropped) + "/" + token + "/" + name, percent-encoded, as a new string. */
enum tp_status tp_drop_url(
	const char *base, const char *token, const char *name, char **url, struct tp_error *err);

#endif
