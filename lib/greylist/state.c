/* What is remembered: see state.h. */
#include "greylist/state.h"

#include "base/db.h"

#define PROBES         16 /* numbers where a text may stand: other texts have its hash, too */
#define NEIGHBOURS     8  /* rows that a new one looks at */
#define WALKED_AT_ONCE 500
/* Keys of one origin that can wait at a time, near enough: 1.2 MB of them. */
#define WAITING_SLOTS 4096
/* The log is folded in when it has so many pages of 4 KiB. A process that starts alone reads it all,
 * so those that make one decision each keep it short. */
#define LOG_PAGES_ONE  48
#define LOG_PAGES_MANY 2000
/* Room for all but the lowest pages of a file with ten million entries, so that each decision reads
 * one page. Taken as it is needed. */
#define CACHE_KIB 16000

/* Keys are very many and everything else is few: in a table of its own that stays in memory, so that a
 * decision reads one page of the large one. */
#define COLUMNS                                                                                    \
	"(id INTEGER PRIMARY KEY, text TEXT NOT NULL, first INTEGER NOT NULL,"                     \
	" last INTEGER NOT NULL, late INTEGER NOT NULL, passed INTEGER NOT NULL,"                  \
	" count INTEGER NOT NULL, until INTEGER NOT NULL, word INTEGER NOT NULL);"

static const char *const migrations[] = {
	"CREATE TABLE entry " COLUMNS "CREATE TABLE other " COLUMNS,
	NULL,
};

enum table { ENTRY, OTHER, TABLES };
enum transaction { BEGIN, BEGIN_READ, COMMIT, ROLLBACK, TRANSACTIONS };
enum statement { GET, PUT, NEXT, DELETE, WALK, STATEMENTS };

static const char *const transactions[TRANSACTIONS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[BEGIN_READ] = "BEGIN",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
};

#define STATEMENTS_OF(table)                                                                       \
	{                                                                                          \
		[GET] = "SELECT * FROM " table " WHERE id BETWEEN ? AND ? ORDER BY id",            \
		[PUT] = "INSERT OR REPLACE INTO " table " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",     \
		[NEXT] = "SELECT id, until FROM " table " WHERE id > ? ORDER BY id LIMIT ?",       \
		[DELETE] = "DELETE FROM " table " WHERE id = ?",                                   \
		[WALK] = "SELECT * FROM " table " WHERE id > ? ORDER BY id LIMIT ?",               \
	}

static const char *const statements[TABLES][STATEMENTS] = {
	[ENTRY] = STATEMENTS_OF("entry"),
	[OTHER] = STATEMENTS_OF("other"),
};

/* A key that waits stands among those of its origin, and elsewhere when it has passed. */
enum place { HOME, WAITING, PLACES };

struct tp_state {
	struct tp_db *db;
	/* Prepared when first used, for most decisions need few of them. */
	struct tp_query *transactions[TRANSACTIONS];
	struct tp_query *queries[TABLES][STATEMENTS];
	struct tp_buf text; /* kind and text of the entry at hand */
	/* Where that stands, when it was looked for in this transaction: a decision reads what it
	 * then writes. */
	enum tp_status found; /* TP_OK, TP_NOTHING; TP_INTERNAL: not looked for */
	enum place stands;
	int64_t ids[PLACES]; /* where it stands, or where it may be put */
};

enum tp_status tp_state_open(const char *path, int busy_ms, bool short_lived, struct tp_state **out,
	struct tp_error *err)
{
	struct tp_db_options options = { .busy_ms = busy_ms,
		.relaxed = true,
		.keep_log = short_lived,
		.log_pages = short_lived ? LOG_PAGES_ONE : LOG_PAGES_MANY,
		.cache_kib = short_lived ? 0 : CACHE_KIB };
	struct tp_state *state = calloc(1, sizeof *state);
	enum tp_status status;

	*out = NULL;
	if (!state)
		return tp_fail(err, TP_NOMEM, "%s: out of memory", path);
	state->found = TP_INTERNAL;
	tp_buf_init(&state->text, (size_t)1 << 20);
	status = tp_db_open_with(path, migrations, &options, &state->db, err);
	if (status)
		tp_state_close(state);
	else
		*out = state;
	return status;
}

void tp_state_close(struct tp_state *state)
{
	if (!state)
		return;
	for (int i = 0; i < TRANSACTIONS; i++)
		tp_query_free(state->transactions[i]);
	for (int i = 0; i < TABLES; i++)
		for (int j = 0; j < STATEMENTS; j++)
			tp_query_free(state->queries[i][j]);
	tp_db_close(state->db);
	tp_buf_release(&state->text);
	free(state);
}

void tp_state_set_busy(struct tp_state *state, int busy_ms)
{
	tp_db_set_busy(state->db, busy_ms);
}

bool tp_state_is_gone(const struct tp_state *state)
{
	return tp_db_is_gone(state->db);
}

static enum tp_status prepare(
	struct tp_state *state, struct tp_query **query, const char *sql, struct tp_error *err)
{
	return *query ? TP_OK : tp_db_prepare(state->db, query, err, sql);
}

/* The prepared statement with no values yet, for the table where state->text stands. */
static enum tp_status ready(
	struct tp_state *state, enum statement which, struct tp_query **query, struct tp_error *err)
{
	enum table table = *tp_buf_str(&state->text) == TP_STATE_KEY ? ENTRY : OTHER;
	enum tp_status status =
		prepare(state, &state->queries[table][which], statements[table][which], err);

	*query = state->queries[table][which];
	return status;
}

static enum tp_status run(struct tp_state *state, enum transaction which, struct tp_error *err)
{
	struct tp_query **query = &state->transactions[which];
	enum tp_status status = prepare(state, query, transactions[which], err);

	if (!status)
		status = tp_query_step(*query, err);
	tp_query_reset(*query);
	return status == TP_NOTHING ? TP_OK : status;
}

enum tp_status tp_state_begin(struct tp_state *state, bool write, struct tp_error *err)
{
	state->found = TP_INTERNAL;
	return run(state, write ? BEGIN : BEGIN_READ, err);
}

enum tp_status tp_state_end(struct tp_state *state, bool commit, struct tp_error *err)
{
	enum tp_status status = run(state, commit ? COMMIT : ROLLBACK, err);

	state->found = TP_INTERNAL;
	if (status && commit)
		run(state, ROLLBACK, NULL);
	return status;
}

/* --- where an entry is ----------------------------------------------------------------------- */

static enum tp_status set_text(
	struct tp_state *state, enum tp_state_kind kind, const char *text, struct tp_error *err)
{
	if (state->found != TP_INTERNAL && state->text.data[0] == (char)kind &&
		!strcmp(state->text.data + 1, text))
		return TP_OK;
	state->found = TP_INTERNAL;
	tp_buf_clear(&state->text);
	tp_buf_addc(&state->text, (char)kind);
	tp_buf_adds(&state->text, text);
	return tp_buf_status(&state->text, "greylist key", err);
}

/* FNV-1a, its bits then mixed so that all of them depend on all of the text (splitmix64's end). */
static int64_t hash_of(enum tp_state_kind kind, const char *text, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (unsigned char)kind;

	hash *= UINT64_C(0x100000001b3);
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (int64_t)((hash ^ (hash >> 31)) >> 1);
}

/* The first number where a text may stand. A waiting key's is one of a run of numbers that belongs to
 * its origin, what stands before the first space: however many senders somebody makes up, they push
 * out each other and take no more room than the run has. */
static int64_t number_of(enum place place, enum tp_state_kind kind, const char *text)
{
	int64_t hash = hash_of(kind, text, strlen(text));

	/* So that the numbers behind it exist. */
	if (place == HOME)
		return hash < INT64_MAX - PROBES ? hash : INT64_MAX - PROBES;
	return hash_of(kind, text, strcspn(text, " ")) / 2 + hash % WAITING_SLOTS;
}

static enum place place_of(const struct tp_entry *entry)
{
	return entry->kind == TP_STATE_KEY && !entry->passed ? WAITING : HOME;
}

int64_t tp_state_number(const char *text, const struct tp_entry *entry)
{
	return number_of(place_of(entry), entry->kind, text);
}

static void read_entry(struct tp_query *row, struct tp_entry *entry)
{
	*entry = (struct tp_entry){ .kind = (enum tp_state_kind)tp_query_text(row, 1)[0],
		.first = tp_query_int(row, 2),
		.last = tp_query_int(row, 3),
		.late = tp_query_int(row, 4),
		.passed = tp_query_int(row, 5),
		.count = tp_query_int(row, 6),
		.until = tp_query_int(row, 7),
		.word = (int)tp_query_int(row, 8) };
}

/* Any of them. If it were the oldest, many mails that come again in their order would push out each
 * other, the first of them the last, who have waited; if it were the youngest, nobody new would find room
 * in a flood. */
static int victim_of(const char *whole)
{
	return (int)(hash_of((enum tp_state_kind)whole[0], whole + 1, strlen(whole + 1)) /
		     WAITING_SLOTS % PROBES);
}

/* Looks for state->text at one place: TP_OK with *entry and where it stands, or TP_NOTHING with where it
 * may be put: in somebody's place when there is no room. */
static enum tp_status look(
	struct tp_state *state, enum place place, struct tp_entry *entry, struct tp_error *err)
{
	const char *whole = tp_buf_str(&state->text);
	int64_t from = number_of(place, (enum tp_state_kind)whole[0], whole + 1);
	int64_t room = from, *id = &state->ids[place];
	struct tp_query *row;
	enum tp_status status = ready(state, GET, &row, err);

	if (!status)
		status = tp_query_again(row, err, "ii", from, from + PROBES - 1);
	while (!status) {
		const char *text;

		status = tp_query_step(row, err);
		if (status)
			break;
		text = tp_query_text(row, 1);
		if (text && !strcmp(text, state->text.data)) {
			*id = tp_query_int(row, 0);
			read_entry(row, entry);
			tp_query_reset(row);
			return TP_OK;
		}
		room += tp_query_int(row, 0) == room;
	}
	tp_query_reset(row);
	*id = room < from + PROBES ? room : from + victim_of(whole);
	return status;
}

/* What passed is looked for first: most mail is known. */
static enum tp_status find(struct tp_state *state, struct tp_entry *entry, struct tp_error *err)
{
	enum tp_status status = look(state, HOME, entry, err);

	state->stands = HOME;
	if (status == TP_NOTHING && state->text.data[0] == TP_STATE_KEY) {
		status = look(state, WAITING, entry, err);
		state->stands = WAITING;
	}
	if (!status || status == TP_NOTHING)
		state->found = status;
	return status;
}

enum tp_status tp_state_get(struct tp_state *state, enum tp_state_kind kind, const char *text,
	int64_t now, struct tp_entry *entry, struct tp_error *err)
{
	enum tp_status status = set_text(state, kind, text, err);

	if (!status)
		status = find(state, entry, err);
	if (!status && entry->until <= now)
		status = TP_NOTHING;
	return status;
}

static enum tp_status write_row(
	struct tp_state *state, int64_t id, const struct tp_entry *e, struct tp_error *err)
{
	struct tp_query *query;
	enum tp_status status = ready(state, PUT, &query, err);

	if (!status)
		status = tp_query_again(query, err, "isiiiiiii", id, tp_buf_str(&state->text),
			e->first, e->last, e->late, e->passed, e->count, e->until,
			(int64_t)e->word);
	if (!status)
		status = tp_query_step(query, err);
	tp_query_reset(query);
	return status == TP_NOTHING ? TP_OK : status;
}

static enum tp_status delete_row(struct tp_state *state, int64_t id, struct tp_error *err)
{
	struct tp_query *query;
	enum tp_status status = ready(state, DELETE, &query, err);

	if (!status)
		status = tp_query_again(query, err, "i", id);
	if (!status)
		status = tp_query_step(query, err);
	tp_query_reset(query);
	return status == TP_NOTHING ? TP_OK : status;
}

/* Rows behind `id` that expired go; they are in the page that is written anyway, or the next. */
static enum tp_status sweep(struct tp_state *state, int64_t id, int64_t now, struct tp_error *err)
{
	int64_t gone[NEIGHBOURS];
	struct tp_query *row;
	int count = 0;
	enum tp_status status = ready(state, NEXT, &row, err);

	if (!status)
		status = tp_query_again(row, err, "ii", id, (int64_t)NEIGHBOURS);
	while (!status) {
		status = tp_query_step(row, err);
		if (!status && tp_query_int(row, 1) <= now && count < NEIGHBOURS)
			gone[count++] = tp_query_int(row, 0);
	}
	tp_query_reset(row);
	if (status != TP_NOTHING)
		return status;
	status = TP_OK;
	for (int i = 0; !status && i < count; i++)
		status = delete_row(state, gone[i], err);
	return status;
}

/* An entry that stands at home stays there; one that passes leaves those that wait. */
enum tp_status tp_state_put(struct tp_state *state, const char *text, const struct tp_entry *entry,
	int64_t now, struct tp_error *err)
{
	enum tp_status status = set_text(state, entry->kind, text, err);
	enum place to = place_of(entry);
	struct tp_entry before;
	bool is_new;

	if (!status && state->found == TP_INTERNAL)
		status = find(state, &before, err);
	if (status && status != TP_NOTHING)
		return status;
	status = TP_OK;
	if (state->found == TP_OK && state->stands == HOME)
		to = HOME;
	is_new = state->found != TP_OK || state->stands != to;
	if (is_new && state->found == TP_OK)
		status = delete_row(state, state->ids[state->stands], err);
	if (!status)
		status = write_row(state, state->ids[to], entry, err);
	state->found = status ? TP_INTERNAL : TP_OK;
	state->stands = to;
	if (!status && is_new)
		status = sweep(state, state->ids[to], now, err);
	return status;
}

/* --- all entries ----------------------------------------------------------------------------- */

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A key that passed on one side has passed; one that waits on both has waited since the earlier
 * first try, unless a late try has opened its window again. */
static void join(struct tp_entry *into, const struct tp_entry *from)
{
	if (into->late == from->late)
		into->first = smaller(into->first, from->first);
	else if (from->late > into->late)
		into->first = from->first;
	if (from->last > into->last)
		into->word = from->word;
	if (into->passed && from->passed)
		into->passed = smaller(into->passed, from->passed);
	else
		into->passed = larger(into->passed, from->passed);
	into->late = larger(into->late, from->late);
	into->last = larger(into->last, from->last);
	into->count = larger(into->count, from->count);
	into->until = larger(into->until, from->until);
}

enum tp_status tp_state_merge_entry(struct tp_state *state, const char *text,
	const struct tp_entry *entry, int64_t now, struct tp_error *err)
{
	struct tp_entry both = { .kind = entry->kind };
	enum tp_status status;

	if (entry->until <= now)
		return TP_OK;
	status = tp_state_get(state, entry->kind, text, now, &both, err);
	if (status == TP_NOTHING)
		return tp_state_put(state, text, entry, now, err);
	if (status)
		return status;
	join(&both, entry);
	return tp_state_put(state, text, &both, now, err);
}

/* Reads the next piece of one table behind *id. *count: rows met, expired ones too. */
static enum tp_status walk_piece(struct tp_state *state, enum table table, int64_t *id, int64_t now,
	int *count, tp_state_visit *each, void *context, struct tp_error *err)
{
	struct tp_query **row = &state->queries[table][WALK];
	enum tp_status status = prepare(state, row, statements[table][WALK], err);

	*count = 0;
	if (!status)
		status = tp_query_again(*row, err, "ii", *id, (int64_t)WALKED_AT_ONCE);
	while (!status) {
		struct tp_entry entry;
		const char *text;

		status = tp_query_step(*row, err);
		if (status)
			break;
		*id = tp_query_int(*row, 0);
		++*count;
		text = tp_query_text(*row, 1);
		if (!text || !*text)
			continue;
		read_entry(*row, &entry);
		if (entry.until > now)
			status = each(context, text + 1, &entry, err);
	}
	tp_query_reset(*row);
	return status == TP_NOTHING ? TP_OK : status;
}

enum tp_status tp_state_walk(struct tp_state *state, int64_t now, tp_state_visit *each,
	void *context, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (int table = 0; !status && table < TABLES; table++) {
		int64_t id = INT64_MIN;
		int count = WALKED_AT_ONCE;

		while (!status && count == WALKED_AT_ONCE)
			status = walk_piece(
				state, (enum table)table, &id, now, &count, each, context, err);
	}
	return status;
}
