/* Reading segments: see segment.h; what chunks hold is chunk.c's. */
#include "archive/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/chunk.h"
#include "archive/segment_form.h"
#include "archive/shred.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/fold.h"

/* One read that gets header and directory of nearly every segment. */
#define FIRST_READ 2048

void tp_segment_name(enum tp_segment_kind kind, uint32_t number, char name[64])
{
	snprintf(name, 64, "%s/%08u.%s", kind == TP_SEGMENT_DISC ? "disc" : "index", number,
		kind == TP_SEGMENT_JOURNAL ? "tpi" : "tpx");
}

/* --- pieces ---------------------------------------------------------------------------------- */

struct tp_piece tp_piece_get(const unsigned char bytes[TP_SEGMENT_FRAME_ENTRY])
{
	return (struct tp_piece){ tp_le_get64(bytes), tp_le_get32(bytes + 8),
		tp_le_get32(bytes + 12), tp_le_get32(bytes + 16) };
}

struct tp_segment_about tp_segment_about(enum tp_segment_kind kind, uint32_t number, uint64_t at)
{
	struct tp_segment_about about = { { 0 } };

	memcpy(about.bytes, "segment", 7);
	about.bytes[7] = (unsigned char)kind;
	tp_le_put32(about.bytes + 8, number);
	tp_le_put64(about.bytes + 12, at);
	return about;
}

static enum tp_status damaged(const struct tp_segment *segment, uint64_t at, struct tp_error *err)
{
	return tp_fail(err, TP_DATA, "%s: damaged at %llu", segment->name, (unsigned long long)at);
}

enum tp_status tp_segment_file(const struct tp_segment *segment, int *fd, struct tp_error *err)
{
	*fd = segment->fd;
	if (!segment->archive || *fd >= 0)
		return TP_OK;
	*fd = openat(segment->archive->dir, segment->name, O_RDONLY | O_CLOEXEC);
	/* Whoever has read its front can have it made again, as when it is damaged. */
	if (*fd < 0 && errno == ENOENT && segment->bytes)
		return tp_fail(err, TP_DATA, "%s: gone", segment->name);
	if (*fd < 0)
		return tp_fail_errno(err, TP_NOINPUT, "%s", segment->name);
	return TP_OK;
}

/* Exactly `len` bytes at `at`, in place of what *out had. */
static enum tp_status read_at(const struct tp_segment *segment, int fd, uint64_t at, size_t len,
	struct tp_buf *out, struct tp_error *err)
{
	ssize_t n;
	char *to;

	tp_buf_clear(out);
	to = tp_buf_reserve(out, len ? len : 1);
	if (!to)
		return tp_buf_status(out, segment->name, err);
	if (!segment->archive) {
		if (at > segment->memory.len || len > segment->memory.len - at)
			return damaged(segment, at, err);
		memcpy(to, segment->memory.data + at, len);
	} else {
		n = tp_pread_all(fd, to, len, at);
		if (n < 0)
			return tp_fail_errno(err, TP_IO, "%s: cannot read", segment->name);
		if (n < (ssize_t)len)
			return damaged(segment, at + (uint64_t)n, err);
	}
	tp_buf_grew(out, len);
	return TP_OK;
}

enum tp_status tp_segment_piece(const struct tp_segment *segment, int fd,
	const struct tp_piece *piece, struct tp_buf *scratch, struct tp_buf *out,
	struct tp_error *err)
{
	struct tp_segment_about about;
	enum tp_status status;

	if (piece->at > segment->bytes || piece->stored > segment->bytes - piece->at ||
		piece->stored != piece->plain + (segment->sealed ? TP_CIPHER_EXTRA : 0))
		return damaged(segment, piece->at, err);
	status = read_at(
		segment, fd, piece->at, piece->stored, segment->sealed ? scratch : out, err);
	if (status || !segment->sealed) {
		if (!status && tp_crc32c(0, out->data, out->len) != piece->crc)
			return damaged(segment, piece->at, err);
		return status;
	}
	about = tp_segment_about(segment->kind, segment->number, piece->at);
	tp_buf_clear(out);
	status = tp_cipher_open(
		segment->archive->key, &about, sizeof about, scratch->data, scratch->len, out, err);
	return status ? tp_error_prefix(
				err, "%s: at %llu", segment->name, (unsigned long long)piece->at)
		      : TP_OK;
}

/* --- opening --------------------------------------------------------------------------------- */

static bool read_header(struct tp_segment *segment, const unsigned char *h, uint32_t *directory_crc)
{
	if (memcmp(h, TP_SEGMENT_MAGIC, 8) || tp_le_get32(h + 124) != tp_crc32c(0, h, 124) ||
		tp_le_get32(h + 8) != TP_SEGMENT_VERSION || tp_le_get32(h + 16) != segment->kind ||
		tp_le_get32(h + 20) != segment->number || tp_le_get32(h + 24) != tp_fold_version())
		return false;
	segment->sealed = tp_le_get32(h + 12) & TP_SEGMENT_SEALED;
	segment->chunk_count = tp_le_get32(h + 28);
	segment->rows = tp_le_get64(h + 32);
	segment->of = tp_le_get64(h + 40);
	segment->covers = tp_le_get64(h + 48);
	segment->blocks_at = tp_le_get64(h + 56);
	segment->block_count = tp_le_get32(h + 64);
	*directory_crc = tp_le_get32(h + 68);
	return true;
}

static bool read_entry(struct tp_segment_chunk_entry *entry, const unsigned char *e)
{
	struct tp_chunk_range *r = &entry->range;

	r->count = tp_le_get32(e);
	r->first_ms = (int64_t)tp_le_get64(e + 8);
	r->last_ms = (int64_t)tp_le_get64(e + 16);
	r->least_bytes = tp_le_get64(e + 24);
	r->most_bytes = tp_le_get64(e + 32);
	for (size_t i = 0; i < TP_SECTIONS; i++)
		entry->section[i] = tp_piece_get(e + 40 + i * TP_SEGMENT_FRAME_ENTRY);
	return r->count > 0 && r->count <= TP_SEGMENT_CHUNK && r->first_ms <= r->last_ms;
}

static enum tp_status read_directory(
	struct tp_segment *segment, const struct tp_buf *bytes, uint32_t crc, struct tp_error *err)
{
	const unsigned char *at = (const unsigned char *)bytes->data + TP_SEGMENT_HEADER;
	uint64_t rows = 0;

	if (tp_crc32c(0, at, bytes->len - TP_SEGMENT_HEADER) != crc)
		return damaged(segment, TP_SEGMENT_HEADER, err);
	segment->chunks = calloc(segment->chunk_count + 1, sizeof *segment->chunks);
	if (!segment->chunks)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (uint32_t i = 0; i < segment->chunk_count; i++, at += TP_SEGMENT_ENTRY) {
		if (!read_entry(&segment->chunks[i], at))
			return damaged(segment, TP_SEGMENT_HEADER, err);
		rows += segment->chunks[i].range.count;
	}
	return rows == segment->rows ? TP_OK : damaged(segment, TP_SEGMENT_HEADER, err);
}

/* From the open file; a file of another version or another folding is TP_DATA like a damaged one. */
static enum tp_status read_front(struct tp_segment *segment, int fd, struct tp_error *err)
{
	struct tp_buf bytes = TP_BUF_INIT(SIZE_MAX / 2);
	enum tp_status status;
	uint64_t front, size;
	uint32_t crc = 0;
	struct stat st;

	if (segment->archive && fstat(fd, &st))
		return tp_fail_errno(err, TP_IO, "%s", segment->name);
	size = segment->archive ? (uint64_t)st.st_size : segment->memory.len;
	segment->bytes = size;
	if (size < TP_SEGMENT_HEADER)
		return damaged(segment, 0, err);
	status = read_at(segment, fd, 0, size < FIRST_READ ? size : FIRST_READ, &bytes, err);
	if (!status && !read_header(segment, (unsigned char *)bytes.data, &crc))
		status = tp_fail(err, TP_DATA, "%s: damaged, or of another version", segment->name);
	if (status)
		goto out;
	front = TP_SEGMENT_HEADER + (uint64_t)segment->chunk_count * TP_SEGMENT_ENTRY;
	if (front > size || segment->blocks_at > size ||
		(size - segment->blocks_at) / TP_SEGMENT_BLOCK < segment->block_count)
		status = damaged(segment, 0, err);
	if (!status && front > bytes.len)
		status = read_at(segment, fd, 0, front, &bytes, err);
	tp_buf_truncate(&bytes, front);
	if (!status)
		status = read_directory(segment, &bytes, crc, err);
	if (!status && segment->sealed && !segment->archive->has_key)
		status = tp_fail(
			err, TP_CONFIG, "archive %s is encrypted: no key", segment->archive->path);
out:
	tp_buf_release(&bytes);
	return status;
}

enum tp_status tp_segment_open_kind(struct tp_archive *archive, enum tp_segment_kind kind,
	uint32_t number, struct tp_segment **segment, struct tp_error *err)
{
	struct tp_segment *s = calloc(1, sizeof *s);
	enum tp_status status;
	int fd = -1;

	*segment = NULL;
	if (!s)
		return tp_fail(err, TP_NOMEM, "out of memory");
	s->archive = archive;
	s->kind = kind;
	s->number = number;
	s->fd = -1;
	tp_segment_name(kind, number, s->name);
	status = tp_segment_file(s, &fd, err);
	if (!status)
		status = read_front(s, fd, err);
	if (!status && kind == TP_SEGMENT_JOURNAL)
		s->fd = fd;
	else if (fd >= 0)
		close(fd);
	if (status)
		tp_segment_close(s);
	else
		*segment = s;
	return status;
}

enum tp_status tp_segment_in_memory(
	struct tp_buf *file, struct tp_segment **segment, struct tp_error *err)
{
	struct tp_segment *s = calloc(1, sizeof *s);
	enum tp_status status;

	*segment = NULL;
	if (!s)
		return tp_fail(err, TP_NOMEM, "out of memory");
	s->fd = -1;
	snprintf(s->name, sizeof s->name, "index in memory");
	s->memory = *file;
	tp_buf_init(file, file->max);
	status = read_front(s, -1, err);
	if (status)
		tp_segment_close(s);
	else
		*segment = s;
	return status;
}

enum tp_status tp_segment_open(struct tp_archive *archive, uint32_t number,
	struct tp_segment **segment, struct tp_error *err)
{
	return tp_segment_open_kind(archive, TP_SEGMENT_PACK, number, segment, err);
}

void tp_segment_close(struct tp_segment *segment)
{
	if (!segment)
		return;
	if (segment->fd >= 0)
		close(segment->fd);
	tp_buf_release(&segment->memory);
	free(segment->chunks);
	free(segment);
}

size_t tp_segment_chunks(const struct tp_segment *segment)
{
	return segment->chunk_count;
}

const struct tp_chunk_range *tp_segment_range(const struct tp_segment *segment, size_t chunk)
{
	return &segment->chunks[chunk].range;
}

uint64_t tp_segment_rows(const struct tp_segment *segment)
{
	return segment->rows;
}

uint64_t tp_segment_covers(const struct tp_segment *segment, uint64_t *of)
{
	*of = segment->of;
	return segment->covers;
}

/* --- deliveries ------------------------------------------------------------------------------ */

static enum tp_status read_block(const struct tp_segment *segment, int fd, uint32_t block,
	struct tp_buf *scratch, struct tp_buf *out, struct tp_error *err)
{
	uint32_t stride = TP_SEGMENT_BLOCK + (segment->sealed ? TP_CIPHER_EXTRA : 4);
	struct tp_piece piece = { segment->blocks_at + (uint64_t)block * stride, stride,
		TP_SEGMENT_BLOCK, 0 };
	enum tp_status status;

	if (segment->sealed)
		return tp_segment_piece(segment, fd, &piece, scratch, out, err);
	status = read_at(segment, fd, piece.at, stride, out, err);
	if (!status && tp_crc32c(0, out->data, TP_SEGMENT_BLOCK) !=
			       tp_le_get32((unsigned char *)out->data + TP_SEGMENT_BLOCK))
		status = damaged(segment, piece.at, err);
	return status;
}

static enum tp_status look_in_block(const struct tp_segment *segment, const unsigned char *block,
	uint64_t prefix, struct tp_row *row)
{
	for (size_t i = 0; i < TP_SEGMENT_BLOCK_PAIRS; i++) {
		uint32_t packed = tp_le_get32(block + i * 12 + 8);

		if (tp_le_get64(block + i * 12) != prefix || packed == UINT32_MAX)
			continue;
		row->chunk = packed >> TP_SEGMENT_ROW_BITS;
		row->row = packed & ((1u << TP_SEGMENT_ROW_BITS) - 1);
		if (row->chunk < segment->chunk_count &&
			row->row < segment->chunks[row->chunk].range.count)
			return TP_OK;
	}
	return TP_NOTHING;
}

/* Hashes are spread evenly, so the block is about where the prefix says; then step by step. */
static enum tp_status look_around(const struct tp_segment *segment, int fd, uint64_t prefix,
	struct tp_row *row, struct tp_error *err)
{
	struct tp_buf scratch = TP_BUF_INIT(1u << 20), bytes = TP_BUF_INIT(1u << 20);
	uint32_t block = (uint32_t)((prefix >> 32) * segment->block_count >> 32);
	enum tp_status status = TP_NOTHING;
	int came = 0;

	for (;;) {
		const unsigned char *b;

		status = read_block(segment, fd, block, &scratch, &bytes, err);
		if (status)
			break;
		b = (const unsigned char *)bytes.data;
		status = look_in_block(segment, b, prefix, row);
		if (status != TP_NOTHING)
			break;
		if (came <= 0 && block > 0 && prefix <= tp_le_get64(b)) {
			came = -1;
			block--;
		} else if (came >= 0 && block + 1 < segment->block_count &&
			   prefix >= tp_le_get64(b + TP_SEGMENT_BLOCK - 12)) {
			came = 1;
			block++;
		} else {
			break;
		}
	}
	tp_buf_release(&scratch);
	tp_buf_release(&bytes);
	return status;
}

enum tp_status tp_segment_find_delivery(struct tp_segment *segment,
	const unsigned char delivery[TP_SHA256_BYTES], struct tp_row *row, struct tp_error *err)
{
	enum tp_status status;
	int fd = -1;

	if (segment->block_count == 0)
		return TP_NOTHING;
	status = tp_segment_file(segment, &fd, err);
	if (!status)
		status = look_around(segment, fd, tp_segment_prefix(delivery), row, err);
	if (fd >= 0 && fd != segment->fd)
		close(fd);
	return status;
}

static enum tp_status give_block(
	const unsigned char *block, tp_segment_each *each, void *context, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < TP_SEGMENT_BLOCK_PAIRS; i++)
		if (tp_le_get32(block + i * 12 + 8) != UINT32_MAX)
			status = each(context, tp_le_get64(block + i * 12), err);
	return status;
}

enum tp_status tp_segment_deliveries(
	struct tp_segment *segment, tp_segment_each *each, void *context, struct tp_error *err)
{
	struct tp_buf scratch = TP_BUF_INIT(1u << 20), bytes = TP_BUF_INIT(1u << 20);
	int fd = -1;
	enum tp_status status = tp_segment_file(segment, &fd, err);

	for (uint32_t b = 0; !status && b < segment->block_count; b++) {
		status = read_block(segment, fd, b, &scratch, &bytes, err);
		if (!status)
			status = give_block((unsigned char *)bytes.data, each, context, err);
	}
	if (fd >= 0 && fd != segment->fd)
		close(fd);
	tp_buf_release(&scratch);
	tp_buf_release(&bytes);
	return status;
}

/* --- keeping --------------------------------------------------------------------------------- */

static enum tp_status verify_chunk(
	struct tp_segment *segment, struct tp_chunk *chunk, size_t i, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_texts texts;
	struct tp_rows rows;
	enum tp_status status;

	tp_chunk_turn(chunk, segment, i);
	status = tp_chunk_rows(chunk, &rows, err);
	for (int c = 0; !status && c < TP_COLUMNS; c++)
		status = tp_chunk_texts(chunk, (enum tp_column)c, &texts, err);
	for (size_t r = 0; !status && r < rows.count; r++)
		status = tp_chunk_record(chunk, r, &record, err);
	tp_record_release(&record);
	return status;
}

static enum tp_status ignore(void *context, uint64_t prefix, struct tp_error *err)
{
	return TP_OK;
}

enum tp_status tp_segment_verify(struct tp_segment *segment, struct tp_error *err)
{
	struct tp_chunk *chunk;
	enum tp_status status = tp_chunk_new(&chunk, err);

	if (status)
		return status;
	for (size_t i = 0; !status && i < segment->chunk_count; i++)
		status = verify_chunk(segment, chunk, i, err);
	tp_chunk_free(chunk);
	return status ? status : tp_segment_deliveries(segment, ignore, NULL, err);
}

enum tp_status tp_segment_drop(struct tp_archive *archive, enum tp_segment_kind kind,
	uint32_t number, struct tp_error *err)
{
	char name[64], aside[72];
	enum tp_status status;

	tp_segment_name(kind, number, name);
	snprintf(aside, sizeof aside, "%s.new", name);
	status = tp_shred(archive, aside, err);
	return status ? status : tp_shred(archive, name, err);
}
