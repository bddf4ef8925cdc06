/* The locks of who seals, and what erasers do with a sealer's work: see seal.h. */
#include "archive/seal.h"

#include <fcntl.h>
#include <unistd.h>

#include "archive/journal_form.h"
#include "archive/shred.h"

static enum tp_status lock_file(
	struct tp_archive *archive, const char *name, bool wait, int *fd, struct tp_error *err)
{
	*fd = -1;
	if (archive->read_only)
		return tp_fail(err, TP_DENIED, "archive %s: read-only", archive->path);
	return tp_archive_file_lock(archive, name, wait, fd, err);
}

enum tp_status tp_seal_lock(struct tp_archive *archive, bool wait, int *fd, struct tp_error *err)
{
	return lock_file(archive, "seal.lock", wait, fd, err);
}

enum tp_status tp_sealing_lock(struct tp_archive *archive, bool wait, int *fd, struct tp_error *err)
{
	return lock_file(archive, "sealing.lock", wait, fd, err);
}

/* --- between sealers and erasers -------------------------------------------------------------- */

enum tp_status tp_seal_sweep(struct tp_archive *archive, struct tp_error *err)
{
	int fd;
	enum tp_status status = tp_sealing_lock(archive, false, &fd, err);

	if (status)
		return status == TP_TEMPORARY ? TP_OK : status;
	status = tp_shred_all(archive, "pack", ".seal", err);
	close(fd);
	return status;
}

bool tp_seal_is_shut(struct tp_archive *archive, uint32_t number)
{
	char name[TP_ARCHIVE_NAME];
	unsigned char bytes[TP_JOURNAL_OPENING];
	struct tp_journal_opening opening;
	bool shut;
	int fd;

	tp_archive_name("journal", number, name);
	fd = openat(archive->dir, name, O_RDONLY | O_CLOEXEC);
	shut = fd >= 0 && pread(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes &&
	       tp_journal_opening_read(bytes, &opening) && opening.shut;
	if (fd >= 0)
		close(fd);
	return shut;
}

enum tp_status tp_seal_cut(struct tp_archive *archive, uint32_t journal, struct tp_error *err)
{
	return tp_seal_is_shut(archive, journal) ? tp_shred_all(archive, "pack", ".seal", err)
						 : TP_OK;
}
