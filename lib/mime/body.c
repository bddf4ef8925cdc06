/*
 * Finding text bodies: see body.h. Parts stand in the array in document order, so one walk that
 * jumps over what is closed to us is enough; what a multipart lets us look at is decided when the
 * walk enters it.
 */
#include "mime/body.h"

#include "mime/header.h"

static bool is_body_type(const struct tp_media_type *type)
{
	return tp_media_type_is(type, "text", "plain") || tp_media_type_is(type, "text", "html");
}

/* Inline PGP (RFC 4880 6.2): a line that begins an armour. */
static bool holds_pgp(const char *data, struct tp_range body)
{
	static const char mark[] = "-----BEGIN PGP ";
	const char *p = data + body.begin, *end = data + body.end;

	while ((p = memmem(p, (size_t)(end - p), mark, sizeof mark - 1)) != NULL) {
		if (p == data + body.begin || p[-1] == '\n')
			return true;
		p++;
	}
	return false;
}

static bool is_sealed(const struct tp_media_type *type)
{
	return tp_media_type_is(type, "multipart", "signed") ||
	       tp_media_type_is(type, "multipart", "encrypted") ||
	       tp_media_type_is(type, "multipart", "report") ||
	       tp_media_type_is(type, "application", "pkcs7-mime") ||
	       tp_media_type_is(type, "application", "x-pkcs7-mime");
}

static bool can_be_edited(const struct tp_part *part)
{
	return part->kind == TP_PART_LEAF && part->encoding != TP_ENCODING_UU &&
	       part->encoding != TP_ENCODING_UNKNOWN;
}

/* What the walk knows of a multipart. Of a multipart/related the first text is taken for its root
 * (RFC 2387 3.2): `start` naming a later text is not met in practice. */
enum passage {
	UNSEEN, /* no body found in it yet */
	OPEN,   /* an alternative: every branch may give a body */
	CLOSED, /* it has given the body that it shows */
};

struct walk {
	const struct tp_tree *tree;
	const char *data;
	const bool *gone;
	struct tp_bodies *found;
	uint8_t *passage; /* enum passage of every part */
	size_t cap;
};

static bool add_body(struct walk *walk, uint32_t part)
{
	struct tp_bodies *found = walk->found;

	if (found->count == walk->cap) {
		size_t cap = walk->cap ? walk->cap * 2 : 4;
		uint32_t *grown = realloc(found->parts, cap * sizeof *grown);

		if (!grown)
			return false;
		found->parts = grown;
		walk->cap = cap;
	}
	found->parts[found->count++] = part;
	return true;
}

/* A body was found: the multiparts above it are closed, but for alternatives. Each is judged once,
 * whatever the number of bodies below it. */
static void close_above(struct walk *walk, uint32_t part)
{
	struct tp_media_type type;

	for (uint32_t up = walk->tree->parts[part].parent;
		up != TP_PART_NONE && walk->passage[up] == UNSEEN;
		up = walk->tree->parts[up].parent) {
		tp_part_media_type(walk->tree, walk->data, up, &type);
		walk->passage[up] =
			tp_media_type_is(&type, "multipart", "alternative") ? OPEN : CLOSED;
	}
}

static bool is_closed(const struct walk *walk, uint32_t part)
{
	uint32_t up = walk->tree->parts[part].parent;

	return up != TP_PART_NONE && walk->passage[up] == CLOSED;
}

/* One part. *next is where the walk goes on. */
static bool visit(struct walk *walk, uint32_t i, uint32_t *next)
{
	const struct tp_part *part = &walk->tree->parts[i];
	struct tp_media_type type;

	*next = tp_tree_subtree_end(walk->tree, i);
	if ((walk->gone && walk->gone[i]) || is_closed(walk, i))
		return true;
	tp_part_media_type(walk->tree, walk->data, i, &type);
	if (is_sealed(&type)) {
		walk->found->sealed = true;
		return true;
	}
	if (part->kind == TP_PART_MULTIPART) {
		*next = i + 1;
		return true;
	}
	if (!is_body_type(&type) || !can_be_edited(part) ||
		tp_part_disposition(walk->tree, walk->data, i) == TP_DISPOSITION_ATTACHMENT)
		return true;
	if (holds_pgp(walk->data, part->body)) {
		walk->found->sealed = true;
		return true;
	}
	close_above(walk, i);
	return add_body(walk, i);
}

bool tp_part_is_sealed(const struct tp_tree *tree, const char *data, uint32_t part)
{
	struct tp_media_type type;

	tp_part_media_type(tree, data, part, &type);
	return is_sealed(&type);
}

enum tp_status tp_bodies_find(const struct tp_tree *tree, const char *data, const bool *gone,
	struct tp_bodies *bodies, struct tp_error *err)
{
	struct walk walk = { .tree = tree, .data = data, .gone = gone, .found = bodies };
	uint32_t i = 0, next;
	bool good;

	*bodies = (struct tp_bodies)TP_BODIES_INIT;
	walk.passage = calloc(tree->count, sizeof *walk.passage);
	for (good = walk.passage != NULL; good && i < tree->count; i = next)
		good = visit(&walk, i, &next);
	free(walk.passage);
	if (good)
		return TP_OK;
	tp_bodies_release(bodies);
	return tp_fail(err, TP_NOMEM, "bodies: out of memory");
}

void tp_bodies_release(struct tp_bodies *bodies)
{
	free(bodies->parts);
	*bodies = (struct tp_bodies)TP_BODIES_INIT;
}
