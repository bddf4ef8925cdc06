/* What settling is made of. Private to settle*.c. */
#ifndef TP_DISC_SETTLE_PARTS_H
#define TP_DISC_SETTLE_PARTS_H

#include "archive/record.h"
#include "disc/ids.h"
#include "disc/ledger.h"
#include "disc/settle.h"

/* A good disc, and its mails when they have been asked for. One that all its mails have left for has
 * nothing in the cellar any more. */
struct tp_settle_disc {
	struct tp_disc disc;
	bool loaded;
	bool unknown; /* what it has cannot be read */
	bool takes;   /* mails of packs that leave */
	bool stays;   /* a mail of a pack that has to wait is on it */
	bool whole;   /* its segment knows all of its mails, and none stays */
	struct tp_disc_ids ids;
};

struct tp_settle_pack {
	uint32_t number;
	uint64_t on_discs, missing, messages;
};

struct tp_settling {
	struct tp_archive *archive;
	struct tp_settle_disc *discs;
	size_t disc_count;
	struct tp_settle_pack *packs; /* those that have a message on a disc */
	size_t pack_count;
	uint32_t *leaving;
	size_t leaving_count;
	struct tp_error trouble; /* the first of what was done without */
};

/* Keeps the first of what was done without, to be told at the end. */
void tp_settle_note(struct tp_settling *s, const struct tp_error *why);

/* The ids of a disc, read once. One whose list is damaged or missing counts as holding nothing, is noted, and
 * is `unknown` from then on: the others are settled. */
enum tp_status tp_settle_load(
	struct tp_settling *s, struct tp_settle_disc *g, struct tp_error *err);

/* Every message of a pack in the cellar, erased ones too. */
typedef enum tp_status tp_settle_each(
	void *context, const struct tp_record *record, bool erased, struct tp_error *err);
enum tp_status tp_settle_walk_pack(struct tp_settling *s, uint32_t number, tp_settle_each *each,
	void *context, struct tp_error *err);

/* Writes disc/NNNNNNNN.tpx anew when it gains mails: those of the packs that leave, what it had, and what
 * is known of mails that left for other discs. Says of the disc whether it takes mails now, and whether
 * all of its mails are in there. */
enum tp_status tp_settle_write_index(
	struct tp_settling *s, struct tp_settle_disc *g, struct tp_error *err);

#endif
