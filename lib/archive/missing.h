/*
 * Is every pack there? A folder that is not mounted today, or not restored yet, uses attachments that
 * nobody else may use, and has mail that nobody else has. So whoever takes what "nobody uses" asks here
 * first, and so does who has not found a mail.
 */
#ifndef TP_ARCHIVE_MISSING_H
#define TP_ARCHIVE_MISSING_H

#include "archive/archive.h"

/* TP_DATA, "pack 00000002 is missing": the chain knows a pack that is in neither folder, and the event log
 * does not say that it left; or the log is needed for that and damaged. Packs have all numbers from 1
 * on. The log is only read when there is a gap. No lock is needed: whatever comes, moves or leaves
 * meanwhile is seen in one of the places that are looked at. */
enum tp_status tp_packs_are_there(struct tp_archive *archive, struct tp_error *err);

#endif
