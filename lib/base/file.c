/* Files that survive: see file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/hex.h"

/* Whoever gave us the descriptor may have made it non-blocking: then wait here. */
static bool try_again(int fd, short events)
{
	struct pollfd wait = { .fd = fd, .events = events };

	if (errno == EINTR)
		return true;
	return (errno == EAGAIN || errno == EWOULDBLOCK) &&
	       (poll(&wait, 1, -1) >= 0 || errno == EINTR);
}

ssize_t tp_read(int fd, void *bytes, size_t len)
{
	ssize_t n;

	do
		n = read(fd, bytes, len);
	while (n < 0 && try_again(fd, POLLIN));
	return n;
}

ssize_t tp_pread_all(int fd, void *bytes, size_t len, uint64_t at)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)bytes + done, len - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

enum tp_status tp_write_all(
	int fd, const void *bytes, size_t len, const char *what, struct tp_error *err)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len > (1u << 30) ? 1u << 30 : len);

		if (n < 0 && try_again(fd, POLLOUT))
			continue;
		if (n < 0)
			return tp_fail_errno(err, TP_IO, "%s: cannot write", what);
		at += n;
		len -= (size_t)n;
	}
	return TP_OK;
}

static enum tp_status read_fd(int fd, const char *path, struct tp_buf *out, struct tp_error *err)
{
	for (;;) {
		/* One byte past the maximum is never asked for: the limit shows at the next round.
		 */
		size_t room = out->max - out->len < 65536 ? out->max - out->len : 65536;
		char probe, *to = room ? tp_buf_reserve(out, room) : &probe;
		ssize_t n;

		if (!to)
			return tp_fail(err, TP_NOMEM, "%s: out of memory", path);
		n = tp_read(fd, to, room ? room : 1);
		if (n < 0)
			return tp_fail_errno(err, TP_IO, "%s: cannot read", path);
		if (n == 0)
			return TP_OK;
		if (!room)
			return tp_fail(err, TP_LIMIT, "%s: larger than %zu bytes", path, out->max);
		tp_buf_grew(out, (size_t)n);
	}
}

enum tp_status tp_file_read_at(
	int dir, const char *name, const char *what, struct tp_buf *out, struct tp_error *err)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum tp_status status;

	if (fd < 0)
		return tp_fail_errno(err, TP_NOINPUT, "%s", what);
	status = read_fd(fd, what, out, err);
	close(fd);
	return status;
}

enum tp_status tp_file_read(const char *path, struct tp_buf *out, struct tp_error *err)
{
	return tp_file_read_at(AT_FDCWD, path, path, out, err);
}

enum tp_status tp_file_read_secret(const char *path, struct tp_buf *out, struct tp_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum tp_status status = TP_OK;
	size_t from = out->len;
	struct stat st;

	if (fd < 0)
		return tp_fail_errno(err, TP_CONFIG, "secret file %s", path);
	if (fstat(fd, &st))
		status = tp_fail_errno(err, TP_IO, "secret file %s", path);
	else if (st.st_mode & S_IROTH)
		status = tp_fail(
			err, TP_CONFIG, "secret file %s: readable by everybody (chmod o-r)", path);
	else
		status = read_fd(fd, path, out, err);
	close(fd);
	if (status)
		return status;
	if (out->len > from && out->data[out->len - 1] == '\n')
		tp_buf_truncate(out, out->len - 1);
	if (out->len > from && out->data[out->len - 1] == '\r')
		tp_buf_truncate(out, out->len - 1);
	if (out->len == from)
		return tp_fail(err, TP_CONFIG, "secret file %s: empty", path);
	return TP_OK;
}

/* Appends the folder of `path`: "." when it has none. */
static bool folder_of(const char *path, struct tp_buf *out)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return tp_buf_addc(out, '.');
	return tp_buf_add(out, path, slash == path ? 1 : (size_t)(slash - path));
}

/* Some file systems cannot sync a folder and say EINVAL: then there is nothing to do. */
static enum tp_status sync_folder(int fd, const char *what, struct tp_error *err)
{
	if (fsync(fd) && errno != EINVAL)
		return tp_fail_errno(err, TP_IO, "%s: cannot sync the folder", what);
	return TP_OK;
}

enum tp_status tp_dir_sync(const char *path, struct tp_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum tp_status status;

	if (fd < 0)
		return tp_fail_errno(err, TP_IO, "folder %s", path);
	status = sync_folder(fd, path, err);
	close(fd);
	return status;
}

/* One folder; when it was not there, its name is made to last. A parent that we may enter but not
 * read cannot be synced by us, and is left to the system. */
static enum tp_status make_folder(char *path, mode_t mode, struct tp_error *err)
{
	struct tp_buf parent = TP_BUF_INIT(65536);
	enum tp_status status;

	if (mkdir(path, mode))
		return errno == EEXIST
			       ? TP_OK
			       : tp_fail_errno(err, TP_CANTCREATE, "cannot make folder %s", path);
	folder_of(path, &parent);
	status = tp_buf_status(&parent, "folder name", err);
	if (!status)
		status = tp_dir_sync(parent.data, err);
	tp_buf_release(&parent);
	return status == TP_DENIED ? TP_OK : status;
}

enum tp_status tp_mkdirs(const char *path, mode_t mode, struct tp_error *err)
{
	struct tp_buf copy = TP_BUF_INIT(65536);
	enum tp_status status = TP_OK;
	struct stat st;
	char *at;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return TP_OK;
	if (!*path)
		return tp_fail(err, TP_CANTCREATE, "cannot make folder '': no name");
	if (!tp_buf_adds(&copy, path))
		return tp_buf_status(&copy, "folder name", err);
	for (at = copy.data + 1; !status; at++) {
		char byte = *at;

		if ((byte && byte != '/') || at[-1] == '/')
			goto next;
		*at = '\0';
		status = make_folder(copy.data, mode, err);
		*at = byte;
	next:
		if (!byte)
			break;
	}
	if (!status && (stat(path, &st) || !S_ISDIR(st.st_mode)))
		status = tp_fail(err, TP_CANTCREATE, "%s: not a folder", path);
	tp_buf_release(&copy);
	return status;
}

enum tp_status tp_tmpfile(int *fd, struct tp_error *err)
{
	const char *folder = getenv("TMPDIR");
	char name[4096];
	int n;

	if (!folder || !*folder)
		folder = "/tmp";
	*fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
	if (*fd >= 0)
		return TP_OK;
	n = snprintf(name, sizeof name, "%s/tubepost.XXXXXX", folder);
	if (n < 0 || (size_t)n >= sizeof name)
		return tp_fail(err, TP_CANTCREATE, "TMPDIR: name too long");
	*fd = mkostemp(name, O_CLOEXEC);
	if (*fd < 0)
		return tp_fail_errno(err, TP_IO, "cannot make a temporary file in %s", folder);
	unlink(name);
	return TP_OK;
}

static enum tp_status fill_file(
	int fd, const char *name, const void *bytes, size_t len, mode_t mode, struct tp_error *err)
{
	enum tp_status status = tp_write_all(fd, bytes, len, name, err);

	if (!status && fchmod(fd, mode))
		status = tp_fail_errno(err, TP_IO, "%s: cannot set its mode", name);
	if (!status && fsync(fd))
		status = tp_fail_errno(err, TP_IO, "%s: cannot sync", name);
	if (close(fd) && !status)
		status = tp_fail_errno(err, TP_IO, "%s: cannot close", name);
	return status;
}

/* --- whose it is ------------------------------------------------------------------------------ */

/* Where it cannot be given away, it is root's. */
static void give(int fd, const struct stat *owner)
{
	if (owner->st_uid != 0 && fchown(fd, owner->st_uid, owner->st_gid))
		return;
}

/* Made by us alone: a name that was there before may be a link to anything. */
static int create_as_root(
	int dir, const char *name, int flags, mode_t mode, const struct stat *owner)
{
	for (;;) {
		int fd = openat(dir, name, flags | O_CREAT | O_EXCL, mode);

		if (fd >= 0)
			give(fd, owner);
		if (fd >= 0 || errno != EEXIST || flags & O_EXCL)
			return fd;
		fd = openat(dir, name, flags & ~O_CREAT, mode);
		if (fd >= 0 || errno != ENOENT)
			return fd;
	}
}

int tp_create_at(int dir, const char *name, int flags, mode_t mode)
{
	bool nameless = (flags & O_TMPFILE) == O_TMPFILE;
	struct stat owner;
	int fd;

	if (geteuid() != 0 || fstat(dir, &owner))
		return openat(dir, name, nameless ? flags : flags | O_CREAT, mode);
	if (!nameless)
		return create_as_root(dir, name, flags, mode, &owner);
	fd = openat(dir, name, flags, mode);
	if (fd >= 0)
		give(fd, &owner);
	return fd;
}

int tp_mkdir_at(int dir, const char *name, mode_t mode)
{
	struct stat owner;

	if (mkdirat(dir, name, mode))
		return -1;
	if (geteuid() == 0 && !fstat(dir, &owner) && owner.st_uid != 0)
		return fchownat(dir, name, owner.st_uid, owner.st_gid, AT_SYMLINK_NOFOLLOW);
	return 0;
}

/* --- in its folder ---------------------------------------------------------------------------- */

/* Opens the folder of a name that may have folders in it; *last is what it is called there. */
static int open_folder_of(int dir, const char *name, const char **last)
{
	struct tp_buf folder = TP_BUF_INIT(65536);
	const char *slash = strrchr(name, '/');
	int fd = -1;

	*last = slash ? slash + 1 : name;
	if (folder_of(name, &folder))
		fd = openat(dir, folder.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else
		errno = ENAMETOOLONG;
	tp_buf_release(&folder);
	return fd;
}

/* A new file beside the one that it will replace; its name goes to *aside. */
static int create_beside(int folder, const char *last, struct tp_buf *aside)
{
	for (int tries = 0; tries < 100; tries++) {
		unsigned char random[6];
		char hex[2 * sizeof random + 1];
		int fd;

		if (tp_random(random, sizeof random, NULL)) {
			errno = EIO;
			return -1;
		}
		tp_hex(random, sizeof random, hex);
		tp_buf_clear(aside);
		if (!tp_buf_addf(aside, "%s.%s", last, hex)) {
			errno = ENOMEM;
			return -1;
		}
		fd = tp_create_at(folder, aside->data, O_WRONLY | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

/* The one under a name that is always the same. */
static int create_new(int folder, const char *last, struct tp_buf *aside)
{
	if (!tp_buf_addf(aside, "%s.new", last)) {
		errno = ENOMEM;
		return -1;
	}
	if (unlinkat(folder, aside->data, 0) && errno != ENOENT)
		return -1;
	return tp_create_at(folder, aside->data, O_WRONLY | O_EXCL | O_CLOEXEC, 0600);
}

typedef int create_aside(int folder, const char *last, struct tp_buf *aside);

static enum tp_status stage(struct tp_staged *staged, create_aside *create, int dir,
	const char *name, const char *what, const void *bytes, size_t len, mode_t mode,
	struct tp_error *err)
{
	enum tp_status status;
	const char *last;
	int fd;

	*staged = (struct tp_staged){ .folder = open_folder_of(dir, name, &last) };
	tp_buf_init(&staged->aside, 65536);
	tp_buf_init(&staged->name, 65536);
	if (staged->folder < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "%s", what);
	tp_buf_adds(&staged->name, last);
	status = tp_buf_status(&staged->name, what, err);
	if (status)
		return status;
	fd = create(staged->folder, last, &staged->aside);
	if (fd < 0) {
		status = tp_fail_errno(err, TP_CANTCREATE, "%s", what);
		tp_buf_clear(&staged->aside);
		return status;
	}
	return fill_file(fd, what, bytes, len, mode, err);
}

enum tp_status tp_file_stage_at(struct tp_staged *staged, int dir, const char *name,
	const char *what, const void *bytes, size_t len, mode_t mode, struct tp_error *err)
{
	return stage(staged, create_beside, dir, name, what, bytes, len, mode, err);
}

enum tp_status tp_file_put(struct tp_staged *staged, const char *what, struct tp_error *err)
{
	if (renameat(staged->folder, tp_buf_str(&staged->aside), staged->folder,
		    tp_buf_str(&staged->name)))
		return tp_fail_errno(err, TP_CANTCREATE, "%s: cannot rename", what);
	tp_buf_clear(&staged->aside);
	return sync_folder(staged->folder, what, err);
}

void tp_staged_release(struct tp_staged *staged)
{
	if (staged->aside.len > 0)
		unlinkat(staged->folder, staged->aside.data, 0);
	if (staged->folder >= 0)
		close(staged->folder);
	tp_buf_release(&staged->aside);
	tp_buf_release(&staged->name);
	staged->folder = -1;
}

static enum tp_status replace(create_aside *create, int dir, const char *name, const char *what,
	const void *bytes, size_t len, mode_t mode, struct tp_error *err)
{
	struct tp_staged staged;
	enum tp_status status = stage(&staged, create, dir, name, what, bytes, len, mode, err);

	if (!status)
		status = tp_file_put(&staged, what, err);
	tp_staged_release(&staged);
	return status;
}

enum tp_status tp_file_replace_at(int dir, const char *name, const char *what, const void *bytes,
	size_t len, mode_t mode, struct tp_error *err)
{
	return replace(create_new, dir, name, what, bytes, len, mode, err);
}

enum tp_status tp_file_replace(
	const char *path, const void *bytes, size_t len, mode_t mode, struct tp_error *err)
{
	return replace(create_beside, AT_FDCWD, path, path, bytes, len, mode, err);
}

static int open_lock(int dir, const char *name)
{
	const char *last;
	int folder = open_folder_of(dir, name, &last), fd;

	if (folder < 0)
		return -1;
	fd = tp_create_at(folder, last, O_RDWR | O_CLOEXEC | O_NOCTTY, 0600);
	close(folder);
	return fd;
}

enum tp_status tp_lock_at(int dir, const char *name, const char *what, int64_t timeout_ms, int *fd,
	struct tp_error *err)
{
	int64_t until = tp_monotonic_ms() + timeout_ms;

	*fd = open_lock(dir, name);
	if (*fd < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "lock %s", what);
	while (flock(*fd, timeout_ms < 0 ? LOCK_EX : LOCK_EX | LOCK_NB)) {
		if (errno == EINTR)
			continue;
		if (errno == EWOULDBLOCK && tp_monotonic_ms() < until) {
			poll(NULL, 0, 20);
			continue;
		}
		if (errno == EWOULDBLOCK)
			tp_fail(err, TP_TEMPORARY, "lock %s: held by another process", what);
		else
			tp_fail_errno(err, TP_IO, "lock %s", what);
		close(*fd);
		*fd = -1;
		return err ? err->status : TP_TEMPORARY;
	}
	return TP_OK;
}
