/* Running uploaders: see uploader.h. */
#include "drop/uploader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/strings.h"
#include "drop/recipe.h"
#include "drop/uploader_talk.h"

#define COMPLAINED_MAX 8192
#define PIECE_BYTES    4096
#define PIECES_MAX     16 /* read at one time: as much as a pipe holds */

/* --- finding and starting --------------------------------------------------------------------- */

static enum tp_status find_own(struct tp_strings *program, struct tp_error *err)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - sizeof "drop-put");
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		memcpy(slash + 1, "drop-put", sizeof "drop-put");
		if (access(self, X_OK) == 0)
			return tp_strings_add(program, self, err);
	}
	if (access(TP_BINDIR "/drop-put", X_OK) == 0)
		return tp_strings_add(program, TP_BINDIR "/drop-put", err);
	return tp_fail(err, TP_CONFIG, "drop-put is not installed (or set --uploader)");
}

/* Hands on what our command line may have changed; the rest drop-put reads for itself. */
static enum tp_status add_settings(
	const struct tp_conf *conf, struct tp_strings *program, struct tp_error *err)
{
	static const char *const handed[][2] = { { "--store", "drop.store" },
		{ "--base-url", "drop.base_url" }, { NULL, NULL } };
	enum tp_status status = TP_OK;

	if (tp_conf_file(conf))
		status = tp_strings_addf(program, err, "--config=%s", tp_conf_file(conf));
	for (int i = 0; !status && handed[i][0]; i++)
		if (tp_conf_str(conf, handed[i][1]))
			status = tp_strings_addf(program, err, "%s=%s", handed[i][0],
				tp_conf_str(conf, handed[i][1]));
	return status ? status : tp_strings_add(program, "--log=stderr", err);
}

enum tp_status tp_uploader_check(const struct tp_conf *conf, struct tp_error *err)
{
	int64_t jobs = tp_conf_int(conf, "detach.jobs");
	const char *store = tp_conf_str(conf, "drop.store");
	struct tp_recipe *recipe = NULL;
	enum tp_status status = TP_OK;

	if (jobs < 1 || jobs > TP_UPLOAD_JOBS_MAX)
		return tp_conf_fail(
			conf, "detach.jobs", err, "must be from 1 to %d", TP_UPLOAD_JOBS_MAX);
	if (store && !strncmp(store, "recipe:", 7) && !tp_conf_str(conf, "detach.uploader"))
		status = tp_recipe_open(conf, store + 7, &recipe, err);
	tp_recipe_free(recipe);
	return status;
}

enum tp_status tp_uploader_read(const struct tp_conf *conf, int64_t until_ms,
	const char *const *options, struct tp_uploader *how, struct tp_error *err)
{
	int64_t jobs = tp_conf_int(conf, "detach.jobs");
	enum tp_status status = TP_OK;

	*how = (struct tp_uploader){ .command = tp_conf_str(conf, "detach.uploader"),
		.until_ms = until_ms };
	how->jobs = jobs < 1 ? 1 : jobs > TP_UPLOAD_JOBS_MAX ? TP_UPLOAD_JOBS_MAX : (unsigned)jobs;
	how->deadline = (int64_t)time(NULL) + (until_ms - tp_monotonic_ms()) / 1000;
	if (how->command)
		return TP_OK;
	status = find_own(&how->program, err);
	if (!status)
		status = add_settings(conf, &how->program, err);
	for (; !status && *options; options++)
		status = tp_strings_add(&how->program, *options, err);
	return status;
}

/* --- when we are told to end ------------------------------------------------------------------ */

/* Process groups that run now, for the handler: programs in groups of their own would outlive us.
 */
static volatile sig_atomic_t groups[TP_UPLOAD_JOBS_MAX];
static const int endings[] = { SIGHUP, SIGINT, SIGTERM };

static void end_groups(int signal_number)
{
	for (int i = 0; i < TP_UPLOAD_JOBS_MAX; i++)
		if (groups[i] > 0)
			kill(-groups[i], SIGKILL);
	/* SA_RESETHAND: now it ends us, too. */
	raise(signal_number);
}

static void note_group(pid_t old, pid_t new)
{
	for (int i = 0; i < TP_UPLOAD_JOBS_MAX; i++)
		if (groups[i] == old) {
			groups[i] = new;
			return;
		}
}

static void catch_endings(void)
{
	struct sigaction action = { .sa_handler = end_groups, .sa_flags = (int)SA_RESETHAND };
	struct sigaction now;

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (!sigaction(endings[i], NULL, &now) && now.sa_handler == SIG_DFL)
			sigaction(endings[i], &action, NULL);
}

/* Holds the signals back between a program's start and its being noted. */
static void block_endings(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		sigaddset(&set, endings[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

/* --- starting --------------------------------------------------------------------------------- */

/* The child's files, signals and group. Its 0, 1 and 2 are ours to give, nothing else is open. */
static int spawn(const struct tp_uploader *how, const struct tp_upload *upload, int out, int err,
	char *const *env, const sigset_t *mask, pid_t *pid)
{
	char *shell[] = { (char *)"/bin/sh", (char *)"-c", (char *)how->command, NULL };
	char **argv = how->command ? shell : how->program.list;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int failed;

	if (posix_spawn_file_actions_init(&files))
		return ENOMEM;
	if (posix_spawnattr_init(&attributes)) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGABRT);
	sigaddset(&defaults, SIGBUS);
	failed = posix_spawn_file_actions_adddup2(&files, upload->item.fd, STDIN_FILENO);
	failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
	failed = failed ? failed
			: posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attributes, mask);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	if (!failed)
		failed = posix_spawn(pid, argv[0], &files, &attributes, argv, env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return failed;
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static enum tp_status start(
	const struct tp_uploader *how, struct tp_upload *upload, struct tp_error *err)
{
	int out[2] = { -1, -1 }, complaints[2] = { -1, -1 }, failed = 0;
	struct tp_strings env = TP_STRINGS_INIT;
	enum tp_status status;
	sigset_t mask;

	tp_buf_init(&upload->said, TP_UPLOAD_SAID_MAX);
	tp_buf_init(&upload->complained, COMPLAINED_MAX);
	status = tp_upload_environment(how, upload, &env, err);
	if (status)
		goto out;
	if (lseek(upload->item.fd, 0, SEEK_SET) < 0 || pipe2(out, O_CLOEXEC) ||
		pipe2(complaints, O_CLOEXEC)) {
		status = tp_fail_errno(err, TP_TEMPORARY, "cannot run the uploader");
		goto out;
	}
	catch_endings();
	block_endings(&mask);
	failed = spawn(how, upload, out[1], complaints[1], env.list, &mask, &upload->pid);
	if (!failed)
		note_group(0, upload->pid);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (failed) {
		errno = failed;
		upload->pid = 0;
		status = tp_fail_errno(err, TP_TEMPORARY, "cannot run the uploader");
		goto out;
	}
	upload->process = pidfd_open(upload->pid, 0);
	upload->out = out[0];
	upload->err = complaints[0];
	out[0] = complaints[0] = -1;
	fcntl(upload->out, F_SETFL, O_NONBLOCK);
	fcntl(upload->err, F_SETFL, O_NONBLOCK);
out:
	close_if_open(&out[0]);
	close_if_open(&out[1]);
	close_if_open(&complaints[0]);
	close_if_open(&complaints[1]);
	tp_strings_release(&env);
	return status;
}

/* --- what it says ----------------------------------------------------------------------------- */

/* Reads some of what is there; false at its end. What does not fit is read and dropped. A program
 * that never stops talking must not keep us from looking at the clock. */
static bool drain(int fd, struct tp_buf *into)
{
	char piece[PIECE_BYTES];
	ssize_t n = 1;

	for (int i = 0; i < PIECES_MAX && n > 0; i++) {
		n = read(fd, piece, sizeof piece);
		if (n > 0)
			tp_buf_add(into, piece, (size_t)n);
	}
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* The last line that is not empty, in place. */
static const char *last_line(struct tp_buf *text)
{
	char *line;

	while (text->len > 0 && (unsigned char)text->data[text->len - 1] <= ' ')
		tp_buf_truncate(text, text->len - 1);
	if (text->len == 0)
		return "it said nothing";
	line = memrchr(text->data, '\n', text->len);
	return line ? line + 1 : text->data;
}

static enum tp_status judge(struct tp_upload *upload, int wait_status, struct tp_error *err)
{
	const char *said;

	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) {
		enum tp_status status = upload->send ? TP_OK : tp_upload_answer(upload, err);

		if (status)
			return tp_error_prefix(err, "uploading %s", upload->label);
		if (upload->complained.len)
			tp_warn("uploading %s: %s", upload->label, last_line(&upload->complained));
		return TP_OK;
	}
	said = last_line(&upload->complained);
	if (WIFSIGNALED(wait_status))
		return tp_fail(err, TP_TEMPORARY,
			"uploading %s: the uploader was killed by signal %d", upload->label,
			WTERMSIG(wait_status));
	return tp_fail(err, TP_TEMPORARY, "uploading %s: the uploader failed (exit %d): %s",
		upload->label, WEXITSTATUS(wait_status), said);
}

/* --- the pool --------------------------------------------------------------------------------- */

static void forget(struct tp_upload_pool *pool, unsigned i)
{
	struct tp_upload *upload = pool->running[i];

	close_if_open(&upload->out);
	close_if_open(&upload->err);
	close_if_open(&upload->process);
	note_group(upload->pid, 0);
	upload->pid = 0;
	pool->running[i] = pool->running[--pool->count];
}

static void cancel(struct tp_upload_pool *pool)
{
	while (pool->count > 0) {
		struct tp_upload *upload = pool->running[0];

		kill(-upload->pid, SIGKILL);
		while (waitpid(upload->pid, NULL, 0) < 0 && errno == EINTR)
			;
		forget(pool, 0);
	}
}

/* Waits a moment for anything to happen, reads what the programs say. */
static enum tp_status hear(struct tp_upload_pool *pool, struct tp_error *err)
{
	struct pollfd waits[3 * TP_UPLOAD_JOBS_MAX];
	int64_t left = pool->how->until_ms - tp_monotonic_ms();
	bool blind = false;

	if (left <= 0)
		return tp_fail(err, TP_TEMPORARY, "uploading %s: not done within the deadline",
			pool->running[0]->label);
	for (unsigned i = 0; i < pool->count; i++) {
		struct tp_upload *upload = pool->running[i];

		waits[3 * i] = (struct pollfd){ upload->out, POLLIN, 0 };
		waits[3 * i + 1] = (struct pollfd){ upload->err, POLLIN, 0 };
		waits[3 * i + 2] = (struct pollfd){ upload->process, POLLIN, 0 };
		blind = blind || upload->process < 0;
	}
	/* Without pidfd_open (an old kernel) the end of a program is met by looking often. */
	if (blind && left > 20)
		left = 20;
	poll(waits, 3 * pool->count, left > 60000 ? 60000 : (int)left);
	for (unsigned i = 0; i < pool->count; i++) {
		struct tp_upload *upload = pool->running[i];

		if (upload->out >= 0 && !drain(upload->out, &upload->said))
			close_if_open(&upload->out);
		if (upload->err >= 0 && !drain(upload->err, &upload->complained))
			close_if_open(&upload->err);
	}
	return TP_OK;
}

/* One has ended: hands its link on, or keeps the first failure. */
static void take(struct tp_upload_pool *pool, struct tp_upload *upload, int wait_status)
{
	struct tp_error err = { TP_OK, "" };

	if (judge(upload, wait_status, &err)) {
		if (!pool->failure.status)
			pool->failure = err;
	} else if (pool->done) {
		pool->done(pool->context, upload);
	}
}

/* Takes the programs that have ended; says whether there were any. */
static bool collect(struct tp_upload_pool *pool)
{
	bool ended = false;

	for (unsigned i = 0; i < pool->count;) {
		struct tp_upload *upload = pool->running[i];
		int wait_status;
		pid_t pid = waitpid(upload->pid, &wait_status, WNOHANG);

		if (pid != upload->pid) {
			i++;
			continue;
		}
		if (upload->out >= 0)
			drain(upload->out, &upload->said);
		if (upload->err >= 0)
			drain(upload->err, &upload->complained);
		forget(pool, i);
		ended = true;
		take(pool, upload, wait_status);
	}
	return ended;
}

static enum tp_status wait_for_one(struct tp_upload_pool *pool, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	while (!status && !collect(pool))
		status = hear(pool, err);
	return status;
}

static enum tp_status first_failure(const struct tp_upload_pool *pool, struct tp_error *err)
{
	if (pool->failure.status && err)
		*err = pool->failure;
	return pool->failure.status;
}

enum tp_status tp_upload_start(
	struct tp_upload_pool *pool, struct tp_upload *upload, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	upload->out = upload->err = upload->process = -1;
	while (!status && pool->count >= pool->how->jobs)
		status = wait_for_one(pool, err);
	if (!status)
		status = first_failure(pool, err);
	if (!status)
		status = start(pool->how, upload, err);
	if (!status)
		pool->running[pool->count++] = upload;
	return status;
}

enum tp_status tp_uploads_wait(struct tp_upload_pool *pool, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	while (!status && pool->count > 0)
		status = wait_for_one(pool, err);
	cancel(pool);
	return pool->failure.status ? first_failure(pool, err) : status;
}

void tp_upload_release(struct tp_upload *upload)
{
	tp_drop_result_release(&upload->result);
	tp_buf_release(&upload->said);
	tp_buf_release(&upload->complained);
}
