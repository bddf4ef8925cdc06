/*
 * archive-put: keep a mail, or many; compressed, fsynced, the way back proven. See archive-put(1).
 *
 * A filter for one mail on stdin, which exits 0 or 75 only; with --maildir, --mbox or --files0-from an
 * importer that may be killed and run again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "archive/bulk.h"
#include "archive/put_seal.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/tool.h"
#include "base/units.h"

#define RATE_MS 250 /* between two lines of progress */

static struct {
	bool tee, skip_spam, list, mboxo;
	const char *sender, *received, *files0;
	struct tp_strings rcpts, maildirs, mboxes;
} opt;

static const struct tp_option options[] = {
	{ 'a', "archive", "ARCHIVE", .key = "archive.path", .help = "folder of the archive" },
	{ 0, "tee", NULL, .flag = &opt.tee, .help = "print the mail itself, not its id" },
	{ 0, "sender", "ADDRESS", .string = &opt.sender,
		.help = "envelope sender (else Return-Path)" },
	{ 0, "rcpt", "ADDRESS", .list = &opt.rcpts,
		.help = "envelope recipient (may be repeated; else Delivered-To and the like)" },
	{ 0, "received", "DATE", .string = &opt.received, .help = "arrival (else now)" },
	{ 0, "actor", "NAME", .key = "archive.actor", .help = "on whose behalf, for the record" },
	{ 0, "skip-spam", NULL, .flag = &opt.skip_spam,
		.help = "leave out what its header calls spam" },
	{ 0, "maildir", "DIR", .list = &opt.maildirs,
		.help = "import a Maildir (may be repeated)" },
	{ 0, "mbox", "FILE", .list = &opt.mboxes, .help = "import an mbox file (may be repeated)" },
	{ 0, "mboxo", NULL, .flag = &opt.mboxo,
		.help = "leave the `>` before `From ` in mbox files" },
	{ 0, "files0-from", "FILE", .string = &opt.files0,
		.help = "import the files named in FILE, each name ended by a NUL" },
	{ 0, "list", NULL, .flag = &opt.list, .help = "print id and name of each imported mail" },
	{ .name = NULL },
};

/* `<a@b>` is how mail programs write an address that is a@b. */
static void strip_brackets(struct tp_buf *out, const char *address)
{
	size_t len = strlen(address);

	if (len >= 2 && address[0] == '<' && address[len - 1] == '>')
		tp_buf_add(out, address + 1, len - 2);
	else
		tp_buf_adds(out, address);
}

/* What the options say of every mail. */
struct job {
	struct tp_archive *archive;
	struct tp_spam_rules *spam;
	struct tp_buf sender;
	struct tp_strings rcpts;
	int64_t arrival_ms;
	bool dated; /* --received says so */
	const char *actor;
};

static enum tp_status read_envelope(struct job *job, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (opt.sender)
		strip_brackets(&job->sender, opt.sender);
	for (size_t i = 0; !status && i < opt.rcpts.count; i++) {
		struct tp_buf rcpt = TP_BUF_INIT(1 << 20);

		strip_brackets(&rcpt, opt.rcpts.list[i]);
		status = tp_buf_status(&rcpt, "--rcpt", err);
		if (!status)
			status = tp_strings_add(&job->rcpts, tp_buf_str(&rcpt), err);
		tp_buf_release(&rcpt);
	}
	return status ? status : tp_buf_status(&job->sender, "--sender", err);
}

static enum tp_status begin(struct job *job, struct tp_run *run, struct tp_error *err)
{
	int64_t seconds;
	enum tp_status status = TP_OK;

	tp_buf_init(&job->sender, 1 << 20);
	if (opt.received) {
		status = tp_date_parse(opt.received, &seconds, err);
		if (status)
			return tp_error_prefix(err, "--received");
		job->arrival_ms = seconds * 1000;
		job->dated = true;
	}
	job->actor = tp_conf_str(run->conf, "archive.actor");
	status = read_envelope(job, err);
	if (!status)
		status = tp_archive_open(run->conf, NULL, true, &job->archive, err);
	if (!status && opt.skip_spam)
		status = tp_spam_rules_new(&job->archive->settings.skip, &job->spam, err);
	return status;
}

static void end(struct job *job, struct tp_run *run)
{
	if (job->archive && tp_put_wants_seal(job->archive))
		tp_put_seal_later(job->archive, tp_conf_file(run->conf));
	tp_archive_close(job->archive);
	tp_spam_rules_free(job->spam);
	tp_buf_release(&job->sender);
	tp_strings_release(&job->rcpts);
}

/* --- one mail --------------------------------------------------------------------------------- */

static enum tp_status put_one(const struct job *job, struct tp_run *run, struct tp_error *err)
{
	struct tp_put_request request = { .data = run->message.data,
		.len = run->message.len,
		.sender = opt.sender ? tp_buf_str(&job->sender) : NULL,
		.rcpts = &job->rcpts,
		.arrival_ms = job->arrival_ms,
		.dated = job->dated,
		.actor = job->actor };
	const char *why = job->spam ? tp_spam_why(job->spam, request.data, request.len) : NULL;
	struct tp_put_result result = { .id = "-" };
	enum tp_status status = TP_OK;

	if (!why)
		status = tp_put(job->archive, &request, &result, err);
	if (status)
		return status;
	if (*result.damaged)
		tp_warn("%s: was stored already and is damaged (archive-check says how); stored "
			"again",
			result.damaged);
	if (why)
		tp_notice("not stored: spam by its %s", why);
	else if (result.known)
		tp_notice("%s: was stored already", result.id);
	else
		tp_notice("%s: stored, %" PRIu64 " bytes for %zu", result.id, result.stored_bytes,
			request.len);
	if (opt.tee)
		return tp_stdout_write(request.data, request.len, err);
	tp_buf_addf(&run->text, "%s\n", result.id);
	return TP_OK;
}

/* --- many ------------------------------------------------------------------------------------- */

struct shown {
	struct tp_archive *archive;
	const char *config;
	int64_t began_ms, last_ms;
	uint64_t mails;
};

static uint64_t per_second(uint64_t mails, int64_t ms)
{
	return mails * 1000 / (uint64_t)(ms > 0 ? ms : 1);
}

static enum tp_status show(void *context, const struct tp_bulk_count *count,
	const struct tp_buf *said, struct tp_error *err)
{
	struct shown *shown = context;
	int64_t now = tp_monotonic_ms();

	shown->mails = count->stored + count->known + count->skipped;
	if (now - shown->last_ms >= RATE_MS) {
		tp_progress("%" PRIu64 " mails, %" PRIu64 " a second", shown->mails,
			per_second(shown->mails, now - shown->began_ms));
		shown->last_ms = now;
	}
	/* So that an import of years does not need the room of all its journals. */
	if (tp_put_wants_seal(shown->archive))
		tp_put_seal_later(shown->archive, shown->config);
	return opt.list && said->len ? tp_stdout_write(said->data, said->len, err) : TP_OK;
}

static enum tp_status import_all(struct tp_bulk *bulk, struct tp_error *err)
{
	struct tp_import import = { .context = bulk,
		.mail = tp_bulk_mail,
		.unreadable = tp_bulk_unreadable,
		.waiting = tp_bulk_rest,
		.mboxrd = !opt.mboxo };
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < opt.maildirs.count; i++)
		status = tp_import_maildir(opt.maildirs.list[i], &import, err);
	for (size_t i = 0; !status && i < opt.mboxes.count; i++)
		status = tp_import_mbox(opt.mboxes.list[i], &import, err);
	if (!status && opt.files0)
		status = tp_import_files0(opt.files0, &import, err);
	return status;
}

static enum tp_status tell_failures(struct tp_bulk *bulk, struct tp_error *err)
{
	struct tp_spool list;
	enum tp_status status = tp_spooler_finish(&bulk->failures, &list, err);
	const char *end;

	for (size_t at = 0; !status && at < list.len; at = (size_t)(end - list.data) + 1) {
		end = memchr(list.data + at, '\n', list.len - at);
		tp_warn("not stored: %.*s", (int)(end - list.data - (ptrdiff_t)at), list.data + at);
	}
	if (!status)
		tp_spool_release(&list);
	return status;
}

static void sum_up(const struct tp_bulk_count *count, const struct shown *shown, struct tp_buf *out)
{
	uint64_t mails = count->stored + count->known + count->skipped;

	tp_buf_addf(out,
		"%" PRIu64 " stored, %" PRIu64 " known, %" PRIu64 " skipped, %" PRIu64
		" not readable; ",
		count->stored, count->known, count->skipped, count->failed);
	tp_size_format(count->bytes, out);
	tp_buf_adds(out, " in ");
	tp_size_format(count->stored_bytes, out);
	tp_buf_addf(out, ", %" PRIu64 " attachments decoded; %" PRIu64 " mails a second\n",
		count->holes, per_second(mails, tp_monotonic_ms() - shown->began_ms));
}

static enum tp_status put_many(const struct job *job, struct tp_run *run, struct tp_error *err)
{
	struct shown shown = { .archive = job->archive,
		.config = tp_conf_file(run->conf),
		.began_ms = tp_monotonic_ms() };
	struct tp_bulk bulk = { .archive = job->archive,
		.spam = job->spam,
		.sender = opt.sender ? tp_buf_str(&job->sender) : NULL,
		.rcpts = &job->rcpts,
		.arrival_ms = job->arrival_ms,
		.dated = job->dated,
		.actor = job->actor,
		.context = &shown,
		.flushed = show };
	struct tp_error late;
	enum tp_status status, flushed, told;

	status = tp_bulk_begin(&bulk, err);
	if (!status)
		status = import_all(&bulk, err);
	flushed = tp_bulk_end(&bulk, status ? &late : err);
	tp_progress("%s", "");
	told = tell_failures(&bulk, status || flushed ? &late : err);
	tp_spooler_release(&bulk.failures);
	if (status || flushed || told) {
		if (bulk.count.stored + bulk.count.known)
			tp_warn("%" PRIu64 " mails are stored; run it again to go on",
				bulk.count.stored + bulk.count.known);
		return status ? status : flushed ? flushed : told;
	}
	if (bulk.count.failed)
		run->exit_code = EX_NOINPUT;
	if (!opt.list && !tp_diag_quiet())
		sum_up(&bulk.count, &shown, &run->text);
	return TP_OK;
}

static enum tp_status run(struct tp_run *run, struct tp_error *err)
{
	bool many = opt.maildirs.count || opt.mboxes.count || opt.files0;
	struct job job = { .archive = NULL };
	enum tp_status status;

	if (many && opt.tee)
		return tp_fail(err, TP_USAGE, "--tee: goes with one mail on stdin");
	if (!many && opt.list)
		return tp_fail(err, TP_USAGE, "--list: goes with an import");
	status = begin(&job, run, err);
	if (!status)
		status = many ? put_many(&job, run, err) : put_one(&job, run, err);
	end(&job, run);
	tp_strings_release(&opt.rcpts);
	tp_strings_release(&opt.maildirs);
	tp_strings_release(&opt.mboxes);
	return status;
}

int main(int argc, char **argv)
{
	static const struct tp_tool tool = {
		.name = "archive-put",
		.summary = "keep a mail in the archive, or import many",
		.operands = "",
		.carries_mail = true,
		.takes_empty = true,
		.instead = "maildir mbox files0-from",
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
