/* What every main shares: see tool.h. */
#include "base/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/opt.h"

#define TEXT_MAX ((size_t)1 << 30)

/* Once a byte has left, the input can no longer be given back instead. */
static bool stdout_touched;

enum tp_status tp_stdout_write(const void *bytes, size_t len, struct tp_error *err)
{
	stdout_touched = stdout_touched || len > 0;
	return tp_write_all(STDOUT_FILENO, bytes, len, "stdout", err);
}

bool tp_stdout_is_terminal(void)
{
	return isatty(STDOUT_FILENO) == 1;
}

/* A library that gives up (GLib aborts when memory ends), or a spool file cut short by somebody
 * else: a mail is still the caller's, and 75 is the one code every mail program waits on. */
static void give_up(int signal_number)
{
	static const char said[] = "tubepost: internal failure\n";
	ssize_t n = write(STDERR_FILENO, said, sizeof said - 1);

	(void)n;
	(void)signal_number;
	_exit(EX_TEMPFAIL);
}

/* Whatever the caller left behind: mail programs ignore SIGCHLD or limit the size of files. */
static void set_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &action, NULL); /* a closed stdout is an error like others */
	sigaction(SIGXFSZ, &action, NULL); /* and so is a file that may not grow */
	action.sa_handler = SIG_DFL;
	sigaction(SIGCHLD, &action, NULL); /* ignored, it would take our children's exit codes */
	action.sa_handler = give_up;
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGABRT, &action, NULL);
}

/* Opens 0, 1 and 2 when the caller closed them, so that no file of ours lands there; the wrong way
 * round, so that reading or writing them is still the error it was. */
static void fill_standard_files(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_WRONLY };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			_exit(EX_TEMPFAIL);
}

/* What is written is UTF-8 whatever the user's language is, and header names are ASCII: a language
 * with rules of its own for letters (Turkish: `i` is not the small `I`) must not change how a mail
 * is read. Without this locale there is "C", where only the widths of columns suffer. */
static void set_locale(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
}

static enum tp_status print_and_close(const char *bytes, size_t len, struct tp_error *err)
{
	enum tp_status status = len ? tp_stdout_write(bytes, len, err) : TP_OK;

	if (close(STDOUT_FILENO) && !status && errno != EBADF)
		status = tp_fail_errno(err, TP_IO, "stdout: cannot write");
	return status;
}

static enum tp_status say_help_or_version(
	const struct tp_tool *tool, bool help, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(65536);
	enum tp_status status;

	if (help)
		tp_opt_help(tool, &text);
	else
		tp_buf_addf(&text, "%s (tubepost) %s\n", tool->name, TP_VERSION);
	status = tp_buf_status(&text, "help", err);
	if (!status)
		status = print_and_close(tp_buf_str(&text), text.len, err);
	tp_buf_release(&text);
	return status;
}

/* Configuration, then where to log, then the options that override it. */
static enum tp_status settle_settings(struct tp_run *run, const struct tp_opt_line *line,
	const struct tp_opt_common *common, struct tp_error *err)
{
	enum tp_status status = tp_conf_load(common->config, &run->conf, err);

	if (!status && common->on_error)
		status = tp_conf_set(run->conf, "on_error", common->on_error, "--on-error", err);
	if (!status && common->on_error && run->tool->on_error_key)
		status = tp_conf_set(
			run->conf, run->tool->on_error_key, common->on_error, "--on-error", err);
	if (!status && !common->log)
		status = tp_diag_open(tp_conf_str(run->conf, "log"), err);
	if (!status)
		status = tp_opt_apply(line, run->conf, err);
	return status;
}

/* True when a failure shall give the mail back: asked for on the command line (even when that
 * line, or the configuration, is what fails), or in a configuration that could be read. */
static bool passes_on_error(const struct tp_run *run, const struct tp_opt_common *common)
{
	if (common->on_error)
		return !strcmp(common->on_error, "pass");
	return run->conf && !strcmp(tp_conf_str(run->conf, "on_error"), "pass");
}

/* The mail as it came, or what a tool says that only judges it. */
static enum tp_status print_instead(const struct tp_run *run, struct tp_error *err)
{
	const char *verdict = run->tool->verdict;

	if (verdict)
		return print_and_close(verdict, strlen(verdict), err);
	return print_and_close(run->message.data, run->message.len, err);
}

static int finish_failed(struct tp_run *run, bool message_read, const struct tp_opt_common *common,
	const struct tp_error *failure)
{
	struct tp_error err;

	if (!run->tool->carries_mail && failure->status == TP_NOTHING)
		return tp_status_exit_code(TP_NOTHING);
	tp_say_error(failure);
	if (!run->tool->carries_mail)
		return tp_status_exit_code(failure->status);
	if (stdout_touched || !passes_on_error(run, common))
		return EX_TEMPFAIL;
	if (!run->tool->verdict && (!message_read || run->message.len == 0))
		return EX_TEMPFAIL;
	if (print_instead(run, &err)) {
		tp_say_error(&err);
		return EX_TEMPFAIL;
	}
	if (run->tool->verdict)
		tp_warn("the mail was let pass");
	else
		tp_warn("the mail was passed on unchanged");
	return EX_OK;
}

/* The tool's own work between its settled settings and its closed stdout. */
static enum tp_status run_tool(struct tp_run *run, struct tp_error *err)
{
	bool empty = run->tool->carries_mail && !run->tool->verdict && run->message.len == 0;
	enum tp_status status;

	tp_buf_init(&run->text, TEXT_MAX);
	if (empty && !run->tool->takes_empty)
		return tp_fail(err, TP_NOINPUT, "empty message on stdin");
	status = run->tool->run(run, err);
	if (!status)
		status = tp_buf_status(&run->text, "output", err);
	/* The one outcome that loses mail without anybody noticing. */
	if (!status && run->tool->carries_mail && run->exit_code == 0 && !stdout_touched &&
		run->text.len == 0 && !empty)
		return tp_fail(err, TP_INTERNAL, "nothing came out");
	if (!status)
		status = print_and_close(tp_buf_str(&run->text), run->text.len, err);
	return status;
}

static int help_or_version(const struct tp_tool *tool, const struct tp_opt_common *common)
{
	struct tp_error err = { TP_OK, "" };
	enum tp_status status = say_help_or_version(tool, common->help, &err);

	if (status)
		tp_say_error(&err);
	return status && tool->carries_mail ? EX_TEMPFAIL : tp_status_exit_code(status);
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; at && *at; at += strcspn(at, " ")) {
		at += strspn(at, " ");
		if (strcspn(at, " ") == len && !strncmp(at, word, len))
			return true;
	}
	return false;
}

/* True when an option names the mail that would else come on stdin. */
static bool mail_is_elsewhere(const struct tp_tool *tool, const struct tp_opt_line *line)
{
	for (size_t i = 0; i < line->count; i++)
		if (has_word(tool->instead, line->uses[i].option->name))
			return true;
	return false;
}

static enum tp_status read_message(
	const struct tp_tool *tool, struct tp_spool *message, struct tp_error *err)
{
	if (tool->header_max)
		return tp_spool_read_header(message, STDIN_FILENO, tool->header_max, err);
	return tp_spool_read(message, STDIN_FILENO, err);
}

int tp_tool_main(const struct tp_tool *described, int argc, char **argv)
{
	struct tp_tool as_run = *described;
	const struct tp_tool *tool = &as_run;
	struct tp_run run = { .tool = tool, .message = TP_SPOOL_INIT };
	struct tp_error err = { TP_OK, "" }, why = { TP_OK, "" }, no_log = { TP_OK, "" };
	struct tp_opt_common common;
	struct tp_opt_line line;
	enum tp_status status, reading = TP_OK, logging = TP_OK;
	int code;

	fill_standard_files();
	set_signals();
	if (!tool->no_language)
		set_locale();
	tp_diag_init(tool->name, tool->reports);
	status = tp_opt_parse(tool, argc, argv, &line, &common, &err);
	as_run.carries_mail = tool->carries_mail && !mail_is_elsewhere(tool, &line);
	tp_diag_verbosity(common.quiet ? -1 : common.verbose);
	if (common.log)
		logging = tp_diag_open(common.log, &no_log);
	if (!status && (common.help || common.version)) {
		code = help_or_version(tool, &common);
		goto out;
	}
	run.argc = line.operand_count;
	run.argv = line.operands;
	if (tool->carries_mail && !(tool->verdict && isatty(STDIN_FILENO)))
		reading = read_message(tool, &run.message, &why);
	if (!status)
		status = settle_settings(&run, &line, &common, &err);
	if (!status)
		tp_trace("configuration: %s",
			tp_conf_file(run.conf) ? tp_conf_file(run.conf) : "none");
	if (!status && (logging || reading)) {
		status = logging ? logging : reading;
		err = logging ? no_log : why;
	}
	if (!status && tool->carries_mail)
		tp_trace("message: %zu bytes", run.message.len);
	if (!status)
		status = run_tool(&run, &err);
	code = status ? finish_failed(&run, !reading, &common, &err) : run.exit_code;
	tp_trace("exit %d", code);
out:
	tp_opt_release(&line);
	tp_buf_release(&run.text);
	tp_spool_release(&run.message);
	tp_conf_free(run.conf);
	return code;
}
