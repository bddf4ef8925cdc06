/*
 * The WebDAV store (RFC 4918): webdav+https://HOST/COLLECTION.
 *
 * The file is PUT under a temporary name and MOVEd to TOKEN/FILENAME without overwriting, so a link
 * never shows half a file and a repeated upload never touches the first one. What a failed upload
 * has made is removed again, even after the deadline.
 *
 * A server does not remove anything by itself: the time a link is good for is what was asked, and
 * the administrator's to enforce.
 */
#include "base/diag.h"
#include "base/utf8.h"
#include "drop/http.h"
#include "drop/store_kind.h"

#define WHAT     "uploading by WebDAV"
#define GRACE_MS 5000

struct webdav {
	const struct tp_conf *conf;
	struct tp_http *http;
	struct tp_http_answer answer;
	char *base;               /* URL of the collection, without a slash at the end */
	struct tp_strings common; /* headers of every request: who we are */
};

/* One upload. */
struct upload {
	struct webdav *dav;
	const struct tp_drop_item *item;
	char *folder; /* URLs */
	char *temporary;
	char *final;
	bool made_folder;
	bool leftover; /* the temporary file is still there although all went well */
};

static enum tp_status authorize(struct webdav *dav, struct tp_error *err)
{
	const char *user = tp_conf_str(dav->conf, "drop.webdav.user");
	struct tp_buf secret = TP_BUF_INIT(65536), value = TP_BUF_INIT(1 << 18);
	enum tp_status status = tp_conf_secret(dav->conf, "drop.webdav.token", &secret, err);

	if (!status) {
		tp_buf_addf(&value, "Bearer %s", tp_buf_str(&secret));
	} else if (status == TP_NOTHING && user) {
		status = tp_conf_secret(dav->conf, "drop.webdav.password", &secret, err);
		if (status == TP_NOTHING)
			status = tp_fail(err, TP_CONFIG,
				"drop.webdav.user is set, but no drop.webdav.password_file");
		if (!status)
			status = tp_http_basic(user, tp_buf_str(&secret), &value, err);
	} else if (status == TP_NOTHING) {
		status = TP_OK;
	}
	if (!status && value.len)
		status =
			tp_strings_addf(&dav->common, err, "Authorization: %s", tp_buf_str(&value));
	tp_buf_release(&secret);
	tp_buf_release(&value);
	return status;
}

static void webdav_close(void *state)
{
	struct webdav *dav = state;

	tp_http_close(dav->http);
	tp_http_answer_release(&dav->answer);
	tp_strings_release(&dav->common);
	free(dav->base);
	free(dav);
}

static enum tp_status set_base(struct webdav *dav, const char *where, struct tp_error *err)
{
	const char *url = where + strlen("webdav+"), *host = strstr(url, "://") + 3;
	size_t len = strlen(url);

	if (!*host || *host == '/')
		return tp_fail(err, TP_CONFIG, "store %s: names no host", where);
	if (memchr(host, '@', strcspn(host, "/")))
		return tp_fail(err, TP_CONFIG,
			"store webdav+...: user and password belong into drop.webdav.user and "
			".password_file, not into the URL");
	if (strpbrk(url, "?# "))
		return tp_fail(err, TP_CONFIG, "store %s: no URL of a collection", where);
	while (url[len - 1] == '/')
		len--;
	dav->base = strndup(url, len);
	return dav->base ? TP_OK : tp_fail(err, TP_NOMEM, WHAT ": out of memory");
}

static enum tp_status webdav_open(
	const struct tp_conf *conf, const char *where, void **state, struct tp_error *err)
{
	struct webdav *dav = calloc(1, sizeof *dav);
	enum tp_status status;

	if (!dav)
		return tp_fail(err, TP_NOMEM, WHAT ": out of memory");
	dav->conf = conf;
	dav->answer = (struct tp_http_answer)TP_HTTP_ANSWER_INIT;
	status = set_base(dav, where, err);
	if (!status)
		status = authorize(dav, err);
	if (!status)
		status = tp_http_open(conf, &dav->http, err);
	if (status)
		webdav_close(dav);
	else
		*state = dav;
	return status;
}

/* --- requests --------------------------------------------------------------------------------- */

/* `extra` is a NULL-terminated list of headers, or NULL. Every method used here may be repeated. */
static enum tp_status ask(struct webdav *dav, const char *method, const char *url,
	const char *const *extra, const struct tp_http_body *body, struct tp_error *err)
{
	struct tp_http_request request = {
		.what = WHAT, .method = method, .url = url, .body = body, .again = true
	};
	struct tp_strings headers = TP_STRINGS_INIT;
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < dav->common.count; i++)
		status = tp_strings_add(&headers, dav->common.list[i], err);
	for (; !status && extra && *extra; extra++)
		status = tp_strings_add(&headers, *extra, err);
	request.headers = &headers;
	if (!status)
		status = tp_http_send(dav->http, &request, &dav->answer, err);
	tp_strings_release(&headers);
	return status;
}

static enum tp_status expect(struct webdav *dav, const char *step, struct tp_error *err)
{
	struct tp_http_request request = { .what = WHAT, .url = dav->base };
	enum tp_status status = tp_http_expect(&request, &dav->answer, err);

	return status ? tp_error_prefix(err, "%s", step) : TP_OK;
}

/* MKCOL (9.3): 405 means that it is there, 409 that something above it is not. Apache answers 403 to
 * whoever loses a race for a name; asked again, it says that the collection is there. */
static enum tp_status make_collection(
	struct webdav *dav, const char *url, bool *made, struct tp_error *err)
{
	enum tp_status status = ask(dav, "MKCOL", url, NULL, NULL, err);

	if (!status && dav->answer.code == 403)
		status = ask(dav, "MKCOL", url, NULL, NULL, err);
	*made = !status && dav->answer.code == 201;
	if (status || dav->answer.code == 405 || dav->answer.code == 409)
		return status;
	return expect(dav, "making a collection", err);
}

static enum tp_status make_folder(struct upload *upload, struct tp_error *err)
{
	struct webdav *dav = upload->dav;
	struct tp_buf base = TP_BUF_INIT(1 << 20);
	enum tp_status status = make_collection(dav, upload->folder, &upload->made_folder, err);
	bool made;

	if (!status && dav->answer.code == 409) {
		tp_buf_addf(&base, "%s/", dav->base);
		status = make_collection(dav, tp_buf_str(&base), &made, err);
		if (!status)
			status = make_collection(dav, upload->folder, &upload->made_folder, err);
		if (!status && dav->answer.code == 409)
			status = expect(dav, "making a collection", err);
	}
	tp_buf_release(&base);
	return status;
}

static enum tp_status put_file(struct upload *upload, struct tp_error *err)
{
	struct tp_http_body body = { .fd = upload->item->fd, .length = upload->item->size_bytes };
	struct tp_strings headers = TP_STRINGS_INIT;
	enum tp_status status =
		tp_strings_addf(&headers, err, "Content-Type: %s", upload->item->type);

	if (!status)
		status = ask(upload->dav, "PUT", upload->temporary,
			(const char *const *)headers.list, &body, err);
	tp_strings_release(&headers);
	return status ? status : expect(upload->dav, "storing the file", err);
}

/* Whether the final name holds the whole file: an earlier try, or an earlier upload, put it there.
 */
static enum tp_status stands(struct upload *upload, bool *found, struct tp_error *err)
{
	struct webdav *dav = upload->dav;
	struct tp_buf said = TP_BUF_INIT(4096);
	char size[32];
	enum tp_status status = ask(dav, "HEAD", upload->final, NULL, NULL, err);

	snprintf(size, sizeof size, "%llu", (unsigned long long)upload->item->size_bytes);
	*found = !status && dav->answer.code == 200 &&
		 tp_http_header(&dav->answer, "Content-Length", &said) &&
		 !strcmp(tp_buf_str(&said), size);
	tp_buf_release(&said);
	return status;
}

/* MOVE (9.9). 412: the name is taken; 404: the temporary one is gone, a try before has moved it and
 * its answer was lost. */
static enum tp_status move_file(struct upload *upload, struct tp_error *err)
{
	struct webdav *dav = upload->dav;
	struct tp_strings headers = TP_STRINGS_INIT;
	bool found = false;
	enum tp_status status;

	status = tp_strings_addf(&headers, err, "Destination: %s", upload->final);
	if (!status)
		status = tp_strings_add(&headers, "Overwrite: F", err);
	if (!status)
		status = ask(dav, "MOVE", upload->temporary, (const char *const *)headers.list,
			NULL, err);
	tp_strings_release(&headers);
	if (status)
		return status;
	if (dav->answer.code != 412 && dav->answer.code != 404)
		return expect(dav, "giving the file its name", err);
	upload->leftover = dav->answer.code == 412;
	status = stands(upload, &found, err);
	if (!status && !found)
		status = tp_fail(err, TP_TEMPORARY, WHAT ": the file cannot get its name");
	return status;
}

/* What is left of a failed upload; its own failures do not count. A folder with a key is left: the
 * next try of the same upload uses it, or another process does already. */
static void clean_up(struct upload *upload, bool failed)
{
	struct webdav *dav = upload->dav;
	static const char *const deep[] = { "Depth: infinity", NULL };

	if (failed)
		tp_http_grace(dav->http, GRACE_MS);
	if (ask(dav, "DELETE", upload->temporary, NULL, NULL, NULL))
		return;
	if (failed && upload->made_folder && !upload->item->key)
		ask(dav, "DELETE", upload->folder, deep, NULL, NULL);
}

static enum tp_status upload_file(struct upload *upload, struct tp_error *err)
{
	bool found = false;
	enum tp_status status = make_folder(upload, err);

	if (!status && !upload->made_folder && upload->item->key)
		status = stands(upload, &found, err);
	if (status || found)
		return status;
	status = put_file(upload, err);
	if (!status)
		status = move_file(upload, err);
	if (status || upload->leftover)
		clean_up(upload, status != TP_OK);
	return status;
}

/* --- the store -------------------------------------------------------------------------------- */

static enum tp_status name_urls(
	struct upload *upload, const char *token, const char *random, struct tp_error *err)
{
	struct tp_buf url = TP_BUF_INIT(1 << 20);
	enum tp_status status;

	status = tp_drop_url(upload->dav->base, token, upload->item->name, &upload->final, err);
	if (status)
		return status;
	tp_buf_addf(&url, "%s/%s/", upload->dav->base, token);
	if (!url.status)
		upload->folder = tp_buf_detach(&url);
	tp_buf_addf(&url, "%s/%s/part-%s", upload->dav->base, token, random);
	if (!url.status)
		upload->temporary = tp_buf_detach(&url);
	status = tp_buf_status(&url, WHAT, err);
	tp_buf_release(&url);
	if (!status && (!upload->folder || !upload->temporary))
		status = tp_fail(err, TP_NOMEM, WHAT ": out of memory");
	return status;
}

static enum tp_status webdav_put(void *state, const struct tp_drop_item *item,
	struct tp_drop_result *result, struct tp_error *err)
{
	struct webdav *dav = state;
	struct upload upload = { .dav = dav, .item = item };
	const char *published = tp_conf_str(dav->conf, "drop.base_url");
	char token[TP_TOKEN_SIZE], random[TP_TOKEN_SIZE];
	struct tp_drop_item keyless = *item;
	enum tp_status status;

	keyless.key = NULL;
	status = tp_drop_token(dav->conf, item, 0, token, err);
	if (!status)
		status = tp_drop_token(dav->conf, &keyless, 0, random, err);
	if (!status)
		status = name_urls(&upload, token, random, err);
	if (!status)
		status = upload_file(&upload, err);
	if (!status)
		status = tp_drop_url(
			published ? published : dav->base, token, item->name, &result->url, err);
	result->expires = item->expires;
	free(upload.folder);
	free(upload.temporary);
	free(upload.final);
	return status;
}

const struct tp_store_kind tp_store_webdav_https = { "webdav+https://", webdav_open, webdav_put,
	NULL, webdav_close };
const struct tp_store_kind tp_store_webdav_http = { "webdav+http://", webdav_open, webdav_put, NULL,
	webdav_close };
