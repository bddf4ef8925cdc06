/*
 * The segments of a view's parts: opened, or made when they are missing, damaged, or of another
 * version. What cannot be written is made in memory: finding never fails for want of a cache.
 */
#include "archive/view_parts.h"

#include "base/diag.h"

/* A journal with more messages behind its segment gets a new one. Reading that many takes a
 * millisecond. */
#define REST_MAX 512

enum tp_status tp_view_pack(
	struct tp_view *view, uint32_t number, struct tp_pack **pack, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (!view->pack || view->pack_number != number) {
		tp_pack_close(view->pack);
		view->pack = NULL;
		view->pack_number = number;
		status = tp_pack_open(view->archive, number, &view->pack, err);
	}
	*pack = view->pack;
	return status;
}

enum tp_status tp_view_journal(struct tp_view *view, uint32_t number,
	struct tp_journal_reader **journal, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (!view->journal || view->journal_number != number) {
		tp_journal_close(view->journal);
		view->journal = NULL;
		view->journal_number = number;
		status = tp_journal_open(view->archive, number, &view->journal, err);
	}
	*journal = view->journal;
	return status;
}

void tp_view_part_close(struct tp_view_part *part)
{
	for (size_t i = 0; part->hidden && i < tp_segment_chunks(part->segment); i++)
		free(part->hidden[i]);
	free(part->hidden);
	part->hidden = NULL;
	tp_segment_close(part->segment);
	tp_segment_close(part->rest);
	part->segment = part->rest = NULL;
	part->opened = false;
}

/* --- packs ----------------------------------------------------------------------------------- */

/* All messages of the pack; `whole` says whether every one could be read. */
static enum tp_status add_pack(struct tp_view *view, uint32_t number,
	struct tp_segment_builder *builder, bool *whole, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_pack *pack;
	enum tp_status status = tp_view_pack(view, number, &pack, err);

	*whole = true;
	for (size_t i = 0; !status && i < tp_pack_count(pack); i++) {
		status = tp_pack_record(pack, i, &record, NULL, err);
		if (!status || status == TP_NOTHING) {
			status = tp_segment_builder_add_at(
				builder, &record, status == TP_NOTHING, i, err);
		} else if (status == TP_DATA) {
			*whole = false;
			status = TP_OK;
		}
		tp_record_release(&record);
	}
	return status;
}

/* Written and opened, or else taken as it is. */
static enum tp_status keep(struct tp_view *view, struct tp_view_part *part,
	struct tp_segment_builder *builder, bool write, uint64_t of, uint64_t covers,
	struct tp_error *err)
{
	struct tp_error why = { TP_OK, "" };
	enum tp_status status = TP_NOTHING;

	if (write && !view->archive->read_only)
		status = tp_segment_builder_write_kind(
			builder, view->archive, part->kind, part->number, of, covers, &why);
	if (!status)
		status = tp_segment_open_kind(
			view->archive, part->kind, part->number, &part->segment, &why);
	if (!status)
		return TP_OK;
	if (status != TP_NOTHING)
		tp_notice("index: kept in memory: %s", why.text);
	return tp_segment_builder_view(builder, &part->segment, err);
}

static enum tp_status make_pack(
	struct tp_view *view, struct tp_view_part *part, struct tp_error *err)
{
	struct tp_segment_builder *builder;
	enum tp_status status = tp_segment_builder_new(&builder, err);
	bool whole = false;

	if (status)
		return status;
	status = add_pack(view, part->number, builder, &whole, err);
	/* The index of a damaged pack is not kept: the pack may be put back from a copy. */
	part->lossy = !whole;
	if (!status)
		status = keep(view, part, builder, whole, 0, 0, err);
	tp_segment_builder_free(builder);
	return status;
}

/* --- journals -------------------------------------------------------------------------------- */

struct progress {
	size_t count;
	bool whole;
	uint64_t last, end; /* offset of the last record, and behind it */
};

/* The records from where the reader stands. */
static enum tp_status add_journal(struct tp_journal_reader *reader,
	struct tp_segment_builder *builder, struct progress *progress, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	uint64_t offset, torn;
	enum tp_status status;

	*progress = (struct progress){ .whole = true };
	while ((status = tp_journal_next(reader, &record, &offset, &torn, err)) != TP_NOTHING) {
		if (status == TP_DATA) {
			progress->whole = false;
			continue;
		}
		if (!status)
			status = tp_segment_builder_add_at(builder, &record, false, offset, err);
		if (status)
			break;
		progress->count++;
		progress->last = offset;
		progress->end = tp_journal_tell(reader);
		tp_record_release(&record);
	}
	tp_record_release(&record);
	return status == TP_NOTHING ? TP_OK : status;
}

/* A segment is that of the journal's beginning when the last record that it knows is still there: a
 * writer takes back records that were never acknowledged, the last ones first. */
static bool fits_journal(struct tp_segment *segment, struct tp_journal_reader *reader)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_chunk *chunk = NULL;
	struct tp_rows rows;
	uint64_t last;
	bool fits = false;

	tp_segment_covers(segment, &last);
	if (tp_segment_chunks(segment) == 0 || tp_chunk_new(&chunk, NULL))
		return false;
	tp_chunk_turn(chunk, segment, tp_segment_chunks(segment) - 1);
	if (!tp_journal_read(reader, last, &record, NULL, NULL) &&
		!tp_chunk_rows(chunk, &rows, NULL))
		for (size_t i = 0; i < rows.count && !fits; i++)
			fits = rows.at[i] == last && rows.arrival_ms[i] == record.arrival_ms &&
			       rows.tail[i] == tp_id_tail(record.id);
	tp_record_release(&record);
	tp_chunk_free(chunk);
	return fits;
}

static enum tp_status make_journal(struct tp_view *view, struct tp_view_part *part,
	struct tp_journal_reader *reader, struct tp_error *err)
{
	struct tp_segment_builder *builder;
	struct progress progress;
	enum tp_status status = tp_segment_builder_new(&builder, err);

	if (status)
		return status;
	tp_journal_rewind(reader);
	status = add_journal(reader, builder, &progress, err);
	if (!status)
		status = keep(view, part, builder, progress.whole && progress.count > REST_MAX,
			progress.last, progress.end, err);
	tp_segment_builder_free(builder);
	return status;
}

/* What came behind the segment: in memory, or, when it is much, a new segment of all. */
static enum tp_status open_rest(struct tp_view *view, struct tp_view_part *part,
	struct tp_journal_reader *reader, struct tp_error *err)
{
	struct tp_segment_builder *builder;
	struct progress progress;
	uint64_t last;
	enum tp_status status = tp_segment_builder_new(&builder, err);

	if (status)
		return status;
	tp_journal_seek(reader, tp_segment_covers(part->segment, &last));
	status = add_journal(reader, builder, &progress, err);
	if (!status && progress.count <= REST_MAX)
		status = tp_segment_builder_view(builder, &part->rest, err);
	tp_segment_builder_free(builder);
	if (status || progress.count <= REST_MAX)
		return status;
	tp_segment_close(part->segment);
	part->segment = NULL;
	return make_journal(view, part, reader, err);
}

static enum tp_status open_journal(
	struct tp_view *view, struct tp_view_part *part, struct tp_error *err)
{
	struct tp_journal_reader *reader;
	enum tp_status status = tp_view_journal(view, part->number, &reader, err);

	/* What cannot be read as a journal has no messages to find; archive-check tells. */
	if (status == TP_DATA)
		return TP_OK;
	if (status)
		return status;
	if (!tp_segment_open_kind(view->archive, part->kind, part->number, &part->segment, NULL)) {
		if (fits_journal(part->segment, reader))
			return open_rest(view, part, reader, err);
		tp_segment_close(part->segment);
		part->segment = NULL;
	}
	return make_journal(view, part, reader, err);
}

/* --------------------------------------------------------------------------------------------- */

enum tp_status tp_view_part_open(
	struct tp_view *view, struct tp_view_part *part, struct tp_error *err)
{
	enum tp_status status;

	if (part->opened)
		return TP_OK;
	if (part->kind == TP_SEGMENT_JOURNAL) {
		status = open_journal(view, part, err);
	} else {
		status = tp_segment_open_kind(
			view->archive, part->kind, part->number, &part->segment, err);
		if (part->kind == TP_SEGMENT_PACK &&
			(status == TP_NOINPUT || status == TP_DATA || status == TP_DENIED))
			status = make_pack(view, part, err);
	}
	part->opened = status == TP_OK;
	return status;
}

enum tp_status tp_view_part_remake(
	struct tp_view *view, struct tp_view_part *part, struct tp_error *err)
{
	struct tp_journal_reader *reader;
	enum tp_status status;

	if (part->kind == TP_SEGMENT_DISC)
		return tp_fail(
			err, TP_INTERNAL, "disc/%08u.tpx: nothing makes it again", part->number);
	tp_chunk_turn(view->chunk, NULL, 0); /* it may be reading the old segment */
	tp_view_part_close(part);
	if (part->kind == TP_SEGMENT_PACK) {
		status = make_pack(view, part, err);
	} else {
		status = tp_view_journal(view, part->number, &reader, err);
		if (!status)
			status = make_journal(view, part, reader, err);
	}
	part->opened = status == TP_OK;
	return status;
}

void tp_view_part_leave_out(
	struct tp_view *view, struct tp_view_part *part, const struct tp_error *why)
{
	tp_chunk_turn(view->chunk, NULL, 0);
	tp_view_part_close(part);
	part->left_out = true;
	if (view->trouble.status)
		return;
	view->trouble = *why;
	view->trouble_disc = part->number;
}
