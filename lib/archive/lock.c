/*
 * The locks of an archive: see archive.h. They are locks of open file descriptions (F_OFD_SETLK) on
 * single bytes of the file `lock`, which holds nothing:
 *
 *   byte 0       what is shared and exclusive
 *   byte 1       the gate: passed by all on their way to byte 0, and kept shut by who waits for it
 *                exclusively, or a stream of readers could keep him waiting for ever
 *   byte 16 + n  the delivery whose hash begins with the 62 bits n
 *
 * flock() was rejected: NFS makes it a lock on all bytes, and then a delivery's lock and the shared
 * one of another process exclude each other. POSIX's own fcntl locks fall when any descriptor
 * of the file is closed.
 */
#include "archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BYTE_MAIN       0
#define BYTE_GATE       1
#define BYTE_DELIVERIES 16

static enum tp_status set_lock(const struct tp_archive *archive, int fd, off_t byte, short type,
	bool wait, struct tp_error *err)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
	};

	while (fcntl(fd, wait && type != F_UNLCK ? F_OFD_SETLKW : F_OFD_SETLK, &lock)) {
		if (!wait && (errno == EAGAIN || errno == EACCES))
			return tp_fail(err, TP_TEMPORARY, "%s/lock: held by another process",
				archive->path);
		if (errno != EINTR)
			return tp_fail_errno(err, TP_IO, "%s/lock: cannot lock", archive->path);
	}
	return TP_OK;
}

enum tp_status tp_archive_lock(struct tp_archive *archive, bool exclusive, struct tp_error *err)
{
	short type = exclusive ? F_WRLCK : F_RDLCK;
	enum tp_status status;

	/* What cannot be written is not being changed by us, and who could change it elsewhere, on
	 * a medium that we see read-only, would not see our lock. */
	if (archive->lock < 0 && !exclusive)
		return TP_OK;
	if (archive->read_only && exclusive)
		return tp_fail(err, TP_DENIED, "archive %s: read-only", archive->path);
	if (archive->lock_exclusive || (archive->lock_depth && !exclusive)) {
		archive->lock_depth++;
		return TP_OK;
	}
	status = set_lock(archive, archive->lock, BYTE_GATE, type, true, err);
	if (status)
		return status;
	status = set_lock(archive, archive->lock, BYTE_MAIN, type, true, err);
	set_lock(archive, archive->lock, BYTE_GATE, F_UNLCK, true, NULL);
	if (status)
		return status;
	archive->lock_depth++;
	if (exclusive)
		archive->lock_exclusive = archive->lock_depth;
	return TP_OK;
}

void tp_archive_unlock(struct tp_archive *archive)
{
	if (archive->lock < 0 || archive->lock_depth == 0)
		return;
	archive->lock_depth--;
	if (archive->lock_depth == 0)
		set_lock(archive, archive->lock, BYTE_MAIN, F_UNLCK, true, NULL);
	else if (archive->lock_depth < archive->lock_exclusive)
		set_lock(archive, archive->lock, BYTE_MAIN, F_RDLCK, true, NULL);
	if (archive->lock_depth < archive->lock_exclusive)
		archive->lock_exclusive = 0;
}

enum tp_status tp_archive_lock_delivery(struct tp_archive *archive,
	const unsigned char delivery[32], bool wait, int *fd, struct tp_error *err)
{
	uint64_t hash = 0;

	for (int i = 0; i < 8; i++)
		hash = hash << 8 | delivery[i];
	if (*fd < 0)
		*fd = openat(archive->dir, "lock", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (*fd < 0)
		return tp_fail_errno(err, TP_IO, "%s/lock", archive->path);
	return set_lock(
		archive, *fd, (off_t)(hash >> 2) + BYTE_DELIVERIES, F_WRLCK, wait, err);
}
