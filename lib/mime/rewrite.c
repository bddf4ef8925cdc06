/* Rendering, and the proof of it: see rewrite.h. */
#include "mime/rewrite.h"

enum tp_status tp_shapes_add(struct tp_shapes *shapes, struct tp_shape shape, struct tp_error *err)
{
	uint32_t cap = shapes->cap ? shapes->cap * 2 : 16;
	struct tp_shape *grown;

	if (shapes->count == shapes->cap) {
		grown = reallocarray(shapes->list, cap, sizeof *grown);
		if (!grown)
			return tp_fail(err, TP_NOMEM, "out of memory");
		shapes->list = grown;
		shapes->cap = cap;
	}
	shapes->list[shapes->count++] = shape;
	return TP_OK;
}

enum tp_status tp_shapes_of(const struct tp_tree *tree, struct tp_shapes *shapes,
	struct tp_error *err)
{
	enum tp_status status = TP_OK;

	*shapes = (struct tp_shapes)TP_SHAPES_INIT;
	for (uint32_t i = 0; !status && i < tree->count; i++) {
		const struct tp_part *part = &tree->parts[i];

		status = tp_shapes_add(shapes,
			(struct tp_shape){ part->depth, part->kind, part->encoding, true,
				part->body },
			err);
	}
	if (status)
		tp_shapes_release(shapes);
	return status;
}

void tp_shapes_release(struct tp_shapes *shapes)
{
	free(shapes->list);
	*shapes = (struct tp_shapes)TP_SHAPES_INIT;
}

static enum tp_status differs(const struct tp_tree *tree, uint32_t part, const char *what,
	struct tp_error *err)
{
	struct tp_buf path = TP_BUF_INIT(1u << 16);

	tp_tree_path(tree, part, &path);
	tp_fail(err, TP_INTERNAL, "rewriting: part %s would come out with another %s",
		tp_buf_str(&path), what);
	tp_buf_release(&path);
	return TP_INTERNAL;
}

static enum tp_status compare(const char *before, const struct tp_shapes *intended,
	const char *after, const struct tp_tree *tree, struct tp_error *err)
{
	if (tree->count != intended->count)
		return tp_fail(err, TP_INTERNAL,
			"rewriting: %u parts would come out where %u were intended", tree->count,
			intended->count);
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct tp_shape *want = &intended->list[i];
		const struct tp_part *got = &tree->parts[i];

		if (got->depth != want->depth || got->kind != want->kind)
			return differs(tree, i, "place or kind", err);
		if (got->encoding != want->encoding)
			return differs(tree, i, "encoding", err);
		if (!want->same || got->kind != TP_PART_LEAF)
			continue;
		if (tp_range_len(got->body) != tp_range_len(want->body) ||
			memcmp(after + got->body.begin, before + want->body.begin,
				tp_range_len(want->body)))
			return differs(tree, i, "body", err);
	}
	return TP_OK;
}

static enum tp_status to_spooler(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	return tp_spooler_add(context, bytes, len, err);
}

enum tp_status tp_rewrite(const char *data, size_t len, struct tp_edits *edits,
	const struct tp_shapes *intended, struct tp_spool *result, struct tp_error *err)
{
	struct tp_spooler spooler = TP_SPOOLER_INIT;
	struct tp_tree tree = { NULL, 0, { 0, 0 } };
	enum tp_status status = tp_edits_settle(edits, len, err);

	if (!status)
		status = tp_edits_apply(edits, data, len, to_spooler, &spooler, err);
	if (status) {
		tp_spooler_release(&spooler);
		return status;
	}
	status = tp_spooler_finish(&spooler, result, err);
	if (status)
		return status;
	status = tp_tree_scan(&tree, result->data, result->len, &tp_tree_default_limits, err);
	if (!status) {
		status = compare(data, intended, result->data, &tree, err);
		tp_tree_release(&tree);
	}
	if (status)
		tp_spool_release(result);
	return status;
}
