/*
 * Command lines: GNU long options from a table, and the --help made of the same table, so that the
 * two cannot disagree. Parsing collects first and applies later, because configuration (which
 * --config names) must be loaded before options may override it.
 */
#ifndef TP_BASE_OPT_H
#define TP_BASE_OPT_H

#include "base/tool.h"

/* An option as it was met. */
struct tp_opt_use {
	const struct tp_option *option;
	const char *value; /* NULL for a flag; borrowed from argv */
};

struct tp_opt_line {
	struct tp_opt_use *uses;
	size_t count;
	char **operands; /* borrowed from argv, which is reordered */
	int operand_count;
};

/* What base/tool.c itself understands in every tool. */
struct tp_opt_common {
	bool help, version, quiet, verbose;
	const char *config, *log, *on_error;
};

/* Reads argv by the tool's table and the common one. TP_USAGE: unknown or ambiguous option, missing
 * or unwanted argument, too many operands; it reads on after the first mistake (which is the one
 * reported), so that --on-error and --log count wherever they stand. `line` must be released in any
 * case. */
enum tp_status tp_opt_parse(const struct tp_tool *tool, int argc, char **argv,
	struct tp_opt_line *line, struct tp_opt_common *common, struct tp_error *err);
void tp_opt_release(struct tp_opt_line *line);

/* Puts the values where the table says: variables, lists, configuration keys. */
enum tp_status tp_opt_apply(
	const struct tp_opt_line *line, struct tp_conf *conf, struct tp_error *err);

/* Appends the synopsis (one line), or all of --help. */
bool tp_opt_synopsis(const struct tp_tool *tool, struct tp_buf *out);
bool tp_opt_help(const struct tp_tool *tool, struct tp_buf *out);

#endif
