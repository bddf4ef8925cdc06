/* What is an attachment, and what must never be touched: see attach.h. */
#include "mime/attach.h"

#include <strings.h>

#include "mime/cid.h"
#include "mime/codec.h"
#include "mime/content.h"
#include "mime/header.h"

/* A file name longer than this is one, whatever it says. */
#define NAME_BYTES ((size_t)1 << 16)

static const char *const reasons[TP_HOLD_COUNT] = {
	[TP_HOLD_NONE] = "",
	[TP_HOLD_SIGNED] = "inside a signed part",
	[TP_HOLD_ENCRYPTED] = "encrypted",
	[TP_HOLD_REPORT] = "part of a delivery report",
	[TP_HOLD_PARTIAL] = "fragment of a message",
	[TP_HOLD_CALENDAR] = "calendar data",
	[TP_HOLD_SHOWN] = "shown inside the text",
	[TP_HOLD_EXTERNAL] = "a reference to content elsewhere",
	[TP_HOLD_PGP_INLINE] = "OpenPGP block in the text",
	[TP_HOLD_ONE_CLICK] = "list mail with one-click unsubscribe",
	[TP_HOLD_DKIM] = "signed by DKIM already",
};

const char *tp_hold_reason(enum tp_hold hold)
{
	return reasons[hold];
}

/* What one pass down the tree knows of each part; children ask their parent's entry. */
struct look {
	const struct tp_tree *tree;
	const char *data;
	struct tp_roles *roles;
	uint8_t *family; /* enum family of each part: a parent's header is read once, not per child
			  */
	struct tp_cids cids;
};

enum family { FAMILY_OTHER, FAMILY_ALTERNATIVE, FAMILY_RELATED, FAMILY_DIGEST };

/* A multipart's word for all below it. */
static enum tp_hold hold_of_container(const struct tp_media_type *type)
{
	if (tp_media_type_is(type, "multipart", "signed"))
		return TP_HOLD_SIGNED;
	if (tp_media_type_is(type, "multipart", "encrypted"))
		return TP_HOLD_ENCRYPTED;
	if (tp_media_type_is(type, "multipart", "report"))
		return TP_HOLD_REPORT;
	return TP_HOLD_NONE;
}

static bool is_calendar(const struct tp_media_type *type)
{
	return tp_media_type_is(type, "text", "calendar") ||
	       tp_media_type_is(type, "application", "ics");
}

static enum tp_hold hold_of_leaf(const struct tp_media_type *type)
{
	if (tp_media_type_is(type, "application", "pkcs7-mime") ||
		tp_media_type_is(type, "application", "x-pkcs7-mime"))
		return TP_HOLD_ENCRYPTED;
	if (tp_media_type_is(type, "message", "partial"))
		return TP_HOLD_PARTIAL;
	if (tp_media_type_is(type, "message", "external-body"))
		return TP_HOLD_EXTERNAL;
	if (is_calendar(type))
		return TP_HOLD_CALENDAR;
	return TP_HOLD_NONE;
}

/* Parts that are there for a protocol and that no reader calls a file. */
static bool is_machinery(const struct tp_media_type *type)
{
	return tp_media_type_is(type, "application", "pgp-signature") ||
	       tp_media_type_is(type, "application", "pkcs7-signature") ||
	       tp_media_type_is(type, "application", "x-pkcs7-signature") ||
	       tp_media_type_is(type, "application", "pgp-encrypted") ||
	       tp_media_type_is(type, "message", "delivery-status") ||
	       tp_media_type_is(type, "message", "disposition-notification") ||
	       tp_media_type_is(type, "message", "global-delivery-status") ||
	       tp_media_type_is(type, "message", "global-disposition-notification") ||
	       tp_media_type_is(type, "message", "feedback-report") ||
	       tp_media_type_is(type, "message", "external-body");
}

/* Reads the file name that the part declares, whatever it is worth: false when there is none, or an
 * empty one, which some programs give to every text. */
static bool read_filename(const struct look *look, uint32_t part, struct tp_buf *name)
{
	struct tp_range header = look->tree->parts[part].header;
	struct tp_field field;
	enum tp_status status = TP_NOTHING;

	if (tp_header_find(look->data, header, "Content-Disposition", &field))
		status = tp_param_find(look->data, field.value, "filename", name, NULL, NULL);
	if ((status == TP_NOTHING || (!status && name->len == 0)) &&
		tp_header_find(look->data, header, "Content-Type", &field))
		status = tp_param_find(look->data, field.value, "name", name, NULL, NULL);
	return status != TP_NOTHING && (status || name->len > 0);
}

static bool has_filename(const struct look *look, uint32_t part)
{
	struct tp_buf name = TP_BUF_INIT(NAME_BYTES);
	bool found = read_filename(look, part, &name);

	tp_buf_release(&name);
	return found;
}

/* S/MIME that a program labelled by its name alone (RFC 8551 3.2.1). It is then all of the mail; a
 * document signed by hand and attached is named like it and is a file like others. */
static bool is_smime_by_name(const struct look *look, uint32_t part)
{
	struct tp_buf name = TP_BUF_INIT(NAME_BYTES);
	bool is;

	is = part == 0 && read_filename(look, part, &name) && name.len > 4 &&
	     !strcasecmp(tp_buf_str(&name) + name.len - 4, ".p7m");
	tp_buf_release(&name);
	return is;
}

/* Shown by the HTML: by its Content-ID, or, inside a multipart/related, by its Content-Location
 * (RFC 2557), whose resolving is left to those who can. */
static bool is_shown(const struct look *look, uint32_t part)
{
	const struct tp_part *p = &look->tree->parts[part];
	struct tp_field field;

	if (tp_header_find(look->data, p->header, "Content-ID", &field) &&
		tp_cids_has(&look->cids, look->data, field.value))
		return true;
	return p->parent != TP_PART_NONE && look->family[p->parent] == FAMILY_RELATED &&
	       tp_header_find(look->data, p->header, "Content-Location", &field) &&
	       tp_part_disposition(look->tree, look->data, part) != TP_DISPOSITION_ATTACHMENT;
}

static bool is_child_of(const struct look *look, uint32_t part, enum family family)
{
	uint32_t parent = look->tree->parts[part].parent;

	return parent != TP_PART_NONE && look->family[parent] == family;
}

static enum family family_of(const struct tp_media_type *type)
{
	if (tp_media_type_is(type, "multipart", "alternative"))
		return FAMILY_ALTERNATIVE;
	if (tp_media_type_is(type, "multipart", "related"))
		return FAMILY_RELATED;
	if (tp_media_type_is(type, "multipart", "digest"))
		return FAMILY_DIGEST;
	return FAMILY_OTHER;
}

/* Text without a name, the text that a multipart/related begins with, or a branch of an
 * alternative: what a person reads. */
static bool is_text_of_mail(
	const struct look *look, uint32_t part, const struct tp_media_type *type)
{
	enum tp_disposition disposition = tp_part_disposition(look->tree, look->data, part);

	if (disposition == TP_DISPOSITION_ATTACHMENT)
		return false;
	if (is_child_of(look, part, FAMILY_ALTERNATIVE))
		return true;
	if (!tp_media_type_is(type, "text", "*"))
		return false;
	return (is_child_of(look, part, FAMILY_RELATED) && look->tree->parts[part].ordinal == 1) ||
	       !has_filename(look, part);
}

/* An invitation that a mail program acts upon, rather than a file. */
static bool is_invitation(const struct look *look, uint32_t part, const struct tp_media_type *type)
{
	return is_calendar(type) &&
	       tp_part_disposition(look->tree, look->data, part) != TP_DISPOSITION_ATTACHMENT &&
	       (is_child_of(look, part, FAMILY_ALTERNATIVE) || !has_filename(look, part));
}

static enum tp_role role_of_leaf(
	const struct look *look, uint32_t part, const struct tp_media_type *type)
{
	/* A multipart without a boundary cannot be opened: readers show its bytes. */
	if (is_machinery(type) || is_invitation(look, part, type) ||
		tp_media_type_is(type, "multipart", "*"))
		return TP_ROLE_INLINE;
	if (is_text_of_mail(look, part, type))
		return TP_ROLE_BODY;
	return TP_ROLE_ATTACHMENT;
}

static enum tp_role role_of_message(const struct look *look, uint32_t part)
{
	return is_child_of(look, part, FAMILY_DIGEST) ? TP_ROLE_INLINE : TP_ROLE_ATTACHMENT;
}

/* Roles and holds that the structure alone gives. Parents stand before their children. */
static void look_at_structure(struct look *look)
{
	const struct tp_tree *tree = look->tree;
	struct tp_roles *roles = look->roles;

	for (uint32_t i = 0; i < tree->count; i++) {
		const struct tp_part *part = &tree->parts[i];
		uint8_t above = part->parent == TP_PART_NONE ? TP_ROLE_CONTAINER
							     : roles->role[part->parent];
		struct tp_media_type type;

		tp_part_media_type(tree, look->data, i, &type);
		look->family[i] = (uint8_t)family_of(&type);
		if (part->parent != TP_PART_NONE)
			roles->hold[i] = roles->hold[part->parent];
		if (above != TP_ROLE_CONTAINER) {
			roles->role[i] = TP_ROLE_INSIDE;
		} else if (part->kind == TP_PART_MULTIPART) {
			roles->role[i] = TP_ROLE_CONTAINER;
			if (!roles->hold[i])
				roles->hold[i] = (uint8_t)hold_of_container(&type);
		} else if (part->kind == TP_PART_MESSAGE) {
			roles->role[i] = (uint8_t)role_of_message(look, i);
		} else {
			roles->role[i] = (uint8_t)role_of_leaf(look, i, &type);
			if (!roles->hold[i])
				roles->hold[i] = (uint8_t)hold_of_leaf(&type);
			if (!roles->hold[i] && is_smime_by_name(look, i))
				roles->hold[i] = TP_HOLD_ENCRYPTED;
		}
	}
}

/* Looks for an OpenPGP armor line at the start of a line, in pieces. */
struct armor {
	int matched; /* bytes matched from the line's start, -1: not this line */
	bool found;
};

static enum tp_status search_armor(
	void *context, const char *bytes, size_t len, struct tp_error *err)
{
	static const char needle[] = "-----BEGIN PGP ";
	struct armor *armor = context;
	const char *at = bytes, *end = bytes + len;

	while (at < end && !armor->found) {
		if (armor->matched < 0) {
			at = memchr(at, '\n', (size_t)(end - at));
			if (!at)
				break;
			at++;
			armor->matched = 0;
		} else if (*at == needle[armor->matched]) {
			at++;
			armor->found = !needle[++armor->matched];
		} else if (*at == '\n') {
			at++;
			armor->matched = 0;
		} else {
			armor->matched = -1;
		}
	}
	(void)err;
	return TP_OK;
}

/* Reads the texts: HTML for the pictures it shows (also where it has a name, as programs give to
 * the text itself), the texts of the mail for OpenPGP blocks. */
static enum tp_status look_at_texts(struct look *look, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	struct armor armor = { 0, false };

	for (uint32_t i = 0; !status && i < look->tree->count; i++) {
		const struct tp_part *part = &look->tree->parts[i];
		struct tp_media_type type;

		if (look->roles->role[i] != TP_ROLE_BODY &&
			look->roles->role[i] != TP_ROLE_ATTACHMENT)
			continue;
		tp_part_media_type(look->tree, look->data, i, &type);
		if (part->kind == TP_PART_LEAF && tp_media_type_is(&type, "text", "html"))
			status = tp_cids_collect(
				&look->cids, look->data, part->body, part->encoding, err);
		if (status || armor.found || look->roles->role[i] != TP_ROLE_BODY ||
			!tp_media_type_is(&type, "text", "*"))
			continue;
		armor.matched = 0;
		status = tp_content_read(
			look->data, part->body, part->encoding, search_armor, &armor, err);
	}
	tp_cids_seal(&look->cids);
	if (!status && armor.found)
		look->roles->message = TP_HOLD_PGP_INLINE;
	return status;
}

static void hold_shown_parts(struct look *look)
{
	for (uint32_t i = 0; i < look->tree->count; i++) {
		if (look->roles->role[i] != TP_ROLE_ATTACHMENT || !is_shown(look, i))
			continue;
		look->roles->role[i] = TP_ROLE_INLINE;
		if (!look->roles->hold[i])
			look->roles->hold[i] = TP_HOLD_SHOWN;
	}
}

static void look_at_message_header(struct look *look)
{
	struct tp_range header = look->tree->parts[0].header;
	struct tp_field field;

	if (tp_header_find(look->data, header, "List-Unsubscribe-Post", &field))
		look->roles->message = TP_HOLD_ONE_CLICK;
	else if (tp_header_find(look->data, header, "DKIM-Signature", &field) &&
		 !look->roles->message)
		look->roles->message = TP_HOLD_DKIM;
}

enum tp_status tp_attach_classify(
	const struct tp_tree *tree, const char *data, struct tp_roles *roles, struct tp_error *err)
{
	struct look look = { .tree = tree, .data = data, .roles = roles };
	enum tp_status status;

	*roles = (struct tp_roles){ calloc(tree->count, 3), NULL, TP_HOLD_NONE };
	if (!roles->role)
		return tp_fail(err, TP_NOMEM, "out of memory");
	roles->hold = roles->role + tree->count;
	look.family = roles->hold + tree->count;
	tp_cids_init(&look.cids);
	look_at_structure(&look);
	status = look_at_texts(&look, err);
	if (!status) {
		hold_shown_parts(&look);
		look_at_message_header(&look);
	}
	tp_cids_release(&look.cids);
	if (status)
		tp_roles_release(roles);
	return status;
}

void tp_roles_release(struct tp_roles *roles)
{
	free(roles->role);
	*roles = (struct tp_roles){ NULL, NULL, TP_HOLD_NONE };
}

uint64_t tp_attach_size(const struct tp_tree *tree, const char *data, uint32_t part)
{
	const struct tp_part *p = &tree->parts[part];

	return tp_codec_decoded_size(data, p->body, p->encoding);
}

uint64_t tp_attach_weight(
	const struct tp_tree *tree, const char *data, const struct tp_roles *roles)
{
	uint64_t weight = 0;

	for (uint32_t i = 0; i < tree->count; i++)
		if (roles->role[i] == TP_ROLE_ATTACHMENT)
			weight += tp_attach_size(tree, data, i);
	return weight;
}
