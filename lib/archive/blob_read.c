/*
 * Reading blobs: see blob.h and blob_form.h. Files are read and not mapped, so that a disk that
 * cannot give some bytes is an error and no signal. Whatever is wrong with a file, the sentence
 * begins with its name.
 */
#include "archive/blob_form.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "base/le.h"

struct reader {
	const struct tp_archive *archive;
	const unsigned char *sha256;
	int fd;
	struct tp_blob_head head;
	uint64_t left, pieces; /* bytes of the file; pieces read */
	uint64_t given;
	struct tp_sha256 *sha;
	struct tp_buf stored, frame, plain;
	tp_press_sink *sink;
	void *sink_context;
	bool sink_failed; /* then the sentence is the sink's, not about the blob */
};

/* Exactly `len` bytes. */
static enum tp_status read_bytes(int fd, void *bytes, size_t len, struct tp_error *err)
{
	char *at = bytes;

	while (len > 0) {
		ssize_t n = tp_read(fd, at, len);

		if (n < 0)
			return tp_fail_errno(err, TP_IO, "cannot read");
		if (n == 0)
			return tp_fail(err, TP_DATA, "cut short");
		at += n;
		len -= (size_t)n;
	}
	return TP_OK;
}

static enum tp_status open_blob(const struct tp_archive *archive, const char *name, int *fd,
	struct tp_blob_head *head, struct tp_error *err)
{
	unsigned char bytes[TP_BLOB_HEAD];
	enum tp_status status;
	struct stat st;

	*fd = openat(archive->dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (*fd < 0)
		return tp_fail_errno(err, errno == ENOENT ? TP_NOINPUT : TP_IO, "cannot open");
	status = read_bytes(*fd, bytes, sizeof bytes, err);
	if (!status)
		status = tp_blob_head_read(bytes, head, err);
	if (!status && fstat(*fd, &st))
		status = tp_fail_errno(err, TP_IO, "cannot look at it");
	if (!status && ((uint64_t)st.st_size != head->file_bytes || st.st_size < TP_BLOB_HEAD))
		status = tp_fail(err, TP_DATA, "%lld bytes where %llu were written",
			(long long)st.st_size, (unsigned long long)head->file_bytes);
	if (status) {
		close(*fd);
		*fd = -1;
	}
	return status;
}

/* --- pieces ----------------------------------------------------------------------------------- */

/* Reads what is stored of the next piece; *size is what it should decode to. */
static enum tp_status read_stored(struct reader *r, size_t *size, struct tp_error *err)
{
	unsigned char head[TP_BLOB_PIECE_HEAD];
	enum tp_status status;
	size_t len;
	char *to;

	if (r->left < sizeof head)
		return tp_fail(err, TP_DATA, "damaged (ends inside a piece)");
	status = read_bytes(r->fd, head, sizeof head, err);
	if (status)
		return status;
	r->left -= sizeof head;
	len = tp_le_get32(head);
	*size = tp_le_get32(head + 4);
	if (len > r->left || len > TP_BLOB_STORED_MAX || *size > TP_BLOB_PIECE_BYTES || *size == 0)
		return tp_fail(err, TP_DATA, "damaged (length of a piece)");
	tp_buf_clear(&r->stored);
	to = tp_buf_reserve(&r->stored, len);
	if (!to)
		return tp_buf_status(&r->stored, "blob", err);
	status = read_bytes(r->fd, to, len, err);
	if (status)
		return status;
	tp_buf_grew(&r->stored, len);
	r->left -= len;
	return TP_OK;
}

static enum tp_status open_piece(
	struct reader *r, const struct tp_buf **frame, struct tp_error *err)
{
	unsigned char about[TP_BLOB_ABOUT];

	*frame = &r->stored;
	if (!r->head.sealed)
		return TP_OK;
	*frame = &r->frame;
	tp_buf_clear(&r->frame);
	tp_blob_about(r->sha256, r->pieces, about);
	return tp_cipher_open(r->archive->key, about, sizeof about, r->stored.data, r->stored.len,
		&r->frame, err);
}

static enum tp_status give_piece(struct reader *r, struct tp_error *err)
{
	const struct tp_buf *frame = NULL;
	size_t size = 0;
	enum tp_status status = read_stored(r, &size, err);
	if (!status)
		status = open_piece(r, &frame, err);
	if (status)
		return status;
	tp_buf_clear(&r->plain);
	status = tp_unpress(frame->data, frame->len, &r->plain, err);
	if (!status && r->plain.len != size)
		status = tp_fail(err, TP_DATA, "damaged (size of a piece)");
	if (!status)
		status = tp_sha256_add(r->sha, r->plain.data, r->plain.len, err);
	if (status)
		return status;
	r->pieces++;
	r->given += size;
	status = r->sink(r->sink_context, r->plain.data, r->plain.len, err);
	r->sink_failed = status;
	return status;
}

static enum tp_status give_content(struct reader *r, struct tp_error *err)
{
	unsigned char sha256[TP_SHA256_BYTES];
	enum tp_status status = tp_sha256_new(&r->sha, err);

	r->left = r->head.file_bytes - TP_BLOB_HEAD;
	while (!status && r->left > 0)
		status = give_piece(r, err);
	if (!status)
		status = tp_sha256_end(r->sha, sha256, err);
	if (!status && (r->given != r->head.size_bytes || memcmp(sha256, r->sha256, sizeof sha256)))
		status = tp_fail(err, TP_DATA, "damaged (its content is another)");
	return status;
}

/* --- whole blobs ------------------------------------------------------------------------------ */

static enum tp_status read_blob(struct reader *r, const char *name, struct tp_error *err)
{
	enum tp_status status = open_blob(r->archive, name, &r->fd, &r->head, err);

	/* To the message that needs it, a blob that is not there is one that is damaged. */
	if (status == TP_NOINPUT)
		return tp_fail(err, TP_DATA, "missing");
	if (!status && r->head.sealed != r->archive->encrypted)
		status = tp_fail(err, TP_DATA,
			"damaged (sealed in a clear archive, or clear in "
			"a sealed one)");
	if (!status)
		status = give_content(r, err);
	if (status == TP_LIMIT && !r->sink_failed)
		err->status = status = TP_DATA; /* a piece that says it is larger than pieces are */
	if (r->fd >= 0)
		close(r->fd);
	return status;
}

enum tp_status tp_blob_read(struct tp_archive *archive, const unsigned char sha256[TP_SHA256_BYTES],
	tp_press_sink *sink, void *context, struct tp_error *err)
{
	struct reader r = {
		.archive = archive,
		.sha256 = sha256,
		.fd = -1,
		.stored = TP_BUF_INIT(TP_BLOB_STORED_MAX),
		.frame = TP_BUF_INIT(TP_BLOB_STORED_MAX),
		.plain = TP_BUF_INIT(TP_BLOB_PIECE_BYTES),
		.sink = sink,
		.sink_context = context,
	};
	char name[TP_BLOB_NAME];
	struct tp_error unused;
	enum tp_status status;

	err = err ? err : &unused;
	status = tp_blob_name(archive, sha256, name, err);
	if (status)
		return status;
	status = read_blob(&r, name, err);
	if (status && !r.sink_failed)
		tp_error_prefix(err, "%s", name);
	tp_sha256_free(r.sha);
	tp_buf_release(&r.stored);
	tp_buf_release(&r.frame);
	tp_buf_release(&r.plain);
	return status;
}

static enum tp_status verify_body(int fd, const struct tp_blob_head *head, struct tp_error *err)
{
	uint64_t left = head->file_bytes - TP_BLOB_HEAD;
	size_t room = (size_t)1 << 18;
	char *bytes = malloc(room);
	enum tp_status status = TP_OK;
	uint32_t crc = 0;

	if (!bytes)
		return tp_fail(err, TP_NOMEM, "out of memory");
	while (!status && left > 0) {
		size_t n = left < room ? (size_t)left : room;

		status = read_bytes(fd, bytes, n, err);
		crc = status ? 0 : tp_crc32c(crc, bytes, n);
		left -= n;
	}
	free(bytes);
	if (!status && crc != head->body_crc)
		status = tp_fail(err, TP_DATA, "damaged (checksum)");
	return status;
}

enum tp_status tp_blob_verify(
	struct tp_archive *archive, const char *name, uint64_t *size_bytes, struct tp_error *err)
{
	struct tp_blob_head head;
	struct tp_error unused;
	enum tp_status status;
	int fd;

	err = err ? err : &unused;
	status = open_blob(archive, name, &fd, &head, err);
	if (!status)
		status = verify_body(fd, &head, err);
	if (fd >= 0)
		close(fd);
	if (status)
		return tp_error_prefix(err, "%s", name);
	if (size_bytes)
		*size_bytes = head.size_bytes;
	return TP_OK;
}

enum tp_status tp_blob_size(struct tp_archive *archive, const unsigned char sha256[TP_SHA256_BYTES],
	uint64_t *stored_bytes, struct tp_error *err)
{
	char name[TP_BLOB_NAME];
	enum tp_status status = tp_blob_name(archive, sha256, name, err);
	struct stat st;

	if (status)
		return status;
	if (fstatat(archive->dir, name, &st, 0))
		return tp_fail_errno(err, errno == ENOENT ? TP_NOINPUT : TP_IO, "%s", name);
	*stored_bytes = (uint64_t)st.st_size;
	return TP_OK;
}
