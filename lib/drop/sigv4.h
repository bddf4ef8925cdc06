/*
 * Signatures of S3 requests: AWS Signature Version 4, for headers and for links.
 *
 * Ours because libcurl's signs wrongly before 8.10 (and cannot make links at all). Everything here
 * works on texts and a given time: no network, no clock.
 */
#ifndef TP_DROP_SIGV4_H
#define TP_DROP_SIGV4_H

#include "base/buf.h"
#include "base/strings.h"

struct tp_sigv4 {
	const char *access_key;
	const char *secret_key;
	const char *session_token; /* NULL: none */
	const char *region;
	const char *service; /* "s3" */
};

struct tp_sigv4_request {
	const char *method;
	const char *host; /* as in the Host header */
	const char *path; /* begins with a slash, percent-encoded as it will be sent */
	const struct tp_strings *query; /* "name=value", percent-encoded, any order; NULL: none */
	const char *payload;            /* SHA-256 of the body in hex, or UNSIGNED-PAYLOAD */
};

/* Signs the request and all of `headers` ("Name: value"), and adds x-amz-date,
 * x-amz-content-sha256, x-amz-security-token and Authorization to them. Host is signed and not
 * added. */
enum tp_status tp_sigv4_sign(const struct tp_sigv4 *keys, const struct tp_sigv4_request *request,
	int64_t when, struct tp_strings *headers, struct tp_error *err);

/* Appends the query of a link (without `?`) that lets anybody do the request until `seconds` (at
 * most 604800) after `when`. Its payload is not signed, whatever the request says. */
enum tp_status tp_sigv4_presign(const struct tp_sigv4 *keys, const struct tp_sigv4_request *request,
	int64_t when, int64_t seconds, struct tp_buf *query, struct tp_error *err);

/* Appends the request's query in canonical order. */
bool tp_sigv4_query(const struct tp_strings *query, struct tp_buf *out);

#endif
