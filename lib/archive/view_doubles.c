/*
 * Mail that left for several discs is listed once: rows of one disc are hidden behind those of another. Which
 * one is shown follows from what has become of the discs (tp_view_shun_discs), which changes; so nothing
 * of it is in the files. Only chunks whose arrivals overlap are read, and only when there are two discs:
 * discs mostly follow one another.
 */
#include "archive/view_parts.h"
#include "base/array.h"

/* A row that may be elsewhere, too. */
struct row {
	int64_t arrival_ms;
	uint32_t tail;
	uint32_t rank; /* the part, those that are shunned behind the others */
	uint32_t span;
	uint32_t number; /* in its chunk */
};

struct doubles {
	struct tp_view *view;
	struct row *rows;
	size_t count, cap;
};

static bool is_of_disc(const struct tp_view *view, const struct tp_span *span)
{
	return view->parts[span->part].kind == TP_SEGMENT_DISC;
}

static bool is_shunned(const struct tp_view *view, uint32_t disc)
{
	for (size_t i = 0; i < view->shunned_count; i++)
		if (view->shunned[i] == disc)
			return true;
	return false;
}

/* Some span of another disc has arrivals of the same time. */
static bool overlaps(const struct tp_view *view, const struct tp_span *span)
{
	const struct tp_chunk_range *range = tp_segment_range(span->segment, span->chunk);

	for (size_t i = 0; i < view->span_count; i++) {
		const struct tp_span *other = &view->spans[i];
		const struct tp_chunk_range *theirs =
			tp_segment_range(other->segment, other->chunk);

		if (is_of_disc(view, other) && other->part != span->part &&
			theirs->first_ms <= range->last_ms && range->first_ms <= theirs->last_ms)
			return true;
	}
	return false;
}

static enum tp_status add_rows(struct doubles *d, uint32_t span, struct tp_error *err)
{
	struct tp_view *view = d->view;
	uint32_t part = view->spans[span].part;
	uint32_t rank = part + (is_shunned(view, view->parts[part].number) ? 1u << 31 : 0);
	struct tp_rows rows;
	enum tp_status status;

	tp_chunk_turn(view->chunk, view->spans[span].segment, view->spans[span].chunk);
	status = tp_chunk_rows(view->chunk, &rows, err);
	if (status)
		return status;
	for (uint32_t i = 0; i < rows.count; i++) {
		struct row *list;

		if (rows.erased[i])
			continue;
		list = tp_array_room(d->rows, d->count, &d->cap, TP_SEGMENT_CHUNK, sizeof *list);
		if (!list)
			return tp_fail(err, TP_NOMEM, "archive: out of memory");
		d->rows = list;
		d->rows[d->count++] =
			(struct row){ rows.arrival_ms[i], rows.tail[i], rank, span, i };
	}
	return TP_OK;
}

static int compare(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->arrival_ms != b->arrival_ms)
		return a->arrival_ms < b->arrival_ms ? -1 : 1;
	if (a->tail != b->tail)
		return a->tail < b->tail ? -1 : 1;
	return (a->rank > b->rank) - (a->rank < b->rank);
}

static enum tp_status hide(struct tp_view *view, const struct row *row, struct tp_error *err)
{
	struct tp_span *span = &view->spans[row->span];
	struct tp_view_part *part = &view->parts[span->part];

	if (!part->hidden)
		part->hidden = calloc(tp_segment_chunks(part->segment), sizeof *part->hidden);
	if (part->hidden && !part->hidden[span->chunk])
		part->hidden[span->chunk] = calloc(TP_SEGMENT_CHUNK, 1);
	if (!part->hidden || !part->hidden[span->chunk])
		return tp_fail(err, TP_NOMEM, "archive: out of memory");
	part->hidden[span->chunk][row->number] = 1;
	return TP_OK;
}

static enum tp_status hide_all(struct doubles *d, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (d->count)
		qsort(d->rows, d->count, sizeof *d->rows, compare);
	for (size_t i = 1; !status && i < d->count; i++)
		if (d->rows[i].arrival_ms == d->rows[i - 1].arrival_ms &&
			d->rows[i].tail == d->rows[i - 1].tail)
			status = hide(d->view, &d->rows[i], err);
	return status;
}

enum tp_status tp_view_hide_doubles(
	struct tp_view *view, const struct tp_span **damaged, struct tp_error *err)
{
	struct doubles d = { .view = view };
	enum tp_status status = TP_OK;

	*damaged = NULL;
	for (uint32_t i = 0; !status && i < view->span_count; i++) {
		if (!is_of_disc(view, &view->spans[i]) || !overlaps(view, &view->spans[i]))
			continue;
		status = add_rows(&d, i, err);
		if (status)
			*damaged = &view->spans[i];
	}
	if (!status)
		status = hide_all(&d, err);
	free(d.rows);
	return status;
}

enum tp_status tp_view_shun_discs(
	struct tp_view *view, const uint32_t *discs, size_t count, struct tp_error *err)
{
	uint32_t *copy = calloc(count + 1, sizeof *copy);

	if (!copy)
		return tp_fail(err, TP_NOMEM, "archive: out of memory");
	if (count)
		memcpy(copy, discs, count * sizeof *copy);
	free(view->shunned);
	view->shunned = copy;
	view->shunned_count = count;
	return TP_OK;
}
