/*
 * The cellar lets go of what is on discs. A disc is good for that when it has come as far as the archive's
 * setting `after` says and was not lost: verified means verified; received, received; burnt is also
 * what was verified, shipped or received without having been told of.
 *
 * A pack goes when each of its messages is on a good disc (or was erased). Until then it stays whole:
 * taking single messages out of a pack means compressing it anew, and room counts in the cellar
 * only for as long as the rest of the pack waits for the next disc.
 *
 * The steps, each of which may be the last:
 *
 * 1. disc/NNNNNNNN.tpx, what archive-find needs of the mails that will have left: written whole, for
 *    each disc that has some of them. A mail may be listed twice from here on, until its pack is gone.
 * 2. The packs go (archive/release.h): events, the list of them, attachments, the packs.
 * 3. The ledger remembers of which discs all mails have left: those need not be looked at again.
 *
 * Whoever comes next does again what is missing.
 */
#ifndef TP_DISC_SETTLE_H
#define TP_DISC_SETTLE_H

#include "archive/archive.h"

struct tp_settled {
	uint32_t packs;    /* that left the cellar */
	uint64_t messages; /* in them */
	uint32_t waiting;  /* packs that have mail on good discs, and some that is on none */
};

/* Waits for seal.lock. A disc whose facts or list are damaged counts as none, the others are settled, and
 * TP_DATA tells of it at the end. Cheap when there is no disc whose mails have not all left. */
enum tp_status tp_disc_settle(struct tp_archive *archive, const char *actor,
	struct tp_settled *settled, struct tp_error *err);

#endif
