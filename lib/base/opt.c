/* Command lines by table: see opt.h. */
#include "base/opt.h"

static const struct tp_option config_option = { 'c', "config", "FILE", NULL, NULL, NULL, NULL,
	"read this configuration file" };
static const struct tp_option log_option = { 0, "log", "DEST", NULL, NULL, NULL, NULL,
	"log to stderr, syslog or a file" };
static const struct tp_option on_error_option = { 0, "on-error", "defer|pass", NULL, NULL, NULL,
	NULL, "on failure: defer (exit 75), or pass the mail unchanged" };
static const struct tp_option quiet_option = { 'q', "quiet", NULL, NULL, NULL, NULL, NULL,
	"say errors only" };
static const struct tp_option verbose_option = { 'v', "verbose", NULL, NULL, NULL, NULL, NULL,
	"say every decision" };
static const struct tp_option help_option = { 'h', "help", NULL, NULL, NULL, NULL, NULL,
	"show this help" };
static const struct tp_option version_option = { 0, "version", NULL, NULL, NULL, NULL, NULL,
	"show the version" };

static const struct tp_option *const common_options[] = { &on_error_option, &config_option,
	&log_option, &quiet_option, &verbose_option, &help_option, &version_option };

#define COMMON_COUNT (sizeof common_options / sizeof *common_options)

/* The i-th option of the tool's table and the common ones behind it; NULL past the end. */
static const struct tp_option *option_at(const struct tp_tool *tool, size_t i)
{
	size_t own = 0, skip = tool->carries_mail ? 0 : 1;

	while (tool->options && tool->options[own].name)
		own++;
	if (i < own)
		return &tool->options[i];
	i = i - own + skip;
	return i < COMMON_COUNT ? common_options[i] : NULL;
}

static const struct tp_option *find_long(
	const struct tp_tool *tool, const char *name, size_t len, struct tp_error *err)
{
	const struct tp_option *found = NULL, *second = NULL, *option;

	for (size_t i = 0; (option = option_at(tool, i)); i++) {
		if (strncmp(option->name, name, len))
			continue;
		if (!option->name[len])
			return option;
		if (!found)
			found = option;
		else if (!second)
			second = option;
	}
	if (found && !second && len > 0)
		return found;
	if (found && second && len > 0)
		tp_fail(err, TP_USAGE, "option '--%.*s' may mean --%s or --%s", (int)len, name,
			found->name, second->name);
	else
		tp_fail(err, TP_USAGE, "unknown option '--%.*s' (see --help)", (int)len, name);
	return NULL;
}

static const struct tp_option *find_letter(
	const struct tp_tool *tool, char letter, struct tp_error *err)
{
	const struct tp_option *option;

	for (size_t i = 0; (option = option_at(tool, i)); i++)
		if (option->letter == letter)
			return option;
	tp_fail(err, TP_USAGE, "unknown option '-%c' (see --help)", letter);
	return NULL;
}

/* State of one walk over argv. */
struct walk {
	const struct tp_tool *tool;
	int argc, at;
	char **argv;
	struct tp_opt_line *line;
	struct tp_opt_common *common;
};

static enum tp_status note_use(struct walk *w, const struct tp_option *option, const char *value)
{
	if (option == &help_option)
		w->common->help = true;
	else if (option == &version_option)
		w->common->version = true;
	else if (option == &quiet_option)
		w->common->quiet = true;
	else if (option == &verbose_option)
		w->common->verbose = true;
	else if (option == &config_option)
		w->common->config = value;
	else if (option == &log_option)
		w->common->log = value;
	else if (option == &on_error_option)
		w->common->on_error = value;
	else
		w->line->uses[w->line->count++] = (struct tp_opt_use){ option, value };
	return TP_OK;
}

static enum tp_status take_long(struct walk *w, const char *text, struct tp_error *err)
{
	size_t len = strcspn(text, "=");
	const struct tp_option *option = find_long(w->tool, text, len, err);
	const char *value = text[len] ? text + len + 1 : NULL;

	if (!option)
		return TP_USAGE;
	if (!option->arg && value)
		return tp_fail(err, TP_USAGE, "option '--%s' takes no argument", option->name);
	if (option->arg && !value) {
		if (w->at >= w->argc)
			return tp_fail(
				err, TP_USAGE, "option '--%s' needs %s", option->name, option->arg);
		value = w->argv[w->at++];
	}
	return note_use(w, option, value);
}

static enum tp_status take_letters(struct walk *w, const char *text, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	while (!status && *text) {
		const struct tp_option *option = find_letter(w->tool, *text++, err);
		const char *value = NULL;

		if (!option)
			return TP_USAGE;
		if (option->arg) {
			value = *text ? text : w->at < w->argc ? w->argv[w->at++] : NULL;
			if (!value)
				return tp_fail(err, TP_USAGE, "option '-%c' needs %s",
					option->letter, option->arg);
			text = "";
		}
		status = note_use(w, option, value);
	}
	return status;
}

enum tp_status tp_opt_parse(const struct tp_tool *tool, int argc, char **argv,
	struct tp_opt_line *line, struct tp_opt_common *common, struct tp_error *err)
{
	struct walk w = { tool, argc, 1, argv, line, common };
	struct tp_error later;
	enum tp_status status = TP_OK;
	size_t letters = 0;

	*line = (struct tp_opt_line){ NULL, 0, argv + 1, 0 };
	*common = (struct tp_opt_common){ .config = NULL };
	for (int i = 1; i < argc; i++)
		letters += strlen(argv[i]) + 1;
	line->uses = calloc(letters + 1, sizeof *line->uses);
	if (!line->uses)
		return tp_fail(err, TP_NOMEM, "out of memory");
	while (w.at < argc) {
		struct tp_error *why = status ? &later : err;
		const char *text = argv[w.at++];
		enum tp_status now = TP_OK;

		if (!strcmp(text, "--")) {
			while (w.at < argc)
				line->operands[line->operand_count++] = argv[w.at++];
		} else if (text[0] == '-' && text[1] == '-') {
			now = take_long(&w, text + 2, why);
		} else if (text[0] == '-' && text[1]) {
			now = take_letters(&w, text + 1, why);
		} else {
			line->operands[line->operand_count++] = (char *)text;
		}
		status = status ? status : now;
	}
	if (!status && tool->max_operands >= 0 && line->operand_count > tool->max_operands)
		status = tp_fail(err, TP_USAGE, "unexpected argument '%s'",
			line->operands[tool->max_operands]);
	return status;
}

void tp_opt_release(struct tp_opt_line *line)
{
	free(line->uses);
	line->uses = NULL;
	line->count = 0;
}

enum tp_status tp_opt_apply(
	const struct tp_opt_line *line, struct tp_conf *conf, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < line->count; i++) {
		const struct tp_option *option = line->uses[i].option;
		const char *value = line->uses[i].value;
		char origin[64];

		if (option->flag)
			*option->flag = true;
		if (option->string)
			*option->string = value;
		if (option->list)
			status = tp_strings_add(option->list, value, err);
		if (option->key) {
			snprintf(origin, sizeof origin, "--%s", option->name);
			status = tp_conf_set(conf, option->key, value ? value : "yes", origin, err);
		}
	}
	return status;
}

bool tp_opt_synopsis(const struct tp_tool *tool, struct tp_buf *out)
{
	const struct tp_option *option;

	tp_buf_adds(out, tool->name);
	for (size_t i = 0; (option = option_at(tool, i)); i++)
		tp_buf_addf(out, " [--%s%s%s]", option->name, option->arg ? " " : "",
			option->arg ? option->arg : "");
	if (*tool->operands)
		tp_buf_addf(out, " %s", tool->operands);
	return tp_buf_addc(out, '\n');
}

static const char *default_of(const struct tp_option *option)
{
	for (int i = 0; option->key && option->arg && tp_conf_schema[i].path; i++)
		if (!strcmp(tp_conf_schema[i].path, option->key))
			return tp_conf_schema[i].fallback;
	return NULL;
}

static void help_line(const struct tp_option *option, struct tp_buf *out)
{
	struct tp_buf left = TP_BUF_INIT(256);
	const char *fallback = default_of(option);

	if (option->letter)
		tp_buf_addf(&left, "-%c, ", option->letter);
	else
		tp_buf_adds(&left, "    ");
	tp_buf_addf(&left, "--%s%s%s", option->name, option->arg ? " " : "",
		option->arg ? option->arg : "");
	tp_buf_addf(out, "  %-28s %s", tp_buf_str(&left), option->help);
	if (fallback)
		tp_buf_addf(out, " [%s]", fallback);
	tp_buf_addc(out, '\n');
	tp_buf_release(&left);
}

/* The synopsis in lines of at most 79 columns, broken between its bracketed items. */
static void wrap_synopsis(const struct tp_tool *tool, struct tp_buf *out)
{
	struct tp_buf line = TP_BUF_INIT(65536);
	size_t indent = strlen("usage: ") + strlen(tool->name), column = strlen("usage: ");
	const char *at;

	tp_opt_synopsis(tool, &line);
	tp_buf_adds(out, "usage: ");
	for (at = tp_buf_str(&line); *at && *at != '\n';) {
		size_t len = *at == '[' ? strcspn(at, "]\n") + 1 : strcspn(at, " \n");

		len += strspn(at + len, "].");
		if (column > indent && column + len + 1 > 79) {
			tp_buf_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		}
		if (column > strlen("usage: "))
			tp_buf_addc(out, ' ');
		tp_buf_add(out, at, len);
		column += len + 1;
		at += len;
		at += *at == ' ';
	}
	tp_buf_addc(out, '\n');
	tp_buf_release(&line);
}

bool tp_opt_help(const struct tp_tool *tool, struct tp_buf *out)
{
	const struct tp_option *option;

	wrap_synopsis(tool, out);
	tp_buf_addf(out, "\n%s: %s\n\n", tool->name, tool->summary);
	for (size_t i = 0; (option = option_at(tool, i)); i++)
		help_line(option, out);
	return tp_buf_addf(out, "\nThe whole story: man %s\n", tool->name);
}
