/* A journal held for writing, and the writing of one record. Private to journal*.c. */
#ifndef TP_ARCHIVE_JOURNAL_WRITE_H
#define TP_ARCHIVE_JOURNAL_WRITE_H

#include "archive/journal.h"
#include "archive/journal_form.h"

struct tp_journal {
	struct tp_archive *archive;
	uint32_t number;
	uint32_t replaced; /* by packs: the highest number; no journal is begun up to it */
	bool knows_replaced;
	bool taken;    /* to be read only */
	bool broken;   /* something half written could not be cut off: write no more */
	uint64_t last; /* offset of the last record; 0: none */
	uint64_t synced, synced_last;    /* size and last record when it was last durable */
	struct tp_journal_reader reader; /* its fd is ours, its size where the next record goes */
	/* kept from one record to the next, for a bulk import's sake */
	struct tp_buf plain, facts, frame, out;
};

/* Writes the record at head->offset; fills in the lengths and the facts' checksum. On failure some
 * of it may stand there. */
enum tp_status tp_journal_write_record(struct tp_journal *journal, struct tp_journal_head *head,
	const struct tp_record *record, const struct tp_split *split, const char *data, size_t len,
	struct tp_error *err);

#endif
