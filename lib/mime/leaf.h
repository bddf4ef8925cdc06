/*
 * Text put into one text part, whatever its charset, transfer encoding and line endings.
 *
 * As little as possible changes. Where the encoding allows, the part gets an insertion and every
 * other byte stays; quoted-printable gets one when decoding the result proves it right; base64 is
 * encoded again. The charset stays when the text fits in it. HTML always fits, by character
 * references; plain text that does not fit moves the part to UTF-8.
 */
#ifndef TP_MIME_LEAF_H
#define TP_MIME_LEAF_H

#include "mime/edit.h"

/* What is put in: UTF-8, lines ended by LF; for a text/html part an HTML fragment. */
struct tp_leaf_text {
	const char *text;
	size_t len;
	bool foot; /* at the end rather than at the beginning */
};

/* Adds the edits that put `text` into part `part` (text/plain or text/html, a leaf whose encoding
 * is known):
 *  - plain, foot: before the last signature delimiter `-- ` (RFC 3676 4.3), else at the end; a
 * blank line between; with format=flowed, lines are space-stuffed and none ends in a space (4.4);
 *  - HTML: where mime/html.h says;
 *  - line endings as in the part.
 * TP_NOTHING when the part cannot take text without a loss (a charset that does not hold ASCII,
 * with bytes in it that have no meaning); then no edit was added. */
enum tp_status tp_leaf_insert(const struct tp_tree *tree, const char *data, uint32_t part,
	const struct tp_leaf_text *text, struct tp_edits *edits, struct tp_error *err);

/* Appends a new text part: fields, blank line, body, lines ended by `eol`; charset UTF-8 or
 * US-ASCII, encoded when it must be. The last line has its eol. `html` chooses the type. */
enum tp_status tp_leaf_make(const struct tp_leaf_text *text, bool html, const char *eol,
	struct tp_buf *out, struct tp_error *err);

/* Appends the text of a leaf as a reader sees it: decoded, as UTF-8, line ends as they are. */
enum tp_status tp_leaf_read(const struct tp_tree *tree, const char *data, uint32_t part,
	struct tp_buf *out, struct tp_error *err);

/* The line ending that data[range) uses first, or `otherwise` when it has none. */
const char *tp_leaf_eol(const char *data, struct tp_range range, const char *otherwise);

#endif
