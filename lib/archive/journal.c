/*
 * Writing journals: see journal.h. What can happen, step by step:
 *
 * 1. A journal is begun by O_EXCL, locked, and empty. Its name may not be durable yet, so whoever
 *    holds an empty one (its beginner may be dead) syncs the folder before the opening is written.
 *    A journal of 32 bytes and more therefore has a durable name, and syncing the file is enough
 *    from then on.
 * 2. Between making and locking it, another may have locked it first: then it is his, and we begin
 *    the next. Between opening and locking an old one, it may have been retired: a file without a
 *    name (st_nlink 0) is let go.
 * 3. A record is written by one write behind the last whole record (or by several, when it is
 *    large). Killed, or out of room, in the middle of it: the file ends before the length says that
 *    the record does. Readers see that and stop; out of room we cut it off ourselves, killed the next
 *    holder does.
 * 4. Killed between write and sync: the record is whole and nobody was told. It may stay. Who puts
 *    the same delivery again finds it and must not trust it before a sync of his own (put.c).
 * 5. The sync fails: the kernel has dropped what it could not write, and will not say so again. All
 *    that was written since the last good sync is cut off, so that nobody can find it and believe it.
 * 6. Power goes between write and sync: the end may be missing, or be there with zeros in it. The
 *    first is 3. So is the second where nothing but zeros follows the last whole record: they hold
 *    nobody's mail, whoever was told. Where a head is whole and its content is not, it looks like
 *    damage to a record that somebody was told of, and so it is treated.
 *
 * 7. A sealer dies between the pack's appearance and the journals' removal. They were shut before, durably,
 *    so nobody has appended to them, and whoever comes next may remove them.
 *
 * 8. Journals disappear, by hand or because a copy was restored: their numbers are not given again, for the
 *    packs list them as replaced (chain.h).
 *
 * Hence the one rule of repair: cut off only what ends before its own head says it does, for nobody
 * was ever told of that, and zeros, for nothing is in them. Whatever else is wrong with a journal may
 * be somebody's mail: it stays as it is, is written no more, and archive-check tells. Nothing that was
 * acknowledged is ever overwritten but by tp_journal_erase.
 */
#include "archive/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/chain.h"
#include "archive/journal_form.h"
#include "archive/journal_write.h"
#include "archive/shred.h"
#include "base/file.h"

#define START_MAX ((uint64_t)UINT32_MAX * 8) /* siblings are offset / 8 in 32 bits */

/* --- holding ---------------------------------------------------------------------------------- */

static void let_go(struct tp_journal *journal)
{
	if (journal->reader.fd >= 0) {
		tp_journal_reader_release(&journal->reader);
		close(journal->reader.fd);
	}
	journal->reader = (struct tp_journal_reader){ .fd = -1 };
}

static enum tp_status write_opening(struct tp_journal *journal, int fd, struct tp_error *err)
{
	struct tp_journal_opening opening = { .number = journal->number,
		.sealed = journal->archive->encrypted };
	unsigned char bytes[TP_JOURNAL_OPENING];
	enum tp_status status = tp_archive_sync(journal->archive, "journal", err);

	if (!status)
		status = tp_random(opening.salt, sizeof opening.salt, err);
	if (status)
		return status;
	tp_journal_opening_write(&opening, bytes);
	if (ftruncate(fd, 0) || pwrite(fd, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return tp_fail_errno(err, TP_IO, "journal %08u: cannot begin it", journal->number);
	return TP_OK;
}

/* Finds where the next record goes; cuts off what nobody was told of. TP_NOTHING: damaged. */
static enum tp_status settle_end(struct tp_journal *journal, struct tp_error *err)
{
	struct tp_journal_reader *reader = &journal->reader;
	struct tp_journal_head head;
	enum tp_status status = tp_journal_last(reader, &journal->last, err);
	uint64_t torn;

	if (status != TP_NOTHING)
		return status;
	tp_journal_rewind(reader);
	while (!(status = tp_journal_next_head(reader, &head, &torn, err)))
		journal->last = head.offset;
	if (status != TP_NOTHING || !torn)
		return status == TP_DATA ? TP_NOTHING : status;
	if (ftruncate(reader->fd, (off_t)(reader->size - torn)))
		return tp_fail_errno(err, TP_IO, "journal %08u: cannot cut it", journal->number);
	tp_journal_reader_resize(reader, reader->size - torn);
	return TP_OK;
}

/* The highest number of a journal that is in a pack by now: no other may ever have it, or it would be taken
 * for that one. Asked only when a journal is begun. */
static enum tp_status learn_replaced(struct tp_journal *journal, struct tp_error *err)
{
	struct tp_chain chain;
	enum tp_status status = TP_OK;

	if (journal->knows_replaced)
		return TP_OK;
	status = tp_chain_read(journal->archive, &chain, err);
	journal->replaced = chain.journal;
	journal->knows_replaced = !status;
	return status;
}

/* Makes a locked file ready to be appended to. TP_NOTHING: not this one. */
static enum tp_status settle(struct tp_journal *journal, int fd, struct tp_error *err)
{
	struct tp_archive *archive = journal->archive;
	enum tp_status status;
	struct stat st;

	if (fstat(fd, &st))
		return tp_fail_errno(err, TP_IO, "journal %08u", journal->number);
	if (st.st_nlink == 0)
		return TP_NOTHING;
	if (st.st_size < TP_JOURNAL_OPENING) {
		status = learn_replaced(journal, err);
		if (!status && journal->number <= journal->replaced)
			return TP_NOTHING;
		if (!status)
			status = write_opening(journal, fd, err);
		if (status)
			return status;
	}
	status = tp_journal_reader_init(&journal->reader, archive, fd, journal->number, err);
	if (!status && (journal->reader.opening.sealed != archive->encrypted ||
			       journal->reader.opening.shut ||
			       journal->reader.size >= archive->settings.journal_bytes ||
			       journal->reader.size >= START_MAX))
		status = TP_NOTHING;
	if (!status)
		status = settle_end(journal, err);
	if (status)
		tp_journal_reader_release(&journal->reader);
	journal->synced = journal->reader.size;
	journal->synced_last = journal->last;
	return status == TP_DATA ? TP_NOTHING : status;
}

/* TP_NOTHING: somebody else's, full, or damaged. */
static enum tp_status try_to_hold(
	struct tp_journal *journal, uint32_t number, int flags, struct tp_error *err)
{
	char name[TP_ARCHIVE_NAME];
	enum tp_status status;
	int fd;

	tp_archive_name("journal", number, name);
	fd = flags & O_CREAT
		     ? tp_create_at(journal->archive->dir, name, O_RDWR | O_CLOEXEC | flags, 0640)
		     : openat(journal->archive->dir, name, O_RDWR | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == EEXIST))
		return TP_NOTHING;
	if (fd < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "journal %08u", number);
	journal->number = number;
	journal->last = 0;
	if (flock(fd, LOCK_EX | LOCK_NB))
		status = errno == EWOULDBLOCK
				 ? TP_NOTHING
				 : tp_fail_errno(err, TP_IO, "journal %08u: cannot lock", number);
	else
		status = settle(journal, fd, err);
	if (status) {
		journal->reader.fd = -1;
		close(fd);
	}
	return status;
}

/* The first that can be had with this number or a higher one, else a new one. */
static enum tp_status hold_from(struct tp_journal *journal, uint32_t least, struct tp_error *err)
{
	uint32_t *numbers = NULL, next;
	enum tp_status status;
	size_t count = 0;

	status = tp_archive_numbers(journal->archive, "journal", &numbers, &count, err);
	if (status)
		return status;
	next = count ? numbers[count - 1] + 1 : 1;
	if (next < least)
		next = least;
	status = TP_NOTHING;
	/* What the disk does not give back is no place to append to, either. */
	for (size_t i = 0; i < count && (status == TP_NOTHING || status == TP_IO); i++)
		if (numbers[i] >= least)
			status = try_to_hold(journal, numbers[i], 0, err);
	if (status == TP_IO)
		status = TP_NOTHING;
	free(numbers);
	if (status == TP_NOTHING) {
		status = learn_replaced(journal, err);
		if (next <= journal->replaced)
			next = journal->replaced + 1;
		status = status ? status : TP_NOTHING;
	}
	for (; status == TP_NOTHING && next <= TP_ARCHIVE_NUMBER_MAX; next++)
		status = try_to_hold(journal, next, O_CREAT | O_EXCL, err);
	return status == TP_NOTHING ? tp_fail(err, TP_LIMIT, "journals: no number is left")
				    : status;
}

static enum tp_status journal_new(
	struct tp_archive *archive, struct tp_journal **out, struct tp_error *err)
{
	struct tp_journal *journal = calloc(1, sizeof *journal);

	*out = journal;
	if (!journal)
		return tp_fail(err, TP_NOMEM, "journal: out of memory");
	journal->archive = archive;
	journal->reader.fd = -1;
	tp_buf_init(&journal->facts, TP_JOURNAL_FACTS_MAX);
	tp_buf_init(&journal->out, SIZE_MAX - 1);
	tp_buf_init(&journal->plain, TP_JOURNAL_FACTS_MAX);
	tp_buf_init(&journal->frame, 2 * TP_JOURNAL_PIECE);
	return TP_OK;
}

enum tp_status tp_journal_hold(
	struct tp_archive *archive, struct tp_journal **out, struct tp_error *err)
{
	enum tp_status status;

	*out = NULL;
	status = tp_archive_need_key(archive, err);
	if (!status)
		status = journal_new(archive, out, err);
	if (!status)
		status = hold_from(*out, 1, err);
	if (status) {
		tp_journal_release(*out);
		*out = NULL;
	}
	return status;
}

static enum tp_status shut(struct tp_journal *journal, int fd, struct tp_error *err)
{
	unsigned char bytes[TP_JOURNAL_OPENING];
	struct tp_journal_opening opening;
	enum tp_status status = tp_journal_reader_init(
		&journal->reader, journal->archive, fd, journal->number, err);

	opening = journal->reader.opening;
	if (!status && !journal->reader.begun)
		status = TP_NOTHING;
	if (status || opening.shut)
		return status;
	opening.shut = true;
	tp_journal_opening_write(&opening, bytes);
	if (pwrite(fd, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes || fdatasync(fd))
		return tp_fail_errno(err, TP_IO, "journal %08u: cannot shut it", journal->number);
	return TP_OK;
}

enum tp_status tp_journal_take(
	struct tp_archive *archive, uint32_t number, struct tp_journal **out, struct tp_error *err)
{
	enum tp_status status = journal_new(archive, out, err);
	char name[TP_ARCHIVE_NAME];
	int fd;

	if (status)
		return status;
	(*out)->number = number;
	(*out)->taken = true;
	tp_archive_name("journal", number, name);
	fd = openat(archive->dir, name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		status = tp_fail_errno(
			err, errno == ENOENT ? TP_NOINPUT : TP_IO, "journal %08u", number);
	else if (flock(fd, LOCK_EX | LOCK_NB))
		status = tp_fail(err, TP_TEMPORARY, "journal %08u: in use", number);
	else
		status = shut(*out, fd, err);
	if (!status)
		return TP_OK;
	if (fd >= 0 && (*out)->reader.fd < 0)
		close(fd);
	tp_journal_release(*out);
	*out = NULL;
	return status;
}

void tp_journal_release(struct tp_journal *journal)
{
	if (!journal)
		return;
	let_go(journal);
	tp_buf_release(&journal->facts);
	tp_buf_release(&journal->out);
	tp_buf_release(&journal->plain);
	tp_buf_release(&journal->frame);
	free(journal);
}

uint32_t tp_journal_number(const struct tp_journal *journal)
{
	return journal->number;
}

uint64_t tp_journal_size(const struct tp_journal *journal)
{
	return journal->reader.size;
}

uint64_t tp_journal_synced(const struct tp_journal *journal)
{
	return journal->synced;
}

struct tp_journal_reader *tp_journal_look(struct tp_journal *journal)
{
	return &journal->reader;
}

/* --- appending -------------------------------------------------------------------------------- */

static enum tp_status cut(
	struct tp_journal *journal, uint64_t size, uint64_t last, struct tp_error *err)
{
	if (ftruncate(journal->reader.fd, (off_t)size)) {
		journal->broken = true;
		return tp_fail_errno(err, TP_IO, "journal %08u: cannot cut it", journal->number);
	}
	tp_journal_reader_resize(&journal->reader, size);
	journal->last = last;
	return TP_OK;
}

enum tp_status tp_journal_take_back(
	struct tp_journal *journal, uint64_t offset, struct tp_error *err)
{
	uint64_t last = 0, torn;
	struct tp_journal_head head;

	if (offset < journal->synced)
		return tp_fail(
			err, TP_INTERNAL, "journal %08u: that is acknowledged", journal->number);
	tp_journal_rewind(&journal->reader);
	while (!tp_journal_next_head(&journal->reader, &head, &torn, err) && head.offset < offset)
		last = head.offset;
	return cut(journal, offset, last, err);
}

enum tp_status tp_journal_sync(struct tp_journal *journal, struct tp_error *err)
{
	enum tp_status status;

	if (fdatasync(journal->reader.fd)) {
		status = tp_fail_errno(err, TP_IO, "journal %08u: cannot sync", journal->number);
		cut(journal, journal->synced, journal->synced_last, NULL);
		return status;
	}
	journal->synced = journal->reader.size;
	journal->synced_last = journal->last;
	tp_journal_reader_resize(&journal->reader, journal->synced); /* others may erase by now */
	return TP_OK;
}

/* The siblings of a record with this tag, were it the last. */
static enum tp_status find_siblings(struct tp_journal *journal, uint32_t tag,
	uint32_t siblings[TP_JOURNAL_SIBLINGS], struct tp_error *err)
{
	uint64_t at = journal->last;
	struct tp_journal_head head;
	enum tp_status status;
	unsigned bit = 0, first;

	memset(siblings, 0, TP_JOURNAL_SIBLINGS * sizeof *siblings);
	while (at) {
		status = tp_journal_head_at(&journal->reader, at, &head, err);
		if (status)
			return status;
		first = tp_journal_first_difference(head.tag, tag);
		for (; bit < first; bit++)
			siblings[bit] = head.siblings[bit];
		siblings[first] = (uint32_t)(at / 8);
		at = first < TP_JOURNAL_TAG_BITS ? (uint64_t)head.siblings[first] * 8 : 0;
		bit = first + 1;
	}
	return TP_OK;
}

/* A journal in which the way is damaged is no place to append to: on to another. */
static enum tp_status make_head(struct tp_journal *journal, const struct tp_record *record,
	struct tp_journal_head *head, struct tp_error *err)
{
	enum tp_status status;

	*head = (struct tp_journal_head){ .arrival_ms = record->arrival_ms,
		.tag = tp_id_tail(record->id) };
	memcpy(head->id, record->id, sizeof head->id);
	for (;;) {
		status = find_siblings(journal, head->tag, head->siblings, err);
		if (status != TP_DATA && status != TP_IO)
			break;
		status = tp_journal_sync(journal, err);
		if (status)
			return status;
		let_go(journal);
		status = hold_from(journal, journal->number + 1, err);
		if (status)
			return status;
	}
	head->bytes = tp_journal_head_bytes(head->siblings);
	head->offset = journal->reader.size;
	return status;
}

enum tp_status tp_journal_append(struct tp_journal *journal, const struct tp_record *record,
	const struct tp_split *split, const char *data, size_t len, bool sync,
	uint64_t *stored_bytes, uint64_t *offset, struct tp_error *err)
{
	struct tp_journal_head head;
	enum tp_status status;

	if (journal->taken || journal->broken || journal->reader.fd < 0)
		return tp_fail(
			err, TP_INTERNAL, "journal %08u: not to be written", journal->number);
	status = make_head(journal, record, &head, err);
	if (!status)
		status = tp_journal_write_record(journal, &head, record, split, data, len, err);
	else
		return status;
	if (status) {
		cut(journal, journal->reader.size, journal->last, NULL);
		return status;
	}
	journal->last = head.offset;
	journal->reader.size = head.offset + head.length;
	if (sync)
		status = tp_journal_sync(journal, err);
	if (stored_bytes)
		*stored_bytes = head.length;
	if (offset)
		*offset = head.offset;
	return status;
}
