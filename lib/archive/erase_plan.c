/* The plan of an erasure: see erase_plan.h. The file `erasing` has a line for each message: its id,
 * "pack", "journal" or "lost" (in a pack, its directory damaged), the number, and the place in it. */
#include "archive/erase_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "archive/journal.h"
#include "archive/missing.h"
#include "archive/shred.h"
#include "base/array.h"
#include "base/diag.h"

#define NAME     "erasing"
#define FILE_MAX ((size_t)1 << 32)

void tp_erase_plan_release(struct tp_erase_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		free(plan->items[i].blobs);
	free(plan->items);
	free(plan->blobs);
	*plan = (struct tp_erase_plan){ 0 };
}

/* --- adding ----------------------------------------------------------------------------------- */

/* Every hole gets a blob of its own here; settling makes those of one hash one. */
static enum tp_status add_blobs(struct tp_erase_plan *plan, struct tp_erase_item *item,
	const struct tp_split *split, struct tp_error *err)
{
	item->blobs = calloc(split->count + 1, sizeof *item->blobs);
	if (!item->blobs)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (size_t i = 0; i < split->count; i++) {
		struct tp_erase_blob *blob, *blobs = tp_array_room(plan->blobs, plan->blob_count,
						    &plan->blob_cap, 64, sizeof *blobs);

		if (!blobs)
			return tp_fail(err, TP_NOMEM, "out of memory");
		plan->blobs = blobs;
		blob = &plan->blobs[plan->blob_count];
		*blob = (struct tp_erase_blob){ 0 };
		memcpy(blob->sha256, split->holes[i].sha256, TP_SHA256_BYTES);
		item->blobs[item->blob_count++] = plan->blob_count++;
	}
	return TP_OK;
}

enum tp_status tp_erase_plan_add_item(struct tp_erase_plan *plan, const char *id, bool in_journal,
	uint32_t number, uint64_t at, struct tp_erase_item **item, struct tp_error *err)
{
	struct tp_erase_item *items =
		tp_array_room(plan->items, plan->count, &plan->cap, 64, sizeof *items);

	if (!items)
		return tp_fail(err, TP_NOMEM, "out of memory");
	plan->items = items;
	*item = &plan->items[plan->count++];
	**item = (struct tp_erase_item){ .in_journal = in_journal, .number = number, .at = at };
	memcpy((*item)->id, id, TP_ID_LEN);
	return TP_OK;
}

enum tp_status tp_erase_plan_add(struct tp_erase_plan *plan, struct tp_view *view, const char *id,
	const struct tp_place *place, struct tp_error *err)
{
	struct tp_split split = { 0 };
	struct tp_erase_item *item;
	enum tp_status status = tp_view_record(view, place, NULL, &split, err);

	/* A record of a journal says itself where it is; what it carries is found by what is left. */
	if (status == TP_DATA && place->in_journal) {
		plan->collect = true;
		status = TP_OK;
	}
	if (!status)
		status = tp_erase_plan_add_item(
			plan, id, place->in_journal, place->number, place->at, &item, err);
	if (!status)
		status = add_blobs(plan, item, &split, err);
	tp_split_release(&split);
	return status;
}

/* --- the file --------------------------------------------------------------------------------- */

enum tp_status tp_erase_plan_save(const struct tp_erase_plan *plan, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(FILE_MAX);
	enum tp_status status;

	for (size_t i = 0; i < plan->count; i++)
		tp_buf_addf(&text, "%s %s %u %ju\n", plan->items[i].id,
			plan->items[i].in_journal ? "journal"
			: plan->items[i].lost     ? "lost"
						  : "pack",
			plan->items[i].number, (uintmax_t)plan->items[i].at);
	status = tp_archive_file_replace(plan->archive, NAME, &text, err);
	tp_buf_release(&text);
	return status;
}

enum tp_status tp_erase_plan_forget(const struct tp_erase_plan *plan, struct tp_error *err)
{
	if (unlinkat(plan->archive->dir, NAME, 0) && errno != ENOENT)
		return tp_fail_errno(err, TP_IO, "%s/" NAME ": cannot remove", plan->archive->path);
	return tp_archive_sync(plan->archive, ".", err);
}

struct line {
	char id[TP_ID_LEN + 1];
	bool in_journal, lost;
	uint32_t number;
	uint64_t at;
};

/* "ID pack|journal|lost NUMBER PLACE" */
static bool parse_line(const char *text, struct line *line)
{
	char *end;

	if (strnlen(text, TP_ID_LEN + 1) <= TP_ID_LEN || text[TP_ID_LEN] != ' ')
		return false;
	memcpy(line->id, text, TP_ID_LEN);
	line->id[TP_ID_LEN] = 0;
	text += TP_ID_LEN + 1;
	line->in_journal = *text == 'j';
	line->lost = *text == 'l';
	text = strchr(text, ' ');
	if (!text)
		return false;
	line->number = (uint32_t)strtoul(text, &end, 10);
	if (end == text || *end != ' ')
		return false;
	text = end;
	line->at = strtoull(text, &end, 10);
	return end != text && !*end;
}

/* True when its pack's directory still does not tell. */
static bool is_still_lost(struct tp_view *view, const struct line *line)
{
	struct tp_place place = { .number = line->number, .at = line->at };

	return line->lost && tp_erase_is_damage(tp_view_record(view, &place, NULL, NULL, NULL));
}

/* It left for a disc before anybody could finish: nothing more can be done about it, and no other erasure is
 * to wait for ever. */
static void let_go_of(struct tp_erase_plan *plan, const struct line *line, uint32_t disc)
{
	plan->begun = true;
	tp_warn("%s: its erasure was begun, and it is on disc %u by now, where nothing can be "
		"erased",
		line->id, disc);
}

/* A message that is still there is erased like any other. One that says "erased" may have been left
 * half overwritten when it is in a journal, and so may one that cannot be read there: its blobs went
 * before it, or are not known. */
static enum tp_status load_line(
	struct tp_erase_plan *plan, struct tp_view *view, const char *text, struct tp_error *err)
{
	struct tp_erase_item *item;
	struct tp_place place;
	enum tp_status status;
	struct line line;
	bool lost;

	if (!parse_line(text, &line))
		return tp_fail(err, TP_DATA, "%s/" NAME ": damaged", plan->archive->path);
	lost = is_still_lost(view, &line);
	status = lost ? TP_NOTHING : tp_view_find(view, line.id, &place, err);
	if (!status && place.tier == TP_TIER_DISC) {
		let_go_of(plan, &line, place.disc);
		return TP_OK;
	}
	if (!status)
		status = tp_erase_plan_add(plan, view, line.id, &place, err);
	if (status == TP_NOTHING || (status == TP_DATA && (line.in_journal || line.lost))) {
		plan->collect = plan->collect || line.lost || status == TP_DATA;
		status = tp_erase_plan_add_item(
			plan, line.id, line.in_journal, line.number, line.at, &item, err);
		if (!status) {
			item->done = !lost;
			item->lost = lost;
		}
	}
	if (!status)
		plan->items[plan->count - 1].recorded = true;
	return status;
}

enum tp_status tp_erase_plan_load(
	struct tp_erase_plan *plan, struct tp_view *view, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(FILE_MAX);
	enum tp_status status = tp_archive_file_read(plan->archive, NAME, &text, err);
	char *save = NULL;

	for (char *line = status || !text.len ? NULL : strtok_r(text.data, "\n", &save);
		!status && line; line = strtok_r(NULL, "\n", &save))
		status = load_line(plan, view, line, err);
	tp_buf_release(&text);
	return status == TP_NOINPUT ? TP_OK : status;
}

/* --- settling --------------------------------------------------------------------------------- */

static int compare_items(const void *left, const void *right)
{
	const struct tp_erase_item *a = left, *b = right;

	if (a->in_journal != b->in_journal)
		return a->in_journal - b->in_journal;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

static int compare_blobs(const void *left, const void *right, void *blobs)
{
	const struct tp_erase_blob *list = blobs;

	return memcmp(list[*(const size_t *)left].sha256, list[*(const size_t *)right].sha256,
		TP_SHA256_BYTES);
}

static void drop_doubles(struct tp_erase_plan *plan)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->count; i++) {
		if (kept && !compare_items(&plan->items[kept - 1], &plan->items[i]))
			free(plan->items[i].blobs);
		else
			plan->items[kept++] = plan->items[i];
	}
	plan->count = kept;
}

/* Sorts the blobs, each hash once, and tells the items of their new numbers. */
static enum tp_status settle_blobs(struct tp_erase_plan *plan, struct tp_error *err)
{
	size_t n = plan->blob_count, kept = 0;
	size_t *order = calloc(n + 1, sizeof *order), *moved = calloc(n + 1, sizeof *moved);
	struct tp_erase_blob *sorted = calloc(n + 1, sizeof *sorted);
	enum tp_status status = TP_OK;

	if (!order || !moved || !sorted) {
		status = tp_fail(err, TP_NOMEM, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof *order, compare_blobs, plan->blobs);
	for (size_t i = 0; i < n; i++) {
		const struct tp_erase_blob *blob = &plan->blobs[order[i]];

		if (!kept || memcmp(sorted[kept - 1].sha256, blob->sha256, TP_SHA256_BYTES))
			sorted[kept++] = *blob;
		moved[order[i]] = kept - 1;
	}
	for (size_t i = 0; i < plan->count; i++)
		for (size_t k = 0; k < plan->items[i].blob_count; k++)
			plan->items[i].blobs[k] = moved[plan->items[i].blobs[k]];
	free(plan->blobs);
	plan->blobs = sorted;
	plan->blob_count = kept;
	sorted = NULL;
out:
	free(order);
	free(moved);
	free(sorted);
	return status;
}

enum tp_status tp_erase_plan_settle(struct tp_erase_plan *plan, struct tp_error *err)
{
	if (plan->count)
		qsort(plan->items, plan->count, sizeof *plan->items, compare_items);
	drop_doubles(plan);
	return settle_blobs(plan, err);
}

/* --- who else uses them ----------------------------------------------------------------------- */

static struct tp_erase_blob *find_blob(struct tp_erase_plan *plan, const unsigned char *sha256)
{
	size_t low = 0, high = plan->blob_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(plan->blobs[middle].sha256, sha256, TP_SHA256_BYTES);

		if (!order)
			return &plan->blobs[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static enum tp_status count_in_pack(void *context, const struct tp_place *place,
	const struct tp_record *record, const struct tp_split *split, struct tp_error *err)
{
	for (size_t i = 0; !place->in_journal && i < split->count; i++) {
		struct tp_erase_blob *blob = find_blob(context, split->holes[i].sha256);

		if (blob)
			blob->in_packs++;
	}
	return TP_OK;
}

enum tp_status tp_erase_count_packs(
	struct tp_erase_plan *plan, struct tp_view *view, struct tp_error *err)
{
	enum tp_status status;

	if (!plan->blob_count)
		return TP_OK;
	status = tp_packs_are_there(plan->archive, err);
	if (!status)
		status = tp_view_walk(view, 1u << TP_TIER_ONLINE | 1u << TP_TIER_CELLAR,
			count_in_pack, plan, err);
	return status ? tp_error_prefix(
				err, "attachments are kept, for who else uses them cannot be told")
		      : TP_OK;
}

static enum tp_status count_in_journal(
	struct tp_erase_plan *plan, uint32_t number, struct tp_error *err)
{
	struct tp_journal_reader *reader;
	uint64_t offset, torn;
	enum tp_status status = tp_journal_open(plan->archive, number, &reader, err);

	/* A journal that cannot be read may use any blob. */
	while (!status && !(status = tp_journal_next(reader, NULL, &offset, &torn, err))) {
		struct tp_split split = { 0 };

		status = tp_journal_read(reader, offset, NULL, &split, err);
		for (size_t i = 0; !status && i < split.count; i++) {
			struct tp_erase_blob *blob = find_blob(plan, split.holes[i].sha256);

			if (blob)
				blob->in_journals++;
		}
		tp_split_release(&split);
	}
	tp_journal_close(reader);
	return status == TP_NOTHING ? TP_OK : status;
}

enum tp_status tp_erase_count_journals(struct tp_erase_plan *plan, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(plan->archive, "journal", &numbers, &count, err);

	for (size_t i = 0; i < plan->blob_count; i++)
		plan->blobs[i].in_journals = 0;
	for (size_t i = 0; !status && i < count; i++)
		status = count_in_journal(plan, numbers[i], err);
	free(numbers);
	return status;
}
