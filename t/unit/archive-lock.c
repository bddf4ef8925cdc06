/* archive/lock: shared, exclusive and a putter's, within a process and between several; deliveries. */
#include "archive-tool.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

/* What of `byte` another could not have now. */
static short held(struct tp_archive *other, off_t byte)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
	};

	fcntl(other->lock, F_OFD_GETLK, &lock);
	return lock.l_type;
}

static void test_nesting(void)
{
	struct tp_archive *a = open_archive("locks"), *b = open_archive("locks");

	ok(!tp_archive_lock(a, TP_HOLD_READ, &err) && held(b, 0) == F_RDLCK, "shared");
	ok(!tp_archive_lock(b, TP_HOLD_READ, &err), "twice shared");
	tp_archive_unlock(b);
	tp_archive_lock(a, TP_HOLD_READ, &err);
	tp_archive_unlock(a);
	ok(held(b, 0) == F_RDLCK, "of two, one is left");
	ok(!tp_archive_lock(a, TP_HOLD_ALL, &err) && held(b, 0) == F_WRLCK,
		"shared becomes exclusive");
	tp_archive_lock(a, TP_HOLD_READ, &err);
	tp_archive_unlock(a);
	ok(held(b, 0) == F_WRLCK, "which a shared one in it does not end");
	tp_archive_unlock(a);
	ok(held(b, 0) == F_RDLCK, "and is shared again");
	tp_archive_unlock(a);
	ok(held(b, 0) == F_UNLCK && held(b, 1) == F_UNLCK && held(b, 2) == F_UNLCK, "and gone");
	tp_archive_unlock(a);
	tp_archive_lock(a, TP_HOLD_ALL, &err);
	tp_archive_close(a);
	ok(held(b, 0) == F_UNLCK, "closing lets go");
	tp_archive_close(b);
}

/* A child that takes the lock, says `got`, does what `then` says, and lets go. */
static pid_t child(enum tp_archive_hold hold, int out, const char *got, bool then_wait)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct tp_archive *archive = open_archive("locks");

		if (tp_archive_lock(archive, hold, &err) ||
			write(out, got, strlen(got)) != (ssize_t)strlen(got))
			_exit(1);
		if (then_wait)
			pause();
		_exit(0);
	}
	return pid;
}

static bool is_quiet(int fd, int ms)
{
	struct pollfd wait_for = { .fd = fd, .events = POLLIN };

	return poll(&wait_for, 1, ms) == 0;
}

static void test_order(void)
{
	struct tp_archive *a = open_archive("locks"), *b = open_archive("locks");
	char said[8] = "";
	int fds[2];

	if (pipe(fds))
		exit(99);
	tp_archive_lock(a, TP_HOLD_READ, &err);
	child(TP_HOLD_ALL, fds[1], "E", false);
	for (int ms = 0; ms < 10000 && held(b, 1) == F_UNLCK; ms++)
		poll(NULL, 0, 1); /* until the child waits behind the gate */
	child(TP_HOLD_READ, fds[1], "S", false);
	ok(is_quiet(fds[0], 100), "who wants all waits for who shares");
	tp_archive_unlock(a);
	ok(read(fds[0], said, 1) == 1 && read(fds[0], said + 1, 1) == 1 && !strcmp(said, "ES"),
		"and is not overtaken by who comes later to share (%s)", said);
	while (wait(NULL) > 0)
		;
	close(fds[0]);
	close(fds[1]);
	tp_archive_close(a);
	tp_archive_close(b);
}

/* A reader does not let go, somebody waits for him, and mail arrives all the same. */
static void test_put_beside_reader(void)
{
	struct tp_archive *a = open_archive("locks"), *b = open_archive("locks");
	uint64_t stamp;
	char said = 0;
	int fds[2];
	pid_t eraser;

	if (pipe(fds))
		exit(99);
	tp_archive_lock(a, TP_HOLD_READ, &err);
	stamp = tp_archive_stamp(a);
	ok(!tp_archive_is_wanted(a), "nobody waits for the reader");
	eraser = child(TP_HOLD_ALL, fds[1], "E", false);
	for (int ms = 0; ms < 10000 && !tp_archive_is_wanted(a); ms++)
		poll(NULL, 0, 1);
	ok(tp_archive_is_wanted(a) && tp_archive_stamp(a) == stamp, "then somebody does");
	child(TP_HOLD_PUT, fds[1], "P", false);
	ok(read(fds[0], &said, 1) == 1 && said == 'P', "who puts mail waits for neither");
	tp_archive_unlock(a);
	ok(read(fds[0], &said, 1) == 1 && said == 'E', "and the other comes when the reader goes");
	waitpid(eraser, NULL, 0);
	ok(tp_archive_stamp(a) != stamp, "which can be seen");
	while (wait(NULL) > 0)
		;
	close(fds[0]);
	close(fds[1]);
	tp_archive_close(a);
	tp_archive_close(b);
}

/* A putter who does not end does not keep the others out for long, nor is he passed over. */
static void test_put_beside_putter(void)
{
	struct tp_archive *a = open_archive("locks"), *b = open_archive("locks");
	char said = 0;
	int fds[2];
	pid_t eraser;

	if (pipe(fds))
		exit(99);
	tp_archive_lock(a, TP_HOLD_PUT, &err);
	eraser = child(TP_HOLD_ALL, fds[1], "E", false);
	for (int ms = 0; ms < 10000 && held(b, 3) == F_UNLCK; ms++)
		poll(NULL, 0, 1); /* until he has shut the gate */
	child(TP_HOLD_PUT, fds[1], "P", false);
	ok(read(fds[0], &said, 1) == 1 && said == 'P', "a put waits for a moment, not for a put");
	tp_archive_unlock(a);
	ok(read(fds[0], &said, 1) == 1 && said == 'E', "the eraser comes when no put is left");
	waitpid(eraser, NULL, 0);
	tp_archive_lock(a, TP_HOLD_PUT, &err);
	tp_archive_lock(a, TP_HOLD_READ, &err);
	ok(held(b, 0) == F_UNLCK && held(b, 2) == F_RDLCK, "in a put, reading needs no lock more");
	tp_archive_unlock(a);
	tp_archive_lock(a, TP_HOLD_ALL, &err);
	ok(held(b, 0) == F_WRLCK && held(b, 2) == F_WRLCK, "all of it");
	tp_archive_unlock(a);
	ok(held(b, 0) == F_UNLCK && held(b, 2) == F_RDLCK, "and back to what was shared");
	while (wait(NULL) > 0)
		;
	close(fds[0]);
	close(fds[1]);
	tp_archive_close(a);
	tp_archive_close(b);
}

static void test_killed(void)
{
	struct tp_archive *archive = open_archive("locks");
	char said;
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		exit(99);
	pid = child(TP_HOLD_ALL, fds[1], "E", true);
	ok(read(fds[0], &said, 1) == 1 && held(archive, 0) == F_WRLCK, "another has it");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(!tp_archive_lock(archive, TP_HOLD_ALL, &err), "killed, he leaves no lock behind");
	close(fds[0]);
	close(fds[1]);
	tp_archive_close(archive);
}

static void test_delivery(void)
{
	struct tp_archive *archive = open_archive("locks");
	unsigned char one[32] = { 1 }, two[32] = { 1, 2 };
	int first = -1, second = -1;

	tp_archive_lock(archive, TP_HOLD_ALL, &err);
	ok(!tp_archive_lock_delivery(archive, one, false, &first, &err),
		"a delivery's lock is apart from the archive's");
	ok(tp_archive_lock_delivery(archive, one, false, &second, &err) == TP_TEMPORARY,
		"it is taken once");
	ok(!tp_archive_lock_delivery(archive, two, false, &second, &err), "another's is another");
	close(first);
	ok(!tp_archive_lock_delivery(archive, one, false, &second, &err), "until it is let go");
	close(second);
	tp_archive_close(archive);
}

int main(void)
{
	alarm(120); /* a lock that is never had ends the test */
	trash_make();
	test_nesting();
	test_order();
	test_put_beside_reader();
	test_put_beside_putter();
	test_killed();
	test_delivery();
	return done_testing();
}
