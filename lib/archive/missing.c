/* Which pack is missing: see missing.h. The chain is read first, then the folders in the way that packs
 * move, then the log, whose events precede what they tell of. */
#include "archive/missing.h"

#include "archive/chain.h"
#include "archive/events.h"
#include "archive/rotate_state.h"

static enum tp_status note_left(void *context, const char *line, size_t len, struct tp_error *err)
{
	struct tp_pack_list *there = context;
	uint32_t number;

	return tp_event_is_leaving(line, len, &number) ? tp_pack_list_add(there, number, err)
						       : TP_OK;
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
		status = tp_events_walk(archive, note_left, &there, err);
	if (!status && first_gap(&there) <= chain.number)
		status = tp_fail(err, TP_DATA, "pack %08u is missing", first_gap(&there));
	tp_pack_list_release(&there);
	return status;
}
