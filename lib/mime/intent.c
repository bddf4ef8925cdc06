/* Intended trees: see intent.h. */
#include "mime/intent.h"

#include "base/array.h"
#include "mime/header.h"
#include "mime/leaf.h"

enum tp_status tp_intent_add(struct tp_intent *intent, unsigned depth, enum tp_intended kind,
	uint32_t origin, struct tp_error *err)
{
	struct tp_intent_part *list =
		tp_array_room(intent->list, intent->count, &intent->cap, 16, sizeof *list);

	if (!list)
		return tp_fail(err, TP_NOMEM, "checking the result: out of memory");
	intent->list = list;
	intent->list[intent->count++] =
		(struct tp_intent_part){ (uint16_t)depth, (uint8_t)kind, origin };
	return TP_OK;
}

void tp_intent_release(struct tp_intent *intent)
{
	free(intent->list);
	*intent = (struct tp_intent)TP_INTENT_INIT;
}

static bool same_bytes(const char *a, struct tp_range in_a, const char *b, struct tp_range in_b)
{
	return tp_range_len(in_a) == tp_range_len(in_b) &&
	       !memcmp(a + in_a.begin, b + in_b.begin, tp_range_len(in_a));
}

/* Line ends may have become those of an encoding: they are compared as LF. */
static void drop_returns(struct tp_buf *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] != '\r')
			text->data[kept++] = text->data[i];
	tp_buf_truncate(text, kept);
}

/* True when `now` is `was` with one run of bytes put in somewhere. */
static bool is_insertion(const struct tp_buf *was, const struct tp_buf *now)
{
	size_t head = 0, tail = 0;

	if (now->len < was->len)
		return false;
	while (head < was->len && was->data[head] == now->data[head])
		head++;
	while (tail < was->len && was->data[was->len - 1 - tail] == now->data[now->len - 1 - tail])
		tail++;
	return head + tail >= was->len;
}

/* TP_NOTHING when it does not; another status when that could not be found out. */
static enum tp_status holds_old_text(const struct tp_tree *old_tree, const char *old,
	uint32_t origin, const struct tp_tree *new_tree, const char *new, uint32_t i)
{
	struct tp_buf was = TP_BUF_INIT(SIZE_MAX - 1), now = TP_BUF_INIT(SIZE_MAX - 1);
	enum tp_status status = tp_leaf_read(old_tree, old, origin, &was, NULL);

	if (!status)
		status = tp_leaf_read(new_tree, new, i, &now, NULL);
	if (!status) {
		drop_returns(&was);
		drop_returns(&now);
		status = is_insertion(&was, &now) ? TP_OK : TP_NOTHING;
	}
	tp_buf_release(&was);
	tp_buf_release(&now);
	return status;
}

/* Whether part i of the new tree is the part `origin` of the old one, as far as it was kept. */
static enum tp_status is_origin(const struct tp_tree *old_tree, const char *old, uint32_t origin,
	bool edited, const struct tp_tree *new_tree, const char *new, uint32_t i)
{
	const struct tp_part *was = &old_tree->parts[origin], *is = &new_tree->parts[i];
	struct tp_media_type was_type, is_type;

	tp_part_media_type(old_tree, old, origin, &was_type);
	tp_part_media_type(new_tree, new, i, &is_type);
	if (!tp_media_type_is(&is_type, was_type.type, was_type.subtype))
		return TP_NOTHING;
	if (was->kind != is->kind) /* an enclosed message that ends before it begins */
		return tp_range_len(was->body) || tp_range_len(is->body) ? TP_NOTHING : TP_OK;
	if (was->kind != TP_PART_LEAF)
		return TP_OK;
	if (edited)
		return holds_old_text(old_tree, old, origin, new_tree, new, i);
	return was->encoding == is->encoding && same_bytes(old, was->body, new, is->body)
		       ? TP_OK
		       : TP_NOTHING;
}

static bool is_new(const struct tp_tree *tree, const char *data, uint32_t i, enum tp_intended kind)
{
	struct tp_media_type type;

	tp_part_media_type(tree, data, i, &type);
	if (kind == TP_INTENDED_MIXED)
		return tree->parts[i].kind == TP_PART_MULTIPART &&
		       tp_media_type_is(&type, "multipart", "mixed");
	if (tree->parts[i].kind != TP_PART_LEAF)
		return false;
	if (kind == TP_INTENDED_STUB)
		return tp_media_type_is(&type, "message", "external-body");
	return tp_media_type_is(&type, "text", "plain");
}

static enum tp_status is_as_meant(const struct tp_intent_part *meant, const struct tp_tree *tree,
	const char *data, const struct tp_tree *result_tree, const char *result, uint32_t i)
{
	if (meant->depth != result_tree->parts[i].depth)
		return TP_NOTHING;
	if (meant->kind != TP_INTENDED_SAME && meant->kind != TP_INTENDED_EDITED)
		return is_new(result_tree, result, i, (enum tp_intended)meant->kind) ? TP_OK
										     : TP_NOTHING;
	return is_origin(tree, data, meant->origin, meant->kind == TP_INTENDED_EDITED, result_tree,
		result, i);
}

/* An enclosed message without a byte counts as a part or not, by what stands behind it. */
static bool is_hollow(const struct tp_tree *tree, uint32_t i)
{
	const struct tp_part *part = &tree->parts[i];

	return part->parent != TP_PART_NONE && tree->parts[part->parent].kind == TP_PART_MESSAGE &&
	       !tp_range_len(part->header) && !tp_range_len(part->body);
}

static bool is_hollow_intent(const struct tp_intent_part *meant, const struct tp_tree *tree)
{
	return meant->kind == TP_INTENDED_SAME && is_hollow(tree, meant->origin);
}

static enum tp_status compare(const struct tp_intent *intent, const struct tp_tree *tree,
	const char *data, const struct tp_tree *got, const char *result, struct tp_error *err)
{
	enum tp_status status;
	uint32_t i = 0;
	size_t at = 0;

	for (;; i++, at++) {
		while (i < got->count && is_hollow(got, i))
			i++;
		while (at < intent->count && is_hollow_intent(&intent->list[at], tree))
			at++;
		if (i == got->count || at == intent->count)
			break;
		status = is_as_meant(&intent->list[at], tree, data, got, result, i);
		if (status == TP_NOMEM) /* not known is neither right nor wrong */
			return tp_fail(err, status, "checking the result: out of memory");
		if (status)
			return tp_fail(err, TP_INTERNAL,
				"checking the result: part number %u is not what was intended", i);
	}
	if (i == got->count && at == intent->count)
		return TP_OK;
	return tp_fail(err, TP_INTERNAL,
		"checking the result: %u parts instead of the %zu intended", got->count,
		intent->count);
}

enum tp_status tp_intent_check(const struct tp_intent *intent, const struct tp_tree *tree,
	const char *data, const char *result, size_t len, struct tp_error *err)
{
	struct tp_tree_limits limits = tp_tree_default_limits;
	struct tp_tree got;
	enum tp_status status;

	/* what was added may stand above a limit that the original just met */
	limits.parts += 2;
	limits.depth += 2;
	limits.header_bytes += 65536;
	status = tp_tree_scan(&got, result, len, &limits, err);
	if (status)
		return status;
	status = compare(intent, tree, data, &got, result, err);
	tp_tree_release(&got);
	return status;
}
