/*
 * archive-get: gives mails back, byte for byte, or says what is known of them. See archive-get(1).
 *
 * A mail is put together whole and checked against its hash before its first byte is written; of
 * several, those that can be given are given, and the others named.
 */
#include <inttypes.h>

#include "archive/events.h"
#include "archive/export.h"
#include "archive/id_list.h"
#include "archive/missing.h"
#include "archive/show.h"
#include "archive/view.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/table.h"
#include "base/tool.h"
#include "disc/check.h"
#include "disc/contents.h"

static struct {
	const char *maildir;
	bool mbox, details, envelope, json;
} opt;

static const struct tp_option options[] = {
	{ 'a', "archive", "ARCHIVE", .key = "archive.path", .help = "folder of the archive" },
	{ 'm', "mbox", NULL, .flag = &opt.mbox, .help = "print the mails as an mbox (mboxrd)" },
	{ 'M', "maildir", "DIR", .string = &opt.maildir,
		.help = "deliver the mails into a Maildir" },
	{ 'd', "details", NULL, .flag = &opt.details,
		.help = "print size, stored size, arrival, tier, place and hash instead" },
	{ 'e', "envelope", NULL, .flag = &opt.envelope,
		.help = "print sender and recipients instead, one a line" },
	{ 'j', "json", NULL, .flag = &opt.json,
		.help = "with --details: print one JSON object a line" },
	{ 0, "actor", "NAME", .key = "archive.actor", .help = "on whose behalf, for the record" },
	{ .name = NULL },
};

/* The work on one id after the other. */
struct work {
	struct tp_run *run;
	struct tp_archive *archive;
	struct tp_view *view;
	struct tp_table table; /* --details */
	struct tp_buf out;     /* --mbox */
	struct tp_export_maildir maildir;
	enum tp_status worst; /* of ids that could not be served */
};

/* --- ids ------------------------------------------------------------------------------------- */

static enum tp_status collect(struct tp_run *run, struct tp_strings *ids, struct tp_error *err)
{
	enum tp_status status;

	if (run->argc == 0)
		return tp_fail(err, TP_USAGE, "no id (see --help)");
	status = tp_id_list_take(ids, run->argv, run->argc, err);
	if (!status && ids->count == 0)
		return tp_fail(err, TP_NOTHING, "no ids");
	if (!status && ids->count > 1 && !opt.mbox && !opt.maildir && !opt.details)
		return tp_fail(err, TP_USAGE, "several mails: with --mbox, --maildir or --details");
	return status;
}

/* --- what is known --------------------------------------------------------------------------- */

static void name_place(const struct tp_place *place, char name[64])
{
	if (place->in_journal)
		snprintf(name, 64, "journal/%08u.tpj", place->number);
	else
		snprintf(name, 64, "%s/%08u.tpp", place->tier == TP_TIER_CELLAR ? "cellar" : "pack",
			place->number);
}

static void add_object(struct tp_buf *out, const struct tp_record *record,
	const struct tp_place *place, const char *arrival, const char *hash)
{
	char name[64];

	name_place(place, name);
	tp_buf_addc(out, '{');
	tp_json_pair(out, "id", record->id);
	tp_json_pair_int(out, "size", (int64_t)record->size_bytes);
	tp_json_pair_int(out, "stored", (int64_t)record->stored_bytes);
	tp_json_pair(out, "arrival", arrival);
	tp_json_pair(out, "tier", tp_show_tier(place->tier));
	tp_json_pair(out, "file", name);
	tp_json_pair(out, "sha256", hash);
	tp_json_pair(out, "from", record->from);
	tp_json_pair(out, "to", record->to);
	tp_json_pair(out, "subject", record->subject);
	tp_json_pair(out, "sender", record->sender);
	tp_show_recipients(&record->rcpts, out);
	tp_json_pair(out, "actor", record->actor);
	tp_buf_adds(out, "}\n");
}

static void add_details(
	struct work *w, const struct tp_record *record, const struct tp_place *place)
{
	struct tp_buf arrival = TP_BUF_INIT(64);
	char hash[TP_SHA256_HEX], name[64];

	tp_hex(record->sha256, sizeof record->sha256, hash);
	tp_show_arrival(record->arrival_ms, &arrival);
	if (opt.json) {
		add_object(&w->run->text, record, place, tp_buf_str(&arrival), hash);
	} else {
		name_place(place, name);
		tp_table_cell(&w->table, record->id, TP_ID_LEN);
		tp_table_cellf(&w->table, "%" PRIu64, record->size_bytes);
		tp_table_cellf(&w->table, "%" PRIu64, record->stored_bytes);
		tp_table_cell(&w->table, tp_buf_str(&arrival), arrival.len);
		tp_table_cellf(&w->table, "%s", tp_show_tier(place->tier));
		tp_table_cellf(&w->table, "%s", name);
		tp_table_cell(&w->table, hash, strlen(hash));
	}
	tp_buf_release(&arrival);
}

/* As arguments of sendmail: what begins with a dash would be an option, and stands in brackets. */
static void add_address(struct tp_buf *out, const char *address)
{
	bool bare = *address && *address != '-';

	tp_buf_addf(out, bare ? "%s\n" : "<%s>\n", address);
}

/* No address of SMTP has one, and one with a line end would be two. */
static bool has_control(const char *address)
{
	for (; *address; address++)
		if ((unsigned char)*address < ' ' || *address == 0x7f)
			return true;
	return false;
}

static enum tp_status add_envelope(
	struct tp_buf *out, const struct tp_record *record, struct tp_error *err)
{
	bool bad = has_control(record->sender);

	for (size_t i = 0; i < record->rcpts.count; i++)
		bad = bad || has_control(record->rcpts.list[i]);
	if (bad)
		return tp_fail(err, TP_DATA,
			"%s: an address of its envelope has a control character", record->id);
	add_address(out, record->sender);
	for (size_t i = 0; i < record->rcpts.count; i++)
		add_address(out, record->rcpts.list[i]);
	if (!record->rcpts.count)
		tp_warn("%s: no recipients are known", record->id);
	return TP_OK;
}

/* --- one mail -------------------------------------------------------------------------------- */

/* The log is for those who may write it; a reader without that right, or a full disk, does not keep
 * anybody from his mail. */
static void note_event(struct work *w, const char *id, const char *note)
{
	struct tp_error why = { TP_OK, "" };
	const char *actor = tp_conf_str(w->run->conf, "archive.actor");

	if (w->archive->read_only)
		return;
	if (tp_event_add(w->archive, actor, "get", id, note, &why))
		tp_warn("not in the event log: %s", why.text);
}

static enum tp_status take_bytes(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	return tp_spooler_add(context, bytes, len, err);
}

static enum tp_status give_mail(struct work *w, const struct tp_place *place,
	const struct tp_record *record, struct tp_error *err)
{
	struct tp_spooler spooler = TP_SPOOLER_INIT;
	struct tp_spool mail = TP_SPOOL_INIT;
	enum tp_status status = tp_view_content(w->view, place, take_bytes, &spooler, err);

	if (!status)
		status = tp_spooler_finish(&spooler, &mail, err);
	/* Who reads us may take his time, and the archive must not be held meanwhile. */
	tp_view_pause(w->view);
	if (!status)
		note_event(w, record->id, opt.maildir ? "maildir" : opt.mbox ? "mbox" : NULL);
	if (!status && opt.maildir)
		status = tp_export_maildir_add(&w->maildir, record, &mail, err);
	else if (!status && opt.mbox)
		status = tp_export_mbox(&w->out, record, &mail, err);
	else if (!status)
		status = tp_stdout_write(mail.data, mail.len, err);
	tp_spooler_release(&spooler);
	tp_spool_release(&mail);
	return status;
}

/* Adds a disc that has the mail; false when it is not one of those that are asked for: good ones, others. */
static bool add_disc(
	struct work *w, const struct tp_place *place, bool good, bool first, struct tp_buf *out)
{
	struct tp_buf path = TP_BUF_INIT(65536);
	struct tp_disc disc;
	char name[16];
	bool known = !tp_disc_where(w->archive, place->disc, place->at, &disc, &path, NULL);
	bool lost = known && disc.when[TP_DISC_LOST], bad = known && disc.bad_at;
	bool added = good == (known && !lost && !bad);

	tp_disc_name(w->archive, place->disc, name);
	if (added)
		tp_buf_addf(out, "%s disc %s%s%s%s", first ? "it is on" : "; it is on", name,
			path.len ? ", as " : "", tp_buf_str(&path),
			lost  ? "; that disc was lost"
			: bad ? "; that disc was bad when it was read"
			      : "");
	tp_buf_release(&path);
	return added;
}

/* Which disc to fetch, and which of its files. */
static enum tp_status say_discs(struct work *w, const char *id, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(65536);
	struct tp_place *places;
	size_t count, said = 0;
	enum tp_status status = tp_view_find_on_discs(w->view, id, &places, &count, err);

	if (status)
		return tp_error_prefix(err, "%s", id);
	for (int good = 1; good >= 0; good--)
		for (size_t i = 0; i < count; i++)
			said += add_disc(w, &places[i], good, said == 0, &text);
	tp_fail(err, TP_UNAVAILABLE, "%s: %s", id, tp_buf_str(&text));
	tp_buf_release(&text);
	free(places);
	return TP_UNAVAILABLE;
}

/* A mail of the cellar that cannot be read may be on a disc already, and its pack about to go. */
static enum tp_status give_or_say(struct work *w, const struct tp_place *place,
	const struct tp_record *record, struct tp_error *err)
{
	enum tp_status status = give_mail(w, place, record, err);
	struct tp_error why;

	if (status == TP_DATA && place->tier == TP_TIER_CELLAR &&
		say_discs(w, record->id, &why) == TP_UNAVAILABLE)
		return tp_fail(err, TP_UNAVAILABLE, "%s", why.text);
	return status;
}

/* It may be in a pack or on a disc that should be there. */
static enum tp_status say_missing(
	struct work *w, const char *id, const struct tp_place *place, struct tp_error *err)
{
	enum tp_status status = tp_missing_why(w->archive, id, place, err);
	struct tp_error why;

	if (status == TP_NOTHING && !place->number && tp_disc_index_is_there(w->archive, &why))
		return tp_fail(err, why.status, "%s: not found, and %s", id, why.text);
	return status;
}

static enum tp_status serve(struct work *w, const char *id, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_place place;
	enum tp_status status = tp_view_resume(w->view, NULL, err);

	if (!status)
		status = tp_view_yield(w->view, NULL, err);
	if (!status)
		status = tp_view_find(w->view, id, &place, err);
	if (status == TP_NOTHING)
		return say_missing(w, id, &place, err);
	if (status)
		return status;
	if (opt.maildir && tp_export_maildir_has(&w->maildir, id)) {
		tp_notice("%s: is in the Maildir already", id);
		return TP_OK;
	}
	status = tp_view_record(w->view, &place, &record, NULL, err);
	if (status == TP_UNAVAILABLE)
		status = say_discs(w, id, err);
	else if (status == TP_DATA)
		status = tp_error_prefix(err, "%s", id);
	if (!status && opt.details)
		add_details(w, &record, &place);
	else if (!status && opt.envelope) {
		note_event(w, id, "envelope");
		status = add_envelope(&w->run->text, &record, err);
	} else if (!status)
		status = give_or_say(w, &place, &record, err);
	tp_record_release(&record);
	return status;
}

/* What concerns one mail alone: the next may be fine. */
static bool is_about_one(enum tp_status status)
{
	return status == TP_NOTHING || status == TP_DATA || status == TP_UNAVAILABLE;
}

static enum tp_status serve_all(struct work *w, const struct tp_strings *ids, struct tp_error *err)
{
	enum tp_status status =
		opt.maildir ? tp_export_maildir_open(&w->maildir, opt.maildir, err) : TP_OK;

	for (size_t i = 0; !status && i < ids->count; i++) {
		status = serve(w, ids->list[i], err);
		if (!is_about_one(status))
			continue;
		tp_say_error(err);
		if (w->worst == TP_OK || w->worst == TP_NOTHING)
			w->worst = status;
		status = TP_OK;
	}
	if (!status && opt.maildir)
		status = tp_export_maildir_settle(&w->maildir, err);
	if (!status && opt.details && !opt.json)
		status = tp_table_print(&w->table, tp_stdout_is_terminal(), &w->run->text, err);
	return status;
}

static enum tp_status get(struct tp_run *run, const struct tp_strings *ids, struct tp_error *err)
{
	struct work w = { .run = run, .out = TP_BUF_INIT(SIZE_MAX / 2) };
	enum tp_status status = tp_archive_open(run->conf, NULL, false, &w.archive, err);

	tp_table_init(&w.table, "lrrllll");
	if (!status)
		status = tp_view_open(w.archive, &w.view, err);
	if (!status)
		status = serve_all(&w, ids, err);
	if (!status)
		run->exit_code = tp_status_exit_code(w.worst);
	tp_view_close(w.view);
	tp_archive_close(w.archive);
	tp_table_release(&w.table);
	tp_buf_release(&w.out);
	tp_export_maildir_close(&w.maildir);
	return status;
}

static enum tp_status run(struct tp_run *run, struct tp_error *err)
{
	struct tp_strings ids = TP_STRINGS_INIT;
	enum tp_status status;

	if (opt.mbox + (opt.maildir != NULL) + opt.details + opt.envelope > 1)
		return tp_fail(err, TP_USAGE,
			"--mbox, --maildir, --details and --envelope exclude each other");
	if (opt.maildir && !*opt.maildir)
		return tp_fail(err, TP_USAGE, "--maildir: it has no name");
	if (opt.json && !opt.details)
		return tp_fail(err, TP_USAGE, "--json: goes with --details");
	status = collect(run, &ids, err);
	if (!status)
		status = get(run, &ids, err);
	tp_strings_release(&ids);
	return status;
}

int main(int argc, char **argv)
{
	static const struct tp_tool tool = {
		.name = "archive-get",
		.summary = "give mails back from the archive, byte for byte",
		.operands = "ID...|-",
		.max_operands = -1,
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
