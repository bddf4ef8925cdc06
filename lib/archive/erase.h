/*
 * Erasing for good: the message's bytes and the blobs that no other message uses leave the disk, in
 * every tier, in stored and in clear form; the event stays, and so do id and hash in the pack's
 * directory, so that the proofs of the others hold.
 */
#ifndef TP_ARCHIVE_ERASE_H
#define TP_ARCHIVE_ERASE_H

#include "archive/archive.h"

/* Erases the messages with these ids. Each event is on the disk before the first byte goes, so a
 * crash half way is finished by the next call. *erased: how many; TP_NOTHING when some id is not
 * there (the others are erased all the same), the sentence naming the first. */
enum tp_status tp_erase(struct tp_archive *archive, const char *const *ids, size_t count,
	const char *actor, const char *reason, size_t *erased, struct tp_error *err);

#endif
