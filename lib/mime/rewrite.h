/*
 * Proof before output: a rewritten message is rendered whole, scanned again, and its tree compared
 * with the tree that was intended, before its first byte may reach stdout.
 *
 * The intended tree is a list of shapes in the order of the part tree. It is made from the tree
 * before (every part "the same"), then changed in the way the edits change the message. A part that
 * is "the same" must come out with a body identical to the byte.
 */
#ifndef TP_MIME_REWRITE_H
#define TP_MIME_REWRITE_H

#include "base/spool.h"
#include "mime/edit.h"
#include "mime/tree.h"

struct tp_shape {
	uint16_t depth;
	uint8_t kind;	  /* enum tp_part_kind */
	uint8_t encoding; /* enum tp_encoding */
	bool same;	  /* the body is data[body) of the message before (leaves: compared) */
	struct tp_range body;
};

struct tp_shapes {
	struct tp_shape *list;
	uint32_t count;
	uint32_t cap;
};

#define TP_SHAPES_INIT { NULL, 0, 0 }

/* Every part of the tree, the same. */
enum tp_status tp_shapes_of(const struct tp_tree *tree, struct tp_shapes *shapes,
	struct tp_error *err);

/* Appends one, for callers that build the intended tree part by part. */
enum tp_status tp_shapes_add(struct tp_shapes *shapes, struct tp_shape shape, struct tp_error *err);

void tp_shapes_release(struct tp_shapes *shapes);

/* Settles and applies the edits into *result, scans that, compares. TP_INTERNAL with the place when
 * the outcome is not what was intended; *result must be released on TP_OK only. */
enum tp_status tp_rewrite(const char *data, size_t len, struct tp_edits *edits,
	const struct tp_shapes *intended, struct tp_spool *result, struct tp_error *err);

#endif
