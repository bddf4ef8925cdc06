/*
 * Sealing: full journals (or all, when asked) become packs with their index segments. One sealer at a
 * time (sealing.lock); a second one returns TP_NOTHING at once. Compressing takes long and holds no
 * lock but that one: erasers and rotators go on beside it, and what they erase does not come into the
 * pack. The journals it reads are held by it and take no new mail. seal.lock is taken for the
 * beginning and the end, and the exclusive lock for the last step alone, when the spent journals are
 * removed.
 *
 * A crash at any step leaves either the journals, or the pack and spent journals, which readers pass
 * over and whoever takes seal.lock next removes. seal.c has the steps.
 */
#ifndef TP_ARCHIVE_SEAL_H
#define TP_ARCHIVE_SEAL_H

#include "archive/archive.h"

/* The lock that seal, rotate and erase share: packs come, go and change under it alone. TP_TEMPORARY:
 * somebody has it, and `wait` is false. */
enum tp_status tp_seal_lock(struct tp_archive *archive, bool wait, int *fd, struct tp_error *err);

/* The lock of the one sealer. TP_TEMPORARY: there is one, and `wait` is false. */
enum tp_status tp_sealing_lock(
	struct tp_archive *archive, bool wait, int *fd, struct tp_error *err);
/* A sealer took the journal, and did not come to its end, or has not yet. */
bool tp_seal_is_shut(struct tp_archive *archive, uint32_t journal);
/* Before something is erased from that journal, under seal.lock: if it is being sealed, what was made of
 * it so far is overwritten and removed, and the sealer begins again. */
enum tp_status tp_seal_cut(struct tp_archive *archive, uint32_t journal, struct tp_error *err);
/* Overwrites and removes what a killed sealer left. Under seal.lock. */
enum tp_status tp_seal_sweep(struct tp_archive *archive, struct tp_error *err);

struct tp_seal_report {
	uint32_t packs;
	uint64_t messages, journal_bytes, pack_bytes;
	uint32_t busy; /* journals that were due and are being written to; the next call has them */
};

/* `level` 0 is the usual one. TP_NOTHING: somebody else is sealing. A damaged journal is left as it
 * is and the others are sealed; then it is TP_DATA, the sentence naming it, and *report is filled all
 * the same. */
enum tp_status tp_seal(struct tp_archive *archive, bool all, int level,
	struct tp_seal_report *report, struct tp_error *err);

/* Seals damaged journals, and no others: what is damaged in them is set aside (salvage.h) and the rest
 * becomes a pack. Waits for another sealer. A journal that the disk does not give back, or whose
 * beginning is damaged, is left: TP_DATA. TP_TEMPORARY: an erasure is to be finished first. */
struct tp_salvage;
enum tp_status tp_seal_salvage(struct tp_archive *archive, struct tp_salvage *salvage,
	struct tp_seal_report *report, struct tp_error *err);

#endif
