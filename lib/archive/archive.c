/* Opening archives, and their numbered files: see archive.h. */
#include "archive/archive_make.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/pack.h"
#include "archive/settings.h"
#include "base/array.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/hex.h"

#define DIGITS 8

static const struct {
	const char *name, *suffix;
} folders[] = {
	{ "journal", ".tpj" },
	{ "pack", ".tpp" },
	{ "cellar", ".tpp" },
	{ "index", ".tpx" },
	{ "disc", ".json" },
};

#define FOLDERS (sizeof folders / sizeof *folders)

/* --- numbered files --------------------------------------------------------------------------- */

static const char *suffix_of(const char *folder)
{
	for (size_t i = 0; i < FOLDERS; i++)
		if (!strcmp(folders[i].name, folder))
			return folders[i].suffix;
	return ""; /* no such folder has numbered files */
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
	uint32_t *larger;
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
		larger = tp_array_room(list, n, &cap, 64, sizeof *list);
		if (!larger) {
			status = tp_fail(err, TP_NOMEM, "archive: out of memory");
			break;
		}
		list = larger;
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

/* --- small files ------------------------------------------------------------------------------ */

/* PATH/NAME, for errors; NULL: out of memory. */
static char *label(const struct tp_archive *archive, const char *name)
{
	char *text;

	return asprintf(&text, "%s/%s", archive->path, name) < 0 ? NULL : text;
}

enum tp_status tp_archive_file_read(
	struct tp_archive *archive, const char *name, struct tp_buf *out, struct tp_error *err)
{
	char *what = label(archive, name);
	enum tp_status status = tp_file_read_at(archive->dir, name, what ? what : name, out, err);

	free(what);
	return status;
}

enum tp_status tp_archive_file_replace(struct tp_archive *archive, const char *name,
	const struct tp_buf *text, struct tp_error *err)
{
	enum tp_status status = tp_buf_status(text, name, err);
	char *what = label(archive, name);

	if (!status)
		status = tp_file_replace_at(
			archive->dir, name, what ? what : name, text->data, text->len, 0640, err);
	free(what);
	return status;
}

enum tp_status tp_archive_file_lock(
	struct tp_archive *archive, const char *name, bool wait, int *fd, struct tp_error *err)
{
	char *what = label(archive, name);
	enum tp_status status =
		tp_lock_at(archive->dir, name, what ? what : name, wait ? -1 : 0, fd, err);

	free(what);
	return status;
}

/* --- opening ---------------------------------------------------------------------------------- */

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
	char check[TP_ARCHIVE_CHECK];
	enum tp_status status;

	if (!*line && archive->settings.key_file)
		return tp_fail(err, TP_CONFIG,
			"%s/archive.yaml: key_file: the archive was made without a key, and has "
			"mail in clear",
			archive->path);
	if (!*line)
		return TP_OK;
	if (strncmp(line, TP_ARCHIVE_ENCRYPTED, strlen(TP_ARCHIVE_ENCRYPTED)) ||
		strcspn(line, "\n") != strlen(TP_ARCHIVE_ENCRYPTED) + TP_ARCHIVE_CHECK - 1 ||
		strcmp(line + strcspn(line, "\n"), "\n"))
		return tp_fail(err, TP_DATA, "archive %s: damaged 'format'", archive->path);
	archive->encrypted = true;
	if (!archive->has_key)
		return TP_OK;
	status = tp_archive_key_check(archive->key, check, err);
	if (!status && strncmp(line + strlen(TP_ARCHIVE_ENCRYPTED), check, TP_ARCHIVE_CHECK - 1))
		status = tp_fail(err, TP_CONFIG, "archive %s: the key in %s is not its key",
			archive->path, archive->settings.key_file);
	return status;
}

/* TP_NOTHING when there is no `format`. */
static enum tp_status read_format(struct tp_archive *archive, struct tp_error *err)
{
	char text[TP_ARCHIVE_FORMAT_MAX + 1];
	int fd = openat(archive->dir, "format", O_RDONLY | O_CLOEXEC);
	size_t head = strlen(TP_ARCHIVE_FORMAT);
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return TP_NOTHING;
	n = fd < 0 ? -1 : tp_read(fd, text, TP_ARCHIVE_FORMAT_MAX);
	if (n < 0)
		tp_fail_errno(err, TP_IO, "%s/format", archive->path);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return err->status;
	text[n] = '\0';
	if (strncmp(text, TP_ARCHIVE_FORMAT, head) || !strchr(text, '\n'))
		return tp_fail(err, TP_DATA, "archive %s: damaged 'format'", archive->path);
	if (strncmp(text + head, TP_ARCHIVE_VERSION "\n", strlen(TP_ARCHIVE_VERSION) + 1))
		return tp_fail(err, TP_DATA,
			"archive %s: of format %.*s, and this program knows " TP_ARCHIVE_VERSION,
			archive->path, (int)strcspn(text + head, "\n"), text + head);
	return take_encryption(archive, text + head + strlen(TP_ARCHIVE_VERSION) + 1, err);
}

static enum tp_status open_lock(struct tp_archive *archive, struct tp_error *err)
{
	int flags = O_CLOEXEC | O_NOCTTY;

	archive->read_only = faccessat(archive->dir, ".", W_OK, AT_EACCESS) != 0;
	archive->lock =
		archive->read_only ? -1 : tp_create_at(archive->dir, "lock", O_RDWR | flags, 0640);
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
	enum tp_status status = tp_archive_make(archive, &why), found = read_format(archive, err);

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
	if (status == TP_NOTHING) {
		status = tp_archive_has_lost_format(archive, err);
		return status ? status
			      : tp_fail(err, TP_NOINPUT, "archive %s: there is none",
					archive->path);
	}
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
