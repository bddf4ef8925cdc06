/*
 * Opening and making archives: see archive.h. An archive is there when its file `format` is; that
 * one is made last, and complete or not at all, so that a half made archive is made on by whoever
 * comes next, and two who begin at once make the same one.
 */
#include "archive/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/pack.h"
#include "archive/settings.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/hex.h"

#define FORMAT      "tubepost-archive "
#define VERSION     "1"
#define ENCRYPTED   "encrypted "
#define CHECK_BYTES 16
#define FORMAT_MAX  4096
#define DIGITS      8

static const struct {
	const char *name, *suffix; /* of its numbered files; NULL: it has none */
} folders[] = {
	{ "journal", ".tpj" },
	{ "pack", ".tpp" },
	{ "cellar", ".tpp" },
	{ "index", ".tpx" },
	{ "blob", NULL },
};

#define FOLDERS (sizeof folders / sizeof *folders)

/* --- numbered files ----------------------------------------------------------------------------
 */

static const char *suffix_of(const char *folder)
{
	for (size_t i = 0; i < FOLDERS; i++)
		if (!strcmp(folders[i].name, folder) && folders[i].suffix)
			return folders[i].suffix;
	abort(); /* our own mistake: the core tells which */
}

void tp_archive_name(const char *folder, uint32_t number, char name[TP_ARCHIVE_NAME])
{
	snprintf(name, TP_ARCHIVE_NAME, "%s/%0*u%s", folder, DIGITS, number, suffix_of(folder));
}

static bool parse_number(const char *name, const char *suffix, uint32_t *number)
{
	*number = 0;
	for (int i = 0; i < DIGITS; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		*number = *number * 10 + (uint32_t)(name[i] - '0');
	}
	return !strcmp(name + DIGITS, suffix);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Opens a folder of the archive for reading; NULL with errno. */
static DIR *open_folder(const struct tp_archive *archive, const char *folder)
{
	int fd = openat(archive->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !stream)
		close(fd);
	return stream;
}

enum tp_status tp_archive_numbers(struct tp_archive *archive, const char *folder,
	uint32_t **numbers, size_t *count, struct tp_error *err)
{
	const char *suffix = suffix_of(folder);
	enum tp_status status = TP_OK;
	uint32_t *list = NULL, number;
	size_t n = 0, cap = 0;
	struct dirent *entry;
	DIR *stream = open_folder(archive, folder);

	*numbers = NULL;
	*count = 0;
	if (!stream && errno == ENOENT)
		return TP_OK;
	if (!stream)
		return tp_fail_errno(err, TP_IO, "%s/%s", archive->path, folder);
	while (!status && (errno = 0, entry = readdir(stream))) {
		if (!parse_number(entry->d_name, suffix, &number))
			continue;
		if (n == cap) {
			uint32_t *larger = reallocarray(list, cap ? cap * 2 : 64, sizeof *list);

			if (!larger) {
				status = tp_fail(err, TP_NOMEM, "archive: out of memory");
				break;
			}
			list = larger;
			cap = cap ? cap * 2 : 64;
		}
		list[n++] = number;
	}
	if (!status && errno)
		status = tp_fail_errno(err, TP_IO, "%s/%s: cannot read", archive->path, folder);
	closedir(stream);
	if (status) {
		free(list);
		return status;
	}
	if (n > 0)
		qsort(list, n, sizeof *list, compare_numbers);
	*numbers = list;
	*count = n;
	return TP_OK;
}

/* --- making ------------------------------------------------------------------------------------
 */

/* A name that may stand in a folder before it becomes an archive. */
static bool is_expected(const char *name)
{
	static const char *const names[] = { ".", "..", "archive.yaml", "lock", "lost+found" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(name, names[i]))
			return true;
	for (size_t i = 0; i < FOLDERS; i++)
		if (!strcmp(name, folders[i].name))
			return true;
	return !strncmp(name, ".new-", 5); /* left behind by a making that was killed */
}

/* What is there already must be nothing, or an archive that was never finished: mail without a
 * `format` is an archive that was damaged, and is not made anew over it. */
static enum tp_status check_place(struct tp_archive *archive, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	struct dirent *entry;
	DIR *stream = open_folder(archive, ".");

	if (!stream)
		return tp_fail_errno(err, TP_IO, "%s", archive->path);
	while (!status && (entry = readdir(stream)))
		if (!is_expected(entry->d_name))
			status = tp_fail(err, TP_CANTCREATE,
				"%s: neither an archive nor an empty folder ('%s' is in it)",
				archive->path, entry->d_name);
	closedir(stream);
	for (size_t i = 0; !status && i < FOLDERS; i++) {
		uint32_t *numbers = NULL;
		size_t count = 0;

		if (folders[i].suffix)
			status =
				tp_archive_numbers(archive, folders[i].name, &numbers, &count, err);
		free(numbers);
		if (count > 0)
			status = tp_fail(err, TP_DATA, "archive %s: its file 'format' is missing",
				archive->path);
	}
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
	fd = openat(archive->dir, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
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

/* What tells the archive's key from another, and nothing about it. */
static enum tp_status key_check(
	const unsigned char key[TP_CIPHER_KEY], char hex[2 * CHECK_BYTES + 1], struct tp_error *err)
{
	static const char about[] = "tubepost-archive 1 key check";
	unsigned char mac[TP_SHA256_BYTES];
	enum tp_status status =
		tp_hmac_sha256(key, TP_CIPHER_KEY, about, sizeof about - 1, mac, err);

	if (!status)
		tp_hex(mac, CHECK_BYTES, hex);
	return status;
}

static enum tp_status make_format(struct tp_archive *archive, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(FORMAT_MAX);
	char check[2 * CHECK_BYTES + 1];
	enum tp_status status = TP_OK;

	tp_buf_adds(&text, FORMAT VERSION "\n");
	if (archive->settings.key_file && !archive->has_key)
		status = tp_fail(err, TP_CONFIG, "archive %s: key file %s cannot be read",
			archive->path, archive->settings.key_file);
	else if (archive->has_key)
		status = key_check(archive->key, check, err);
	if (!status && archive->has_key)
		tp_buf_addf(&text, ENCRYPTED "%s\n", check);
	if (!status)
		status = tp_buf_status(&text, "format", err);
	if (!status)
		status = place_file(archive, "format", text.data, text.len, err);
	tp_buf_release(&text);
	return status;
}

static enum tp_status make_archive(struct tp_archive *archive, struct tp_error *err)
{
	enum tp_status status = check_place(archive, err);

	if (!status)
		status = place_file(archive, "lock", "", 0, err);
	for (size_t i = 0; !status && i < FOLDERS; i++)
		if (mkdirat(archive->dir, folders[i].name, 0750) && errno != EEXIST)
			status = tp_fail_errno(
				err, TP_CANTCREATE, "%s/%s", archive->path, folders[i].name);
	if (!status)
		status = place_file(archive, "archive.yaml", tp_archive_settings_text,
			strlen(tp_archive_settings_text), err);
	if (!status)
		status = make_format(archive, err);
	return status;
}

/* --- opening -----------------------------------------------------------------------------------
 */

static enum tp_status choose_path(const struct tp_conf *conf, const char *path,
	struct tp_archive *archive, struct tp_error *err)
{
	struct tp_buf name = TP_BUF_INIT(65536);
	enum tp_status status = TP_OK;

	if (!path && conf)
		path = tp_conf_str(conf, "archive.path");
	if (path && *path)
		tp_buf_adds(&name, path);
	else if (conf)
		status = tp_conf_state_path(conf, "archive", &name, err);
	if (!status)
		status = tp_buf_status(&name, "archive", err);
	if (!status) {
		archive->path = tp_buf_detach(&name);
		if (!archive->path)
			status = tp_fail(err, TP_NOMEM, "archive: out of memory");
	}
	tp_buf_release(&name);
	return status;
}

static enum tp_status open_place(struct tp_archive *archive, bool make, struct tp_error *err)
{
	enum tp_status status = make ? tp_mkdirs(archive->path, 0750, err) : TP_OK;

	if (status)
		return tp_error_prefix(err, "archive");
	archive->dir = open(archive->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (archive->dir < 0 && errno == ENOENT)
		return tp_fail(err, TP_NOINPUT, "archive %s: there is none", archive->path);
	if (archive->dir < 0)
		return tp_fail_errno(err, TP_NOINPUT, "archive %s", archive->path);
	return TP_OK;
}

static enum tp_status read_key(struct tp_archive *archive, struct tp_error *err)
{
	const char *file = archive->settings.key_file;
	struct tp_buf text = TP_BUF_INIT(4096);
	enum tp_status status;

	if (!file || access(file, R_OK))
		return TP_OK;
	status = tp_file_read_secret(file, &text, err);
	if (!status && !tp_unhex(tp_buf_str(&text), archive->key, TP_CIPHER_KEY))
		status = tp_fail(err, TP_CONFIG, "key file %s: not %d hexadecimal digits", file,
			2 * TP_CIPHER_KEY);
	archive->has_key = !status;
	if (text.data)
		explicit_bzero(text.data, text.cap);
	tp_buf_release(&text);
	return status;
}

/* The second line of `format`, if any. */
static enum tp_status take_encryption(
	struct tp_archive *archive, const char *line, struct tp_error *err)
{
	char check[2 * CHECK_BYTES + 1];
	enum tp_status status;

	if (!*line && archive->settings.key_file)
		return tp_fail(err, TP_CONFIG,
			"%s/archive.yaml: key_file: the archive was made without a key, and has "
			"mail in clear",
			archive->path);
	if (!*line)
		return TP_OK;
	if (strncmp(line, ENCRYPTED, strlen(ENCRYPTED)) ||
		strcspn(line, "\n") != strlen(ENCRYPTED) + 2 * CHECK_BYTES ||
		strcmp(line + strcspn(line, "\n"), "\n"))
		return tp_fail(err, TP_DATA, "archive %s: damaged 'format'", archive->path);
	archive->encrypted = true;
	if (!archive->has_key)
		return TP_OK;
	status = key_check(archive->key, check, err);
	if (!status && strncmp(line + strlen(ENCRYPTED), check, 2 * CHECK_BYTES))
		status = tp_fail(err, TP_CONFIG, "archive %s: the key in %s is not its key",
			archive->path, archive->settings.key_file);
	return status;
}

/* TP_NOTHING when there is no `format`. */
static enum tp_status read_format(struct tp_archive *archive, struct tp_error *err)
{
	char text[FORMAT_MAX + 1];
	int fd = openat(archive->dir, "format", O_RDONLY | O_CLOEXEC);
	size_t head = strlen(FORMAT);
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return TP_NOTHING;
	n = fd < 0 ? -1 : tp_read(fd, text, FORMAT_MAX);
	if (n < 0)
		tp_fail_errno(err, TP_IO, "%s/format", archive->path);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return err->status;
	text[n] = '\0';
	if (strncmp(text, FORMAT, head))
		return tp_fail(err, TP_DATA, "archive %s: damaged 'format'", archive->path);
	if (strcspn(text + head, "\n") != strlen(VERSION) ||
		strncmp(text + head, VERSION "\n", strlen(VERSION) + 1))
		return tp_fail(err, TP_DATA,
			"archive %s: of format %.*s, and this program knows " VERSION,
			archive->path, (int)strcspn(text + head, "\n"), text + head);
	return take_encryption(archive, text + head + strlen(VERSION) + 1, err);
}

static enum tp_status open_lock(struct tp_archive *archive, struct tp_error *err)
{
	int flags = O_CLOEXEC | O_NOCTTY;

	archive->read_only = faccessat(archive->dir, ".", W_OK, AT_EACCESS) != 0;
	archive->lock = archive->read_only
				? -1
				: openat(archive->dir, "lock", O_RDWR | O_CREAT | flags, 0640);
	if (archive->lock >= 0)
		return TP_OK;
	if (!archive->read_only && errno != EROFS && errno != EACCES && errno != EPERM)
		return tp_fail_errno(err, TP_IO, "%s/lock", archive->path);
	archive->read_only = true;
	archive->lock = openat(archive->dir, "lock", O_RDONLY | flags);
	return TP_OK;
}

/* Making may fail because another has just made it, and put mail into it already: all is well. */
static enum tp_status make_and_read(struct tp_archive *archive, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = make_archive(archive, &why), found = read_format(archive, err);

	if (found == TP_NOTHING && status)
		return tp_fail(err, status, "%s", why.text);
	return found;
}

static enum tp_status open_archive(struct tp_archive *archive, bool make, struct tp_error *err)
{
	enum tp_status status = open_place(archive, make, err);

	if (!status)
		status = tp_archive_settings_read(archive->path, &archive->settings, err);
	if (!status)
		status = read_key(archive, err);
	if (status)
		return status;
	status = read_format(archive, err);
	if (status == TP_NOTHING && make)
		status = make_and_read(archive, err);
	if (status == TP_NOTHING)
		return tp_fail(err, TP_NOINPUT, "archive %s: there is none", archive->path);
	return status ? status : open_lock(archive, err);
}

enum tp_status tp_archive_open(const struct tp_conf *conf, const char *path, bool make,
	struct tp_archive **out, struct tp_error *err)
{
	struct tp_archive *archive = calloc(1, sizeof *archive);
	struct tp_error unused;
	enum tp_status status;

	if (!err)
		err = &unused;
	*out = NULL;
	if (!archive)
		return tp_fail(err, TP_NOMEM, "archive: out of memory");
	archive->dir = archive->lock = -1;
	status = choose_path(conf, path, archive, err);
	if (!status)
		status = open_archive(archive, make, err);
	if (status)
		tp_archive_close(archive);
	else
		*out = archive;
	return status;
}

void tp_archive_close(struct tp_archive *archive)
{
	if (!archive)
		return;
	if (archive->lock >= 0)
		close(archive->lock);
	if (archive->dir >= 0)
		close(archive->dir);
	tp_pack_cache_free(archive->pack_cache);
	tp_archive_settings_release(&archive->settings);
	explicit_bzero(archive->key, sizeof archive->key);
	free(archive->path);
	free(archive);
}

enum tp_status tp_archive_need_key(const struct tp_archive *archive, struct tp_error *err)
{
	const char *file = archive->settings.key_file;

	if (!archive->encrypted || archive->has_key)
		return TP_OK;
	if (!file)
		return tp_fail(err, TP_CONFIG,
			"archive %s is encrypted: no key (archive.yaml names no key_file)",
			archive->path);
	if (access(file, R_OK)) {
		tp_fail_errno(
			err, TP_CONFIG, "archive %s is encrypted: no key: %s", archive->path, file);
		if (err)
			err->status = TP_CONFIG;
		return TP_CONFIG;
	}
	return tp_fail(err, TP_CONFIG, "archive %s is encrypted: no key", archive->path);
}
