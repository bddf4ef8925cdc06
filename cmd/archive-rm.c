/*
 * archive-rm: erase mail for good. See archive-rm(1).
 */
#include <sysexits.h>
#include <unistd.h>

#include "archive/erase.h"
#include "archive/record.h"
#include "base/diag.h"
#include "base/spool.h"
#include "base/tool.h"

static struct {
	const char *reason;
	bool damaged;
} opt;

static const struct tp_option options[] = {
	{ 'a', "archive", "ARCHIVE", .key = "archive.path", .help = "folder of the archive" },
	{ 'r', "reason", "TEXT", .string = &opt.reason, .help = "why, for the event log" },
	{ 0, "damaged", NULL, .flag = &opt.damaged,
		.help = "where damage hides which mail it is, all that it may be" },
	{ 0, "actor", "NAME", .key = "archive.actor",
		.help = "on whose behalf, for the event log" },
	{ .name = NULL },
};

static enum tp_status add_id(struct tp_strings *ids, const char *text, struct tp_error *err)
{
	char id[TP_ID_LEN + 1];

	if (!tp_id_normalize(text, id))
		return tp_fail(err, TP_USAGE, "'%s' is no id", text);
	return tp_strings_add(ids, id, err);
}

/* Ids in lines, or parted by NUL or any white space. */
static enum tp_status read_ids(struct tp_strings *ids, struct tp_error *err)
{
	struct tp_spool list = TP_SPOOL_INIT;
	struct tp_buf word = TP_BUF_INIT(1024);
	enum tp_status status = tp_spool_read(&list, STDIN_FILENO, err);

	for (size_t i = 0; !status && i <= list.len; i++) {
		char byte = i < list.len ? list.data[i] : '\n';

		if (byte && !strchr(" \t\r\n", byte)) {
			tp_buf_addc(&word, byte);
			continue;
		}
		status = tp_buf_status(&word, "id", err);
		if (!status && word.len)
			status = add_id(ids, word.data, err);
		tp_buf_clear(&word);
	}
	tp_buf_release(&word);
	tp_spool_release(&list);
	return status;
}

static enum tp_status run(struct tp_run *run, struct tp_error *err)
{
	const char *actor = tp_conf_str(run->conf, "archive.actor");
	struct tp_strings ids = TP_STRINGS_INIT;
	struct tp_archive *archive = NULL;
	enum tp_status status = TP_OK;
	size_t erased = 0;

	if (!run->argc)
		return tp_fail(err, TP_USAGE, "no id given");
	for (int i = 0; !status && i < run->argc; i++)
		status = strcmp(run->argv[i], "-") ? add_id(&ids, run->argv[i], err)
						   : read_ids(&ids, err);
	if (!status)
		status = tp_archive_open(run->conf, NULL, false, &archive, err);
	if (!status)
		status = tp_erase(archive, (const char *const *)ids.list, ids.count, actor,
			opt.reason, opt.damaged, &erased, err);
	if (status == TP_NOTHING) {
		tp_warn("%s", err->text);
		run->exit_code = tp_status_exit_code(TP_NOTHING);
		status = TP_OK;
	}
	if (!status)
		tp_notice("%zu erased", erased);
	tp_archive_close(archive);
	tp_strings_release(&ids);
	return status;
}

int main(int argc, char **argv)
{
	static const struct tp_tool tool = {
		.name = "archive-rm",
		.summary = "erase mail from the archive for good",
		.operands = "ID...|-",
		.max_operands = -1,
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
