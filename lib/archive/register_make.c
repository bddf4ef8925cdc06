/* Making registers of segments, or of smaller registers: see register.h. Memory: 8 bytes for each message
 * of at most 512 packs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "archive/register_form.h"
#include "archive/shred.h"
#include "base/array.h"
#include "base/crc32c.h"

struct making {
	struct tp_archive *archive;
	struct tp_register_pack packs[TP_REGISTER_FAN * TP_REGISTER_FAN * TP_REGISTER_FAN];
	uint32_t pack_count;
	uint64_t *entries;
	size_t count, cap;
};

static enum tp_status add_entry(
	struct making *m, uint64_t mark, uint32_t pack, struct tp_error *err)
{
	uint64_t *entries = tp_array_room(m->entries, m->count, &m->cap, 4096, sizeof *entries);

	if (!entries)
		return tp_fail(err, TP_NOMEM, "out of memory");
	m->entries = entries;
	m->entries[m->count++] = mark << TP_REGISTER_BITS | pack;
	return TP_OK;
}

/* --- gathering -------------------------------------------------------------------------------- */

static enum tp_status add_prefix(void *context, uint64_t prefix, struct tp_error *err)
{
	struct making *m = context;
	uint64_t mark;
	enum tp_status status = tp_register_mark(m->archive, prefix, &mark, err);

	return status ? status : add_entry(m, mark, m->pack_count, err);
}

/* A pack without a sound segment is left out, and will be asked itself. */
static enum tp_status add_pack(struct making *m, uint32_t number, struct tp_error *err)
{
	struct tp_register_pack *pack = &m->packs[m->pack_count];
	struct tp_segment *segment;
	size_t before = m->count;
	enum tp_status status = tp_segment_open(m->archive, number, &segment, err);

	*pack = (struct tp_register_pack){ number, INT64_MAX, INT64_MIN };
	for (size_t i = 0; !status && i < tp_segment_chunks(segment); i++) {
		const struct tp_chunk_range *range = tp_segment_range(segment, i);

		pack->first_ms =
			range->first_ms < pack->first_ms ? range->first_ms : pack->first_ms;
		pack->last_ms = range->last_ms > pack->last_ms ? range->last_ms : pack->last_ms;
	}
	if (!status)
		status = tp_segment_deliveries(segment, add_prefix, m, err);
	tp_segment_close(segment);
	if (!status)
		m->pack_count++;
	else
		m->count = before;
	return status == TP_NOMEM || status == TP_CONFIG ? status : TP_OK;
}

static enum tp_status add_register(
	struct making *m, uint32_t first, uint32_t span, struct tp_error *err)
{
	uint64_t entries[TP_REGISTER_ENTRIES];
	struct tp_register *reg;
	size_t n, before = m->count;
	enum tp_status status = tp_register_open(m->archive, first, span, &reg, err);

	for (uint32_t b = 0; !status && b < reg->block_count; b++) {
		status = tp_register_block(reg, b, entries, &n, err);
		for (size_t i = 0; !status && i < n; i++)
			status = add_entry(m, entries[i] >> TP_REGISTER_BITS,
				m->pack_count +
					(uint32_t)(entries[i] & ((1u << TP_REGISTER_BITS) - 1)),
				err);
	}
	if (status)
		m->count = before;
	for (uint32_t i = 0; !status && i < reg->pack_count; i++)
		m->packs[m->pack_count++] = reg->packs[i];
	tp_register_close(reg);
	return status;
}

/* --- writing ---------------------------------------------------------------------------------- */

static int compare(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void add_front(const struct making *m, uint32_t first, uint32_t span, struct tp_buf *out)
{
	unsigned char head[TP_REGISTER_HEADER] = TP_REGISTER_MAGIC, pack[TP_REGISTER_PACK];
	uint32_t crc = 0;

	tp_buf_add(out, head, sizeof head);
	for (uint32_t i = 0; i < m->pack_count; i++) {
		tp_le_put32(pack, m->packs[i].number);
		tp_le_put64(pack + 4, (uint64_t)m->packs[i].first_ms);
		tp_le_put64(pack + 12, (uint64_t)m->packs[i].last_ms);
		crc = tp_crc32c(crc, pack, sizeof pack);
		tp_buf_add(out, pack, sizeof pack);
	}
	tp_le_put32(head + 8, TP_REGISTER_VERSION);
	tp_le_put32(head + 12, first);
	tp_le_put32(head + 16, span);
	tp_le_put32(head + 20, m->pack_count);
	tp_le_put32(
		head + 24, (uint32_t)((m->count + TP_REGISTER_ENTRIES - 1) / TP_REGISTER_ENTRIES));
	tp_le_put32(head + 28, crc);
	tp_le_put32(head + 60, tp_crc32c(0, head, 60));
	if (!out->status)
		memcpy(out->data, head, sizeof head);
}

static void add_block(const struct making *m, size_t at, struct tp_buf *out)
{
	unsigned char block[TP_REGISTER_BLOCK] = { 0 };

	memset(block, 0xff, 8 * TP_REGISTER_ENTRIES);
	for (size_t i = 0; i < TP_REGISTER_ENTRIES && at + i < m->count; i++)
		tp_le_put64(block + 8 * i, m->entries[at + i]);
	tp_le_put32(block + 8 * TP_REGISTER_ENTRIES, tp_crc32c(0, block, 8 * TP_REGISTER_ENTRIES));
	tp_buf_add(out, block, sizeof block);
}

static enum tp_status write_register(
	struct making *m, uint32_t first, uint32_t span, struct tp_error *err)
{
	struct tp_buf out = TP_BUF_INIT(SIZE_MAX / 2);
	char name[TP_ARCHIVE_NAME];
	enum tp_status status;

	if (m->count)
		qsort(m->entries, m->count, sizeof *m->entries, compare);
	add_front(m, first, span, &out);
	for (size_t at = 0; at < m->count; at += TP_REGISTER_ENTRIES)
		add_block(m, at, &out);
	tp_register_name(first, span, name);
	status = tp_archive_file_replace(m->archive, name, &out, err);
	tp_buf_release(&out);
	return status;
}

/* --- growing ---------------------------------------------------------------------------------- */

static bool is_there(struct tp_archive *archive, uint32_t first, uint32_t span)
{
	char name[TP_ARCHIVE_NAME];

	tp_register_name(first, span, name);
	return !faccessat(archive->dir, name, F_OK, 0);
}

static enum tp_status drop(
	struct tp_archive *archive, uint32_t first, uint32_t span, struct tp_error *err)
{
	char name[TP_ARCHIVE_NAME];

	tp_register_name(first, span, name);
	if (unlinkat(archive->dir, name, 0) && errno != ENOENT)
		return tp_fail_errno(err, TP_IO, "%s/%s: cannot remove", archive->path, name);
	return TP_OK;
}

static enum tp_status make(
	struct tp_archive *archive, uint32_t first, uint32_t span, struct tp_error *err)
{
	struct making m = { .archive = archive };
	uint32_t part = span / TP_REGISTER_FAN;
	enum tp_status status = TP_OK;

	for (uint32_t at = first; !status && at < first + span; at += part) {
		status = part == 1 ? TP_DATA : add_register(&m, at, part, err);
		if (status != TP_DATA && status != TP_NOINPUT && status != TP_IO)
			continue;
		status = TP_OK;
		for (uint32_t n = at; !status && n < at + part; n++)
			status = add_pack(&m, n, err);
	}
	if (!status)
		status = write_register(&m, first, span, err);
	free(m.entries);
	for (uint32_t at = first; !status && part > 1 && at < first + span; at += part)
		status = drop(archive, at, part, err);
	return status;
}

/* One of more packs has it in. */
static bool is_within_larger(struct tp_archive *archive, uint32_t first, unsigned level)
{
	while (++level <= TP_REGISTER_LEVELS) {
		uint32_t span = tp_register_span(level);

		if (is_there(archive, (first - 1) / span * span + 1, span))
			return true;
	}
	return false;
}

enum tp_status tp_registers_grow(struct tp_archive *archive, uint32_t last, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (unsigned level = 1; level <= TP_REGISTER_LEVELS; level++) {
		uint32_t span = tp_register_span(level);

		for (uint32_t first = 1; !status && first + span - 1 <= last; first += span)
			if (!is_there(archive, first, span) &&
				!is_within_larger(archive, first, level))
				status = make(archive, first, span, err);
	}
	return status;
}

static enum tp_status drop_all(struct tp_archive *archive, struct tp_error *err)
{
	return tp_shred_all(archive, "index", ".tpr", err);
}

enum tp_status tp_registers_drop(struct tp_archive *archive, uint32_t number, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (!number)
		return drop_all(archive, err);
	for (unsigned level = 1; !status && level <= TP_REGISTER_LEVELS; level++) {
		uint32_t span = tp_register_span(level);

		status = drop(archive, (number - 1) / span * span + 1, span, err);
	}
	return status;
}
