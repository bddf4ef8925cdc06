/*
 * Sealing: see seal.h. The steps, and what a crash behind each of them leaves:
 *
 * 1. sealing.lock, seal.lock; tidy.h clears up after those who died.
 * 2. The journals that are due are held, and shut for good: the next sealer finds them due. What is
 *    in them is listed, and the file aside made ("NAME.seal").
 * 3. seal.lock is let go, so that nobody waits for the compressing; the pack is written aside and
 *    synced: a file that is overwritten and removed. Then seal.lock again.
 * 4. It gets its name. From here on it holds the mail, and it names the journals that it replaces: who
 *    reads passes them over, and nobody can append to them (2.), so nothing new is passed over.
 * 5. The index segment: the first reader makes one.
 * 6. The file `chain`: made again from the pack. The event: is missing from the log, and the pack is
 *    there to see.
 * 7. Exclusive lock; the journals lose their names, the lock is let go, their bytes are overwritten:
 *    tidy.h does the rest.
 *
 * Who erases from a journal that is being sealed overwrites and removes the file aside first
 * (tp_seal_cut): what he erases may be in it. We see that (4.), and begin again from what the
 * journals have now; after a second time without letting go of seal.lock, so that a stream of
 * erasures does not keep a pack from being made. While we write, reading a journal may fail because
 * a record is just being overwritten; that is no damage when the file aside is cut.
 */
#include "archive/seal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/chain.h"
#include "archive/events.h"
#include "archive/journal.h"
#include "archive/journal_form.h"
#include "archive/pack.h"
#include "archive/register.h"
#include "archive/reindex.h"
#include "archive/shred.h"
#include "archive/tidy.h"
#include "base/hex.h"

#define CUTS_MAX 2 /* erasures that may spoil a pack before it is made without letting them */

/* A journal that is to be sealed. */
struct due {
	uint32_t number;
	uint64_t bytes;
	struct tp_journal *held;
	struct tp_journal_reader *reader;
	bool bad;
};

/* A message in one of them. */
struct item {
	char id[TP_ID_LEN + 1];
	unsigned char delivery[8]; /* its beginning; enough to tell two of one id apart */
	uint32_t due;
	uint64_t offset;
};

struct sealing {
	struct tp_archive *archive;
	struct tp_seal_report *report;
	struct due *dues;
	size_t due_count;
	size_t first, end; /* the ones that make this pack */
	struct item *items;
	size_t count, cap;
	struct tp_chain chain;
	int lock; /* seal.lock; -1: let go */
	int level;
	struct tp_pack_writer *writer;
	struct tp_error damage; /* the first damaged journal's; status TP_OK: none */
};

/* --- which journals --------------------------------------------------------------------------- */

static void note_damage(struct sealing *s, uint32_t journal, const struct tp_error *why)
{
	if (!s->damage.status)
		tp_fail(&s->damage, TP_DATA, "journal %08u is left unsealed: %s", journal,
			why->text);
}

static enum tp_status look_at_journal(
	struct sealing *s, uint32_t number, bool all, struct tp_error *err)
{
	struct due *due = &s->dues[s->due_count];
	char name[TP_ARCHIVE_NAME];
	struct tp_error why;
	enum tp_status status;
	struct stat st;

	tp_archive_name("journal", number, name);
	if (fstatat(s->archive->dir, name, &st, 0) || st.st_size <= TP_JOURNAL_OPENING)
		return TP_OK;
	due->bytes = (uint64_t)st.st_size;
	if (!all && due->bytes < s->archive->settings.journal_bytes &&
		!tp_seal_is_shut(s->archive, number))
		return TP_OK;
	status = tp_journal_take(s->archive, number, &due->held, &why);
	if (status == TP_TEMPORARY)
		s->report->busy++;
	if (status == TP_DATA)
		note_damage(s, number, &why);
	if (status == TP_TEMPORARY || status == TP_DATA || status == TP_NOTHING ||
		status == TP_NOINPUT)
		return TP_OK;
	if (status)
		return tp_fail(err, status, "%s", why.text);
	due->number = number;
	s->due_count++;
	return TP_OK;
}

static enum tp_status find_due(struct sealing *s, bool all, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(s->archive, "journal", &numbers, &count, err);

	if (!status) {
		s->dues = calloc(count + 1, sizeof *s->dues);
		if (!s->dues)
			status = tp_fail(err, TP_NOMEM, "out of memory");
	}
	for (size_t i = 0; !status && i < count; i++)
		status = look_at_journal(s, numbers[i], all, err);
	free(numbers);
	return status;
}

/* --- what is in them -------------------------------------------------------------------------- */

static enum tp_status add_item(struct sealing *s, uint32_t due, const struct tp_record *record,
	uint64_t offset, struct tp_error *err)
{
	struct item *item;

	if (s->count == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 1024;
		struct item *larger = reallocarray(s->items, cap, sizeof *larger);

		if (!larger)
			return tp_fail(err, TP_NOMEM, "out of memory");
		s->items = larger;
		s->cap = cap;
	}
	item = &s->items[s->count++];
	memcpy(item->id, record->id, sizeof item->id);
	memcpy(item->delivery, record->delivery, sizeof item->delivery);
	item->due = due;
	item->offset = offset;
	return TP_OK;
}

/* Not this one: what it has of this pack goes out of it again. */
static void set_aside(struct sealing *s, uint32_t index, const struct tp_error *why)
{
	size_t kept = 0;

	s->dues[index].bad = true;
	note_damage(s, s->dues[index].number, why);
	for (size_t i = 0; i < s->count; i++)
		if (s->items[i].due != index)
			s->items[kept++] = s->items[i];
	s->count = kept;
}

static enum tp_status list_journal(struct sealing *s, uint32_t index, struct tp_error *err)
{
	struct due *due = &s->dues[index];
	struct tp_record record = TP_RECORD_INIT;
	struct tp_error why = { 0 };
	uint64_t offset, torn;
	enum tp_status status = tp_journal_open(s->archive, due->number, &due->reader, &why);

	while (!status) {
		status = tp_journal_next(due->reader, &record, &offset, &torn, &why);
		if (!status)
			status = add_item(s, index, &record, offset, &why);
		tp_record_release(&record);
	}
	if (status == TP_NOTHING)
		return TP_OK;
	if (status != TP_DATA)
		return tp_fail(err, status, "%s", why.text);
	set_aside(s, index, &why);
	return TP_OK;
}

static int compare(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int order = memcmp(a->id, b->id, TP_ID_LEN);

	if (!order)
		order = memcmp(a->delivery, b->delivery, sizeof a->delivery);
	if (!order)
		order = (a->due > b->due) - (a->due < b->due);
	return order ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

/* In order of ids, each once. */
static void sort_items(struct sealing *s)
{
	size_t kept = 0;

	if (s->count)
		qsort(s->items, s->count, sizeof *s->items, compare);
	for (size_t i = 0; i < s->count; i++) {
		const struct item *before = kept ? &s->items[kept - 1] : NULL;

		if (before && !memcmp(before->id, s->items[i].id, TP_ID_LEN) &&
			!memcmp(before->delivery, s->items[i].delivery, sizeof before->delivery))
			continue;
		s->items[kept++] = s->items[i];
	}
	s->count = kept;
}

/* --- the pack --------------------------------------------------------------------------------- */

static enum tp_status describe(void *context, size_t i, struct tp_record *record,
	struct tp_split *split, bool *erased, struct tp_error *err)
{
	struct sealing *s = context;
	const struct item *item = &s->items[i];
	struct tp_error why;
	enum tp_status status =
		tp_journal_read(s->dues[item->due].reader, item->offset, record, split, &why);

	*erased = false;
	if (status == TP_DATA && !tp_pack_writer_is_cut(s->writer))
		set_aside(s, item->due, &why);
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

static enum tp_status skeleton(
	void *context, size_t i, tp_press_sink *sink, void *sink_context, struct tp_error *err)
{
	struct sealing *s = context;
	uint32_t due = s->items[i].due;
	struct tp_error why;
	enum tp_status status;

	if (tp_pack_writer_is_cut(s->writer))
		return tp_fail(err, TP_TEMPORARY, "something was erased meanwhile");
	status = tp_journal_skeleton(
		s->dues[due].reader, s->items[i].offset, sink, sink_context, &why);
	if (status == TP_DATA && !tp_pack_writer_is_cut(s->writer))
		set_aside(s, due, &why);
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

static size_t list_good(const struct sealing *s, uint32_t *numbers)
{
	size_t count = 0;

	for (size_t i = s->first; i < s->end; i++)
		if (!s->dues[i].bad)
			numbers[count++] = s->dues[i].number;
	return count;
}

static enum tp_status fill(struct sealing *s, struct tp_error *err)
{
	struct tp_pack_source source = {
		.context = s, .count = s->count, .describe = describe, .skeleton = skeleton
	};
	uint32_t *journals = calloc(s->end - s->first + 1, sizeof *journals);
	enum tp_status status;

	if (!journals)
		return tp_fail(err, TP_NOMEM, "out of memory");
	status = tp_pack_writer_fill(
		s->writer, &source, journals, list_good(s, journals), s->chain.link, err);
	free(journals);
	return status;
}

/* Writes the pack aside, with or without seal.lock, and publishes it with it. TP_TEMPORARY: something
 * that was to be in it was erased. TP_DATA: a journal turned out to be damaged, and was set aside. */
static enum tp_status try_pack(
	struct sealing *s, uint32_t number, bool let_go, struct tp_error *err)
{
	struct tp_error unlocked = { TP_OK, "" };
	enum tp_status status =
		tp_pack_writer_new(s->archive, "pack", number, s->level, &s->writer, err);

	if (status)
		return status;
	if (let_go) {
		close(s->lock);
		s->lock = -1;
	}
	status = fill(s, err);
	if (let_go && tp_seal_lock(s->archive, true, &s->lock, &unlocked))
		status = tp_fail(err, unlocked.status, "%s", unlocked.text);
	else if (tp_pack_writer_is_cut(s->writer))
		status = tp_fail(err, TP_TEMPORARY, "something was erased meanwhile");
	else if (status == TP_NOTHING) /* only erasers take away what was listed, and they cut */
		status = tp_fail(err, TP_INTERNAL, "pack %08u: a message is gone", number);
	else if (!status)
		status = tp_pack_writer_publish(s->writer, err);
	tp_pack_writer_free(s->writer);
	s->writer = NULL;
	return status;
}

static enum tp_status record_pack(struct sealing *s, struct tp_pack *pack, struct tp_error *err)
{
	char note[256], hex[TP_SHA256_HEX];
	enum tp_status status = tp_registers_drop(s->archive, tp_pack_number(pack), err);

	if (!status)
		status = tp_reindex(s->archive, tp_pack_number(pack), err);
	if (!status)
		status = tp_registers_grow(s->archive, tp_pack_number(pack), err);

	s->report->packs++;
	s->report->messages += tp_pack_count(pack);
	s->report->pack_bytes += tp_pack_size(pack);
	s->chain.number = tp_pack_number(pack);
	memcpy(s->chain.link, tp_pack_link(pack), sizeof s->chain.link);
	if (!status)
		status = tp_chain_write(s->archive, &s->chain, err);
	tp_hex(s->chain.link, TP_SHA256_BYTES, hex);
	snprintf(note, sizeof note, "pack %08u, %zu messages, link %s", s->chain.number,
		tp_pack_count(pack), hex);
	if (!status)
		status = tp_event_add(s->archive, NULL, "seal", NULL, note, err);
	return status;
}

static enum tp_status remove_journals(struct sealing *s, struct tp_error *err)
{
	uint32_t *numbers = calloc(s->end - s->first + 1, sizeof *numbers);
	enum tp_status status;

	if (!numbers)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (size_t i = s->first; i < s->end; i++)
		if (!s->dues[i].bad)
			s->report->journal_bytes += s->dues[i].bytes;
	status = tp_journals_remove(s->archive, numbers, list_good(s, numbers), err);
	free(numbers);
	return status;
}

/* --- one pack after the other ----------------------------------------------------------------- */

/* Journals for one pack: until they are as large together as a full one. */
static void choose(struct sealing *s)
{
	uint64_t bytes = 0;

	s->first = s->end;
	while (s->end < s->due_count && (!bytes || bytes < s->archive->settings.journal_bytes))
		bytes += s->dues[s->end++].bytes;
	s->count = 0;
}

/* What the journals have now. */
static enum tp_status list(struct sealing *s, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	s->count = 0;
	for (size_t i = s->first; !status && i < s->end; i++) {
		tp_journal_close(s->dues[i].reader);
		s->dues[i].reader = NULL;
		if (!s->dues[i].bad)
			status = list_journal(s, (uint32_t)i, err);
	}
	sort_items(s);
	return status;
}

/* TP_NOTHING: nothing in these journals is good. Ones of which everything was erased are spent without
 * a pack. */
static enum tp_status write_pack(struct sealing *s, uint32_t number, struct tp_error *err)
{
	enum tp_status status = list(s, err);
	int cuts = 0;

	while (!status && s->count) {
		size_t items = s->count;

		status = try_pack(s, number, cuts < CUTS_MAX, err);
		if (!status)
			return TP_OK;
		if (status == TP_TEMPORARY)
			cuts++;
		else if (status != TP_DATA || s->count == items)
			return status;
		status = list(s, err);
	}
	return status ? status : TP_NOTHING;
}

static bool any_good(const struct sealing *s)
{
	for (size_t i = s->first; i < s->end; i++)
		if (!s->dues[i].bad)
			return true;
	return false;
}

static enum tp_status seal_one(struct sealing *s, struct tp_error *err)
{
	uint32_t number = s->chain.number + 1;
	struct tp_pack *pack = NULL;
	enum tp_status status;

	choose(s);
	status = write_pack(s, number, err);
	if (status == TP_NOTHING)
		return any_good(s) ? remove_journals(s, err) : TP_OK;
	if (!status)
		status = tp_pack_open(s->archive, number, &pack, err);
	if (!status)
		status = record_pack(s, pack, err);
	tp_pack_close(pack);
	return status ? status : remove_journals(s, err);
}

static void let_go(struct sealing *s)
{
	for (size_t i = 0; i < s->due_count; i++) {
		tp_journal_close(s->dues[i].reader);
		tp_journal_release(s->dues[i].held);
	}
	free(s->dues);
	free(s->items);
}

/* Under sealing.lock. */
static enum tp_status seal_all(struct sealing *s, bool all, struct tp_error *err)
{
	struct tp_archive *archive = s->archive;
	enum tp_status status = tp_seal_lock(archive, true, &s->lock, err);

	if (!status)
		status = tp_archive_need_key(archive, err);
	if (!status)
		status = tp_shred_all(archive, "pack", ".seal", err);
	if (!status)
		status = tp_tidy(archive, err);
	if (!status)
		status = tp_chain_read(archive, &s->chain, err);
	if (!status)
		status = find_due(s, all, err);
	while (!status && s->end < s->due_count)
		status = seal_one(s, err);
	let_go(s);
	if (s->lock >= 0)
		close(s->lock);
	return status;
}

enum tp_status tp_seal(struct tp_archive *archive, bool all, int level,
	struct tp_seal_report *report, struct tp_error *err)
{
	struct sealing s = { .archive = archive, .report = report, .level = level, .lock = -1 };
	int lock;
	enum tp_status status = tp_sealing_lock(archive, &lock, err);

	*report = (struct tp_seal_report){ 0 };
	if (status)
		return status == TP_TEMPORARY ? TP_NOTHING : status;
	status = seal_all(&s, all, err);
	close(lock);
	if (!status && s.damage.status)
		status = tp_fail(err, TP_DATA, "%s", s.damage.text);
	return status;
}
