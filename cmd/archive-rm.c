/*
 * archive-rm: erase mail for good. See archive-rm(1).
 */
#include "archive/erase.h"
#include "archive/id_list.h"
#include "base/diag.h"
#include "base/tool.h"
#include "disc/erased.h"

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

static void say_disc(void *context, const struct tp_disc *disc, const struct tp_disc_mail *mail)
{
	tp_warn("%s: it is on disc %s (%s), as %s, where nothing can be erased", mail->id,
		disc->serial, tp_disc_state_word(disc), mail->path);
}

/* Behind the erasing: whoever recorded a disc before is seen, whoever does so now asks for the mail. What
 * cannot be told keeps nobody from having erased. */
static void say_discs(struct tp_archive *archive, const struct tp_strings *ids)
{
	struct tp_error why;

	if (tp_disc_holding(
		    archive, (const char *const *)ids->list, ids->count, say_disc, NULL, &why))
		tp_warn("whether a disc has it cannot be told: %s", why.text);
}

static enum tp_status run(struct tp_run *run, struct tp_error *err)
{
	const char *actor = tp_conf_str(run->conf, "archive.actor");
	struct tp_strings ids = TP_STRINGS_INIT;
	struct tp_archive *archive = NULL;
	enum tp_status status;
	size_t erased = 0;

	if (!run->argc)
		return tp_fail(err, TP_USAGE, "no id given");
	status = tp_id_list_take(&ids, run->argv, run->argc, err);
	if (!status && !ids.count)
		status = tp_fail(err, TP_NOTHING, "no ids");
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
	if (!status && archive)
		say_discs(archive, &ids);
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
		.reports = true,
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
