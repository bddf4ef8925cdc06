/*
 * HTTP through libcurl: see http.h.
 *
 * Redirects are followed here and not by curl, which takes custom headers (X-Api-Key and the like)
 * along to any host; trying again is in http_retry.c. The body is read with pread(), so that a
 * second attempt, a redirect and curl's own rewinding need no file position.
 */
#include "drop/http.h"

#include <errno.h>
#include <signal.h>
#include <strings.h>
#include <unistd.h>

#include "drop/curl.h"
#include "drop/http_once.h"

#define HOPS_MAX     5
#define CONNECT_MS   15000L
#define STALL_BYTES  64L /* a second: less, for drop.stall, is a stalled transfer */
#define EXPECT_BYTES (1 << 20)

/* Opened by the first tp_http_open. */
static const struct tp_curl *api;

struct tp_http {
	CURL *curl;
	struct tp_patience patience;
	char *ca_file, *proxy;
	long stall_seconds;
};

/* One attempt. */
struct transfer {
	const struct tp_http_request *request;
	const struct tp_http_body *body; /* NULL: sent without */
	uint64_t position;               /* in the body, for reading */
	bool unreadable;                 /* the body could not be read; errno in `why` */
	int why;
	struct tp_http_answer *answer;
	char sentence[CURL_ERROR_SIZE];
};

static char *copy_or_null(const char *text)
{
	return text ? strdup(text) : NULL;
}

enum tp_status tp_http_open(const struct tp_conf *conf, struct tp_http **http, struct tp_error *err)
{
	const char *proxy = tp_conf_str(conf, "drop.proxy");
	enum tp_status status;

	signal(SIGPIPE, SIG_IGN);
	*http = calloc(1, sizeof **http);
	if (!*http)
		return tp_fail(err, TP_NOMEM, "opening HTTP: out of memory");
	status = tp_patience_init(&(*http)->patience, conf, err);
	(*http)->stall_seconds = (long)tp_conf_seconds(conf, "drop.stall");
	(*http)->ca_file = copy_or_null(tp_conf_str(conf, "drop.ca_file"));
	(*http)->proxy = strdup(proxy ? proxy : ""); /* "": not the environment's */
	if (!status)
		status = tp_curl_open(&api, err);
	if (!status)
		(*http)->curl = api->init();
	if (!status && (!(*http)->curl || !(*http)->proxy))
		status = tp_fail(err, TP_NOMEM, "opening HTTP: out of memory");
	if (status) {
		tp_http_close(*http);
		*http = NULL;
	}
	return status;
}

void tp_http_close(struct tp_http *http)
{
	if (!http)
		return;
	if (http->curl)
		api->cleanup(http->curl);
	free(http->ca_file);
	free(http->proxy);
	free(http);
}

struct tp_patience *tp_http_patience(struct tp_http *http)
{
	return &http->patience;
}

static uint64_t body_size(const struct tp_http_body *body)
{
	return body ? body->head_len + body->length + body->tail_len : 0;
}

/* --- curl's callbacks ------------------------------------------------------------------------- */

static size_t read_file(struct transfer *transfer, char *to, size_t room)
{
	const struct tp_http_body *body = transfer->body;
	uint64_t at = transfer->position - body->head_len;
	ssize_t n;

	if (room > body->length - at)
		room = (size_t)(body->length - at);
	do
		n = pread(body->fd, to, room, (off_t)(body->offset + at));
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return (size_t)n;
	transfer->unreadable = true;
	transfer->why = n < 0 ? errno : 0;
	return CURL_READFUNC_ABORT;
}

static size_t read_memory(const char *bytes, size_t len, uint64_t at, char *to, size_t room)
{
	if (room > len - at)
		room = (size_t)(len - at);
	memcpy(to, bytes + at, room);
	return room;
}

static size_t on_read(char *to, size_t size, size_t count, void *data)
{
	struct transfer *transfer = data;
	const struct tp_http_body *body = transfer->body;
	uint64_t at = transfer->position, before_tail = body->head_len + body->length;
	size_t n;

	if (at < body->head_len)
		n = read_memory(body->head, body->head_len, at, to, size * count);
	else if (at < before_tail)
		n = read_file(transfer, to, size * count);
	else if (at < body_size(body))
		n = read_memory(body->tail, body->tail_len, at - before_tail, to, size * count);
	else
		n = 0;
	if (n != CURL_READFUNC_ABORT)
		transfer->position += n;
	return n;
}

static int on_seek(void *data, curl_off_t offset, int origin)
{
	struct transfer *transfer = data;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > body_size(transfer->body))
		return CURL_SEEKFUNC_FAIL;
	transfer->position = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *data)
{
	struct tp_http_answer *answer = ((struct transfer *)data)->answer;

	if (size * count >= 5 && !memcmp(bytes, "HTTP/", 5))
		tp_buf_clear(&answer->headers); /* an answer begins: what came before was a 1xx */
	return tp_buf_add(&answer->headers, bytes, size * count) ? size * count : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
	struct tp_http_answer *answer = ((struct transfer *)data)->answer;

	return tp_buf_add(&answer->body, bytes, size * count) ? size * count : 0;
}

/* --- one attempt ------------------------------------------------------------------------------ */

/* Headers that say what the body is, and nothing of who sends it. */
static bool describes_body(const char *header)
{
	static const char *const names[] = {
		"Content-Type:", "Content-Disposition:", "Content-Language:", "Accept:"
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strncasecmp(header, names[i], strlen(names[i])))
			return true;
	return false;
}

static bool is_clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 ? *text != '\t' : *text == 0x7f)
			return false;
	return true;
}

/* curl wants "Name;" for a header with an empty value; "Expect:" takes its own one away. */
static enum tp_status add_header(struct curl_slist **list, const char *header, struct tp_error *err)
{
	const char *colon = strchr(header, ':');
	struct tp_buf line = TP_BUF_INIT(1 << 20);
	struct curl_slist *longer;

	if (!colon || colon == header || !is_clean(header))
		return tp_fail(
			err, TP_CONFIG, "a header with control characters or without a name");
	if (colon[1 + strspn(colon + 1, " \t")] || !strcmp(header, "Expect:"))
		tp_buf_adds(&line, header);
	else
		tp_buf_addf(&line, "%.*s;", (int)(colon - header), header);
	longer = line.status ? NULL : api->list_append(*list, tp_buf_str(&line));
	tp_buf_release(&line);
	if (!longer)
		return tp_fail(err, TP_NOMEM, "a header: out of memory");
	*list = longer;
	return TP_OK;
}

/* Asking first, before a body of any size worth it: a server that says no then need not be sent all
 * of it; one that never heard of asking costs a second's wait. */
static enum tp_status add_expect(
	struct curl_slist **list, const struct tp_http_body *body, struct tp_error *err)
{
	return body && body_size(body) < EXPECT_BYTES ? add_header(list, "Expect:", err) : TP_OK;
}

static enum tp_status list_headers(const struct tp_http_request *request, bool foreign,
	struct curl_slist **list, struct tp_error *err)
{
	size_t count = request->headers ? request->headers->count : 0;
	enum tp_status status = TP_OK;

	*list = NULL;
	for (size_t i = 0; !status && i < count; i++)
		if (!foreign || describes_body(request->headers->list[i]))
			status = add_header(list, request->headers->list[i], err);
	if (!status)
		status = add_expect(list, request->body, err);
	if (status) {
		api->list_free(*list);
		*list = NULL;
		tp_error_prefix(err, "%s", request->what);
	}
	return status;
}

static void set_limits(struct tp_http *http)
{
	CURL *curl = http->curl;
	int64_t left_ms = tp_patience_left_ms(&http->patience);

	/* 0 would mean no limit. */
	api->set(curl, CURLOPT_TIMEOUT_MS, (long)(left_ms > 0 ? left_ms : 1));
	api->set(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	api->set(curl, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES);
	api->set(curl, CURLOPT_LOW_SPEED_TIME, http->stall_seconds);
	api->set(curl, CURLOPT_NOSIGNAL, 1L);
}

static void set_ground(struct tp_http *http, struct transfer *transfer)
{
	CURL *curl = http->curl;

	api->reset(curl); /* the connection stays */
	set_limits(http);
	api->set(curl, CURLOPT_ERRORBUFFER, transfer->sentence);
	api->set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	api->set(curl, CURLOPT_PROXY, http->proxy);
	api->set(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (http->ca_file)
		api->set(curl, CURLOPT_CAINFO, http->ca_file);
	api->set(curl, CURLOPT_USERAGENT, "tubepost/" TP_VERSION);
	api->set(curl, CURLOPT_PATH_AS_IS, 1L); /* the path is ours, and may be signed */
	api->set(curl, CURLOPT_HEADERFUNCTION, on_header);
	api->set(curl, CURLOPT_HEADERDATA, transfer);
	api->set(curl, CURLOPT_WRITEFUNCTION, on_body);
	api->set(curl, CURLOPT_WRITEDATA, transfer);
}

static void set_request(struct tp_http *http, struct transfer *transfer, const char *url,
	const char *method, struct curl_slist *headers)
{
	CURL *curl = http->curl;

	api->set(curl, CURLOPT_URL, url);
	if (!strcmp(method, "HEAD"))
		api->set(curl, CURLOPT_NOBODY, 1L);
	if (transfer->body) {
		api->set(curl, CURLOPT_UPLOAD, 1L);
		api->set(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)body_size(transfer->body));
		api->set(curl, CURLOPT_READFUNCTION, on_read);
		api->set(curl, CURLOPT_READDATA, transfer);
		api->set(curl, CURLOPT_SEEKFUNCTION, on_seek);
		api->set(curl, CURLOPT_SEEKDATA, transfer);
	}
	api->set(curl, CURLOPT_CUSTOMREQUEST, method);
	api->set(curl, CURLOPT_HTTPHEADER, headers);
}

static enum tp_status classify(CURLcode code, const struct transfer *transfer)
{
	if (transfer->answer->body.status == TP_LIMIT ||
		transfer->answer->headers.status == TP_LIMIT)
		return TP_UNAVAILABLE;
	switch (code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_SSL_CACERT_BADFILE:
		return TP_CONFIG;
	case CURLE_PEER_FAILED_VERIFICATION:
		return TP_UNAVAILABLE;
	case CURLE_OUT_OF_MEMORY:
		return TP_NOMEM;
	default:
		return TP_TEMPORARY;
	}
}

/* curl's sentences name hosts and numbers, never paths or headers. */
static enum tp_status explain(
	CURLcode code, const struct transfer *transfer, const char *url, struct tp_error *err)
{
	const char *what = transfer->request->what;
	struct tp_buf host = TP_BUF_INIT(4096);
	enum tp_status status = classify(code, transfer);
	const char *why = *transfer->sentence ? transfer->sentence : api->explain(code);

	tp_http_host(url, &host);
	if (transfer->unreadable) {
		errno = transfer->why;
		status = transfer->why
				 ? tp_fail_errno(err, TP_IO, "%s: reading the file", what)
				 : tp_fail(err, TP_IO, "%s: the file has become shorter", what);
	} else if (transfer->answer->body.status == TP_LIMIT) {
		tp_fail(err, status, "%s: %s: the answer is too large", what, tp_buf_str(&host));
	} else {
		tp_fail(err, status, "%s: %s: %s", what, tp_buf_str(&host), why);
	}
	tp_buf_release(&host);
	return status;
}

/* Where a request stands among its redirects. */
struct hop {
	char *url;
	const char *method;
	bool with_body;
	bool foreign; /* not the host that was meant */
};

/* *sent tells whether the server may have seen the request. */
static enum tp_status attempt(struct tp_http *http, const struct tp_http_request *request,
	const struct hop *hop, struct tp_http_answer *answer, bool *sent, struct tp_error *err)
{
	struct transfer transfer = { .request = request, .answer = answer };
	struct curl_slist *headers;
	enum tp_status status;
	CURLcode code;
	long number = 0;

	*sent = false;
	transfer.body = hop->with_body ? request->body : NULL;
	tp_buf_clear(&answer->headers);
	tp_buf_clear(&answer->body);
	answer->code = 0;
	status = list_headers(request, hop->foreign, &headers, err);
	if (status)
		return status;
	set_ground(http, &transfer);
	set_request(http, &transfer, hop->url, hop->method, headers);
	code = api->perform(http->curl);
	api->get(http->curl, CURLINFO_RESPONSE_CODE, &number);
	api->list_free(headers);
	answer->code = (int)number;
	*sent = code != CURLE_COULDNT_CONNECT && code != CURLE_COULDNT_RESOLVE_HOST &&
		code != CURLE_COULDNT_RESOLVE_PROXY;
	if (code == CURLE_SEND_ERROR && number >= 400)
		code = CURLE_OK; /* it said no before it had seen the whole body */
	return code ? explain(code, &transfer, hop->url, err) : TP_OK;
}

/* --- redirects -------------------------------------------------------------------------------- */

static bool is_redirect(int code)
{
	return code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *left = NULL, *right = NULL;
	bool same = !api->url_get(a, part, &left, CURLU_DEFAULT_PORT) &&
		    !api->url_get(b, part, &right, CURLU_DEFAULT_PORT) && !strcasecmp(left, right);

	api->free(left);
	api->free(right);
	return same;
}

static bool has_scheme(CURLU *url, const char *scheme)
{
	char *text = NULL;
	bool same = !api->url_get(url, CURLUPART_SCHEME, &text, 0) && !strcasecmp(text, scheme);

	api->free(text);
	return same;
}

/* Where `location`, seen at `from`, leads, and whether that is somewhere else. */
static enum tp_status resolve(const char *what, CURLU *from, CURLU *to, const char *location,
	bool *foreign, struct tp_error *err)
{
	if (api->url_set(to, CURLUPART_URL, location, 0))
		return tp_fail(err, TP_UNAVAILABLE, "%s: redirected to no URL", what);
	if (!has_scheme(to, "https") && !has_scheme(to, "http"))
		return tp_fail(err, TP_UNAVAILABLE, "%s: redirected away from http", what);
	if (has_scheme(from, "https") && !has_scheme(to, "https"))
		return tp_fail(err, TP_UNAVAILABLE, "%s: redirected from https to http", what);
	*foreign = *foreign || !same_part(from, to, CURLUPART_SCHEME) ||
		   !same_part(from, to, CURLUPART_HOST) || !same_part(from, to, CURLUPART_PORT);
	return TP_OK;
}

static enum tp_status move_to(
	struct hop *hop, const char *location, const char *what, struct tp_error *err)
{
	CURLU *from = api->url_new(), *to = api->url_new();
	enum tp_status status;
	char *text = NULL, *url = NULL;

	if (!from || !to || api->url_set(from, CURLUPART_URL, hop->url, 0) ||
		api->url_set(to, CURLUPART_URL, hop->url, 0))
		status = tp_fail(err, TP_NOMEM, "%s: out of memory", what);
	else
		status = resolve(what, from, to, location, &hop->foreign, err);
	if (!status && !api->url_get(to, CURLUPART_URL, &text, 0))
		url = strdup(text);
	if (!status && !url)
		status = tp_fail(err, TP_NOMEM, "%s: out of memory", what);
	if (url) {
		free(hop->url);
		hop->url = url;
	}
	api->free(text);
	api->url_free(from);
	api->url_free(to);
	return status;
}

/* Moves the hop to where the answer points. TP_NOTHING: the answer is no redirect. */
static enum tp_status redirect(const struct tp_http_request *request,
	const struct tp_http_answer *answer, struct hop *hop, struct tp_error *err)
{
	struct tp_buf location = TP_BUF_INIT(1 << 16);
	enum tp_status status = TP_NOTHING;
	int code = answer->code;

	if (!request->stay && is_redirect(code) && tp_http_header(answer, "Location", &location))
		status = move_to(hop, tp_buf_str(&location), request->what, err);
	tp_buf_release(&location);
	if (status)
		return status;
	if (code == 303 || (code < 303 && !strcmp(hop->method, "POST"))) {
		hop->method = strcmp(hop->method, "HEAD") != 0 ? "GET" : "HEAD";
		hop->with_body = false;
	}
	if (hop->foreign && hop->with_body && request->secret_body)
		return tp_fail(err, TP_UNAVAILABLE,
			"%s: redirected to another host, which must not see the secrets sent",
			request->what);
	return TP_OK;
}

enum tp_status tp_http_once(struct tp_http *http, const struct tp_http_request *request,
	struct tp_http_answer *answer, bool *sent, struct tp_error *err)
{
	struct hop hop = { strdup(request->url), request->method, request->body != NULL, false };
	enum tp_status status = TP_OK;

	if (!hop.url)
		status = tp_fail(err, TP_NOMEM, "%s: out of memory", request->what);
	for (int hops = 0; !status; hops++) {
		status = attempt(http, request, &hop, answer, sent, err);
		if (!status)
			status = redirect(request, answer, &hop, err);
		if (!status && hops == HOPS_MAX)
			status = tp_fail(
				err, TP_UNAVAILABLE, "%s: too many redirects", request->what);
	}
	free(hop.url);
	return status == TP_NOTHING ? TP_OK : status;
}
