/* archive/journal: cut at every byte, flipped at every byte, and with damage on the way of the trie. */
#include "journal-tool.h"

/* A journal of four, cut at every byte of the last one. */
static void test_cut(void)
{
	const char *path = "cut/journal/00000001.tpj";
	unsigned faults, bad = 0, tried = 0;
	uint64_t begin, torn;
	struct tp_journal *journal;
	struct tp_journal_reader *reader;

	archive = open_archive("cut");
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

	archive = open_archive("flip");
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

	archive = open_archive("way");
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

int main(void)
{
	trash_make();
	test_cut();
	test_flip();
	test_damaged_way();
	tp_buf_release(&mail);
	tp_buf_release(&image);
	return done_testing();
}
