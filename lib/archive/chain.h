/*
 * The end of the chain of packs: number and link of the one last sealed, in the file `chain`, so that
 * the next one continues it when that pack is on a disc or erased by now. And the highest journal that
 * was ever replaced by a pack: no journal is begun with a number up to that one, for it would pass for
 * the one that was replaced.
 */
#ifndef TP_ARCHIVE_CHAIN_H
#define TP_ARCHIVE_CHAIN_H

#include "archive/archive.h"
#include "archive/pack.h"
#include "base/digest.h"

struct tp_chain {
	uint32_t number; /* 0: no pack yet */
	unsigned char link[TP_SHA256_BYTES];
	uint32_t journal; /* the highest number that any pack up to it has replaced; 0: none */
	bool knows;       /* the file said so: older versions wrote none */
};

/* What the file says, or the highest pack that is there when that is higher (its sealer was killed
 * before he wrote the file); the lists of packs that it does not know, too. */
enum tp_status tp_chain_read(
	struct tp_archive *archive, struct tp_chain *chain, struct tp_error *err);
/* What the file says. TP_NOINPUT: it is not there; TP_DATA: damaged. */
enum tp_status tp_chain_file(
	struct tp_archive *archive, struct tp_chain *chain, struct tp_error *err);
enum tp_status tp_chain_write(
	struct tp_archive *archive, const struct tp_chain *chain, struct tp_error *err);
/* chain->journal, with what this pack replaced. */
void tp_chain_note_journals(struct tp_chain *chain, const struct tp_pack *pack);

#endif
