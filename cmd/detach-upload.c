/*
 * detach-upload: past a threshold, upload a mail's attachments and leave stubs in their place.
 *
 * RFC 5322 on stdin and stdout. Below the threshold, and whenever nothing may leave, the output is
 * the input to the byte. See detach-upload(1).
 */
#include "base/clock.h"
#include "base/diag.h"
#include "base/tool.h"
#include "drop/detach.h"
#include "drop/expiry.h"
#include "drop/plan.h"
#include "drop/uploader.h"

#define EXIT_DIVERTED 99  /* the service has the mail: nothing to pass on */
#define LINES_MAX     100 /* of the log, about parts that stay */

static struct {
	bool dry_run, divert, json;
	const char *sender;
	struct tp_strings rcpts;
} opt;

static const struct tp_option options[] = {
	{ 0, "over", "SIZE", .key = "detach.over",
		.help = "act when the attachments weigh more than this" },
	{ 0, "fit", "SIZE", .key = "detach.fit",
		.help = "let the fewest leave, largest first, until the mail is this small" },
	{ 0, "part-over", "SIZE", .key = "detach.part_over",
		.help = "let only attachments leave that are larger than this" },
	{ 0, "only", "PATTERN", .key = "detach.only",
		.help = "let only these names or types leave (may be repeated)" },
	{ 0, "except", "PATTERN", .key = "detach.except",
		.help = "keep these names or types (may be repeated)" },
	{ 0, "store", "STORE", .key = "drop.store",
		.help = "dir:PATH, webdav+https://..., s3://BUCKET/PREFIX or recipe:NAME" },
	{ 0, "base-url", "URL", .key = "drop.base_url", .help = "where the store is published" },
	{ 0, "expire", "DURATION", .key = "drop.expire", .help = "life of the links" },
	{ 0, "uploader", "COMMAND", .key = "detach.uploader",
		.help = "upload with this command instead of drop-put" },
	{ 0, "jobs", "N", .key = "detach.jobs", .help = "uploads at once" },
	{ 0, "deadline", "DURATION", .key = "detach.deadline", .help = "time for all uploads" },
	{ 0, "signed", "skip|wrap", .key = "detach.signed",
		.help = "signed mail: leave it alone, or upload it whole" },
	{ 0, "sender", "ADDRESS", .string = &opt.sender, .help = "envelope sender" },
	{ 0, "rcpt", "ADDRESS", .list = &opt.rcpts,
		.help = "envelope recipient (may be repeated)" },
	{ 0, "divert", NULL, .flag = &opt.divert,
		.help = "let the service send the mail: exit 99, nothing on stdout" },
	{ 'n', "dry-run", NULL, .flag = &opt.dry_run,
		.help = "print what would be done with every part, upload nothing" },
	{ 0, "json", NULL, .flag = &opt.json, .help = "with --dry-run: an object a line" },
	{ .name = NULL },
};

/* Uploads, then writes the mail with its stubs, or hands it to the service. */
static enum tp_status detach(struct tp_run *run, struct tp_detach *job, struct tp_error *err)
{
	struct tp_spool result = TP_SPOOL_INIT;
	enum tp_status status = tp_detach_envelope(job, opt.sender, &opt.rcpts, err);

	if (!status)
		status = tp_detach_upload(job, err);
	if (!status && opt.divert && tp_detach_may_divert(job)) {
		status = tp_detach_divert(job, err);
		run->exit_code = EXIT_DIVERTED;
	} else if (!status) {
		status = tp_detach_rewrite(job, &result, err);
		if (!status)
			status = tp_stdout_write(result.data, result.len, err);
		tp_spool_release(&result);
	}
	tp_detach_release(job);
	return status;
}

/* Why nothing leaves; or a line for every attachment that stays, for as many as anybody reads. */
static void log_decisions(const struct tp_plan *plan, const struct tp_tree *tree)
{
	struct tp_buf path = TP_BUF_INIT(1u << 16);
	size_t said = 0;

	if (!plan->leaving)
		tp_notice("nothing leaves: %s", plan->reason);
	for (size_t i = 0; i < plan->count && said < LINES_MAX; i++) {
		const struct tp_plan_item *item = &plan->items[i];

		if (item->decision != TP_STAYS || item->role == TP_ROLE_BODY ||
			item->reason == plan->reason)
			continue;
		tp_buf_clear(&path);
		tp_tree_name(tree, item->part, &path);
		tp_notice("part %.100s stays: %s", tp_buf_str(&path), item->reason);
		said++;
	}
	if (said == LINES_MAX)
		tp_notice("(and perhaps more)");
	tp_buf_release(&path);
}

static enum tp_status print_plan(struct tp_run *run, const struct tp_tree *tree,
	const struct tp_plan *plan, struct tp_error *err)
{
	if (opt.json)
		return tp_plan_print_json(plan, tree, &run->text, err);
	return tp_plan_print(plan, tree, tp_stdout_is_terminal(), &run->text, err);
}

static enum tp_status act(struct tp_run *run, const struct tp_tree *tree,
	const struct tp_plan *plan, struct tp_error *err)
{
	struct tp_detach job = { .conf = run->conf,
		.data = run->message.data,
		.len = run->message.len,
		.tree = tree,
		.plan = plan };

	if (opt.dry_run)
		return print_plan(run, tree, plan, err);
	log_decisions(plan, tree);
	if (!plan->leaving)
		return tp_stdout_write(run->message.data, run->message.len, err);
	job.until_ms = tp_monotonic_ms() + tp_conf_seconds(run->conf, "detach.deadline") * 1000;
	return detach(run, &job, err);
}

/* Settings that could only fail once a heavy mail comes are refused with the first mail. */
static enum tp_status check_settings(const struct tp_conf *conf, struct tp_error *err)
{
	enum tp_status status = tp_expiry_check(conf, tp_conf_seconds(conf, "drop.expire"), err);

	if (status)
		return tp_conf_fail(conf, "drop.expire", err, "%s", err->text);
	if (tp_conf_seconds(conf, "detach.deadline") <= 0)
		return tp_conf_fail(conf, "detach.deadline", err, "no time at all");
	if (opt.json && !opt.dry_run)
		return tp_fail(err, TP_USAGE, "--json: goes with --dry-run only");
	/* The header does not name those of Bcc, and names those of other deliveries. */
	if (opt.divert && !opt.rcpts.count)
		return tp_fail(err, TP_USAGE, "--divert: needs the envelope's recipients (--rcpt)");
	return tp_uploader_check(conf, err);
}

static enum tp_status run(struct tp_run *run, struct tp_error *err)
{
	struct tp_tree tree = { .parts = NULL };
	struct tp_plan_rules rules;
	struct tp_plan plan;
	enum tp_status status = tp_plan_rules_read(run->conf, &rules, err);

	rules.name_all = opt.dry_run;
	if (!status)
		status = check_settings(run->conf, err);
	if (status)
		goto out;
	status = tp_tree_scan(
		&tree, run->message.data, run->message.len, &tp_tree_default_limits, err);
	if (status == TP_LIMIT && !opt.dry_run) {
		/* No mail that people write: making it wait would only make it come back. */
		tp_warn("passed unchanged: %s", err->text);
		status = tp_stdout_write(run->message.data, run->message.len, err);
		goto out;
	}
	if (!status)
		status = tp_plan_make(
			&tree, run->message.data, run->message.len, &rules, &plan, err);
	if (status)
		goto out;
	status = act(run, &tree, &plan, err);
	tp_plan_release(&plan);
out:
	tp_tree_release(&tree);
	tp_plan_rules_release(&rules);
	tp_strings_release(&opt.rcpts);
	return status;
}

int main(int argc, char **argv)
{
	static const struct tp_tool tool = {
		.name = "detach-upload",
		.summary = "upload heavy attachments, leave stubs in the mail",
		.operands = "",
		.carries_mail = true,
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
