/*
 * Making archives: see archive_make.h. An archive is there when its file `format` is; that one is
 * made last, and complete or not at all, so that a half made archive is made on by whoever comes
 * next, and two who begin at once make the same one.
 */
#include "archive/archive_make.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/settings.h"
#include "archive/shred.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/hex.h"

static const char *const folders[] = { "journal", "pack", "cellar", "index", "blob" };

#define FOLDERS (sizeof folders / sizeof *folders)

static DIR *open_here(const struct tp_archive *archive)
{
	int fd = openat(archive->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !stream)
		close(fd);
	return stream;
}

/* A name that may stand in a folder before it becomes an archive. */
static bool is_expected(const char *name)
{
	static const char *const names[] = { ".", "..", "archive.yaml", "lock", "lost+found" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(name, names[i]))
			return true;
	for (size_t i = 0; i < FOLDERS; i++)
		if (!strcmp(name, folders[i]))
			return true;
	return !strncmp(name, ".new-", 5); /* left behind by a making that was killed */
}

enum tp_status tp_archive_has_lost_format(struct tp_archive *archive, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < FOLDERS; i++) {
		uint32_t *numbers = NULL;
		size_t count = 0;

		if (strcmp(folders[i], "blob"))
			status = tp_archive_numbers(archive, folders[i], &numbers, &count, err);
		free(numbers);
		if (count > 0)
			status = tp_fail(err, TP_DATA, "archive %s: its file 'format' is missing",
				archive->path);
	}
	return status;
}

/* What is there already must be nothing, or an archive that was never finished: mail without a
 * `format` is an archive that was damaged, and is not made anew over it. */
static enum tp_status check_place(struct tp_archive *archive, struct tp_error *err)
{
	enum tp_status status = tp_archive_has_lost_format(archive, err);
	struct dirent *entry;
	DIR *stream;

	if (status)
		return status;
	stream = open_here(archive);
	if (!stream)
		return tp_fail_errno(err, TP_IO, "%s", archive->path);
	while (!status && (entry = readdir(stream)))
		if (!is_expected(entry->d_name))
			status = tp_fail(err, TP_CANTCREATE,
				"%s: neither an archive nor an empty folder ('%s' is in it)",
				archive->path, entry->d_name);
	closedir(stream);
	return status;
}

/* Makes a file with this content, durable, unless the name is taken: then another's stands. */
static enum tp_status place_file(const struct tp_archive *archive, const char *name,
	const void *bytes, size_t len, struct tp_error *err)
{
	enum tp_status status;
	char aside[64];
	int fd;

	snprintf(aside, sizeof aside, ".new-%ld-%s", (long)getpid(), name);
	fd = tp_create_at(archive->dir, aside, O_WRONLY | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "%s/%s", archive->path, name);
	status = tp_write_all(fd, bytes, len, name, err);
	if (!status && fsync(fd))
		status = tp_fail_errno(err, TP_IO, "%s/%s: cannot sync", archive->path, name);
	if (close(fd) && !status)
		status = tp_fail_errno(err, TP_IO, "%s/%s: cannot close", archive->path, name);
	if (!status && linkat(archive->dir, aside, archive->dir, name, 0) && errno != EEXIST)
		status = tp_fail_errno(err, TP_CANTCREATE, "%s/%s", archive->path, name);
	unlinkat(archive->dir, aside, 0);
	if (!status && fsync(archive->dir) && errno != EINVAL)
		status = tp_fail_errno(err, TP_IO, "%s: cannot sync", archive->path);
	return status;
}

enum tp_status tp_archive_key_check(
	const unsigned char key[TP_CIPHER_KEY], char hex[TP_ARCHIVE_CHECK], struct tp_error *err)
{
	static const char about[] = "tubepost-archive 1 key check";
	unsigned char mac[TP_SHA256_BYTES];
	enum tp_status status =
		tp_hmac_sha256(key, TP_CIPHER_KEY, about, sizeof about - 1, mac, err);

	if (!status)
		tp_hex(mac, TP_ARCHIVE_CHECK / 2, hex);
	return status;
}

static enum tp_status make_format(struct tp_archive *archive, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(TP_ARCHIVE_FORMAT_MAX);
	char check[TP_ARCHIVE_CHECK];
	enum tp_status status = TP_OK;

	tp_buf_adds(&text, TP_ARCHIVE_FORMAT TP_ARCHIVE_VERSION "\n");
	if (archive->settings.key_file && !archive->has_key)
		status = tp_fail(err, TP_CONFIG, "archive %s: key file %s cannot be read",
			archive->path, archive->settings.key_file);
	else if (archive->has_key)
		status = tp_archive_key_check(archive->key, check, err);
	if (!status && archive->has_key)
		tp_buf_addf(&text, TP_ARCHIVE_ENCRYPTED "%s\n", check);
	if (!status)
		status = tp_buf_status(&text, "format", err);
	if (!status)
		status = place_file(archive, "format", text.data, text.len, err);
	tp_buf_release(&text);
	return status;
}

static enum tp_status make_folder(
	const struct tp_archive *archive, const char *name, struct tp_error *err)
{
	if (tp_mkdir_at(archive->dir, name, 0750) && errno != EEXIST)
		return tp_fail_errno(err, TP_CANTCREATE, "%s/%s", archive->path, name);
	return TP_OK;
}

/* All folders of blobs are made here, so that a blob never waits for two of them to be synced. */
enum tp_status tp_archive_make(struct tp_archive *archive, struct tp_error *err)
{
	enum tp_status status = check_place(archive, err);
	char name[16];

	if (!status)
		status = place_file(archive, "lock", "", 0, err);
	for (size_t i = 0; !status && i < FOLDERS; i++)
		status = make_folder(archive, folders[i], err);
	for (unsigned i = 0; !status && i < 256; i++) {
		snprintf(name, sizeof name, "blob/%02x", i);
		status = make_folder(archive, name, err);
	}
	if (!status)
		status = tp_archive_sync(archive, "blob", err);
	if (!status)
		status = place_file(archive, "archive.yaml", tp_archive_settings_text,
			strlen(tp_archive_settings_text), err);
	if (!status)
		status = make_format(archive, err);
	return status;
}
