/* Overwriting before removing: see shred.h. */
#include "archive/shred.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define NEW  ".new"
#define GONE ".gone"

enum tp_status tp_shred_file(int fd, const char *name, struct tp_error *err)
{
	static const char zeros[1 << 16];
	enum tp_status status = TP_OK;
	struct stat st;

	if (fstat(fd, &st) || lseek(fd, 0, SEEK_SET) < 0)
		return tp_fail_errno(err, TP_IO, "%s", name);
	for (off_t left = st.st_size; !status && left > 0; left -= (off_t)sizeof zeros)
		status = tp_write_all(fd, zeros,
			left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros, name, err);
	if (!status && fdatasync(fd))
		status = tp_fail_errno(err, TP_IO, "%s: cannot sync", name);
	return status;
}

enum tp_status tp_shred(struct tp_archive *archive, const char *name, struct tp_error *err)
{
	int fd = openat(archive->dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	enum tp_status status;

	if (fd < 0 && errno == ENOENT)
		return TP_OK;
	if (fd < 0)
		return tp_fail_errno(err, TP_IO, "%s/%s: cannot open", archive->path, name);
	status = tp_shred_file(fd, name, err);
	close(fd);
	if (!status && unlinkat(archive->dir, name, 0) && errno != ENOENT)
		status = tp_fail_errno(err, TP_IO, "%s/%s: cannot remove", archive->path, name);
	return status;
}

enum tp_status tp_archive_sync(
	const struct tp_archive *archive, const char *name, struct tp_error *err)
{
	int fd = openat(archive->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum tp_status status = TP_OK;

	/* Some file systems cannot sync a folder and say EINVAL: then there is nothing to do. */
	if (fd < 0 || (fsync(fd) && errno != EINVAL))
		status = tp_fail_errno(err, TP_IO, "%s/%s: cannot sync", archive->path, name);
	if (fd >= 0)
		close(fd);
	return status;
}

/* The folder part of a name: what is before its only slash. */
static struct tp_buf folder_of(const char *name)
{
	struct tp_buf folder = TP_BUF_INIT(4096);
	const char *slash = strrchr(name, '/');

	tp_buf_add(&folder, slash ? name : ".", slash ? (size_t)(slash - name) : 1);
	return folder;
}

enum tp_status tp_shred_swap(
	struct tp_archive *archive, const char *fresh, const char *name, struct tp_error *err)
{
	struct tp_buf gone = TP_BUF_INIT(4096), folder = folder_of(name);
	enum tp_status status;

	tp_buf_addf(&gone, "%s%s", name, GONE);
	status = tp_buf_status(&gone, "name", err);
	/* The old file has two names until the new one takes the first: at no moment has it none. */
	if (!status && linkat(archive->dir, name, archive->dir, gone.data, 0) && errno != ENOENT)
		status = tp_fail_errno(err, TP_IO, "%s/%s: cannot link", archive->path, gone.data);
	if (!status)
		status = tp_archive_sync(archive, folder.data, err);
	if (!status && renameat(archive->dir, fresh, archive->dir, name))
		status = tp_fail_errno(err, TP_IO, "%s/%s: cannot rename", archive->path, fresh);
	if (!status)
		status = tp_archive_sync(archive, folder.data, err);
	tp_buf_release(&gone);
	tp_buf_release(&folder);
	return status;
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && !strcmp(text + len - end_len, end);
}

/* True when a killed swap had not come to its rename: then the bytes are those of the living. */
static bool is_still_named(struct tp_archive *archive, const char *gone)
{
	struct tp_buf name = TP_BUF_INIT(4096);
	struct stat a, b;
	bool same;

	tp_buf_add(&name, gone, strlen(gone) - strlen(GONE));
	same = !fstatat(archive->dir, gone, &a, AT_SYMLINK_NOFOLLOW) &&
	       !fstatat(archive->dir, tp_buf_str(&name), &b, AT_SYMLINK_NOFOLLOW) &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
	tp_buf_release(&name);
	return same;
}

static enum tp_status remove_leftover(
	struct tp_archive *archive, const char *name, struct tp_error *err)
{
	if (ends_in(name, GONE) && is_still_named(archive, name)) {
		if (unlinkat(archive->dir, name, 0))
			return tp_fail_errno(
				err, TP_IO, "%s/%s: cannot remove", archive->path, name);
		return TP_OK;
	}
	return tp_shred(archive, name, err);
}

typedef enum tp_status remove_file(
	struct tp_archive *archive, const char *name, struct tp_error *err);

/* Every file of a folder whose name ends in one of two ways. */
static enum tp_status remove_all(struct tp_archive *archive, const char *folder, const char *one,
	const char *other, remove_file *remove, struct tp_error *err)
{
	int fd = openat(archive->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct tp_buf name = TP_BUF_INIT(4096);
	enum tp_status status = TP_OK;
	struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		if (errno == ENOENT)
			return TP_OK;
		return tp_fail_errno(err, TP_IO, "%s/%s: cannot read", archive->path, folder);
	}
	while (!status && (entry = readdir(dir))) {
		if (!ends_in(entry->d_name, one) && !ends_in(entry->d_name, other))
			continue;
		tp_buf_clear(&name);
		tp_buf_addf(&name, "%s/%s", folder, entry->d_name);
		status = tp_buf_status(&name, "name", err);
		if (!status)
			status = remove(archive, name.data, err);
	}
	closedir(dir);
	tp_buf_release(&name);
	return status;
}

enum tp_status tp_shred_leftovers(
	struct tp_archive *archive, const char *folder, struct tp_error *err)
{
	return remove_all(archive, folder, NEW, GONE, remove_leftover, err);
}

enum tp_status tp_shred_all(
	struct tp_archive *archive, const char *folder, const char *suffix, struct tp_error *err)
{
	return remove_all(archive, folder, suffix, suffix, tp_shred, err);
}
