/*
 * Journals: where mail arrives. A file of records, appended and fsynced one at a time by the process
 * that holds the file's lock; a process that finds all journals locked begins another, so two
 * hundred writers never wait for one another's fsync.
 *
 * A record: magic, length, flags, the record's bytes (record.h), the holes (split.h), the skeleton
 * as one zstd frame, CRC-32C, length again. With a key everything between is sealed (cipher.h), but id
 * and arrival. A torn record at the end is one that nobody was told of: readers pass it over, and
 * the next writer cuts it off. Appending to a journal that has other damage is refused: another is
 * begun and archive-check tells.
 */
#ifndef TP_ARCHIVE_JOURNAL_H
#define TP_ARCHIVE_JOURNAL_H

#include "archive/archive.h"
#include "archive/record.h"
#include "archive/split.h"

/* Appends one message, durable when it returns TP_OK. On failure nothing of it is visible. With
 * `sync` false the caller answers for tp_journal_sync (bulk imports). */
struct tp_journal; /* a journal held for writing */
enum tp_status tp_journal_hold(struct tp_archive *archive, struct tp_journal **journal,
	struct tp_error *err);
enum tp_status tp_journal_append(struct tp_journal *journal, const struct tp_record *record,
	const struct tp_split *split, const char *data, size_t len, bool sync,
	uint64_t *stored_bytes, uint64_t *offset, struct tp_error *err);
enum tp_status tp_journal_sync(struct tp_journal *journal, struct tp_error *err);
uint32_t tp_journal_number(const struct tp_journal *journal);
uint64_t tp_journal_size(const struct tp_journal *journal);
void tp_journal_release(struct tp_journal *journal);

/* A journal being read, mapped. */
struct tp_journal_reader;
enum tp_status tp_journal_open(struct tp_archive *archive, uint32_t number,
	struct tp_journal_reader **reader, struct tp_error *err);
/* The next whole record; *offset is its place. TP_NOTHING at the end (*torn: bytes behind it that
 * are no record). TP_DATA: a damaged record; the next call goes on behind it where its length can be
 * trusted, else ends. `record` may be NULL when only places are wanted. */
enum tp_status tp_journal_next(struct tp_journal_reader *reader, struct tp_record *record,
	uint64_t *offset, uint64_t *torn, struct tp_error *err);
/* Record, holes and content of the message at `offset`. */
enum tp_status tp_journal_read(struct tp_journal_reader *reader, uint64_t offset,
	struct tp_record *record, struct tp_split *split, struct tp_error *err);
enum tp_status tp_journal_skeleton(struct tp_journal_reader *reader, uint64_t offset,
	tp_press_sink *sink, void *context, struct tp_error *err);
void tp_journal_close(struct tp_journal_reader *reader);

/* Overwrites the record at `offset` by a record of the same length that says "erased", and syncs. */
enum tp_status tp_journal_erase(struct tp_archive *archive, uint32_t number, uint64_t offset,
	struct tp_error *err);

#endif
