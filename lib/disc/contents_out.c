/* Writing what a disc holds: see contents.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/press.h"
#include "archive/shred.h"
#include "archive/wire.h"
#include "base/file.h"
#include "disc/contents_form.h"

#define LEVEL      3
#define COPY_BYTES ((size_t)256 << 10)

struct tp_contents_out {
	struct tp_archive *archive;
	char serial[TP_SERIAL_LEN + 1];
	int fd; /* the groups; unlinked */
	uint64_t bytes, mails;
	uint32_t group, in_group;
	struct tp_buf plain, frame, sealed;
};

enum tp_status tp_contents_out_new(struct tp_archive *archive, const char *serial,
	struct tp_contents_out **out, struct tp_error *err)
{
	struct tp_contents_out *o = calloc(1, sizeof *o);
	enum tp_status status;

	*out = NULL;
	if (!o)
		return tp_fail(err, TP_NOMEM, "disc: out of memory");
	o->archive = archive;
	o->fd = -1;
	memcpy(o->serial, serial, TP_SERIAL_LEN);
	tp_buf_init(&o->plain, TP_CONTENTS_PLAIN_MAX);
	tp_buf_init(&o->frame, 2 * TP_CONTENTS_PLAIN_MAX);
	tp_buf_init(&o->sealed, 2 * TP_CONTENTS_PLAIN_MAX);
	status = tp_archive_need_key(archive, err);
	if (!status)
		status = tp_tmpfile(&o->fd, err);
	if (status)
		tp_contents_out_free(o);
	else
		*out = o;
	return status;
}

void tp_contents_out_free(struct tp_contents_out *out)
{
	if (!out)
		return;
	if (out->fd >= 0)
		close(out->fd);
	tp_buf_release(&out->plain);
	tp_buf_release(&out->frame);
	tp_buf_release(&out->sealed);
	free(out);
}

uint64_t tp_contents_out_mails(const struct tp_contents_out *out)
{
	return out->mails;
}

/* --- groups ----------------------------------------------------------------------------------- */

static enum tp_status close_group(struct tp_contents_out *o, struct tp_error *err)
{
	struct tp_contents_about about = tp_contents_about(o->serial, o->group);
	unsigned char head[TP_CONTENTS_GROUP_HEAD];
	const struct tp_buf *piece = &o->frame;
	enum tp_status status = tp_buf_status(&o->plain, "disc", err);

	tp_buf_clear(&o->frame);
	tp_buf_clear(&o->sealed);
	if (!status)
		status = tp_press(o->plain.data, o->plain.len, LEVEL, &o->frame, err);
	if (!status && o->archive->encrypted) {
		status = tp_cipher_seal(o->archive->key, about.bytes, sizeof about.bytes,
			o->frame.data, o->frame.len, &o->sealed, err);
		piece = &o->sealed;
	}
	if (status)
		return status;
	tp_le_put32(head, (uint32_t)piece->len);
	tp_le_put32(head + 4, o->in_group);
	tp_le_put32(head + 8, tp_crc32c(0, piece->data, piece->len));
	status = tp_write_all(o->fd, head, sizeof head, "temporary file", err);
	if (!status)
		status = tp_write_all(o->fd, piece->data, piece->len, "temporary file", err);
	o->bytes += sizeof head + piece->len;
	o->group++;
	o->in_group = 0;
	tp_buf_clear(&o->plain);
	return status;
}

enum tp_status tp_contents_out_add(
	struct tp_contents_out *out, const struct tp_disc_mail *mail, struct tp_error *err)
{
	size_t path_len = strlen(mail->path);

	if (strnlen(mail->id, TP_ID_LEN) != TP_ID_LEN || path_len > TP_CONTENTS_PATH_MAX)
		return tp_fail(err, TP_USAGE, "disc: a mail without id or path");
	tp_buf_add(&out->plain, mail->id, TP_ID_LEN);
	tp_wire_put(&out->plain, mail->sector);
	tp_wire_put(&out->plain, mail->sectors);
	tp_wire_put(&out->plain, mail->size_bytes);
	tp_wire_put_text(&out->plain, mail->path, path_len);
	out->mails++;
	if (++out->in_group < TP_CONTENTS_GROUP)
		return TP_OK;
	return close_group(out, err);
}

/* --- the file --------------------------------------------------------------------------------- */

static void put_header(
	unsigned char bytes[TP_CONTENTS_HEADER], const struct tp_contents_header *header)
{
	memset(bytes, 0, TP_CONTENTS_HEADER);
	memcpy(bytes, TP_CONTENTS_MAGIC, 8);
	memcpy(bytes + 8, header->serial, TP_SERIAL_LEN);
	bytes[14] = header->sealed ? TP_CONTENTS_SEALED : 0;
	tp_le_put32(bytes + 16, header->pieces);
	tp_le_put32(bytes + 20, (uint32_t)header->mails);
	tp_le_put64(bytes + 24, header->pieces_at);
	memcpy(bytes + 32, header->image, TP_SHA256_BYTES);
	tp_le_put32(bytes + 64, header->crc);
	tp_le_put32(bytes + 68, tp_crc32c(0, bytes, 68));
}

static enum tp_status copy_groups(
	struct tp_contents_out *o, int fd, const char *name, struct tp_error *err)
{
	char *bytes = malloc(COPY_BYTES);
	enum tp_status status = TP_OK;
	ssize_t n = 1;

	if (!bytes)
		return tp_fail(err, TP_NOMEM, "disc: out of memory");
	if (lseek(o->fd, 0, SEEK_SET))
		status = tp_fail_errno(err, TP_IO, "temporary file: cannot read");
	while (!status && (n = tp_read(o->fd, bytes, COPY_BYTES)) > 0)
		status = tp_write_all(fd, bytes, (size_t)n, name, err);
	if (!status && n < 0)
		status = tp_fail_errno(err, TP_IO, "temporary file: cannot read");
	free(bytes);
	return status;
}

static enum tp_status fill(struct tp_contents_out *o, int fd, const char *name,
	const struct tp_contents_header *header, const unsigned char *pieces, struct tp_error *err)
{
	unsigned char bytes[TP_CONTENTS_HEADER];
	enum tp_status status;

	put_header(bytes, header);
	status = tp_write_all(fd, bytes, sizeof bytes, name, err);
	if (!status)
		status = copy_groups(o, fd, name, err);
	if (!status)
		status = tp_write_all(
			fd, pieces, (size_t)header->pieces * TP_SHA256_BYTES, name, err);
	if (!status && fsync(fd))
		status = tp_fail_errno(err, TP_IO, "%s: cannot sync", name);
	return status;
}

/* Aside under one name for each number: what a killed process left there is overwritten. The ledger's
 * lock is held. */
static enum tp_status place(struct tp_contents_out *o, uint32_t number,
	const struct tp_contents_header *header, const unsigned char *pieces, struct tp_error *err)
{
	char name[64], aside[72];
	enum tp_status status;
	int fd;

	tp_contents_name(number, name);
	snprintf(aside, sizeof aside, "%s.new", name);
	fd = openat(o->archive->dir, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "%s/%s", o->archive->path, aside);
	status = fill(o, fd, aside, header, pieces, err);
	if (close(fd) && !status)
		status = tp_fail_errno(err, TP_IO, "%s: cannot close", aside);
	if (!status && renameat(o->archive->dir, aside, o->archive->dir, name))
		status = tp_fail_errno(err, TP_CANTCREATE, "%s/%s", o->archive->path, name);
	if (status)
		unlinkat(o->archive->dir, aside, 0);
	return status ? status : tp_archive_sync(o->archive, "disc", err);
}

enum tp_status tp_contents_out_finish(struct tp_contents_out *out, uint32_t number,
	const unsigned char image[TP_SHA256_BYTES], const unsigned char *pieces, size_t piece_count,
	struct tp_error *err)
{
	struct tp_contents_header header = { .sealed = out->archive->encrypted,
		.pieces = (uint32_t)piece_count };
	enum tp_status status = out->in_group ? close_group(out, err) : TP_OK;

	if (status)
		return status;
	header.mails = out->mails;
	header.pieces_at = TP_CONTENTS_HEADER + out->bytes;
	memcpy(header.serial, out->serial, TP_SERIAL_LEN);
	memcpy(header.image, image, TP_SHA256_BYTES);
	header.crc = tp_crc32c(0, pieces, piece_count * TP_SHA256_BYTES);
	return place(out, number, &header, pieces, err);
}
