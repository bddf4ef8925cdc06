/* AWS Signature Version 4: see sigv4.h. The steps and their names are the specification's. */
#include "drop/sigv4.h"

#include <ctype.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/hex.h"
#include "base/utf8.h"

#define TEXT_MAX (1 << 20)

/* "20130524T000000Z" and a NUL; its first 8 are the day. */
#define STAMP_SIZE 17

static void write_stamp(int64_t when, char stamp[STAMP_SIZE])
{
	int64_t days = when / 86400, seconds = when % 86400, year;
	int month, day;

	tp_civil_from_days(days, &year, &month, &day);
	snprintf(stamp, STAMP_SIZE, "%04u%02u%02uT%02u%02u%02uZ", (unsigned)(year % 10000),
		(unsigned)(month % 100), (unsigned)(day % 100), (unsigned)(seconds / 3600),
		(unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

/* --- canonical order -------------------------------------------------------------------------- */

/* Compares "name" + `end` + ...: by name, then by the rest. */
static int compare(const char *a, const char *b, char end)
{
	const char *a_end = strchrnul(a, end), *b_end = strchrnul(b, end);
	size_t a_len = (size_t)(a_end - a), b_len = (size_t)(b_end - b);
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (!order)
		order = (a_len > b_len) - (a_len < b_len);
	return order ? order : strcmp(a_end, b_end);
}

static int by_query_name(const void *a, const void *b)
{
	return compare(*(char *const *)a, *(char *const *)b, '=');
}

static int by_header_name(const void *a, const void *b)
{
	return compare(*(char *const *)a, *(char *const *)b, ':');
}

bool tp_sigv4_query(const struct tp_strings *query, struct tp_buf *out)
{
	size_t count = query ? query->count : 0;
	char **sorted = calloc(count + 1, sizeof *sorted);

	if (!sorted)
		return false;
	for (size_t i = 0; i < count; i++)
		sorted[i] = query->list[i];
	qsort(sorted, count, sizeof *sorted, by_query_name);
	for (size_t i = 0; i < count; i++)
		tp_buf_addf(out, "%s%s", i ? "&" : "", sorted[i]);
	free(sorted);
	return out->status == TP_OK;
}

/* "Name: value" as "name:value": lower case, runs of spaces made one, ends trimmed. */
static enum tp_status add_canonical(
	struct tp_strings *list, const char *header, struct tp_error *err)
{
	struct tp_buf line = TP_BUF_INIT(TEXT_MAX);
	const char *at = header;
	enum tp_status status;

	for (; *at && *at != ':'; at++)
		tp_buf_addc(&line, (char)tolower((unsigned char)*at));
	tp_buf_addc(&line, ':');
	at += *at == ':';
	at += strspn(at, " \t");
	for (; *at; at++)
		if ((*at != ' ' && *at != '\t') || (at[1] && at[1] != ' ' && at[1] != '\t'))
			tp_buf_addc(&line, (char)(*at == '\t' ? ' ' : *at));
	status = tp_buf_status(&line, "signing", err);
	if (!status)
		status = tp_strings_add(list, tp_buf_str(&line), err);
	tp_buf_release(&line);
	return status;
}

static enum tp_status canonical_headers(const char *host, const struct tp_strings *headers,
	struct tp_strings *list, struct tp_error *err)
{
	enum tp_status status = tp_strings_addf(list, err, "host:%s", host);

	for (size_t i = 0; !status && headers && i < headers->count; i++)
		status = add_canonical(list, headers->list[i], err);
	if (!status)
		qsort(list->list, list->count, sizeof *list->list, by_header_name);
	return status;
}

static void add_names(const struct tp_strings *canonical, const char *between, struct tp_buf *out)
{
	for (size_t i = 0; i < canonical->count; i++)
		tp_buf_addf(out, "%s%.*s", i ? between : "", (int)strcspn(canonical->list[i], ":"),
			canonical->list[i]);
}

/* --- the signature ---------------------------------------------------------------------------- */

static void add_scope(const struct tp_sigv4 *keys, const char *stamp, struct tp_buf *out)
{
	tp_buf_addf(out, "%.8s/%s/%s/aws4_request", stamp, keys->region, keys->service);
}

static enum tp_status derive_key(const struct tp_sigv4 *keys, const char *stamp,
	unsigned char key[TP_SHA256_BYTES], struct tp_error *err)
{
	const char *const steps[] = { keys->region, keys->service, "aws4_request" };
	struct tp_buf first = TP_BUF_INIT(TEXT_MAX);
	enum tp_status status;

	tp_buf_addf(&first, "AWS4%s", keys->secret_key);
	status = tp_buf_status(&first, "signing", err);
	if (!status)
		status = tp_hmac_sha256(tp_buf_str(&first), first.len, stamp, 8, key, err);
	for (size_t i = 0; !status && i < sizeof steps / sizeof *steps; i++)
		status = tp_hmac_sha256(key, TP_SHA256_BYTES, steps[i], strlen(steps[i]), key, err);
	if (first.data)
		explicit_bzero(first.data, first.len);
	tp_buf_release(&first);
	return status;
}

static enum tp_status add_canonical_request(const struct tp_sigv4_request *request,
	const struct tp_strings *query, const struct tp_strings *canonical, const char *payload,
	struct tp_buf *out, struct tp_error *err)
{
	tp_buf_addf(out, "%s\n%s\n", request->method, request->path);
	if (!tp_sigv4_query(query, out) && !out->status)
		return tp_fail(err, TP_NOMEM, "signing: out of memory");
	tp_buf_addc(out, '\n');
	for (size_t i = 0; i < canonical->count; i++)
		tp_buf_addf(out, "%s\n", canonical->list[i]);
	tp_buf_addc(out, '\n');
	add_names(canonical, ";", out);
	tp_buf_addf(out, "\n%s", payload);
	return tp_buf_status(out, "signing", err);
}

static enum tp_status compute(const struct tp_sigv4 *keys, const struct tp_buf *canonical_request,
	const char *stamp, char signature[TP_SHA256_HEX], struct tp_error *err)
{
	unsigned char digest[TP_SHA256_BYTES], key[TP_SHA256_BYTES];
	struct tp_buf text = TP_BUF_INIT(TEXT_MAX);
	char hex[TP_SHA256_HEX];
	enum tp_status status;

	status = tp_sha256(tp_buf_str(canonical_request), canonical_request->len, digest, err);
	if (status)
		return status;
	tp_hex(digest, sizeof digest, hex);
	tp_buf_addf(&text, "AWS4-HMAC-SHA256\n%s\n", stamp);
	add_scope(keys, stamp, &text);
	tp_buf_addf(&text, "\n%s", hex);
	status = tp_buf_status(&text, "signing", err);
	if (!status)
		status = derive_key(keys, stamp, key, err);
	if (!status)
		status = tp_hmac_sha256(key, sizeof key, tp_buf_str(&text), text.len, digest, err);
	if (!status)
		tp_hex(digest, sizeof digest, signature);
	explicit_bzero(key, sizeof key);
	tp_buf_release(&text);
	return status;
}

static enum tp_status add_own_headers(const struct tp_sigv4 *keys, const char *stamp,
	const char *payload, struct tp_strings *headers, struct tp_error *err)
{
	enum tp_status status = tp_strings_addf(headers, err, "x-amz-date: %s", stamp);

	if (!status)
		status = tp_strings_addf(headers, err, "x-amz-content-sha256: %s", payload);
	if (!status && keys->session_token)
		status = tp_strings_addf(
			headers, err, "x-amz-security-token: %s", keys->session_token);
	return status;
}

enum tp_status tp_sigv4_sign(const struct tp_sigv4 *keys, const struct tp_sigv4_request *request,
	int64_t when, struct tp_strings *headers, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(TEXT_MAX), value = TP_BUF_INIT(TEXT_MAX);
	struct tp_strings canonical = TP_STRINGS_INIT;
	char stamp[STAMP_SIZE], signature[TP_SHA256_HEX];
	enum tp_status status;

	write_stamp(when, stamp);
	status = add_own_headers(keys, stamp, request->payload, headers, err);
	if (!status)
		status = canonical_headers(request->host, headers, &canonical, err);
	if (!status)
		status = add_canonical_request(
			request, request->query, &canonical, request->payload, &text, err);
	if (!status)
		status = compute(keys, &text, stamp, signature, err);
	if (!status) {
		tp_buf_addf(
			&value, "Authorization: AWS4-HMAC-SHA256 Credential=%s/", keys->access_key);
		add_scope(keys, stamp, &value);
		tp_buf_adds(&value, ",SignedHeaders=");
		add_names(&canonical, ";", &value);
		tp_buf_addf(&value, ",Signature=%s", signature);
		status = tp_buf_status(&value, "signing", err);
	}
	if (!status)
		status = tp_strings_add(headers, tp_buf_str(&value), err);
	tp_strings_release(&canonical);
	tp_buf_release(&text);
	tp_buf_release(&value);
	return status;
}

/* --- links ------------------------------------------------------------------------------------ */

static enum tp_status add_encoded(
	struct tp_strings *query, const char *name, const char *value, struct tp_error *err)
{
	struct tp_buf pair = TP_BUF_INIT(TEXT_MAX);
	enum tp_status status;

	tp_buf_addf(&pair, "%s=", name);
	tp_percent_encode(value, strlen(value), "", &pair);
	status = tp_buf_status(&pair, "signing a link", err);
	if (!status)
		status = tp_strings_add(query, tp_buf_str(&pair), err);
	tp_buf_release(&pair);
	return status;
}

/* The query of the link but for its signature. */
static enum tp_status link_query(const struct tp_sigv4 *keys,
	const struct tp_sigv4_request *request, const char *stamp, int64_t seconds,
	struct tp_strings *query, struct tp_error *err)
{
	struct tp_buf credential = TP_BUF_INIT(TEXT_MAX);
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && request->query && i < request->query->count; i++)
		status = tp_strings_add(query, request->query->list[i], err);
	tp_buf_addf(&credential, "%s/", keys->access_key);
	add_scope(keys, stamp, &credential);
	if (!status)
		status = tp_buf_status(&credential, "signing a link", err);
	if (!status)
		status = tp_strings_add(query, "X-Amz-Algorithm=AWS4-HMAC-SHA256", err);
	if (!status)
		status = add_encoded(query, "X-Amz-Credential", tp_buf_str(&credential), err);
	if (!status)
		status = tp_strings_addf(query, err, "X-Amz-Date=%s", stamp);
	if (!status)
		status = tp_strings_addf(query, err, "X-Amz-Expires=%lld", (long long)seconds);
	if (!status && keys->session_token)
		status = add_encoded(query, "X-Amz-Security-Token", keys->session_token, err);
	if (!status)
		status = tp_strings_add(query, "X-Amz-SignedHeaders=host", err);
	tp_buf_release(&credential);
	return status;
}

enum tp_status tp_sigv4_presign(const struct tp_sigv4 *keys, const struct tp_sigv4_request *request,
	int64_t when, int64_t seconds, struct tp_buf *query, struct tp_error *err)
{
	struct tp_strings pairs = TP_STRINGS_INIT, canonical = TP_STRINGS_INIT;
	struct tp_buf text = TP_BUF_INIT(TEXT_MAX);
	char stamp[STAMP_SIZE], signature[TP_SHA256_HEX];
	enum tp_status status;

	write_stamp(when, stamp);
	status = link_query(keys, request, stamp, seconds, &pairs, err);
	if (!status)
		status = canonical_headers(request->host, NULL, &canonical, err);
	if (!status)
		status = add_canonical_request(
			request, &pairs, &canonical, "UNSIGNED-PAYLOAD", &text, err);
	if (!status)
		status = compute(keys, &text, stamp, signature, err);
	if (!status) {
		if (!tp_sigv4_query(&pairs, query) && !query->status)
			query->status = TP_NOMEM;
		tp_buf_addf(query, "&X-Amz-Signature=%s", signature);
		status = tp_buf_status(query, "signing a link", err);
	}
	tp_strings_release(&pairs);
	tp_strings_release(&canonical);
	tp_buf_release(&text);
	return status;
}
