/*
 * S3 uploads in parts: see s3.h. One part after the other: a mail's own uploads run side by side
 * already, in processes of their own.
 */
#include <errno.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "drop/s3.h"

#define PART_LEAST  (5 << 20)
#define PARTS_MOST  10000
#define BLOCK_BYTES (256 << 10)
#define GRACE_MS    10000

struct parts {
	struct tp_s3 *s3;
	const struct tp_drop_item *item;
	const char *path;
	struct tp_buf id;   /* the upload's, percent-encoded */
	struct tp_buf list; /* the document that completes it */
};

static uint64_t part_size(const struct tp_conf *conf, uint64_t size_bytes)
{
	uint64_t size = tp_conf_size(conf, "drop.s3.part_size");
	uint64_t least = size_bytes / PARTS_MOST + 1;

	if (size < PART_LEAST)
		size = PART_LEAST;
	return size < least ? least : size;
}

/* The digest is part of the signature: the service refuses what was damaged on the way. */
static enum tp_status hash_part(
	const struct tp_http_body *body, char hex[TP_SHA256_HEX], struct tp_error *err)
{
	unsigned char digest[TP_SHA256_BYTES];
	struct tp_sha256 *sha = NULL;
	char *block = malloc(BLOCK_BYTES);
	enum tp_status status = block ? tp_sha256_new(&sha, err)
				      : tp_fail(err, TP_NOMEM, TP_S3_WHAT ": out of memory");
	uint64_t at = 0, left;
	ssize_t n;

	while (!status && at < body->length) {
		left = body->length - at;
		n = pread(body->fd, block, left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES,
			(off_t)(body->offset + at));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			status =
				n ? tp_fail_errno(err, TP_IO, TP_S3_WHAT ": reading the file")
				  : tp_fail(err, TP_IO, TP_S3_WHAT ": the file has become shorter");
		else
			status = tp_sha256_add(sha, block, (size_t)n, err);
		at += n > 0 ? (uint64_t)n : 0;
	}
	if (!status)
		status = tp_sha256_end(sha, digest, err);
	if (!status)
		tp_hex(digest, sizeof digest, hex);
	tp_sha256_free(sha);
	free(block);
	return status;
}

/* An answer lost here would leave an upload that nobody knows; better that than two. */
static enum tp_status begin(
	struct parts *parts, const struct tp_strings *headers, struct tp_error *err)
{
	struct tp_s3_request request = {
		.method = "POST", .path = parts->path, .headers = headers
	};
	struct tp_strings query = TP_STRINGS_INIT;
	struct tp_buf id = TP_BUF_INIT(65536);
	enum tp_status status = tp_strings_add(&query, "uploads=", err);

	request.query = &query;
	if (!status)
		status = tp_s3_ask(parts->s3, &request, err);
	if (!status)
		status = tp_s3_expect(parts->s3, err);
	if (!status && !tp_s3_element(parts->s3, "UploadId", &id))
		status = tp_fail(err, TP_UNAVAILABLE,
			TP_S3_WHAT ": no upload id came for an upload in parts");
	tp_percent_encode(tp_buf_str(&id), id.len, "", &parts->id);
	if (!status)
		status = tp_buf_status(&parts->id, TP_S3_WHAT, err);
	tp_strings_release(&query);
	tp_buf_release(&id);
	return status;
}

/* Adds the part to the list, its ETag as it came: in quotes, escaped for XML. */
static enum tp_status note_part(struct parts *parts, unsigned number, struct tp_error *err)
{
	struct tp_buf etag = TP_BUF_INIT(4096);

	if (!tp_http_header(&parts->s3->answer, "ETag", &etag) || strpbrk(etag.data, "<>&")) {
		tp_buf_release(&etag);
		return tp_fail(err, TP_UNAVAILABLE, TP_S3_WHAT ": no ETag came for a part");
	}
	tp_buf_addf(&parts->list, "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>", number,
		tp_buf_str(&etag));
	tp_buf_release(&etag);
	return tp_buf_status(&parts->list, TP_S3_WHAT, err);
}

static enum tp_status put_part(struct parts *parts, unsigned number, uint64_t offset,
	uint64_t length, struct tp_error *err)
{
	struct tp_http_body body = { .fd = parts->item->fd, .offset = offset, .length = length };
	char sha256[TP_SHA256_HEX];
	struct tp_strings query = TP_STRINGS_INIT;
	struct tp_s3_request request = { .method = "PUT",
		.path = parts->path,
		.query = &query,
		.body = &body,
		.payload = sha256,
		.again = true };
	enum tp_status status = hash_part(&body, sha256, err);

	if (!status)
		status = tp_strings_addf(&query, err, "partNumber=%u", number);
	if (!status)
		status = tp_strings_addf(&query, err, "uploadId=%s", tp_buf_str(&parts->id));
	if (!status)
		status = tp_s3_ask(parts->s3, &request, err);
	if (!status)
		status = tp_s3_expect(parts->s3, err);
	if (!status)
		status = note_part(parts, number, err);
	tp_strings_release(&query);
	return status ? tp_error_prefix(err, "part %u", number) : TP_OK;
}

static enum tp_status put_all(struct parts *parts, struct tp_error *err)
{
	uint64_t size = parts->item->size_bytes, step = part_size(parts->s3->conf, size);
	enum tp_status status = TP_OK;
	unsigned number = 1;

	tp_buf_adds(&parts->list, "<CompleteMultipartUpload>");
	for (uint64_t at = 0; !status && at < size; at += step, number++)
		status = put_part(parts, number, at, size - at < step ? size - at : step, err);
	tp_buf_adds(&parts->list, "</CompleteMultipartUpload>");
	return status ? status : tp_buf_status(&parts->list, TP_S3_WHAT, err);
}

static enum tp_status id_query(
	const struct parts *parts, struct tp_strings *query, struct tp_error *err)
{
	return tp_strings_addf(query, err, "uploadId=%s", tp_buf_str(&parts->id));
}

/* The answer may say 200 and hold an error all the same; and when it is lost, the object itself
 * tells whether the upload was completed. */
static enum tp_status complete(struct parts *parts, struct tp_error *err)
{
	struct tp_http_body body = { .head = tp_buf_str(&parts->list),
		.head_len = parts->list.len };
	struct tp_strings query = TP_STRINGS_INIT, headers = TP_STRINGS_INIT;
	unsigned char digest[TP_SHA256_BYTES];
	char sha256[TP_SHA256_HEX];
	struct tp_s3_request request = { .method = "POST",
		.path = parts->path,
		.query = &query,
		.headers = &headers,
		.body = &body,
		.payload = sha256,
		.again = true };
	bool stands = false;
	enum tp_status status = tp_sha256(body.head, body.head_len, digest, err);

	tp_hex(digest, sizeof digest, sha256);
	if (!status)
		status = id_query(parts, &query, err);
	if (!status)
		status = tp_strings_add(&headers, "Content-Type: application/xml", err);
	if (!status)
		status = tp_s3_ask(parts->s3, &request, err);
	if (!status)
		status = tp_s3_expect(parts->s3, err);
	if (status &&
		!tp_s3_stands(parts->s3, parts->path, parts->item->size_bytes, &stands, NULL) &&
		stands)
		status = TP_OK;
	tp_strings_release(&query);
	tp_strings_release(&headers);
	return status;
}

static void forget(struct parts *parts)
{
	struct tp_strings query = TP_STRINGS_INIT;
	struct tp_s3_request request = {
		.method = "DELETE", .path = parts->path, .query = &query, .again = true
	};

	tp_http_grace(parts->s3->http, GRACE_MS);
	if (!id_query(parts, &query, NULL))
		tp_s3_ask(parts->s3, &request, NULL);
	tp_strings_release(&query);
}

enum tp_status tp_s3_put_parts(struct tp_s3 *s3, const char *path, const struct tp_drop_item *item,
	const struct tp_strings *headers, struct tp_error *err)
{
	struct parts parts = { s3, item, path, TP_BUF_INIT(65536), TP_BUF_INIT(4 << 20) };
	enum tp_status status = begin(&parts, headers, err);

	if (!status) {
		status = put_all(&parts, err);
		if (!status)
			status = complete(&parts, err);
		if (status)
			forget(&parts);
	}
	tp_buf_release(&parts.id);
	tp_buf_release(&parts.list);
	return status;
}
