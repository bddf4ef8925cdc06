/* Setting damaged bytes of journals aside: see salvage.h. */
#include "archive/salvage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/erase.h"
#include "archive/events.h"
#include "archive/shred.h"
#include "base/file.h"

#define FOLDER    "damaged"
#define ASIDE     FOLDER "/aside.new" /* tidy.h removes it */
#define PART      ((size_t)32 * 1024)
#define NAMES_MAX 1000

/* --- is anything damaged ---------------------------------------------------------------------- */

enum tp_status tp_salvage_begin(struct tp_archive *archive, struct tp_error *err)
{
	enum tp_status status = tp_erase_pending(archive, err);

	if (status == TP_NOTHING)
		return TP_OK;
	return status ? status
		      : tp_fail(err, TP_TEMPORARY, "archive %s: an erasure is not finished",
				archive->path);
}

static enum tp_status pass(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	(void)context;
	(void)bytes;
	(void)len;
	(void)err;
	return TP_OK;
}

enum tp_status tp_salvage_look(
	struct tp_journal_reader *reader, uint64_t offset, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_split split = { .holes = NULL };
	enum tp_status status = tp_journal_read(reader, offset, &record, &split, err);

	if (!status)
		status = tp_journal_skeleton(reader, offset, pass, NULL, err);
	tp_record_release(&record);
	tp_split_release(&split);
	return status;
}

enum tp_status tp_salvage_needs(struct tp_archive *archive, uint32_t number, struct tp_error *err)
{
	struct tp_journal_reader *reader;
	uint64_t offset, torn;
	bool damaged = false;
	enum tp_status status = tp_journal_open(archive, number, &reader, err);

	if (status)
		return status;
	do {
		status = tp_journal_next(reader, NULL, &offset, &torn, err);
		if (!status)
			status = tp_salvage_look(reader, offset, err);
		damaged = damaged || status == TP_DATA;
	} while (!status || status == TP_DATA);
	tp_journal_close(reader);
	return status == TP_NOTHING && damaged ? TP_OK : status;
}

/* --- setting aside ---------------------------------------------------------------------------- */

static enum tp_status read_part(
	int fd, char *bytes, size_t len, uint64_t at, const char *name, struct tp_error *err)
{
	ssize_t n = tp_pread_all(fd, bytes, len, at);

	if (n < 0)
		return tp_fail_errno(err, TP_IO, "%s: cannot read", name);
	return n == (ssize_t)len ? TP_OK : tp_fail(err, TP_IO, "%s: became shorter", name);
}

static enum tp_status copy(
	int from, int to, const char *name, const struct tp_damage *damage, struct tp_error *err)
{
	char part[PART];
	enum tp_status status = TP_OK;

	for (uint64_t done = 0; !status && done < damage->bytes;) {
		size_t len = damage->bytes - done < PART ? (size_t)(damage->bytes - done) : PART;

		status = read_part(from, part, len, damage->offset + done, name, err);
		if (!status)
			status = tp_write_all(to, part, len, ASIDE, err);
		done += len;
	}
	if (!status && fsync(to))
		status = tp_fail_errno(err, TP_IO, "%s: cannot sync", ASIDE);
	return status;
}

/* Whether the file `name` of the archive has exactly these bytes of the journal open at `from`; what was
 * killed before it was synced is synced by now. */
static bool has_them(
	struct tp_archive *archive, int from, const char *name, const struct tp_damage *damage)
{
	char part[PART], other[PART];
	int fd = openat(archive->dir, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool same = fd >= 0 && !fstat(fd, &st) && (uint64_t)st.st_size == damage->bytes;

	for (uint64_t done = 0; same && done < damage->bytes;) {
		size_t len = damage->bytes - done < PART ? (size_t)(damage->bytes - done) : PART;

		same = !read_part(from, part, len, damage->offset + done, name, NULL) &&
		       !read_part(fd, other, len, done, name, NULL) && !memcmp(part, other, len);
		done += len;
	}
	same = same && !fsync(fd);
	if (fd >= 0)
		close(fd);
	return same;
}

static void kept_name(const struct tp_damage *damage, int i, struct tp_buf *name)
{
	tp_buf_clear(name);
	tp_buf_addf(name, FOLDER "/journal-%08u-at-%llu", damage->journal,
		(unsigned long long)damage->offset);
	if (i > 1)
		tp_buf_addf(name, ".%d", i);
}

static enum tp_status move_aside(struct tp_archive *archive, const char *name, struct tp_error *err)
{
	/* Not a link and then an unlink: a leftover ASIDE is overwritten, and with it what it names. */
	if (renameat(archive->dir, ASIDE, archive->dir, name))
		return tp_fail_errno(err, TP_CANTCREATE, "%s/%s", archive->path, name);
	return tp_archive_sync(archive, FOLDER, err);
}

/* Gives the file aside the first name that is free, unless one of those before has the same bytes. */
static enum tp_status name_it(struct tp_archive *archive, int from, const struct tp_damage *damage,
	struct tp_buf *name, struct tp_error *err)
{
	struct stat st;

	for (int i = 1; i < NAMES_MAX; i++) {
		kept_name(damage, i, name);
		if (tp_buf_status(name, "name", err))
			return name->status;
		if (!fstatat(archive->dir, name->data, &st, AT_SYMLINK_NOFOLLOW)) {
			if (has_them(archive, from, name->data, damage))
				return tp_archive_sync(archive, FOLDER, err);
		} else if (errno == ENOENT) {
			return move_aside(archive, name->data, err);
		} else {
			return tp_fail_errno(err, TP_IO, "%s/%s", archive->path, name->data);
		}
	}
	return tp_fail(err, TP_LIMIT, "%s/%s: too many of them", archive->path, name->data);
}

static enum tp_status make_folder(struct tp_archive *archive, struct tp_error *err)
{
	if (tp_mkdir_at(archive->dir, FOLDER, 0750) && errno != EEXIST)
		return tp_fail_errno(err, TP_CANTCREATE, "%s/%s", archive->path, FOLDER);
	if (fsync(archive->dir) && errno != EINVAL)
		return tp_fail_errno(err, TP_IO, "%s: cannot sync", archive->path);
	if (unlinkat(archive->dir, ASIDE, 0) && errno != ENOENT)
		return tp_fail_errno(err, TP_IO, "%s: cannot remove", ASIDE);
	return TP_OK;
}

static enum tp_status copy_aside(
	struct tp_archive *archive, int from, const struct tp_damage *damage, struct tp_error *err)
{
	int to = tp_create_at(archive->dir, ASIDE, O_WRONLY | O_EXCL | O_CLOEXEC, 0640);
	char journal[TP_ARCHIVE_NAME];
	enum tp_status status;

	if (to < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "%s/%s", archive->path, ASIDE);
	tp_archive_name("journal", damage->journal, journal);
	status = copy(from, to, journal, damage, err);
	if (close(to) && !status)
		status = tp_fail_errno(err, TP_IO, "%s: cannot close", ASIDE);
	return status;
}

static enum tp_status keep(struct tp_archive *archive, const struct tp_damage *damage,
	struct tp_buf *name, struct tp_error *err)
{
	char journal[TP_ARCHIVE_NAME];
	enum tp_status status = make_folder(archive, err);
	int from;

	if (status)
		return status;
	tp_archive_name("journal", damage->journal, journal);
	from = openat(archive->dir, journal, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return tp_fail_errno(err, TP_IO, "%s: cannot open", journal);
	status = copy_aside(archive, from, damage, err);
	if (!status)
		status = name_it(archive, from, damage, name, err);
	close(from);
	return status;
}

enum tp_status tp_salvage_keep(struct tp_archive *archive, struct tp_salvage *salvage,
	const struct tp_damage *damage, struct tp_error *err)
{
	struct tp_buf name = TP_BUF_INIT(4096), note = TP_BUF_INIT(65536);
	enum tp_status status = keep(archive, damage, &name, err);

	if (!status) {
		tp_buf_addf(&note, "%s; set aside as %s", damage->why, tp_buf_str(&name));
		status = tp_buf_status(&note, "note", err);
	}
	if (!status)
		status = tp_event_add(
			archive, salvage->actor, "salvage", NULL, tp_buf_str(&note), err);
	if (!status) {
		salvage->ranges++;
		salvage->bytes += damage->bytes;
		if (salvage->kept)
			salvage->kept(salvage->context, tp_buf_str(&note));
	}
	tp_buf_release(&name);
	tp_buf_release(&note);
	return status;
}

bool tp_salvage_has(struct tp_archive *archive, const struct tp_damage *damage)
{
	struct tp_buf name = TP_BUF_INIT(4096);
	char journal[TP_ARCHIVE_NAME];
	bool has = false;
	int from;

	tp_archive_name("journal", damage->journal, journal);
	from = openat(archive->dir, journal, O_RDONLY | O_CLOEXEC);
	for (int i = 1; from >= 0 && !has && i < NAMES_MAX; i++) {
		kept_name(damage, i, &name);
		if (faccessat(archive->dir, tp_buf_str(&name), F_OK, 0))
			break;
		has = has_them(archive, from, tp_buf_str(&name), damage);
	}
	if (from >= 0)
		close(from);
	tp_buf_release(&name);
	return has;
}

/* --- what lies there -------------------------------------------------------------------------- */

enum tp_status tp_salvage_count(
	const struct tp_archive *archive, uint64_t *files, struct tp_error *err)
{
	int fd = openat(archive->dir, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	*files = 0;
	if (!dir) {
		if (fd < 0 && errno == ENOENT)
			return TP_OK;
		tp_fail_errno(err, TP_IO, "%s/%s: cannot read", archive->path, FOLDER);
		if (fd >= 0)
			close(fd);
		return TP_IO;
	}
	while ((entry = readdir(dir)))
		*files += !strncmp(entry->d_name, "journal-", 8);
	closedir(dir);
	return TP_OK;
}
