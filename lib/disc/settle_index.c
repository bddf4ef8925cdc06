/* The index of a disc, by which archive-find knows the mails that left for it: see settle_parts.h. */
#include <stdlib.h>

#include "archive/chunk.h"
#include "archive/segment_builder.h"
#include "disc/files.h"
#include "disc/ledger_file.h"
#include "disc/settle_parts.h"

/* The segment of a disc being made: what it has, and the mails of packs that leave. */
struct building {
	struct tp_settling *s;
	struct tp_settle_disc *g;
	struct tp_segment_builder *builder;
	unsigned char *has;   /* a byte for each mail of the disc */
	uint64_t rows, fresh; /* fresh: of packs that leave now */
	bool more;            /* than the segment of before */
};

static enum tp_status add_row(
	void *context, const struct tp_record *record, bool erased, struct tp_error *err)
{
	struct building *b = context;
	const struct tp_disc_id *entry = tp_disc_ids_find(&b->g->ids, record->id);

	if (!entry || b->has[entry->i])
		return TP_OK;
	b->has[entry->i] = 1;
	b->rows++;
	b->fresh++;
	b->more = true;
	return tp_segment_builder_add_at(b->builder, record, erased, entry->i, err);
}

static enum tp_status add_old_chunk(
	struct building *b, struct tp_chunk *chunk, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_rows rows;
	enum tp_status status = tp_chunk_rows(chunk, &rows, err);

	for (size_t i = 0; !status && i < rows.count; i++) {
		if (rows.at[i] >= b->g->disc.mails || b->has[rows.at[i]])
			continue;
		b->has[rows.at[i]] = 1;
		b->rows++;
		status = tp_chunk_record(chunk, i, &record, err);
		if (!status)
			status = tp_segment_builder_add_at(
				b->builder, &record, rows.erased[i], rows.at[i], err);
	}
	tp_record_release(&record);
	return status;
}

/* What left for the disc before. It is nowhere else: damage there stops everything. */
static enum tp_status add_old(struct building *b, struct tp_error *err)
{
	struct tp_segment *segment = NULL;
	struct tp_chunk *chunk = NULL;
	enum tp_status status = tp_segment_open_kind(
		b->s->archive, TP_SEGMENT_DISC, b->g->disc.number, &segment, err);

	if (status == TP_NOINPUT)
		return TP_OK;
	if (!status)
		status = tp_chunk_new(&chunk, err);
	for (size_t i = 0; !status && i < tp_segment_chunks(segment); i++) {
		tp_chunk_turn(chunk, segment, i);
		status = add_old_chunk(b, chunk, err);
	}
	tp_chunk_free(chunk);
	tp_segment_close(segment);
	return status;
}

/* --- mails that left for other discs ---------------------------------------------------------- */

static enum tp_status add_other_row(struct building *b, struct tp_chunk *chunk,
	const struct tp_rows *rows, size_t i, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	const struct tp_disc_id *entry;
	char id[TP_ID_LEN + 1];
	enum tp_status status;

	tp_id_make(rows->arrival_ms[i], rows->tail[i], id);
	entry = tp_disc_ids_find(&b->g->ids, id);
	if (!entry || b->has[entry->i])
		return TP_OK;
	status = tp_chunk_record(chunk, i, &record, err);
	if (!status) {
		b->has[entry->i] = 1;
		b->rows++;
		b->more = true;
		status = tp_segment_builder_add_at(
			b->builder, &record, rows->erased[i], entry->i, err);
	}
	tp_record_release(&record);
	return status;
}

static enum tp_status add_other_chunk(
	struct building *b, struct tp_chunk *chunk, struct tp_error *err)
{
	struct tp_rows rows;
	enum tp_status status = tp_chunk_rows(chunk, &rows, err);

	for (size_t i = 0; !status && i < rows.count; i++)
		status = add_other_row(b, chunk, &rows, i, err);
	return status;
}

static enum tp_status add_other(struct building *b, uint32_t number, struct tp_error *err)
{
	const struct tp_disc *disc = &b->g->disc;
	struct tp_segment *segment = NULL;
	struct tp_chunk *chunk = NULL;
	enum tp_status status =
		tp_segment_open_kind(b->s->archive, TP_SEGMENT_DISC, number, &segment, err);

	if (!status)
		status = tp_chunk_new(&chunk, err);
	for (size_t i = 0; !status && i < tp_segment_chunks(segment); i++) {
		const struct tp_chunk_range *range = tp_segment_range(segment, i);

		if (range->first_ms > disc->last_ms || range->last_ms < disc->first_ms)
			continue;
		tp_chunk_turn(chunk, segment, i);
		status = add_other_chunk(b, chunk, err);
	}
	tp_chunk_free(chunk);
	tp_segment_close(segment);
	return status;
}

/* A second disc with mails that have left for the first: it knows them as that one does. What cannot be
 * read there is left out. */
static enum tp_status add_others(struct building *b, struct tp_error *err)
{
	struct tp_disc_files *files = NULL;
	size_t count = 0;
	enum tp_status status = tp_disc_files(b->s->archive, &files, &count, err);

	for (size_t i = 0; !status && b->rows < b->g->disc.mails && i < count; i++) {
		struct tp_error why;

		if (!(files[i].has & TP_DISC_INDEX) || files[i].number == b->g->disc.number)
			continue;
		status = add_other(b, files[i].number, &why);
		if (status && !tp_ledger_is_damage(status)) {
			tp_fail(err, status, "%s", why.text);
		} else if (status) {
			tp_settle_note(b->s, &why);
			status = TP_OK;
		}
	}
	free(files);
	return status;
}

/* The packs first: an erasure that came since the segment was made shows there. */
static enum tp_status build(struct building *b, struct tp_error *err)
{
	struct tp_settling *s = b->s;
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < s->leaving_count; i++)
		status = tp_settle_walk_pack(s, s->leaving[i], add_row, b, err);
	if (!status)
		status = add_old(b, err);
	if (!status)
		status = add_others(b, err);
	if (!status && b->more)
		status = tp_segment_builder_write_kind(
			b->builder, s->archive, TP_SEGMENT_DISC, b->g->disc.number, 0, 0, err);
	return status;
}

enum tp_status tp_settle_write_index(
	struct tp_settling *s, struct tp_settle_disc *g, struct tp_error *err)
{
	struct building b = { .s = s, .g = g };
	enum tp_status status = tp_settle_load(s, g, err);

	if (status || g->unknown)
		return status;
	if (!status)
		status = tp_segment_builder_new(&b.builder, err);
	if (!status && !(b.has = calloc(g->disc.mails + 1, 1)))
		status = tp_fail(err, TP_NOMEM, "disc: out of memory");
	if (!status)
		status = build(&b, err);
	g->takes = b.fresh;
	g->whole = !status && !g->stays && b.rows == g->disc.mails;
	free(b.has);
	tp_segment_builder_free(b.builder);
	return status;
}
