/* Maildirs and lists of files: see import.h. */
#include "archive/import.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/import_age.h"
#include "base/file.h"
#include "base/spool.h"

#define KEPT        ((size_t)1 << 20) /* files up to this size are read into memory that is kept */
#define NAMES       ((size_t)64 * 1024) /* read at a time from a list of names */
#define NAMES_KEPT  ((size_t)1 << 24)
#define PATIENCE_MS 50 /* a producer slower than this is not waited for with locks in our hands */

/* --- one file --------------------------------------------------------------------------------- */

struct reader {
	const struct tp_import *import;
	struct tp_buf kept;
};

static enum tp_status read_kept(struct reader *reader, int fd, struct tp_error *err)
{
	ssize_t n = 1;

	tp_buf_clear(&reader->kept);
	while (n > 0) {
		char *to = tp_buf_reserve(&reader->kept, KEPT - reader->kept.len);

		if (!to)
			return tp_buf_status(&reader->kept, "message", err);
		n = tp_read(fd, to, KEPT - reader->kept.len);
		if (n < 0)
			return tp_fail_errno(err, TP_NOINPUT, "cannot read");
		tp_buf_grew(&reader->kept, (size_t)n);
		if (reader->kept.len == KEPT)
			break;
	}
	return TP_OK;
}

/* Gives the message in the open file. */
static enum tp_status give_fd(struct reader *reader, int fd, const struct stat *st,
	struct tp_import_mail *mail, struct tp_error *err)
{
	struct tp_spool spool = TP_SPOOL_INIT;
	struct tp_error why = { TP_OK, "" };
	enum tp_status status;

	if (S_ISREG(st->st_mode) && (uint64_t)st->st_size < KEPT) {
		status = read_kept(reader, fd, &why);
		mail->data = tp_buf_str(&reader->kept);
		mail->len = reader->kept.len;
	} else if (!S_ISREG(st->st_mode)) {
		status = tp_fail(&why, TP_NOINPUT, "not a file");
	} else {
		status = tp_spool_read(&spool, fd, &why);
		mail->data = spool.data;
		mail->len = spool.len;
	}
	if (status == TP_NOMEM)
		return tp_fail(err, status, "%s: %s", mail->name, why.text);
	if (status)
		return reader->import->unreadable(
			reader->import->context, mail->name, why.text, err);
	if (!mail->arrival_ms)
		mail->arrival_ms = tp_import_received(mail->data, mail->len);
	if (!mail->arrival_ms)
		mail->arrival_ms = (int64_t)st->st_mtim.tv_sec * 1000;
	status = reader->import->mail(reader->import->context, mail, err);
	tp_spool_release(&spool);
	return status;
}

/* `arrival_ms` 0: not known. `may_move`: that it is gone is no wonder. */
static enum tp_status give_file(struct reader *reader, int dir, const char *file, const char *name,
	int64_t arrival_ms, bool may_move, struct tp_error *err)
{
	struct tp_import_mail mail = { .name = name, .arrival_ms = arrival_ms };
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum tp_status status;
	struct stat st;

	if (fd < 0 && errno == ENOENT && may_move)
		return TP_OK;
	if (fd < 0 || fstat(fd, &st)) {
		int code = errno;

		if (fd >= 0)
			close(fd);
		return reader->import->unreadable(
			reader->import->context, name, strerror(code), err);
	}
	status = give_fd(reader, fd, &st, &mail, err);
	close(fd);
	return status;
}

/* --- Maildirs --------------------------------------------------------------------------------- */

static enum tp_status give_entry(struct reader *reader, int dir, const char *folder,
	const char *file, bool may_move, struct tp_error *err)
{
	struct tp_buf name = TP_BUF_INIT(1 << 20);
	enum tp_status status = TP_OK;

	tp_buf_addf(&name, "%s/%s", folder, file);
	status = tp_buf_status(&name, "file name", err);
	if (!status)
		status = give_file(
			reader, dir, file, name.data, tp_import_maildir_time(file), may_move, err);
	tp_buf_release(&name);
	return status;
}

static enum tp_status give_folder(
	struct reader *reader, const char *folder, bool may_move, struct tp_error *err)
{
	DIR *stream = opendir(folder);
	enum tp_status status = TP_OK;
	struct dirent *entry;

	if (!stream)
		return tp_fail_errno(err, TP_NOINPUT, "%s", folder);
	while (!status && (errno = 0, entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			status = give_entry(
				reader, dirfd(stream), folder, entry->d_name, may_move, err);
	if (!status && errno)
		status = tp_fail_errno(err, TP_IO, "%s: cannot read", folder);
	closedir(stream);
	return status;
}

enum tp_status tp_import_maildir(
	const char *folder, const struct tp_import *import, struct tp_error *err)
{
	struct reader reader = { .import = import };
	struct tp_buf path = TP_BUF_INIT(1 << 20);
	enum tp_status status = TP_OK;

	tp_buf_init(&reader.kept, KEPT);
	for (int i = 0; !status && i < 2; i++) {
		tp_buf_clear(&path);
		tp_buf_addf(&path, "%s/%s", folder, i ? "cur" : "new");
		status = tp_buf_status(&path, "folder name", err);
		if (!status) /* what leaves `new` goes to `cur`, where we come next */
			status = give_folder(&reader, path.data, i == 0, err);
	}
	tp_buf_release(&path);
	tp_buf_release(&reader.kept);
	return status;
}

/* --- lists of files --------------------------------------------------------------------------- */

struct names {
	int fd;
	const char *list; /* its name */
	struct tp_buf read;
	bool ended;
};

/* Whoever makes the names may be slow, and nothing may be held while he is. */
static enum tp_status wait_for_names(
	struct reader *reader, struct names *names, struct tp_error *err)
{
	struct pollfd wanted = { .fd = names->fd, .events = POLLIN };

	if (!reader->import->waiting || poll(&wanted, 1, PATIENCE_MS) != 0)
		return TP_OK;
	return reader->import->waiting(reader->import->context, err);
}

static enum tp_status read_names(struct reader *reader, struct names *names, struct tp_error *err)
{
	enum tp_status status = wait_for_names(reader, names, err);
	char *room = tp_buf_reserve(&names->read, NAMES);
	ssize_t n;

	if (status || !room)
		return status ? status : tp_buf_status(&names->read, names->list, err);
	n = tp_read(names->fd, room, NAMES);
	if (n < 0)
		return tp_fail_errno(err, TP_IO, "%s: cannot read", names->list);
	names->ended = n == 0;
	tp_buf_grew(&names->read, (size_t)n);
	return TP_OK;
}

/* Gives the files whose names are whole, at the end the last one, too, and keeps the rest. */
static enum tp_status give_names(struct reader *reader, struct names *names, struct tp_error *err)
{
	const char *name = names->read.data, *end = name + names->read.len, *next;
	enum tp_status status = TP_OK;

	for (; !status && name < end; name = next + 1) {
		next = memchr(name, '\0', (size_t)(end - name));
		if (!next && !names->ended)
			break;
		if (*name)
			status = give_file(reader, AT_FDCWD, name, name, 0, false, err);
		if (!next) {
			name = end;
			break;
		}
	}
	memmove(names->read.data, name, (size_t)(end - name));
	tp_buf_truncate(&names->read, (size_t)(end - name));
	return status;
}

enum tp_status tp_import_files0(
	const char *list, const struct tp_import *import, struct tp_error *err)
{
	struct reader reader = { .import = import };
	struct names names = { .list = list };
	enum tp_status status = TP_OK;

	names.fd = strcmp(list, "-") ? open(list, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	if (names.fd < 0)
		return tp_fail_errno(err, TP_NOINPUT, "%s", list);
	tp_buf_init(&names.read, NAMES_KEPT);
	tp_buf_init(&reader.kept, KEPT);
	while (!status && !names.ended) {
		status = read_names(&reader, &names, err);
		if (!status)
			status = give_names(&reader, &names, err);
	}
	if (names.fd != STDIN_FILENO)
		close(names.fd);
	tp_buf_release(&names.read);
	tp_buf_release(&reader.kept);
	return status;
}
