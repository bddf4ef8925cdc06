/*
 * The S3 store: s3://BUCKET/PREFIX, objects PREFIX/TOKEN/FILENAME.
 *
 * Links are drop.base_url + TOKEN/FILENAME when the bucket is published, else signed links, which
 * live for seven days at most: then that is what the link's expiry says. Removing old objects is a
 * lifecycle rule of the bucket.
 */
#include "base/clock.h"
#include "base/utf8.h"
#include "drop/disposition.h"
#include "drop/s3.h"
#include "drop/store_kind.h"

#include <time.h>

#define SIGNED_MOST (7 * 86400)

static void s3_close(void *state)
{
	struct tp_s3 *s3 = state;

	tp_http_close(s3->http);
	tp_http_answer_release(&s3->answer);
	if (s3->secret_key.data)
		explicit_bzero(s3->secret_key.data, s3->secret_key.len);
	tp_buf_release(&s3->secret_key);
	tp_buf_release(&s3->session_token);
	free(s3->origin);
	free(s3->host);
	free(s3->root);
	free(s3->prefix);
	free(s3);
}

/* --- opening ---------------------------------------------------------------------------------- */

static enum tp_status read_keys(struct tp_s3 *s3, struct tp_error *err)
{
	enum tp_status status =
		tp_conf_secret(s3->conf, "drop.s3.secret_key", &s3->secret_key, err);

	s3->keys.service = "s3";
	s3->keys.region = tp_conf_str(s3->conf, "drop.s3.region");
	s3->keys.access_key = tp_conf_str(s3->conf, "drop.s3.access_key");
	if (status == TP_NOTHING || (!status && !s3->keys.access_key))
		return tp_fail(err, TP_CONFIG,
			"store s3: drop.s3.access_key or .secret_key_file is not set");
	if (status)
		return status;
	s3->keys.secret_key = tp_buf_str(&s3->secret_key);
	status = tp_conf_secret(s3->conf, "drop.s3.session_token", &s3->session_token, err);
	if (!status)
		s3->keys.session_token = tp_buf_str(&s3->session_token);
	return status == TP_NOTHING ? TP_OK : status;
}

static bool is_bucket(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_",
			    name[i]))
			return false;
	return len >= 3 && len <= 255 && name[0] != '.';
}

/* Host names with dots inside the bucket fit no certificate: those go into the path. */
static bool in_path(const struct tp_conf *conf, const char *bucket, size_t len)
{
	const char *style = tp_conf_str(conf, "drop.s3.style");

	if (strcmp(style, "auto") != 0)
		return !strcmp(style, "path");
	return tp_conf_str(conf, "drop.s3.endpoint") || memchr(bucket, '.', len);
}

/* Splits an endpoint into what stands before the host, the host (without a default port) and the
 * path (without a slash at its end). */
static enum tp_status split_endpoint(const char *endpoint, struct tp_buf *scheme,
	struct tp_buf *host, struct tp_buf *path, struct tp_error *err)
{
	bool https = !strncmp(endpoint, "https://", 8);
	const char *at = endpoint + (https ? 8 : 7), *port = https ? ":443" : ":80";
	size_t len, port_len = strlen(port);

	if (!https && strncmp(endpoint, "http://", 7) != 0)
		return tp_fail(err, TP_CONFIG, "drop.s3.endpoint: not a URL: %s", endpoint);
	len = strcspn(at, "/");
	if (!len || memchr(at, '@', len) || strpbrk(at, "?# "))
		return tp_fail(err, TP_CONFIG, "drop.s3.endpoint: not the URL of a service");
	tp_buf_adds(scheme, https ? "https://" : "http://");
	tp_buf_addf(path, "%s", at + len);
	while (path->len && path->data[path->len - 1] == '/')
		tp_buf_truncate(path, path->len - 1);
	if (len > port_len && !memcmp(at + len - port_len, port, port_len))
		len -= port_len;
	tp_buf_add(host, at, len);
	return TP_OK;
}

static enum tp_status set_address(
	struct tp_s3 *s3, const char *bucket, size_t len, struct tp_error *err)
{
	const char *endpoint = tp_conf_str(s3->conf, "drop.s3.endpoint");
	struct tp_buf scheme = TP_BUF_INIT(16), host = TP_BUF_INIT(4096), path = TP_BUF_INIT(65536);
	struct tp_buf amazon = TP_BUF_INIT(4096);
	bool by_path = in_path(s3->conf, bucket, len);
	enum tp_status status;

	tp_buf_addf(&amazon, "https://s3.%s.amazonaws.com", s3->keys.region);
	status = split_endpoint(
		endpoint ? endpoint : tp_buf_str(&amazon), &scheme, &host, &path, err);
	if (!status && (scheme.status || host.status || path.status || amazon.status))
		status = tp_fail(err, TP_CONFIG, "drop.s3.endpoint: too long");
	if (!status) {
		int n = (int)len;

		if (asprintf(&s3->host, "%.*s%s%s", by_path ? 0 : n, bucket, by_path ? "" : ".",
			    tp_buf_str(&host)) < 0)
			s3->host = NULL;
		if (!s3->host || asprintf(&s3->origin, "%s%s", tp_buf_str(&scheme), s3->host) < 0)
			s3->origin = NULL;
		if (asprintf(&s3->root, "%s/%.*s%s", tp_buf_str(&path), by_path ? n : 0, bucket,
			    by_path ? "/" : "") < 0)
			s3->root = NULL;
		if (!s3->host || !s3->origin || !s3->root)
			status = tp_fail(err, TP_NOMEM, TP_S3_WHAT ": out of memory");
	}
	tp_buf_release(&scheme);
	tp_buf_release(&host);
	tp_buf_release(&path);
	tp_buf_release(&amazon);
	return status;
}

static enum tp_status set_prefix(struct tp_s3 *s3, const char *prefix, struct tp_error *err)
{
	struct tp_buf out = TP_BUF_INIT(65536);
	enum tp_status status;

	tp_percent_encode(prefix, strlen(prefix), "/", &out);
	while (out.len && out.data[out.len - 1] == '/')
		tp_buf_truncate(&out, out.len - 1);
	if (out.len)
		tp_buf_addc(&out, '/');
	status = tp_buf_status(&out, "store s3", err);
	if (!status)
		s3->prefix = tp_buf_detach(&out);
	tp_buf_release(&out);
	if (!status && !s3->prefix)
		status = tp_fail(err, TP_NOMEM, TP_S3_WHAT ": out of memory");
	return status;
}

static enum tp_status read_place(struct tp_s3 *s3, const char *where, struct tp_error *err)
{
	const char *bucket = where + strlen("s3://");
	size_t len = strcspn(bucket, "/");
	enum tp_status status;

	if (!is_bucket(bucket, len))
		return tp_fail(err, TP_CONFIG, "store %s: not s3://BUCKET/PREFIX", where);
	status = set_address(s3, bucket, len, err);
	return status ? status : set_prefix(s3, bucket + len + (bucket[len] == '/'), err);
}

static enum tp_status s3_open(
	const struct tp_conf *conf, const char *where, void **state, struct tp_error *err)
{
	struct tp_s3 *s3 = calloc(1, sizeof *s3);
	enum tp_status status;

	if (!s3)
		return tp_fail(err, TP_NOMEM, TP_S3_WHAT ": out of memory");
	s3->conf = conf;
	s3->answer = (struct tp_http_answer)TP_HTTP_ANSWER_INIT;
	tp_buf_init(&s3->secret_key, 65536);
	tp_buf_init(&s3->session_token, 65536);
	status = read_keys(s3, err);
	if (!status)
		status = read_place(s3, where, err);
	if (!status)
		status = tp_http_open(conf, &s3->http, err);
	if (status)
		s3_close(s3);
	else
		*state = s3;
	return status;
}

/* --- putting ---------------------------------------------------------------------------------- */

static enum tp_status describe(struct tp_s3 *s3, const struct tp_drop_item *item,
	struct tp_strings *headers, struct tp_error *err)
{
	const char *acl = tp_conf_str(s3->conf, "drop.s3.acl");
	struct tp_buf disposition = TP_BUF_INIT(65536);
	enum tp_status status;

	tp_drop_disposition(item->name, &disposition);
	status = tp_buf_status(&disposition, TP_S3_WHAT, err);
	if (!status)
		status = tp_strings_addf(headers, err, "Content-Type: %s", item->type);
	if (!status)
		status = tp_strings_addf(
			headers, err, "Content-Disposition: %s", tp_buf_str(&disposition));
	if (!status && acl)
		status = tp_strings_addf(headers, err, "x-amz-acl: %s", acl);
	tp_buf_release(&disposition);
	return status;
}

static enum tp_status put_whole(struct tp_s3 *s3, const char *path, const struct tp_drop_item *item,
	const struct tp_strings *headers, struct tp_error *err)
{
	struct tp_http_body body = { .fd = item->fd, .length = item->size_bytes };
	struct tp_s3_request request = { .method = "PUT",
		.path = path,
		.headers = headers,
		.body = &body,
		.payload = item->sha256,
		.again = true };
	enum tp_status status = tp_s3_ask(s3, &request, err);

	return status ? status : tp_s3_expect(s3, err);
}

static enum tp_status sign_link(struct tp_s3 *s3, const struct tp_drop_item *item, const char *path,
	struct tp_drop_result *result, struct tp_error *err)
{
	struct tp_sigv4_request request = { "GET", s3->host, path, NULL, "UNSIGNED-PAYLOAD" };
	int64_t now = tp_now(), life = item->expires - now;
	struct tp_buf url = TP_BUF_INIT(1 << 20);
	enum tp_status status;

	if (life > SIGNED_MOST) {
		life = SIGNED_MOST;
		result->note = strdup("signed S3 links live for 7 days at most: the expiry is "
				      "sooner than asked");
	}
	result->expires = now + life;
	tp_buf_addf(&url, "%s%s?", s3->origin, path);
	status = tp_sigv4_presign(&s3->keys, &request, (int64_t)time(NULL), life, &url, err);
	if (!status && !(result->url = tp_buf_detach(&url)))
		status = tp_fail(err, TP_NOMEM, TP_S3_WHAT ": out of memory");
	tp_buf_release(&url);
	return status;
}

static enum tp_status s3_put(void *state, const struct tp_drop_item *item,
	struct tp_drop_result *result, struct tp_error *err)
{
	struct tp_s3 *s3 = state;
	const char *published = tp_conf_str(s3->conf, "drop.base_url");
	struct tp_strings headers = TP_STRINGS_INIT;
	struct tp_buf path = TP_BUF_INIT(1 << 20);
	char token[TP_TOKEN_SIZE];
	enum tp_status status = tp_drop_token(s3->conf, item, 0, token, err);

	if (!status)
		status = describe(s3, item, &headers, err);
	tp_buf_addf(&path, "%s%s%s/", s3->root, s3->prefix, token);
	tp_percent_encode(item->name, strlen(item->name), "", &path);
	if (!status)
		status = tp_buf_status(&path, TP_S3_WHAT, err);
	if (!status)
		status = item->size_bytes > tp_conf_size(s3->conf, "drop.s3.part_size")
				 ? tp_s3_put_parts(s3, tp_buf_str(&path), item, &headers, err)
				 : put_whole(s3, tp_buf_str(&path), item, &headers, err);
	result->expires = item->expires;
	if (!status && published)
		status = tp_drop_url(published, token, item->name, &result->url, err);
	else if (!status)
		status = sign_link(s3, item, tp_buf_str(&path), result, err);
	tp_strings_release(&headers);
	tp_buf_release(&path);
	return status;
}

const struct tp_store_kind tp_store_s3 = { "s3://", s3_open, s3_put, NULL, s3_close };
