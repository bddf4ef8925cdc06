/* greylist/state and greylist/exchange: entries come back, expire, merge; processes do not lose any. */
#include "greylist/state.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "greylist/exchange.h"
#include "tap.h"
#include "trash.h"

#define NOW INT64_C(1790000000)

static struct tp_error err;

static bool same(const struct tp_entry *a, const struct tp_entry *b)
{
	return a->kind == b->kind && a->first == b->first && a->last == b->last &&
	       a->late == b->late && a->passed == b->passed && a->count == b->count &&
	       a->until == b->until && a->word == b->word;
}

static struct tp_state *open_state(const char *path)
{
	struct tp_state *state = NULL;

	if (tp_state_open(path, 10000, false, &state, &err)) {
		printf("# %s\n", err.text);
		exit(99);
	}
	return state;
}

static struct tp_entry entry_of(enum tp_state_kind kind, int64_t first, int64_t until)
{
	return (struct tp_entry){ .kind = kind, .first = first, .last = first, .until = until };
}

static void test_rows(void)
{
	struct tp_state *state = open_state("state");
	struct tp_entry entry = { TP_STATE_KEY, NOW, NOW + 1, 2, NOW + 3, 4, NOW + 5, 1 }, found;

	ok(tp_state_get(state, TP_STATE_KEY, "a b c", NOW, &found, &err) == TP_NOTHING,
		"nothing yet");
	ok(!tp_state_put(state, "a b c", &entry, NOW, &err), "put");
	ok(!tp_state_get(state, TP_STATE_KEY, "a b c", NOW, &found, &err) && same(&found, &entry),
		"and found as it was");
	ok(tp_state_get(state, TP_STATE_ORIGIN, "a b c", NOW, &found, &err) == TP_NOTHING,
		"not as another kind");
	ok(tp_state_get(state, TP_STATE_KEY, "a b c", NOW + 5, &found, &err) == TP_NOTHING,
		"not when it has expired");
	entry.count = 9;
	tp_state_begin(state, true, &err);
	tp_state_put(state, "a b c", &entry, NOW, &err);
	tp_state_end(state, false, &err);
	tp_state_get(state, TP_STATE_KEY, "a b c", NOW, &found, &err);
	ok(found.count == 4, "what is not committed was not written");
	tp_state_close(state);
	state = open_state("state");
	ok(!tp_state_get(state, TP_STATE_KEY, "a b c", NOW, &found, &err),
		"it is there afterwards");
	tp_state_close(state);
}

static enum tp_status count(
	void *context, const char *text, const struct tp_entry *entry, struct tp_error *e)
{
	++*(int *)context;
	return TP_OK;
}

static int rows_in(const char *path)
{
	char command[256];
	int rows = -1;
	FILE *pipe;

	snprintf(command, sizeof command, "sqlite3 %s 'SELECT count(*) FROM entry'", path);
	pipe = popen(command, "r");
	if (!pipe || fscanf(pipe, "%d", &rows) != 1)
		rows = -1;
	if (pipe)
		pclose(pipe);
	return rows;
}

/* Ten lives of 2,000 short-lived entries each: without the sweep there would be 20,000 rows. */
static void test_sweep(void)
{
	struct tp_state *state = open_state("sweep");
	char text[64];
	int alive = 0, rows;

	for (int i = 0; i < 20000; i++) {
		struct tp_entry entry = entry_of(TP_STATE_KEY, NOW + i, NOW + i + 2000);

		snprintf(text, sizeof text, "net%d a@b c@d", i);
		if (i % 500 == 0)
			tp_state_begin(state, true, &err);
		if (tp_state_put(state, text, &entry, NOW + i, &err))
			exit(99);
		if (i % 500 == 499)
			tp_state_end(state, true, &err);
	}
	ok(!tp_state_walk(state, NOW + 19999, count, &alive, &err) && alive == 2000,
		"a walk meets those that live");
	tp_state_close(state);
	rows = rows_in("sweep");
	if (rows < 0)
		skip("expired entries leave by themselves", "sqlite3 is not installed");
	else
		ok(rows < 3000, "expired entries leave by themselves: %d rows for 2,000 alive",
			rows);
}

static void put(struct tp_state *state, const char *text, struct tp_entry entry)
{
	if (tp_state_put(state, text, &entry, NOW, &err))
		exit(99);
}

static int64_t pages_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size / 4096;
}

static void write_many(struct tp_state *state, const char *origin, int count, int64_t now)
{
	struct tp_entry entry = entry_of(TP_STATE_KEY, now, now + 1000);
	char text[80];

	for (int i = 0; i < count; i++) {
		snprintf(text, sizeof text, "%s s%d@x c@d", origin, i);
		if (i % 1000 == 0 && tp_state_begin(state, true, &err))
			exit(99);
		if (tp_state_put(state, text, &entry, now, &err))
			exit(99);
		if ((i % 1000 == 999 || i == count - 1) && tp_state_end(state, true, &err))
			exit(99);
	}
}

/* Somebody who makes up senders fills the room of his own origin, and no more. */
static void test_flood(void)
{
	struct tp_state *state = open_state("flood");
	struct tp_entry passed = entry_of(TP_STATE_KEY, NOW, NOW + 1000000), found;
	int alive = 0, lost = 0;
	int64_t pages, before;
	char text[80];

	passed.passed = NOW;
	write_many(state, "10.0.0.0/24", 1000, NOW);
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "10.0.0.0/24 s%d@x c@d", i);
		lost += tp_state_get(state, TP_STATE_KEY, text, NOW, &found, &err) != TP_OK;
	}
	ok(!lost, "a thousand mails of one origin wait together, %d lost", lost);
	write_many(state, "192.0.2.0/24", 1, NOW);
	put(state, "198.51.100.0/24 known@x c@d", passed);
	write_many(state, "198.51.100.0/24", 30000, NOW);
	tp_state_walk(state, NOW, count, &alive, &err);
	ok(alive > 4096 && alive < 1000 + 2 + 4096 + 17,
		"30,000 senders of one origin leave %d entries", alive);
	ok(!tp_state_get(state, TP_STATE_KEY, "192.0.2.0/24 s0@x c@d", NOW, &found, &err) &&
			!tp_state_get(state, TP_STATE_KEY, "198.51.100.0/24 known@x c@d", NOW,
				&found, &err),
		"nobody else's, and none that passed");
	ok(!tp_state_get(state, TP_STATE_KEY, "198.51.100.0/24 s29999@x c@d", NOW, &found, &err),
		"the last of them is there");
	found.passed = NOW + 1;
	found.until = NOW + 100000;
	put(state, "198.51.100.0/24 s29999@x c@d", found);
	alive = 0;
	tp_state_walk(state, NOW + 1001, count, &alive, &err);
	ok(alive == 2, "one that passes moves out: %d left later", alive);
	tp_state_close(state);
	before = pages_of("flood");
	state = open_state("flood");
	write_many(state, "203.0.113.0/24", 30000, NOW + 2000);
	tp_state_close(state);
	pages = pages_of("flood");
	ok(pages <= 2 * before, "the next one finds their room: %lld pages, %lld before",
		(long long)pages, (long long)before);
}

static enum tp_status into_buf(void *context, const char *bytes, size_t len, struct tp_error *e)
{
	tp_buf_add(context, bytes, len);
	return tp_buf_status(context, "dump", e);
}

static void merge_into(struct tp_state *from, struct tp_state *to, struct tp_buf *text)
{
	int64_t merged;

	tp_buf_clear(text);
	if (tp_state_dump(from, NOW, into_buf, text, &err) ||
		tp_state_merge(to, "dump", text->data, text->len, NOW, &merged, &err)) {
		printf("# %s\n", err.text);
		exit(99);
	}
}

static void test_merge(void)
{
	struct tp_state *a = open_state("mx1"), *b = open_state("mx2");
	struct tp_buf one = TP_BUF_INIT(1 << 20), two = TP_BUF_INIT(1 << 20);
	struct tp_entry entry, found;
	int64_t merged;

	put(a, "both", entry_of(TP_STATE_KEY, NOW - 100, NOW + 100));
	put(b, "both", entry_of(TP_STATE_KEY, NOW - 90, NOW + 110));
	put(a, "only a", entry_of(TP_STATE_ORIGIN, NOW, NOW + 100));
	put(b, "only b", entry_of(TP_STATE_LEARNED, NOW, NOW + 100));
	entry = entry_of(TP_STATE_KEY, NOW - 500, NOW + 100);
	entry.passed = NOW - 300;
	entry.count = 3;
	put(a, "passed", entry);
	put(b, "passed", entry_of(TP_STATE_KEY, NOW - 400, NOW + 100));
	put(a, "memo", entry_of(TP_STATE_MEMO, NOW, NOW + 100));
	put(a, "old", entry_of(TP_STATE_KEY, NOW - 100, NOW));
	merge_into(a, b, &one);
	merge_into(b, a, &one);
	ok(!tp_state_get(b, TP_STATE_KEY, "both", NOW, &found, &err) && found.first == NOW - 100 &&
			found.last == NOW - 90 && found.until == NOW + 110,
		"the earlier first, the later last");
	ok(!tp_state_get(b, TP_STATE_KEY, "passed", NOW, &found, &err) &&
			found.passed == NOW - 300 && found.count == 3,
		"what passed here has passed there");
	ok(!tp_state_get(b, TP_STATE_ORIGIN, "only a", NOW, &found, &err) &&
			!tp_state_get(a, TP_STATE_LEARNED, "only b", NOW, &found, &err),
		"what one knew both know");
	ok(tp_state_get(b, TP_STATE_MEMO, "memo", NOW, &found, &err) == TP_NOTHING &&
			tp_state_get(b, TP_STATE_KEY, "old", NOW - 50, &found, &err) == TP_NOTHING,
		"but not findings, and not what expired");
	merge_into(a, b, &one);
	merge_into(b, a, &two);
	ok(tp_state_merge(b, "x", "tubepost-greylist 1\nk\t1\t1\t0\t0\t0\t9999999999\t0\tq\nk\tx\n",
		   strlen("tubepost-greylist 1\nk\t1\t1\t0\t0\t0\t9999999999\t0\tq\nk\tx\n"), NOW,
		   &merged, &err) == TP_DATA &&
			strstr(err.text, "line 3") &&
			tp_state_get(b, TP_STATE_KEY, "q", NOW, &found, &err) == TP_NOTHING,
		"a bad line is told, and nothing merged");
	ok(tp_state_merge(b, "x", "nonsense\n", 9, NOW, &merged, &err) == TP_DATA, "no dump");
	ok(tp_state_merge(b, "x", "tubepost-greylist 1\nk\t-1\t1\t0\t0\t0\t9\t0\tq\n", 40, NOW,
		   &merged, &err) == TP_DATA,
		"no time before 1970");
	tp_state_close(a);
	tp_state_close(b);
	tp_buf_release(&one);
	tp_buf_release(&two);
}

/* Many processes, each with the state of its own making, count up one entry. */
static void test_at_once(void)
{
	int failed = 0, status;
	struct tp_state *state;
	struct tp_entry found = { .count = 0 };

	for (int i = 0; i < 8; i++)
		if (fork() == 0) {
			state = open_state("shared");
			for (int j = 0; j < 50; j++) {
				struct tp_entry entry = entry_of(TP_STATE_ORIGIN, NOW, NOW + 100);

				if (tp_state_begin(state, true, &err))
					_exit(1);
				if (!tp_state_get(state, TP_STATE_ORIGIN, "o", NOW, &found, &err))
					entry.count = found.count;
				entry.count++;
				if (tp_state_put(state, "o", &entry, NOW, &err) ||
					tp_state_end(state, true, &err))
					_exit(1);
			}
			tp_state_close(state);
			_exit(0);
		}
	while (wait(&status) > 0)
		failed += status != 0;
	state = open_state("shared");
	tp_state_get(state, TP_STATE_ORIGIN, "o", NOW, &found, &err);
	ok(!failed && found.count == 400, "eight writers at once: %lld of 400 counted",
		(long long)found.count);
	tp_state_close(state);
}

static void test_trouble(void)
{
	struct tp_state *state = NULL;

	trash_file("garbage",
		"this is no database, and it is longer than a header of one is, so that "
		"nobody takes it for an empty one",
		0600);
	ok(tp_state_open("garbage", 100, false, &state, &err) == TP_DATA && !state, "no database");
	ok(tp_state_open("/proc/nowhere/state", 100, false, &state, &err) != TP_OK && !state,
		"no folder");
}

int main(void)
{
	trash_make();
	test_rows();
	test_sweep();
	test_flood();
	test_merge();
	test_at_once();
	test_trouble();
	return done_testing();
}
