/* base/spool: from pipes, files, the middle of files; around the megabyte where memory ends. */
#include "base/spool.h"
#include "tap.h"
#include "trash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define MIB ((size_t)1 << 20)

static char *pattern; /* 3 MiB that never repeat at a page */
static struct tp_error err;

static void make_pattern(void)
{
	uint32_t state = 1;

	pattern = malloc(3 * MIB);
	for (size_t i = 0; i < 3 * MIB; i++) {
		state = state * 1664525u + 1013904223u;
		pattern[i] = (char)(state >> 24);
	}
}

/* A child that writes pattern[0, len) in pieces; its exit status says whether all was taken. */
static pid_t writer(size_t len, size_t piece, int *fd)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		exit(99);
	pid = fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		close(fds[0]);
		for (size_t at = 0; at < len;) {
			size_t n = piece < len - at ? piece : len - at;
			ssize_t done = write(fds[1], pattern + at, n);

			if (done < 0)
				_exit(1);
			at += (size_t)done;
		}
		_exit(0);
	}
	close(fds[1]);
	*fd = fds[0];
	return pid;
}

static bool is_pattern(const struct tp_spool *spool, size_t from, size_t len)
{
	return spool->data && spool->len == len && !memcmp(spool->data, pattern + from, len);
}

static void test_pipe(size_t len, size_t piece)
{
	struct tp_spool spool;
	enum tp_status status;
	int fd, code;
	pid_t pid = writer(len, piece, &fd);

	status = tp_spool_read(&spool, fd, &err);
	close(fd);
	waitpid(pid, &code, 0);
	ok(!status && code == 0 && is_pattern(&spool, 0, len),
		"a pipe of %zu bytes in pieces of %zu", len, piece);
	ok((spool.map != NULL) == (len > MIB), "%s", len > MIB ? "is mapped" : "stays in memory");
	tp_spool_release(&spool);
}

static void write_file(const char *name, size_t len)
{
	FILE *file = fopen(name, "w");

	if (!file || fwrite(pattern, 1, len, file) != len || fclose(file))
		exit(99);
}

static void test_file(size_t len, size_t offset)
{
	struct tp_spool spool;
	enum tp_status status;
	size_t want = offset < len ? len - offset : 0;
	int fd;
	char byte;

	write_file("file", len);
	fd = open("file", O_RDONLY);
	lseek(fd, (off_t)offset, SEEK_SET);
	status = tp_spool_read(&spool, fd, &err);
	ok(!status && is_pattern(&spool, len - want, want), "a file of %zu bytes from byte %zu",
		len, offset);
	ok(read(fd, &byte, 1) == 0, "and the file has been read");
	close(fd);
	tp_spool_release(&spool);
}

/* What cannot be kept is read all the same: the writer never meets a closed pipe. */
static void test_failing(const char *what, const char *tmpdir, rlim_t file_size)
{
	struct rlimit limit = { file_size, RLIM_INFINITY };
	struct tp_spool spool;
	enum tp_status status;
	int fd, code;
	pid_t pid;

	setenv("TMPDIR", tmpdir, 1);
	signal(SIGXFSZ, SIG_IGN);
	pid = writer(3 * MIB, 70000, &fd);
	setrlimit(RLIMIT_FSIZE, &limit);
	status = tp_spool_read(&spool, fd, &err);
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	close(fd);
	waitpid(pid, &code, 0);
	ok(status == TP_IO && spool.len == 0, "%s: %s", what, err.text);
	ok(code == 0, "and the writer was read to its end");
	tp_spool_release(&spool);
	setenv("TMPDIR", trash_path, 1);
}

static void test_odd_descriptors(void)
{
	struct tp_spool spool;
	int fd = open(".", O_RDONLY);

	ok(tp_spool_read(&spool, fd, &err) == TP_IO, "a folder: %s", err.text);
	close(fd);
	ok(tp_spool_read(&spool, fd, &err) == TP_IO, "a closed descriptor: %s", err.text);
	fd = open("/dev/null", O_RDONLY);
	ok(!tp_spool_read(&spool, fd, &err) && spool.len == 0 && spool.data, "/dev/null is empty");
	close(fd);
	ok(!tp_spool_open(&spool, "/proc/self/status", &err) && spool.len > 100,
		"a file that has bytes and no size");
	tp_spool_release(&spool);
	/* Says 4096 bytes, cannot be mapped, holds fewer. */
	if (access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) == 0) {
		ok(!tp_spool_open(&spool, "/sys/kernel/mm/transparent_hugepage/enabled", &err) &&
				spool.len > 5 && spool.len < 100,
			"a file that cannot be mapped");
		tp_spool_release(&spool);
	} else {
		skip("a file that cannot be mapped", "no such file here");
	}
	ok(tp_spool_open(&spool, "absent", &err) == TP_NOINPUT && spool.data, "a missing file: %s",
		err.text);
}

static void test_spooler(size_t len, size_t piece)
{
	struct tp_spooler spooler = TP_SPOOLER_INIT;
	struct tp_spool spool = TP_SPOOL_INIT;
	enum tp_status status = tp_spooler_add(&spooler, NULL, 0, &err);

	for (size_t at = 0; !status && at < len; at += piece)
		status = tp_spooler_add(
			&spooler, pattern + at, piece < len - at ? piece : len - at, &err);
	if (!status)
		status = tp_spooler_finish(&spooler, &spool, &err);
	ok(!status && is_pattern(&spool, 0, len) && spooler.fd == -1 && !spooler.heap,
		"a spooler of %zu bytes in pieces of %zu", len, piece);
	tp_spool_release(&spool);
	tp_spooler_release(&spooler);
}

/* Descriptors open in this process. */
static int open_files(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

int main(void)
{
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, MIB - 1, MIB, MIB + 1,
		2 * MIB + 4095, 3 * MIB };
	long page = sysconf(_SC_PAGESIZE);
	int before;

	trash_make();
	setenv("TMPDIR", trash_path, 1);
	make_pattern();
	before = open_files();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		test_pipe(sizes[i], 60000);
		test_spooler(sizes[i], 50000);
		test_spooler(sizes[i], 2 * MIB);
		test_file(sizes[i], 0);
	}
	test_pipe(3000, 1);
	for (long offset = page - 1; offset <= page + 1; offset++)
		test_file(3 * (size_t)page, (size_t)offset);
	test_file(1000, 999);
	test_file(1000, 1000);
	test_file(1000, 5000);
	test_file((size_t)page, (size_t)page);
	test_failing("no temporary folder", "/nonexistent", RLIM_INFINITY);
	test_failing("a disk too small at once", trash_path, 1000);
	test_failing("a disk too small later", trash_path, 2 * MIB);
	test_odd_descriptors();
	ok(open_files() == before && trash_count(".") == 1, "nothing stays open, no file is left");
	free(pattern);
	return done_testing();
}
