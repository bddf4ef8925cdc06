/*
 * From a builder to a segment: places are given, pieces sealed when there is a key, header and
 * directory filled in; then one file, or memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/segment_builder.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/fold.h"

#define FILE_MAX ((size_t)1 << 40)

/* A file being composed. */
struct work {
	struct tp_segment_builder *builder;
	struct tp_archive *archive; /* NULL: in memory */
	enum tp_segment_kind kind;
	uint32_t number;
	uint64_t of, covers;
	bool sealed;
	struct tp_buf file;
	unsigned char *directory;
	uint64_t blocks_at;
	uint32_t block_count;
};

void tp_piece_put(unsigned char bytes[TP_SEGMENT_FRAME_ENTRY], const struct tp_piece *piece)
{
	tp_le_put64(bytes, piece->at);
	tp_le_put32(bytes + 8, piece->stored);
	tp_le_put32(bytes + 12, piece->plain);
	tp_le_put32(bytes + 16, piece->crc);
}

/* Appends a piece, sealed or not, and says where it went. */
static enum tp_status place(
	struct work *w, const void *bytes, size_t len, struct tp_piece *piece, struct tp_error *err)
{
	struct tp_segment_about about;
	enum tp_status status = TP_OK;

	while (w->file.len % 8 && tp_buf_addc(&w->file, '\0'))
		;
	if (len > TP_SEGMENT_PIECE_MAX - TP_CIPHER_EXTRA)
		return tp_fail(err, TP_LIMIT, "index: a piece is too large");
	*piece = (struct tp_piece){ .at = w->file.len, .plain = (uint32_t)len };
	if (w->sealed) {
		about = tp_segment_about(w->kind, w->number, piece->at);
		status = tp_cipher_seal(
			w->archive->key, &about, sizeof about, bytes, len, &w->file, err);
	} else {
		piece->crc = tp_crc32c(0, bytes, len);
		tp_buf_add(&w->file, bytes, len);
	}
	piece->stored = (uint32_t)(w->file.len - piece->at);
	return status ? status : tp_buf_status(&w->file, "index", err);
}

static enum tp_status place_frames(
	struct work *w, const struct tp_laid *laid, struct tp_piece *list, struct tp_error *err)
{
	struct tp_segment_builder *b = w->builder;
	struct tp_buf bytes = TP_BUF_INIT(1u << 20);
	enum tp_status status = TP_OK;

	for (uint32_t i = 0; !status && i < laid->frames; i++) {
		const struct tp_piece *from = &b->frames[laid->first_frame + i];
		unsigned char entry[TP_SEGMENT_FRAME_ENTRY];
		struct tp_piece to;

		status = place(w, b->out.data + from->at, from->plain, &to, err);
		tp_piece_put(entry, &to);
		tp_buf_add(&bytes, entry, sizeof entry);
	}
	if (!status)
		status = tp_buf_status(&bytes, "index", err);
	if (!status)
		status = place(w, bytes.data, bytes.len, list, err);
	tp_buf_release(&bytes);
	return status;
}

static enum tp_status place_chunk(struct work *w, size_t number, struct tp_error *err)
{
	struct tp_segment_builder *b = w->builder;
	const struct tp_laid *laid = &b->laid[number];
	unsigned char *entry = w->directory + number * TP_SEGMENT_ENTRY;
	enum tp_status status = TP_OK;
	struct tp_piece to;

	tp_le_put32(entry, laid->range.count);
	tp_le_put64(entry + 8, (uint64_t)laid->range.first_ms);
	tp_le_put64(entry + 16, (uint64_t)laid->range.last_ms);
	tp_le_put64(entry + 24, laid->range.least_bytes);
	tp_le_put64(entry + 32, laid->range.most_bytes);
	for (size_t i = 0; !status && i < TP_SECTIONS; i++) {
		const struct tp_piece *from = &laid->section[i];

		if (i == TP_SECTION_FRAMES)
			status = place_frames(w, laid, &to, err);
		else
			status = place(w, b->out.data + from->at, from->plain, &to, err);
		tp_piece_put(entry + 40 + i * TP_SEGMENT_FRAME_ENTRY, &to);
	}
	return status;
}

static int compare_deliveries(const void *a, const void *b)
{
	const struct tp_delivery_row *x = a, *y = b;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* Blocks stand without gaps, so that a block's place is its number times its length. */
static enum tp_status place_block(
	struct work *w, const unsigned char block[TP_SEGMENT_BLOCK], struct tp_error *err)
{
	struct tp_piece piece;
	unsigned char crc[4];

	if (w->sealed)
		return place(w, block, TP_SEGMENT_BLOCK, &piece, err);
	tp_le_put32(crc, tp_crc32c(0, block, TP_SEGMENT_BLOCK));
	tp_buf_add(&w->file, block, TP_SEGMENT_BLOCK);
	tp_buf_add(&w->file, crc, sizeof crc);
	return tp_buf_status(&w->file, "index", err);
}

/* The last block is filled up with what no delivery has: row 2^32 - 1. */
static enum tp_status place_blocks(struct work *w, struct tp_error *err)
{
	struct tp_segment_builder *b = w->builder;
	unsigned char block[TP_SEGMENT_BLOCK];
	enum tp_status status = TP_OK;
	size_t i = 0;

	if (b->delivery_count)
		qsort(b->deliveries, b->delivery_count, sizeof *b->deliveries, compare_deliveries);
	while (w->file.len % 8 && tp_buf_addc(&w->file, '\0'))
		;
	w->blocks_at = w->file.len;
	for (; !status && i < b->delivery_count; w->block_count++) {
		memset(block, 0xff, sizeof block);
		for (size_t k = 0; k < TP_SEGMENT_BLOCK_PAIRS && i < b->delivery_count; k++, i++) {
			tp_le_put64(block + k * 12, b->deliveries[i].prefix);
			tp_le_put32(block + k * 12 + 8, b->deliveries[i].row);
		}
		status = place_block(w, block, err);
	}
	return status;
}

static void fill_header(struct work *w, size_t directory_len)
{
	unsigned char *h = (unsigned char *)w->file.data;

	memcpy(h, TP_SEGMENT_MAGIC, 8);
	tp_le_put32(h + 8, TP_SEGMENT_VERSION);
	tp_le_put32(h + 12, w->sealed ? TP_SEGMENT_SEALED : 0);
	tp_le_put32(h + 16, w->kind);
	tp_le_put32(h + 20, w->number);
	tp_le_put32(h + 24, tp_fold_version());
	tp_le_put32(h + 28, (uint32_t)w->builder->laid_count);
	tp_le_put64(h + 32, w->builder->added);
	tp_le_put64(h + 40, w->of);
	tp_le_put64(h + 48, w->covers);
	tp_le_put64(h + 56, w->blocks_at);
	tp_le_put32(h + 64, w->block_count);
	memcpy(h + TP_SEGMENT_HEADER, w->directory, directory_len);
	tp_le_put32(h + 68, tp_crc32c(0, w->directory, directory_len));
	tp_le_put32(h + 124, tp_crc32c(0, h, 124));
}

/* Fills w->file with the whole segment. */
static enum tp_status compose(struct work *w, struct tp_error *err)
{
	struct tp_segment_builder *b = w->builder;
	enum tp_status status = tp_segment_builder_lay(b, err);
	size_t directory_len = b->laid_count * TP_SEGMENT_ENTRY, front;
	char *room;

	if (status)
		return status;
	front = TP_SEGMENT_HEADER + directory_len;
	w->directory = calloc(b->laid_count + 1, TP_SEGMENT_ENTRY);
	room = tp_buf_reserve(&w->file, front + b->out.len);
	if (!w->directory || !room)
		return tp_fail(err, TP_NOMEM, "index: out of memory");
	memset(room, 0, front);
	tp_buf_grew(&w->file, front);
	for (size_t i = 0; !status && i < b->laid_count; i++)
		status = place_chunk(w, i, err);
	if (!status)
		status = place_blocks(w, err);
	if (!status)
		status = tp_buf_status(&w->file, "index", err);
	if (!status)
		fill_header(w, directory_len);
	return status;
}

/* --- a file ---------------------------------------------------------------------------------- */

static enum tp_status fill(struct work *w, int fd, const char *name, struct tp_error *err)
{
	enum tp_status status;

	status = tp_write_all(fd, w->file.data, w->file.len, name, err);
	/* A journal's segment is short-lived and checked by its sums: it may well be lost. */
	if (!status && w->kind != TP_SEGMENT_JOURNAL && fsync(fd))
		status = tp_fail_errno(err, TP_IO, "%s: cannot sync", name);
	return status;
}

/* Gives the nameless file its name, in one step for who reads beside us: a name that is taken is
 * replaced, never removed first. Two who made the same segment at once share the name aside; whoever
 * comes second finds it taken or gone, and the other's serves. */
static enum tp_status link_to_name(struct work *w, int fd, const char *name, struct tp_error *err)
{
	int dir = w->archive->dir;
	char self[64], aside[72];

	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	if (!linkat(AT_FDCWD, self, dir, name, AT_SYMLINK_FOLLOW))
		return TP_OK;
	if (errno != EEXIST)
		return tp_fail_errno(err, TP_CANTCREATE, "%s", name);
	snprintf(aside, sizeof aside, "%s.new", name);
	unlinkat(dir, aside, 0);
	if (linkat(AT_FDCWD, self, dir, aside, AT_SYMLINK_FOLLOW) && errno != EEXIST)
		return tp_fail_errno(err, TP_CANTCREATE, "%s", aside);
	if (renameat(dir, aside, dir, name) && errno != ENOENT)
		return tp_fail_errno(err, TP_CANTCREATE, "%s: cannot replace", name);
	return TP_OK;
}

/* Where there are no nameless files: one aside. It is always the same, so that a killed writer's
 * leavings are the next one's, and cleared by tp_segment_drop. */
static enum tp_status write_aside(struct work *w, const char *name, struct tp_error *err)
{
	enum tp_status status;
	char aside[72];
	int fd;

	snprintf(aside, sizeof aside, "%s.new", name);
	unlinkat(w->archive->dir, aside, 0);
	fd = tp_create_at(w->archive->dir, aside, O_WRONLY | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "%s", aside);
	status = fill(w, fd, name, err);
	close(fd);
	if (!status && renameat(w->archive->dir, aside, w->archive->dir, name))
		status = tp_fail_errno(err, TP_CANTCREATE, "%s", name);
	if (status)
		unlinkat(w->archive->dir, aside, 0);
	return status;
}

static enum tp_status write_file(struct work *w, struct tp_error *err)
{
	const char *folder = w->kind == TP_SEGMENT_DISC ? "disc" : "index";
	enum tp_status status;
	char name[64];
	int fd;

	tp_segment_name(w->kind, w->number, name);
	if (tp_mkdir_at(w->archive->dir, folder, 0750) && errno != EEXIST)
		return tp_fail_errno(err, TP_CANTCREATE, "%s", folder);
	fd = tp_create_at(w->archive->dir, folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0640);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		return write_aside(w, name, err);
	if (fd < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "%s", name);
	status = fill(w, fd, name, err);
	if (!status)
		status = link_to_name(w, fd, name, err);
	close(fd);
	return status;
}

static void release_work(struct work *w)
{
	tp_buf_release(&w->file);
	free(w->directory);
}

enum tp_status tp_segment_builder_write_kind(struct tp_segment_builder *builder,
	struct tp_archive *archive, enum tp_segment_kind kind, uint32_t number, uint64_t of,
	uint64_t covers, struct tp_error *err)
{
	struct work w = { .builder = builder,
		.archive = archive,
		.kind = kind,
		.number = number,
		.of = of,
		.covers = covers,
		.sealed = archive->encrypted,
		.file = TP_BUF_INIT(FILE_MAX) };
	enum tp_status status = TP_OK;

	if (archive->encrypted && !archive->has_key)
		return tp_fail(err, TP_CONFIG, "archive %s is encrypted: no key", archive->path);
	status = compose(&w, err);
	if (!status)
		status = write_file(&w, err);
	release_work(&w);
	return status;
}

enum tp_status tp_segment_builder_write(struct tp_segment_builder *builder,
	struct tp_archive *archive, uint32_t number, struct tp_error *err)
{
	return tp_segment_builder_write_kind(builder, archive, TP_SEGMENT_PACK, number, 0, 0, err);
}

enum tp_status tp_segment_builder_view(
	struct tp_segment_builder *builder, struct tp_segment **segment, struct tp_error *err)
{
	struct work w = { .builder = builder, .file = TP_BUF_INIT(FILE_MAX) };
	enum tp_status status = compose(&w, err);

	*segment = NULL;
	if (!status)
		status = tp_segment_in_memory(&w.file, segment, err);
	release_work(&w);
	return status;
}
