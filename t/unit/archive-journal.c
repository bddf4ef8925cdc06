/* archive/journal: appended, read, found in; erased, retired, taken back; by many at once; large records
 * and sealed ones. */
#include "journal-tool.h"

#include <sys/wait.h>

/* --- tests ------------------------------------------------------------------------------------ */

#define MANY    2000
#define BODY(n) ((n) % 7 * 90)

static void test_many(void)
{
	struct tp_journal_reader *reader;
	struct tp_journal *journal;
	unsigned bad = 0, faults;
	uint64_t torn;

	archive = open_archive("many");
	journal = hold();
	for (unsigned n = 0; n < MANY; n++)
		bad += append(journal, n, BODY(n), false) != TP_OK;
	ok(!bad && !tp_journal_sync(journal, &err), "%d are appended and synced", MANY);
	reader = tp_journal_look(journal);
	for (unsigned n = bad = 0; n < MANY; n++)
		bad += !finds(reader, n, BODY(n));
	ok(!bad, "each is found by delivery and id, and read, by the writer (%u not)", bad);
	reader = reader_of(1);
	ok(walk(reader, &faults, &torn) == MANY && !faults && !torn, "and all by a walk");
	for (unsigned n = bad = 0; n < MANY; n += 7)
		bad += !finds(reader, n, BODY(n));
	for (unsigned n = MANY; n < 2 * MANY; n++)
		bad += finds(reader, n, BODY(n));
	ok(!bad, "and by another reader; what is not there is not found");
	tp_journal_release(journal);
	journal = hold();
	ok(tp_journal_number(journal) == 1 && !append(journal, MANY, 10, true),
		"the next holder goes on in the same journal");
	ok(!finds(reader, MANY, 10), "a reader sees what was there when it looked");
	ok(!tp_journal_refresh(reader, &err) && finds(reader, MANY, 10) &&
			finds(reader, 3, BODY(3)),
		"and the rest when it looks again");
	ok(!append(journal, 5, BODY(5), true) && finds(tp_journal_look(journal), 5, BODY(5)),
		"a delivery that is there twice is found");
	tp_journal_close(reader);
	tp_journal_release(journal);
	tp_archive_close(archive);
}

static bool contains(const char *needle)
{
	return image.len && memmem(image.data, image.len, needle, strlen(needle));
}

static void test_erase(void)
{
	const char *path = "erase/journal/00000001.tpj";
	struct tp_journal_reader *reader;
	struct tp_journal *journal;
	struct tp_record record;
	unsigned faults;
	uint64_t offset = 0, torn;

	archive = open_archive("erase");
	journal = hold();
	for (unsigned n = 0; n < 20; n++)
		append(journal, n, 50, true);
	tp_journal_release(journal);
	make_mail(7, 50);
	make_record(&record, 7);
	reader = reader_of(1);
	tp_journal_find(reader, record.id, &offset, &err);
	load(path);
	ok(contains("number 7"), "the subject stands in the file");
	ok(!tp_journal_erase(archive, 1, offset, &err), "it is erased");
	load(path);
	ok(!contains("number 7") && !contains("sender7@") && contains("number 8"),
		"then it does not, and others do");
	tp_journal_close(reader);
	reader = reader_of(1);
	ok(walk(reader, &faults, &torn) == 19 && !faults && !torn, "a walk passes it over");
	ok(tp_journal_read(reader, offset, NULL, NULL, &err) == TP_NOTHING &&
			strstr(err.text, record.id),
		"reading it says: %s", err.text);
	ok(tp_journal_find(reader, record.id, &offset, &err) == TP_NOTHING &&
			finds(reader, 6, 50) && finds(reader, 0, 50),
		"it is not found, all others are");
	ok(!tp_journal_erase(archive, 1, offset, &err), "erasing again is fine");
	journal = hold();
	ok(!append(journal, 7, 50, true) && finds(tp_journal_look(journal), 7, 50),
		"what was erased may be put again");
	tp_journal_release(journal);
	tp_journal_close(reader);
	tp_record_release(&record);
	tp_archive_close(archive);
}

static void test_retire(void)
{
	struct tp_journal *journal, *other = NULL;
	uint32_t one = 1, both[] = { 2, 3 };

	archive = open_archive("retire");
	journal = hold();
	append(journal, 1, 50, true);
	ok(tp_journal_take(archive, 1, &other, &err) == TP_TEMPORARY, "a held one is not taken: %s",
		err.text);
	other = hold();
	ok(other && tp_journal_number(other) == 2, "a second writer begins a second journal");
	append(other, 2, 50, true);
	tp_journal_release(other);
	tp_journal_release(journal);
	ok(!tp_journal_take(archive, 1, &journal, &err), "a free one is taken");
	other = hold();
	ok(other && tp_journal_number(other) == 2, "and nobody writes to it");
	tp_journal_release(other);
	tp_journal_release(journal);
	other = hold();
	ok(other && tp_journal_number(other) == 2, "nor when its taker is gone");
	tp_journal_release(other);
	ok(!tp_journal_take(archive, 1, &journal, &err), "but another may take it");
	tp_journal_release(journal);
	ok(!tp_journal_retire(archive, &one, 1, &err) &&
			access("retire/journal/00000001.tpj", F_OK),
		"a spent journal goes");
	ok(!tp_journal_retire(archive, both, 1, &err) &&
			!access("retire/journal/00000003.tpj", F_OK),
		"when the highest goes, the next number is there");
	journal = hold();
	ok(journal && tp_journal_number(journal) == 3 && !append(journal, 3, 50, true),
		"and is the next to be used");
	tp_journal_release(journal);
	ok(!tp_journal_retire(archive, both, 2, &err), "missing ones are fine");
	journal = hold();
	ok(journal && tp_journal_number(journal) == 4, "numbers never come back");
	tp_journal_release(journal);
	tp_archive_close(archive);
}

static void test_take_back(void)
{
	struct tp_journal *journal;
	unsigned faults;
	uint64_t at, torn;

	archive = open_archive("back");
	journal = hold();
	append(journal, 1, 50, true);
	at = tp_journal_size(journal);
	append(journal, 2, 50, false);
	append(journal, 3, 50, false);
	ok(!tp_journal_take_back(journal, at, &err) && tp_journal_size(journal) == at,
		"what was not acknowledged is taken back");
	ok(finds(tp_journal_look(journal), 1, 50) && !finds(tp_journal_look(journal), 2, 50),
		"and is not found");
	ok(!append(journal, 4, 50, true) && walk(tp_journal_look(journal), &faults, &torn) == 2 &&
			!faults,
		"appending goes on from there");
	ok(tp_journal_take_back(journal, 32, &err) == TP_INTERNAL,
		"what was acknowledged is not taken back: %s", err.text);
	tp_journal_release(journal);
	tp_archive_close(archive);
}

/* Twenty processes hold at once: twenty journals, and each can append. */
static void test_at_once(void)
{
	struct tp_journal *journal;
	uint32_t *numbers = NULL;
	size_t count = 0;
	int held[2], go[2], status, good = 0;
	char byte;

	archive = open_archive("once");
	if (pipe(held) || pipe(go))
		exit(99);
	for (unsigned n = 0; n < 20; n++) {
		if (fork())
			continue;
		close(go[1]);
		tp_archive_close(archive);
		archive = open_archive("once");
		journal = hold();
		if (write(held[1], "x", 1) != 1 || read(go[0], &byte, 1) != 0)
			_exit(1);
		_exit(!journal || append(journal, n, 50, true));
	}
	close(held[1]);
	for (unsigned n = 0; n < 20; n++)
		(void)!read(held[0], &byte, 1);
	close(go[1]);
	while (wait(&status) > 0)
		good += WIFEXITED(status) && !WEXITSTATUS(status);
	tp_archive_numbers(archive, "journal", &numbers, &count, &err);
	ok(good == 20 && count == 20, "twenty writers, %d good, %zu journals", good, count);
	free(numbers);
	tp_archive_close(archive);
}

static void test_large(const char *name)
{
	struct tp_journal_reader *reader;
	struct tp_journal *journal;
	struct tp_buf huge = TP_BUF_INIT(8 << 20);
	struct tp_record record;
	struct tp_split split = { .holes = NULL };
	struct tp_hole hole = { .range = { 100, 1200000 }, .at = 100, .size_bytes = 5 };
	struct tp_buf out = TP_BUF_INIT(8 << 20);
	uint64_t offset = 0;

	archive = open_archive(name);
	journal = hold();
	ok(!append(journal, 1, 5 << 20, true) && !append(journal, 2, 50, true) &&
			finds(tp_journal_look(journal), 1, 5 << 20),
		"%s: a record of several pieces", name);
	make_mail(3, 3 << 20);
	make_record(&record, 3);
	split.holes = &hole;
	split.count = 1;
	split.skeleton_bytes = mail.len - (1200000 - 100);
	ok(!tp_journal_append(
		   journal, &record, &split, mail.data, mail.len, true, NULL, &offset, &err),
		"%s: with a hole", name);
	reader = tp_journal_look(journal);
	ok(!tp_journal_skeleton(reader, offset, gather, &out, &err) &&
			out.len == split.skeleton_bytes && !memcmp(out.data, mail.data, 100) &&
			!memcmp(out.data + 100, mail.data + 1200000, out.len - 100),
		"%s: its skeleton comes back without what was in it", name);
	split = (struct tp_split){ .holes = NULL };
	ok(!tp_journal_read(reader, offset, NULL, &split, &err) && split.count == 1 &&
			split.holes[0].at == 100,
		"%s: and the hole is known", name);
	tp_split_release(&split);
	tp_record_release(&record);
	tp_buf_release(&huge);
	tp_buf_release(&out);
	tp_journal_release(journal);
	tp_archive_close(archive);
}

static void test_sealed(void)
{
	const char *path = "sealed/journal/00000001.tpj";
	struct tp_journal_reader *reader;
	struct tp_journal *journal;
	char yaml[5000], key[65];
	unsigned faults;
	uint64_t torn, at;

	snprintf(yaml, sizeof yaml, "key_file: %s/key\n", trash_path);
	memset(key, 'a', 64);
	key[64] = '\0';
	trash_file("key", key, 0600);
	mkdir("sealed", 0700);
	trash_file("sealed/archive.yaml", yaml, 0600);
	test_large("sealed");
	load(path);
	ok(!contains("number") && !contains("example"), "with a key nothing stands in clear");
	archive = open_archive("sealed");
	journal = hold();
	at = tp_journal_size(journal);
	append(journal, 5, 50, true);
	append(journal, 6, 50, true);
	tp_journal_release(journal);
	load(path);
	image.data[at + 150] ^= 1;
	store(path, image.data, image.len);
	reader = reader_of(1);
	ok(walk(reader, &faults, &torn) == 4 && faults == 1, "a flipped bit is told: %s", err.text);
	tp_journal_close(reader);
	tp_archive_close(archive);
	unlink("key");
	archive = open_archive("sealed");
	ok(tp_journal_hold(archive, &journal, &err) == TP_CONFIG && strstr(err.text, "no key"),
		"without the key nothing is put: %s", err.text);
	reader = reader_of(1);
	ok(tp_journal_next(reader, &(struct tp_record)TP_RECORD_INIT, &at, &torn, &err) ==
			TP_CONFIG,
		"nor read: %s", err.text);
	ok(tp_journal_next(reader, NULL, &at, &torn, &err) == TP_OK, "but counted");
	tp_journal_close(reader);
	tp_archive_close(archive);
}

int main(void)
{
	trash_make();
	test_many();
	test_erase();
	test_retire();
	test_take_back();
	test_at_once();
	test_large("large");
	test_sealed();
	tp_buf_release(&mail);
	tp_buf_release(&image);
	return done_testing();
}
