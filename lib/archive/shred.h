/*
 * Files that leave the archive: their bytes are overwritten before their name goes, so that erased
 * mail does not lie on in blocks that the file system calls free. (What a drive or a copying file
 * system keeps besides is beyond us; tubepost-archive(5) says so.)
 */
#ifndef TP_ARCHIVE_SHRED_H
#define TP_ARCHIVE_SHRED_H

#include "archive/archive.h"

/* Overwrites the file `name` (relative to the archive) with zeros, syncs, removes it. A missing one
 * is fine. Nobody may have it mapped. TP_IO. */
enum tp_status tp_shred(struct tp_archive *archive, const char *name, struct tp_error *err);

/* The overwriting alone, of an open file. */
enum tp_status tp_shred_file(int fd, const char *name, struct tp_error *err);

/* Puts the finished file `fresh` into the place of `name`, whose old bytes are overwritten. Two
 * steps, so that the slow one needs no lock: tp_shred_swap keeps the old file under "NAME.gone" and
 * renames, in the exclusive lock; tp_shred of that name comes afterwards, or tp_shred_leftovers. */
enum tp_status tp_shred_swap(
	struct tp_archive *archive, const char *fresh, const char *name, struct tp_error *err);

/* Removes what a killed writer left in `folder`: "*.new" is overwritten and goes; so does "*.gone",
 * unless it is still the same file as the one that has the name. Under the seal lock. */
enum tp_status tp_shred_leftovers(
	struct tp_archive *archive, const char *folder, struct tp_error *err);

/* Overwrites and removes every file in `folder` whose name ends in `suffix`. */
enum tp_status tp_shred_all(
	struct tp_archive *archive, const char *folder, const char *suffix, struct tp_error *err);

/* Syncs the folder `name` of the archive. */
enum tp_status tp_archive_sync(
	const struct tp_archive *archive, const char *name, struct tp_error *err);

#endif
