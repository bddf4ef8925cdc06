/*
 * Is what an archive knows of its discs what it was? The mails that left are known by these files alone
 * (facts, list, index), and nothing makes them again. They are read whole, and compared with one another: the
 * list has as many mails as the facts say, and each row of the index is the mail of its place in
 * the list. The event log says which of them have to be there.
 */
#ifndef TP_DISC_CHECK_H
#define TP_DISC_CHECK_H

#include "archive/check.h"

/* Adds to check->count, tells faults as archive/check.h says, outside of any lock. A file that seems
 * damaged is looked at once more, for it may just have been replaced. TP_DATA when there was a fault. */
enum tp_status tp_disc_check(
	struct tp_archive *archive, struct tp_check *check, struct tp_error *err);

/* TP_DATA: mail has left for a disc, and its index is not there, so that it is not found. A look at names
 * and facts: for who finds nothing, or not all. */
enum tp_status tp_disc_index_is_there(struct tp_archive *archive, struct tp_error *err);

/* What people call a disc: its serial, by its facts or by its list, else its number in the ledger. */
void tp_disc_name(struct tp_archive *archive, uint32_t number, char name[16]);

#endif
