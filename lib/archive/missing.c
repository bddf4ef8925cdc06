/* Which pack is missing: see missing.h. The chain is read first, then the folders in the way that packs
 * move, then the log, whose events precede what they tell of. */
#include "archive/missing.h"

#include "archive/chain.h"
#include "archive/events.h"
#include "archive/rotate_state.h"

static enum tp_status note_left(void *there, uint32_t number, struct tp_error *err)
{
	return tp_pack_list_add(there, number, err);
}

static enum tp_status note_folder(struct tp_archive *archive, const char *folder,
	struct tp_pack_list *there, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(archive, folder, &numbers, &count, err);

	for (size_t i = 0; !status && i < count; i++)
		status = tp_pack_list_add(there, numbers[i], err);
	free(numbers);
	return status;
}

static int compare(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* The lowest number from 1 on that is not among them; they get sorted. */
static uint32_t first_gap(const struct tp_pack_list *there)
{
	uint32_t next = 1;

	if (there->count)
		qsort(there->numbers, there->count, sizeof *there->numbers, compare);
	for (size_t i = 0; i < there->count && there->numbers[i] <= next; i++)
		next = there->numbers[i] + 1;
	return next;
}

enum tp_status tp_packs_are_there(struct tp_archive *archive, struct tp_error *err)
{
	struct tp_pack_list there = { NULL, 0 };
	struct tp_chain chain;
	enum tp_status status = tp_chain_read(archive, &chain, err);

	if (!status)
		status = note_folder(archive, "pack", &there, err);
	if (!status)
		status = note_folder(archive, "cellar", &there, err);
	if (!status && first_gap(&there) <= chain.number)
		status = tp_events_left(archive, note_left, &there, err);
	if (!status && first_gap(&there) <= chain.number)
		status = tp_fail(err, TP_DATA, "pack %08u is missing", first_gap(&there));
	tp_pack_list_release(&there);
	return status;
}

enum tp_status tp_packs_of_index_are_there(struct tp_archive *archive, struct tp_error *err)
{
	struct tp_pack_list there = { NULL, 0 };
	uint32_t *segments = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(archive, "index", &segments, &count, err);

	if (!status)
		status = note_folder(archive, "pack", &there, err);
	if (!status)
		status = note_folder(archive, "cellar", &there, err);
	if (there.count)
		qsort(there.numbers, there.count, sizeof *there.numbers, compare);
	for (size_t i = 0; !status && i < count; i++)
		if (!there.count || !bsearch(&segments[i], there.numbers, there.count,
					    sizeof *there.numbers, compare))
			status = tp_fail(err, TP_DATA, "pack %08u is missing", segments[i]);
	free(segments);
	tp_pack_list_release(&there);
	return status;
}

enum tp_status tp_missing_why(struct tp_archive *archive, const char *id,
	const struct tp_place *place, struct tp_error *err)
{
	struct tp_buf time = TP_BUF_INIT(65536), actor = TP_BUF_INIT(65536);
	enum tp_status status = TP_NOTHING;
	struct tp_error why;

	if (tp_event_find_erasure(archive, id, &time, &actor))
		tp_fail(err, TP_NOTHING, "%s: was erased on %s by %s", id, tp_buf_str(&time),
			tp_buf_str(&actor));
	else if (!place->number && tp_packs_of_index_are_there(archive, &why) == TP_DATA)
		status = tp_fail(err, TP_DATA, "%s: not found, and %s", id, why.text);
	tp_buf_release(&time);
	tp_buf_release(&actor);
	return status;
}
