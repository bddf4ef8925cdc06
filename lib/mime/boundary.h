/*
 * The boundaries of the multiparts that are open at a point of the message: a stack, with a hash
 * table to ask in constant time which of them a line belongs to, whatever the depth. Private to
 * tree.c.
 *
 * The hash is a polynomial over the field of 2^61 - 1 at a point that the kernel draws once a
 * process (Carter and Wegman): two boundaries collide with a chance below 2^-50 whoever chose them,
 * so a sender cannot build the chains that would make lookups slow.
 */
#ifndef TP_MIME_BOUNDARY_H
#define TP_MIME_BOUNDARY_H

#include "mime/tree.h"

#define TP_BOUNDARY_BUCKETS 1024

struct tp_boundary_level;

struct tp_boundaries {
	struct tp_boundary_level *levels; /* the stack, outermost first */
	uint32_t count;
	uint32_t cap;
	size_t longest;                        /* of the boundaries that were ever pushed */
	struct tp_buf text;                    /* the boundaries themselves, end to end */
	uint32_t buckets[TP_BOUNDARY_BUCKETS]; /* index + 1 of the innermost level there */
};

void tp_boundaries_init(struct tp_boundaries *open);
void tp_boundaries_release(struct tp_boundaries *open);

/* Opens the multipart `part`; false when memory fails. */
bool tp_boundaries_push(
	struct tp_boundaries *open, uint32_t part, const char *boundary, size_t len);

/* Closes the innermost multipart. */
void tp_boundaries_pop(struct tp_boundaries *open);

/* The innermost open multipart, TP_PART_NONE without any. */
uint32_t tp_boundaries_innermost(const struct tp_boundaries *open);

/* The part that a line `--` + text[0, len) delimits, white space at its end already taken off;
 * *closing says whether it is the closing delimiter. TP_PART_NONE when it is no delimiter. */
uint32_t tp_boundaries_match(
	const struct tp_boundaries *open, const char *text, size_t len, bool *closing);

#endif
