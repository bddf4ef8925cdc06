/* archive/pack, archive/merkle: written, read, verified, erased, damaged. */
#include "archive-tool.h"
#include "archive/pack.h"

#include <fcntl.h>

#include "archive/merkle.h"
#include "archive/pack_in.h"
#include "base/hex.h"

#define MAILS 700
#define LARGE 123 /* this one is larger than a block */
#define EMPTY 77

static struct tp_archive *archive;

/* Mails whose content follows from their number. */
static char *contents[MAILS];
static size_t sizes[MAILS];
static struct tp_record records[MAILS];

static uint32_t dice(void)
{
	static uint32_t state = 1;

	return state = state * 1664525u + 1013904223u;
}

static void make_mail(int i)
{
	struct tp_buf mail = TP_BUF_INIT(SIZE_MAX - 1);
	struct tp_record *record = &records[i];
	char rcpt[64];

	tp_buf_addf(&mail, "From: a%d@x%d.example\r\nSubject: mail %d\r\n\r\n", i, i % 7, i);
	for (size_t k = 0; k < (i == LARGE ? 300000u : 20u + i % 200); k++)
		tp_buf_addf(&mail, "word%u ", dice() % (i == LARGE ? 100000 : 5000));
	if (i == EMPTY)
		tp_buf_release(&mail);
	sizes[i] = mail.len;
	contents[i] = mail.len ? mail.data : NULL;
	snprintf(rcpt, sizeof rcpt, "b%d@y.example", i % 13);
	*record = (struct tp_record){ .arrival_ms = 1700000000000 + i * 1000,
		.size_bytes = mail.len,
		.sender = strdup("a@x.example"),
		.from = strdup("a"),
		.to = strdup(rcpt),
		.subject = strdup(i % 2 ? "Re: odd" : "even"),
		.actor = strdup("uid 0") };
	tp_strings_add(&record->rcpts, rcpt, NULL);
	tp_sha256(contents[i], sizes[i], record->sha256, NULL);
	tp_record_identify(record, NULL);
}

static char *copy(const char *text)
{
	return strdup(text);
}

static enum tp_status describe(void *context, size_t i, struct tp_record *record,
	struct tp_split *split, bool *erased, struct tp_error *e)
{
	*record = records[i];
	record->sender = copy(records[i].sender);
	record->from = copy(records[i].from);
	record->to = copy(records[i].to);
	record->subject = copy(records[i].subject);
	record->actor = copy(records[i].actor);
	record->rcpts = (struct tp_strings)TP_STRINGS_INIT;
	tp_strings_add(&record->rcpts, records[i].rcpts.list[0], e);
	*split = (struct tp_split){ .skeleton_bytes = sizes[i] };
	*erased = false;
	return TP_OK;
}

static int fail_at = -1;

static enum tp_status skeleton(
	void *context, size_t i, tp_press_sink *sink, void *sink_context, struct tp_error *e)
{
	size_t half = sizes[i] / 2;
	enum tp_status status;

	if (fail_at == (int)i)
		return tp_fail(e, TP_DATA, "told to fail");
	status = sink(sink_context, contents[i], half, e);
	return status ? status : sink(sink_context, contents[i] + half, sizes[i] - half, e);
}

static const struct tp_pack_source source = {
	.count = MAILS, .describe = describe, .skeleton = skeleton
};

static enum tp_status write_pack(uint32_t number)
{
	static const unsigned char before[TP_SHA256_BYTES] = { 7 };
	static const uint32_t journals[] = { 3, 5 };

	return tp_pack_write(archive, "pack", number, &source, journals, 2, before, 3, &err);
}

static enum tp_status collect(void *context, const char *bytes, size_t len, struct tp_error *e)
{
	tp_buf_add(context, bytes, len);
	return TP_OK;
}

static bool comes_back(struct tp_pack *pack, size_t i)
{
	struct tp_buf out = TP_BUF_INIT(SIZE_MAX - 1);
	struct tp_record record = TP_RECORD_INIT;
	struct tp_split split = { 0 };
	bool same = !tp_pack_record(pack, i, &record, &split, &err) &&
		    !strcmp(record.id, records[i].id) && !strcmp(record.to, records[i].to) &&
		    !strcmp(record.subject, records[i].subject) && !strcmp(record.actor, "uid 0") &&
		    record.rcpts.count == 1 && record.size_bytes == sizes[i] &&
		    record.stored_bytes < sizes[i] + 500 &&
		    !memcmp(record.delivery, records[i].delivery, 32) &&
		    !memcmp(record.sha256, records[i].sha256, 32) &&
		    !tp_pack_skeleton(pack, i, collect, &out, &err) && out.len == sizes[i] &&
		    (!out.len || !memcmp(out.data, contents[i], out.len));

	tp_record_release(&record);
	tp_split_release(&split);
	tp_buf_release(&out);
	return same;
}

static int count_right(struct tp_pack *pack)
{
	int right = 0;

	for (size_t i = 0; i < MAILS; i++)
		right += comes_back(pack, i);
	return right;
}

static int faults, named;

static void count_fault(void *context, const char *id, const char *sentence)
{
	faults++;
	named += *id != 0;
	if (getenv("VERBOSE"))
		printf("# %s: %s\n", id, sentence);
}

static enum tp_status verify(uint32_t number)
{
	struct tp_pack *pack;
	enum tp_status status = tp_pack_open(archive, number, &pack, &err);

	faults = named = 0;
	if (!status)
		status = tp_pack_verify(pack, 100, count_fault, NULL, &err);
	tp_pack_close(pack);
	return status;
}

static void test_reading(void)
{
	struct tp_pack *pack;
	size_t i = 0, count;
	int found = 0;

	ok(!write_pack(1), "a pack is written");
	ok(!tp_pack_open(archive, 1, &pack, &err) && tp_pack_count(pack) == MAILS, "and opened");
	ok(count_right(pack) == MAILS, "all come back, the large and the empty one, too");
	for (size_t k = 0; k < MAILS; k++)
		found += !tp_pack_find(pack, records[k].id, &i, &err) && i == k;
	ok(found == MAILS, "each is found by its id");
	ok(tp_pack_find(pack, "0000000000000000", &i, &err) == TP_NOTHING &&
			tp_pack_find(pack, "zzzzzzzzzzzzzzzz", &i, &err) == TP_NOTHING &&
			tp_pack_find(pack, "x", &i, &err) == TP_NOTHING,
		"and no other");
	ok(tp_pack_journals(pack, &count)[1] == 5 && count == 2, "it knows its journals");
	ok(tp_pack_before(pack)[0] == 7, "and the pack before");
	tp_pack_close(pack);
	ok(!verify(1) && !faults, "nothing is wrong with it");
	ok(tp_pack_open(archive, 2, &pack, &err) == TP_NOINPUT, "one that is not there is not");
	fail_at = 500;
	ok(write_pack(2) == TP_DATA && trash_count("a/pack") == 1,
		"a failing source leaves nothing");
	fail_at = -1;
	ok(!rename("a/pack/00000001.tpp", "a/cellar/00000001.tpp") &&
			!tp_pack_open(archive, 1, &pack, &err) &&
			tp_pack_tier(pack) == TP_TIER_CELLAR,
		"it is found in the cellar");
	tp_pack_close(pack);
	rename("a/cellar/00000001.tpp", "a/pack/00000001.tpp");
}

/* --- erasing ---------------------------------------------------------------------------------- */

static bool is_zeros(const char *name)
{
	FILE *file = fopen(name, "rb");
	int c, ones = 0;

	while (file && (c = getc(file)) != EOF)
		ones += c != 0;
	return file && !fclose(file) && !ones;
}

static void test_erasing(void)
{
	static const size_t gone[] = { 0, EMPTY, LARGE, 300, 301, MAILS - 1 };
	struct tp_buf out = TP_BUF_INIT(SIZE_MAX - 1);
	struct tp_record record = TP_RECORD_INIT;
	unsigned char root[32], link_hash[32];
	struct tp_pack *pack;
	int right = 0;

	tp_pack_open(archive, 1, &pack, &err);
	memcpy(root, tp_pack_root(pack), 32);
	memcpy(link_hash, tp_pack_link(pack), 32);
	tp_pack_close(pack);
	ok(!link("a/pack/00000001.tpp", "old"), "(somebody keeps an eye on the old file)");
	ok(!tp_pack_erase_prepare(archive, 1, gone, NULL, 6, &err) &&
			!tp_pack_erase_swap(archive, 1, &err) &&
			!tp_pack_erase_finish(archive, 1, &err),
		"six are erased");
	ok(trash_count("a/pack") == 1 && is_zeros("old"), "the old file's bytes are gone");
	ok(!verify(1) && !faults, "nothing is wrong with the new one");
	tp_pack_open(archive, 1, &pack, &err);
	ok(!memcmp(root, tp_pack_root(pack), 32) && !memcmp(link_hash, tp_pack_link(pack), 32),
		"root and link hold");
	ok(count_right(pack) == MAILS - 6, "the others come back");
	for (int i = 0; i < 6; i++) {
		right += tp_pack_record(pack, gone[i], &record, NULL, &err) == TP_NOTHING &&
			 !strcmp(record.id, records[gone[i]].id) && !*record.subject &&
			 !memcmp(record.sha256, records[gone[i]].sha256, 32);
		tp_record_release(&record);
		right += tp_pack_skeleton(pack, gone[i], collect, &out, &err) == TP_NOTHING;
	}
	ok(right == 12 && !out.len, "of the erased, id and hash are left");
	ok(!tp_pack_find(pack, records[300].id, &(size_t){ 0 }, &err), "they are found as erased");
	tp_pack_close(pack);
	ok(!tp_pack_erase_prepare(archive, 1, gone, NULL, 6, &err) &&
			!tp_pack_erase_swap(archive, 1, &err) &&
			!tp_pack_erase_finish(archive, 1, &err) && !verify(1),
		"erasing them again does no harm");
	tp_buf_release(&out);
}

/* --- giants ----------------------------------------------------------------------------------- */

/* Whether the block's bytes are what this level makes of them. */
static bool is_level(struct tp_pack *pack, uint32_t index, int level)
{
	struct tp_buf pressed = TP_BUF_INIT(SIZE_MAX - 1);
	const struct tp_buf *raw, *stored;
	bool same = !tp_pack_block_read(pack, index, &raw, &err) &&
		    !tp_pack_piece_press(
			    archive, 9, TP_PACK_BLOCK, index, raw, level, &pressed, &err) &&
		    !tp_pack_piece_read(pack, &pack->blocks[index].piece, &stored, &err) &&
		    stored->len == pressed.len && !memcmp(stored->data, pressed.data, pressed.len);

	tp_buf_release(&pressed);
	return same;
}

/* A sealer would need minutes for a giant at the usual level: HACKING.md, Decisions. */
static void test_giants(void)
{
	struct tp_pack_source giant = source;
	struct tp_buf text = TP_BUF_INIT(SIZE_MAX - 1);
	char *content = contents[0];
	size_t size = sizes[0];
	struct tp_pack *pack = NULL;

	giant.count = 1;
	while (text.len < 9u << 20)
		tp_buf_addf(&text, "%u line of a log %u\n", dice() % 1000, dice() % 100000);
	contents[0] = text.data;
	sizes[0] = text.len;
	ok(!tp_pack_write(archive, "pack", 9, &giant, NULL, 0, (unsigned char[32]){ 0 }, 0, &err) &&
			!tp_pack_open(archive, 9, &pack, &err),
		"a giant is written");
	ok(pack && is_level(pack, 1, 12) && !is_level(pack, 1, 19), "at level 12");
	tp_pack_close(pack);
	unlink("a/pack/00000009.tpp");
	contents[0] = content;
	sizes[0] = size;
	tp_buf_release(&text);
}

/* --- damage ----------------------------------------------------------------------------------- */

static void flip(const char *name, off_t at)
{
	int fd = open(name, O_RDWR);
	unsigned char byte;

	if (pread(fd, &byte, 1, at) != 1)
		exit(99);
	byte ^= 0x10;
	if (pwrite(fd, &byte, 1, at) != 1)
		exit(99);
	close(fd);
}

static void test_damage(void)
{
	static const char name[] = "a/pack/00000003.tpp";
	struct tp_pack_header header;
	unsigned char bytes[TP_PACK_HEADER];
	struct tp_pack *pack;
	struct stat st;
	int fd, right, blind = 0, crashes = 0;

	ok(!write_pack(3) && !stat(name, &st), "(a pack to damage)");
	fd = open(name, O_RDONLY);
	if (pread(fd, bytes, sizeof bytes, 0) != sizeof bytes)
		exit(99);
	close(fd);
	ok(!tp_pack_header_read(bytes, (uint64_t)st.st_size, &header, &err), "(its header)");
	/* Every bit kind: a byte in each stretch of the file, its header byte by byte. */
	for (off_t at = 0; at < st.st_size; at += at < TP_PACK_HEADER ? 1 : st.st_size / 23) {
		flip(name, at);
		if (verify(3) != TP_DATA) {
			printf("# a flipped bit at %jd is not seen\n", (intmax_t)at);
			blind++;
		}
		flip(name, at);
	}
	ok(!blind, "a flipped bit is seen wherever it is");
	flip(name, TP_PACK_HEADER + 1000);
	verify(3);
	ok(faults > named && named > 0 && named < MAILS,
		"one in a block: %d of %d messages are touched, by name", named, MAILS);
	tp_pack_open(archive, 3, &pack, &err);
	right = count_right(pack);
	ok(right == MAILS - named && strstr(err.text, "pack 00000003: block 0 at offset 168"),
		"the others come back (%s)", err.text);
	tp_pack_close(pack);
	flip(name, TP_PACK_HEADER + 1000);
	flip(name, (off_t)header.tables_at - 10);
	ok(verify(3) == TP_DATA && faults, "one in the directory");
	tp_pack_open(archive, 3, &pack, &err);
	right = count_right(pack);
	ok(right >= MAILS - TP_PACK_GROUP_COUNT && right < MAILS, "the other groups can be read");
	tp_pack_close(pack);
	flip(name, (off_t)header.tables_at - 10);
	for (off_t size = st.st_size - 1; size > 0; size -= st.st_size / 37 + 1) {
		if (truncate(name, size))
			exit(99);
		crashes += verify(3) != TP_DATA;
	}
	ok(!crashes && strstr(err.text, "truncated"), "truncated anywhere: %s", err.text);
	unlink(name);
}

static bool erase(uint32_t number, size_t one, size_t other)
{
	size_t gone[] = { one, other };

	return !tp_pack_erase_prepare(archive, number, gone, NULL, one == other ? 1 : 2, &err) &&
	       !tp_pack_erase_swap(archive, number, &err) &&
	       !tp_pack_erase_finish(archive, number, &err);
}

static int count_right_of(uint32_t number)
{
	struct tp_pack *pack;
	int right = tp_pack_open(archive, number, &pack, &err) ? -1 : count_right(pack);

	tp_pack_close(pack);
	return right;
}

/* True when the stream of the pack holds that text, wherever. */
static bool stream_holds(uint32_t number, const char *text)
{
	struct tp_buf out = TP_BUF_INIT(SIZE_MAX - 1);
	const struct tp_buf *block;
	struct tp_pack *pack;
	bool there;

	tp_pack_open(archive, number, &pack, &err);
	for (uint32_t i = 0; i < pack->header.blocks; i++) {
		tp_pack_block_read(pack, i, &block, &err);
		tp_buf_add(&out, block->data, block->len);
	}
	there = memmem(out.data, out.len, text, strlen(text)) != NULL;
	tp_pack_close(pack);
	tp_buf_release(&out);
	return there;
}

/* What was lost stays lost and known, what was not stays, and what is to go goes. */
static void test_erasing_beside_damage(void)
{
	static const char name[] = "a/pack/00000004.tpp";
	const struct tp_pack_entry *entry;
	struct tp_pack *pack = NULL;
	size_t victim = 0, in_block = 0, lost = 0;
	uint64_t edge;
	off_t damage;
	int right, before;
	char text[32];

	ok(!write_pack(4) && !tp_pack_open(archive, 4, &pack, &err), "(another)");
	edge = pack->blocks[1].begin;
	damage = (off_t)pack->blocks[0].piece.at + pack->blocks[0].piece.stored_bytes / 2;
	for (size_t i = 0; i < MAILS; i++) {
		tp_pack_entry(pack, i, &entry, &err);
		if (entry->begin >= edge && i != EMPTY)
			victim = i; /* in a sound block */
		else if (i != EMPTY && entry->begin + entry->skeleton_bytes < edge &&
			 entry->begin > edge * 3 / 4)
			in_block = i; /* in the damaged one */
	}
	tp_pack_close(pack);
	flip(name, damage);
	verify(4);
	tp_pack_open(archive, 4, &pack, &err);
	while (lost < MAILS && comes_back(pack, lost))
		lost++;
	tp_pack_close(pack);
	before = named;
	right = count_right_of(4);
	ok(right == MAILS - before && before, "(a damaged block touches %d)", before);
	ok(erase(4, victim, victim), "from a sound block of a damaged pack something is erased");
	ok(count_right_of(4) == right - 1, "and nothing else");
	ok(verify(4) == TP_DATA && named == before, "the damage is as well known as before");
	flip(name, damage);
	ok(!verify(4) && count_right_of(4) == MAILS - 1, "and could be mended");
	flip(name, damage);
	snprintf(text, sizeof text, "mail %zu\r\n", in_block);
	ok(in_block != lost && stream_holds(4, text), "(a text in the damaged block)");
	ok(erase(4, in_block, in_block) && !stream_holds(4, text), "is erased");
	ok(count_right_of(4) == right - 2, "what could be read of that block still can");
	ok(verify(4) == TP_DATA && named == before, "the others are known as lost");
	ok(erase(4, lost, lost), "one that is damaged itself is erased");
	ok(count_right_of(4) == right - 2 && named == before, "and the others stay");
	ok(verify(4) == TP_DATA && named == before - 1, "one less is touched");
	ok(!write_pack(5) && !tp_pack_open(archive, 5, &pack, &err), "(and one more)");
	damage = (off_t)pack->groups[1].piece.at + 40;
	tp_pack_close(pack);
	flip("a/pack/00000005.tpp", damage);
	verify(5);
	right = count_right_of(5);
	ok(right == MAILS - TP_PACK_GROUP_COUNT, "(a group cannot be read)");
	ok(erase(5, 1, MAILS - 1), "something is erased whose part of the directory is sound");
	ok(count_right_of(5) == right - 2 && verify(5) == TP_DATA, "and nothing else");
	ok(!erase(5, 300, 300) && err.status == TP_DATA, "one of that group is not: %s", err.text);
	unlink(name);
	unlink("a/pack/00000005.tpp");
}

static void test_merkle(void)
{
	struct tp_merkle tree = TP_MERKLE_INIT;
	unsigned char root[32];
	char hex[65];

	tp_merkle_root(&tree, root, &err);
	tp_hex(root, 32, hex);
	ok(!strncmp(hex, "e3b0c44298fc1c14", 16), "the root of nothing is as RFC 9162 says");
	for (int i = 0; i < 7; i++)
		tp_merkle_add(&tree, "0000000000000000", root, &err);
	ok(tree.depth == 3, "seven leaves are a tree of four, of two, and of one");
}

int main(void)
{
	trash_make();
	archive = open_archive("a");
	for (int i = 0; i < MAILS; i++)
		make_mail(i);
	test_merkle();
	test_reading();
	test_erasing();
	test_damage();
	test_erasing_beside_damage();
	test_giants();
	tp_archive_close(archive);
	for (int i = 0; i < MAILS; i++) {
		free(contents[i]);
		tp_record_release(&records[i]);
	}
	return done_testing();
}
