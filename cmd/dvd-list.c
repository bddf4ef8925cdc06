/*
 * dvd-list: the discs of an archive: what they hold, what has become of them, and whether one reads as it
 * was made. See dvd-list(1).
 */
#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/table.h"
#include "base/tool.h"
#include "base/units.h"
#include "disc/contents.h"
#include "disc/settle.h"
#include "disc/verify.h"

#define EVERY_SECTORS 8192 /* lines of progress */
#define FAULTS_BYTES  65536

static struct {
	bool json;
} opt;

static const struct tp_option options[] = {
	{ 'a', "archive", "ARCHIVE", .key = "archive.path", .help = "folder of the archive" },
	{ 0, "actor", "NAME", .key = "archive.actor",
		.help = "on whose behalf, for the event log" },
	{ 'j', "json", NULL, .flag = &opt.json, .help = "print one JSON object a line" },
	{ .name = NULL },
};

struct work {
	struct tp_run *run;
	struct tp_archive *archive;
	const char *only; /* serial; NULL: all */
	struct tp_table table;
	bool terminal;
	uint64_t count;
	bool cannot_write; /* and why */
	struct tp_error why;
};

/* --- lists ------------------------------------------------------------------------------------ */

/* A local day; "-" for none. */
static void add_day(struct tp_table *table, int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (!seconds || !localtime_r(&time, &tm))
		tp_table_cell(table, "-", 1);
	else
		tp_table_cellf(
			table, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static int64_t seconds_of(int64_t ms)
{
	return ms / 1000 - (ms % 1000 < 0);
}

static void add_row(struct work *w, const struct tp_disc *disc)
{
	struct tp_buf size = TP_BUF_INIT(64);

	if (w->terminal)
		tp_size_format(disc->bytes, &size);
	else
		tp_buf_addf(&size, "%" PRIu64, disc->bytes);
	tp_table_cellf(&w->table, "%s", disc->serial);
	tp_table_cellf(&w->table, "%s", tp_disc_state_word(disc));
	tp_table_cellf(&w->table, "%" PRIu64, disc->mails);
	tp_table_cell(&w->table, tp_buf_str(&size), size.len);
	add_day(&w->table, seconds_of(disc->first_ms));
	add_day(&w->table, seconds_of(disc->last_ms));
	for (int step = TP_DISC_MADE; step < TP_DISC_LOST; step++)
		add_day(&w->table, disc->when[step]);
	add_day(&w->table, disc->left_at);
	tp_buf_release(&size);
}

static void add_time(struct tp_buf *out, const char *key, int64_t seconds)
{
	struct tp_buf date = TP_BUF_INIT(64);

	tp_date_rfc3339(seconds, &date);
	tp_json_pair(out, key, seconds ? tp_buf_str(&date) : NULL);
	tp_buf_release(&date);
}

static void add_hash(struct tp_buf *out, const char *key, const unsigned char *hash)
{
	char hex[TP_SHA256_HEX];

	tp_hex(hash, TP_SHA256_BYTES, hex);
	tp_json_pair(out, key, hex);
}

static void add_object(struct tp_buf *out, const struct tp_disc *disc)
{
	tp_buf_addc(out, '{');
	tp_json_pair(out, "serial", disc->serial);
	tp_json_pair_int(out, "number", disc->number);
	tp_json_pair(out, "state", tp_disc_state_word(disc));
	tp_json_pair(out, "medium", disc->medium);
	tp_json_pair_int(out, "sectors", (int64_t)disc->sectors);
	tp_json_pair_int(out, "mails", (int64_t)disc->mails);
	tp_json_pair_int(out, "bytes", (int64_t)disc->bytes);
	add_time(out, "first", seconds_of(disc->first_ms));
	add_time(out, "last", seconds_of(disc->last_ms));
	add_hash(out, "content", disc->content);
	add_hash(out, "image", disc->image);
	for (int step = 0; step < TP_DISC_STEPS; step++)
		add_time(out, tp_disc_words[step], disc->when[step]);
	add_time(out, "left", disc->left_at);
	add_time(out, "bad", disc->bad_at);
	tp_buf_adds(out, "}\n");
}

static enum tp_status add_disc(void *context, const struct tp_disc *disc, struct tp_error *err)
{
	struct work *w = context;

	w->count++;
	if (opt.json)
		add_object(&w->run->text, disc);
	else
		add_row(w, disc);
	return TP_OK;
}

/* One, or all that can be read: of the others the exit tells. */
static enum tp_status collect(struct work *w, struct tp_error *err)
{
	struct tp_error why;
	struct tp_disc disc;
	enum tp_status status;

	if (w->only) {
		status = tp_disc_find(w->archive, w->only, &disc, err);
		if (status == TP_NOTHING)
			tp_warn("%s", err->text);
		return status ? status : add_disc(w, &disc, err);
	}
	status = tp_disc_walk(w->archive, add_disc, w, &why);
	if (status == TP_DATA) {
		tp_say_error(&why);
		w->run->exit_code = tp_status_exit_code(TP_DATA);
		return TP_OK;
	}
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

static enum tp_status list(struct work *w, struct tp_error *err)
{
	static const char *const heads[] = { "SERIAL", "STATE", "MAILS", "SIZE", "FIRST", "LAST",
		"MADE", "BURNT", "VERIFIED", "SHIPPED", "RECEIVED", "LEFT" };
	enum tp_status status;

	for (size_t i = 0; w->terminal && i < sizeof heads / sizeof *heads; i++)
		tp_table_cell(&w->table, heads[i], strlen(heads[i]));
	status = collect(w, err);
	if (!status && !w->count && !w->run->exit_code)
		return tp_fail(err, TP_NOTHING, "there are no discs");
	if (!status && !opt.json)
		status = tp_table_print(&w->table, w->terminal, &w->run->text, err);
	return status;
}

/* --- the mails of a disc ---------------------------------------------------------------------- */

static enum tp_status add_mail(
	void *context, uint64_t i, const struct tp_disc_mail *mail, struct tp_error *err)
{
	struct work *w = context;
	struct tp_buf *out = &w->run->text;
	enum tp_status status;

	if (opt.json) {
		tp_buf_addc(out, '{');
		tp_json_pair(out, "id", mail->id);
		tp_json_pair_int(out, "size", (int64_t)mail->size_bytes);
		tp_json_pair_int(out, "sector", (int64_t)mail->sector);
		tp_json_pair(out, "path", mail->path);
		tp_buf_adds(out, "}\n");
	} else {
		tp_buf_addf(out, "%s\t%" PRIu64 "\t%s\n", mail->id, mail->size_bytes, mail->path);
	}
	status = tp_buf_status(out, "list", err);
	if (status || out->len < 65536)
		return status;
	status = tp_stdout_write(out->data, out->len, err);
	tp_buf_clear(out);
	return status;
}

static enum tp_status list_mails(struct work *w, const struct tp_disc *disc, struct tp_error *err)
{
	struct tp_contents *contents;
	enum tp_status status = tp_contents_open(w->archive, disc, &contents, err);

	if (!status)
		status = tp_contents_walk(contents, add_mail, w, err);
	tp_contents_close(contents);
	return status;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* The step is recorded; what the cellar does then may fail for reasons of its own, and is done by the
 * next archive-rotate. */
static enum tp_status settle(struct work *w, struct tp_error *err)
{
	struct tp_settled settled;
	enum tp_status status = tp_disc_settle(
		w->archive, tp_conf_str(w->run->conf, "archive.actor"), &settled, err);

	if (settled.waiting)
		tp_notice("%u packs stay in the cellar until all of their mails are on discs",
			settled.waiting);
	if (!status && settled.packs)
		tp_notice("the cellar let go of %" PRIu64 " mails in %u packs", settled.messages,
			settled.packs);
	return status;
}

static enum tp_status mark(
	struct work *w, const struct tp_disc *disc, enum tp_disc_step step, struct tp_error *err)
{
	enum tp_status status = tp_disc_mark(
		w->archive, disc->serial, step, tp_conf_str(w->run->conf, "archive.actor"), err);

	return status ? status : settle(w, err);
}

/* --- reading back ----------------------------------------------------------------------------- */

static void show_progress(void *context, uint64_t sectors, uint64_t all)
{
	if (sectors == all)
		tp_progress("%s", "");
	else if (sectors % EVERY_SECTORS == 0)
		tp_progress("verified %" PRIu64 " of %" PRIu64 " sectors, %u %%", sectors, all,
			(unsigned)(sectors * 100 / all));
}

/* A disc that is damaged all over has a line for each of its mails: they go out as they come. */
static void flush_faults(struct work *w, size_t more_than)
{
	struct tp_buf *out = &w->run->text;

	if (out->len <= more_than)
		return;
	if (!w->cannot_write && tp_stdout_write(out->data, out->len, &w->why))
		w->cannot_write = true;
	tp_buf_clear(out);
}

static void show_fault(void *context, const struct tp_disc_fault *fault)
{
	struct work *w = context;
	const struct tp_disc_mail *mail = fault->mail;
	struct tp_buf *out = &w->run->text;

	flush_faults(w, FAULTS_BYTES);
	if (opt.json) {
		tp_buf_addc(out, '{');
		tp_json_pair_int(out, "sector", (int64_t)fault->sector);
		tp_json_pair_int(out, "sectors", (int64_t)fault->sectors);
		tp_json_pair(out, "id", mail ? mail->id : NULL);
		tp_json_pair(out, "path", mail ? mail->path : NULL);
		tp_buf_adds(out, "}\n");
		return;
	}
	tp_buf_addf(out, "%" PRIu64 "-%" PRIu64 "\t%s\t%s\n", fault->sector,
		fault->sector + fault->sectors - 1, mail ? mail->id : "-", mail ? mail->path : "-");
}

static enum tp_status mark_read(struct work *w, const struct tp_disc *disc,
	const struct tp_disc_read *read, struct tp_error *err)
{
	return tp_disc_mark_read(
		w->archive, disc, read, tp_conf_str(w->run->conf, "archive.actor"), err);
}

/* What is damaged is printed in any case; it is recorded before anything else can fail. */
static enum tp_status say_bad(struct work *w, const struct tp_disc *disc,
	const struct tp_disc_read *read, const struct tp_error *found, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	struct tp_error why;

	if (tp_disc_counts(disc, read->device, &why))
		status = mark_read(w, disc, read, err);
	else
		tp_notice("nothing is recorded: %s", why.text);
	flush_faults(w, 0);
	if (w->cannot_write)
		tp_say_error(&w->why);
	if (!status)
		return tp_fail(err, found->status, "%s", found->text);
	tp_say_error(found);
	return tp_error_prefix(err, "that disc %s is bad could not be recorded", disc->serial);
}

static enum tp_status verify(
	struct work *w, const struct tp_disc *disc, const char *path, struct tp_error *err)
{
	struct tp_disc_verify verify = {
		.context = w, .progress = show_progress, .fault = show_fault
	};
	struct tp_error found;
	enum tp_status status = tp_disc_verify(w->archive, disc, path, &verify, &found);

	if (verify.read.bad_pieces && !verify.is_other)
		return say_bad(w, disc, &verify.read, &found, err);
	if (status)
		return tp_fail(err, status, "%s", found.text);
	if (!tp_disc_counts(disc, verify.read.device, &found)) {
		tp_warn("%s is as it was made; nothing is recorded: %s", path, found.text);
		return TP_OK;
	}
	status = mark_read(w, disc, &verify.read, err);
	return status ? status : settle(w, err);
}

/* ---------------------------------------------------------------------------------------------- */

struct request {
	enum { LIST, MAILS, VERIFY, MARK } what;
	enum tp_disc_step step;
	char serial[TP_SERIAL_LEN + 1];
};

static bool parse_step(const char *word, enum tp_disc_step *step)
{
	for (int i = TP_DISC_BURNT; i < TP_DISC_STEPS; i++)
		if (!strcmp(word, tp_disc_words[i])) {
			*step = (enum tp_disc_step)i;
			return true;
		}
	return false;
}

/* What the words ask for; *serial is "" for all discs. */
static enum tp_status parse(const struct tp_run *run, struct request *request, struct tp_error *err)
{
	const char *word = run->argc ? run->argv[0] : NULL;
	int wanted = 2;

	*request = (struct request){ .what = LIST };
	if (!word || (run->argc == 1 && tp_serial_normalize(word, request->serial)))
		return TP_OK;
	if (!strcmp(word, "mails")) {
		request->what = MAILS;
	} else if (!strcmp(word, "verify")) {
		request->what = VERIFY;
		wanted = 3;
	} else if (parse_step(word, &request->step)) {
		request->what = MARK;
	} else {
		return tp_fail(err, TP_USAGE, "unexpected argument '%s' (see --help)", word);
	}
	if (run->argc != wanted)
		return tp_fail(err, TP_USAGE, "%s: needs a serial%s", word,
			wanted == 3 ? " and a device or file" : ", and nothing else");
	if (!tp_serial_normalize(run->argv[1], request->serial))
		return tp_fail(err, TP_USAGE, "'%s' is no serial of a disc", run->argv[1]);
	return TP_OK;
}

static enum tp_status act(struct work *w, const struct request *request, struct tp_error *err)
{
	struct tp_disc disc;
	enum tp_status status;

	if (request->what == LIST)
		return list(w, err);
	status = tp_disc_find(w->archive, request->serial, &disc, err);
	if (status == TP_NOTHING)
		tp_warn("%s", err->text);
	if (status)
		return status;
	if (request->what == VERIFY)
		return verify(w, &disc, w->run->argv[2], err);
	if (request->what == MARK)
		return mark(w, &disc, request->step, err);
	return list_mails(w, &disc, err);
}

static enum tp_status run(struct tp_run *run, struct tp_error *err)
{
	struct work w = { .run = run, .terminal = tp_stdout_is_terminal() };
	struct request request;
	enum tp_status status = parse(run, &request, err);

	tp_table_init(&w.table, "llrrllllllll");
	w.only = request.serial[0] ? request.serial : NULL;
	if (!status)
		status = tp_archive_open(run->conf, NULL, false, &w.archive, err);
	if (!status)
		status = act(&w, &request, err);
	tp_table_release(&w.table);
	tp_archive_close(w.archive);
	return status;
}

int main(int argc, char **argv)
{
	static const struct tp_tool tool = {
		.name = "dvd-list",
		.summary = "what has become of an archive's discs",
		.operands = "[WORD] [SERIAL] [DISC]",
		.max_operands = 3,
		.reports = true,
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
