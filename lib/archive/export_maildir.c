/*
 * Mails into a Maildir: see export.h. The names are SECONDS.ID.tubepost: who reads the mail moves it from
 * new to cur and puts flags behind a colon, so it is the id that is looked for, in either.
 */
#include "archive/export.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"

#define ENDING ".tubepost"

static enum tp_status path_of(const struct tp_export_maildir *dir, const char *folder,
	const struct tp_record *record, struct tp_buf *path, struct tp_error *err)
{
	tp_buf_addf(path, "%s/%s", dir->path, folder);
	/* What came before 1970 would begin with a dash. */
	if (record)
		tp_buf_addf(path, "/%lld.%s" ENDING,
			(long long)(record->arrival_ms > 0 ? record->arrival_ms / 1000 : 0),
			record->id);
	return tp_buf_status(path, dir->path, err);
}

/* --- what is there ---------------------------------------------------------------------------- */

static enum tp_status note_id(struct tp_export_maildir *dir, const char *id, struct tp_error *err)
{
	void *ids = tp_array_room(dir->ids, dir->count, &dir->cap, 64, sizeof *dir->ids);

	if (!ids)
		return tp_fail(err, TP_NOMEM, "out of memory");
	dir->ids = ids;
	memcpy(dir->ids[dir->count], id, TP_ID_LEN);
	dir->ids[dir->count++][TP_ID_LEN] = 0;
	return TP_OK;
}

/* SECONDS.ID.tubepost, and flags. */
static enum tp_status note_name(
	struct tp_export_maildir *dir, const char *name, struct tp_error *err)
{
	const char *id = strchr(name, '.');
	size_t len = strlen(ENDING);

	if (!id++ || strlen(id) < TP_ID_LEN + len || strncmp(id + TP_ID_LEN, ENDING, len) ||
		(id[TP_ID_LEN + len] && id[TP_ID_LEN + len] != ':'))
		return TP_OK;
	return note_id(dir, id, err);
}

static enum tp_status note_folder(
	struct tp_export_maildir *dir, const char *folder, struct tp_error *err)
{
	struct tp_buf path = TP_BUF_INIT(65536);
	enum tp_status status = path_of(dir, folder, NULL, &path, err);
	DIR *stream = status ? NULL : opendir(path.data);
	struct dirent *entry;

	if (!status && !stream)
		status = tp_fail_errno(err, TP_IO, "%s", path.data);
	while (!status && (entry = readdir(stream)))
		status = note_name(dir, entry->d_name, err);
	if (stream)
		closedir(stream);
	tp_buf_release(&path);
	return status;
}

static int compare(const void *left, const void *right)
{
	return memcmp(left, right, TP_ID_LEN);
}

enum tp_status tp_export_maildir_open(
	struct tp_export_maildir *dir, const char *path, struct tp_error *err)
{
	static const char *const folders[] = { "tmp", "new", "cur" };
	enum tp_status status = TP_OK;

	*dir = (struct tp_export_maildir){ .path = strdup(path) };
	if (!dir->path)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (size_t i = 0; !status && i < sizeof folders / sizeof *folders; i++) {
		struct tp_buf name = TP_BUF_INIT(65536);

		status = path_of(dir, folders[i], NULL, &name, err);
		if (!status)
			status = tp_mkdirs(name.data, 0700, err);
		tp_buf_release(&name);
	}
	/* In this order: what is moved meanwhile is met in one of them. */
	if (!status)
		status = note_folder(dir, "new", err);
	if (!status)
		status = note_folder(dir, "cur", err);
	if (dir->count)
		qsort(dir->ids, dir->count, sizeof *dir->ids, compare);
	return status;
}

bool tp_export_maildir_has(const struct tp_export_maildir *dir, const char *id)
{
	return dir->count && bsearch(id, dir->ids, dir->count, sizeof *dir->ids, compare);
}

void tp_export_maildir_close(struct tp_export_maildir *dir)
{
	free(dir->path);
	free(dir->ids);
	*dir = (struct tp_export_maildir){ .path = NULL };
}

/* --- delivering ------------------------------------------------------------------------------- */

static enum tp_status write_file(
	const char *path, const struct tp_spool *mail, struct tp_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum tp_status status;

	if (fd < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "%s", path);
	status = tp_write_all(fd, mail->data, mail->len, path, err);
	if (!status && fsync(fd))
		status = tp_fail_errno(err, TP_IO, "%s: cannot sync", path);
	if (close(fd) && !status)
		status = tp_fail_errno(err, TP_IO, "%s: cannot close", path);
	return status;
}

enum tp_status tp_export_maildir_add(struct tp_export_maildir *dir, const struct tp_record *record,
	const struct tp_spool *mail, struct tp_error *err)
{
	struct tp_buf aside = TP_BUF_INIT(65536), path = TP_BUF_INIT(65536);
	enum tp_status status = path_of(dir, "tmp", record, &aside, err);

	if (!status)
		status = path_of(dir, "new", record, &path, err);
	if (!status)
		status = write_file(aside.data, mail, err);
	if (!status && rename(aside.data, path.data))
		status = tp_fail_errno(err, TP_CANTCREATE, "%s", path.data);
	if (status && aside.data)
		unlink(aside.data);
	tp_buf_release(&aside);
	tp_buf_release(&path);
	return status;
}

enum tp_status tp_export_maildir_settle(struct tp_export_maildir *dir, struct tp_error *err)
{
	struct tp_buf path = TP_BUF_INIT(65536);
	enum tp_status status = path_of(dir, "new", NULL, &path, err);

	if (!status)
		status = tp_dir_sync(path.data, err);
	tp_buf_release(&path);
	return status;
}
