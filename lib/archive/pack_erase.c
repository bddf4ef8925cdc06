/*
 * Erasing from a pack: see pack.h. What a message has in the stream becomes zeros, and nobody else's
 * place changes; the blocks it is in are compressed anew, the others copied as they stand.
 */
#include <fcntl.h>
#include <unistd.h>

#include "archive/pack_in.h"
#include "archive/pack_out.h"
#include "archive/shred.h"

struct erasing {
	struct tp_pack *pack;
	struct tp_pack_out out;
	const size_t *gone; /* ascending */
	size_t gone_count;
	struct stretch {
		uint64_t begin, end;
	} * stretches; /* what the gone have in the stream, in its order */
	size_t stretch_count;
};

static int compare(const void *left, const void *right)
{
	const struct stretch *a = left, *b = right;

	return (a->begin > b->begin) - (a->begin < b->begin);
}

static enum tp_status find_stretches(struct erasing *e, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	e->stretches = calloc(e->gone_count + 1, sizeof *e->stretches);
	if (!e->stretches)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (size_t i = 0; !status && i < e->gone_count; i++) {
		const struct tp_pack_entry *entry;
		struct stretch *stretch = &e->stretches[e->stretch_count];

		status = tp_pack_entry(e->pack, e->gone[i], &entry, err);
		if (status || entry->erased || !entry->skeleton_bytes)
			continue;
		stretch->begin = entry->begin;
		stretch->end = entry->begin + entry->skeleton_bytes;
		e->stretch_count++;
	}
	qsort(e->stretches, e->stretch_count, sizeof *e->stretches, compare);
	return status;
}

/* The block without the stretches from *next on that reach into it. */
static enum tp_status clean_block(
	struct erasing *e, uint32_t index, size_t next, struct tp_error *err)
{
	const struct tp_pack_block *block = &e->pack->blocks[index];
	uint64_t end = block->begin + block->piece.raw_bytes;
	const struct tp_buf *bytes;
	struct tp_buf *raw;
	enum tp_status status = tp_pack_block_read(e->pack, index, &bytes, err);

	if (!status)
		status = tp_pack_out_block(&e->out, &raw, err);
	if (status)
		return status;
	tp_buf_add(raw, bytes->data, bytes->len);
	status = tp_buf_status(raw, "block of a pack", err);
	for (; !status && next < e->stretch_count && e->stretches[next].begin < end; next++) {
		const struct stretch *stretch = &e->stretches[next];
		uint64_t from = stretch->begin > block->begin ? stretch->begin : block->begin;
		uint64_t to = stretch->end < end ? stretch->end : end;

		memset(raw->data + (from - block->begin), 0, (size_t)(to - from));
	}
	return status;
}

static enum tp_status copy_block(struct erasing *e, uint32_t index, struct tp_error *err)
{
	const struct tp_pack_piece *piece = &e->pack->blocks[index].piece;
	const struct tp_buf *stored;
	enum tp_status status = tp_pack_piece_check(e->pack, "block", index, piece, err);

	if (!status)
		status = tp_pack_piece_read(e->pack, piece, &stored, err);
	if (!status)
		status = tp_pack_out_copy(&e->out, (unsigned char *)stored->data, piece, err);
	return status;
}

/* A damaged block is not copied as if it were sound: who looks later must find the damage, so nothing
 * is erased from such a pack before it was put back from a copy. */
static enum tp_status copy_blocks(struct erasing *e, struct tp_error *err)
{
	struct tp_pack *pack = e->pack;
	enum tp_status status = TP_OK;
	size_t next = 0;

	for (uint32_t i = 0; !status && i < pack->header.blocks; i++) {
		const struct tp_pack_block *block = &pack->blocks[i];
		uint64_t end = block->begin + block->piece.raw_bytes;

		while (next < e->stretch_count && e->stretches[next].end <= block->begin)
			next++;
		if (next < e->stretch_count && e->stretches[next].begin < end)
			status = clean_block(e, i, next, err);
		else
			status = copy_block(e, i, err);
	}
	return status ? status : tp_pack_out_blocks_end(&e->out, err);
}

static enum tp_status copy_directory(struct erasing *e, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	size_t next = 0;

	for (size_t i = 0; !status && i < e->pack->header.messages; i++) {
		const struct tp_pack_entry *entry;
		struct tp_pack_entry kept;

		status = tp_pack_entry(e->pack, i, &entry, err);
		if (status)
			break;
		kept = *entry;
		if (next < e->gone_count && e->gone[next] == i) {
			kept.erased = true;
			next++;
		}
		status = tp_pack_out_entry(&e->out, &kept, err);
	}
	return status;
}

static enum tp_status copy_rest(struct erasing *e, struct tp_error *err)
{
	const struct tp_pack_header *header = &e->pack->header;
	enum tp_status status = TP_OK;

	for (uint32_t i = 0; !status && i < header->journals; i++)
		status = tp_pack_out_journal(&e->out, e->pack->journals[i], err);
	memcpy(e->out.header.root, header->root, TP_SHA256_BYTES);
	memcpy(e->out.header.before, header->before, TP_SHA256_BYTES);
	memcpy(e->out.header.link, header->link, TP_SHA256_BYTES);
	return status ? status : tp_pack_out_end(&e->out, err);
}

static const char *folder_of(enum tp_tier tier)
{
	return tier == TP_TIER_CELLAR ? "cellar" : "pack";
}

enum tp_status tp_pack_erase_prepare(struct tp_archive *archive, uint32_t number,
	const size_t *gone, size_t gone_count, struct tp_error *err)
{
	struct erasing e = { .gone = gone, .gone_count = gone_count, .out.fd = -1 };
	enum tp_status status = tp_pack_open(archive, number, &e.pack, err);

	if (!status)
		status = find_stretches(&e, err);
	if (!status)
		status = tp_pack_out_begin(
			&e.out, archive, folder_of(e.pack->tier), number, 19, err);
	if (!status)
		status = copy_blocks(&e, err);
	if (!status)
		status = copy_directory(&e, err);
	if (!status)
		status = copy_rest(&e, err);
	if (!status)
		tp_pack_out_keep(&e.out);
	tp_pack_out_release(&e.out);
	tp_pack_close(e.pack);
	free(e.stretches);
	return status;
}

/* The folder the pack is in; cellar when it is not in pack/. */
static const char *find_folder(struct tp_archive *archive, uint32_t number)
{
	return faccessat(archive->dir, tp_pack_name("pack", number, "").text, F_OK, 0) ? "cellar"
										       : "pack";
}

enum tp_status tp_pack_erase_swap(struct tp_archive *archive, uint32_t number, struct tp_error *err)
{
	const char *folder = find_folder(archive, number);

	return tp_shred_swap(archive, tp_pack_name(folder, number, ".new").text,
		tp_pack_name(folder, number, "").text, err);
}

enum tp_status tp_pack_erase_finish(
	struct tp_archive *archive, uint32_t number, struct tp_error *err)
{
	return tp_shred(
		archive, tp_pack_name(find_folder(archive, number), number, ".gone").text, err);
}
