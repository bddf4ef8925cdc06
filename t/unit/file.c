/* base/file: what happens when files really fail, and locks between processes. */
#include "base/file.h"
#include "tap.h"
#include "trash.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"

static struct tp_error err;

static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
}

/* Runs as nobody when root, whom folders do not stop. */
static int as_nobody(int (*run)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (geteuid() == 0 && (setegid(65534) || seteuid(65534)))
			_exit(99);
		_exit(run());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void test_reading(void)
{
	struct tp_buf out = TP_BUF_INIT(10);

	trash_file("ten", "0123456789", 0644);
	trash_file("eleven", "0123456789X", 0644);
	trash_file("empty", "", 0644);
	ok(!tp_file_read("ten", &out, &err) && out.len == 10, "a file as large as the maximum");
	tp_buf_clear(&out);
	ok(tp_file_read("eleven", &out, &err) == TP_LIMIT && strstr(err.text, "eleven"),
		"one byte more is a limit: %s", err.text);
	tp_buf_clear(&out);
	ok(!tp_file_read("empty", &out, &err) && out.len == 0, "an empty file");
	ok(tp_file_read("absent", &out, &err) == TP_NOINPUT && strstr(err.text, "absent: No such"),
		"a missing file: %s", err.text);
	ok(tp_file_read(".", &out, &err) == TP_IO, "a folder: %s", err.text);
	tp_buf_release(&out);
}

/* In place of the C library's: a system that gives two bytes at a time, interrupts between them, and
 * cannot read a sector. */
static bool crumbs;
static off_t bad_at = -1;

ssize_t pread(int fd, void *bytes, size_t len, off_t at)
{
	static bool interrupted;

	if (crumbs && (interrupted = !interrupted)) {
		errno = EINTR;
		return -1;
	}
	if (at == bad_at) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, fd, bytes, crumbs && len > 2 ? 2 : len, at);
}

static void test_pread_all(void)
{
	char bytes[16] = "";
	int fd = open("eleven", O_RDONLY | O_CLOEXEC);

	for (int i = 0; i < 2; i++, crumbs = true) {
		const char *how = crumbs ? " in crumbs" : "";

		memset(bytes, '.', sizeof bytes);
		ok(tp_pread_all(fd, bytes, 7, 2) == 7 && !memcmp(bytes, "2345678.", 8),
			"seven bytes%s", how);
		ok(tp_pread_all(fd, bytes, sizeof bytes, 4) == 7 && !memcmp(bytes, "456789X.", 8),
			"as many as there are%s", how);
		ok(tp_pread_all(fd, bytes, 1, 11) == 0 && tp_pread_all(fd, bytes, 1, 999) == 0,
			"none behind the end%s", how);
		ok(tp_pread_all(fd, bytes, 0, 0) == 0, "none%s", how);
	}
	bad_at = 6;
	errno = 0;
	ok(tp_pread_all(fd, bytes, 7, 2) == -1 && errno == EIO, "an error behind some bytes");
	crumbs = false;
	bad_at = -1;
	close(fd);
	ok(tp_pread_all(fd, bytes, 1, 0) == -1 && errno == EBADF, "an error at once");
}

static void secret_is(const char *content, mode_t mode, enum tp_status want, const char *text)
{
	struct tp_buf out = TP_BUF_INIT(64);
	enum tp_status got;

	trash_file("secret", content, mode);
	got = tp_file_read_secret("secret", &out, &err);
	ok(got == want && (want || !strcmp(tp_buf_str(&out), text)), "secret with mode %o: %s",
		(unsigned)mode, want ? err.text : text);
	tp_buf_release(&out);
}

static void test_secrets(void)
{
	struct tp_buf out = TP_BUF_INIT(64);

	secret_is("abc\n", 0600, TP_OK, "abc");
	secret_is("abc", 0640, TP_OK, "abc");
	secret_is("abc\r\n", 0400, TP_OK, "abc");
	secret_is(" a b \n", 0600, TP_OK, " a b ");
	secret_is("abc\n", 0644, TP_CONFIG, NULL);
	secret_is("abc\n", 0604, TP_CONFIG, NULL);
	secret_is("", 0600, TP_CONFIG, NULL);
	secret_is("\n", 0600, TP_CONFIG, NULL);
	trash_file("secret", "abc\n\n", 0600);
	ok(!tp_file_read_secret("secret", &out, &err) && !strcmp(out.data, "abc\n"),
		"one line end is dropped, not two");
	ok(tp_file_read_secret("absent", &out, &err) == TP_CONFIG, "a missing secret: %s",
		err.text);
	tp_buf_release(&out);
}

static void test_staged(void)
{
	struct tp_staged staged;
	struct tp_buf out = TP_BUF_INIT(64);

	mkdir("s", 0755);
	trash_file("s/x", "old", 0600);
	ok(!tp_file_stage_at(&staged, AT_FDCWD, "s/x", "s/x", "new", 3, 0644, &err) &&
			trash_count("s") == 2 && !tp_file_read("s/x", &out, &err) &&
			!strcmp(out.data, "old"),
		"what is staged stands beside");
	tp_staged_release(&staged);
	ok(trash_count("s") == 1, "and is gone when it is not put");
	tp_buf_clear(&out);
	ok(!tp_file_stage_at(&staged, AT_FDCWD, "s/x", "s/x", "new", 3, 0644, &err) &&
			!tp_file_put(&staged, "s/x", &err) && !tp_file_read("s/x", &out, &err) &&
			!strcmp(out.data, "new"),
		"it is put in its place");
	tp_staged_release(&staged);
	ok(trash_count("s") == 1, "and stays there");
	ok(tp_file_stage_at(&staged, AT_FDCWD, "none/x", "none/x", "", 0, 0644, &err) ==
			TP_CANTCREATE,
		"no folder: %s", err.text);
	tp_staged_release(&staged);
	tp_buf_release(&out);
}

/* The folder that was opened, not what bears its name by now. */
static void test_renamed_folder(void)
{
	struct tp_buf out = TP_BUF_INIT(64);
	int dir, fd = -1;

	mkdir("old", 0755);
	mkdir("old/in", 0755);
	dir = open("old", O_RDONLY | O_DIRECTORY);
	rename("old", "moved");
	mkdir("old", 0755);
	mkdir("old/in", 0755);
	ok(!tp_file_replace_at(dir, "x", "old/x", "one", 3, 0600, &err) &&
			!tp_file_replace_at(dir, "in/x", "old/in/x", "two", 3, 0600, &err) &&
			!tp_lock_at(dir, "in/lock", "old/in/lock", 0, &fd, &err),
		"replaced and locked in a folder that was renamed");
	ok(trash_count("old") == 1 && trash_count("old/in") == 0, "nothing in its successor");
	ok(trash_count("moved") == 2 && trash_count("moved/in") == 2, "no rest");
	ok(!tp_file_replace("moved/x.new", "left by a killed writer", 23, 0600, &err) &&
			!tp_file_replace_at(dir, "x", "old/x", "one", 3, 0600, &err) &&
			trash_count("moved") == 2,
		"nor one of before");
	ok(!tp_file_read_at(dir, "in/x", "old/in/x", &out, &err) && !strcmp(out.data, "two"),
		"and read there");
	ok(tp_file_read_at(dir, "y", "named so", &out, &err) == TP_NOINPUT &&
			!strcmp(err.text, "named so: No such file or directory"),
		"what is missing: %s", err.text);
	ok(tp_file_replace_at(dir, "no/x", "named so", "", 0, 0600, &err) == TP_CANTCREATE &&
			!strcmp(err.text, "named so: No such file or directory"),
		"or cannot be made: %s", err.text);
	close(fd);
	close(dir);
	tp_buf_release(&out);
}

static void test_replace(void)
{
	struct tp_buf out = TP_BUF_INIT(1 << 20);
	static char large[100000];
	enum tp_status status;
	struct stat st;

	mkdir("r", 0755);
	umask(077);
	ok(!tp_file_replace("r/x", "old", 3, 0644, &err), "a new file");
	ok(!stat("r/x", &st) && (st.st_mode & 07777) == 0644, "with its mode, whatever the umask");
	umask(022);
	ok(!tp_file_replace("r/x", "", 0, 0600, &err) && !stat("r/x", &st) && st.st_size == 0,
		"replaced by an empty one");
	ok(!tp_file_replace("r/x", "new", 3, 0600, &err) && !tp_file_read("r/x", &out, &err) &&
			!strcmp(out.data, "new"),
		"replaced by another");
	limit_file_size(50000);
	status = tp_file_replace("r/x", large, sizeof large, 0600, &err);
	limit_file_size(RLIM_INFINITY);
	tp_buf_clear(&out);
	ok(status == TP_IO && strstr(err.text, "r/x: cannot write"), "too large: %s", err.text);
	ok(!tp_file_read("r/x", &out, &err) && !strcmp(out.data, "new"), "leaves the old one");
	ok(trash_count("r") == 1, "and no rest");
	mkdir("r/folder", 0755);
	ok(tp_file_replace("r/folder", "x", 1, 0600, &err) == TP_CANTCREATE &&
			trash_count("r") == 2,
		"a folder is not replaced: %s", err.text);
	ok(tp_file_replace("absent/x", "x", 1, 0600, &err) == TP_CANTCREATE, "no folder: %s",
		err.text);
	ok(!tp_file_replace("here", "x", 1, 0600, &err), "a name without a folder");
	tp_buf_release(&out);
}

static int replace_denied(void)
{
	return tp_file_replace("closed/x", "x", 1, 0600, &err) != TP_DENIED ||
	       tp_mkdirs("closed/a/b", 0755, &err) != TP_DENIED ||
	       strcmp(err.text, "cannot make folder closed/a: Permission denied");
}

static void test_denied(void)
{
	mkdir("closed", 0755);
	chmod("closed", 0555);
	ok(as_nobody(replace_denied) == 0, "a folder that may not be written to");
}

/* A parent that may be entered and written, not read, cannot be synced: no reason to fail. */
static int make_in_unreadable(void)
{
	return tp_mkdirs("unreadable/a/b", 0755, &err) != TP_OK;
}

static void test_mkdirs(void)
{
	char name[300];
	struct stat st;

	umask(022);
	ok(!tp_mkdirs("m/a/b/c", 0750, &err) && !stat("m/a/b/c", &st) && S_ISDIR(st.st_mode) &&
			(st.st_mode & 07777) == 0750,
		"folders with those above them");
	ok(!tp_mkdirs("m/a/b/c", 0750, &err), "again");
	ok(!tp_mkdirs("m//x///y/", 0750, &err) && !stat("m/x/y", &st), "slashes in plenty");
	ok(!tp_mkdirs("/", 0750, &err) && !tp_mkdirs(".", 0750, &err), "the root, and here");
	ok(tp_mkdirs("", 0750, &err) == TP_CANTCREATE, "no name: %s", err.text);
	trash_file("m/file", "x", 0644);
	ok(tp_mkdirs("m/file", 0750, &err) == TP_CANTCREATE, "a file in the place: %s", err.text);
	ok(tp_mkdirs("m/file/x", 0750, &err) == TP_CANTCREATE, "a file on the way: %s", err.text);
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	ok(tp_mkdirs(name, 0750, &err) == TP_CANTCREATE, "a name too long");
	mkdir("unreadable", 0755);
	chmod("unreadable", 0733);
	ok(as_nobody(make_in_unreadable) == 0, "below a folder that may not be read");
}

static void test_tmpfile(void)
{
	int fd = -1, before;
	char byte;

	setenv("TMPDIR", trash_path, 1);
	before = trash_count(".");
	ok(!tp_tmpfile(&fd, &err) && trash_count(".") == before, "a temporary file has no name");
	ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "and does not survive exec");
	ok(write(fd, "x", 1) == 1 && pread(fd, &byte, 1, 0) == 1 && byte == 'x',
		"is written and read");
	close(fd);
	setenv("TMPDIR", "/nonexistent/folder", 1);
	ok(tp_tmpfile(&fd, &err) == TP_IO && strstr(err.text, "/nonexistent/folder: No such file"),
		"a missing TMPDIR: %s", err.text);
	setenv("TMPDIR", "/proc", 1);
	ok(tp_tmpfile(&fd, &err) != TP_OK, "a TMPDIR that cannot hold files: %s", err.text);
	setenv("TMPDIR", "", 1);
	ok(!tp_tmpfile(&fd, &err), "an empty TMPDIR is /tmp");
	close(fd);
	unsetenv("TMPDIR");
}

/* A reader that sleeps behind a non-blocking pipe: writing waits, reading waits. */
static void test_nonblocking(void)
{
	static char block[1 << 20];
	size_t got = 0;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	ok(!pipe2(fds, O_NONBLOCK), "a pipe that does not block");
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		poll(NULL, 0, 30);
		_exit(tp_write_all(fds[1], block, sizeof block, "pipe", &err));
	}
	close(fds[1]);
	while ((n = tp_read(fds[0], block, 1000)) > 0)
		got += (size_t)n;
	waitpid(pid, &status, 0);
	ok(n == 0 && got == sizeof block && status == 0, "a megabyte goes through all the same");
	close(fds[0]);

	signal(SIGPIPE, SIG_IGN);
	status = pipe(fds);
	close(fds[0]);
	ok(!status && tp_write_all(fds[1], "x", 1, "stdout", &err) == TP_IO &&
			!strcmp(err.text, "stdout: cannot write: Broken pipe"),
		"a closed pipe: %s", err.text);
	close(fds[1]);
	fds[0] = open("/dev/full", O_WRONLY);
	ok(tp_write_all(fds[0], "x", 1, "stdout", &err) == TP_IO && strstr(err.text, "No space"),
		"a full disk: %s", err.text);
	close(fds[0]);
}

static enum tp_status lock(const char *path, int64_t timeout_ms, int *fd, struct tp_error *why)
{
	return tp_lock_at(AT_FDCWD, path, path, timeout_ms, fd, why);
}

static void test_locks(void)
{
	int fd = -1, other = -1, ready[2], status;
	int64_t began;
	pid_t pid;
	char byte;

	ok(!lock("lock", 0, &fd, &err), "a free lock");
	ok(lock("lock", 0, &other, &err) == TP_TEMPORARY && other == -1, "a taken one: %s",
		err.text);
	began = tp_monotonic_ms();
	ok(lock("lock", 60, &other, NULL) == TP_TEMPORARY && tp_monotonic_ms() - began >= 60,
		"waits as long as it was told");
	close(fd);
	ok(!lock("lock", 0, &fd, &err), "is free again when closed");
	close(fd);

	status = pipe(ready);
	pid = fork();
	if (pid == 0) {
		_exit(lock("lock", 0, &fd, &err) || write(ready[1], "x", 1) != 1 || pause());
	}
	ok(!status && read(ready[0], &byte, 1) == 1 &&
			lock("lock", 0, &other, &err) == TP_TEMPORARY,
		"held by another process");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(!lock("lock", 1000, &other, &err), "until that dies");
	pid = fork();
	if (pid == 0) {
		close(other); /* the parent's is the one that holds */
		_exit(lock("lock", -1, &fd, &err));
	}
	poll(NULL, 0, 30);
	ok(waitpid(pid, &status, WNOHANG) == 0, "waiting for ever waits");
	close(other);
	ok(waitpid(pid, &status, 0) == pid && status == 0, "and gets it");
	ok(lock("absent/lock", 0, &fd, &err) == TP_CANTCREATE, "no folder: %s", err.text);
}

/* A hundred increments by each of four processes. */
static void test_lock_excludes(void)
{
	struct tp_buf out = TP_BUF_INIT(64);

	trash_file("counter", "0", 0600);
	for (int i = 0; i < 4; i++) {
		if (fork())
			continue;
		for (int j = 0; j < 50; j++) {
			char text[32];
			int fd;

			tp_buf_clear(&out);
			if (lock("counter.lock", -1, &fd, &err) ||
				tp_file_read("counter", &out, &err))
				_exit(1);
			snprintf(text, sizeof text, "%ld", strtol(out.data, NULL, 10) + 1);
			if (tp_file_replace("counter", text, strlen(text), 0600, &err))
				_exit(1);
			close(fd);
		}
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	ok(!tp_file_read("counter", &out, &err) && !strcmp(out.data, "200"),
		"four processes count to 200 under one lock (%s)", tp_buf_str(&out));
	tp_buf_release(&out);
}

int main(void)
{
	trash_make();
	chmod(".", 0755);
	test_reading();
	test_pread_all();
	test_secrets();
	test_replace();
	test_staged();
	test_renamed_folder();
	test_denied();
	test_mkdirs();
	test_tmpfile();
	test_nonblocking();
	test_locks();
	test_lock_excludes();
	return done_testing();
}
