/*
 * Journals: where mail arrives. A file of records, appended and fsynced one at a time by the process
 * that holds the file's lock; a process that finds all journals locked begins another, so two
 * hundred writers never wait for one another's fsync.
 *
 * A record: a head with id, arrival and checksum; the record's bytes (record.h) and the holes
 * (split.h); the skeleton in zstd frames of up to 1 MiB each; checksum, length again. With a key
 * everything between is sealed (cipher.h), piece by piece, bound to its place; id and arrival are
 * not. A torn record at the end, or zeros in its place, is one that nobody was told of: readers pass
 * it over, and the next writer cuts it off. Appending to a journal that has other damage is refused:
 * another is begun and archive-check tells. (journal.c reasons about crashes step by step;
 * tubepost-archive(5) has the bytes.)
 *
 * Heads make a binary trie of delivery hashes: each names, for every bit on its way down, the last
 * record that differs there, and so the last record is the root of all. A delivery or an id is found
 * among n records by reading about log2(n)/2 heads, with no index beside the journal that could lag
 * behind it.
 */
#ifndef TP_ARCHIVE_JOURNAL_H
#define TP_ARCHIVE_JOURNAL_H

#include "archive/archive.h"
#include "archive/record.h"
#include "archive/split.h"

struct tp_journal_reader;

/* --- writing --------------------------------------------------------------------------------- */

struct tp_journal; /* a journal held for writing */

/* Holds the first journal that is neither held, full nor damaged, or begins one. */
enum tp_status tp_journal_hold(
	struct tp_archive *archive, struct tp_journal **journal, struct tp_error *err);
/* Holds this very one for sealing, whatever its state, and shuts it for good: even when we die, nobody
 * appends to it any more, so that no mail can come into a journal that a pack says it has replaced.
 * For reading there is tp_journal_open. TP_TEMPORARY: somebody appends to it. TP_NOTHING: it was never
 * written to, and stays open. TP_NOINPUT: it is not there. */
enum tp_status tp_journal_take(struct tp_archive *archive, uint32_t number,
	struct tp_journal **journal, struct tp_error *err);

/* Appends one message, durable when it returns TP_OK. On failure nothing of it is visible. With
 * `sync` false the caller answers for tp_journal_sync (bulk imports). *stored_bytes and *offset may
 * be NULL. */
enum tp_status tp_journal_append(struct tp_journal *journal, const struct tp_record *record,
	const struct tp_split *split, const char *data, size_t len, bool sync,
	uint64_t *stored_bytes, uint64_t *offset, struct tp_error *err);
/* Makes durable what was appended; when that fails, all that was appended since the last success is
 * taken back. */
enum tp_status tp_journal_sync(struct tp_journal *journal, struct tp_error *err);
/* Takes back what was appended at `offset` and behind it: only what was never acknowledged. */
enum tp_status tp_journal_take_back(
	struct tp_journal *journal, uint64_t offset, struct tp_error *err);
uint32_t tp_journal_number(const struct tp_journal *journal);
uint64_t tp_journal_size(const struct tp_journal *journal);
uint64_t tp_journal_synced(const struct tp_journal *journal); /* the size when it was last synced */
/* Reads what the held journal has by now. Borrowed. */
struct tp_journal_reader *tp_journal_look(struct tp_journal *journal);
void tp_journal_release(struct tp_journal *journal);

/* --- reading --------------------------------------------------------------------------------- */

/* A journal being read, as long as it was when it was opened. It is read, not mapped: a writer may
 * take back his last record at any time, and a read that comes short is no signal. Memory: one
 * piece. TP_NOINPUT: it is not there (any more: sealed by now). */
enum tp_status tp_journal_open(struct tp_archive *archive, uint32_t number,
	struct tp_journal_reader **reader, struct tp_error *err);
/* The next whole record; *offset is its place. TP_NOTHING at the end (*torn: bytes behind it that
 * are no record). TP_DATA: bytes from *offset to tp_journal_tell are damaged; the next call goes on
 * behind them, at a record that is whole. TP_IO: the disk does not give them, as for TP_DATA.
 * Erased ones are passed over. Head and record are checked, the skeleton is not. `record` may be
 * NULL when only places are wanted. */
enum tp_status tp_journal_next(struct tp_journal_reader *reader, struct tp_record *record,
	uint64_t *offset, uint64_t *torn, struct tp_error *err);
void tp_journal_rewind(struct tp_journal_reader *reader);
/* Where the next record is looked for; going on there another time. */
uint64_t tp_journal_tell(const struct tp_journal_reader *reader);
void tp_journal_seek(struct tp_journal_reader *reader, uint64_t offset);
/* Record and holes of the message at `offset`; its stored_bytes is what it takes here. Either may
 * be NULL. TP_NOTHING: it was erased. */
enum tp_status tp_journal_read(struct tp_journal_reader *reader, uint64_t offset,
	struct tp_record *record, struct tp_split *split, struct tp_error *err);
/* Its skeleton. TP_DATA when it is damaged; some bytes may have been given by then. */
enum tp_status tp_journal_skeleton(struct tp_journal_reader *reader, uint64_t offset,
	tp_press_sink *sink, void *context, struct tp_error *err);
/* Where the last record of that delivery, or with that id (in its proper form), is: TP_NOTHING when it
 * is not there. */
enum tp_status tp_journal_find_delivery(struct tp_journal_reader *reader,
	const unsigned char delivery[TP_SHA256_BYTES], char id[TP_ID_LEN + 1], uint64_t *offset,
	struct tp_error *err);
enum tp_status tp_journal_find(
	struct tp_journal_reader *reader, const char *id, uint64_t *offset, struct tp_error *err);
/* Looks how long the journal is by now. */
enum tp_status tp_journal_refresh(struct tp_journal_reader *reader, struct tp_error *err);
/* Makes all that is there durable: who answers for a record that another wrote must not trust that
 * he synced it. */
enum tp_status tp_journal_settle(struct tp_journal_reader *reader, struct tp_error *err);
void tp_journal_close(struct tp_journal_reader *reader);

/* --- erasing and retiring: under the archive's exclusive lock --------------------------------- */

/* Overwrites what the record at `offset` holds, then makes its head say "erased"; durable. Id and
 * arrival stay. May be repeated; until it has succeeded the record is still found by its id. */
enum tp_status tp_journal_erase(
	struct tp_archive *archive, uint32_t number, uint64_t offset, struct tp_error *err);

/* Removes journals that are spent: everything in them is durable in a pack. Numbers never come back,
 * for packs say by number which journals they replaced: when the highest one goes, an empty one with
 * the next number is there first. Missing ones are fine. */
enum tp_status tp_journal_retire(
	struct tp_archive *archive, const uint32_t *numbers, size_t count, struct tp_error *err);

#endif
