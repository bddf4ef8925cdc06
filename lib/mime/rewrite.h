/*
 * Proof before output: a rewritten message is rendered whole, scanned again, and compared with what
 * it is meant to be (mime/intent.h), before its first byte may reach stdout.
 */
#ifndef TP_MIME_REWRITE_H
#define TP_MIME_REWRITE_H

#include "base/spool.h"
#include "mime/edit.h"
#include "mime/intent.h"

/* Settles and applies the edits into *result and proves that. TP_INTERNAL, naming the place, when
 * the outcome is not what was intended. *result must be released on TP_OK only. */
enum tp_status tp_rewrite(const struct tp_tree *tree, const char *data, size_t len,
	struct tp_edits *edits, const struct tp_intent *intent, struct tp_spool *result,
	struct tp_error *err);

#endif
