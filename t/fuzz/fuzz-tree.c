/*
 * The part tree of any bytes: ranges lie in one another and in order, links agree, paths are
 * unique, and everything that reads a part's header or counts its body comes back.
 */
#include "fuzz.h"

#include "mime/attach.h"
#include "mime/codec.h"
#include "mime/header.h"
#include "mime/tree.h"

static void check_ranges(const struct tp_tree *tree, uint32_t i, size_t len)
{
	const struct tp_part *part = &tree->parts[i];
	const struct tp_part *up;

	MUST(part->header.begin <= part->header.end && part->header.end <= part->body.begin);
	MUST(part->body.begin <= part->body.end && part->body.end <= len);
	if (i == 0) {
		MUST(part->parent == TP_PART_NONE && part->depth == 0 && part->ordinal == 1);
		MUST(part->header.begin == tree->envelope.end && part->body.end == len);
		return;
	}
	MUST(part->parent < i);
	up = &tree->parts[part->parent];
	MUST(up->kind != TP_PART_LEAF && part->depth == up->depth + 1);
	MUST(part->ordinal >= 1 && part->ordinal <= up->children);
	MUST(part->header.begin >= up->body.begin && part->body.end <= up->body.end);
	if (up->kind == TP_PART_MESSAGE)
		MUST(part->header.begin == up->body.begin && part->body.end == up->body.end);
}

static void check_links(const struct tp_tree *tree, uint32_t i)
{
	const struct tp_part *part = &tree->parts[i];
	uint32_t end = tp_tree_subtree_end(tree, i);
	uint32_t children = 0;

	MUST(end > i && end <= tree->count);
	for (uint32_t k = i + 1; part->children && k != TP_PART_NONE; k = tree->parts[k].next) {
		MUST(tree->parts[k].parent == i && tree->parts[k].ordinal == ++children);
		if (tree->parts[k].next != TP_PART_NONE)
			MUST(tree->parts[tree->parts[k].next].header.begin >=
				tree->parts[k].body.end);
	}
	MUST(children == part->children);
	MUST(part->kind != TP_PART_MESSAGE || children == 1);
	MUST(part->kind != TP_PART_LEAF || (children == 0 && end == i + 1));
}

static void read_fields(const struct tp_part *part, const char *data)
{
	struct tp_buf text = TP_BUF_INIT(1 << 20);
	struct tp_buf charset = TP_BUF_INIT(1 << 10);
	struct tp_field field;
	size_t at = part->header.begin;
	size_t end = at;

	while (tp_header_next(data, part->header, &at, &field)) {
		MUST(field.whole.begin >= end && field.whole.end == at && at <= part->header.end);
		MUST(field.name.begin == field.whole.begin && tp_range_len(field.name) > 0);
		MUST(field.value.begin > field.name.end - 1 && field.value.end <= field.whole.end);
		end = at;
		tp_buf_clear(&text);
		tp_buf_clear(&charset);
		tp_header_unfold(data, field.value, &text);
		MUST(text.len <= tp_range_len(field.value));
		tp_buf_clear(&text);
		tp_param_find(data, field.value, "name", &text, &charset, NULL);
		MUST(text.len <= tp_range_len(field.value));
	}
	tp_buf_release(&text);
	tp_buf_release(&charset);
}

static void check_part(const struct tp_tree *tree, const char *data, uint32_t i)
{
	const struct tp_part *part = &tree->parts[i];
	struct tp_media_type type;

	tp_part_media_type(tree, data, i, &type);
	MUST(type.type[0] && type.subtype[0]);
	MUST(part->kind != TP_PART_MULTIPART || tp_media_type_is(&type, "multipart", "*"));
	MUST(part->digest == tp_media_type_is(&type, "multipart", "digest"));
	tp_part_disposition(tree, data, i);
	MUST(tp_codec_decoded_size(data, part->body, part->encoding) <= tp_range_len(part->body));
	read_fields(part, data);
}

/* Paths in the order of the parts, each another one than the one before. */
static void check_paths(const struct tp_tree *tree)
{
	struct tp_buf path = TP_BUF_INIT(1 << 20);
	struct tp_buf before = TP_BUF_INIT(1 << 20);

	for (uint32_t i = 0; i < tree->count && i < 1000; i++) {
		tp_buf_clear(&path);
		MUST(tp_tree_path(tree, i, &path));
		MUST(path.len > 0 && strspn(path.data, "0123456789.") == path.len);
		MUST(path.data[0] != '.' && path.data[path.len - 1] != '.');
		MUST(strcmp(tp_buf_str(&path), tp_buf_str(&before)));
		tp_buf_clear(&before);
		tp_buf_add(&before, path.data, path.len);
	}
	tp_buf_release(&path);
	tp_buf_release(&before);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	/* A copy of the exact size, so that reading one byte too many is seen. */
	char *data = malloc(len ? len : 1);
	struct tp_tree tree;
	struct tp_roles roles;

	MUST(data);
	if (len)
		memcpy(data, bytes, len);
	if (!tp_tree_scan(&tree, data, len, &tp_tree_default_limits, NULL)) {
		MUST(tree.count >= 1 && tree.envelope.begin == 0);
		for (uint32_t i = 0; i < tree.count; i++) {
			check_ranges(&tree, i, len);
			check_links(&tree, i);
			check_part(&tree, data, i);
		}
		check_paths(&tree);
		if (!tp_attach_classify(&tree, data, &roles, NULL)) {
			MUST(tp_attach_weight(&tree, data, &roles) <= len);
			tp_roles_release(&roles);
		}
		tp_tree_release(&tree);
	}
	free(data);
	return 0;
}
