/*
 * Erasing for good: the message's bytes and the blobs that no other message uses leave the disk, in
 * every tier, in stored and in clear form; the event stays, and so do id and hash in the pack's
 * directory, so that the proofs of the others hold.
 */
#ifndef TP_ARCHIVE_ERASE_H
#define TP_ARCHIVE_ERASE_H

#include "archive/archive.h"

/* Erases the messages with these ids. Each event is on the disk before the first byte goes, and so
 * is the list of what is to go (the file `erasing`): a crash half way is finished by the next call,
 * whatever ids it has (none will do). *erased: how many of these were there; TP_NOTHING when some id
 * is not there, was erased before or is on a disc (the others are erased all the same), the sentence
 * naming the first. TP_DATA in the same way: one cannot be told from others, because the directory of
 * its pack cannot be read, or attachments had to be kept, because a part of the archive that cannot be
 * read may use them. With `damaged` one that cannot be told from others goes with all of these, that is
 * all of its pack that the directory does not tell any more; they count as erased, and have events.
 * Waits for seal.lock; holds the exclusive lock for the moments in which files change. */
enum tp_status tp_erase(struct tp_archive *archive, const char *const *ids, size_t count,
	const char *actor, const char *reason, bool damaged, size_t *erased, struct tp_error *err);

/* The same for who holds seal.lock already; never more than these. */
enum tp_status tp_erase_held(struct tp_archive *archive, const char *const *ids, size_t count,
	const char *actor, const char *reason, size_t *erased, struct tp_error *err);

/* TP_OK: an erasure was interrupted and waits to be finished. TP_NOTHING. */
enum tp_status tp_erase_pending(struct tp_archive *archive, struct tp_error *err);

/* Finishes it, if there is one: before packs leave, and before mail is taken from them. Attachments that had
 * to be kept are no failure. TP_DATA, TP_DENIED...: it is still not finished. The second is for who holds
 * seal.lock. */
enum tp_status tp_erase_finish(struct tp_archive *archive, struct tp_error *err);
enum tp_status tp_erase_finish_held(struct tp_archive *archive, struct tp_error *err);

#endif
