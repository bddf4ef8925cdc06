/*
 * Sealing: full journals (or all, when asked) become packs with their index segments. One sealer at a
 * time; a second one returns TP_NOTHING at once. Compressing takes long and holds no lock but the
 * sealer's; the journals it reads are held by it and take no new mail. The exclusive lock is taken
 * for the last step alone, when the spent journals are removed.
 *
 * A crash at any step leaves either the journals, or the pack and spent journals, which readers pass
 * over and whoever takes seal.lock next removes. seal.c has the steps.
 */
#ifndef TP_ARCHIVE_SEAL_H
#define TP_ARCHIVE_SEAL_H

#include "archive/archive.h"

/* The lock that seal, rotate and erase share. TP_TEMPORARY: somebody has it, and `wait` is false. */
enum tp_status tp_seal_lock(struct tp_archive *archive, bool wait, int *fd, struct tp_error *err);

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

#endif
