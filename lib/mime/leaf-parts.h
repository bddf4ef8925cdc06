/* What the two files of the leaf module share: preparation (leaf.c) and edits (leaf-edit.c). Private
 * to them. */
#ifndef TP_MIME_LEAF_PARTS_H
#define TP_MIME_LEAF_PARTS_H

#include "mime/leaf.h"

struct leaf {
	const char *data;
	const struct tp_part *part;
	bool html;
	bool flowed;
	bool iso2022;
	char *charset; /* owned, never NULL */
	const char *eol;

	struct tp_buf decoded; /* the body without its transfer encoding, when it has one */
	struct tp_buf unified; /* the body as UTF-8, when the part moves to it */
	const char *body;      /* what is edited: the mail itself, or one of the two */
	size_t body_len;
	bool moved; /* the charset becomes UTF-8 */

	size_t place;      /* in body */
	struct tp_buf put; /* what goes there: UTF-8 with LF, in the end bytes of the part */
};

bool tp_leaf_is_ascii(const char *bytes, size_t len);
bool tp_leaf_has_long_line(const char *bytes, size_t len); /* longer than RFC 5322 allows */
bool tp_leaf_ends_line(const char *bytes, size_t len);     /* empty counts */
bool tp_leaf_decode(const char *in, size_t len, enum tp_encoding encoding, struct tp_buf *out);
void tp_leaf_swap(struct tp_buf *a, struct tp_buf *b);

/* Whether a part labelled so may hold bytes above 127. */
bool tp_leaf_takes_8bit(const struct leaf *leaf);

/* The edits: the body, and the charset label when the part has moved to UTF-8. */
enum tp_status tp_leaf_edit_body(
	const struct leaf *leaf, struct tp_edits *edits, struct tp_error *err);
enum tp_status tp_leaf_relabel_charset(
	const struct leaf *leaf, struct tp_edits *edits, struct tp_error *err);

#endif
