/*
 * Letting go of packs whose mail is elsewhere: on discs that have been burnt and confirmed. They leave
 * the way those do that are erased for room (rotate_erase.c), so a crash at any step is finished by the
 * next rotation or release; the event of each is "release", and says where its mail is.
 */
#ifndef TP_ARCHIVE_RELEASE_H
#define TP_ARCHIVE_RELEASE_H

#include "archive/archive.h"

/* What comes before looking at the cellar: clears up what killed processes left, and finishes what was
 * begun. Under seal.lock. */
enum tp_status tp_release_begin(struct tp_archive *archive, struct tp_error *err);

/* Lets go of these packs, all of them in the cellar, and of the attachments that nobody else uses, in two
 * steps. The first writes the events and the list of what leaves, and is quick; from there on it is
 * certain, and whoever takes seal.lock next does what the second left undone. Who calls has made
 * certain that what is needed to find their mail is on the disk. `why` begins the event's note: "on
 * disc ABCDEF". Under seal.lock, behind tp_release_begin. */
enum tp_status tp_release_decide(struct tp_archive *archive, const uint32_t *numbers, size_t count,
	const char *why, const char *actor, struct tp_error *err);
enum tp_status tp_release_go(struct tp_archive *archive, struct tp_error *err);

#endif
