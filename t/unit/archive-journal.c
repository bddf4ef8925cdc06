/* archive/journal: appended, read, found in; cut at every byte, flipped at every byte, erased,
 * retired; large records and sealed ones. */
#include "archive/journal.h"
#include "tap.h"
#include "trash.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "archive/journal_form.h"
#include "base/file.h"

static struct tp_error err;

/* --- mails and their records ------------------------------------------------------------------ */

static struct tp_buf mail = TP_BUF_INIT(64 << 20);

/* Mail number n: two of the same number are the same delivery. */
static void make_mail(unsigned n, size_t body)
{
	uint32_t state = n * 2654435761u + 1;

	tp_buf_clear(&mail);
	tp_buf_addf(&mail,
		"From: sender%u@example.org\nTo: rcpt%u@example.org\nSubject: number %u\n\n", n, n,
		n);
	for (size_t i = 0; i < body; i++) {
		state = state * 1664525u + 1013904223u;
		tp_buf_addc(&mail, i % 70 == 69 ? '\n' : (char)(' ' + (state >> 24) % 95));
	}
}

static void make_record(struct tp_record *record, unsigned n)
{
	*record = (struct tp_record)TP_RECORD_INIT;
	record->arrival_ms = 1000000 + n;
	record->actor = strdup("uid 1");
	if (tp_record_describe(record, mail.data, mail.len, &err) ||
		tp_record_identify(record, &err))
		exit(99);
}

static enum tp_status append(struct tp_journal *journal, unsigned n, size_t body, bool sync)
{
	struct tp_split whole = { .holes = NULL };
	struct tp_record record;
	enum tp_status status;

	make_mail(n, body);
	make_record(&record, n);
	whole.skeleton_bytes = mail.len;
	status = tp_journal_append(
		journal, &record, &whole, mail.data, mail.len, sync, NULL, NULL, &err);
	tp_record_release(&record);
	return status;
}

static enum tp_status gather(void *context, const char *bytes, size_t len, struct tp_error *why)
{
	struct tp_buf *out = context;

	tp_buf_add(out, bytes, len);
	return tp_buf_status(out, "skeleton", why);
}

/* True when the record at `offset` is that of mail n, to the byte. */
static bool is_mail(struct tp_journal_reader *reader, uint64_t offset, unsigned n, size_t body)
{
	struct tp_buf out = TP_BUF_INIT(64 << 20);
	struct tp_record record = TP_RECORD_INIT;
	bool same;

	make_mail(n, body);
	same = !tp_journal_read(reader, offset, &record, NULL, &err) &&
	       !tp_journal_skeleton(reader, offset, gather, &out, &err) && out.len == mail.len &&
	       !memcmp(out.data, mail.data, mail.len) &&
	       record.arrival_ms == 1000000 + (int64_t)n && record.size_bytes == mail.len;
	tp_buf_release(&out);
	tp_record_release(&record);
	return same;
}

/* Whether mail n is found by its delivery and by its id, at the same place, whole. */
static bool finds(struct tp_journal_reader *reader, unsigned n, size_t body)
{
	uint64_t by_delivery = 0, by_id = 1;
	struct tp_record record;
	char id[TP_ID_LEN + 1];
	bool found;

	make_mail(n, body);
	make_record(&record, n);
	found = !tp_journal_find_delivery(reader, record.delivery, id, &by_delivery, &err) &&
		!strcmp(id, record.id) && !tp_journal_find(reader, record.id, &by_id, &err) &&
		by_id == by_delivery;
	tp_record_release(&record);
	return found && is_mail(reader, by_id, n, body);
}

/* --- archives and files ----------------------------------------------------------------------- */

static struct tp_archive *archive;

static void open_archive(const char *path)
{
	if (tp_archive_open(NULL, path, true, &archive, &err)) {
		printf("# %s\n", err.text);
		exit(99);
	}
}

static struct tp_journal *hold(void)
{
	struct tp_journal *journal = NULL;

	if (tp_journal_hold(archive, &journal, &err))
		printf("# %s\n", err.text);
	return journal;
}

static struct tp_journal_reader *reader_of(uint32_t number)
{
	struct tp_journal_reader *reader = NULL;

	if (tp_journal_open(archive, number, &reader, &err))
		printf("# %s\n", err.text);
	return reader;
}

static struct tp_buf image = TP_BUF_INIT(64 << 20);

static void load(const char *path)
{
	tp_buf_clear(&image);
	if (tp_file_read(path, &image, &err))
		exit(99);
}

static void store(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd))
		exit(99);
}

/* Walks all: how many whole ones, how many faults. */
static unsigned walk(struct tp_journal_reader *reader, unsigned *faults, uint64_t *torn)
{
	struct tp_record record = TP_RECORD_INIT;
	enum tp_status status;
	unsigned whole = 0;
	uint64_t offset;

	*faults = 0;
	tp_journal_rewind(reader);
	while ((status = tp_journal_next(reader, &record, &offset, torn, &err)) != TP_NOTHING) {
		if (status && status != TP_DATA)
			break;
		if (status)
			++*faults;
		else
			whole++;
	}
	tp_record_release(&record);
	return whole;
}

/* --- tests ------------------------------------------------------------------------------------ */

#define MANY    2000
#define BODY(n) ((n) % 7 * 90)

static void test_many(void)
{
	struct tp_journal_reader *reader;
	struct tp_journal *journal;
	unsigned bad = 0, faults;
	uint64_t torn;

	open_archive("many");
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

/* A journal of four, cut at every byte of the last one. */
static void test_cut(void)
{
	const char *path = "cut/journal/00000001.tpj";
	unsigned faults, bad = 0, tried = 0;
	uint64_t begin, torn;
	struct tp_journal *journal;
	struct tp_journal_reader *reader;

	open_archive("cut");
	journal = hold();
	for (unsigned n = 0; n < 3; n++)
		append(journal, n, 50, true);
	begin = tp_journal_size(journal);
	append(journal, 3, 50, true);
	tp_journal_release(journal);
	load(path);
	for (size_t len = 0; len < image.len; len += len < begin ? 7 : 1, tried++) {
		store(path, image.data, len);
		reader = reader_of(1);
		bad += !reader || walk(reader, &faults, &torn) > 3 || faults;
		bad += len >= begin && (walk(reader, &faults, &torn) != 3 || torn != len - begin);
		bad += len >= begin && len > begin && finds(reader, 3, 50);
		bad += len >= begin && !finds(reader, 2, 50);
		tp_journal_close(reader);
		journal = hold();
		bad += !journal || tp_journal_number(journal) != 1 ||
		       append(journal, 4, 60, false) || !finds(tp_journal_look(journal), 4, 60) ||
		       (len >= begin && !finds(tp_journal_look(journal), 0, 50));
		tp_journal_release(journal);
		reader = reader_of(1);
		walk(reader, &faults, &torn);
		bad += faults || torn;
		tp_journal_close(reader);
		if (bad) {
			printf("# at %zu of %zu: %s\n", len, image.len, err.text);
			break;
		}
	}
	ok(!bad, "cut at %u places: the rest is read, the torn end goes, appending goes on", tried);
	tp_archive_close(archive);
}

/* A bit flipped in every byte of a journal of four: the others are read, nothing false is, and
 * nobody appends behind an end that is damaged. */
static void test_flip(void)
{
	const char *path = "flip/journal/00000001.tpj";
	unsigned faults, bad = 0, whole;
	size_t len;
	char last;
	struct tp_journal_reader *reader;
	struct tp_journal *journal;
	uint64_t torn;

	open_archive("flip");
	journal = hold();
	for (unsigned n = 0; n < 4; n++)
		append(journal, n, 50, true);
	tp_journal_release(journal);
	load(path);
	for (size_t i = 0; i < image.len && !bad; i++) {
		unsigned sound = 0;

		image.data[i] ^= 0x10;
		store(path, image.data, image.len);
		image.data[i] ^= 0x10;
		if (tp_journal_open(archive, 1, &reader, &err)) {
			bad += i >= TP_JOURNAL_OPENING;
			continue;
		}
		whole = walk(reader, &faults, &torn);
		for (unsigned n = 0; n < 4; n++)
			sound += finds(reader, n, 50);
		/* the skeleton's checksum is asked for by those who read it */
		bad += whole + faults != 4 || sound < 3 || (faults && sound != whole) || torn;
		tp_journal_close(reader);
		if (bad)
			printf("# byte %zu: %u whole, %u faults, %u sound\n", i, whole, faults,
				sound);
	}
	ok(!bad, "a flipped bit in any of %zu bytes costs one record and is told", image.len);

	len = image.len;
	last = image.data[len - 3] ^= 1;
	store(path, image.data, image.len);
	journal = hold();
	ok(tp_journal_number(journal) == 2, "nobody appends to a journal whose end is damaged");
	ok(!append(journal, 9, 50, true), "but to another");
	tp_journal_release(journal);
	load(path);
	ok(image.len == len && image.data[len - 3] == last, "and leaves it as it is");
	tp_archive_close(archive);
}

/* Damage in the middle: the way of the trie leads through it. */
static void test_damaged_way(void)
{
	const char *path = "way/journal/00000001.tpj";
	struct tp_journal *journal;
	struct tp_journal_head head;
	struct tp_journal_reader *reader;
	unsigned found = 0, bad = 0;
	uint64_t torn, at = 0;

	open_archive("way");
	journal = hold();
	for (unsigned n = 0; n < 200; n++)
		append(journal, n, 50, false);
	tp_journal_sync(journal, &err);
	tp_journal_release(journal);
	reader = reader_of(1);
	for (int i = 0; i < 190; i++)
		if (!tp_journal_next_head(reader, &head, &torn, &err))
			at = head.offset;
	tp_journal_close(reader);
	load(path);
	image.data[at + 20] ^= 1;
	store(path, image.data, image.len);
	reader = reader_of(1);
	for (unsigned n = 0; n < 200; n++)
		found += finds(reader, n, 50);
	ok(found == 199, "all but the damaged one are found (%u)", found);
	tp_journal_close(reader);
	for (unsigned n = 1000; n < 1100; n++) {
		journal = hold();
		bad += append(journal, n, 50, true) || !finds(tp_journal_look(journal), n, 50);
		tp_journal_release(journal);
	}
	ok(!bad, "and what is appended goes where it can be found");
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

	open_archive("erase");
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

	open_archive("retire");
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

	open_archive("back");
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

	open_archive("once");
	if (pipe(held) || pipe(go))
		exit(99);
	for (unsigned n = 0; n < 20; n++) {
		if (fork())
			continue;
		close(go[1]);
		tp_archive_close(archive);
		open_archive("once");
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

	open_archive(name);
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
	open_archive("sealed");
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
	open_archive("sealed");
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
	test_cut();
	test_flip();
	test_damaged_way();
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
