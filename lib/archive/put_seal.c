/* Sealing later: see put_seal.h. */
#include "archive/put_seal.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/diag.h"

#define PROGRAM "archive-rotate"

extern char **environ;

/* The program beside ours, else the installed one. */
static const char *find_program(char path[4096])
{
	ssize_t n = readlink("/proc/self/exe", path, 4096 - sizeof PROGRAM);
	char *slash;

	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		memcpy(slash + 1, PROGRAM, sizeof PROGRAM);
		if (!access(path, X_OK))
			return path;
	}
	return access(TP_BINDIR "/" PROGRAM, X_OK) ? NULL : TP_BINDIR "/" PROGRAM;
}

/* Asked of the lock itself: the sealer's own module would bring all of sealing into our process. */
static bool somebody_seals(struct tp_archive *archive)
{
	int fd = openat(archive->dir, "sealing.lock", O_RDONLY | O_CLOEXEC);
	bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB);

	if (fd >= 0)
		close(fd);
	return held;
}

/* A session of its own, signals as they begin, and no file of ours. */
static int spawn(char *const *argv)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	pid_t pid;
	int failed;

	if (posix_spawn_file_actions_init(&files))
		return -1;
	if (posix_spawnattr_init(&attributes)) {
		posix_spawn_file_actions_destroy(&files);
		return -1;
	}
	sigfillset(&all);
	sigemptyset(&none);
	failed = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	for (int fd = STDOUT_FILENO; !failed && fd <= STDERR_FILENO; fd++)
		failed = posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, fd);
	if (!failed)
		failed = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	posix_spawnattr_setflags(
		&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	if (!failed)
		failed = posix_spawn(&pid, argv[0], &files, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return failed;
}

void tp_put_seal_later(struct tp_archive *archive, const char *config)
{
	char path[4096], config_option[] = "--config";
	const char *program = find_program(path);
	char *argv[] = { (char *)(uintptr_t)program, (char *)"--seal", (char *)"--log=syslog",
		(char *)"--archive", archive->path, config ? config_option : NULL,
		(char *)(uintptr_t)config, NULL };

	if (!program)
		tp_notice("a journal is full, and " PROGRAM " is not there to seal it");
	else if (!somebody_seals(archive) && spawn(argv))
		tp_notice("a journal is full, and " PROGRAM " cannot be started");
}
