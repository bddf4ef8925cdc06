/*
 * The folder store: a folder that any web server can publish.
 *
 *   ROOT/blob/ab/SHA256     each content once                         (folders 0700)
 *   ROOT/t/TOKEN/FILENAME   hard links to it: what the server shows   (t is 0711: no listing)
 *   ROOT/tmp                what is not finished                      (0700)
 *
 * The modification time of t/TOKEN is the time when the link expires. Two `find` commands
 * (drop-put(1)) remove expired tokens and contents without links; neither needs a lock, because
 *   - a token appears by one rename, complete, with its expiry set;
 *   - a token that has expired, or is being removed, is never used again: an upload with the same
 *     key then takes the next generation of its token, so a slow `rm` cannot hit a new link;
 *   - a put whose content is removed before it is linked stores it again.
 *
 * Nothing is visible before it is on the disk: content synced, linked, its folder synced; token
 * built aside, synced, renamed, its folder synced. A crash leaves only unnamed files, contents
 * without links, and folders in tmp.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/utf8.h"
#include "drop/store_kind.h"

#define BLOCK_BYTES   (256 << 10)
#define TRIES         16
#define LEAST_SECONDS 60 /* a token closer to its end is not used again */
#define BLOB_SIZE     (sizeof "blob/ab/" + 64)
#define PLACE_SIZE    (sizeof "tmp/" + TP_TOKEN_SIZE)

struct dir_store {
	const struct tp_conf *conf;
	int root;
	char *path; /* for messages */
	char *base; /* of the links */
};

/* "No room" passes by itself; tp_fail_errno knows the rest. */
static enum tp_status fail(const struct dir_store *dir, const char *what, struct tp_error *err)
{
	enum tp_status status = TP_CANTCREATE;

	if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
		status = TP_TEMPORARY;

	return tp_fail_errno(err, status, "storing in %s: %s", dir->path, what);
}

/* A folder of ours gets exactly `mode`, whatever the umask; one that exists keeps what it has. */
static enum tp_status make_folder(
	struct dir_store *dir, const char *name, mode_t mode, struct tp_error *err)
{
	if (mkdirat(dir->root, name, 0700) == 0)
		return fchmodat(dir->root, name, mode, 0) ? fail(dir, "setting a mode", err)
							  : TP_OK;
	return errno == EEXIST ? TP_OK : fail(dir, "making a folder", err);
}

static enum tp_status sync_folder(struct dir_store *dir, const char *name, struct tp_error *err)
{
	int fd = openat(dir->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum tp_status status = TP_OK;

	if (fd < 0 || fsync(fd))
		status = fail(dir, "syncing a folder", err);
	if (fd >= 0)
		close(fd);
	return status;
}

/* --- opening ---------------------------------------------------------------------------------- */

static enum tp_status open_root(struct dir_store *dir, const char *path, struct tp_error *err)
{
	struct stat st;
	bool made = stat(path, &st) != 0;
	enum tp_status status = made ? tp_mkdirs(path, 0755, err) : TP_OK;

	if (status)
		return status;
	dir->path = realpath(path, NULL);
	dir->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!dir->path || dir->root < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "opening the store %s", path);
	if (made && fchmod(dir->root, 0755))
		return fail(dir, "setting a mode", err);
	status = make_folder(dir, "blob", 0700, err);
	if (!status)
		status = make_folder(dir, "tmp", 0700, err);
	if (!status)
		status = make_folder(dir, "t", 0711, err);
	return status ? status : sync_folder(dir, ".", err);
}

static enum tp_status set_base(struct dir_store *dir, struct tp_error *err)
{
	const char *base = tp_conf_str(dir->conf, "drop.base_url");
	struct tp_buf url = TP_BUF_INIT(1 << 20);

	if (base) {
		tp_buf_adds(&url, base);
	} else {
		tp_buf_adds(&url, "file://");
		tp_percent_encode(dir->path, strlen(dir->path), "/", &url);
		tp_buf_adds(&url, "/t");
	}
	if (!url.status)
		dir->base = tp_buf_detach(&url);
	tp_buf_release(&url);
	return dir->base ? TP_OK : tp_fail(err, TP_NOMEM, "opening the store: out of memory");
}

static void dir_close(void *state)
{
	struct dir_store *dir = state;

	if (dir->root >= 0)
		close(dir->root);
	free(dir->path);
	free(dir->base);
	free(dir);
}

static enum tp_status dir_open(
	const struct tp_conf *conf, const char *where, void **state, struct tp_error *err)
{
	struct dir_store *dir = calloc(1, sizeof *dir);
	const char *path = where + strlen("dir:");
	enum tp_status status;

	if (!dir)
		return tp_fail(err, TP_NOMEM, "opening the store: out of memory");
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error like another */
	dir->conf = conf;
	dir->root = -1;
	if (!*path)
		status = tp_fail(err, TP_CONFIG, "store dir: names no folder");
	else
		status = open_root(dir, path, err);
	if (!status)
		status = set_base(dir, err);
	if (status)
		dir_close(dir);
	else
		*state = dir;
	return status;
}

/* --- contents --------------------------------------------------------------------------------- */

static enum tp_status copy_by_hand(struct dir_store *dir, const struct tp_drop_item *item, int to,
	off_t at, struct tp_error *err)
{
	char *block = malloc(BLOCK_BYTES);
	enum tp_status status = TP_OK;
	ssize_t n, written;

	if (!block)
		return tp_fail(err, TP_NOMEM, "storing the file: out of memory");
	while (!status && (uint64_t)at < item->size_bytes) {
		n = pread(item->fd, block, BLOCK_BYTES, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			status = tp_fail_errno(err, TP_IO, "reading the file");
		else if (n == 0)
			status = tp_fail(err, TP_IO, "reading the file: it has become shorter");
		for (ssize_t done = 0; !status && done < n; done += written, at += written) {
			written = write(to, block + done, (size_t)(n - done));
			if (written < 0 && errno == EINTR)
				written = 0;
			else if (written < 0)
				status = fail(dir, "writing", err);
		}
	}
	free(block);
	return status;
}

/* In the kernel where it can (it shares the blocks on some file systems), else by hand from where
 * it stopped, so that the true reason of a failure is met again. */
static enum tp_status copy(
	struct dir_store *dir, const struct tp_drop_item *item, int to, struct tp_error *err)
{
	loff_t from = 0;
	ssize_t n;

	while ((uint64_t)from < item->size_bytes) {
		n = copy_file_range(
			item->fd, &from, to, NULL, (size_t)(item->size_bytes - (uint64_t)from), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
	}
	return copy_by_hand(dir, item, to, (off_t)from, err);
}

/* An unnamed file in tmp; where that cannot be, one named `name`. */
static int open_new(struct dir_store *dir, const char *name, bool *named)
{
	int fd = openat(dir->root, "tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	*named = fd < 0;
	if (fd < 0)
		fd = openat(dir->root, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	return fd;
}

static int give_name(struct dir_store *dir, int fd, const char *from, bool named, const char *to)
{
	char proc[64];

	if (named)
		return linkat(dir->root, from, dir->root, to, 0);
	snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, proc, dir->root, to, AT_SYMLINK_FOLLOW);
}

/* Puts the finished file under its content's name. Another put may have been faster: then that one
 * serves. `renew` takes its place instead (it has all the links a file can have). */
static enum tp_status place(struct dir_store *dir, int fd, const char *temporary, bool named,
	const char *blob, bool renew, struct tp_error *err)
{
	if (!renew) {
		if (!give_name(dir, fd, temporary, named, blob) || errno == EEXIST)
			return TP_OK;
		return fail(dir, "naming the content", err);
	}
	if (!named && give_name(dir, fd, temporary, false, temporary))
		return fail(dir, "naming the content", err);
	if (renameat(dir->root, temporary, dir->root, blob))
		return fail(dir, "renewing the content", err);
	return TP_OK;
}

/* True for bytes that have no name yet and lie where the store is (lib/drop/near.c): they become
 * the content as they are. A file that somebody could still open by a name would not be ours to
 * take. */
static bool is_ours_to_name(const struct dir_store *dir, const struct tp_drop_item *item)
{
	struct stat file, root;

	return !fstat(item->fd, &file) && !fstat(dir->root, &root) && S_ISREG(file.st_mode) &&
	       file.st_nlink == 0 && file.st_dev == root.st_dev;
}

/* Names the bytes themselves. False when that cannot be done: then they are copied. */
static bool take_content(struct dir_store *dir, const struct tp_drop_item *item, const char *blob)
{
	if (!is_ours_to_name(dir, item) || fchmod(item->fd, 0644) || fsync(item->fd))
		return false;
	return !give_name(dir, item->fd, NULL, false, blob) || errno == EEXIST;
}

static enum tp_status sync_content_folders(
	struct dir_store *dir, const char *folder, struct tp_error *err)
{
	enum tp_status status = sync_folder(dir, folder, err);

	return status ? status : sync_folder(dir, "blob", err);
}

static enum tp_status store_content(struct dir_store *dir, const struct tp_drop_item *item,
	const char *blob, const char *temporary, bool renew, struct tp_error *err)
{
	enum tp_status status;
	bool named = false;
	char folder[sizeof "blob/ab"];
	int fd;

	snprintf(folder, sizeof folder, "%.7s", blob);
	status = make_folder(dir, folder, 0700, err);
	if (status)
		return status;
	if (!renew && take_content(dir, item, blob))
		return sync_content_folders(dir, folder, err);
	fd = open_new(dir, temporary, &named);
	if (fd < 0)
		return fail(dir, "making a file", err);
	status = copy(dir, item, fd, err);
	if (!status && (fchmod(fd, 0644) || fsync(fd)))
		status = fail(dir, "writing", err);
	if (!status)
		status = place(dir, fd, temporary, named, blob, renew, err);
	if (named || renew)
		unlinkat(dir->root, temporary, 0);
	close(fd);
	return status ? status : sync_content_folders(dir, folder, err);
}

static bool has_content(struct dir_store *dir, const char *blob, uint64_t size_bytes)
{
	struct stat st;

	return !fstatat(dir->root, blob, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == size_bytes;
}

/* --- tokens ----------------------------------------------------------------------------------- */

/* Links the content into the folder at `stage` (a file descriptor), making it when it is not there
 * or not there any more. */
static enum tp_status link_content(
	struct dir_store *dir, const struct tp_drop_item *item, int stage, struct tp_error *err)
{
	char blob[BLOB_SIZE], temporary[PLACE_SIZE], token[TP_TOKEN_SIZE];
	struct tp_drop_item keyless = *item;
	enum tp_status status;
	bool renew = false;

	snprintf(blob, sizeof blob, "blob/%.2s/%s", item->sha256, item->sha256);
	keyless.key = NULL;
	for (int i = 0; i < TRIES; i++) {
		if (renew || !has_content(dir, blob, item->size_bytes)) {
			status = tp_drop_token(dir->conf, &keyless, 0, token, err);
			if (status)
				return status;
			snprintf(temporary, sizeof temporary, "tmp/%s", token);
			status = store_content(dir, item, blob, temporary, renew, err);
			if (status)
				return status;
		}
		if (!linkat(dir->root, blob, stage, item->name, 0))
			return TP_OK;
		if (errno != ENOENT && errno != EMLINK)
			return fail(dir, "linking the content", err);
		renew = errno == EMLINK;
	}
	return tp_fail(err, TP_TEMPORARY, "storing in %s: the content is removed again and again",
		dir->path);
}

static int set_expiry(int fd, int64_t expires)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = (time_t)expires } };

	return futimens(fd, times);
}

static enum tp_status fill_stage(
	struct dir_store *dir, const struct tp_drop_item *item, int stage, struct tp_error *err)
{
	enum tp_status status = link_content(dir, item, stage, err);

	if (status)
		return status;
	if (fchmod(stage, 0755) || set_expiry(stage, item->expires) || fsync(stage))
		return fail(dir, "writing a folder", err);
	return TP_OK;
}

static void drop_stage(struct dir_store *dir, const char *stage, const char *name)
{
	int fd = openat(dir->root, stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	unlinkat(fd, name, 0);
	close(fd);
	unlinkat(dir->root, stage, AT_REMOVEDIR);
}

/* Whether t/TOKEN stands already with this very file and will for a while; it then expires no
 * earlier than asked. *expires tells when. */
static bool stands(
	struct dir_store *dir, const struct tp_drop_item *item, const char *place, int64_t *expires)
{
	int fd = openat(dir->root, place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat folder, file;
	bool found = fd >= 0 && !fstat(fd, &folder) &&
		     folder.st_mtime >= tp_now() + LEAST_SECONDS &&
		     !fstatat(fd, item->name, &file, AT_SYMLINK_NOFOLLOW) &&
		     (uint64_t)file.st_size == item->size_bytes;

	if (found) {
		*expires = folder.st_mtime;
		if (item->expires > *expires) {
			found = !set_expiry(fd, item->expires) && !fsync(fd);
			*expires = item->expires;
		}
	}
	if (fd >= 0)
		close(fd);
	return found;
}

/* Moves the finished folder to t/TOKEN, of the first generation that is free or stands already. */
static enum tp_status publish(struct dir_store *dir, const struct tp_drop_item *item,
	const char *stage, char token[TP_TOKEN_SIZE], int64_t *expires, struct tp_error *err)
{
	char to[PLACE_SIZE];
	enum tp_status status;

	for (unsigned generation = 0; generation < TRIES; generation++) {
		status = tp_drop_token(dir->conf, item, generation, token, err);
		if (status)
			return status;
		snprintf(to, sizeof to, "t/%s", token);
		if (!renameat2(dir->root, stage, dir->root, to, RENAME_NOREPLACE))
			return sync_folder(dir, "t", err);
		if (errno == EINVAL && !renameat(dir->root, stage, dir->root, to))
			return sync_folder(dir, "t", err); /* a file system without NOREPLACE */
		if (errno != EEXIST && errno != ENOTEMPTY)
			return fail(dir, "publishing", err);
		if (stands(dir, item, to, expires))
			return TP_OK;
	}
	return tp_fail(err, TP_TEMPORARY, "storing in %s: no free place", dir->path);
}

/* The way of a repeated upload: its token stands, nothing is to be done. */
static bool published(struct dir_store *dir, const struct tp_drop_item *item,
	char token[TP_TOKEN_SIZE], int64_t *expires)
{
	char place_of[PLACE_SIZE];

	for (unsigned generation = 0; item->key && generation < TRIES; generation++) {
		if (tp_drop_token(dir->conf, item, generation, token, NULL))
			return false;
		snprintf(place_of, sizeof place_of, "t/%s", token);
		if (stands(dir, item, place_of, expires))
			return true;
		if (faccessat(dir->root, place_of, F_OK, 0))
			return false;
	}
	return false;
}

static enum tp_status build(struct dir_store *dir, const struct tp_drop_item *item,
	char token[TP_TOKEN_SIZE], int64_t *expires, struct tp_error *err)
{
	struct tp_drop_item keyless = *item;
	char stage[PLACE_SIZE];
	enum tp_status status;
	int fd;

	keyless.key = NULL;
	status = tp_drop_token(dir->conf, &keyless, 0, token, err);
	if (status)
		return status;
	snprintf(stage, sizeof stage, "tmp/%s", token);
	status = make_folder(dir, stage, 0700, err);
	if (status)
		return status;
	fd = openat(dir->root, stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		status = fail(dir, "making a folder", err);
	if (!status)
		status = fill_stage(dir, item, fd, err);
	if (!status)
		status = publish(dir, item, stage, token, expires, err);
	if (fd >= 0)
		close(fd);
	drop_stage(dir, stage, item->name); /* gone already, when it was published */
	return status;
}

static enum tp_status dir_put(void *state, const struct tp_drop_item *item,
	struct tp_drop_result *result, struct tp_error *err)
{
	struct dir_store *dir = state;
	char token[TP_TOKEN_SIZE];
	enum tp_status status;

	result->expires = item->expires;
	if (!published(dir, item, token, &result->expires)) {
		status = build(dir, item, token, &result->expires, err);
		if (status)
			return status;
	}
	return tp_drop_url(dir->base, token, item->name, &result->url, err);
}

const struct tp_store_kind tp_store_dir = { "dir:", dir_open, dir_put, NULL, dir_close };
