/*
 * What a killed sealer or eraser left behind. Whoever takes seal.lock tidies first; nobody else has
 * to, for all of it is harmless: files aside, journals whose mail is in a pack already.
 */
#ifndef TP_ARCHIVE_TIDY_H
#define TP_ARCHIVE_TIDY_H

#include "archive/archive.h"

/* Under seal.lock; takes the exclusive lock when there is a journal to remove. */
enum tp_status tp_tidy(struct tp_archive *archive, struct tp_error *err);

/* Removes journals whose mail is in a pack, and overwrites them. Takes the exclusive lock for the
 * first. */
enum tp_status tp_journals_remove(
	struct tp_archive *archive, const uint32_t *numbers, size_t count, struct tp_error *err);

#endif
