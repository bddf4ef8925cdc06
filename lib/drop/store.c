/* Which store, and what all stores share: see store.h. */
#include "drop/store.h"

#include "base/secret.h"
#include "base/utf8.h"
#include "drop/store_kind.h"

static const struct tp_store_kind *const kinds[] = {
	&tp_store_dir,
	&tp_store_webdav_https,
	&tp_store_webdav_http,
	&tp_store_s3,
	&tp_store_recipe,
};

struct tp_store {
	const struct tp_store_kind *kind;
	void *state;
};

static const struct tp_store_kind *kind_of(const char *where)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strncmp(where, kinds[i]->scheme, strlen(kinds[i]->scheme)))
			return kinds[i];
	return NULL;
}

static enum tp_status default_store(
	const struct tp_conf *conf, struct tp_buf *where, struct tp_error *err)
{
	tp_buf_adds(where, "dir:");
	return tp_conf_state_path(conf, "drop", where, err);
}

enum tp_status tp_store_open(const struct tp_conf *conf, const char *where, struct tp_store **store,
	struct tp_error *err)
{
	struct tp_buf fallback = TP_BUF_INIT(1 << 16);
	enum tp_status status = TP_OK;

	*store = calloc(1, sizeof **store);
	if (!*store)
		return tp_fail(err, TP_NOMEM, "opening the store: out of memory");
	if (!where) {
		status = default_store(conf, &fallback, err);
		where = tp_buf_str(&fallback);
	}
	if (!status && !((*store)->kind = kind_of(where)))
		status = tp_fail(err, TP_CONFIG,
			"store %s: not dir:PATH, webdav+https://..., s3://BUCKET/PREFIX or "
			"recipe:NAME",
			where);
	if (!status)
		status = (*store)->kind->open(conf, where, &(*store)->state, err);
	tp_buf_release(&fallback);
	if (status) {
		free(*store);
		*store = NULL;
	}
	return status;
}

void tp_store_close(struct tp_store *store)
{
	if (!store)
		return;
	store->kind->close(store->state);
	free(store);
}

enum tp_status tp_store_put(struct tp_store *store, struct tp_drop_item *item,
	struct tp_drop_result *result, struct tp_error *err)
{
	enum tp_status status;

	*result = (struct tp_drop_result)TP_DROP_RESULT_INIT;
	if (!*item->name || strchr(item->name, '/') || !strcmp(item->name, ".") ||
		!strcmp(item->name, ".."))
		return tp_fail(err, TP_USAGE, "storing the file: its name is no file name");
	status = tp_drop_item_hash(item, err);
	if (!status)
		status = store->kind->put(store->state, item, result, err);
	if (status)
		tp_drop_result_release(result);
	return status;
}

enum tp_status tp_store_send(
	struct tp_store *store, const char *key, const char *json, size_t len, struct tp_error *err)
{
	if (!store->kind->send)
		return tp_fail(err, TP_CONFIG, "this store cannot send mail: a recipe can");
	return store->kind->send(store->state, key, json, len, err);
}

/* The length of each piece is not needed: none of them but the last can hold a NUL or a line end.
 */
static enum tp_status derive(const struct tp_conf *conf, const struct tp_drop_item *item,
	unsigned generation, unsigned char bytes[TP_SHA256_BYTES], struct tp_error *err)
{
	unsigned char secret[TP_SECRET_BYTES];
	struct tp_buf text = TP_BUF_INIT(1 << 20);
	enum tp_status status = tp_secret_load(conf, secret, err);

	tp_buf_addf(&text, "drop token\n%u\n%s\n%s\n%s", generation, item->sha256, item->name,
		item->key);
	if (!status)
		status = tp_buf_status(&text, "the upload's key", err);
	if (!status)
		status = tp_hmac_sha256(
			secret, sizeof secret, tp_buf_str(&text), text.len, bytes, err);
	explicit_bzero(secret, sizeof secret);
	tp_buf_release(&text);
	return status;
}

enum tp_status tp_drop_token(const struct tp_conf *conf, const struct tp_drop_item *item,
	unsigned generation, char token[TP_TOKEN_SIZE], struct tp_error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char bytes[TP_SHA256_BYTES];
	enum tp_status status;

	if (item->key)
		status = derive(conf, item, generation, bytes, err);
	else
		status = tp_random(bytes, sizeof bytes, err);
	if (status)
		return status;
	for (size_t i = 0; i < TP_TOKEN_SIZE - 1; i++)
		token[i] = letters[bytes[i] & 31];
	token[TP_TOKEN_SIZE - 1] = '\0';
	return TP_OK;
}

enum tp_status tp_drop_url(
	const char *base, const char *token, const char *name, char **url, struct tp_error *err)
{
	struct tp_buf out = TP_BUF_INIT(1 << 20);
	enum tp_status status;
	size_t len = strlen(base);

	while (len && base[len - 1] == '/')
		len--;
	tp_buf_add(&out, base, len);
	tp_buf_addf(&out, "/%s/", token);
	tp_percent_encode(name, strlen(name), "", &out);
	status = tp_buf_status(&out, "the link", err);
	*url = status ? NULL : tp_buf_detach(&out);
	tp_buf_release(&out);
	if (!status && !*url)
		status = tp_fail(err, TP_NOMEM, "the link: out of memory");
	return status;
}
