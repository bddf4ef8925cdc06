/*
 * Sealing: full journals (or all, when asked) become a pack with its index segment. One sealer at a
 * time; a second one returns TP_NOTHING at once. Compressing takes long and holds no lock but the
 * sealer's; the journals it reads are held by it and take no new mail. The exclusive lock is taken
 * for the last step: rename, and the spent journals are removed. A crash at any step leaves either
 * the journals, or the pack and spent journals that the next opener recognises and removes.
 */
#ifndef TP_ARCHIVE_SEAL_H
#define TP_ARCHIVE_SEAL_H

#include "archive/archive.h"

/* The lock that seal, rotate and erase share. */
enum tp_status tp_seal_lock(struct tp_archive *archive, bool wait, int *fd, struct tp_error *err);

struct tp_seal_report {
	uint32_t packs;
	uint64_t messages, journal_bytes, pack_bytes;
};
enum tp_status tp_seal(struct tp_archive *archive, bool all, int level,
	struct tp_seal_report *report, struct tp_error *err);

#endif
