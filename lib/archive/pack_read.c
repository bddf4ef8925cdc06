/* Reading packs: see pack.h and pack_in.h. Nothing in the file is trusted: every number is checked
 * against the file's size before it is used. */
#include "archive/pack_in.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/le.h"

/* --- opening ---------------------------------------------------------------------------------- */

static enum tp_status read_at(
	struct tp_pack *pack, uint64_t at, void *bytes, size_t len, struct tp_error *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(pack->fd, (char *)bytes + done, len - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : EIO;
			return tp_fail_errno(err, TP_IO, "cannot read %zu bytes at offset %ju", len,
				(uintmax_t)at);
		}
		done += (size_t)n;
	}
	return TP_OK;
}

static enum tp_status read_header(struct tp_pack *pack, struct tp_error *err)
{
	unsigned char bytes[TP_PACK_HEADER];
	enum tp_status status;
	struct stat st;

	if (fstat(pack->fd, &st))
		return tp_fail_errno(err, TP_IO, "cannot read");
	if (st.st_size < TP_PACK_HEADER)
		return tp_fail(err, TP_DATA, "truncated: it has %jd bytes", (intmax_t)st.st_size);
	status = read_at(pack, 0, bytes, sizeof bytes, err);
	return status ? status
		      : tp_pack_header_read(bytes, (uint64_t)st.st_size, &pack->header, err);
}

static bool is_within(const struct tp_pack *pack, const struct tp_pack_piece *piece)
{
	return piece->at >= TP_PACK_HEADER && piece->at <= pack->header.tables_at &&
	       piece->stored_bytes <= pack->header.tables_at - piece->at;
}

static bool read_blocks(struct tp_pack *pack, const unsigned char *table)
{
	uint64_t begin = 0;

	for (uint32_t i = 0; i < pack->header.blocks; i++) {
		struct tp_pack_block *block = &pack->blocks[i];

		tp_pack_block_entry_read(table + (size_t)i * TP_PACK_BLOCK_ENTRY, &block->piece);
		if (!is_within(pack, &block->piece) || !block->piece.raw_bytes ||
			block->piece.raw_bytes > TP_PACK_BLOCK_BYTES)
			return false;
		block->begin = begin;
		begin += block->piece.raw_bytes;
	}
	return begin == pack->header.stream_bytes;
}

/* A group has 256 messages at most, so that what the header promises costs the file something. */
static bool read_groups(struct tp_pack *pack, const unsigned char *table)
{
	uint32_t count = pack->header.groups, next = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct tp_pack_group_place *place = &pack->groups[i];

		tp_pack_group_entry_read(table + (size_t)i * TP_PACK_GROUP_ENTRY, place);
		if (!is_within(pack, &place->piece) || place->piece.raw_bytes > TP_PACK_GROUP_MAX)
			return false;
		if (i ? place->first <= next || place->first - next > TP_PACK_GROUP_COUNT
		      : place->first != 0)
			return false;
		next = place->first;
	}
	return pack->header.messages > next && pack->header.messages - next <= TP_PACK_GROUP_COUNT;
}

static enum tp_status take_tables(
	struct tp_pack *pack, const unsigned char *tables, size_t len, struct tp_error *err)
{
	const struct tp_pack_header *header = &pack->header;
	const unsigned char *groups = tables + (size_t)header->blocks * TP_PACK_BLOCK_ENTRY;
	const unsigned char *journals = groups + (size_t)header->groups * TP_PACK_GROUP_ENTRY;

	if (tp_crc32c(0, tables, len) != header->tables_crc)
		return tp_fail(err, TP_DATA, "damaged: checksum of the tables at offset %ju",
			(uintmax_t)header->tables_at);
	pack->blocks = calloc((size_t)header->blocks + 1, sizeof *pack->blocks);
	pack->groups = calloc((size_t)header->groups + 1, sizeof *pack->groups);
	pack->journals = calloc((size_t)header->journals + 1, sizeof *pack->journals);
	if (!pack->blocks || !pack->groups || !pack->journals)
		return tp_fail(err, TP_NOMEM, "out of memory");
	if (!read_blocks(pack, tables) || !read_groups(pack, groups))
		return tp_fail(err, TP_DATA, "damaged: its tables contradict each other");
	for (uint32_t i = 0; i < header->journals; i++)
		pack->journals[i] = tp_le_get32(journals + (size_t)i * 4);
	return TP_OK;
}

/* They are at the end of the file, and no longer than it (tp_pack_header_read). */
static enum tp_status read_tables(struct tp_pack *pack, struct tp_error *err)
{
	size_t len = (size_t)(pack->header.file_bytes - pack->header.tables_at);
	unsigned char *tables = malloc(len + 1);
	enum tp_status status;

	if (!tables)
		return tp_fail(err, TP_NOMEM, "out of memory");
	status = read_at(pack, pack->header.tables_at, tables, len, err);
	if (!status)
		status = take_tables(pack, tables, len, err);
	free(tables);
	return status;
}

static int open_file(struct tp_pack *pack, uint32_t number)
{
	int fd = openat(
		pack->archive->dir, tp_pack_name("pack", number, "").text, O_RDONLY | O_CLOEXEC);

	pack->tier = TP_TIER_ONLINE;
	if (fd >= 0 || errno != ENOENT)
		return fd;
	pack->tier = TP_TIER_CELLAR;
	return openat(
		pack->archive->dir, tp_pack_name("cellar", number, "").text, O_RDONLY | O_CLOEXEC);
}

enum tp_status tp_pack_open(
	struct tp_archive *archive, uint32_t number, struct tp_pack **out, struct tp_error *err)
{
	struct tp_pack *pack = calloc(1, sizeof *pack);
	enum tp_status status = TP_OK;

	*out = NULL;
	if (!pack)
		return tp_fail(err, TP_NOMEM, "out of memory");
	pack->archive = archive;
	tp_buf_init(&pack->stored, TP_PACK_GROUP_MAX);
	pack->fd = open_file(pack, number);
	if (pack->fd < 0)
		status = tp_fail_errno(err, TP_NOINPUT, "cannot open");
	if (!status)
		status = read_header(pack, err);
	if (!status)
		status = read_tables(pack, err);
	if (!status && pack->header.number != number)
		status = tp_fail(
			err, TP_DATA, "this is pack %08u under another name", pack->header.number);
	if (status) {
		tp_pack_close(pack);
		return err ? tp_error_prefix(err, "pack %08u", number) : status;
	}
	*out = pack;
	return TP_OK;
}

void tp_pack_close(struct tp_pack *pack)
{
	if (!pack)
		return;
	tp_pack_cache_drop(pack->archive, pack);
	for (int i = 0; pack->kept && i < TP_PACK_GROUPS_KEPT; i++)
		tp_pack_group_release(&pack->kept[i].group);
	free(pack->kept);
	tp_buf_release(&pack->stored);
	if (pack->fd >= 0)
		close(pack->fd);
	free(pack->blocks);
	free(pack->groups);
	free(pack->journals);
	free(pack);
}

enum tp_tier tp_pack_tier(const struct tp_pack *pack)
{
	return pack->tier;
}

uint32_t tp_pack_number(const struct tp_pack *pack)
{
	return pack->header.number;
}

uint64_t tp_pack_size(const struct tp_pack *pack)
{
	return pack->header.file_bytes;
}

size_t tp_pack_count(const struct tp_pack *pack)
{
	return pack->header.messages;
}

const unsigned char *tp_pack_root(const struct tp_pack *pack)
{
	return pack->header.root;
}

const unsigned char *tp_pack_before(const struct tp_pack *pack)
{
	return pack->header.before;
}

const unsigned char *tp_pack_link(const struct tp_pack *pack)
{
	return pack->header.link;
}

const uint32_t *tp_pack_journals(const struct tp_pack *pack, size_t *count)
{
	*count = pack->header.journals;
	return pack->journals;
}

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
	status = read_at(pack, piece->at, room, piece->stored_bytes, err);
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
