/* Opening packs: header and tables; see pack.h and pack_in.h. Nothing in the file is trusted: every number
 * is checked against the file's size before it is used. */
#include "archive/pack_in.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "base/le.h"

enum tp_status tp_pack_pread(
	struct tp_pack *pack, uint64_t at, void *bytes, size_t len, struct tp_error *err)
{
	ssize_t n = tp_pread_all(pack->fd, bytes, len, at);

	if (n == (ssize_t)len)
		return TP_OK;
	errno = n < 0 ? errno : EIO;
	return tp_fail_errno(err, TP_IO, "cannot read %zu bytes at offset %ju", len, (uintmax_t)at);
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
	status = tp_pack_pread(pack, 0, bytes, sizeof bytes, err);
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
	status = tp_pack_pread(pack, pack->header.tables_at, tables, len, err);
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
