/*
 * dvd-pack: makes the image of a disc that explains itself from mails of an archive, a Maildir or an
 * mbox file. See dvd-pack(1).
 *
 * The image goes to stdout as it is made, so it is not all or nothing: what makes it a disc is the exit
 * code 0, and only then the ledger knows of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "archive/erase.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/tool.h"
#include "disc/erased.h"
#include "disc/fit.h"
#include "disc/ledger.h"

#define IDS_MAX       ((size_t)1 << 30)
#define PLAN_SERIAL   "AAAAAA" /* of a plan: any serial is as long */
#define EVERY_SECTORS 8192     /* lines of progress */

static struct {
	const char *medium, *ecc, *serial, *sign, *sign_key, *leftover, *maildir, *mbox;
	bool plan, json;
} opt;

static const struct tp_option options[] = {
	{ 'a', "archive", "ARCHIVE", .key = "archive.path", .help = "folder of the archive" },
	{ 'm', "medium", "MEDIUM", .string = &opt.medium,
		.help = "dvd (the default), dvd+r, dvd-r, dvd-dl, bd, or a size" },
	{ 'e', "ecc", "PERCENT", .string = &opt.ecc,
		.help = "leave room for that much error correction by dvdisaster" },
	{ 's', "serial", "SERIAL", .string = &opt.serial,
		.help = "six letters that name the disc; else they are chosen" },
	{ 0, "sign", "CERT", .string = &opt.sign, .help = "sign the disc: certificate, PEM" },
	{ 0, "sign-key", "KEY", .string = &opt.sign_key, .help = "key of the certificate, PEM" },
	{ 'p', "plan", NULL, .flag = &opt.plan,
		.help = "print what would be on the disc, make none" },
	{ 'l', "leftover", "FILE", .string = &opt.leftover,
		.help = "write the ids of mails that did not fit to this file" },
	{ 'M', "maildir", "DIR", .string = &opt.maildir,
		.help = "pack the mails of a Maildir instead of an archive" },
	{ 'B', "mbox", "FILE", .string = &opt.mbox,
		.help = "pack the mails of an mbox file instead of an archive" },
	{ 0, "actor", "NAME", .key = "archive.actor", .help = "on whose behalf, for the record" },
	{ 'j', "json", NULL, .flag = &opt.json, .help = "with --plan: print one JSON object" },
	{ .name = NULL },
};

struct work {
	struct tp_run *run;
	struct tp_archive *archive; /* NULL: mails from elsewhere */
	struct tp_source *source;
	struct tp_bag_about about;
	char serial[TP_SERIAL_LEN + 1];
	struct tp_disc_plan plan;
	struct tp_fit fit;
	uint64_t said; /* progress, in EVERY_SECTORS */
	struct tp_disc_making *making;
	struct tp_staged leftover;
};

/* --- options ---------------------------------------------------------------------------------- */

static enum tp_status parse_percent(const char *text, unsigned *percent, struct tp_error *err)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*end == '%')
		end++;
	if (end == text || *end || *text < '0' || *text > '9' || !number || number > 200)
		return tp_fail(err, TP_USAGE, "--ecc: '%s' is no percentage from 1 to 200", text);
	*percent = (unsigned)number;
	return TP_OK;
}

static enum tp_status check_options(const struct tp_run *run, struct tp_error *err)
{
	if (opt.maildir && opt.mbox)
		return tp_fail(err, TP_USAGE, "--maildir and --mbox exclude each other");
	for (int i = 0; opt.mbox && !strcmp(opt.mbox, "-") && i < run->argc; i++)
		if (!strcmp(run->argv[i], "-"))
			return tp_fail(err, TP_USAGE, "stdin is either the mailbox or the ids");
	if (!opt.sign != !opt.sign_key)
		return tp_fail(err, TP_USAGE, "--sign and --sign-key go together");
	if (opt.json && !opt.plan)
		return tp_fail(err, TP_USAGE, "--json goes with --plan");
	if (opt.plan && opt.leftover)
		return tp_fail(err, TP_USAGE, "--plan writes nothing, --leftover neither");
	if (!opt.plan && tp_stdout_is_terminal())
		return tp_fail(err, TP_USAGE, "stdout is a terminal, and an image goes there");
	return TP_OK;
}

static enum tp_status settle_room(struct work *w, struct tp_error *err)
{
	enum tp_status status =
		tp_medium_parse(opt.medium ? opt.medium : "dvd", &w->plan.medium, err);

	if (status)
		return tp_error_prefix(err, "--medium");
	if (opt.ecc)
		status = parse_percent(opt.ecc, &w->plan.ecc_percent, err);
	if (!status)
		status = tp_ecc_room(&w->plan.medium, w->plan.ecc_percent, &w->plan.room, err);
	return status;
}

static enum tp_status settle_serial(struct work *w, struct tp_error *err)
{
	if (opt.serial && !tp_serial_normalize(opt.serial, w->serial))
		return tp_fail(err, TP_USAGE, "--serial: '%s' is not six of ABCDEFGHJKLMNPRSTWXYZ",
			opt.serial);
	if (!opt.serial && !opt.plan)
		return tp_serial_new(w->serial, err);
	return TP_OK;
}

/* --- mails ------------------------------------------------------------------------------------ */

static enum tp_status add_id(struct tp_buf *ids, const char *text, struct tp_error *err)
{
	char id[TP_ID_LEN + 1];

	if (!tp_id_normalize(text, id))
		return tp_fail(err, TP_USAGE, "'%s' is not an id", text);
	tp_buf_add(ids, id, TP_ID_LEN);
	return tp_buf_status(ids, "list of ids", err);
}

/* One a line, or each ended by a NUL. */
static enum tp_status read_ids(struct tp_buf *ids, struct tp_error *err)
{
	struct tp_spool list = TP_SPOOL_INIT;
	enum tp_status status = tp_spool_read(&list, STDIN_FILENO, err);
	char text[64];

	for (size_t at = 0, n; !status && at < list.len; at += n + 1) {
		while (at < list.len && (list.data[at] == ' ' || list.data[at] == '\t'))
			at++;
		n = 0;
		while (at + n < list.len && list.data[at + n] && list.data[at + n] != '\n')
			n++;
		snprintf(text, sizeof text, "%.*s", (int)(n < 60 ? n : 60), list.data + at);
		text[strcspn(text, "\r\t ")] = '\0';
		if (*text)
			status = add_id(ids, text, err);
	}
	tp_spool_release(&list);
	return status;
}

static void report(void *context, const char *sentence)
{
	tp_warn("%s", sentence);
}

/* Those of the operands, "-" being a list on stdin. */
static enum tp_status collect_ids(
	const struct tp_run *run, struct tp_buf *ids, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (int i = 0; !status && i < run->argc; i++)
		status = strcmp(run->argv[i], "-") ? add_id(ids, run->argv[i], err)
						   : read_ids(ids, err);
	return status;
}

static enum tp_status open_archive(struct work *w, struct tp_error *err)
{
	struct tp_buf ids = TP_BUF_INIT(IDS_MAX);
	enum tp_status status = tp_archive_open(w->run->conf, NULL, false, &w->archive, err);

	if (!status)
		status = w->run->argc ? collect_ids(w->run, &ids, err) : read_ids(&ids, err);
	/* What is to be erased is not to go where nothing can be erased. */
	if (!status)
		status = tp_erase_finish(w->archive, err);
	if (!status)
		status = tp_source_archive(w->archive, tp_buf_str(&ids), ids.len / TP_ID_LEN,
			report, NULL, &w->source, err);
	tp_buf_release(&ids);
	if (!status) {
		w->about.language = w->archive->settings.language;
		w->about.contact = w->archive->settings.contact;
	}
	return status;
}

static enum tp_status open_mailbox(struct work *w, struct tp_error *err)
{
	struct tp_buf ids = TP_BUF_INIT(IDS_MAX);
	enum tp_status status = collect_ids(w->run, &ids, err);

	if (!status)
		status = opt.maildir ? tp_source_maildir(opt.maildir, report, NULL, &w->source, err)
				     : tp_source_mbox(opt.mbox, report, NULL, &w->source, err);
	if (!status && w->run->argc)
		status = tp_source_choose(w->source, tp_buf_str(&ids), ids.len / TP_ID_LEN, err);
	tp_buf_release(&ids);
	return status;
}

static enum tp_status open_source(struct work *w, struct tp_error *err)
{
	w->about = (struct tp_bag_about){
		.language = "en", .certificate = opt.sign, .key = opt.sign_key
	};
	return opt.maildir || opt.mbox ? open_mailbox(w, err) : open_archive(w, err);
}

/* --- the disc --------------------------------------------------------------------------------- */

/* On stderr at the start, line by line: a burner must know the sectors. */
static enum tp_status say_plan(const struct tp_disc_plan *plan, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(1 << 20);
	enum tp_status status;

	tp_disc_plan_print(plan, false, &text);
	status = tp_buf_status(&text, "plan", err);
	for (char *at = text.data, *end; !status && at && *at; at = end + 1) {
		end = strchr(at, '\n');
		*end = '\0';
		tp_warn("%s", at);
	}
	tp_buf_release(&text);
	return status;
}

static void show_progress(void *context, uint64_t sectors)
{
	struct work *w = context;

	if (sectors / EVERY_SECTORS == w->said)
		return;
	w->said = sectors / EVERY_SECTORS;
	tp_progress("%" PRIu64 " of %" PRIu64 " sectors", sectors, w->plan.sectors);
}

/* Exit 0 means that the image is durable, when stdout is a file; and nothing is recorded before the last
 * thing that can fail with it. */
static enum tp_status finish_stdout(struct tp_error *err)
{
	struct stat st;

	if (!fstat(STDOUT_FILENO, &st) && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)) &&
		fsync(STDOUT_FILENO))
		return tp_fail_errno(err, TP_IO, "stdout: cannot sync");
	if (close(STDOUT_FILENO))
		return tp_fail_errno(err, TP_IO, "stdout: cannot write");
	return TP_OK;
}

/* Before the first byte of the image, which would be for nothing if there were no place for this. */
static enum tp_status stage_leftover(struct work *w, struct tp_error *err)
{
	struct tp_buf ids = TP_BUF_INIT(IDS_MAX);
	enum tp_status status;

	for (size_t i = w->plan.mails; i < tp_source_count(w->source); i++)
		tp_buf_addf(&ids, "%.16s\n", tp_source_id(w->source, i));
	status = tp_buf_status(&ids, "--leftover", err);
	if (!status)
		status = tp_file_stage_at(&w->leftover, AT_FDCWD, opt.leftover, opt.leftover,
			tp_buf_str(&ids), ids.len, 0644, err);
	tp_buf_release(&ids);
	return status;
}

static enum tp_status add_to_ledger(void *context, size_t i, const char *path, struct tp_error *err)
{
	struct work *w = context;
	struct tp_disc_mail mail = { .id = tp_source_id(w->source, i),
		.path = path,
		.size_bytes = tp_source_size(w->source, i) };

	tp_image_place(w->fit.image, i, &mail.sector, &mail.sectors);
	return tp_disc_add(w->making, &mail, err);
}

/* Told whatever --quiet says: the image is whole, and must not be burnt. */
static void report_erased(void *context, const char *sentence)
{
	tp_say(TP_LEVEL_ERROR, "%s", sentence);
}

static enum tp_status record_disc(struct work *w, struct tp_error *err)
{
	struct tp_disc disc = { .sectors = w->plan.sectors,
		.mails = w->plan.mails,
		.bytes = w->plan.bytes,
		.first_ms = w->plan.first_ms,
		.last_ms = w->plan.last_ms };
	const unsigned char *pieces;
	size_t count;
	enum tp_status status = tp_bag_walk(w->fit.bag, add_to_ledger, w, err);

	memcpy(disc.serial, w->serial, sizeof disc.serial);
	snprintf(disc.medium, sizeof disc.medium, "%s", w->plan.medium.name);
	memcpy(disc.content, tp_bag_digest(w->fit.bag), sizeof disc.content);
	tp_image_digest(w->fit.image, disc.image);
	pieces = tp_image_pieces(w->fit.image, &count);
	return status ? status
		      : tp_disc_made(w->making, &disc, pieces, count,
				tp_conf_str(w->run->conf, "archive.actor"), err);
}

/* Nothing can be erased on a disc: one that has mail which was erased since it was planned is none. */
static enum tp_status confirm_and_record(struct work *w, struct tp_error *err)
{
	struct tp_view *view = NULL;
	enum tp_status status;

	tp_source_pause(w->source);
	status = tp_disc_confirm(
		w->archive, w->source, w->plan.mails, report_erased, NULL, &view, err);
	if (!status)
		status = record_disc(w, err);
	tp_view_close(view);
	return status;
}

static enum tp_status write_disc(struct work *w, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (w->archive)
		status = tp_disc_reserve(
			w->archive, w->serial, tp_bag_digest(w->fit.bag), &w->making, err);
	if (!status && opt.leftover)
		status = stage_leftover(w, err);
	if (!status)
		status = say_plan(&w->plan, err);
	if (!status)
		status = tp_image_write(w->fit.image, STDOUT_FILENO, show_progress, w, err);
	tp_progress("%s", "");
	if (!status)
		status = finish_stdout(err);
	if (!status && opt.leftover)
		status = tp_file_put(&w->leftover, opt.leftover, err);
	if (!status && w->archive)
		status = confirm_and_record(w, err);
	return status;
}

static enum tp_status pack(struct work *w, struct tp_error *err)
{
	enum tp_status status = settle_room(w, err);

	if (!status)
		status = settle_serial(w, err);
	if (!status)
		status = open_source(w, err);
	if (status)
		return status;
	memcpy(w->plan.serial, w->serial, sizeof w->serial);
	w->about.serial = w->serial[0] ? w->serial : PLAN_SERIAL;
	status = tp_fit_make(w->source, &w->about, &w->plan, !opt.plan, &w->fit, err);
	if (!status && opt.plan)
		tp_disc_plan_print(&w->plan, opt.json, &w->run->text);
	else if (!status)
		status = write_disc(w, err);
	return status;
}

static enum tp_status run(struct tp_run *run, struct tp_error *err)
{
	struct work w = { .run = run, .leftover = TP_STAGED_INIT };
	enum tp_status status = check_options(run, err);

	if (!status)
		status = pack(&w, err);
	tp_staged_release(&w.leftover);
	tp_disc_drop(w.making);
	tp_fit_release(&w.fit);
	tp_disc_plan_release(&w.plan);
	tp_source_close(w.source);
	tp_archive_close(w.archive);
	return status;
}

int main(int argc, char **argv)
{
	static const struct tp_tool tool = {
		.name = "dvd-pack",
		.summary = "make the image of a disc that explains itself",
		.operands = "[ID...]",
		.max_operands = -1,
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
