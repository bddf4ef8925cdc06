/*
 * archive/archive: making and opening, archive.yaml with the places of its mistakes, keys, numbered
 * files. (Its locks: archive-lock.c.)
 */
#include "archive-tool.h"
#include "archive/chain.h"
#include "archive/rotate_state.h"
#include "archive/seal.h"

#include <fcntl.h>
#include <sys/wait.h>

static enum tp_status try_open(const char *path, bool make)
{
	struct tp_archive *archive = NULL;
	enum tp_status status = tp_archive_open(NULL, path, make, &archive, &err);

	tp_archive_close(archive);
	return status;
}

/* --- renamed --------------------------------------------------------------------------------- */

/* Whoever puts a folder in the place of an archive that is being worked on finds nothing of ours in it. */
static void test_renamed(void)
{
	struct tp_archive *archive = open_archive("renamed");
	struct tp_seal_report report = { 0 };
	struct tp_chain chain = { 0 }, again;
	struct tp_rotate_state state = { .offer = TP_OFFER_OPEN };
	int fd = -1;

	rename("renamed", "elsewhere");
	mkdir("renamed", 0750);
	chain.journal = 7;
	ok(!tp_seal_lock(archive, true, &fd, &err) && !close(fd) &&
			!tp_seal(archive, true, 1, &report, &err) &&
			!tp_chain_write(archive, &chain, &err) &&
			!tp_rotate_state_write(archive, &state, &err),
		"an archive is worked on after its folder was renamed");
	ok(trash_count("renamed") == 0, "nothing of it is in the folder that took its place");
	ok(!tp_chain_file(archive, &again, &err) && again.journal == 7 &&
			!access("elsewhere/seal.lock", F_OK) &&
			!access("elsewhere/sealing.lock", F_OK) &&
			!access("elsewhere/rotation", F_OK),
		"all of it is where the archive is");
	tp_archive_close(archive);
}

/* --- making ---------------------------------------------------------------------------------- */

static void test_make(void)
{
	struct tp_conf *conf;
	struct tp_archive *archive = NULL;

	ok(try_open("a", false) == TP_NOINPUT && access("a", F_OK),
		"there is none, and none is made");
	ok(!try_open("a/b/c", true) && !try_open("a/b/c", false), "it is made, and opened again");
	ok(trash_count("a/b/c") == 8, "with nothing left over");
	trash_file("empty.yaml", "", 0600);
	setenv("TUBEPOST_STATE", "state", 1);
	ok(!tp_conf_load("empty.yaml", &conf, &err) &&
			!tp_archive_open(conf, NULL, true, &archive, &err) &&
			!strcmp(archive->path, "state/archive"),
		"without a path it is in the state folder");
	tp_archive_close(archive);
	tp_conf_set(conf, "archive.path", "set", "test", &err);
	ok(!tp_archive_open(conf, NULL, true, &archive, &err) && !strcmp(archive->path, "set"),
		"or where the setting says");
	tp_archive_close(archive);
	tp_conf_free(conf);
	mkdir("home", 0700);
	trash_file("home/letter", "", 0600);
	ok(try_open("home", true) == TP_CANTCREATE && strstr(err.text, "letter"),
		"a folder with something else is left alone: %s", err.text);
	ok(try_open("home/letter", true) == TP_CANTCREATE, "a file is no folder");
	unlink("a/b/c/format");
	ok(!try_open("a/b/c", true), "one that was half made is made on");
	unlink("a/b/c/format");
	trash_file("a/b/c/journal/00000001.tpj", "", 0600);
	ok(try_open("a/b/c", true) == TP_DATA && strstr(err.text, "'format' is missing"),
		"one with mail that lost its format is not made anew");
}

static void test_format(void)
{
	static const struct {
		const char *text, *says;
	} formats[] = {
		{ "tubepost-archive 2\n", "of format 2" },
		{ "tubepost-archive 1", "damaged" },
		{ "tubepost-archive 1\nsomething\n", "damaged" },
		{ "tubepost-archive 1\nencrypted 0123\n", "damaged" },
		{ "", "damaged" },
		{ "hello\n", "damaged" },
	};

	try_open("formats", true);
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		trash_file("formats/format", formats[i].text, 0600);
		ok(try_open("formats", true) == TP_DATA && strstr(err.text, formats[i].says),
			"format: %s", err.text);
	}
}

static void test_makers(void)
{
	bool good = true;
	int code;

	for (int round = 0; round < 20; round++) {
		char path[32];

		snprintf(path, sizeof path, "race%d", round);
		for (int i = 0; i < 6; i++)
			if (fork() == 0) {
				struct tp_archive *archive = NULL;
				bool made = !tp_archive_open(NULL, path, true, &archive, &err);
				char name[TP_ARCHIVE_NAME];

				/* The quick one puts mail while the slow ones still make it. */
				tp_archive_name("journal", (uint32_t)i + 1, name);
				_exit(!made || close(openat(archive->dir, name, O_CREAT | O_WRONLY,
						       0600)));
			}
		while (wait(&code) > 0)
			good = good && code == 0;
		good = good && trash_count(path) == 8;
	}
	ok(good, "many that make the same one at once all have it");
}

/* --- settings -------------------------------------------------------------------------------- */

static void test_defaults(void)
{
	struct tp_archive *archive = open_archive("defaults");
	const struct tp_archive_settings *s = &archive->settings;

	ok(s->size_bytes == 10000000000 && s->disc_bytes == 4700000000 && s->subscribe &&
			!strcmp(s->after, "verified") && !strcmp(s->language, "en") &&
			!s->contact && !s->sender && !s->skip.count && !s->may_erase &&
			s->journal_bytes == 33554432 && !s->key_file,
		"a new archive has the defaults");
	tp_archive_close(archive);
	/* The file that comes with it names every key; taking off the marks makes it valid. */
	ok(!system("sed -i -e 's/^#//' -e '1s/^/#/' -e '/^key_file/d' defaults/archive.yaml"),
		"its file has examples");
	archive = open_archive("defaults");
	s = &archive->settings;
	ok(s->size_bytes == 10000000000 && s->disc_bytes == 4700000000 && s->subscribe &&
			!strcmp(s->after, "verified") && !strcmp(s->language, "en") &&
			!strcmp(s->contact, "you@example.org") && s->skip.count == 1 &&
			s->may_erase && s->journal_bytes == 33554432,
		"which are the defaults, too");
	tp_archive_close(archive);
}

static void test_values(void)
{
	struct tp_archive *archive;
	const struct tp_archive_settings *s;

	mkdir("values", 0700);
	trash_file("values/archive.yaml",
		"size: Malle\ndisc: 8.5GB\nsubscribe: no\nafter: burnt\nlanguage: fr\n"
		"contact: a@example.org\nsender: \"Archive <b@example.org>\"\nskip:\n"
		"  - 'X-Spam-Flag: ^yes'\n  - 'X-Spam-Level:\\*{5}'\njournal: 1M\n",
		0600);
	archive = open_archive("values");
	s = &archive->settings;
	ok(s->size_bytes == 5000000000 && s->disc_bytes == 8500000000 && !s->subscribe &&
			!strcmp(s->after, "burnt") && !strcmp(s->language, "fr") &&
			!strcmp(s->contact, "a@example.org") &&
			!strcmp(s->sender, "Archive <b@example.org>") && s->skip.count == 2 &&
			!strcmp(s->skip.list[1], "X-Spam-Level:\\*{5}") &&
			s->journal_bytes == 1048576,
		"all keys are read");
	tp_archive_close(archive);
}

static void test_mistakes(void)
{
	static const struct {
		const char *text, *says;
	} mistakes[] = {
		{ "size: 10GB\ndics: 4.7GB\n", "archive.yaml:2:1: unknown key 'dics'" },
		{ "size: large\n", "archive.yaml:1:7: 'large'" },
		{ "size:\n  - 1\n", "archive.yaml:2:3: size: not a single value" },
		{ "size:\n", "archive.yaml:1:6: size: has no value" },
		{ "\n\ndisc: 1K\n", "archive.yaml:3:7: a disc holds at least 1 MiB" },
		{ "journal: 1\n", "archive.yaml:1:10: a journal has at least 4 KiB" },
		{ "subscribe: maybe\n", "archive.yaml:1:12: 'maybe' is neither yes nor no" },
		{ "after: never\n",
			"archive.yaml:1:8: 'never' is not one of burnt|verified|received" },
		{ "language: it\n", "archive.yaml:1:11: 'it' is not one of en|fr|de|es" },
		{ "contact: nobody\n", "archive.yaml:1:10: 'nobody' is no mail address" },
		{ "sender: \"a@b\\nBcc: c@d\"\n", "archive.yaml:1:9: a control character" },
		{ "skip: 'X-Spam: yes'\n", "archive.yaml:1:7: skip: not a list" },
		{ "skip:\n  - X-Spam-Flag\n", "archive.yaml:2:5: not a rule" },
		{ "skip:\n  - 'X-Spam-Flag: ('\n", "archive.yaml:2:5: pattern" },
		{ "skip:\n  - [a]\n", "archive.yaml:2:5: not a rule" },
		{ "key_file: key\n", "archive.yaml:1:11: 'key' is not an absolute path" },
		{ "- size\n", "archive.yaml:1:1: not a mapping" },
		{ "size: 1G\nsize: 2G\n", "archive.yaml:2:1: 'size' stands here twice" },
		{ "size: [1\n", "archive.yaml:" },
	};

	mkdir("mistakes", 0700);
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		trash_file("mistakes/archive.yaml", mistakes[i].text, 0600);
		ok(try_open("mistakes", true) == TP_CONFIG && strstr(err.text, mistakes[i].says),
			"%s", err.text);
	}
	ok(trash_count("mistakes") == 1, "nothing is made before the settings are right");
}

/* --- keys ------------------------------------------------------------------------------------ */

#define DIGITS "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"

static void name_key(const char *archive, const char *key)
{
	char text[4200], name[64];

	mkdir(archive, 0700);
	snprintf(name, sizeof name, "%s/archive.yaml", archive);
	snprintf(text, sizeof text, "key_file: %s/%s\n", trash_path, key);
	trash_file(name, text, 0600);
}

static void test_keys(void)
{
	struct tp_archive *archive;

	name_key("sealed", "key");
	ok(try_open("sealed", true) == TP_CONFIG && strstr(err.text, "cannot be read"),
		"no archive is made without the key it should have: %s", err.text);
	trash_file("key", "0011\n", 0600);
	ok(try_open("sealed", true) == TP_CONFIG && strstr(err.text, "hexadecimal"),
		"or with one that is none");
	trash_file("key", DIGITS, 0604);
	ok(try_open("sealed", true) == TP_CONFIG, "or with one that everybody reads");
	trash_file("key", DIGITS, 0600);
	archive = open_archive("sealed");
	ok(archive->encrypted && archive->has_key && !tp_archive_need_key(archive, &err) &&
			archive->key[1] == 0x11,
		"with a key it is");
	tp_archive_close(archive);
	trash_file("sealed/archive.yaml", "", 0600);
	archive = open_archive("sealed");
	ok(archive->encrypted && !archive->has_key &&
			tp_archive_need_key(archive, &err) == TP_CONFIG &&
			strstr(err.text, "names no key_file"),
		"that no key is named is said: %s", err.text);
	tp_archive_close(archive);
	try_open("clear", true);
	name_key("clear", "key");
	ok(try_open("clear", true) == TP_CONFIG && strstr(err.text, "made without a key"),
		"a key that comes too late is refused: %s", err.text);
	name_key("inside", "inside/key");
	trash_file("inside/key", DIGITS, 0600);
	ok(try_open("inside", true) == TP_CONFIG && strstr(err.text, "inside the archive"),
		"so is one that is kept with what it locks");
}

/* --- numbers --------------------------------------------------------------------------------- */

static void test_numbers(void)
{
	struct tp_archive *archive = open_archive("numbers");
	char name[TP_ARCHIVE_NAME];
	uint32_t *numbers;
	size_t count;

	tp_archive_name("cellar", 12, name);
	ok(!strcmp(name, "cellar/00000012.tpp"), "a file is named by its number");
	trash_file("numbers/pack/00000200.tpp", "", 0600);
	trash_file("numbers/pack/00000003.tpp", "", 0600);
	trash_file("numbers/pack/99999999.tpp", "", 0600);
	trash_file("numbers/pack/00000004.tpp.new", "", 0600);
	trash_file("numbers/pack/4.tpp", "", 0600);
	trash_file("numbers/pack/00000005.tpj", "", 0600);
	trash_file("numbers/pack/+0000006.tpp", "", 0600);
	ok(!tp_archive_numbers(archive, "pack", &numbers, &count, &err) && count == 3 &&
			numbers[0] == 3 && numbers[1] == 200 && numbers[2] == 99999999,
		"the numbers come in order, and nothing else does");
	free(numbers);
	rmdir("numbers/cellar");
	ok(!tp_archive_numbers(archive, "cellar", &numbers, &count, &err) && count == 0,
		"a folder that is not there has none");
	free(numbers);
	tp_archive_close(archive);
}

/* Root writes everywhere, so somebody else looks. */
static void test_read_only(void)
{
	struct tp_archive *archive = NULL;
	int code = -1;
	pid_t pid;

	try_open("ro", true);
	if (chmod(trash_path, 0755) || system("chmod -R a+rX,a-w ro"))
		exit(99);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534))
			_exit(9);
		if (tp_archive_open(NULL, "ro", true, &archive, &err))
			_exit(1);
		if (!archive->read_only)
			_exit(2);
		if (tp_archive_lock(archive, TP_HOLD_READ, &err))
			_exit(3);
		tp_archive_unlock(archive);
		_exit(tp_archive_lock(archive, TP_HOLD_ALL, &err) == TP_DENIED ? 0 : 4);
	}
	waitpid(pid, &code, 0);
	ok(code == 0, "a read-only archive opens, is shared, and not had exclusively (%d)", code);
	if (system("chmod -R u+w ro"))
		exit(99);
}

int main(void)
{
	trash_make();
	test_make();
	test_renamed();
	test_format();
	test_makers();
	test_defaults();
	test_values();
	test_mistakes();
	test_keys();
	test_numbers();
	test_read_only();
	return done_testing();
}
