/* base/db and drop/ledger: migrations, lifetimes, pruning, locks between processes. */
#include "drop/ledger.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/db.h"
#include "base/diag.h"
#include "tap.h"

static char folder[] = "/tmp/tubepost-unit.XXXXXX";
static struct tp_error err;

static const char *const first[] = { "CREATE TABLE a (x INTEGER, y TEXT)", NULL };
static const char *const second[] = { "CREATE TABLE a (x INTEGER, y TEXT)",
	"CREATE TABLE b (z TEXT)", NULL };
static const char *const broken[] = { "CREATE TABLE a (x INTEGER, y TEXT)",
	"CREATE TABLE b (z TEXT)", "CREATE TABLE c (z TEXT); nonsense", NULL };

static const char *in_folder(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void test_rows(struct tp_db *db)
{
	struct tp_query *row;

	ok(!tp_db_run(db, &err, "INSERT INTO a VALUES (?, ?)", "is", (int64_t)1 << 40, "été"),
		"a row goes in");
	ok(!tp_db_run(db, &err, "INSERT INTO a VALUES (?, ?)", "is", (int64_t)-1, NULL),
		"a null text, too");
	ok(tp_db_run(db, &err, "INSERT INTO a VALUES (?, ?)", "i", (int64_t)1) == TP_INTERNAL,
		"a value too few is our mistake");
	ok(!tp_db_query(db, &row, &err, "SELECT x, y FROM a ORDER BY x", ""), "asked");
	ok(tp_query_step(row, &err) == TP_OK && tp_query_int(row, 0) == -1 &&
			!tp_query_text(row, 1),
		"the null comes back as none");
	ok(tp_query_step(row, &err) == TP_OK && tp_query_int(row, 0) == (int64_t)1 << 40 &&
			!strcmp(tp_query_text(row, 1), "été"),
		"large numbers and UTF-8 come back");
	ok(tp_query_step(row, &err) == TP_NOTHING, "and nothing more");
	tp_query_free(row);
}

static void test_db(void)
{
	struct tp_db *db, *other;
	struct stat st;
	FILE *file;

	ok(!tp_db_open(in_folder("deep/er/x.db"), first, 100, &db, &err), "made with its folders");
	ok(!stat(in_folder("deep/er/x.db"), &st) && (st.st_mode & 0777) == 0600, "mode 0600");
	test_rows(db);
	tp_db_exec(db, "BEGIN IMMEDIATE", &err);
	ok(!tp_db_open(in_folder("deep/er/x.db"), first, 50, &other, &err),
		"opened beside a writer");
	ok(tp_db_exec(other, "INSERT INTO a VALUES (1, 2)", &err) == TP_TEMPORARY,
		"a database locked for too long is temporary");
	tp_db_exec(db, "ROLLBACK", &err);
	tp_db_close(other);
	tp_db_close(db);
	ok(!tp_db_open(in_folder("deep/er/x.db"), second, 100, &db, &err) &&
			!tp_db_exec(db, "INSERT INTO b VALUES ('z')", &err),
		"a later schema is reached step by step");
	tp_db_close(db);
	ok(tp_db_open(in_folder("deep/er/x.db"), broken, 100, &db, &err) == TP_INTERNAL && !db,
		"a failing migration fails");
	ok(!tp_db_open(in_folder("deep/er/x.db"), second, 100, &db, &err) &&
			tp_db_exec(db, "SELECT * FROM c", NULL),
		"and leaves nothing of itself");
	tp_db_close(db);
	ok(tp_db_open(in_folder("deep/er/x.db"), first, 100, &db, &err) == TP_CONFIG,
		"an older program refuses a later schema");
	file = fopen(in_folder("bad.db"), "w");
	fputs("this is no database, and long enough to be looked at as one, so it is "
	      "refused..........",
		file);
	fclose(file);
	ok(tp_db_open(in_folder("bad.db"), first, 100, &db, &err) == TP_DATA, "a foreign file: %s",
		err.text);
}

/* Twenty processes make the same database at once: each must find it complete. */
static void test_race(void)
{
	int failures = 0, code;

	for (int i = 0; i < 20; i++)
		if (fork() == 0) {
			struct tp_db *db = NULL;
			bool bad = tp_db_open(in_folder("race.db"), second, 20000, &db, &err) ||
				   tp_db_run(db, &err, "INSERT INTO a VALUES (?, ?)", "is",
					   (int64_t)i, "x");
			if (bad)
				printf("# %s\n", err.text);
			tp_db_close(db);
			_exit(bad);
		}
	while (wait(&code) > 0)
		failures += code != 0;
	ok(failures == 0, "twenty processes open and write at once");
}

static void record(struct tp_ledger *ledger, const char *key, int64_t expires, int64_t now)
{
	char url[] = "https://x/";
	struct tp_drop_result result = { url, NULL, expires, NULL };

	tp_ledger_record(ledger, key, &result, now, &err);
}

static enum tp_status find(struct tp_ledger *ledger, const char *key, int64_t now, int64_t asked)
{
	struct tp_drop_result result;
	enum tp_status status = tp_ledger_find(ledger, key, now, asked, &result, &err);

	tp_drop_result_release(&result);
	return status;
}

static void test_lifetimes(struct tp_ledger *ledger)
{
	char url[] = "https://x/y", delete_url[] = "https://x/del";
	struct tp_drop_result result = { url, delete_url, 1000, NULL }, found;

	ok(find(ledger, "k", 0, 1000) == TP_NOTHING, "an unknown key");
	ok(!tp_ledger_record(ledger, "k", &result, 0, &err), "recorded: %s", err.text);
	ok(!tp_ledger_find(ledger, "k", 10, 1010, &found, &err) &&
			!strcmp(found.url, "https://x/y") &&
			!strcmp(found.delete_url, "https://x/del") && found.expires == 1000,
		"found as it was given");
	tp_drop_result_release(&found);
	ok(find(ledger, "k", 500, 1500) == TP_OK, "half of the lifetime left is enough");
	ok(find(ledger, "k", 501, 1501) == TP_NOTHING, "less is not");
	ok(find(ledger, "k", 100, 100000) == TP_OK,
		"a store that gives less than asked still counts");
	ok(find(ledger, "k", 900, 1100) == TP_OK, "a short lifetime needs less");
	ok(find(ledger, "k", 1000, 1000) == TP_NOTHING, "an expired link never");
	record(ledger, "k", 5000, 2000);
	ok(find(ledger, "k", 2000, 5000) == TP_OK, "a newer link takes its place");
	record(ledger, "ever", 0, 0);
	ok(find(ledger, "ever", 1 << 30, 1 << 30) == TP_OK, "a link without expiry stays");
}

static void test_pruning(struct tp_ledger *ledger)
{
	char key[32];

	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof key, "old-%d", i);
		record(ledger, key, 100 + i, 0);
	}
	record(ledger, "new", 100000, 50000);
	ok(find(ledger, "old-31", 50, 60) == TP_NOTHING && find(ledger, "old-32", 50, 60) == TP_OK,
		"a record forgets 32 expired ones, the oldest first");
	for (int i = 0; i < 3; i++)
		record(ledger, "new", 100000, 50000);
	ok(find(ledger, "old-99", 50, 60) == TP_NOTHING, "and the rest later");
	ok(find(ledger, "k", 2000, 5000) == TP_NOTHING &&
			find(ledger, "new", 50001, 90000) == TP_OK,
		"never a living one");
}

static void test_locks(const struct tp_conf *conf)
{
	const char *one[] = { "a", "b", "a" }, *two[] = { "c" }, *three[] = { "b", "d" };
	int lock, other;

	ok(!tp_ledger_lock(conf, one, 3, 0, &lock, &err), "keys locked, a double one, too");
	ok(!tp_ledger_lock(conf, two, 1, 0, &other, &err), "another key is free");
	tp_ledger_unlock(other);
	ok(tp_ledger_lock(conf, three, 2, 20, &other, &err) == TP_TEMPORARY && other == -1,
		"a shared key is not");
	tp_ledger_unlock(lock);
	ok(!tp_ledger_lock(conf, three, 2, 0, &other, &err), "until it is let go");
	tp_ledger_unlock(other);
	ok(!tp_ledger_lock(conf, NULL, 0, 0, &other, &err), "no key, no wait");
	tp_ledger_unlock(other);
}

/* The middle of the file overwritten: it opens, and only asking finds out. */
static void test_damage(const struct tp_conf *conf)
{
	char noise[8192], key[32];
	struct tp_ledger *ledger = NULL;
	FILE *file;

	memset(noise, 0x5a, sizeof noise);
	tp_ledger_open(conf, &ledger, &err);
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof key, "row-%d", i);
		record(ledger, key, 100000, 50000);
	}
	tp_ledger_close(ledger);
	file = fopen(in_folder("state/ledger.db"), "r+");
	fseek(file, 4096, SEEK_SET);
	for (int i = 0; i < 20; i++)
		fwrite(noise, sizeof noise, 1, file);
	fclose(file);
	ok(!tp_ledger_open(conf, &ledger, &err), "a ledger damaged inside opens");
	ok(find(ledger, "row-500", 50001, 90000) == TP_NOTHING, "asked, it knows nothing: %s",
		err.text);
	record(ledger, "row-500", 100000, 50000);
	ok(find(ledger, "row-500", 50001, 90000) == TP_OK, "and remembers again");
	ok(!access(in_folder("state/ledger.db.damaged-20260102T030405Z"), F_OK),
		"the old one is there, with the time in its name");
	tp_ledger_close(ledger);
}

/* Twenty processes find the same ledger damaged: one of them sets it aside. */
static void test_damage_race(const struct tp_conf *conf)
{
	FILE *file = fopen(in_folder("state/ledger.db"), "w");
	struct tp_ledger *ledger = NULL;
	int failures = 0, found = 0, code;
	char key[32];

	for (int i = 0; i < 1000; i++)
		fputs("no database ", file);
	fclose(file);
	for (int i = 0; i < 20; i++)
		if (fork() == 0) {
			char url[] = "https://x/";
			struct tp_drop_result result = { url, NULL, 100000, NULL };
			bool bad;

			snprintf(key, sizeof key, "child-%d", i);
			bad = tp_ledger_open(conf, &ledger, &err) ||
			      tp_ledger_record(ledger, key, &result, 50000, &err);
			if (bad)
				printf("# %s\n", err.text);
			tp_ledger_close(ledger);
			_exit(bad);
		}
	while (wait(&code) > 0)
		failures += code != 0;
	ok(failures == 0, "twenty processes meet a damaged ledger");
	ok(!access(in_folder("state/ledger.db.damaged-20260102T030405Z.1"), F_OK) &&
			access(in_folder("state/ledger.db.damaged-20260102T030405Z.2"), F_OK),
		"set aside once, beside the other of that second");
	tp_ledger_open(conf, &ledger, &err);
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof key, "child-%d", i);
		found += find(ledger, key, 50001, 90000) == TP_OK;
	}
	ok(found == 20, "and no row of any is lost (%d)", found);
	tp_ledger_close(ledger);
}

static void test_later_version(const struct tp_conf *conf)
{
	struct tp_ledger *ledger = NULL;
	struct tp_db *db = NULL;

	tp_db_open(in_folder("state/ledger.db"), first, 100, &db, &err);
	tp_db_exec(db, "PRAGMA user_version = 99", &err);
	tp_db_close(db);
	ok(tp_ledger_open(conf, &ledger, &err) == TP_CONFIG && !ledger,
		"one of a later version: %s", err.text);
	ok(!access(in_folder("state/ledger.db"), F_OK), "is none of ours to move");
}

int main(void)
{
	char command[4200];
	struct tp_conf *conf;
	struct tp_ledger *ledger;

	if (!mkdtemp(folder))
		return 99;
	setenv("TUBEPOST_STATE", in_folder("state"), 1);
	setenv("TUBEPOST_CONFIG", "/dev/null", 1);
	test_db();
	test_race();
	if (!ok(!tp_conf_load(NULL, &conf, &err) && !tp_ledger_open(conf, &ledger, &err),
		    "opened: %s", err.text))
		return 1;
	test_lifetimes(ledger);
	test_pruning(ledger);
	test_locks(conf);
	tp_ledger_close(ledger);
	setenv("TUBEPOST_NOW", "2026-01-02T03:04:05Z", 1);
	tp_diag_verbosity(-1);
	test_damage(conf);
	test_damage_race(conf);
	test_later_version(conf);
	tp_conf_free(conf);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command) ? 1 : done_testing();
}
