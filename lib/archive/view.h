/*
 * One look at an archive: its packs, cellar packs and journals as they stand while the shared lock
 * is held. Everything that reads goes through here; nobody else knows in which file a message is.
 * A message that stands in a pack and still in the journal it was sealed from is shown once.
 */
#ifndef TP_ARCHIVE_VIEW_H
#define TP_ARCHIVE_VIEW_H

#include "archive/archive.h"
#include "archive/record.h"
#include "archive/segment.h"
#include "archive/split.h"

struct tp_view; /* keeps the shared lock */

/* Where a message is. */
struct tp_place {
	bool in_journal;
	uint32_t number; /* of the journal or pack */
	uint64_t at;	 /* offset in the journal, index in the pack */
	enum tp_tier tier;
	uint32_t disc;	 /* tier disc: number in the ledger; else 0 */
};

enum tp_status tp_view_open(struct tp_archive *archive, struct tp_view **view,
	struct tp_error *err);
void tp_view_close(struct tp_view *view);

/* The message with that id. TP_NOTHING: there is none; TP_LIMIT never. An erased one is TP_NOTHING
 * with a sentence that says so. */
enum tp_status tp_view_find(struct tp_view *view, const char *id, struct tp_place *place,
	struct tp_error *err);

/* The id under which that delivery is stored already, or TP_NOTHING. */
enum tp_status tp_view_find_delivery(struct tp_view *view,
	const unsigned char delivery[TP_SHA256_BYTES], char id[TP_ID_LEN + 1], struct tp_error *err);

enum tp_status tp_view_record(struct tp_view *view, const struct tp_place *place,
	struct tp_record *record, struct tp_split *split, struct tp_error *err);

/* The message's original bytes, in order; checked against its SHA-256 at the end (TP_DATA naming
 * pack, offset and id; some bytes may have been given by then). */
enum tp_status tp_view_content(struct tp_view *view, const struct tp_place *place,
	tp_press_sink *sink, void *context, struct tp_error *err);

/* Chunks to scan for finding, the newest first; `tiers` is a set of 1 << enum tp_tier. A pack whose
 * segment is missing or damaged gets a new one on the way (in memory when the archive is read-only).
 * The chunk stays until the next call. TP_NOTHING at the end. */
enum tp_status tp_view_next_chunk(struct tp_view *view, unsigned tiers, struct tp_chunk *chunk,
	struct tp_place *first, struct tp_error *err); /* *first: place of row 0; rows follow */
void tp_view_rewind(struct tp_view *view);

/* Every message, the oldest first, with its place. Erased ones are passed over. */
typedef enum tp_status tp_view_each(void *context, const struct tp_place *place,
	const struct tp_record *record, const struct tp_split *split, struct tp_error *err);
enum tp_status tp_view_walk(struct tp_view *view, unsigned tiers, tp_view_each *each,
	void *context, struct tp_error *err);

/* Bytes of a tier on the disk: its files and, for online, the blobs. */
enum tp_status tp_view_stored(struct tp_view *view, enum tp_tier tier, uint64_t *bytes,
	struct tp_error *err);

#endif
