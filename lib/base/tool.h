/*
 * What every main shares: options and their --help, configuration, diagnostics, the message on
 * stdin, all-or-nothing output, exit codes.
 *
 * A tool that carries mail reads all of stdin before anything else, exits 0 or 75 (or what `run`
 * asked for through run->exit_code), never 0 with nothing on stdout and, under --on-error=pass,
 * gives the message back unchanged instead of failing. What it prints goes through run->out and
 * reaches stdout only when `run` has returned TP_OK, so a failure never leaves half a mail behind.
 */
#ifndef TP_BASE_TOOL_H
#define TP_BASE_TOOL_H

#include "base/buf.h"
#include "base/conf.h"
#include "base/spool.h"
#include "base/strings.h"

/* One row of a tool's table; exactly one of key, flag, string, list says where the value goes. */
struct tp_option {
	char letter;      /* 0: none */
	const char *name; /* long name; NULL ends the table */
	const char *arg;  /* placeholder in capitals; NULL: takes no argument */
	const char *key;  /* configuration key it sets (a flag sets it to `yes`) */
	bool *flag;
	const char **string;
	struct tp_strings *list;
	const char *help; /* begins lower case, no full stop */
};

struct tp_run {
	const struct tp_tool *tool;
	struct tp_conf *conf;
	int argc; /* operands */
	char **argv;
	struct tp_spool message; /* carries_mail: what came on stdin */
	struct tp_buf text; /* what `run` prints (lists, URLs): written when it returns TP_OK */
	int exit_code;      /* overrides the exit code of TP_OK when not 0 */
};

struct tp_tool {
	const char *name;
	const char *summary;  /* one line, lower case */
	const char *operands; /* as in the synopsis: "[FILE...]", or "" */
	int max_operands;     /* -1: any number */
	bool carries_mail;
	const char
		*instead; /* carries_mail: options that name the mail ("mbox maildir"; NULL: none).
				With one of them stdin is left alone and exit codes are as in tools
				that do not carry mail */
	const char
		*verdict; /* carries_mail: the line (with its end) that --on-error=pass prints, for
				a tool that judges the mail and does not hand it on. The mail may be
				empty then, and is not waited for on a terminal */
	bool takes_empty; /* carries_mail: a mail of 0 bytes is one; it comes out as such */
	size_t header_max; /* carries_mail: only the header is wanted, and at most so much of it; 0: all */
	bool no_language; /* no columns for people, no library that asks for the language: the locale,
			     a tenth of what a short run takes, is left alone */
	bool reports;     /* what it prints is for people alone: see tp_diag_init */
	const char *on_error_key; /* a key of its own that --on-error sets as well; NULL: none */
	const struct tp_option *options;
	enum tp_status (*run)(struct tp_run *run, struct tp_error *err);
};

/* Everything from argv to the exit code. Common to all: -h --help, --version, -q --quiet,
 * -v --verbose, -c --config FILE, --log DEST; --on-error defer|pass for those that carry mail. */
int tp_tool_main(const struct tp_tool *tool, int argc, char **argv);

/* Writes bytes of the final output to stdout. Only after everything is certain: what follows a
 * first call may fail for no other reason than stdout itself. */
enum tp_status tp_stdout_write(const void *bytes, size_t len, struct tp_error *err);

/* True when stdout is a terminal: columns for people rather than tabs for programs. */
bool tp_stdout_is_terminal(void);

#endif
