/*
 * One look at an archive: its packs, cellar packs, discs and journals as they stand while the shared
 * lock is held. Everything that reads goes through here; nobody else knows in which file a message
 * is. A message that stands in a pack and still in the journal it was sealed from is shown once.
 *
 * What left on a disc is known by its segment alone, disc/NNNNNNNN.tpx, NNNNNNNN being the disc's number in
 * the ledger: tp_segment_builder_write_kind with TP_SEGMENT_DISC makes it, of and covers 0, its rows at
 * their index. Whoever lets packs leave the cellar for a disc does it so: under seal.lock
 * (tp_seal_lock, then tp_tidy); the disc's segment first, from the packs' records; then for each pack an
 * event without an id whose note names "pack NNNNNNNN" (tp_event_is_leaving); then, in moments of
 * TP_HOLD_ALL, its attachments that nobody else uses, its index segment and its name, and the bytes
 * overwritten (rotate_erase.c does that part: tp_rotate_erase_on). While both are there, an id is found on
 * the disc.
 */
#ifndef TP_ARCHIVE_VIEW_H
#define TP_ARCHIVE_VIEW_H

#include "archive/archive.h"
#include "archive/press.h"
#include "archive/record.h"
#include "archive/segment.h"
#include "archive/split.h"

struct tp_view; /* keeps the shared lock, pauses aside; for one thread, spans aside */

/* Where a message is. */
struct tp_place {
	bool in_journal;
	uint32_t number; /* of the journal or pack */
	uint64_t at;     /* offset in the journal, index in the pack */
	enum tp_tier tier;
	uint32_t disc; /* tier disc: number in the ledger; else 0 */
};

enum tp_status tp_view_open(
	struct tp_archive *archive, struct tp_view **view, struct tp_error *err);
void tp_view_close(struct tp_view *view);

/* Who reads long lets go of the lock now and then, or nobody could seal or erase: always while he
 * writes to a pipe or a terminal, and between two messages when tp_archive_is_wanted. In a pause only
 * tp_view_resume and tp_view_close may be called. *renewed (may be NULL): files have changed
 * meanwhile, and the view is a new look: places, spans and searches (tp_search_renew) of before are
 * void. When nothing has, a pause costs a few system calls. */
void tp_view_pause(struct tp_view *view);
enum tp_status tp_view_resume(struct tp_view *view, bool *renewed, struct tp_error *err);
/* Pause and resume, if somebody waits. */
enum tp_status tp_view_yield(struct tp_view *view, bool *renewed, struct tp_error *err);

/* --- one message ----------------------------------------------------------------------------- */

/* The message with that id, in any tier. TP_NOTHING: there is none. An erased one is TP_NOTHING with
 * a sentence that says so. TP_DATA: it is nowhere that can be read, and may be in the pack place->number,
 * of which something cannot (0: on a disc). */
enum tp_status tp_view_find(
	struct tp_view *view, const char *id, struct tp_place *place, struct tp_error *err);

/* All discs that have it, whatever else has it, by their numbers; the caller frees *places. TP_NOTHING: none
 * has it; TP_DATA: none that can be read. */
enum tp_status tp_view_find_on_discs(struct tp_view *view, const char *id,
	struct tp_place **places, size_t *count, struct tp_error *err);

/* The id under which that delivery is stored already, or TP_NOTHING. tp_view_find_sealed leaves the
 * journals out, and tp_view_find_sealed_id asks for an id there. What cannot be read is not there. */
enum tp_status tp_view_find_delivery(struct tp_view *view,
	const unsigned char delivery[TP_SHA256_BYTES], char id[TP_ID_LEN + 1],
	struct tp_error *err);
enum tp_status tp_view_find_sealed(struct tp_view *view,
	const unsigned char delivery[TP_SHA256_BYTES], char id[TP_ID_LEN + 1],
	struct tp_error *err);
enum tp_status tp_view_find_sealed_id(
	struct tp_view *view, const char *id, struct tp_place *place, struct tp_error *err);

/* Record and holes; either may be NULL. TP_UNAVAILABLE: it is on a disc. */
enum tp_status tp_view_record(struct tp_view *view, const struct tp_place *place,
	struct tp_record *record, struct tp_split *split, struct tp_error *err);

/* The message's original bytes, in order; checked against its SHA-256 at the end (TP_DATA naming
 * pack, place and id; some bytes may have been given by then). */
enum tp_status tp_view_content(struct tp_view *view, const struct tp_place *place,
	tp_press_sink *sink, void *context, struct tp_error *err);

/* The same into memory, of a message of `size` bytes. *proven false: the bytes were not checked yet, which
 * is left to the caller, who compares their SHA-256 with this one; who reads much does that in another
 * thread. */
enum tp_status tp_view_bytes(struct tp_view *view, const struct tp_place *place, void *bytes,
	size_t size, unsigned char sha256[TP_SHA256_BYTES], bool *proven, struct tp_error *err);

/* Messages of one pack are cheapest to read in the order of their shelves, and on one shelf in that of
 * their places. A journal has but one, 0. */
enum tp_status tp_view_shelf(
	struct tp_view *view, const struct tp_place *place, uint32_t *shelf, struct tp_error *err);

/* --- finding --------------------------------------------------------------------------------- */

/* A chunk of a segment, and whose it is. */
struct tp_span {
	struct tp_segment *segment;
	uint32_t chunk;
	uint32_t part;         /* private */
	const uint8_t *hidden; /* by row: it is the same mail as one of another disc; NULL: none is */
};

/* All chunks of some tiers, in no order; `tiers` is a set of 1 << enum tp_tier. Borrowed until the
 * view is closed or mended. A pack whose segment is missing or damaged gets a new one on the way (in
 * memory where nothing can be written); so does a journal that grew long. Discs whose segments cannot be
 * read are left out. Chunks may be read by several threads. */
enum tp_status tp_view_spans(struct tp_view *view, unsigned tiers, const struct tp_span **spans,
	size_t *count, struct tp_error *err);
/* Discs (numbers of the ledger) that are worth less than others, lost ones say: of a mail that is on several
 * discs, the rows of these are hidden first. Before spans are asked for. */
enum tp_status tp_view_shun_discs(
	struct tp_view *view, const uint32_t *discs, size_t count, struct tp_error *err);
/* Where the row with that `at` (chunk.h) is. */
void tp_view_place(const struct tp_view *view, const struct tp_span *span, uint64_t at,
	struct tp_place *place);
/* Makes the segment of a span again, because reading it gave TP_DATA. All spans are void then. */
enum tp_status tp_view_mend(struct tp_view *view, const struct tp_span *span, struct tp_error *err);
/* The same for a span of a disc (tp_view_place tells), of which nothing else knows: it is left out. */
void tp_view_leave_out(
	struct tp_view *view, const struct tp_span *span, const struct tp_error *why);
/* TP_DATA: some disc was left out, the first is *disc, for that reason. So what was found is not all. */
enum tp_status tp_view_trouble(const struct tp_view *view, uint32_t *disc, struct tp_error *err);

/* --- all of it ------------------------------------------------------------------------------- */

/* Every message, with its place: packs in the order of their numbers, oldest message first in each,
 * then journals. Erased ones are passed over. Ends at the first `each` that fails, with its status. */
typedef enum tp_status tp_view_each(void *context, const struct tp_place *place,
	const struct tp_record *record, const struct tp_split *split, struct tp_error *err);
enum tp_status tp_view_walk(struct tp_view *view, unsigned tiers, tp_view_each *each, void *context,
	struct tp_error *err);

/* The same of journals alone. */
enum tp_status tp_view_walk_journals(
	struct tp_view *view, tp_view_each *each, void *context, struct tp_error *err);

/* Bytes of a tier on the disk: its packs and, for online, journals and blobs. */
enum tp_status tp_view_stored(
	struct tp_view *view, enum tp_tier tier, uint64_t *bytes, struct tp_error *err);

#endif
