/*
 * The quota. Over its size the oldest packs of an archive move to the cellar; a cellar that can fill a
 * disc offers one; accepted, its ids go out for dvd-pack, and they leave when the disc is confirmed;
 * refused or never answered, the oldest are erased as newer ones need their room.
 *
 * Nothing is erased that was not offered: refused, or told and unanswered for as long as archive.yaml
 * says (`answer`). An offer that has nobody to be told to (no `contact`) waits from the day on that it
 * was made, for it stands in every report. Without a subscription there is nothing to ask.
 *
 * Bytes online are those of journals, packs and the attachments that they use; an attachment that only
 * cellar packs use still is the cellar's. What fills a disc is messages as they came, each in whole
 * sectors. The cellar has room for two discs, the one that is offered and the one that comes
 * together behind it; what goes beyond may be erased, the oldest first, but never what was accepted or
 * is on a disc that exists, and only where archive.yaml says a `size`: without one the archive's own
 * 10 GB make the cellar, and the cellar keeps all. The newest pack always stays online: it is the end
 * of the chain.
 *
 * Attachments that nobody uses any more are collected on the way (orphans.h).
 *
 * The state is the file `rotation` (JSON, replaced whole); everything may be run again at any time.
 */
#ifndef TP_ARCHIVE_ROTATE_H
#define TP_ARCHIVE_ROTATE_H

#include "archive/archive.h"

enum tp_offer { TP_OFFER_NONE, TP_OFFER_OPEN, TP_OFFER_ACCEPTED, TP_OFFER_REFUSED };

struct tp_rotation {
	uint64_t online_bytes, cellar_bytes; /* afterwards */
	uint64_t journal_bytes;              /* of those online: in journals, to be sealed */
	uint32_t moved;                      /* packs that went to the cellar */
	uint64_t erased;                     /* messages erased for room */
	uint64_t orphans;                    /* attachments that nobody used for a day, removed */
	uint64_t over_bytes; /* on discs, beyond the cellar's room: kept, see may_erase */
	uint64_t
		kept; /* messages of the cellar that the keeper keeps, when that is beyond its room */
	bool may_erase; /* archive.yaml says a `size`; then what is beyond waits for an answer */
	int64_t answer_until; /* seconds; of an open offer: afterwards it may be erased. 0: it waits to
				 be told */
	enum tp_offer offer;
	bool notice_due; /* the offer was never told of, or a week ago and nobody has answered */
	uint64_t offer_messages, offer_bytes;  /* bytes: of the messages as they came */
	int64_t offer_first_ms, offer_last_ms; /* arrivals */
};

/* Who knows which packs of the cellar have messages on discs that exist. Such a pack is not erased for room,
 * whatever became of the offer: somebody has made that disc, and what is known of its mails comes
 * from the pack, when the disc is confirmed (disc/keep.h). */
struct tp_keeper {
	void *context;
	/* *messages: how many of the pack's are on one. Asked under seal.lock, or the shared lock. TP_DATA:
	 * nobody can say; then nothing is erased. */
	enum tp_status (*ask)(
		void *context, uint32_t pack, uint64_t *messages, struct tp_error *err);
};

/* Brings the archive within its size and makes an offer when one is due. Waits for seal.lock; seals
 * nothing (tp_seal comes before). With `dry_run` it only says what it would do. */
enum tp_status tp_rotate(struct tp_archive *archive, bool dry_run, const struct tp_keeper *keeper,
	const char *actor, struct tp_rotation *result, struct tp_error *err);

/* Answers the offer; an answer may be changed until the disc is confirmed. TP_NOTHING: there is no
 * offer. */
enum tp_status tp_rotate_answer(
	struct tp_archive *archive, bool accept, const char *actor, struct tp_error *err);

/* The ids of an accepted offer, the oldest first, one a line. TP_NOTHING: there is none. */
enum tp_status tp_rotate_ids(struct tp_archive *archive, struct tp_buf *out, struct tp_error *err);

/* The notice of the open offer in `rotation`, an RFC 5322 message in the archive's language for
 * `sendmail -t`. TP_CONFIG: archive.yaml names no contact. */
enum tp_status tp_rotate_notice(struct tp_archive *archive, const struct tp_rotation *rotation,
	struct tp_buf *out, struct tp_error *err);

/* Remembers that the open offer was told: call it when the notice is out. */
enum tp_status tp_rotate_told(struct tp_archive *archive, struct tp_error *err);

#endif
