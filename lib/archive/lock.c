/*
 * The locks of an archive: see archive.h. They are locks of open file descriptions (F_OFD_SETLK) on
 * single bytes of the file `lock`, which holds a stamp and nothing else:
 *
 *   byte 0       shared by readers
 *   byte 1       their gate
 *   byte 2       shared by who puts mail
 *   byte 3       their gate
 *   byte 16 + n  the delivery whose hash begins with the 62 bits n
 *
 * Who wants the archive for himself takes bytes 0 and 2 for writing, and always in that order. A gate is
 * passed by all on their way to the byte before it, and kept shut by who waits for that byte: or a
 * stream of readers, each overlapping the next, could keep him waiting for ever.
 *
 * Why readers and putters are apart. With one byte for both, a reader who takes his time (a mail of 2
 * GB, a check of everything, one that was stopped) makes an eraser or sealer wait; he has shut the
 * gate, and so every mail that arrives waits, too, for as long as that reader likes. Now the waiting
 * for readers is over before the putters' gate is shut: a put never waits for a reader, whatever
 * readers do. Either byte keeps what exists from being taken away, so a put needs no second one for
 * the packs that it looks into; and nobody waits for byte 0 while he holds byte 2, so no two wait for
 * each other.
 *
 * What a put does wait for is the eraser's or sealer's moment of changing files, and, when one of
 * them comes, the puts that are already under way. One of those may be long (a mail of 1 GiB, an
 * import that somebody stopped), so the gate does not stay shut: it is opened after a quarter of a
 * second, all who came meanwhile pass, and the next try is twice as long, up to half a minute. So mail
 * is late by a moment and never stands still, and who waits for all puts to end gets there as soon
 * as there is half a minute in which those end that had begun before it. Readers are made to wait
 * that long at once: nobody loses mail by it, and those who read for long let go in between
 * (tp_view_pause), so that neither eraser nor sealer starves.
 *
 * The stamp is 8 random bytes, new whenever somebody has the archive for himself: who let go and comes
 * back sees by it whether everything is where it was.
 *
 * flock() was rejected: NFS makes it a lock on all bytes, and then a delivery's lock and the shared
 * one of another process exclude each other. POSIX's own fcntl locks fall when any descriptor
 * of the file is closed.
 */
#include "archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/digest.h"

#define BYTE_READ       0
#define BYTE_PUT        2
#define BYTE_DELIVERIES 16
#define GATE_OF(byte)   ((byte) + 1)

/* Milliseconds that a gate is kept shut, at first and at most, and then open. */
#define SHUT_FOR_PUTS 250
#define SHUT_MAX      30000
#define OPEN          100

static enum tp_status set_lock(const struct tp_archive *archive, int fd, off_t byte, short type,
	bool wait, struct tp_error *err)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	while (fcntl(fd, wait && type != F_UNLCK ? F_OFD_SETLKW : F_OFD_SETLK, &lock)) {
		if (!wait && (errno == EAGAIN || errno == EACCES))
			return tp_fail(err, TP_TEMPORARY, "%s/lock: held by another process",
				archive->path);
		if (errno != EINTR)
			return tp_fail_errno(err, TP_IO, "%s/lock: cannot lock", archive->path);
	}
	return TP_OK;
}

static void set_own(const struct tp_archive *archive, off_t byte, short type)
{
	set_lock(archive, archive->lock, byte, type, true, NULL);
}

static enum tp_status take_shared(struct tp_archive *archive, off_t byte, struct tp_error *err)
{
	int fd = archive->lock;
	enum tp_status status = set_lock(archive, fd, GATE_OF(byte), F_RDLCK, true, err);

	if (status)
		return status;
	status = set_lock(archive, fd, byte, F_RDLCK, true, err);
	set_own(archive, GATE_OF(byte), F_UNLCK);
	return status;
}

/* Keeps the gate shut for so long. TP_TEMPORARY: those who had passed it are still there. */
static enum tp_status try_alone(
	struct tp_archive *archive, off_t byte, int shut_ms, struct tp_error *err)
{
	enum tp_status status = set_lock(archive, archive->lock, GATE_OF(byte), F_WRLCK, true, err);

	if (status)
		return status;
	for (int waited = 0, step = 1;; waited += step, step = waited < 20 ? 1 : 10) {
		status = set_lock(archive, archive->lock, byte, F_WRLCK, false, err);
		if (status != TP_TEMPORARY || waited >= shut_ms)
			break;
		poll(NULL, 0, step);
	}
	set_own(archive, GATE_OF(byte), F_UNLCK);
	return status;
}

static enum tp_status take_alone(
	struct tp_archive *archive, off_t byte, int shut_ms, struct tp_error *err)
{
	for (;; shut_ms = 2 * shut_ms < SHUT_MAX ? 2 * shut_ms : SHUT_MAX) {
		enum tp_status status = try_alone(archive, byte, shut_ms, err);

		if (status != TP_TEMPORARY)
			return status;
		poll(NULL, 0, OPEN);
	}
}

/* Back to what is shared. */
static void let_go_alone(struct tp_archive *archive)
{
	bool shared = archive->lock_depth > 0;

	set_own(archive, BYTE_PUT, shared && archive->lock_put ? F_RDLCK : F_UNLCK);
	set_own(archive, BYTE_READ, shared && !archive->lock_put ? F_RDLCK : F_UNLCK);
}

/* New before anything changes: who is killed half way has changed it, too. */
static enum tp_status renew_stamp(struct tp_archive *archive, struct tp_error *err)
{
	unsigned char stamp[8];
	enum tp_status status = tp_random(stamp, sizeof stamp, err);

	if (!status && pwrite(archive->lock, stamp, sizeof stamp, 0) != (ssize_t)sizeof stamp)
		status = tp_fail_errno(err, TP_IO, "%s/lock: cannot write", archive->path);
	return status;
}

static enum tp_status take_all(struct tp_archive *archive, struct tp_error *err)
{
	enum tp_status status = take_alone(archive, BYTE_READ, SHUT_MAX, err);

	if (!status)
		status = take_alone(archive, BYTE_PUT, SHUT_FOR_PUTS, err);
	if (!status)
		status = renew_stamp(archive, err);
	if (status)
		let_go_alone(archive);
	return status;
}

enum tp_status tp_archive_lock(
	struct tp_archive *archive, enum tp_archive_hold hold, struct tp_error *err)
{
	bool exclusive = hold == TP_HOLD_ALL;
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
	if (exclusive)
		status = take_all(archive, err);
	else
		status = take_shared(archive, hold == TP_HOLD_PUT ? BYTE_PUT : BYTE_READ, err);
	if (status)
		return status;
	if (!exclusive)
		archive->lock_put = hold == TP_HOLD_PUT;
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
	if (archive->lock_depth == 0 || archive->lock_depth + 1 == archive->lock_exclusive)
		let_go_alone(archive);
	if (archive->lock_depth < archive->lock_exclusive)
		archive->lock_exclusive = 0;
}

bool tp_archive_is_wanted(const struct tp_archive *archive)
{
	struct flock lock = {
		.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = GATE_OF(BYTE_READ), .l_len = 1
	};

	return archive->lock >= 0 && !fcntl(archive->lock, F_OFD_GETLK, &lock) &&
	       lock.l_type != F_UNLCK;
}

uint64_t tp_archive_stamp(const struct tp_archive *archive)
{
	uint64_t stamp = 0;

	if (archive->lock < 0 ||
		pread(archive->lock, &stamp, sizeof stamp, 0) != (ssize_t)sizeof stamp)
		return 0;
	return stamp;
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
	return set_lock(archive, *fd, (off_t)(hash >> 2) + BYTE_DELIVERIES, F_WRLCK, wait, err);
}
