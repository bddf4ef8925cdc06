/*
 * archive-find: which mails are in the archive, by sender, recipient, subject, arrival and size. See
 * archive-find(1). The content of a mail is never looked at, nor shown.
 */
#include <errno.h>
#include <inttypes.h>

#include "archive/events.h"
#include "archive/missing.h"
#include "archive/query.h"
#include "archive/show.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/json.h"
#include "base/table.h"
#include "base/tool.h"
#include "base/units.h"
#include "disc/check.h"
#include "disc/ledger.h"

#define PAGE       100 /* hits asked for at once; a page of more is several of these */
#define PAGE_LINES 20
/* On a terminal: what is longer is cut, so that a mail is a line. */
#define SENDER_COLUMNS  28
#define SUBJECT_COLUMNS 48
#define TO_COLUMNS      28

static struct {
	struct tp_strings from, to, subject, regex;
	const char *since, *until, *larger, *smaller, *tier, *limit, *page;
	bool reverse, count, json, null, ids, events;
} opt;

static const struct tp_option options[] = {
	{ 'a', "archive", "ARCHIVE", .key = "archive.path", .help = "folder of the archive" },
	{ 'f', "from", "TEXT", .list = &opt.from, .help = "text in the sender (may be repeated)" },
	{ 't', "to", "TEXT", .list = &opt.to,
		.help = "text in To, Cc or an envelope recipient (may be repeated)" },
	{ 's', "subject", "TEXT", .list = &opt.subject,
		.help = "text in the subject (may be repeated)" },
	{ 0, "since", "DATE", .string = &opt.since, .help = "arrived then or later" },
	{ 0, "until", "DATE", .string = &opt.until, .help = "arrived then or before" },
	{ 0, "larger", "SIZE", .string = &opt.larger, .help = "larger than this" },
	{ 0, "smaller", "SIZE", .string = &opt.smaller, .help = "smaller than this" },
	{ 'e', "regex", "FIELD=RE", .list = &opt.regex,
		.help = "PCRE2 in from, to, subject or any (may be repeated)" },
	{ 0, "tier", "TIER", .string = &opt.tier, .help = "online (default), cellar, disc or all" },
	{ 'n', "limit", "N", .string = &opt.limit, .help = "lines a page, 20; 0: no pages" },
	{ 'p', "page", "N", .string = &opt.page, .help = "which page, from 1" },
	{ 'r', "reverse", NULL, .flag = &opt.reverse, .help = "the oldest first" },
	{ 0, "count", NULL, .flag = &opt.count, .help = "print how many there are" },
	{ 'j', "json", NULL, .flag = &opt.json, .help = "print one JSON object a line" },
	{ '0', "null", NULL, .flag = &opt.null, .help = "print all ids, each ended by a NUL" },
	{ 'i', "ids", NULL, .flag = &opt.ids, .help = "print all ids, one a line" },
	{ 0, "events", NULL, .flag = &opt.events,
		.help = "print what was done with the archive instead" },
	{ .name = NULL },
};

/* A listing on its way. */
struct listing {
	struct tp_run *run;
	struct tp_view *view;
	struct tp_archive *archive;
	struct tp_search *search;
	uint32_t disc_number; /* whose name is known */
	char disc_name[16];
	uint64_t skip, limit; /* UINT64_MAX: no end */
	uint64_t given;
	int64_t now;
	bool terminal, more;
	bool tiers; /* more than what is online was asked for: a column says where each is */
};

/* --- what is asked --------------------------------------------------------------------------- */

static enum tp_status add(
	struct tp_query_terms *terms, const char *name, const char *value, struct tp_error *err)
{
	enum tp_status status = value ? tp_query_add(terms, name, value, err) : TP_OK;

	return status ? tp_error_prefix(err, "--%s", name) : TP_OK;
}

static enum tp_status add_all(struct tp_query_terms *terms, const char *name,
	const struct tp_strings *values, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < values->count; i++)
		status = add(terms, name, values->list[i], err);
	return status;
}

static enum tp_status collect(
	struct tp_run *run, struct tp_query_terms *terms, struct tp_error *err)
{
	enum tp_status status = add_all(terms, "from", &opt.from, err);

	if (!status)
		status = add_all(terms, "to", &opt.to, err);
	if (!status)
		status = add_all(terms, "subject", &opt.subject, err);
	if (!status)
		status = add(terms, "since", opt.since, err);
	if (!status)
		status = add(terms, "until", opt.until, err);
	if (!status)
		status = add(terms, "larger", opt.larger, err);
	if (!status)
		status = add(terms, "smaller", opt.smaller, err);
	if (!status)
		status = add(terms, "tier", opt.tier, err);
	for (size_t i = 0; !status && i < opt.regex.count; i++)
		status = tp_strings_add(&terms->regex, opt.regex.list[i], err);
	for (int i = 0; !status && i < run->argc; i++)
		status = tp_query_add_word(terms, run->argv[i], err);
	terms->oldest_first = opt.reverse;
	return status;
}

static enum tp_status take_number(
	const char *name, const char *text, uint64_t least, uint64_t *number, struct tp_error *err)
{
	char *end = NULL;

	if (!text)
		return TP_OK;
	errno = 0;
	*number = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || *number < least || *number > UINT32_MAX)
		return tp_fail(
			err, TP_USAGE, "--%s: '%s' is not a number of lines or pages", name, text);
	return TP_OK;
}

/* Ids are for programs: all of them, unless pages are asked for. */
static enum tp_status take_page(struct listing *l, struct tp_error *err)
{
	uint64_t limit = (opt.ids || opt.null) && !opt.page ? 0 : PAGE_LINES, page = 1;
	enum tp_status status = take_number("limit", opt.limit, 0, &limit, err);

	if (!status)
		status = take_number("page", opt.page, 1, &page, err);
	if (!status && opt.page && !limit)
		status = tp_fail(err, TP_USAGE, "--page: there are none with --limit 0");
	l->skip = (page - 1) * limit;
	l->limit = limit ? limit : UINT64_MAX;
	return status;
}

/* --- columns --------------------------------------------------------------------------------- */

static void add_text(
	struct tp_table *table, const struct listing *l, const char *text, size_t columns)
{
	struct tp_buf shown = TP_BUF_INIT((size_t)64 << 20);

	tp_show_text(text, l->terminal ? columns : SIZE_MAX, &shown);
	tp_table_cell(table, tp_buf_str(&shown), shown.len);
	tp_buf_release(&shown);
}

static void add_recipients(
	struct tp_table *table, const struct listing *l, const struct tp_record *record)
{
	struct tp_buf list = TP_BUF_INIT((size_t)64 << 20);

	if (*record->to) {
		add_text(table, l, record->to, TO_COLUMNS);
		return;
	}
	for (size_t i = 0; i < record->rcpts.count; i++) {
		tp_buf_adds(&list, i ? ", " : "");
		tp_buf_adds(&list, record->rcpts.list[i]);
	}
	add_text(table, l, tp_buf_str(&list), TO_COLUMNS);
	tp_buf_release(&list);
}

static const char *disc_name(struct listing *l, uint32_t number)
{
	if (l->disc_number != number)
		tp_disc_name(l->archive, number, l->disc_name);
	l->disc_number = number;
	return l->disc_name;
}

static void add_row(struct tp_table *table, struct listing *l, const struct tp_hit *hit,
	const struct tp_record *record)
{
	struct tp_buf size = TP_BUF_INIT(64), date = TP_BUF_INIT(64);

	tp_table_cell(table, record->id, strlen(record->id));
	tp_show_local(record->arrival_ms, l->now, &date);
	tp_table_cell(table, tp_buf_str(&date), date.len);
	add_text(table, l, *record->from ? record->from : record->sender, SENDER_COLUMNS);
	add_text(table, l, record->subject, SUBJECT_COLUMNS);
	add_recipients(table, l, record);
	if (l->terminal)
		tp_size_format(record->size_bytes, &size);
	else
		tp_buf_addf(&size, "%" PRIu64, record->size_bytes);
	tp_table_cell(table, tp_buf_str(&size), size.len);
	if (l->tiers && hit->place.tier == TP_TIER_DISC)
		tp_table_cellf(table, "disc %s", disc_name(l, hit->place.disc));
	else if (l->tiers)
		tp_table_cellf(table, "%s", tp_show_tier(hit->place.tier));
	tp_buf_release(&size);
	tp_buf_release(&date);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void add_object(struct listing *l, struct tp_buf *out, const struct tp_hit *hit,
	const struct tp_record *record)
{
	struct tp_buf arrival = TP_BUF_INIT(64);

	tp_show_arrival(record->arrival_ms, &arrival);
	tp_buf_addc(out, '{');
	tp_json_pair(out, "id", record->id);
	tp_json_pair(out, "arrival", tp_buf_str(&arrival));
	tp_buf_release(&arrival);
	tp_json_pair(out, "from", record->from);
	tp_json_pair(out, "to", record->to);
	tp_json_pair(out, "subject", record->subject);
	tp_json_pair(out, "sender", record->sender);
	tp_show_recipients(&record->rcpts, out);
	tp_json_pair_int(out, "size", (int64_t)record->size_bytes);
	tp_json_pair(out, "tier", tp_show_tier(hit->place.tier));
	if (hit->place.tier == TP_TIER_DISC)
		tp_json_pair(out, "disc", disc_name(l, hit->place.disc));
	tp_buf_adds(out, "}\n");
}

/* --- lists ----------------------------------------------------------------------------------- */

static enum tp_status print_hits(struct listing *l, const struct tp_hit *hits, size_t count,
	struct tp_buf *out, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_table table;
	enum tp_status status = TP_OK;

	tp_table_init(&table, l->tiers ? "lllllrl" : "lllllr");
	for (size_t i = 0; !status && i < count; i++) {
		if (opt.ids || opt.null) {
			tp_buf_add(out, hits[i].id, TP_ID_LEN);
			tp_buf_addc(out, opt.null ? '\0' : '\n');
			continue;
		}
		status = tp_search_show(l->search, &hits[i], &record, err);
		if (!status && opt.json)
			add_object(l, out, &hits[i], &record);
		else if (!status)
			add_row(&table, l, &hits[i], &record);
	}
	if (!status)
		status = tp_table_print(&table, l->terminal, out, err);
	tp_table_release(&table);
	tp_record_release(&record);
	return status;
}

/* Who reads us may take his time, and the archive must not be held meanwhile. */
static enum tp_status give(struct listing *l, struct tp_error *err)
{
	struct tp_buf *out = &l->run->text;
	bool renewed;
	enum tp_status status;

	tp_view_pause(l->view);
	status = tp_stdout_write(tp_buf_str(out), out->len, err);
	tp_buf_clear(out);
	if (!status)
		status = tp_view_resume(l->view, &renewed, err);
	return !status && renewed ? tp_search_renew(l->search, err) : status;
}

/* Piece by piece to stdout: a list may be longer than memory. One hit more than a page is asked for
 * tells whether there is another page. */
static enum tp_status print_list(struct listing *l, struct tp_error *err)
{
	uint64_t left = l->limit;
	struct tp_hit *hits = calloc(PAGE + 1, sizeof *hits);
	size_t most = PAGE, count = PAGE;
	enum tp_status status = TP_OK;

	if (!hits)
		return tp_fail(err, TP_NOMEM, "out of memory");
	while (!status && left && count == most) {
		bool last = left < PAGE;

		most = last ? (size_t)left + (l->terminal ? 1 : 0) : PAGE;
		status = tp_search_next(l->search, hits, most, &count, NULL, err);
		if (!status && last && count > left) {
			l->more = true;
			count = (size_t)left;
		}
		if (!status)
			status = print_hits(l, hits, count, &l->run->text, err);
		if (!status)
			status = give(l, err);
		l->given += count;
		left -= count;
	}
	free(hits);
	return status;
}

static enum tp_status print_count(struct listing *l, struct tp_error *err)
{
	uint64_t total = 0;
	size_t count;
	enum tp_status status = tp_search_next(l->search, NULL, 0, &count, &total, err);

	if (status)
		return status;
	tp_buf_addf(&l->run->text, "%" PRIu64 "\n", total);
	l->run->exit_code = total ? 0 : tp_status_exit_code(TP_NOTHING);
	return TP_OK;
}

static enum tp_status list(struct tp_run *run, struct tp_archive *archive, struct tp_view *view,
	const struct tp_query_terms *terms, struct tp_error *err)
{
	struct listing l = { .run = run,
		.archive = archive,
		.view = view,
		.now = tp_now(),
		.terminal = tp_stdout_is_terminal() };
	enum tp_status status = take_page(&l, err);

	l.tiers = terms->tiers != 1u << TP_TIER_ONLINE;
	if (!status)
		status = tp_search_new(view, terms, &l.search, err);
	if (!status && opt.count)
		status = print_count(&l, err);
	else if (!status) {
		status = tp_search_skip(l.search, l.skip, err);
		if (!status)
			status = print_list(&l, err);
		if (!status && !l.given)
			status = tp_fail(err, TP_NOTHING, "no such mail");
		if (!status && l.more)
			tp_buf_addf(&run->text, "more: --page %" PRIu64 "\n", l.skip / l.limit + 2);
	}
	tp_search_free(l.search);
	return status;
}

/* --- all of it ------------------------------------------------------------------------------- */

/* A disc of which something cannot be read, or is not there. */
static enum tp_status look_at_discs(
	struct tp_archive *archive, const struct tp_view *view, struct tp_error *err)
{
	char name[16];
	uint32_t disc;
	struct tp_error why;
	enum tp_status status = tp_view_trouble(view, &disc, &why);

	if (!status)
		return tp_disc_index_is_there(archive, err);
	tp_disc_name(archive, disc, name);
	return tp_fail(err, status, "disc %s: %s/%s; take that file from a copy of the archive",
		name, archive->path, why.text);
}

/* A list that is not all of it is a list, and says so. */
static enum tp_status tell_missing(struct tp_run *run, struct tp_archive *archive,
	const struct tp_view *view, unsigned tiers, enum tp_status found, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status packs = TP_OK, discs = TP_OK;

	if (tiers != 1u << TP_TIER_DISC)
		packs = tp_packs_of_index_are_there(archive, &why);
	if (packs == TP_DATA)
		tp_warn("%s: its mail is not found", why.text);
	if ((!packs || packs == TP_DATA) && tiers & 1u << TP_TIER_DISC)
		discs = look_at_discs(archive, view, &why);
	if (discs == TP_DATA)
		tp_warn("%s: what left for it is not found", why.text);
	if (!packs && !discs)
		return found;
	if (packs != TP_DATA && discs != TP_DATA)
		return tp_fail(err, packs ? packs : discs, "%s", why.text);
	run->exit_code = tp_status_exit_code(TP_DATA);
	return TP_OK;
}

/* Of a mail on several discs, one that is there is shown. */
static enum tp_status shun_discs(
	struct tp_archive *archive, struct tp_view *view, struct tp_error *err)
{
	uint32_t *discs = NULL;
	size_t count = 0;
	enum tp_status status = tp_disc_doubtful(archive, &discs, &count, err);

	if (!status)
		status = tp_view_shun_discs(view, discs, count, err);
	free(discs);
	return status;
}

static enum tp_status find(struct tp_run *run, struct tp_archive *archive, struct tp_error *err)
{
	struct tp_query_terms terms;
	struct tp_view *view = NULL;
	enum tp_status status;

	tp_query_terms_init(&terms);
	status = collect(run, &terms, err);
	if (!status)
		status = tp_view_open(archive, &view, err);
	if (!status && terms.tiers & 1u << TP_TIER_DISC)
		status = shun_discs(archive, view, err);
	if (!status)
		status = list(run, archive, view, &terms, err);
	if (!status || status == TP_NOTHING)
		status = tell_missing(run, archive, view, terms.tiers, status, err);
	tp_view_close(view);
	tp_query_terms_release(&terms);
	return status;
}

/* The event log is shown whole. */
static bool asks_for_mail(const struct tp_run *run)
{
	return run->argc || opt.from.count || opt.to.count || opt.subject.count ||
	       opt.regex.count || opt.since || opt.until || opt.larger || opt.smaller || opt.tier ||
	       opt.limit || opt.page || opt.reverse || opt.count || opt.null || opt.ids;
}

static enum tp_status run(struct tp_run *run, struct tp_error *err)
{
	struct tp_archive *archive = NULL;
	enum tp_status status;

	if (opt.count + opt.json + opt.null + opt.ids > 1)
		return tp_fail(
			err, TP_USAGE, "--count, --json, --null and --ids exclude each other");
	if (opt.events && asks_for_mail(run))
		return tp_fail(err, TP_USAGE, "--events: goes with --json and nothing else");
	status = tp_archive_open(run->conf, NULL, false, &archive, err);
	if (!status)
		status = opt.events ? tp_events_print(archive, opt.json, &run->text, err)
				    : find(run, archive, err);
	tp_archive_close(archive);
	tp_strings_release(&opt.from);
	tp_strings_release(&opt.to);
	tp_strings_release(&opt.subject);
	tp_strings_release(&opt.regex);
	return status;
}

int main(int argc, char **argv)
{
	static const struct tp_tool tool = {
		.name = "archive-find",
		.summary = "find mails in the archive by sender, recipient, subject and date",
		.operands = "[QUERY...]",
		.max_operands = -1,
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
