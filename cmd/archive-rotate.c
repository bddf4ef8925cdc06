/*
 * archive-rotate: keep an archive within its size: seal what is full, move the oldest to the cellar,
 * offer discs, erase what nobody wanted. For cron; may be run at any time. See archive-rotate(1).
 */
#include <inttypes.h>

#include "archive/rotate.h"
#include "archive/seal.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/json.h"
#include "base/tool.h"
#include "base/units.h"
#include "disc/keep.h"
#include "disc/settle.h"

static struct {
	bool dry_run, accept, refuse, notice, seal, all, json;
} opt;

static const struct tp_option options[] = {
	{ 'a', "archive", "ARCHIVE", .key = "archive.path", .help = "folder of the archive" },
	{ 'n', "dry-run", NULL, .flag = &opt.dry_run,
		.help = "say what would be done, do nothing" },
	{ 0, "accept", NULL, .flag = &opt.accept,
		.help = "take the offered disc: print the ids for it, the oldest first" },
	{ 0, "refuse", NULL, .flag = &opt.refuse, .help = "do without the offered disc" },
	{ 0, "notice", NULL, .flag = &opt.notice,
		.help = "print a mail about the offered disc for sendmail -t, if one is due" },
	{ 0, "seal", NULL, .flag = &opt.seal, .help = "seal full journals and do nothing else" },
	{ 0, "all", NULL, .flag = &opt.all, .help = "seal journals that are not full, too" },
	{ 0, "actor", "NAME", .key = "archive.actor",
		.help = "on whose behalf, for the event log" },
	{ 'j', "json", NULL, .flag = &opt.json, .help = "print the report as one JSON object" },
	{ .name = NULL },
};

/* --- the report ------------------------------------------------------------------------------- */

static const char *const offers[] = { [TP_OFFER_NONE] = "none",
	[TP_OFFER_OPEN] = "open",
	[TP_OFFER_ACCEPTED] = "accepted",
	[TP_OFFER_REFUSED] = "refused" };

/* What was done, and what stands now. */
struct report {
	const struct tp_archive *archive;
	struct tp_seal_report sealed;
	struct tp_rotation rotation;
	struct tp_disc_keep *keep;
};

/* The discs that somebody has to attend to before the cellar has room. */
static void add_kept_json(const struct report *report, struct tp_buf *out)
{
	const struct tp_disc *disc;

	tp_json_pair_int(out, "kept_messages", (int64_t)report->rotation.kept);
	tp_json_key(out, "kept_discs");
	tp_buf_addc(out, '[');
	for (size_t i = 0; (disc = tp_disc_keep_at(report->keep, i)); i++) {
		if (i)
			tp_buf_addc(out, ',');
		tp_json_string(out, disc->serial, TP_SERIAL_LEN);
	}
	tp_buf_addc(out, ']');
}

static void add_kept(const struct report *report, struct tp_buf *out)
{
	const struct tp_archive *archive = report->archive;
	const struct tp_disc *disc;

	tp_buf_addf(out, "%" PRIu64 " messages that are on discs, until these are %s: ",
		report->rotation.kept, archive->settings.after);
	for (size_t i = 0; (disc = tp_disc_keep_at(report->keep, i)); i++)
		tp_buf_addf(out, "%s%s (%s%s)", i ? ", " : "", disc->serial,
			tp_disc_state_word(disc),
			tp_disc_is_good(archive, disc)
				? "; others of the same packs are on no such disc"
				: "");
}

static void print_json(const struct report *report, struct tp_buf *out)
{
	const struct tp_seal_report *sealed = &report->sealed;
	const struct tp_rotation *rotation = &report->rotation;

	tp_buf_addc(out, '{');
	tp_json_pair_int(out, "sealed_messages", (int64_t)sealed->messages);
	tp_json_pair_int(out, "sealed_packs", sealed->packs);
	tp_json_pair_int(out, "moved_packs", rotation->moved);
	tp_json_pair_int(out, "erased_messages", (int64_t)rotation->erased);
	tp_json_pair_int(out, "unused_attachments", (int64_t)rotation->orphans);
	tp_json_pair_int(out, "online_bytes", (int64_t)rotation->online_bytes);
	tp_json_pair_int(out, "cellar_bytes", (int64_t)rotation->cellar_bytes);
	tp_json_pair_int(out, "journal_bytes", (int64_t)rotation->journal_bytes);
	tp_json_pair_int(out, "over_bytes", (int64_t)rotation->over_bytes);
	add_kept_json(report, out);
	tp_json_pair(out, "offer", offers[rotation->offer]);
	tp_json_pair_int(out, "offer_messages", (int64_t)rotation->offer_messages);
	tp_json_pair_int(out, "offer_bytes", (int64_t)rotation->offer_bytes);
	tp_json_pair_int(out, "answer_until", rotation->answer_until);
	tp_json_pair_bool(out, "notice_due", rotation->notice_due);
	tp_buf_adds(out, "}\n");
}

static const char *why_kept(const struct tp_rotation *rotation)
{
	if (!rotation->may_erase)
		return "kept, for archive.yaml says no size";
	if (rotation->kept)
		return "kept until the discs that have its mails are confirmed";
	switch (rotation->offer) {
	case TP_OFFER_OPEN:
		return rotation->answer_until ? "kept until the offer is answered, or has waited"
					      : "kept until somebody was told of the offer";
	case TP_OFFER_ACCEPTED:
		return "kept until the disc that was accepted has taken its mails";
	default:
		return "kept until it was offered";
	}
}

/* Sealing comes before the rest, and a dry run does not seal. */
static void print_unsealed(const struct tp_rotation *rotation, struct tp_buf *out)
{
	if (!opt.dry_run || !rotation->journal_bytes)
		return;
	tp_buf_adds(out, "unsealed\t");
	tp_size_format(rotation->journal_bytes, out);
	tp_buf_adds(out, " in journals: what sealing them would move is not in this\n");
}

static void print_text(const struct report *report, struct tp_buf *out)
{
	const struct tp_seal_report *sealed = &report->sealed;
	const struct tp_rotation *rotation = &report->rotation;

	tp_buf_addf(
		out, "sealed\t%" PRIu64 " messages in %u packs\n", sealed->messages, sealed->packs);
	tp_buf_addf(out, "moved\t%u packs to the cellar\n", rotation->moved);
	tp_buf_addf(out, "erased\t%" PRIu64 " messages\n", rotation->erased);
	if (rotation->orphans)
		tp_buf_addf(out, "unused\t%" PRIu64 " attachments removed\n", rotation->orphans);
	tp_buf_adds(out, "online\t");
	tp_size_format(rotation->online_bytes, out);
	tp_buf_adds(out, " of ");
	tp_size_format(report->archive->settings.size_bytes, out);
	tp_buf_adds(out, "\ncellar\t");
	tp_size_format(rotation->cellar_bytes, out);
	if (rotation->over_bytes) {
		tp_buf_adds(out, ", on discs ");
		tp_size_format(rotation->over_bytes, out);
		tp_buf_addf(out, " beyond its room: %s", why_kept(rotation));
	}
	if (rotation->kept) {
		tp_buf_adds(out, "\nkept\t");
		add_kept(report, out);
	}
	tp_buf_addf(out, "\noffer\t%s", offers[rotation->offer]);
	if (rotation->offer != TP_OFFER_NONE) {
		tp_buf_addf(out, ", %" PRIu64 " messages, ", rotation->offer_messages);
		tp_size_format(rotation->offer_bytes, out);
	}
	if (rotation->answer_until) {
		tp_buf_adds(out, ", until ");
		tp_date_rfc3339(rotation->answer_until, out);
	}
	tp_buf_adds(out, rotation->notice_due ? ", to be told (--notice)\n" : "\n");
	print_unsealed(rotation, out);
}

/* --- what is done ----------------------------------------------------------------------------- */

static enum tp_status answer(struct tp_archive *archive, struct tp_run *run, struct tp_error *err)
{
	enum tp_status status =
		tp_rotate_answer(archive, opt.accept, tp_conf_str(run->conf, "archive.actor"), err);

	if (status == TP_NOTHING)
		tp_warn("%s", err->text);
	if (status || opt.refuse)
		return status;
	return tp_rotate_ids(archive, &run->text, err);
}

/* A damaged journal does not keep the others from being sealed, nor the rest from being done. */
static enum tp_status seal(
	struct tp_archive *archive, struct tp_seal_report *report, struct tp_error *err)
{
	enum tp_status status =
		opt.dry_run ? TP_NOTHING : tp_seal(archive, opt.all, 0, report, err);

	if (report->packs)
		tp_notice("sealed %" PRIu64 " messages in %u packs: %" PRIu64
			  " bytes of journals in %" PRIu64,
			report->messages, report->packs, report->journal_bytes, report->pack_bytes);
	if (status == TP_NOTHING && !opt.dry_run)
		tp_warn("another process is sealing: nothing was sealed by this one");
	else if (report->busy)
		tp_notice(
			"%u journals are being written to: the next run seals them", report->busy);
	return status == TP_NOTHING ? TP_OK : status;
}

/* What confirmed discs hold leaves the cellar at once; what a killed dvd-list left undone, now. */
static enum tp_status settle_discs(
	struct tp_archive *archive, struct tp_run *run, struct tp_error *err)
{
	struct tp_settled settled;
	enum tp_status status =
		tp_disc_settle(archive, tp_conf_str(run->conf, "archive.actor"), &settled, err);

	if (settled.packs)
		tp_notice("the cellar let go of %" PRIu64 " mails that are on discs",
			settled.messages);
	return status;
}

/* It counts as told when it is out, so whoever could not write it is told again. */
static void warn_kept(const struct report *report)
{
	struct tp_buf text = TP_BUF_INIT(65536);

	if (!report->rotation.kept)
		return;
	add_kept(report, &text);
	tp_warn("the cellar keeps %s", tp_buf_str(&text));
	tp_buf_release(&text);
}

static enum tp_status tell(struct tp_archive *archive, const struct report *report,
	struct tp_run *run, struct tp_error *err)
{
	const struct tp_rotation *rotation = &report->rotation;
	enum tp_status status;

	if (rotation->erased)
		tp_warn("erased %" PRIu64 " messages for room", rotation->erased);
	if (rotation->over_bytes)
		tp_warn("the cellar holds %" PRIu64 " bytes beyond its room: %s",
			rotation->over_bytes, why_kept(rotation));
	warn_kept(report);
	if (!rotation->notice_due)
		return tp_fail(err, TP_NOTHING, "no notice is due");
	status = tp_rotate_notice(archive, rotation, &run->text, err);
	if (status || opt.dry_run)
		return status;
	status = tp_stdout_write(run->text.data, run->text.len, err);
	tp_buf_truncate(&run->text, 0);
	return status ? status : tp_rotate_told(archive, err);
}

static enum tp_status rotate_and_report(
	struct tp_archive *archive, struct report *report, struct tp_run *run, struct tp_error *err)
{
	struct tp_keeper keeper = tp_disc_keep_keeper(report->keep);
	enum tp_status status = tp_rotate(archive, opt.dry_run, &keeper,
		tp_conf_str(run->conf, "archive.actor"), &report->rotation, err);

	if (status)
		return status;
	if (opt.notice)
		return tell(archive, report, run, err);
	if (opt.json)
		print_json(report, &run->text);
	else
		print_text(report, &run->text);
	return TP_OK;
}

/* What is damaged is told, and does not keep the rest from being done. */
static enum tp_status rotate(struct tp_archive *archive, struct tp_run *run, struct tp_error *err)
{
	struct report report = { .archive = archive };
	struct tp_error damage;
	enum tp_status status = seal(archive, &report.sealed, &damage), rotated;

	if (status && status != TP_DATA)
		return tp_fail(err, status, "%s", damage.text);
	if (opt.seal)
		return status ? tp_fail(err, status, "%s", damage.text) : TP_OK;
	if (status)
		tp_warn("%s", damage.text);
	if (!opt.dry_run) {
		rotated = settle_discs(archive, run, err);
		if (rotated && rotated != TP_DATA)
			return rotated;
		if (rotated)
			tp_warn("%s", err->text);
		status = status ? status : rotated;
	}
	rotated = tp_disc_keep_new(archive, &report.keep, err);
	if (!rotated)
		rotated = rotate_and_report(archive, &report, run, err);
	tp_disc_keep_free(report.keep);
	if (rotated == TP_NOTHING && status)
		rotated = TP_OK;
	if (!rotated && status)
		run->exit_code = tp_status_exit_code(status);
	return rotated;
}

static enum tp_status check_options(struct tp_error *err)
{
	if (opt.accept + opt.refuse + opt.notice + opt.seal > 1)
		return tp_fail(err, TP_USAGE,
			"--accept, --refuse, --notice and --seal exclude one another");
	if (opt.dry_run && (opt.accept || opt.refuse || opt.seal))
		return tp_fail(err, TP_USAGE, "--dry-run: of a rotation only");
	if (opt.all && (opt.accept || opt.refuse))
		return tp_fail(err, TP_USAGE, "--all: goes with sealing");
	return TP_OK;
}

static enum tp_status run(struct tp_run *run, struct tp_error *err)
{
	struct tp_archive *archive = NULL;
	enum tp_status status = check_options(err);

	if (!status)
		status = tp_archive_open(run->conf, NULL, false, &archive, err);
	if (!status && (opt.accept || opt.refuse))
		status = answer(archive, run, err);
	else if (!status)
		status = rotate(archive, run, err);
	tp_archive_close(archive);
	return status;
}

int main(int argc, char **argv)
{
	static const struct tp_tool tool = {
		.name = "archive-rotate",
		.summary = "keep an archive within its size",
		.operands = "",
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
