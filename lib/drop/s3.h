/*
 * Requests to an S3 service: addresses, signatures, what its errors say. Private to lib/drop; the
 * store is in store_s3.c, uploads in parts in s3_parts.c.
 *
 * Signatures carry the machine's real time, not TUBEPOST_NOW: the service compares it with its own.
 */
#ifndef TP_DROP_S3_H
#define TP_DROP_S3_H

#include "drop/http.h"
#include "drop/item.h"
#include "drop/sigv4.h"

#define TP_S3_WHAT "uploading to S3"

struct tp_s3 {
	const struct tp_conf *conf;
	struct tp_http *http;
	struct tp_http_answer answer; /* of the last request */
	struct tp_sigv4 keys;
	struct tp_buf secret_key, session_token;
	char *origin; /* "https://HOST[:PORT]" */
	char *host;   /* for the Host header */
	char *root;   /* path before the key: "/" or "/BUCKET/" */
	char *prefix; /* of all keys, percent-encoded: "" or "a/b/" */
};

struct tp_s3_request {
	const char *method;
	const char *path; /* percent-encoded, from the root */
	const struct tp_strings *query;
	const struct tp_strings *headers;
	const struct tp_http_body *body;
	const char *payload; /* SHA-256 of the body; NULL: no body */
	bool again;
};

/* Sends it signed. TP_OK for any answer (in s3->answer); tp_s3_expect() for what it says. */
enum tp_status tp_s3_ask(
	struct tp_s3 *s3, const struct tp_s3_request *request, struct tp_error *err);

/* TP_OK for 200 to 299 without an <Error> inside; else the class of the answer, with the service's
 * own code: "uploading to S3: HOST answered 403 (SignatureDoesNotMatch)". */
enum tp_status tp_s3_expect(struct tp_s3 *s3, struct tp_error *err);

/* Appends the text of the first <name> element of the last answer. False when there is none, or
 * when it holds anything but plain characters. */
bool tp_s3_element(const struct tp_s3 *s3, const char *name, struct tp_buf *out);

/* TP_OK and *stands: whether the object at `path` is there, with this size. */
enum tp_status tp_s3_stands(struct tp_s3 *s3, const char *path, uint64_t size_bytes, bool *stands,
	struct tp_error *err);

/* Uploads in parts of drop.s3.part_size (s3_parts.c). `headers` go with the first request. A failed
 * upload is aborted, so that its parts are not stored (and paid for) for ever. */
enum tp_status tp_s3_put_parts(struct tp_s3 *s3, const char *path, const struct tp_drop_item *item,
	const struct tp_strings *headers, struct tp_error *err);

#endif
