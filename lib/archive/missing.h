/*
 * Is every pack there? A folder that is not mounted today, or not restored yet, uses attachments that
 * nobody else may use, and has mail that nobody else has. So whoever takes what "nobody uses" asks here
 * first, and so does who has not found a mail.
 */
#ifndef TP_ARCHIVE_MISSING_H
#define TP_ARCHIVE_MISSING_H

#include "archive/view.h"

/* For who erases: TP_DATA, "pack 00000002 is missing", when the chain knows a pack that is in neither
 * folder, and the event log does not say that it left. Packs have all numbers from 1 on. The log is only
 * read when there is a gap, and then its chain is not looked at. No lock is needed: whatever comes, moves
 * or leaves meanwhile is seen in one of the places that are looked at. */
enum tp_status tp_packs_are_there(struct tp_archive *archive, struct tp_error *err);

/* The same for readers, who ask often: TP_DATA when the index has a segment of a pack that is in neither
 * folder (a segment goes before its pack does). The log is not read, and a pack that the index does not
 * know either is not missed. */
enum tp_status tp_packs_of_index_are_there(struct tp_archive *archive, struct tp_error *err);

/* Of a message that tp_view_find has not found, with the place and the sentence that it gave: when and by
 * whom it was erased (TP_NOTHING); that it may be in a pack that is missing (TP_DATA); else what the
 * sentence says (TP_NOTHING). */
enum tp_status tp_missing_why(struct tp_archive *archive, const char *id,
	const struct tp_place *place, struct tp_error *err);

#endif
