/*
 * Erasing what is in one pack, or in the journals, which count as one (what a sealer is making of one is
 * cut): see erase.c for what comes before and behind.
 *
 * The new pack is made aside, which takes a second or more and no lock. Then, under the exclusive lock:
 * the names of blobs that nobody else uses, the index segments, and last the pack or the records
 * themselves; for as long as those are there, what else has to go is known. Puts may have brought new
 * users of a blob meanwhile: journals are asked again, under that lock. Then the bytes of those blobs and
 * of the old pack are overwritten, and its index is made again.
 */
#include <unistd.h>

#include "archive/blob.h"
#include "archive/erase_plan.h"
#include "archive/journal.h"
#include "archive/pack.h"
#include "archive/reindex.h"
#include "archive/seal.h"
#include "archive/shred.h"

/* items[begin, end) of the plan, which are together. */
struct unit {
	struct tp_erase_plan *plan;
	size_t begin, end;
};

static bool in_journals(const struct unit *unit)
{
	return unit->plan->items[unit->begin].in_journal;
}

static enum tp_status prepare(const struct unit *unit, struct tp_error *err)
{
	const struct tp_erase_item *items = unit->plan->items;
	size_t *gone = calloc(unit->end - unit->begin, sizeof *gone);
	char(*ids)[TP_ID_LEN + 1] = calloc(unit->end - unit->begin, sizeof *ids);
	size_t count = 0;
	enum tp_status status = TP_OK;
	bool lost = false;

	if (!gone || !ids)
		status = tp_fail(err, TP_NOMEM, "out of memory");
	for (size_t i = unit->begin; !status && i < unit->end; i++) {
		lost = lost || items[i].lost;
		memcpy(ids[count], items[i].id, sizeof *ids);
		gone[count++] = (size_t)items[i].at;
	}
	if (!status)
		status = tp_pack_erase_prepare(unit->plan->archive, items[unit->begin].number, gone,
			lost ? (const char(*)[TP_ID_LEN + 1]) ids : NULL, count, err);
	free(gone);
	free(ids);
	return status;
}

/* What this unit's messages use is used that much less. */
static void let_go_of_blobs(const struct unit *unit)
{
	for (size_t i = unit->begin; i < unit->end; i++) {
		const struct tp_erase_item *item = &unit->plan->items[i];

		for (size_t k = 0; k < item->blob_count; k++) {
			struct tp_erase_blob *blob = &unit->plan->blobs[item->blobs[k]];

			if (item->in_journal)
				blob->in_journals--;
			else
				blob->in_packs--;
		}
	}
}

/* Of this unit's blobs those that nobody uses any more lose their names. */
static enum tp_status drop_blobs(const struct unit *unit, struct tp_error *err)
{
	struct tp_erase_plan *plan = unit->plan;
	struct tp_blob_folders folders = { { 0 } };
	enum tp_status status;

	if (plan->keep_blobs || !plan->blob_count)
		return TP_OK;
	status = tp_erase_count_journals(plan, err);
	if (!status)
		let_go_of_blobs(unit);
	for (size_t i = unit->begin; !status && i < unit->end; i++) {
		const struct tp_erase_item *item = &plan->items[i];

		for (size_t k = 0; !status && k < item->blob_count; k++) {
			struct tp_erase_blob *blob = &plan->blobs[item->blobs[k]];

			if (blob->in_packs || blob->in_journals || blob->removed)
				continue;
			status = tp_blob_drop(plan->archive, blob->sha256, &folders, err);
			blob->removed = true;
		}
	}
	return status ? status : tp_blob_settle(plan->archive, &folders, err);
}

static enum tp_status drop_segments(const struct unit *unit, struct tp_error *err)
{
	const struct tp_erase_item *items = unit->plan->items;
	enum tp_status status = TP_OK;

	for (size_t i = unit->begin; !status && i < unit->end; i++)
		if (i == unit->begin || items[i].number != items[i - 1].number)
			status = tp_segment_drop(unit->plan->archive,
				in_journals(unit) ? TP_SEGMENT_JOURNAL : TP_SEGMENT_PACK,
				items[i].number, err);
	return status;
}

static bool is_there(struct tp_archive *archive, uint32_t journal)
{
	char name[TP_ARCHIVE_NAME];

	tp_archive_name("journal", journal, name);
	return !faccessat(archive->dir, name, F_OK, 0);
}

static enum tp_status erase_records(const struct unit *unit, struct tp_error *err)
{
	struct tp_archive *archive = unit->plan->archive;
	enum tp_status status = TP_OK;

	for (size_t i = unit->begin; !status && i < unit->end; i++) {
		const struct tp_erase_item *item = &unit->plan->items[i];

		/* One that was begun earlier may have been sealed since, without that message. */
		if (!item->done || is_there(archive, item->number))
			status = tp_journal_erase(archive, item->number, item->at, err);
	}
	return status;
}

static enum tp_status change_files(const struct unit *unit, struct tp_error *err)
{
	struct tp_archive *archive = unit->plan->archive;
	enum tp_status status = tp_archive_lock(archive, TP_HOLD_ALL, err);

	if (status)
		return status;
	status = tp_blob_sweep(archive, err);
	if (!status)
		status = tp_shred_leftovers(archive, "index", err);
	if (!status)
		status = drop_blobs(unit, err);
	if (!status)
		status = drop_segments(unit, err);
	if (!status && in_journals(unit))
		status = erase_records(unit, err);
	else if (!status)
		status = tp_pack_erase_swap(archive, unit->plan->items[unit->begin].number, err);
	tp_archive_unlock(archive);
	return status;
}

static enum tp_status cut_sealer(const struct unit *unit, struct tp_error *err)
{
	const struct tp_erase_item *items = unit->plan->items;
	enum tp_status status = TP_OK;

	for (size_t i = unit->begin; !status && i < unit->end; i++)
		if (i == unit->begin || items[i].number != items[i - 1].number)
			status = tp_seal_cut(unit->plan->archive, items[i].number, err);
	return status;
}

/* Items of packs come first, by number; those of journals behind them. */
static size_t unit_end(const struct tp_erase_plan *plan, size_t begin)
{
	size_t end = begin;

	while (end < plan->count && plan->items[end].in_journal == plan->items[begin].in_journal &&
		(plan->items[end].in_journal ||
			plan->items[end].number == plan->items[begin].number))
		end++;
	return end;
}

enum tp_status tp_erase_unit(
	struct tp_erase_plan *plan, size_t begin, size_t *end, struct tp_error *err)
{
	const struct unit unit = { plan, begin, unit_end(plan, begin) };
	struct tp_archive *archive = plan->archive;
	uint32_t number = plan->items[begin].number;
	struct tp_error why;
	enum tp_status status = in_journals(&unit) ? cut_sealer(&unit, err) : prepare(&unit, err);

	*end = unit.end;
	if (!status)
		status = change_files(&unit, err);
	if (!status)
		status = tp_blob_shred_dropped(archive, err);
	if (status || in_journals(&unit))
		return status;
	status = tp_pack_erase_finish(archive, number, err);
	if (status)
		return status;
	/* The index is a cache: readers of a damaged pack make one of what there is. */
	status = tp_reindex(archive, number, &why);
	return !status || status == TP_DATA ? TP_OK : tp_fail(err, status, "%s", why.text);
}
