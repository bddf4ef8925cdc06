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
 *
 * A damaged journal stays as it is, for a copy of it may be whole, and everything else goes on. Who
 * has no copy asks for salvage (salvage.h): between 2. and 3. what is damaged is copied aside, under
 * seal.lock, which is not let go then, so that no eraser wants what is being copied.
 */
#include "archive/seal_parts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/chain.h"
#include "archive/events.h"
#include "archive/register.h"
#include "archive/reindex.h"
#include "archive/shred.h"
#include "archive/tidy.h"
#include "base/hex.h"

#define CUTS_MAX 2 /* erasures that may spoil a pack before it is made without letting them */

/* What the disk does not give back, or not as it was. */
static bool is_damage(enum tp_status status)
{
	return status == TP_DATA || status == TP_IO;
}

/* --- the pack --------------------------------------------------------------------------------- */

static enum tp_status describe(void *context, size_t i, struct tp_record *record,
	struct tp_split *split, bool *erased, struct tp_error *err)
{
	struct tp_sealing *s = context;
	const struct tp_seal_item *item = &s->items[i];
	struct tp_error why;
	enum tp_status status =
		tp_journal_read(s->dues[item->due].reader, item->offset, record, split, &why);

	*erased = false;
	if (is_damage(status) && !tp_pack_writer_is_cut(s->writer))
		status = tp_seal_leave(s, item->due, &why);
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

static enum tp_status skeleton(
	void *context, size_t i, tp_press_sink *sink, void *sink_context, struct tp_error *err)
{
	struct tp_sealing *s = context;
	uint32_t due = s->items[i].due;
	struct tp_error why;
	enum tp_status status;

	if (tp_pack_writer_is_cut(s->writer))
		return tp_fail(err, TP_TEMPORARY, "something was erased meanwhile");
	status = tp_journal_skeleton(
		s->dues[due].reader, s->items[i].offset, sink, sink_context, &why);
	if (is_damage(status) && !tp_pack_writer_is_cut(s->writer))
		status = tp_seal_leave(s, due, &why);
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

static size_t list_good(const struct tp_sealing *s, uint32_t *numbers)
{
	size_t count = 0;

	for (size_t i = s->first; i < s->end; i++)
		if (!s->dues[i].bad)
			numbers[count++] = s->dues[i].number;
	return count;
}

static enum tp_status fill(struct tp_sealing *s, struct tp_error *err)
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
	struct tp_sealing *s, uint32_t number, bool let_go, struct tp_error *err)
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

static enum tp_status record_pack(struct tp_sealing *s, struct tp_pack *pack, struct tp_error *err)
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
	tp_chain_note_journals(&s->chain, pack);
	if (!status)
		status = tp_chain_write(s->archive, &s->chain, err);
	tp_hex(s->chain.link, TP_SHA256_BYTES, hex);
	snprintf(note, sizeof note, "pack %08u, %zu messages, link %s", s->chain.number,
		tp_pack_count(pack), hex);
	if (!status)
		status = tp_event_add(s->archive, NULL, "seal", NULL, note, err);
	return status;
}

static enum tp_status remove_journals(struct tp_sealing *s, struct tp_error *err)
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
static void choose(struct tp_sealing *s)
{
	uint64_t bytes = 0;

	s->first = s->end;
	while (s->end < s->due_count && (!bytes || bytes < s->archive->settings.journal_bytes))
		bytes += s->dues[s->end++].bytes;
	s->count = 0;
}

/* TP_NOTHING: nothing in these journals is good. Ones of which everything was erased are spent without
 * a pack. */
static enum tp_status write_pack(struct tp_sealing *s, uint32_t number, struct tp_error *err)
{
	enum tp_status status = tp_seal_list(s, err);
	int cuts = 0;

	while (!status && s->count) {
		size_t items = s->count;

		status = try_pack(s, number, !s->salvage && cuts < CUTS_MAX, err);
		if (!status)
			return TP_OK;
		if (status == TP_TEMPORARY)
			cuts++;
		else if (status != TP_DATA || s->count == items)
			return status;
		status = tp_seal_list(s, err);
	}
	return status ? status : TP_NOTHING;
}

static bool any_good(const struct tp_sealing *s)
{
	for (size_t i = s->first; i < s->end; i++)
		if (!s->dues[i].bad)
			return true;
	return false;
}

static enum tp_status seal_one(struct tp_sealing *s, struct tp_error *err)
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

static void let_go(struct tp_sealing *s)
{
	for (size_t i = 0; i < s->due_count; i++) {
		tp_journal_close(s->dues[i].reader);
		tp_journal_release(s->dues[i].held);
	}
	free(s->dues);
	free(s->items);
}

/* Under sealing.lock. */
static enum tp_status seal_all(struct tp_sealing *s, bool all, struct tp_error *err)
{
	struct tp_archive *archive = s->archive;
	enum tp_status status = tp_seal_lock(archive, true, &s->lock, err);

	if (!status)
		status = tp_archive_need_key(archive, err);
	if (!status)
		status = tp_shred_all(archive, "pack", ".seal", err);
	if (!status)
		status = tp_tidy(archive, err);
	if (!status && s->salvage)
		status = tp_salvage_begin(archive, err);
	if (!status)
		status = tp_chain_read(archive, &s->chain, err);
	if (!status)
		status = tp_seal_find_due(s, all, err);
	while (!status && s->end < s->due_count)
		status = seal_one(s, err);
	let_go(s);
	if (s->lock >= 0)
		close(s->lock);
	return status;
}

static enum tp_status seal(struct tp_sealing *s, bool all, struct tp_error *err)
{
	int lock;
	enum tp_status status = tp_sealing_lock(s->archive, s->salvage, &lock, err);

	*s->report = (struct tp_seal_report){ 0 };
	if (status)
		return status == TP_TEMPORARY ? TP_NOTHING : status;
	status = seal_all(s, all, err);
	close(lock);
	if (!status && s->damage.status)
		status = tp_fail(err, TP_DATA, "%s", s->damage.text);
	return status;
}

enum tp_status tp_seal(struct tp_archive *archive, bool all, int level,
	struct tp_seal_report *report, struct tp_error *err)
{
	struct tp_sealing s = { .archive = archive, .report = report, .level = level, .lock = -1 };

	return seal(&s, all, err);
}

enum tp_status tp_seal_salvage(struct tp_archive *archive, struct tp_salvage *salvage,
	struct tp_seal_report *report, struct tp_error *err)
{
	struct tp_sealing s = {
		.archive = archive, .report = report, .salvage = salvage, .lock = -1
	};

	return seal(&s, true, err);
}
