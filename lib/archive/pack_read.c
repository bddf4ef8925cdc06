/* Reading from packs that are open: pieces, groups, messages; see pack.h and pack_in.h. What a group says is
 * checked as pack_open.c checks the tables. */
#include "archive/pack_in.h"

#include <fcntl.h>

#include "base/crc32c.h"

/* --- pieces ----------------------------------------------------------------------------------- */

enum tp_status tp_pack_piece_read(struct tp_pack *pack, const struct tp_pack_piece *piece,
	const struct tp_buf **stored, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	char *room;

	*stored = &pack->stored;
	if (pack->stored_at == piece->at && pack->stored.len == piece->stored_bytes)
		return TP_OK;
	pack->stored_at = 0;
	tp_buf_clear(&pack->stored);
	room = tp_buf_reserve(&pack->stored, piece->stored_bytes);
	if (!room)
		return tp_buf_status(&pack->stored, "piece", err);
	status = tp_pack_pread(pack, piece->at, room, piece->stored_bytes, err);
	if (status)
		return status;
	tp_buf_grew(&pack->stored, piece->stored_bytes);
	pack->stored_at = piece->at;
	return TP_OK;
}

enum tp_status tp_pack_piece_check(struct tp_pack *pack, const char *what, uint32_t index,
	const struct tp_pack_piece *piece, struct tp_error *err)
{
	const struct tp_buf *stored;
	struct tp_error why;
	enum tp_status status = tp_pack_piece_read(pack, piece, &stored, &why);

	if (!status && tp_crc32c(0, stored->data, stored->len) != piece->crc)
		status = tp_fail(&why, TP_DATA, "checksum");
	return status ? tp_fail(err, status, "pack %08u: %s %u at offset %ju: %s",
				pack->header.number, what, index, (uintmax_t)piece->at, why.text)
		      : TP_OK;
}

static enum tp_status open_piece(struct tp_pack *pack, enum tp_pack_kind kind, uint32_t index,
	const struct tp_pack_piece *piece, struct tp_buf *out, struct tp_error *err)
{
	const struct tp_buf *stored;
	struct tp_error why;
	enum tp_status status = tp_pack_piece_read(pack, piece, &stored, &why);

	if (!status)
		status = tp_pack_piece_open(pack->archive, pack->header.number,
			pack->header.encrypted, kind, index, (unsigned char *)stored->data, piece,
			out, &why);
	return status ? tp_fail(err, status, "pack %08u: %s %u at offset %ju: %s",
				pack->header.number, kind == TP_PACK_BLOCK ? "block" : "group",
				index, (uintmax_t)piece->at, why.text)
		      : TP_OK;
}

uint32_t tp_pack_block_at(const struct tp_pack *pack, uint64_t at)
{
	uint32_t low = 0, high = pack->header.blocks;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (pack->blocks[middle].begin <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The frame has a checksum of its own, so the table's is not looked at here: what zstd gives is right,
 * and of a damaged frame everything before the damage is given all the same. */
enum tp_status tp_pack_block_read(
	struct tp_pack *pack, uint32_t index, const struct tp_buf **bytes, struct tp_error *err)
{
	const struct tp_pack_piece *piece = &pack->blocks[index].piece;
	struct tp_buf *kept = tp_pack_cache_get(pack->archive, pack, index);

	*bytes = kept;
	if (!kept)
		return tp_fail(err, TP_NOMEM, "out of memory");
	if (kept->len == piece->raw_bytes)
		return TP_OK;
	tp_buf_clear(kept);
	return open_piece(pack, TP_PACK_BLOCK, index, piece, kept, err);
}

uint32_t tp_pack_group_size(const struct tp_pack *pack, uint32_t index)
{
	uint32_t end = index + 1 < pack->header.groups ? pack->groups[index + 1].first
						       : pack->header.messages;

	return end - pack->groups[index].first;
}

/* The slot of that group, or the one that was not used for longest; NULL: no memory. */
static struct tp_pack_group_slot *find_slot(struct tp_pack *pack, uint32_t index)
{
	struct tp_pack_group_slot *oldest;

	if (!pack->kept)
		pack->kept = calloc(TP_PACK_GROUPS_KEPT, sizeof *pack->kept);
	oldest = pack->kept;
	for (int i = 0; oldest && i < TP_PACK_GROUPS_KEPT; i++) {
		struct tp_pack_group_slot *slot = &pack->kept[i];

		if (slot->used && slot->index == index)
			return slot;
		if (slot->used < oldest->used)
			oldest = slot;
	}
	return oldest;
}

enum tp_status tp_pack_load_group(struct tp_pack *pack, uint32_t index, struct tp_error *err)
{
	const struct tp_pack_piece *piece = &pack->groups[index].piece;
	struct tp_pack_group_slot *slot = find_slot(pack, index);
	struct tp_error why;
	enum tp_status status;

	if (!slot)
		return tp_fail(err, TP_NOMEM, "out of memory");
	pack->group = &slot->group;
	if (slot->used && slot->index == index) {
		slot->used = ++pack->clock;
		return TP_OK;
	}
	slot->used = 0;
	tp_buf_clear(&slot->group.bytes);
	slot->group.bytes.max = TP_PACK_GROUP_MAX;
	status = open_piece(pack, TP_PACK_GROUP, index, piece, &slot->group.bytes, err);
	if (status)
		return status;
	status = tp_pack_group_parse(&slot->group, tp_pack_group_size(pack, index), &why);
	if (status)
		return tp_fail(err, status, "pack %08u: group %u at offset %ju: %s",
			pack->header.number, index, (uintmax_t)piece->at, why.text);
	slot->index = index;
	slot->used = ++pack->clock;
	return TP_OK;
}

size_t tp_pack_parts(const struct tp_pack *pack)
{
	return pack->header.groups;
}

enum tp_status tp_pack_part(
	struct tp_pack *pack, size_t index, struct tp_pack_part *part, struct tp_error *err)
{
	const struct tp_pack_piece *piece = &pack->groups[index].piece;
	enum tp_status status;

	*part = (struct tp_pack_part){ .first = pack->groups[index].first,
		.count = tp_pack_group_size(pack, (uint32_t)index) };
	memcpy(part->id, pack->groups[index].id, sizeof part->id);
	if (index + 1 < pack->header.groups)
		memcpy(part->next_id, pack->groups[index + 1].id, sizeof part->next_id);
	status = tp_pack_load_group(pack, (uint32_t)index, err);
	if (status != TP_DATA && status != TP_IO)
		return status;
	/* A bit that flipped on its way to us is not there when we look again. */
	posix_fadvise(pack->fd, (off_t)piece->at, (off_t)piece->stored_bytes, POSIX_FADV_DONTNEED);
	pack->stored_at = 0;
	return tp_pack_load_group(pack, (uint32_t)index, err);
}

/* --- messages --------------------------------------------------------------------------------- */

static uint32_t group_of(const struct tp_pack *pack, size_t i)
{
	uint32_t low = 0, high = pack->header.groups;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (pack->groups[middle].first <= i)
			low = middle;
		else
			high = middle;
	}
	return low;
}

enum tp_status tp_pack_entry(
	struct tp_pack *pack, size_t i, const struct tp_pack_entry **entry, struct tp_error *err)
{
	uint64_t stream = pack->header.stream_bytes;
	enum tp_status status;
	uint32_t group;

	if (i >= pack->header.messages)
		return tp_fail(
			err, TP_INTERNAL, "pack %08u has no message %zu", pack->header.number, i);
	group = group_of(pack, i);
	status = tp_pack_load_group(pack, group, err);
	if (status)
		return status;
	*entry = &pack->group->entries[i - pack->groups[group].first];
	if ((*entry)->begin > stream || (*entry)->skeleton_bytes > stream - (*entry)->begin)
		return tp_fail(err, TP_DATA, "pack %08u: %s is not where the directory says",
			pack->header.number, (*entry)->id);
	return TP_OK;
}

/* What the message takes: its share of the blocks it is in, and of its group. */
static uint64_t stored_bytes(
	const struct tp_pack *pack, size_t i, const struct tp_pack_entry *entry)
{
	uint32_t group = group_of(pack, i);
	uint64_t end = entry->begin + entry->skeleton_bytes, bytes;

	bytes = pack->groups[group].piece.stored_bytes / tp_pack_group_size(pack, group);
	for (uint64_t at = entry->begin; at < end;) {
		const struct tp_pack_block *block = &pack->blocks[tp_pack_block_at(pack, at)];
		uint64_t block_end = block->begin + block->piece.raw_bytes;
		uint64_t part = (end < block_end ? end : block_end) - at;

		bytes += part * block->piece.stored_bytes / block->piece.raw_bytes;
		at += part;
	}
	return bytes;
}

static enum tp_status read_erased(const struct tp_pack_entry *entry, struct tp_record *record,
	struct tp_split *split, struct tp_error *err)
{
	struct tp_pack_entry nothing = *entry;
	enum tp_status status;

	nothing.sender = nothing.from = nothing.to = nothing.subject = nothing.actor = "";
	status = tp_pack_entry_read(&nothing, record, split, err);
	if (status)
		return status;
	return tp_fail(err, TP_NOTHING, "%s was erased", entry->id);
}

enum tp_status tp_pack_record(struct tp_pack *pack, size_t i, struct tp_record *record,
	struct tp_split *split, struct tp_error *err)
{
	const struct tp_pack_entry *entry;
	enum tp_status status = tp_pack_entry(pack, i, &entry, err);

	if (status)
		return status;
	if (entry->erased)
		return read_erased(entry, record, split, err);
	status = tp_pack_entry_read(entry, record, split, err);
	if (status)
		return tp_error_prefix(err, "pack %08u: %s", pack->header.number, entry->id);
	if (record)
		record->stored_bytes = stored_bytes(pack, i, entry);
	return TP_OK;
}

enum tp_status tp_pack_stream(struct tp_pack *pack, uint64_t begin, uint64_t len,
	tp_press_sink *sink, void *context, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	struct tp_error why;

	while (!status && len) {
		uint32_t index = tp_pack_block_at(pack, begin);
		uint64_t skip = begin - pack->blocks[index].begin;
		uint64_t want = pack->blocks[index].piece.raw_bytes - skip;
		const struct tp_buf *block;

		want = want < len ? want : len;
		status = tp_pack_block_read(pack, index, &block, &why);
		/* Damage behind our part of the block is not ours. */
		if (status == TP_DATA && skip + want <= block->len)
			status = TP_OK;
		if (status)
			tp_fail(err, status, "%s", why.text);
		else
			status = sink(context, block->data + skip, (size_t)want, err);
		begin += want;
		len -= want;
	}
	return status;
}

enum tp_status tp_pack_skeleton(
	struct tp_pack *pack, size_t i, tp_press_sink *sink, void *context, struct tp_error *err)
{
	const struct tp_pack_entry *entry;
	enum tp_status status = tp_pack_entry(pack, i, &entry, err);

	if (status)
		return status;
	if (entry->erased)
		return tp_fail(err, TP_NOTHING, "%s was erased", entry->id);
	return tp_pack_stream(pack, entry->begin, entry->skeleton_bytes, sink, context, err);
}

enum tp_status tp_pack_shelf(struct tp_pack *pack, size_t i, uint32_t *shelf, struct tp_error *err)
{
	const struct tp_pack_entry *entry;
	enum tp_status status = tp_pack_entry(pack, i, &entry, err);

	*shelf = 0;
	if (!status && entry->begin < pack->header.stream_bytes)
		*shelf = tp_pack_block_at(pack, entry->begin);
	return status;
}

/* The first entry in the group whose id is not below `id`; group->count when there is none. */
static uint32_t lower_bound(const struct tp_pack_group *group, const char *id)
{
	uint32_t low = 0, high = group->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(group->entries[middle].id, id, TP_ID_LEN) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum tp_status tp_pack_find(struct tp_pack *pack, const char *id, size_t *i, struct tp_error *err)
{
	uint32_t low = 0, high = pack->header.groups, k;
	enum tp_status status;

	if (strlen(id) != TP_ID_LEN || memcmp(pack->groups[0].id, id, TP_ID_LEN) > 0)
		return TP_NOTHING;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(pack->groups[middle].id, id, TP_ID_LEN) <= 0)
			low = middle;
		else
			high = middle;
	}
	status = tp_pack_load_group(pack, low, err);
	if (status)
		return status;
	k = lower_bound(pack->group, id);
	if (k == pack->group->count || memcmp(pack->group->entries[k].id, id, TP_ID_LEN))
		return TP_NOTHING;
	*i = (size_t)pack->groups[low].first + k;
	return TP_OK;
}
