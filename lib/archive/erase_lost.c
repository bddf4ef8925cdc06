/*
 * Erasing what a pack's directory does not tell any more. A damaged group says of none of its
 * messages where in the stream it is, nor what it carries; they may be anywhere where no other group
 * has one. So all of them go, and all of other damaged groups of that pack; the group is written
 * anew, with their ids. These the index knows, as long as it is that of the time before the damage.
 * Where there is none, those that were asked for stand in the places of some; the rest stay nameless.
 */
#include "archive/chunk.h"
#include "archive/erase_plan.h"
#include "archive/pack.h"
#include "archive/segment.h"

/* A group that cannot be read, and its messages' ids: "" is one that is not known. */
struct lost {
	struct tp_pack_part part;
	uint32_t pack;
	char (*ids)[TP_ID_LEN + 1];
};

bool tp_erase_is_damage(enum tp_status status)
{
	return status == TP_DATA || status == TP_LIMIT || status == TP_IO;
}

/* --- their ids -------------------------------------------------------------------------------- */

static void take_rows(struct lost *lost, const struct tp_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->at[i] >= lost->part.first &&
			rows->at[i] - lost->part.first < lost->part.count)
			tp_id_make(rows->arrival_ms[i], rows->tail[i],
				lost->ids[rows->at[i] - lost->part.first]);
}

static void ask_index(struct tp_archive *archive, struct lost *lost)
{
	struct tp_segment *segment = NULL;
	struct tp_chunk *chunk = NULL;
	struct tp_rows rows;

	if (!tp_segment_open(archive, lost->pack, &segment, NULL) && !tp_chunk_new(&chunk, NULL))
		for (size_t i = 0; i < tp_segment_chunks(segment); i++) {
			tp_chunk_turn(chunk, segment, i);
			if (!tp_chunk_rows(chunk, &rows, NULL))
				take_rows(lost, &rows);
		}
	tp_chunk_free(chunk);
	tp_segment_close(segment);
}

/* Ids are in ascending order; one that breaks it is not that of this place. */
static void check_order(struct lost *lost)
{
	const char *before = lost->part.id;

	memcpy(lost->ids[0], lost->part.id, sizeof lost->ids[0]);
	for (uint32_t i = 1; i < lost->part.count; i++) {
		if (lost->ids[i][0] && strcmp(lost->ids[i], before) < 0)
			lost->ids[i][0] = 0;
		if (lost->ids[i][0])
			before = lost->ids[i];
	}
}

/* A place for one that was asked for: the first that is not known, if order allows. */
static void place_asked(struct lost *lost, const char *id)
{
	for (uint32_t i = 0; i < lost->part.count; i++) {
		int order = lost->ids[i][0] ? strcmp(lost->ids[i], id) : 1;

		if (!order)
			return;
		if (!lost->ids[i][0]) {
			memcpy(lost->ids[i], id, sizeof lost->ids[i]);
			return;
		}
		if (order > 0)
			return;
	}
}

static int compare_ids(const void *left, const void *right)
{
	return strcmp(left, right);
}

/* --- the items -------------------------------------------------------------------------------- */

/* The nameless have the id before them, so that order holds, and no event. */
static enum tp_status add_items(struct tp_erase_plan *plan, struct lost *lost, struct tp_error *err)
{
	const char *id = lost->part.id;
	enum tp_status status = TP_OK;

	for (uint32_t i = 0; !status && i < lost->part.count; i++) {
		struct tp_erase_item *item;
		bool known = lost->ids[i][0];

		id = known ? lost->ids[i] : id;
		status = tp_erase_plan_add_item(
			plan, id, false, lost->pack, lost->part.first + i, &item, err);
		if (status)
			break;
		item->lost = true;
		item->recorded = !known;
	}
	plan->collect = true;
	return status;
}

static enum tp_status add_part(struct tp_erase_plan *plan, uint32_t pack,
	const struct tp_pack_part *part, const char (*asked)[TP_ID_LEN + 1], size_t count,
	struct tp_error *err)
{
	struct lost lost = { .part = *part, .pack = pack };
	enum tp_status status;

	lost.ids = calloc(part->count, sizeof *lost.ids);
	if (!lost.ids)
		return tp_fail(err, TP_NOMEM, "out of memory");
	ask_index(plan->archive, &lost);
	check_order(&lost);
	for (size_t i = 0; i < count; i++)
		place_asked(&lost, asked[i]);
	status = add_items(plan, &lost, err);
	free(lost.ids);
	return status;
}

/* The messages of `asked` that belong to this part by their ids: they are sorted. */
static void choose(const char (*asked)[TP_ID_LEN + 1], size_t count,
	const struct tp_pack_part *part, size_t *begin, size_t *end)
{
	*begin = 0;
	while (*begin < count && strcmp(asked[*begin], part->id) < 0)
		(*begin)++;
	*end = *begin;
	while (*end < count && (!part->next_id[0] || strcmp(asked[*end], part->next_id) < 0))
		(*end)++;
}

enum tp_status tp_erase_plan_add_lost(struct tp_erase_plan *plan, uint32_t number,
	char (*asked)[TP_ID_LEN + 1], size_t count, struct tp_error *err)
{
	struct tp_pack *pack;
	enum tp_status status = tp_pack_open(plan->archive, number, &pack, err);

	if (count)
		qsort(asked, count, sizeof *asked, compare_ids);
	for (size_t i = 0; !status && i < tp_pack_parts(pack); i++) {
		struct tp_pack_part part;
		size_t begin, end;
		enum tp_status read = tp_pack_part(pack, i, &part, err);

		if (!tp_erase_is_damage(read)) {
			status = read;
			continue;
		}
		choose((const char(*)[TP_ID_LEN + 1]) asked, count, &part, &begin, &end);
		status = add_part(plan, number, &part, (const char(*)[TP_ID_LEN + 1]) asked + begin,
			end - begin, err);
	}
	tp_pack_close(pack);
	return status;
}
