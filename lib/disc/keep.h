/*
 * What a rotation must not erase for room, whatever became of the offer: packs with mail on a disc that
 * exists. Only the ledger of discs knows them, and the archive's room does not know the ledger
 * (struct tp_keeper, archive/rotate.h).
 *
 * A disc keeps its packs from the day on that it was burnt, verified, shipped or received until they leave
 * the cellar for it, or it is lost. One that is bad keeps them as well: somebody has to make it again. And
 * one that was only made, for as long as an offer waits for an answer: it may be in the burner.
 */
#ifndef TP_DISC_KEEP_H
#define TP_DISC_KEEP_H

#include "archive/rotate.h"
#include "disc/ledger.h"

struct tp_disc_keep;

enum tp_status tp_disc_keep_new(
	struct tp_archive *archive, struct tp_disc_keep **keep, struct tp_error *err);
void tp_disc_keep_free(struct tp_disc_keep *keep);

/* For tp_rotate. The ledger is read when it is asked first. TP_DATA: of a disc nobody can say what is
 * on it, so nobody can say either what may be erased. */
struct tp_keeper tp_disc_keep_keeper(struct tp_disc_keep *keep);

/* The discs that packs were kept for, by number: NULL behind the last. Borrowed. */
const struct tp_disc *tp_disc_keep_at(const struct tp_disc_keep *keep, size_t i);

#endif
