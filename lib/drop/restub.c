/*
 * Stubs in the places of what left: the edits, and the tree they must give. See detach.h.
 *
 * A part below the root is replaced whole, header and body. A root that leaves keeps its header
 * fields but those that described its content. A signed part that leaves whole becomes a
 * multipart/mixed of a copy of its text, so that the mail can still be read, and the stub.
 */
#include "drop/detach.h"

#include <strings.h>

#include "base/digest.h"
#include "base/hex.h"
#include "base/secret.h"
#include "mime/header.h"
#include "mime/rewrite.h"

/* The largest text that is copied out of a signed part. */
#define TEXT_COPY_MAX ((size_t)1 << 20)

#define CONTENT_FIELDS_MAX 1000

struct restub {
	const struct tp_detach *detach;
	const unsigned char *secret;
	const char *eol;
	struct tp_edits edits;
	struct tp_intent intent;
};

/* The line ending of the message's first line, which a mail program wrote. */
static const char *line_ending(const char *data, size_t len)
{
	const char *lf = memchr(data, '\n', len);

	return lf && lf > data && lf[-1] == '\r' ? "\r\n" : "\n";
}

/* --- the header of a root that changes -------------------------------------------------------- */

/* Content-Language is what the reader reads, whatever is attached: link-inject goes by it. */
static bool describes_content(const char *data, struct tp_range name)
{
	return tp_range_len(name) > 8 && !strncasecmp(data + name.begin, "Content-", 8) &&
	       !tp_range_is(data, name, "Content-Language");
}

/* Takes the fields that described the old content out of the root's header and puts `fields` in the
 * place of the first: a header may hold lines that are no field, but must not begin with one.
 * (Content-Length, which mboxes know, is among those taken out and would lie.) */
static enum tp_status change_root_header(
	struct restub *r, const struct tp_buf *fields, struct tp_error *err)
{
	static const char version[] = "MIME-Version: 1.0";
	struct tp_range header = r->detach->tree->parts[0].header;
	const char *data = r->detach->data;
	enum tp_status status = TP_OK;
	size_t at = header.begin, place = header.end, removed = 0;
	bool has_version = false;
	struct tp_field field;

	while (!status && tp_header_next(data, header, &at, &field)) {
		has_version = has_version || tp_range_is(data, field.name, "MIME-Version");
		/* Beyond any honest number they stay: of equal fields the first counts, ours. */
		if (!describes_content(data, field.name) || ++removed > CONTENT_FIELDS_MAX)
			continue;
		status = tp_edits_remove(&r->edits, field.whole, err);
		if (place == header.end)
			place = field.whole.begin;
	}
	if (!status && !has_version)
		status = tp_edits_insert(&r->edits, place, version, strlen(version), err);
	if (!status && !has_version)
		status = tp_edits_insert(&r->edits, place, r->eol, strlen(r->eol), err);
	if (!status)
		status = tp_edits_insert(&r->edits, place, fields->data, fields->len, err);
	return status;
}

/* --- the signed part that leaves whole -------------------------------------------------------- */

/* The first text leaf below the signed part that a person reads, or TP_PART_NONE. */
static uint32_t first_text(const struct tp_detach *detach, uint32_t signed_part)
{
	uint32_t end = tp_tree_subtree_end(detach->tree, signed_part);

	for (uint32_t i = signed_part + 1; i < end; i++) {
		struct tp_media_type type;

		if (detach->tree->parts[i].kind == TP_PART_MESSAGE)
			break;
		tp_part_media_type(detach->tree, detach->data, i, &type);
		if (detach->tree->parts[i].kind == TP_PART_LEAF &&
			tp_media_type_is(&type, "text", "*") &&
			tp_part_disposition(detach->tree, detach->data, i) !=
				TP_DISPOSITION_ATTACHMENT)
			return i;
	}
	return TP_PART_NONE;
}

/* True for the multiparts that make one text of several parts. */
static bool is_one_text(const struct tp_detach *detach, uint32_t part)
{
	struct tp_media_type type;

	tp_part_media_type(detach->tree, detach->data, part, &type);
	return tp_media_type_is(&type, "multipart", "alternative") ||
	       tp_media_type_is(&type, "multipart", "related");
}

/* What is copied out of the signed part, so that the mail can still be read: its first text with
 * the alternatives and the pictures around it, as much as is not too large. TP_PART_NONE: nothing.
 */
static uint32_t find_text(const struct tp_detach *detach, uint32_t signed_part)
{
	uint32_t found = TP_PART_NONE, i = first_text(detach, signed_part);

	while (i != TP_PART_NONE && i != signed_part) {
		const struct tp_part *part = &detach->tree->parts[i];

		if (part->body.end - part->header.begin > TEXT_COPY_MAX)
			break;
		found = i;
		i = part->parent;
		if (i == signed_part || !is_one_text(detach, i))
			break;
	}
	return found;
}

/* A copied subtree is intended, its root at `depth`. */
static enum tp_status intend_copy(
	struct restub *r, uint32_t from, unsigned depth, struct tp_error *err)
{
	const struct tp_tree *tree = r->detach->tree;
	uint32_t end = tp_tree_subtree_end(tree, from);
	enum tp_status status = TP_OK;

	for (uint32_t i = from; !status && i < end; i++)
		status = tp_intent_add(&r->intent,
			depth + tree->parts[i].depth - tree->parts[from].depth, TP_INTENDED_SAME, i,
			err);
	return status;
}

/* Header fields and body of the multipart/mixed that takes the signed part's place. */
static enum tp_status wrap(struct restub *r, uint32_t text, const struct tp_buf *stub_fields,
	const struct tp_buf *stub_body, struct tp_buf *fields, struct tp_buf *body,
	struct tp_error *err)
{
	const struct tp_detach *detach = r->detach;
	unsigned char random[16];
	char boundary[2 * sizeof random + 1];
	enum tp_status status = tp_random(random, sizeof random, err);

	if (status)
		return status;
	tp_hex(random, sizeof random, boundary);
	tp_buf_addf(fields, "Content-Type: multipart/mixed;%s boundary=\"=_%s\"%s", r->eol,
		boundary, r->eol);
	if (text != TP_PART_NONE) {
		const struct tp_part *copy = &detach->tree->parts[text];

		tp_buf_addf(body, "--=_%s%s", boundary, r->eol);
		tp_buf_add(body, detach->data + copy->header.begin,
			copy->body.end - copy->header.begin);
		tp_buf_adds(body, r->eol);
	}
	tp_buf_addf(body, "--=_%s%s", boundary, r->eol);
	tp_buf_add(body, stub_fields->data, stub_fields->len);
	tp_buf_adds(body, r->eol);
	tp_buf_add(body, stub_body->data, stub_body->len);
	tp_buf_addf(body, "%s--=_%s--%s", r->eol, boundary, r->eol);
	return fields->status ? tp_buf_status(fields, "part", err)
			      : tp_buf_status(body, "part", err);
}

static enum tp_status intend_wrapped(
	struct restub *r, uint32_t part, uint32_t text, struct tp_error *err)
{
	unsigned depth = r->detach->tree->parts[part].depth;
	enum tp_status status = tp_intent_add(&r->intent, depth, TP_INTENDED_MIXED, 0, err);

	if (!status && text != TP_PART_NONE)
		status = intend_copy(r, text, depth + 1, err);
	return status ? status : tp_intent_add(&r->intent, depth + 1, TP_INTENDED_STUB, 0, err);
}

/* --- one item --------------------------------------------------------------------------------- */

static enum tp_status put_in_place(struct restub *r, uint32_t index, const struct tp_buf *fields,
	const struct tp_buf *body, struct tp_error *err)
{
	const struct tp_part *part = &r->detach->tree->parts[index];
	struct tp_range whole = { part->header.begin, part->body.end };
	struct tp_buf text = TP_BUF_INIT(4 * TEXT_COPY_MAX);
	enum tp_status status;

	if (index == 0) {
		status = change_root_header(r, fields, err);
		return status ? status
			      : tp_edits_replace(&r->edits, part->body, body->data, body->len, err);
	}
	tp_buf_add(&text, fields->data, fields->len);
	tp_buf_adds(&text, r->eol);
	tp_buf_add(&text, body->data, body->len);
	status = tp_buf_status(&text, "part", err);
	if (!status)
		status = tp_edits_replace(&r->edits, whole, text.data, text.len, err);
	tp_buf_release(&text);
	return status;
}

static enum tp_status replace_item(struct restub *r, const struct tp_plan_item *item,
	const struct tp_link *link, struct tp_error *err)
{
	struct tp_buf stub_fields = TP_BUF_INIT(1u << 20), stub_body = TP_BUF_INIT(1u << 20);
	struct tp_buf fields = TP_BUF_INIT(1u << 20), body = TP_BUF_INIT(4 * TEXT_COPY_MAX);
	uint32_t text;
	enum tp_status status;

	status = tp_stub_render(link, r->secret, r->eol, &stub_fields, &stub_body, err);
	if (!status && item->decision == TP_WRAPPED) {
		text = find_text(r->detach, item->part);
		status = wrap(r, text, &stub_fields, &stub_body, &fields, &body, err);
		if (!status)
			status = put_in_place(r, item->part, &fields, &body, err);
		if (!status)
			status = intend_wrapped(r, item->part, text, err);
	} else if (!status) {
		status = put_in_place(r, item->part, &stub_fields, &stub_body, err);
		if (!status)
			status = tp_intent_add(&r->intent, r->detach->tree->parts[item->part].depth,
				TP_INTENDED_STUB, 0, err);
	}
	tp_buf_release(&stub_fields);
	tp_buf_release(&stub_body);
	tp_buf_release(&fields);
	tp_buf_release(&body);
	return status;
}

/* Walks the tree and the plan side by side: both are in the mail's order. */
static enum tp_status replace_all(struct restub *r, struct tp_error *err)
{
	const struct tp_plan *plan = r->detach->plan;
	const struct tp_tree *tree = r->detach->tree;
	enum tp_status status = TP_OK;
	size_t item = 0, link = 0;

	for (uint32_t i = 0; !status && i < tree->count;) {
		while (item < plan->count &&
			(plan->items[item].part < i || plan->items[item].decision == TP_STAYS))
			item++;
		if (item < plan->count && plan->items[item].part == i) {
			status =
				replace_item(r, &plan->items[item], &r->detach->links[link++], err);
			i = tp_tree_subtree_end(tree, i);
		} else {
			status = tp_intent_add(
				&r->intent, tree->parts[i].depth, TP_INTENDED_SAME, i, err);
			i++;
		}
	}
	return status;
}

enum tp_status tp_detach_restub(const struct tp_detach *detach,
	const unsigned char secret[TP_SECRET_BYTES], struct tp_spool *result, struct tp_error *err)
{
	struct restub r = { .detach = detach, .secret = secret };
	enum tp_status status;

	r.eol = line_ending(detach->data, detach->len);
	status = replace_all(&r, err);
	if (!status)
		status = tp_rewrite(
			detach->tree, detach->data, detach->len, &r.edits, &r.intent, result, err);
	tp_edits_release(&r.edits);
	tp_intent_release(&r.intent);
	return status;
}

enum tp_status tp_detach_rewrite(
	const struct tp_detach *detach, struct tp_spool *result, struct tp_error *err)
{
	unsigned char secret[TP_SECRET_BYTES];
	enum tp_status status = tp_secret_load(detach->conf, secret, err);

	if (!status)
		status = tp_detach_restub(detach, secret, result, err);
	explicit_bzero(secret, sizeof secret);
	return status;
}
