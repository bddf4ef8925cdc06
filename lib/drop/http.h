/*
 * HTTP requests: the only module that uses libcurl, which the first tp_http_open loads.
 *
 * A request that gets an answer is TP_OK whatever its code, because some callers expect a 404 or a
 * 405; tp_http_expect() turns the others into errors. Before that, what may pass by itself is tried
 * again inside the deadline: no connection, a connection that breaks or stalls (drop.stall), codes
 * 408, 425, 429 and 5xx, each for requests that may be repeated (`again`); for the others only what
 * certainly was not done (no connection, 425, 429, 503).
 *
 * TLS is always verified, against drop.ca_file when set, else the system's list. Redirects stay
 * away from http after https; to another host, port or scheme only the headers that describe the
 * body go along, and a request with secrets in its body does not go at all. Proxies come from
 * drop.proxy only: a filter inside a mail program should not follow whatever is in its environment.
 *
 * Errors name the host and never the rest of a URL, a header or a body: those may hold secrets.
 * Opening ignores SIGPIPE in the whole process (a broken connection must be an error, not the end).
 *
 * Statuses: TP_TEMPORARY (trying later may help: includes the deadline), TP_DENIED (401, 403, 407),
 * TP_UNAVAILABLE (the other lasting refusals, TLS that cannot be verified, an answer too large),
 * TP_CONFIG (no such URL or header), TP_IO (the body cannot be read).
 */
#ifndef TP_DROP_HTTP_H
#define TP_DROP_HTTP_H

#include "base/conf.h"
#include "base/strings.h"

struct tp_http;

/* The body is head + [offset, offset + length) of fd + tail; all may be empty. Borrowed. */
struct tp_http_body {
	const char *head;
	size_t head_len;
	int fd;
	uint64_t offset, length;
	const char *tail;
	size_t tail_len;
};

struct tp_http_request {
	const char *what;   /* begins every sentence: "uploading to the drop" */
	const char *method;
	const char *url;
	const struct tp_strings *headers; /* "Name: value"; NULL: none */
	const struct tp_http_body *body;  /* NULL: none */
	bool again;	  /* may be repeated without harm */
	bool secret_body; /* never to be sent to another host */
	bool stay;	  /* a redirect is an answer like another */
};

struct tp_http_answer {
	int code;
	struct tp_buf headers; /* as received, CR LF after each */
	struct tp_buf body;    /* at most 1 MiB: a larger one is TP_UNAVAILABLE */
};

#define TP_HTTP_ANSWER_INIT { 0, TP_BUF_INIT(1 << 20), TP_BUF_INIT(1 << 20) }

/* Reads drop.deadline, .tries, .stall, .ca_file, .proxy and TUBEPOST_DEADLINE. TP_TEMPORARY also when
 * libcurl cannot be loaded. */
enum tp_status tp_http_open(const struct tp_conf *conf, struct tp_http **http,
	struct tp_error *err);
void tp_http_close(struct tp_http *http);

/* Gives the session `ms` more, once everything else has failed: cleaning up behind a failed upload
 * must not be impossible because the deadline has passed. */
void tp_http_grace(struct tp_http *http, int64_t ms);

/* The answer is emptied first, and released by the caller. */
enum tp_status tp_http_send(struct tp_http *http, const struct tp_http_request *request,
	struct tp_http_answer *answer, struct tp_error *err);
void tp_http_answer_release(struct tp_http_answer *answer);

/* TP_OK for a code from 200 to 299, else the class of the code: "WHAT: HOST answered 507". */
enum tp_status tp_http_expect(const struct tp_http_request *request,
	const struct tp_http_answer *answer, struct tp_error *err);

/* Appends the value of the last header of that name. False when there is none. */
bool tp_http_header(const struct tp_http_answer *answer, const char *name, struct tp_buf *out);

/* Appends "HOST" or "HOST:PORT" of a URL as it stands there. False when it has none. */
bool tp_http_host(const char *url, struct tp_buf *out);

/* Appends the value of an Authorization header for these (RFC 7617). */
enum tp_status tp_http_basic(const char *user, const char *password, struct tp_buf *out,
	struct tp_error *err);

#endif
