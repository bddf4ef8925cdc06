/*
 * Rewriting a message: an ordered list of edits, each "these bytes become those". Every byte
 * outside an edit comes out as it came in; there is no other way to change a message here.
 */
#ifndef TP_MIME_EDIT_H
#define TP_MIME_EDIT_H

#include "mime/tree.h"

struct tp_edit {
	struct tp_range range; /* of the original; empty for an insertion */
	char *bytes;           /* owned by the list */
	size_t len;
	size_t serial; /* order in which edits were asked for, to keep insertions in order */
};

struct tp_edits {
	struct tp_edit *list;
	size_t count;
	size_t cap;
};

#define TP_EDITS_INIT                                                                              \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

/* Asks for data[range) to become bytes[0, len) (copied). Edits may be asked for in any order. */
enum tp_status tp_edits_replace(struct tp_edits *edits, struct tp_range range, const char *bytes,
	size_t len, struct tp_error *err);
enum tp_status tp_edits_insert(
	struct tp_edits *edits, size_t at, const char *bytes, size_t len, struct tp_error *err);
enum tp_status tp_edits_remove(struct tp_edits *edits, struct tp_range range, struct tp_error *err);

/* Sorts the list by place; TP_INTERNAL when two edits overlap or one passes `len`. Insertions at
 * one place keep the order in which they were asked for and come before a replacement there. */
enum tp_status tp_edits_settle(struct tp_edits *edits, size_t len, struct tp_error *err);

/* Length of the message after the (settled) edits. */
size_t tp_edits_result_len(const struct tp_edits *edits, size_t len);

/* Hands the result to `sink` piece by piece, in order; stops at its first failure. */
typedef enum tp_status tp_edit_sink(
	void *context, const char *bytes, size_t len, struct tp_error *err);
enum tp_status tp_edits_apply(const struct tp_edits *edits, const char *data, size_t len,
	tp_edit_sink *sink, void *context, struct tp_error *err);

void tp_edits_release(struct tp_edits *edits);

#endif
