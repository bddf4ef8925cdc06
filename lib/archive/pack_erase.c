/*
 * Erasing from a pack: see pack.h. What a message has in the stream becomes zeros, and nobody else's
 * place changes; the blocks it is in are compressed anew, the others copied as they stand. So are
 * groups of the directory.
 *
 * What is damaged does not keep anybody's mail from being erased. A damaged block that holds nothing of
 * what goes is copied with the checksum that it should have: archive-check finds the damage as
 * before, and a copy of the pack may still mend it. In a damaged block that does, nobody can tell
 * where the message is: what cannot be read may be it, and what decompresses behind a flipped bit may
 * stand elsewhere than it should. So of such a block those messages stay that can be proven by their
 * hashes, and all the rest becomes zeros. It was lost before; archive-check goes on to name it. (With
 * a key nothing stays: a piece is opened whole or not at all.) A block is read twice, the second
 * time past the caches, before it is given up.
 *
 * What a damaged group tells of no message can be told from nothing else: where its messages are in
 * the stream is where no other group has one. So they go together or stay together (erase_lost.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "archive/pack_in.h"
#include "archive/pack_out.h"
#include "archive/proof.h"
#include "archive/shred.h"
#include "base/diag.h"

#define SECTOR 4096u /* what a disk gives or does not give */

struct erasing {
	struct tp_pack *pack;
	struct tp_pack_out out;
	const size_t *gone; /* ascending */
	const char (*ids)[TP_ID_LEN + 1];
	size_t gone_count;
	struct stretch {
		uint64_t begin, end;
	} * stretches; /* what the gone have in the stream, in its order */
	size_t stretch_count;
	bool lost; /* of one of them nothing says where it is */
};

/* A message of the pack. */
struct one {
	struct tp_pack *pack;
	size_t i;
};

static int compare(const void *left, const void *right)
{
	const struct stretch *a = left, *b = right;

	return (a->begin > b->begin) - (a->begin < b->begin);
}

static bool is_damage(enum tp_status status)
{
	return status == TP_DATA || status == TP_LIMIT || status == TP_IO;
}

/* Adds what message i has. */
static enum tp_status add_stretch(struct erasing *e, size_t i, struct tp_error *err)
{
	struct stretch *stretch = &e->stretches[e->stretch_count];
	const struct tp_pack_entry *entry;
	enum tp_status status = tp_pack_entry(e->pack, i, &entry, err);

	if (status || entry->erased || !entry->skeleton_bytes)
		return status;
	stretch->begin = entry->begin;
	stretch->end = entry->begin + entry->skeleton_bytes;
	e->stretch_count++;
	return TP_OK;
}

static enum tp_status find_stretches(struct erasing *e, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	e->stretches = calloc((size_t)e->pack->header.messages + 1, sizeof *e->stretches);
	if (!e->stretches)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (size_t i = 0; !status && i < e->gone_count; i++) {
		status = add_stretch(e, e->gone[i], err);
		if (is_damage(status) && e->ids) {
			e->lost = true;
			status = TP_OK;
		}
	}
	qsort(e->stretches, e->stretch_count, sizeof *e->stretches, compare);
	return status;
}

/* What no message has that stays: there is one stretch more at most than there are such messages. */
static void turn_around(struct erasing *e)
{
	uint64_t end = 0;
	size_t count = e->stretch_count;

	e->stretch_count = 0;
	for (size_t i = 0; i <= count; i++) {
		struct stretch kept = i < count ? e->stretches[i]
						: (struct stretch){ e->pack->header.stream_bytes,
							  e->pack->header.stream_bytes };

		if (kept.begin > end)
			e->stretches[e->stretch_count++] = (struct stretch){ end, kept.begin };
		end = kept.end > end ? kept.end : end;
	}
}

/* The stretches that no readable part of the directory lays claim to, and what the gone have. */
static enum tp_status find_unclaimed(struct erasing *e, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	size_t next = 0;

	e->stretch_count = 0;
	for (size_t i = 0; !status && i < e->pack->header.messages; i++) {
		if (next < e->gone_count && e->gone[next] == i)
			next++;
		else
			status = add_stretch(e, i, err);
	}
	qsort(e->stretches, e->stretch_count, sizeof *e->stretches, compare);
	if (!status)
		turn_around(e);
	return status;
}

/* The piece's bytes from the disk itself; zeros where it does not give any. */
static enum tp_status salvage(const struct erasing *e, const struct tp_pack_piece *piece,
	struct tp_buf *stored, struct tp_error *err)
{
	size_t done = 0, len = piece->stored_bytes;
	char *room = tp_buf_reserve(stored, len);

	if (!room)
		return tp_buf_status(stored, "piece", err);
	memset(room, 0, len);
	posix_fadvise(e->pack->fd, (off_t)piece->at, (off_t)len, POSIX_FADV_DONTNEED);
	while (done < len) {
		uint64_t at = piece->at + done;
		size_t want = SECTOR - at % SECTOR < len - done ? SECTOR - at % SECTOR : len - done;
		ssize_t n = pread(e->pack->fd, room + done, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		done += n > 0 ? (size_t)n : want;
	}
	tp_buf_grew(stored, len);
	return TP_OK;
}

/* A bit that flipped on its way to us is not there when we look again. */
static enum tp_status read_again(
	struct erasing *e, uint32_t index, const struct tp_buf **bytes, struct tp_error *err)
{
	const struct tp_pack_piece *piece = &e->pack->blocks[index].piece;

	posix_fadvise(
		e->pack->fd, (off_t)piece->at, (off_t)piece->stored_bytes, POSIX_FADV_DONTNEED);
	e->pack->stored_at = 0;
	return tp_pack_block_read(e->pack, index, bytes, err);
}

static enum tp_status give_skeleton(
	void *source, tp_press_sink *sink, void *context, struct tp_error *err)
{
	const struct one *one = source;

	return tp_pack_skeleton(one->pack, one->i, sink, context, err);
}

/* Adds what message i has in the block, if it is proven. */
static enum tp_status keep_message(struct erasing *e, size_t i, const struct tp_pack_entry *entry,
	uint32_t index, struct tp_buf *raw, struct tp_error *err)
{
	uint64_t block = e->pack->blocks[index].begin, end = block + raw->len;
	uint64_t from = entry->begin > block ? entry->begin : block;
	uint64_t to = entry->begin + entry->skeleton_bytes;
	struct tp_record record = TP_RECORD_INIT;
	struct one one = { e->pack, i };
	struct tp_split split = { 0 };
	const struct tp_buf *bytes;
	enum tp_status status;

	to = to < end ? to : end;
	status = tp_pack_record(e->pack, i, &record, &split, err);
	if (!status)
		status = tp_prove(e->out.archive, &record, &split, give_skeleton, &one, err);
	/* The block is damaged, which is why we are here, but of this message it has all. */
	if (!status && is_damage(tp_pack_block_read(e->pack, index, &bytes, NULL)) &&
		to - block <= bytes->len)
		memcpy(raw->data + (from - block), bytes->data + (from - block), to - from);
	tp_record_release(&record);
	tp_split_release(&split);
	return is_damage(status) ? TP_OK : status;
}

/* Zeros, and the messages in it that are proven. */
static enum tp_status salvage_block(
	struct erasing *e, uint32_t index, struct tp_buf *raw, struct tp_error *err)
{
	const struct tp_pack_block *block = &e->pack->blocks[index];
	uint64_t begin = block->begin, end = begin + block->piece.raw_bytes;
	char *room = tp_buf_reserve(raw, block->piece.raw_bytes);
	enum tp_status status = TP_OK;

	if (!room)
		return tp_buf_status(raw, "block of a pack", err);
	memset(room, 0, block->piece.raw_bytes);
	tp_buf_grew(raw, block->piece.raw_bytes);
	for (size_t i = 0; !status && i < e->pack->header.messages; i++) {
		const struct tp_pack_entry *entry;

		status = tp_pack_entry(e->pack, i, &entry, err);
		if (is_damage(status)) /* it cannot be read whatever we do */
			status = TP_OK;
		else if (!status && !entry->erased && entry->begin < end &&
			 entry->begin + entry->skeleton_bytes > begin)
			status = keep_message(e, i, entry, index, raw, err);
	}
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
	struct tp_error why;
	enum tp_status status = tp_pack_out_block(&e->out, &raw, err), read;

	if (status)
		return status;
	read = tp_pack_block_read(e->pack, index, &bytes, &why);
	if (is_damage(read))
		read = read_again(e, index, &bytes, &why);
	if (!read)
		tp_buf_add(raw, bytes->data, bytes->len);
	else if (!is_damage(read))
		status = tp_fail(err, read, "%s", why.text);
	else {
		tp_warn("%s: what cannot be read there is overwritten", why.text);
		status = salvage_block(e, index, raw, err);
	}
	if (!status)
		status = tp_buf_status(raw, "block of a pack", err);
	for (; !status && next < e->stretch_count && e->stretches[next].begin < end; next++) {
		const struct stretch *stretch = &e->stretches[next];
		uint64_t from = stretch->begin > block->begin ? stretch->begin : block->begin;
		uint64_t to = stretch->end < end ? stretch->end : end;

		memset(raw->data + (from - block->begin), 0, (size_t)(to - from));
	}
	return status;
}

/* The bytes as they stand, sound or not. */
static enum tp_status read_stored(struct erasing *e, const struct tp_pack_piece *piece,
	struct tp_buf *salvaged, const struct tp_buf **stored, struct tp_error *err)
{
	enum tp_status status = tp_pack_piece_read(e->pack, piece, stored, err);

	if (status != TP_IO)
		return status;
	*stored = salvaged;
	return salvage(e, piece, salvaged, err);
}

static enum tp_status copy_block(struct erasing *e, uint32_t index, struct tp_error *err)
{
	const struct tp_pack_piece *piece = &e->pack->blocks[index].piece;
	struct tp_buf salvaged = TP_BUF_INIT(TP_PACK_GROUP_MAX);
	const struct tp_buf *stored;
	enum tp_status status = read_stored(e, piece, &salvaged, &stored, err);

	if (!status)
		status = tp_pack_out_copy(&e->out, (unsigned char *)stored->data, piece, err);
	tp_buf_release(&salvaged);
	return status;
}

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

/* A part that cannot be read, in which everything goes. */
static enum tp_status replace_group(
	struct erasing *e, size_t first, uint32_t count, size_t next, struct tp_error *err)
{
	static const unsigned char unknown[TP_SHA256_BYTES];
	enum tp_status status = TP_OK;

	for (size_t i = first; !status && i < first + count; i++, next++) {
		struct tp_pack_entry entry = { .erased = true, .sha256 = unknown };

		if (next >= e->gone_count || e->gone[next] != i)
			return tp_fail(err, TP_INTERNAL,
				"pack %08u: message %zu would be lost with others",
				e->pack->header.number, i);
		memcpy(entry.id, e->ids[next], sizeof entry.id);
		entry.arrival_ms = tp_id_arrival(entry.id);
		status = tp_pack_out_entry(&e->out, &entry, err);
	}
	return status ? status : tp_pack_out_group_end(&e->out, err);
}

/* A group of which something goes. */
static enum tp_status clean_group(
	struct erasing *e, size_t first, uint32_t count, size_t next, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = first; !status && i < first + count; i++) {
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
	return status ? status : tp_pack_out_group_end(&e->out, err);
}

static enum tp_status copy_group(struct erasing *e, uint32_t index, struct tp_error *err)
{
	const struct tp_pack_group_place *place = &e->pack->groups[index];
	struct tp_buf salvaged = TP_BUF_INIT(TP_PACK_GROUP_MAX);
	const struct tp_buf *stored;
	enum tp_status status = read_stored(e, &place->piece, &salvaged, &stored, err);

	if (!status)
		status = tp_pack_out_group_copy(&e->out, (unsigned char *)stored->data, place,
			tp_pack_group_size(e->pack, index), err);
	tp_buf_release(&salvaged);
	return status;
}

static enum tp_status copy_directory(struct erasing *e, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	size_t next = 0;

	for (uint32_t g = 0; !status && g < e->pack->header.groups; g++) {
		size_t first = e->pack->groups[g].first;
		uint32_t count = tp_pack_group_size(e->pack, g);

		if (next == e->gone_count || e->gone[next] >= first + count)
			status = copy_group(e, g, err);
		else if (e->lost && is_damage(tp_pack_load_group(e->pack, g, NULL)))
			status = replace_group(e, first, count, next, err);
		else
			status = clean_group(e, first, count, next, err);
		while (next < e->gone_count && e->gone[next] < first + count)
			next++;
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
	const size_t *gone, const char (*ids)[TP_ID_LEN + 1], size_t gone_count,
	struct tp_error *err)
{
	struct erasing e = { .gone = gone, .ids = ids, .gone_count = gone_count, .out.fd = -1 };
	enum tp_status status = tp_pack_open(archive, number, &e.pack, err);

	if (!status)
		status = find_stretches(&e, err);
	if (!status && e.lost)
		status = find_unclaimed(&e, err);
	if (!status)
		status = tp_pack_out_begin(
			&e.out, archive, folder_of(e.pack->tier), number, ".new", 19, err);
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
