/*
 * Text into a message, stubs out of it: see inject.h. Multiparts are edited at their delimiter
 * lines: a child leaves with the delimiter before it, a part comes with a copy of one.
 */
#include "mime/inject.h"

#include <strings.h>
#include <sys/random.h>

#include "mime/body.h"
#include "mime/header.h"
#include "mime/leaf.h"
#include "mime/stub.h"

#define BODIES_MAX 32 /* people write three; a text for each of thousands would be a flood */

struct job {
	const struct tp_tree *tree;
	const char *data;
	size_t len;
	const struct tp_inject *inject;
	struct tp_edits *edits;
	const char *eol; /* of the root's header */
};

static bool is_removed(const struct job *job, uint32_t part)
{
	return job->inject->removed && job->inject->removed[part];
}

/* --- delimiter lines -------------------------------------------------------------------------- */

/* Where the delimiter line before child `part` begins. */
static size_t delimiter_begin(const struct job *job, uint32_t part)
{
	const struct tp_part *child = &job->tree->parts[part];
	size_t floor = job->tree->parts[child->parent].body.begin, at = child->header.begin;
	const char *lf;

	at -= at > floor && job->data[at - 1] == '\n';
	lf = memrchr(job->data + floor, '\n', at - floor);
	return lf ? (size_t)(lf + 1 - job->data) : floor;
}

/* Where the delimiter line after child `part` begins; the end of its multipart when there is none.
 */
static size_t delimiter_after(const struct job *job, uint32_t part)
{
	const struct tp_part *child = &job->tree->parts[part];
	const struct tp_part *parent = &job->tree->parts[child->parent];
	size_t at = child->body.end;

	if (child->next != TP_PART_NONE)
		return delimiter_begin(job, child->next);
	if (!parent->closed)
		return parent->body.end;
	at += at < job->len && job->data[at] == '\r';
	at += at < job->len && job->data[at] == '\n';
	return at;
}

/* The delimiter line before child `part`, without what ends it. */
static struct tp_range delimiter(const struct job *job, uint32_t part)
{
	struct tp_range line = { delimiter_begin(job, part), job->tree->parts[part].header.begin };

	while (line.end > line.begin && strchr(" \t\r\n", job->data[line.end - 1]))
		line.end--;
	return line;
}

static uint32_t last_child(const struct tp_tree *tree, uint32_t parent)
{
	uint32_t child = parent + 1;

	while (tree->parts[child].next != TP_PART_NONE)
		child = tree->parts[child].next;
	return child;
}

/* --- taking stubs out ------------------------------------------------------------------------- */

/* Flags multiparts that lose all their children; unflags what an enclosed message cannot lose. From
 * the last part to the first, so that children are settled before their parents. */
static enum tp_status settle_removed(const struct job *job, struct tp_error *err)
{
	const struct tp_tree *tree = job->tree;
	bool *removed = job->inject->removed;
	uint32_t *lost;

	if (!removed)
		return TP_OK;
	lost = calloc(tree->count, sizeof *lost);
	if (!lost)
		return tp_fail(err, TP_NOMEM, "stubs: out of memory");
	for (uint32_t i = tree->count; i-- > 0;) {
		const struct tp_part *part = &tree->parts[i];

		if (part->kind == TP_PART_MULTIPART && part->children)
			removed[i] = lost[i] == part->children;
		if (!removed[i] || part->parent == TP_PART_NONE)
			continue;
		if (tree->parts[part->parent].kind == TP_PART_MULTIPART)
			lost[part->parent]++;
		else /* what an enclosed message is made of stays, with all below it */
			memset(removed + i, 0, tp_tree_subtree_end(tree, i) - i);
	}
	free(lost);
	return TP_OK;
}

/* Takes out one child with the delimiter before it. When no delimiter follows, that one becomes the
 * closing one: the line end before it must not fall to the part that is now the last. */
static enum tp_status remove_part(const struct job *job, uint32_t part, struct tp_error *err)
{
	const struct tp_part *child = &job->tree->parts[part];
	struct tp_range range = { delimiter_begin(job, part), delimiter_after(job, part) };
	struct tp_range line = delimiter(job, part);
	struct tp_buf out = TP_BUF_INIT(SIZE_MAX - 1);
	enum tp_status status;

	if (child->next == TP_PART_NONE && !job->tree->parts[child->parent].closed) {
		tp_buf_add(&out, job->data + line.begin, tp_range_len(line));
		tp_buf_addf(&out, "--%s", job->eol);
	}
	status = tp_buf_status(&out, "body", err);
	if (!status)
		status = tp_edits_replace(job->edits, range, tp_buf_str(&out), out.len, err);
	tp_buf_release(&out);
	return status;
}

static enum tp_status remove_parts(const struct job *job, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	uint32_t i = 1;

	while (!status && i < job->tree->count) {
		if (is_removed(job, i)) {
			status = remove_part(job, i, err);
			i = tp_tree_subtree_end(job->tree, i);
		} else {
			i++;
		}
	}
	return status;
}

/* Stubs that stay are not to be shown again; wrap_root, which moves the root's fields, marks it. */
static enum tp_status mark_kept(const struct job *job, struct tp_error *err)
{
	const bool *kept = job->inject->kept;
	enum tp_status status = TP_OK;

	for (uint32_t i = 1; kept && !status && i < job->tree->count; i++)
		if (kept[i])
			status = tp_stub_mark(job->tree, job->data, i, job->eol, job->edits, err);
	return status;
}

/* --- the root's header ------------------------------------------------------------------------ */

static bool is_content_field(const struct job *job, const struct tp_field *field)
{
	return tp_range_len(field->name) > 8 &&
	       !strncasecmp(job->data + field->name.begin, "content-", 8);
}

/* What the root's header has lost, and where. */
struct header_gap {
	struct tp_buf fields; /* the fields taken out */
	size_t place;         /* where the first one stood; the header's end when there was none */
	bool at_end;          /* the last line of the header was one of them */
};

/* Takes the fields Content-* out of the root's header. */
static enum tp_status move_content_fields(
	const struct job *job, struct header_gap *gap, struct tp_error *err)
{
	struct tp_range header = job->tree->parts[0].header;
	size_t at = header.begin;
	struct tp_field field;
	enum tp_status status = TP_OK;

	gap->place = header.end;
	while (!status && tp_header_next(job->data, header, &at, &field)) {
		if (!is_content_field(job, &field))
			continue;
		if (gap->place == header.end)
			gap->place = field.whole.begin;
		gap->at_end = field.whole.end == header.end;
		tp_buf_add(&gap->fields, job->data + field.whole.begin, tp_range_len(field.whole));
		if (gap->fields.len && gap->fields.data[gap->fields.len - 1] != '\n')
			tp_buf_adds(&gap->fields, job->eol);
		status = tp_edits_remove(job->edits, field.whole, err);
	}
	return status ? status : tp_buf_status(&gap->fields, "header", err);
}

/* Inserts fields where the old ones stood (a header must begin with a field, so not at its end),
 * MIME-Version first when it lacks one, and the blank line when there is none. */
static enum tp_status add_root_fields(const struct job *job, const struct header_gap *gap,
	const char *fields, size_t fields_len, struct tp_error *err)
{
	const struct tp_part *root = &job->tree->parts[0];
	size_t end = root->header.end;
	bool open = end > root->header.begin && job->data[end - 1] != '\n' && !gap->at_end;
	struct tp_buf out = TP_BUF_INIT(fields_len + 4096);
	struct tp_field field;
	enum tp_status status = TP_OK;

	if (open)
		status = tp_edits_insert(job->edits, end, job->eol, strlen(job->eol), err);
	if (!tp_header_find(job->data, root->header, "MIME-Version", &field))
		tp_buf_addf(&out, "MIME-Version: 1.0%s", job->eol);
	tp_buf_add(&out, fields, fields_len);
	if (!status)
		status = tp_buf_status(&out, "header", err);
	if (!status)
		status = tp_edits_insert(job->edits, gap->place, out.data, out.len, err);
	if (!status && root->body.begin == end)
		status = tp_edits_insert(job->edits, end, job->eol, strlen(job->eol), err);
	tp_buf_release(&out);
	return status;
}

/* --- parts of their own ----------------------------------------------------------------------- */

static enum tp_status make_part(const struct job *job, struct tp_buf *out, struct tp_error *err)
{
	struct tp_leaf_text text = { job->inject->text, job->inject->text_len, job->inject->foot };

	return tp_leaf_make(&text, false, job->eol, out, err);
}

/* A boundary that is nowhere in the message. The same message gets the same one, so that a retried
 * delivery is the same mail; only a sender who guesses it on purpose makes us roll dice. */
static enum tp_status choose_boundary(
	const struct job *job, char boundary[40], struct tp_error *err)
{
	uint64_t hash = 0xcbf29ce484222325u ^ job->len;
	size_t sample = job->len < 65536 ? job->len : 65536;

	for (size_t i = 0; i < sample; i++)
		hash = (hash ^ (unsigned char)job->data[i]) * 0x100000001b3u;
	for (int tries = 0; tries < 16; tries++) {
		snprintf(boundary, 40, "=_tubepost_%016llx", (unsigned long long)hash);
		if (!memmem(job->data, job->len, boundary, strlen(boundary)))
			return TP_OK;
		if (getrandom(&hash, sizeof hash, 0) != (ssize_t)sizeof hash)
			break;
	}
	return tp_fail(err, TP_TEMPORARY, "no boundary found for a new multipart");
}

static enum tp_status insert_buf(
	const struct job *job, size_t at, const struct tp_buf *buf, struct tp_error *err)
{
	enum tp_status status = tp_buf_status(buf, "body", err);

	return status ? status : tp_edits_insert(job->edits, at, buf->data, buf->len, err);
}

/* What parts the root's body from a delimiter put behind it. A lone CR at its end must not become
 * half of a line end that belongs to the delimiter. */
static const char *eol_behind(const struct job *job)
{
	size_t end = job->tree->parts[0].body.end;

	return end && job->data[end - 1] == '\r' ? "\r\n" : job->eol;
}

/* A new multipart/mixed with the old root, untouched, as one of its two parts. */
static enum tp_status wrap_root(const struct job *job, struct tp_error *err)
{
	struct tp_range body = job->tree->parts[0].body;
	struct header_gap gap = { TP_BUF_INIT(SIZE_MAX - 1), 0, false };
	struct tp_buf part = TP_BUF_INIT(SIZE_MAX - 1);
	struct tp_buf before = TP_BUF_INIT(SIZE_MAX - 1), after = TP_BUF_INIT(SIZE_MAX - 1);
	char boundary[40], field[128];
	enum tp_status status = choose_boundary(job, boundary, err);

	if (!status)
		status = move_content_fields(job, &gap, err);
	if (!status)
		status = make_part(job, &part, err);
	if (status)
		goto out;
	if (!job->inject->foot)
		tp_buf_addf(&before, "--%s%s%s%s", boundary, job->eol, tp_buf_str(&part), job->eol);
	tp_buf_addf(&before, "--%s%s", boundary, job->eol);
	if (job->inject->kept && job->inject->kept[0])
		tp_buf_addf(&before, TP_STUB_MARK "%s", job->eol);
	tp_buf_add(&before, tp_buf_str(&gap.fields), gap.fields.len);
	tp_buf_adds(&before, job->eol);
	if (job->inject->foot)
		tp_buf_addf(&after, "%s--%s%s%s", eol_behind(job), boundary, job->eol,
			tp_buf_str(&part));
	tp_buf_addf(&after, "%s--%s--%s", job->inject->foot ? job->eol : eol_behind(job), boundary,
		job->eol);
	snprintf(field, sizeof field, "Content-Type: multipart/mixed; boundary=\"%s\"%s", boundary,
		job->eol);
	status = add_root_fields(job, &gap, field, strlen(field), err);
	if (!status)
		status = insert_buf(job, body.begin, &before, err);
	if (!status)
		status = insert_buf(job, body.end, &after, err);
out:
	tp_buf_release(&gap.fields);
	tp_buf_release(&part);
	tp_buf_release(&before);
	tp_buf_release(&after);
	return status;
}

/* A part more in the root, a multipart/mixed with at least one child. A root that nobody closed is
 * closed then, unless the last child leaves, which closes it, too. */
static enum tp_status add_to_root(const struct job *job, struct tp_error *err)
{
	uint32_t last = last_child(job->tree, 0);
	bool open = job->inject->foot && !job->tree->parts[0].closed && !is_removed(job, last);
	struct tp_range line = delimiter(job, 1);
	struct tp_buf out = TP_BUF_INIT(SIZE_MAX - 1), part = TP_BUF_INIT(SIZE_MAX - 1);
	enum tp_status status = make_part(job, &part, err);
	size_t at = line.begin;

	if (job->inject->foot)
		at = is_removed(job, last) ? delimiter_begin(job, last)
					   : delimiter_after(job, last);
	if (open)
		tp_buf_adds(&out, eol_behind(job));
	tp_buf_add(&out, job->data + line.begin, tp_range_len(line));
	tp_buf_addf(&out, "%s%s%s", job->eol, tp_buf_str(&part), job->eol);
	if (open) {
		tp_buf_add(&out, job->data + line.begin, tp_range_len(line));
		tp_buf_addf(&out, "--%s", job->eol);
	}
	if (!status)
		status = insert_buf(job, at, &out, err);
	tp_buf_release(&out);
	tp_buf_release(&part);
	return status;
}

/* The text is all that is left: the root becomes text/plain. */
static enum tp_status replace_root(const struct job *job, struct tp_error *err)
{
	struct header_gap gap = { TP_BUF_INIT(SIZE_MAX - 1), 0, false };
	struct tp_buf part = TP_BUF_INIT(SIZE_MAX - 1);
	enum tp_status status = make_part(job, &part, err);
	const char *blank;
	size_t fields;

	if (!status)
		status = move_content_fields(job, &gap, err);
	if (!status) {
		blank = strstr(part.data, !strcmp(job->eol, "\n") ? "\n\n" : "\r\n\r\n");
		fields = (size_t)(blank - part.data) + strlen(job->eol);
		status = add_root_fields(job, &gap, part.data, fields, err);
		fields += strlen(job->eol);
		if (!status)
			status = tp_edits_replace(job->edits, job->tree->parts[0].body,
				part.data + fields, part.len - fields, err);
	}
	tp_buf_release(&gap.fields);
	tp_buf_release(&part);
	return status;
}

/* --- the way ---------------------------------------------------------------------------------- */

/* Puts the text into the bodies. Those that cannot take it leave the list. */
static enum tp_status put_inside(
	const struct job *job, struct tp_bodies *bodies, struct tp_error *err)
{
	const struct tp_inject *inject = job->inject;
	size_t kept = 0;

	for (size_t i = 0; i < bodies->count; i++) {
		uint32_t part = bodies->parts[i];
		struct tp_leaf_text text = { inject->text, inject->text_len, inject->foot };
		struct tp_media_type type;
		enum tp_status status;

		tp_part_media_type(job->tree, job->data, part, &type);
		if (tp_media_type_is(&type, "text", "html")) {
			text.text = inject->html;
			text.len = inject->html_len;
		}
		status = tp_leaf_insert(job->tree, job->data, part, &text, job->edits, err);
		if (status == TP_OK)
			bodies->parts[kept++] = part;
		else if (status != TP_NOTHING)
			return status;
	}
	bodies->count = kept;
	return TP_OK;
}

static enum tp_status put_beside(
	const struct job *job, bool sealed, enum tp_inject_way *way, struct tp_error *err)
{
	const struct tp_part *root = &job->tree->parts[0];
	struct tp_media_type type;

	if (is_removed(job, 0)) {
		*way = TP_INJECT_REPLACED;
		return replace_root(job, err);
	}
	if (sealed && !job->inject->wrap_sealed) {
		*way = TP_INJECT_NOWHERE;
		return TP_OK;
	}
	tp_part_media_type(job->tree, job->data, 0, &type);
	if (!job->inject->beside && root->kind == TP_PART_MULTIPART && root->children &&
		tp_media_type_is(&type, "multipart", "mixed")) {
		*way = TP_INJECT_ADDED;
		return add_to_root(job, err);
	}
	*way = TP_INJECT_WRAPPED;
	return wrap_root(job, err);
}

/* --- what shall come out ---------------------------------------------------------------------- */

static enum tp_status intend_parts(const struct job *job, const struct tp_bodies *bodies,
	unsigned deeper, struct tp_intent *intent, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	size_t next = 0;

	for (uint32_t i = 0; !status && i < job->tree->count; i++) {
		bool edited = next < bodies->count && bodies->parts[next] == i;

		next += edited;
		if (!is_removed(job, i))
			status = tp_intent_add(intent, job->tree->parts[i].depth + deeper,
				edited ? TP_INTENDED_EDITED : TP_INTENDED_SAME, i, err);
	}
	return status;
}

static enum tp_status intend(const struct job *job, const struct tp_bodies *bodies,
	enum tp_inject_way way, struct tp_intent *intent, struct tp_error *err)
{
	bool beside = way == TP_INJECT_ADDED || way == TP_INJECT_WRAPPED;
	enum tp_status status = TP_OK;

	if (way == TP_INJECT_REPLACED)
		return tp_intent_add(intent, 0, TP_INTENDED_TEXT, 0, err);
	if (way == TP_INJECT_WRAPPED)
		status = tp_intent_add(intent, 0, TP_INTENDED_MIXED, 0, err);
	if (!status)
		status = intend_parts(job, bodies, way == TP_INJECT_WRAPPED, intent, err);
	if (!status && beside)
		status = tp_intent_add(intent, 1, TP_INTENDED_TEXT, 0, err);
	if (!status && beside && !job->inject->foot) { /* it stands second, not last */
		memmove(intent->list + 2, intent->list + 1,
			(intent->count - 2) * sizeof *intent->list);
		intent->list[1] = (struct tp_intent_part){ 1, TP_INTENDED_TEXT, 0 };
	}
	return status;
}

enum tp_status tp_inject(const struct tp_tree *tree, const char *data, size_t len,
	const struct tp_inject *inject, struct tp_edits *edits, struct tp_intent *intent,
	enum tp_inject_way *way, struct tp_error *err)
{
	struct job job = { tree, data, len, inject, edits, "\n" };
	struct tp_bodies bodies = TP_BODIES_INIT;
	enum tp_status status;

	*intent = (struct tp_intent)TP_INTENT_INIT;
	*way = TP_INJECT_INSIDE;
	job.eol = tp_leaf_eol(data, (struct tp_range){ 0, len }, "\n");
	status = settle_removed(&job, err);
	if (!status && !inject->beside)
		status = tp_bodies_find(tree, data, inject->removed, &bodies, err);
	if (bodies.count > BODIES_MAX)
		bodies.count = 0; /* then beside all of them, once */
	if (!status)
		status = put_inside(&job, &bodies, err);
	if (!status && !bodies.count)
		status = put_beside(&job, bodies.sealed, way, err);
	if (!status && *way != TP_INJECT_REPLACED)
		status = remove_parts(&job, err);
	if (!status)
		status = mark_kept(&job, err);
	if (!status)
		status = intend(&job, &bodies, *way, intent, err);
	tp_bodies_release(&bodies);
	return status;
}
