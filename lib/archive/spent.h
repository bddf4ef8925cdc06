/*
 * Has a pack replaced this journal? The pack lists the numbers of those that it replaced, and a number alone
 * is no proof: one that was given twice, or an older copy of the journal that went on being written, holds
 * mail that is nowhere else.
 */
#ifndef TP_ARCHIVE_SPENT_H
#define TP_ARCHIVE_SPENT_H

#include "archive/journal.h"
#include "archive/pack.h"

/* For who reads: true when the last message of the journal is in the pack, or when it has none. (Journals
 * only grow, and they are sealed whole.) What cannot be read is not there. */
bool tp_spent_seems(struct tp_journal_reader *journal, struct tp_pack *pack);

/* True when the pack lists the number. */
bool tp_spent_is_listed(const struct tp_pack *pack, uint32_t journal);

/* For who is about to overwrite it: TP_OK when every message of the journal is in the pack, with its hash or
 * erased, and whatever is damaged was set aside (salvage.h). TP_NOTHING: not; the sentence says which is
 * not there. Else what reading fails with. */
enum tp_status tp_spent_prove(struct tp_archive *archive, struct tp_journal_reader *journal,
	struct tp_pack *pack, struct tp_error *err);

#endif
