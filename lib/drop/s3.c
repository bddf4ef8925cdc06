/* Requests to an S3 service: see s3.h. */
#include "drop/s3.h"

#include <ctype.h>
#include <time.h>

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define CODE_MAX     64

static enum tp_status build_url(const struct tp_s3 *s3, const struct tp_s3_request *request,
	struct tp_buf *url, struct tp_error *err)
{
	tp_buf_addf(url, "%s%s", s3->origin, request->path);
	if (request->query && request->query->count) {
		tp_buf_addc(url, '?');
		if (!tp_sigv4_query(request->query, url) && !url->status)
			url->status = TP_NOMEM;
	}
	return tp_buf_status(url, TP_S3_WHAT, err);
}

enum tp_status tp_s3_ask(
	struct tp_s3 *s3, const struct tp_s3_request *request, struct tp_error *err)
{
	struct tp_sigv4_request to_sign = { request->method, s3->host, request->path,
		request->query, request->payload ? request->payload : EMPTY_SHA256 };
	struct tp_http_request http = { .what = TP_S3_WHAT,
		.method = request->method,
		.body = request->body,
		.again = request->again,
		.stay = true };
	struct tp_strings headers = TP_STRINGS_INIT;
	struct tp_buf url = TP_BUF_INIT(1 << 20);
	enum tp_status status = build_url(s3, request, &url, err);

	for (size_t i = 0; !status && request->headers && i < request->headers->count; i++)
		status = tp_strings_add(&headers, request->headers->list[i], err);
	if (!status)
		status = tp_sigv4_sign(&s3->keys, &to_sign, (int64_t)time(NULL), &headers, err);
	http.url = tp_buf_str(&url);
	http.headers = &headers;
	if (!status)
		status = tp_http_send(s3->http, &http, &s3->answer, err);
	tp_strings_release(&headers);
	tp_buf_release(&url);
	return status;
}

bool tp_s3_element(const struct tp_s3 *s3, const char *name, struct tp_buf *out)
{
	char tag[CODE_MAX + 3];
	const char *begin, *end;

	snprintf(tag, sizeof tag, "<%s>", name);
	begin = strstr(tp_buf_str(&s3->answer.body), tag);
	if (!begin)
		return false;
	begin += strlen(tag);
	end = begin;
	while (isgraph((unsigned char)*end) && *end != '<' && *end != '&')
		end++;
	return *end == '<' && end > begin && tp_buf_add(out, begin, (size_t)(end - begin));
}

/* Errors that pass by themselves although their number does not say so. */
static bool passes(const char *code)
{
	static const char *const codes[] = { "RequestTimeout", "InternalError", "SlowDown",
		"ServiceUnavailable", "OperationAborted" };

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (!strcmp(code, codes[i]))
			return true;
	return false;
}

static const char *advice(int code)
{
	return code >= 300 && code < 400 ? "; see drop.s3.region and .endpoint" : "";
}

enum tp_status tp_s3_expect(struct tp_s3 *s3, struct tp_error *err)
{
	struct tp_http_request request = { .what = TP_S3_WHAT, .url = s3->origin };
	struct tp_buf code = TP_BUF_INIT(CODE_MAX);
	enum tp_status status = tp_http_expect(&request, &s3->answer, err);

	if (!status && !strstr(tp_buf_str(&s3->answer.body), "<Error>"))
		return TP_OK;
	if (!status)
		status = TP_UNAVAILABLE;
	if (tp_s3_element(s3, "Code", &code) && passes(tp_buf_str(&code)))
		status = TP_TEMPORARY;
	tp_fail(err, status, TP_S3_WHAT ": %s answered %d%s%s%s%s", s3->host, s3->answer.code,
		code.len ? " (" : "", tp_buf_str(&code), code.len ? ")" : "",
		advice(s3->answer.code));
	tp_buf_release(&code);
	return status;
}

enum tp_status tp_s3_stands(
	struct tp_s3 *s3, const char *path, uint64_t size_bytes, bool *stands, struct tp_error *err)
{
	struct tp_s3_request request = { .method = "HEAD", .path = path, .again = true };
	struct tp_buf said = TP_BUF_INIT(4096);
	char size[32];
	enum tp_status status = tp_s3_ask(s3, &request, err);

	snprintf(size, sizeof size, "%llu", (unsigned long long)size_bytes);
	*stands = !status && s3->answer.code == 200 &&
		  tp_http_header(&s3->answer, "Content-Length", &said) &&
		  !strcmp(tp_buf_str(&said), size);
	tp_buf_release(&said);
	return status;
}
