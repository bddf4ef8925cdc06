/*
 * Text put into a whole message, and stubs taken out of it, as one list of edits.
 *
 * Text goes into every text body (mime/body.h). A mail that has none, or more than anybody reads,
 * gets a part of its own: beside the others when the root is a multipart/mixed, in place of
 * everything when nothing else is left, else in a new multipart/mixed around the old root, whose
 * fields Content-* go with it. Nothing is ever put inside what is signed or encrypted.
 */
#ifndef TP_MIME_INJECT_H
#define TP_MIME_INJECT_H

#include "mime/edit.h"
#include "mime/intent.h"

struct tp_inject {
	const char *text; /* UTF-8, lines ended by LF */
	size_t text_len;
	const char *html; /* an HTML fragment, UTF-8 */
	size_t html_len;
	bool foot;        /* at the end rather than at the beginning */
	bool wrap_sealed; /* signed or encrypted mail: put the text beside it, rather than nowhere
			   */
	bool beside;      /* change nothing inside: a new multipart/mixed in any case */
	const bool
		*kept; /* a flag for each part: stubs that stay and are marked as shown; or NULL */
	bool *removed; /* a flag for each part: stubs to take out; NULL for none. Multiparts that
			     become empty are flagged too; a stub that is all of an enclosed message
			     is left, and its flag cleared */
};

enum tp_inject_way {
	TP_INJECT_INSIDE,   /* the text is in the bodies that were there */
	TP_INJECT_ADDED,    /* in a part of its own in the root, a multipart/mixed */
	TP_INJECT_WRAPPED,  /* in a part of its own, the old root beside it */
	TP_INJECT_REPLACED, /* it is all that the mail has left */
	TP_INJECT_NOWHERE, /* sealed mail and not wrap_sealed: no text; stubs are still taken out */
};

/* Adds the edits; *intent (to be released) gets what tp_intent_check shall find. TP_DATA when the
 * message leaves no place; TP_NOMEM. */
enum tp_status tp_inject(const struct tp_tree *tree, const char *data, size_t len,
	const struct tp_inject *inject, struct tp_edits *edits, struct tp_intent *intent,
	enum tp_inject_way *way, struct tp_error *err);

#endif
