/*
 * The quota: over its size the oldest packs move to the cellar; a cellar that can fill a disc offers
 * one; accepted, its oldest ids go out for dvd-pack and leave when the disc is confirmed; refused or
 * never answered, the oldest are erased as room is needed. State is in `rotation` (JSON, replaced
 * whole); everything may be run again at any time.
 */
#ifndef TP_ARCHIVE_ROTATE_H
#define TP_ARCHIVE_ROTATE_H

#include "archive/archive.h"

enum tp_offer { TP_OFFER_NONE, TP_OFFER_OPEN, TP_OFFER_ACCEPTED, TP_OFFER_REFUSED };

struct tp_rotation {
	uint64_t online_bytes, cellar_bytes; /* afterwards */
	uint32_t moved;	    /* packs that went to the cellar */
	uint64_t erased;    /* messages erased for room */
	enum tp_offer offer;
	bool offered_now;   /* an offer was made by this run: print the notice */
	uint64_t offer_messages, offer_bytes;
};

enum tp_status tp_rotate(struct tp_archive *archive, bool dry_run, const char *actor,
	struct tp_rotation *result, struct tp_error *err);
enum tp_status tp_rotate_answer(struct tp_archive *archive, bool accept, const char *actor,
	struct tp_error *err); /* TP_NOTHING: there is no offer */

/* The ids of an accepted offer, the oldest first, one a line. */
enum tp_status tp_rotate_ids(struct tp_archive *archive, struct tp_buf *out, struct tp_error *err);

/* The notice as an RFC 5322 message in the archive's language, for `sendmail -t`. */
enum tp_status tp_rotate_notice(struct tp_archive *archive, const struct tp_rotation *rotation,
	struct tp_buf *out, struct tp_error *err);

#endif
