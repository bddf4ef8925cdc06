/* Diagnostics: see diag.h. */
#include "base/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

#define LINE_MAX_BYTES 8192

static struct {
	const char *tool;
	int fd; /* -1: syslog */
	bool dated;
	int verbosity;
	bool trace;
	bool stderr_is_mail;
} diag = { "tubepost", STDERR_FILENO, false, 0, false, false };

/* True when stderr would be read as part of what stdout carries. */
static bool stderr_is_stdout(void)
{
	struct stat out, err;

	if (fstat(STDOUT_FILENO, &out) || fstat(STDERR_FILENO, &err))
		return false;
	if (S_ISCHR(out.st_mode))
		return false;
	return out.st_dev == err.st_dev && out.st_ino == err.st_ino;
}

static void use_syslog(void)
{
	openlog(diag.tool, LOG_PID, LOG_MAIL);
	diag.fd = -1;
}

static void lead_stderr_nowhere(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		close(STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void tp_diag_init(const char *tool, bool reports)
{
	const char *trace = getenv("TUBEPOST_TRACE");

	diag.tool = tool;
	diag.trace = trace && *trace && strcmp(trace, "0");
	diag.stderr_is_mail = !reports && stderr_is_stdout();
	if (diag.stderr_is_mail) {
		lead_stderr_nowhere();
		use_syslog();
	}
}

enum tp_status tp_diag_open(const char *destination, struct tp_error *err)
{
	int fd;

	if (!strcmp(destination, "stderr")) {
		if (diag.stderr_is_mail)
			use_syslog();
		else
			diag.fd = STDERR_FILENO;
		return TP_OK;
	}
	if (!strcmp(destination, "syslog")) {
		use_syslog();
		return TP_OK;
	}
	fd = open(destination, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (fd < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "log %s", destination);
	diag.fd = fd;
	diag.dated = true;
	return TP_OK;
}

void tp_diag_verbosity(int verbosity)
{
	diag.verbosity = verbosity;
}

bool tp_diag_quiet(void)
{
	return diag.verbosity < 0;
}

/* Decisions (notices) belong in logs; on a terminal or in a cron mail they would be noise. */
static bool is_wanted(enum tp_level level)
{
	bool is_log = diag.fd != STDERR_FILENO;

	switch (level) {
	case TP_LEVEL_ERROR:
		return true;
	case TP_LEVEL_WARNING:
		return diag.verbosity >= 0;
	case TP_LEVEL_NOTICE:
		return diag.verbosity > 0 || (is_log && diag.verbosity == 0);
	case TP_LEVEL_TRACE:
		return diag.trace;
	}
	return false;
}

static int syslog_priority(enum tp_level level)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

	return priorities[level];
}

/* One write a line, so that lines of several processes never mix in one file. */
static void write_line(const char *line, size_t len)
{
	ssize_t n;

	do
		n = write(diag.fd, line, len);
	while (n < 0 && errno == EINTR);
}

static bool progress_shown;

void tp_progress(const char *format, ...)
{
	struct tp_buf line = TP_BUF_INIT(LINE_MAX_BYTES);
	char text[LINE_MAX_BYTES / 4];
	va_list args;

	if (diag.fd != STDERR_FILENO || diag.verbosity < 0 || isatty(STDERR_FILENO) != 1)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	tp_buf_adds(&line, "\r\033[K");
	tp_text_scrub(text, strlen(text), &line);
	if (!line.status)
		write_line(line.data, line.len);
	progress_shown = *text;
	tp_buf_release(&line);
}

static void put_line(enum tp_level level, const char *text)
{
	static const char no_memory[] = "tubepost: out of memory\n";
	struct tp_buf line = TP_BUF_INIT(LINE_MAX_BYTES);

	if (progress_shown)
		tp_progress("%s", "");
	if (diag.dated && tp_date_rfc3339(tp_now(), &line))
		tp_buf_addc(&line, ' ');
	if (diag.fd >= 0)
		tp_buf_addf(&line, diag.dated ? "%s[%d]: " : "%s: ", diag.tool, (int)getpid());
	tp_text_scrub(text, strlen(text), &line);
	if (diag.fd >= 0)
		tp_buf_addc(&line, '\n');
	if (diag.fd < 0)
		syslog(syslog_priority(level), "%s", line.status ? no_memory : line.data);
	else if (line.status)
		write_line(no_memory, sizeof no_memory - 1);
	else
		write_line(line.data, line.len);
	tp_buf_release(&line);
}

void tp_say(enum tp_level level, const char *format, ...)
{
	char text[LINE_MAX_BYTES / 4];
	int saved = errno, n;
	va_list args;

	if (!is_wanted(level))
		return;
	va_start(args, format);
	n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (n >= (int)sizeof text)
		memcpy(text + sizeof text - 4, "...", 4);
	put_line(level, text);
	errno = saved;
}

void tp_say_error(const struct tp_error *err)
{
	put_line(TP_LEVEL_ERROR, err->text);
}
