/* Index segments being checked against their packs: by making them again in memory and comparing. */
#include "archive/check_parts.h"

#include "archive/chunk.h"
#include "archive/reindex.h"
#include "archive/segment.h"

/* The same texts for every row, however they are laid out. */
static bool same_texts(const struct tp_texts *a, const struct tp_texts *b, size_t rows)
{
	for (size_t i = 0; i < rows; i++) {
		size_t x = a->of_row[i], y = b->of_row[i];
		size_t len = a->offset[x + 1] - a->offset[x];

		if (len != b->offset[y + 1] - b->offset[y] ||
			memcmp(a->bytes + a->offset[x], b->bytes + b->offset[y], len))
			return false;
	}
	return true;
}

static bool same_rows(const struct tp_rows *a, const struct tp_rows *b)
{
	size_t n = a->count;

	return n == b->count && !memcmp(a->arrival_ms, b->arrival_ms, n * sizeof *a->arrival_ms) &&
	       !memcmp(a->size_bytes, b->size_bytes, n * sizeof *a->size_bytes) &&
	       !memcmp(a->at, b->at, n * sizeof *a->at) &&
	       !memcmp(a->tail, b->tail, n * sizeof *a->tail) &&
	       !memcmp(a->erased, b->erased, n * sizeof *a->erased);
}

static enum tp_status compare_chunk(struct tp_chunk *a, struct tp_chunk *b, struct tp_error *err)
{
	struct tp_rows rows_a, rows_b;
	enum tp_status status = tp_chunk_rows(a, &rows_a, err);
	bool same;

	if (!status)
		status = tp_chunk_rows(b, &rows_b, err);
	if (status)
		return status;
	same = same_rows(&rows_a, &rows_b);
	for (int k = 0; !status && same && k < TP_COLUMNS; k++) {
		struct tp_texts texts_a, texts_b;

		status = tp_chunk_texts(a, (enum tp_column)k, &texts_a, err);
		if (!status)
			status = tp_chunk_texts(b, (enum tp_column)k, &texts_b, err);
		if (!status)
			same = same_texts(&texts_a, &texts_b, rows_a.count);
	}
	if (!status && !same)
		status = tp_fail(err, TP_DATA, "the index is not that of the pack");
	return status;
}

static enum tp_status compare_segments(
	struct tp_segment *a, struct tp_segment *b, struct tp_error *err)
{
	struct tp_chunk *x = NULL, *y = NULL;
	enum tp_status status = tp_chunk_new(&x, err);

	if (!status)
		status = tp_chunk_new(&y, err);
	if (!status && tp_segment_chunks(a) != tp_segment_chunks(b))
		status = tp_fail(err, TP_DATA, "the index is not that of the pack");
	for (size_t i = 0; !status && i < tp_segment_chunks(a); i++) {
		tp_chunk_turn(x, a, i);
		tp_chunk_turn(y, b, i);
		status = compare_chunk(x, y, err);
	}
	tp_chunk_free(x);
	tp_chunk_free(y);
	return status;
}

/* A damaged directory was told of; what its index should be is then unknown. */
static enum tp_status compare_with_pack(
	struct tp_segment *segment, struct tp_pack *pack, struct tp_error *err)
{
	struct tp_segment_builder *builder = NULL;
	struct tp_segment *made = NULL;
	enum tp_status status = tp_segment_builder_new(&builder, err);

	if (!status && (status = tp_reindex_fill(pack, builder, err)) == TP_DATA) {
		tp_segment_builder_free(builder);
		return TP_OK;
	}
	if (!status)
		status = tp_segment_builder_view(builder, &made, err);
	if (!status)
		status = compare_segments(segment, made, err);
	tp_segment_close(made);
	tp_segment_builder_free(builder);
	return status;
}

/* One that is missing is made by the next who needs it. */
static enum tp_status check_segment(
	struct tp_checking *c, struct tp_pack *pack, struct tp_error *err)
{
	struct tp_segment *segment = NULL;
	enum tp_status status = tp_segment_open(c->archive, tp_pack_number(pack), &segment, err);

	if (status == TP_NOINPUT)
		return TP_OK;
	if (!status)
		status = tp_segment_verify(segment, err);
	if (!status)
		status = compare_with_pack(segment, pack, err);
	tp_segment_close(segment);
	return status;
}

/* Whoever makes an index again overwrites the old one, which may be the one that was just opened; so what
 * seems damaged is opened once more. */
enum tp_status tp_check_index(struct tp_checking *c, struct tp_pack *pack, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status;

	tp_check_look_at(c, "index", tp_pack_number(pack));
	status = check_segment(c, pack, &why);
	if (tp_check_is_fault(status))
		status = check_segment(c, pack, &why);
	if (tp_check_is_fault(status)) {
		tp_check_fault(c, "", &why);
		status = TP_OK;
	}
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

/* --- when only the index knows ---------------------------------------------------------------- */

static enum tp_status name_rows(struct tp_checking *c, struct tp_chunk *chunk, uint64_t first,
	uint64_t count, const struct tp_error *why)
{
	struct tp_rows rows;
	enum tp_status status = tp_chunk_rows(chunk, &rows, NULL);

	for (size_t i = 0; !status && i < rows.count; i++) {
		struct tp_record record = TP_RECORD_INIT;

		if (rows.erased[i] || rows.at[i] < first || rows.at[i] - first >= count)
			continue;
		status = tp_chunk_record(chunk, i, &record, NULL);
		if (!status)
			tp_check_fault(c, record.id, why);
		tp_record_release(&record);
	}
	return status;
}

void tp_check_name_by_index(struct tp_checking *c, uint32_t number, uint64_t first, uint64_t count,
	const struct tp_error *why)
{
	struct tp_segment *segment = NULL;
	struct tp_chunk *chunk = NULL;

	if (tp_segment_open(c->archive, number, &segment, NULL) || tp_chunk_new(&chunk, NULL))
		goto out;
	for (size_t i = 0; i < tp_segment_chunks(segment); i++) {
		tp_chunk_turn(chunk, segment, i);
		if (name_rows(c, chunk, first, count, why))
			break;
	}
out:
	tp_chunk_free(chunk);
	tp_segment_close(segment);
}
