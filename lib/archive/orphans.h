/*
 * Attachments that nobody uses: of a put that was killed between its attachments and its record, or kept
 * by an erasure that could not tell who else uses them.
 */
#ifndef TP_ARCHIVE_ORPHANS_H
#define TP_ARCHIVE_ORPHANS_H

#include "archive/archive.h"

#define TP_ORPHANS_AGE 86400 /* seconds: younger ones may be on their way */
/* Of any age: who would use one of those still has to look whether it is there. */
#define TP_ORPHANS_ALL (-(INT64_MAX / 2))

/* Removes those that are older than `age_seconds`, for good. Beside putters: they are looked up in the
 * journals again, and removed, while nobody puts, a few at a time. An archive of which a pack is missing
 * or cannot be read keeps all, for it may be the one that uses them. Under seal.lock. */
enum tp_status tp_orphans_remove(
	struct tp_archive *archive, int64_t age_seconds, uint64_t *removed, struct tp_error *err);
/* The same, but TP_DATA says why all were kept. */
enum tp_status tp_orphans_remove_strictly(
	struct tp_archive *archive, int64_t age_seconds, uint64_t *removed, struct tp_error *err);

#endif
