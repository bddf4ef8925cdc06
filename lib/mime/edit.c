/* Rewriting by edits: see edit.h. */
#include "mime/edit.h"

#include "base/array.h"

static enum tp_status add(struct tp_edits *edits, struct tp_range range, const char *bytes,
	size_t len, struct tp_error *err)
{
	struct tp_edit *list =
		tp_array_room(edits->list, edits->count, &edits->cap, 16, sizeof *list);
	char *copy;

	if (!list)
		return tp_fail(err, TP_NOMEM, "out of memory");
	edits->list = list;
	copy = malloc(len ? len : 1);
	if (!copy)
		return tp_fail(err, TP_NOMEM, "out of memory");
	if (len)
		memcpy(copy, bytes, len);
	edits->list[edits->count] = (struct tp_edit){ range, copy, len, edits->count };
	edits->count++;
	return TP_OK;
}

enum tp_status tp_edits_replace(struct tp_edits *edits, struct tp_range range, const char *bytes,
	size_t len, struct tp_error *err)
{
	return add(edits, range, bytes, len, err);
}

enum tp_status tp_edits_insert(
	struct tp_edits *edits, size_t at, const char *bytes, size_t len, struct tp_error *err)
{
	return add(edits, (struct tp_range){ at, at }, bytes, len, err);
}

enum tp_status tp_edits_remove(struct tp_edits *edits, struct tp_range range, struct tp_error *err)
{
	return add(edits, range, "", 0, err);
}

/* By place; at one place insertions before the replacement that begins there, each in the order
 * asked for. */
static int compare(const void *a, const void *b)
{
	const struct tp_edit *x = a, *y = b;
	bool x_inserts = x->range.begin == x->range.end, y_inserts = y->range.begin == y->range.end;

	if (x->range.begin != y->range.begin)
		return x->range.begin < y->range.begin ? -1 : 1;
	if (x_inserts != y_inserts)
		return x_inserts ? -1 : 1;
	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

enum tp_status tp_edits_settle(struct tp_edits *edits, size_t len, struct tp_error *err)
{
	size_t end = 0;

	if (edits->count)
		qsort(edits->list, edits->count, sizeof *edits->list, compare);
	for (size_t i = 0; i < edits->count; i++) {
		struct tp_range range = edits->list[i].range;

		if (range.begin < end || range.begin > range.end || range.end > len)
			return tp_fail(err, TP_INTERNAL,
				"rewriting: the edit at byte %zu overlaps or runs past the end",
				range.begin);
		end = range.end;
	}
	return TP_OK;
}

size_t tp_edits_result_len(const struct tp_edits *edits, size_t len)
{
	for (size_t i = 0; i < edits->count; i++)
		len = len - tp_range_len(edits->list[i].range) + edits->list[i].len;
	return len;
}

enum tp_status tp_edits_apply(const struct tp_edits *edits, const char *data, size_t len,
	tp_edit_sink *sink, void *context, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	size_t at = 0;

	for (size_t i = 0; !status && i < edits->count; i++) {
		const struct tp_edit *edit = &edits->list[i];

		if (edit->range.begin > at)
			status = sink(context, data + at, edit->range.begin - at, err);
		if (!status && edit->len)
			status = sink(context, edit->bytes, edit->len, err);
		at = edit->range.end;
	}
	if (!status && at < len)
		status = sink(context, data + at, len - at, err);
	return status;
}

void tp_edits_release(struct tp_edits *edits)
{
	for (size_t i = 0; i < edits->count; i++)
		free(edits->list[i].bytes);
	free(edits->list);
	*edits = (struct tp_edits)TP_EDITS_INIT;
}
