/*
 * The end of records and of journals: see journal.h.
 *
 * Erasing writes zeros over the content, syncs, writes the head anew with the word "erased", syncs.
 * So that word is a promise that the bytes are gone. Killed before it: the record still stands under
 * its id, its content damaged, and erasing again finishes it (the event log remembers that it was
 * asked for). A head torn in two is damage, too, but behind it are zeros only.
 *
 * Retiring makes the successor's name durable before the highest number goes (journal.h says why).
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "archive/journal.h"
#include "archive/journal_write.h"
#include "archive/shred.h"
#include "base/file.h"

static enum tp_status overwrite(
	int fd, uint64_t from, uint64_t to, uint32_t number, struct tp_error *err)
{
	static const char zeros[65536];

	while (from < to) {
		size_t want = to - from < sizeof zeros ? (size_t)(to - from) : sizeof zeros;
		ssize_t n = pwrite(fd, zeros, want, (off_t)from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tp_fail_errno(err, TP_IO, "journal %08u: cannot overwrite", number);
		from += (uint64_t)n;
	}
	return TP_OK;
}

static enum tp_status erase_record(
	struct tp_journal_reader *reader, uint64_t offset, struct tp_error *err)
{
	unsigned char bytes[TP_JOURNAL_HEAD_MAX];
	uint32_t number = reader->opening.number;
	struct tp_journal_head head;
	uint64_t begin, end;
	enum tp_status status = tp_journal_head_at(reader, offset, &head, err);

	if (status)
		return status;
	begin = offset + head.bytes;
	end = offset + head.length - TP_JOURNAL_TAIL;
	/* The checksums go, too: they would tell a right guess of what was there. */
	status = overwrite(reader->fd, begin, end + 4, number, err);
	if (status)
		return status;
	head.erased = true;
	head.facts_crc = 0;
	tp_journal_head_write(&head, &reader->opening, bytes);
	if (fdatasync(reader->fd) ||
		pwrite(reader->fd, bytes, head.bytes, (off_t)offset) != (ssize_t)head.bytes ||
		fdatasync(reader->fd))
		return tp_fail_errno(err, TP_IO, "journal %08u: cannot overwrite", number);
	/* Room given back; where that cannot be done, the zeros stay. */
	(void)!fallocate(reader->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)begin,
		(off_t)(end - begin));
	return TP_OK;
}

enum tp_status tp_journal_erase(
	struct tp_archive *archive, uint32_t number, uint64_t offset, struct tp_error *err)
{
	struct tp_journal_reader reader;
	char name[TP_ARCHIVE_NAME];
	enum tp_status status;
	int fd;

	tp_archive_name("journal", number, name);
	fd = openat(archive->dir, name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return tp_fail_errno(
			err, errno == ENOENT ? TP_NOINPUT : TP_IO, "journal %08u", number);
	status = tp_journal_reader_init(&reader, archive, fd, number, err);
	if (!status)
		status = erase_record(&reader, offset, err);
	tp_journal_reader_release(&reader);
	close(fd);
	return status;
}

/* Whether the highest number that there is would go; *next: the one after it. */
static enum tp_status highest_goes(struct tp_archive *archive, const uint32_t *gone, size_t count,
	bool *goes, uint32_t *next, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t have = 0;
	enum tp_status status = tp_archive_numbers(archive, "journal", &numbers, &have, err);

	*goes = false;
	for (size_t i = 0; !status && have && i < count; i++)
		*goes = *goes || gone[i] == numbers[have - 1];
	*next = !status && have ? numbers[have - 1] + 1 : 1;
	free(numbers);
	return status;
}

enum tp_status tp_journal_retire(
	struct tp_archive *archive, const uint32_t *numbers, size_t count, struct tp_error *err)
{
	char name[TP_ARCHIVE_NAME];
	uint32_t next;
	bool goes;
	int fd;
	enum tp_status status = highest_goes(archive, numbers, count, &goes, &next, err);

	if (!status && goes) {
		tp_archive_name("journal", next, name);
		fd = tp_create_at(archive->dir, name, O_RDWR | O_CLOEXEC, 0640);
		if (fd < 0)
			return tp_fail_errno(err, TP_CANTCREATE, "journal %08u", next);
		close(fd);
		status = tp_archive_sync(archive, "journal", err);
	}
	for (size_t i = 0; !status && i < count; i++) {
		tp_archive_name("journal", numbers[i], name);
		if (unlinkat(archive->dir, name, 0) && errno != ENOENT)
			status = tp_fail_errno(
				err, TP_IO, "journal %08u: cannot remove", numbers[i]);
	}
	return status ? status : tp_archive_sync(archive, "journal", err);
}
