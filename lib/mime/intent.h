/*
 * What a rewritten message is meant to be, part by part, and the proof that it is: the result is
 * scanned again and its tree compared, and every part that was not to change is compared byte for
 * byte with the original; an edited text must hold all of its old text, decoded, around one
 * insertion. It runs before the first byte goes out, so that a mistake of ours, or a message more
 * broken than we thought, costs a delay and never a mail.
 */
#ifndef TP_MIME_INTENT_H
#define TP_MIME_INTENT_H

#include "mime/tree.h"

enum tp_intended {
	TP_INTENDED_SAME,   /* a part of the original, its body untouched */
	TP_INTENDED_EDITED, /* a text of the original, of the same type, with something put in */
	TP_INTENDED_TEXT,   /* a new text/plain part */
	TP_INTENDED_MIXED,  /* a new multipart/mixed */
	TP_INTENDED_STUB,   /* a new message/external-body */
};

struct tp_intent_part {
	uint16_t depth;
	uint8_t kind;    /* enum tp_intended */
	uint32_t origin; /* index in the original tree */
};

struct tp_intent {
	struct tp_intent_part *list; /* in document order; owned */
	size_t count;
	size_t cap;
};

#define TP_INTENT_INIT                                                                             \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

enum tp_status tp_intent_add(struct tp_intent *intent, unsigned depth, enum tp_intended kind,
	uint32_t origin, struct tp_error *err);
void tp_intent_release(struct tp_intent *intent);

/* Scans result[0, len) and compares. TP_INTERNAL, naming the part, when it is not what was meant.
 */
enum tp_status tp_intent_check(const struct tp_intent *intent, const struct tp_tree *tree,
	const char *data, const char *result, size_t len, struct tp_error *err);

#endif
