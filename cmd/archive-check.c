/*
 * archive-check: is every byte of the archive what it was? See archive-check(1).
 */
#include <inttypes.h>

#include "archive/check.h"
#include "base/diag.h"
#include "base/json.h"
#include "base/tool.h"
#include "base/units.h"
#include "base/utf8.h"
#include "disc/check.h"

static struct {
	bool rebuild, json;
	const char *sample;
} opt;

static const struct tp_option options[] = {
	{ 'a', "archive", "ARCHIVE", .key = "archive.path", .help = "folder of the archive" },
	{ 's', "sample", "PERCENT", .string = &opt.sample,
		.help = "look into so many of the contents, chosen at random (else all)" },
	{ 'R', "rebuild", NULL, .flag = &opt.rebuild,
		.help = "clear up and make the index again first" },
	{ 'j', "json", NULL, .flag = &opt.json, .help = "print one JSON object a line" },
	{ .name = NULL },
};

/* Lines are printed file by file, for there may be as many as there are messages, and not while the
 * archive is held: who reads them may take his time. */
struct output {
	struct tp_buf line;
	enum tp_status status;
	struct tp_error err;
};

static void print(struct output *out)
{
	if (!out->line.len && !out->line.status)
		return;
	tp_progress("%s", "");
	if (!out->status)
		out->status = tp_buf_status(&out->line, "line", &out->err);
	if (!out->status)
		out->status = tp_stdout_write(out->line.data, out->line.len, &out->err);
	tp_buf_clear(&out->line);
}

static void fault(void *context, const char *file, const char *id, const char *sentence)
{
	struct output *out = context;

	if (opt.json) {
		tp_buf_addc(&out->line, '{');
		tp_json_pair(&out->line, "file", file);
		tp_json_pair(&out->line, "id", *id ? id : NULL);
		tp_json_pair(&out->line, "fault", sentence);
		tp_buf_adds(&out->line, "}\n");
	} else {
		tp_buf_addf(&out->line, "%s\t%s\t", file, *id ? id : "-");
		tp_text_scrub(sentence, strlen(sentence), &out->line);
		tp_buf_addc(&out->line, '\n');
	}
}

static void progress(void *context, uint64_t done_bytes, uint64_t all_bytes)
{
	print(context);
	tp_progress("%" PRIu64 " of %" PRIu64 " MiB", done_bytes >> 20, all_bytes >> 20);
}

static void sum_up_json(const struct tp_check_count *count, struct tp_buf *out)
{
	tp_buf_addc(out, '{');
	tp_json_pair_bool(out, "well", !count->faults);
	tp_json_pair_int(out, "messages", (int64_t)count->messages);
	tp_json_pair_int(out, "erased", (int64_t)count->erased);
	tp_json_pair_int(out, "packs", (int64_t)count->packs);
	tp_json_pair_int(out, "journals", (int64_t)count->journals);
	tp_json_pair_int(out, "discs", (int64_t)count->discs);
	tp_json_pair_int(out, "events", (int64_t)count->events);
	tp_json_pair_int(out, "bytes", (int64_t)count->bytes);
	tp_json_pair_int(out, "torn_bytes", (int64_t)count->torn);
	tp_json_pair_int(out, "set_aside", (int64_t)count->aside);
	tp_json_pair_int(out, "faults", (int64_t)count->faults);
	tp_json_pair_int(out, "touched", (int64_t)count->touched);
	tp_buf_adds(out, "}\n");
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void sum_up(const struct tp_check_count *count, struct tp_buf *out)
{
	tp_buf_addf(out, "%" PRIu64 " message%s in %" PRIu64 " pack%s and %" PRIu64 " journal%s, ",
		count->messages, plural(count->messages), count->packs, plural(count->packs),
		count->journals, plural(count->journals));
	if (count->discs)
		tp_buf_addf(out, "%" PRIu64 " disc%s, ", count->discs, plural(count->discs));
	tp_buf_addf(out, "%" PRIu64 " event%s: ", count->events, plural(count->events));
	if (count->aside)
		tp_buf_addf(out, "%" PRIu64 " damaged range%s set aside in damaged/; ",
			count->aside, plural(count->aside));
	if (count->torn)
		tp_buf_addf(out, "%" PRIu64 " torn byte%s at the end of journals; ", count->torn,
			plural(count->torn));
	if (!count->faults)
		tp_buf_adds(out, "all is well\n");
	else
		tp_buf_addf(out, "%" PRIu64 " fault%s, %" PRIu64 " with a message's name\n",
			count->faults, plural(count->faults), count->touched);
}

static void set_aside(void *context, const char *sentence)
{
	(void)context;
	tp_warn("%s", sentence);
}

/* What no rebuild can mend is told, and once more by the check that follows. */
static enum tp_status rebuild(struct tp_archive *archive, struct tp_error *err)
{
	struct tp_salvage salvage = { .kept = set_aside };
	struct tp_rebuild_count count;
	enum tp_status status = tp_check_rebuild(archive, &salvage, &count, err);

	if (status == TP_DATA) {
		tp_warn("%s", err->text);
		status = TP_OK;
	}
	if (!status)
		tp_notice("%" PRIu64 " index segment%s made, %" PRIu64 " unused attachment%s "
			  "removed",
			count.segments, plural(count.segments), count.orphans,
			plural(count.orphans));
	return status;
}

static enum tp_status check(
	struct tp_archive *archive, unsigned percent, struct tp_run *run, struct tp_error *err)
{
	struct output out = { .line = TP_BUF_INIT((size_t)1 << 30) };
	struct tp_check check = {
		.percent = percent, .context = &out, .fault = fault, .progress = progress
	};
	enum tp_status status = tp_check_run(archive, &check, err), discs = TP_OK;

	if (!status || (status == TP_DATA && check.count.faults)) {
		discs = tp_disc_check(archive, &check, err);
		status = status && !discs ? status : discs;
	}
	print(&out);
	tp_progress("%s", "");
	if (!status || check.count.faults) {
		run->exit_code = tp_status_exit_code(status);
		status = TP_OK;
		if (opt.json)
			sum_up_json(&check.count, &out.line);
		else if (check.count.faults || !tp_diag_quiet())
			sum_up(&check.count, &out.line);
		print(&out);
	}
	tp_buf_release(&out.line);
	if (!status && out.status)
		status = tp_fail(err, out.status, "%s", out.err.text);
	return status;
}

static enum tp_status parse_percent(const char *text, unsigned *percent, struct tp_error *err)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || (*end && strcmp(end, "%")) || *text == '-' || value > 100)
		return tp_fail(err, TP_USAGE, "--sample: '%s' is no percentage", text);
	*percent = (unsigned)value;
	return TP_OK;
}

static enum tp_status run(struct tp_run *run, struct tp_error *err)
{
	struct tp_archive *archive = NULL;
	unsigned percent = 100;
	enum tp_status status = TP_OK;

	if (opt.sample)
		status = parse_percent(opt.sample, &percent, err);
	if (!status)
		status = tp_archive_open(run->conf, NULL, false, &archive, err);
	if (!status && opt.rebuild)
		status = rebuild(archive, err);
	if (!status)
		status = check(archive, percent, run, err);
	tp_archive_close(archive);
	return status;
}

int main(int argc, char **argv)
{
	static const struct tp_tool tool = {
		.name = "archive-check",
		.summary = "verify every byte of the archive",
		.operands = "",
		.reports = true,
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
