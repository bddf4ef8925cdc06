/*
 * Diagnostics: `tool: what failed: why`, one line, to stderr, syslog or a file.
 *
 * When stdout and stderr are the same pipe, socket or file (Exim's transport filters), a line on
 * stderr would end up inside the mail: then syslog takes its place by itself, and descriptor 2
 * leads nowhere, so that no library and no child can write there either. Lines are scrubbed: what a
 * sender wrote cannot move a cursor or forge a second line. Only `cmd` and base/tool.c speak
 * through this; libraries return errors, and notes through the few calls below.
 */
#ifndef TP_BASE_DIAG_H
#define TP_BASE_DIAG_H

#include "base/error.h"

enum tp_level {
	TP_LEVEL_ERROR,   /* why the exit is not 0 */
	TP_LEVEL_WARNING, /* done, but somebody should look */
	TP_LEVEL_NOTICE, /* what was decided, a line a decision: shown in logs, on stderr with -v */
	TP_LEVEL_TRACE,  /* TUBEPOST_TRACE=1 */
};

/* First call of every main. `tool` is borrowed for ever. `reports`: stdout is read by people and never part
 * of a mail; both may go the same way then, as in cron's mails. */
void tp_diag_init(const char *tool, bool reports);

/* `stderr`, `syslog`, or the path of a file to append to (made with mode 0640). */
enum tp_status tp_diag_open(const char *destination, struct tp_error *err);

/* -1 for --quiet (errors only), 0, 1 for --verbose. */
void tp_diag_verbosity(int verbosity);
bool tp_diag_quiet(void);

void tp_say(enum tp_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define tp_warn(...)   tp_say(TP_LEVEL_WARNING, __VA_ARGS__)
#define tp_notice(...) tp_say(TP_LEVEL_NOTICE, __VA_ARGS__)
#define tp_trace(...)  tp_say(TP_LEVEL_TRACE, __VA_ARGS__)

/* A line of progress, overwritten by the next and by whatever else is said; "" clears it. Shown only
 * where stderr is a terminal that lines go to, and nobody asked for quiet. */
void tp_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The error as the tool's last word. */
void tp_say_error(const struct tp_error *err);

#endif
