/*
 * Writing blobs: see blob.h and blob_form.h. The file is written in `blob` under a name of its own
 * and renamed into its folder, so that what a killed writer leaves is found in one place. The folder
 * is synced even when the blob was there.
 */
#include "archive/blob_form.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/shred.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/le.h"
#include "mime/content.h"

/* What mail carries is mostly compressed already; more effort gains little and is waited for. */
#define LEVEL 3

struct writer {
	const struct tp_archive *archive;
	const struct tp_hole *hole;
	int fd;
	struct tp_blob_head head;
	uint64_t pieces;
	struct tp_buf plain, frame, sealed;
};

static enum tp_status write_bytes(
	struct writer *w, const void *bytes, size_t len, struct tp_error *err)
{
	w->head.body_crc = tp_crc32c(w->head.body_crc, bytes, len);
	w->head.file_bytes += len;
	return tp_write_all(w->fd, bytes, len, "blob", err);
}

static enum tp_status write_piece(struct writer *w, struct tp_error *err)
{
	unsigned char head[TP_BLOB_PIECE_HEAD], about[TP_BLOB_ABOUT];
	struct tp_buf *stored = &w->frame;
	enum tp_status status;

	tp_buf_clear(&w->frame);
	tp_buf_clear(&w->sealed);
	status = tp_press(w->plain.data, w->plain.len, LEVEL, &w->frame, err);
	if (!status && w->head.sealed) {
		tp_blob_about(w->hole->sha256, w->pieces, about);
		status = tp_cipher_seal(w->archive->key, about, sizeof about, w->frame.data,
			w->frame.len, &w->sealed, err);
		stored = &w->sealed;
	}
	if (status)
		return status;
	tp_le_put32(head, (uint32_t)stored->len);
	tp_le_put32(head + 4, (uint32_t)w->plain.len);
	w->pieces++;
	w->head.size_bytes += w->plain.len;
	tp_buf_clear(&w->plain);
	status = write_bytes(w, head, sizeof head, err);
	return status ? status : write_bytes(w, stored->data, stored->len, err);
}

static enum tp_status take_content(
	void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct writer *w = context;
	enum tp_status status = TP_OK;

	while (!status && len > 0) {
		size_t n = TP_BLOB_PIECE_BYTES - w->plain.len;

		if (n > len)
			n = len;
		if (!tp_buf_add(&w->plain, bytes, n))
			return tp_buf_status(&w->plain, "blob", err);
		bytes += n;
		len -= n;
		if (w->plain.len == TP_BLOB_PIECE_BYTES)
			status = write_piece(w, err);
	}
	return status;
}

/* The head goes last, over the zeros that kept its place. */
static enum tp_status write_content(struct writer *w, const char *data, struct tp_error *err)
{
	unsigned char head[TP_BLOB_HEAD] = { 0 };
	enum tp_status status = tp_write_all(w->fd, head, sizeof head, "blob", err);

	w->head.file_bytes = sizeof head;
	if (!status)
		status = tp_content_read(
			data, w->hole->range, TP_ENCODING_BASE64, take_content, w, err);
	if (!status && w->plain.len > 0)
		status = write_piece(w, err);
	if (status)
		return status;
	tp_blob_head_write(&w->head, head);
	if (pwrite(w->fd, head, sizeof head, 0) != (ssize_t)sizeof head)
		return tp_fail_errno(err, TP_IO, "blob: cannot write");
	if (fsync(w->fd))
		return tp_fail_errno(err, TP_IO, "blob: cannot sync");
	return TP_OK;
}

void tp_blob_note_folder(struct tp_blob_folders *folders, const char *name)
{
	unsigned char number = 0;
	char digits[3] = { name[5], name[6], '\0' };

	tp_unhex(digits, &number, 1);
	folders->bits[number / 8] |= (unsigned char)(1u << number % 8);
}

enum tp_status tp_blob_settle(
	struct tp_archive *archive, struct tp_blob_folders *folders, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	char folder[16];

	for (unsigned i = 0; !status && i < 256; i++) {
		if (!(folders->bits[i / 8] & 1u << i % 8))
			continue;
		snprintf(folder, sizeof folder, "blob/%02x", i);
		status = tp_archive_sync(archive, folder, err);
	}
	if (!status)
		memset(folders, 0, sizeof *folders);
	return status;
}

/* Renames into place; a new archive has all folders, one that was mended by hand may lack some. */
static enum tp_status put_in_place(
	const struct tp_archive *archive, const char *aside, const char *name, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	char folder[] = "blob/ab";

	memcpy(folder, name, sizeof folder - 1);
	if (!renameat(archive->dir, aside, archive->dir, name))
		return TP_OK;
	if (errno != ENOENT)
		return tp_fail_errno(err, TP_CANTCREATE, "%s/%s", archive->path, name);
	if (tp_mkdir_at(archive->dir, folder, 0750) && errno != EEXIST)
		return tp_fail_errno(err, TP_CANTCREATE, "%s/%s", archive->path, folder);
	status = tp_archive_sync(archive, "blob", err);
	if (!status && renameat(archive->dir, aside, archive->dir, name))
		status = tp_fail_errno(err, TP_CANTCREATE, "%s/%s", archive->path, name);
	return status;
}

static enum tp_status open_aside(struct writer *w, char name[64], struct tp_error *err)
{
	unsigned char random[8];
	char hex[2 * sizeof random + 1];
	enum tp_status status = tp_random(random, sizeof random, err);

	if (status)
		return status;
	tp_hex(random, sizeof random, hex);
	snprintf(name, 64, "blob/%s.new", hex);
	w->fd = tp_create_at(w->archive->dir, name, O_WRONLY | O_EXCL | O_CLOEXEC, 0640);
	if (w->fd < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "%s/%s", w->archive->path, name);
	return TP_OK;
}

static enum tp_status write_blob(
	struct writer *w, const char *data, const char *name, struct tp_error *err)
{
	char aside[64];
	enum tp_status status = open_aside(w, aside, err);

	if (status)
		return status;
	status = write_content(w, data, err);
	if (close(w->fd) && !status)
		status = tp_fail_errno(err, TP_IO, "blob: cannot close");
	if (!status)
		status = put_in_place(w->archive, aside, name, err);
	if (status)
		unlinkat(w->archive->dir, aside, 0);
	return status;
}

static enum tp_status ignore(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	return TP_OK;
}

/* True when the blob is there and right. */
static bool serves(struct tp_archive *archive, const struct tp_hole *hole, const char *name)
{
	return !faccessat(archive->dir, name, F_OK, 0) &&
	       !tp_blob_read(archive, hole->sha256, ignore, NULL, NULL);
}

enum tp_status tp_blob_put_later(struct tp_archive *archive, const char *data,
	const struct tp_hole *hole, struct tp_blob_folders *folders, uint64_t *stored_bytes,
	struct tp_error *err)
{
	struct writer w = {
		.archive = archive,
		.hole = hole,
		.head = { .sealed = archive->encrypted },
		.plain = TP_BUF_INIT(TP_BLOB_PIECE_BYTES),
		.frame = TP_BUF_INIT(TP_BLOB_STORED_MAX),
		.sealed = TP_BUF_INIT(TP_BLOB_STORED_MAX),
	};
	char name[TP_BLOB_NAME];
	enum tp_status status = tp_blob_name(archive, hole->sha256, name, err);

	if (stored_bytes)
		*stored_bytes = 0;
	if (!status)
		status = tp_blob_name_bytes(archive, hole->sha256, w.head.name, err);
	if (status)
		return status;
	/* When it is there, too: who made it may not have got that far. */
	tp_blob_note_folder(folders, name);
	if (serves(archive, hole, name))
		return TP_OK;
	status = write_blob(&w, data, name, err);
	if (!status && stored_bytes)
		*stored_bytes = w.head.file_bytes;
	tp_buf_release(&w.plain);
	tp_buf_release(&w.frame);
	tp_buf_release(&w.sealed);
	return status;
}

enum tp_status tp_blob_put(struct tp_archive *archive, const char *data, const struct tp_hole *hole,
	uint64_t *stored_bytes, struct tp_error *err)
{
	struct tp_blob_folders folders = { { 0 } };
	enum tp_status status = tp_blob_put_later(archive, data, hole, &folders, stored_bytes, err);

	return status ? status : tp_blob_settle(archive, &folders, err);
}
