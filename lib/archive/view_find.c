/* Finding single messages by id and by delivery: see view.h. */
#include "archive/view_parts.h"

/* --- by id ----------------------------------------------------------------------------------- */

/* An id holds arrivals from 1970 on: earlier ones are 0 there. */
static int64_t as_in_id(int64_t arrival_ms)
{
	char id[TP_ID_LEN + 1];

	tp_id_make(arrival_ms, 0, id);
	return tp_id_arrival(id);
}

/* The first row that did not arrive before `when`. */
static size_t first_since(const struct tp_rows *rows, int64_t when)
{
	size_t low = 0, high = rows->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (as_in_id(rows->arrival_ms[middle]) < when)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* TP_NOTHING: not in this chunk. *erased: it is there, and was erased. */
static enum tp_status find_in_chunk(struct tp_view *view, struct tp_view_part *part, uint32_t chunk,
	const char *id, bool *erased, struct tp_place *place, struct tp_error *err)
{
	int64_t when = tp_id_arrival(id);
	uint32_t tail = tp_id_tail(id);
	struct tp_rows rows;
	struct tp_span span = { part->segment, chunk, (uint32_t)(part - view->parts), NULL };
	enum tp_status status;

	tp_chunk_turn(view->chunk, part->segment, chunk);
	status = tp_chunk_rows(view->chunk, &rows, err);
	if (status)
		return status;
	for (size_t i = first_since(&rows, when);
		i < rows.count && as_in_id(rows.arrival_ms[i]) == when; i++) {
		if (rows.tail[i] != tail)
			continue;
		*erased = rows.erased[i];
		tp_view_place(view, &span, rows.at[i], place);
		if (!*erased)
			return TP_OK;
	}
	return TP_NOTHING;
}

static enum tp_status find_in_segment(struct tp_view *view, struct tp_view_part *part,
	const char *id, bool *erased, struct tp_place *place, struct tp_error *err)
{
	int64_t when = tp_id_arrival(id);
	enum tp_status status = TP_NOTHING;

	for (uint32_t c = 0; status == TP_NOTHING && c < tp_segment_chunks(part->segment); c++) {
		const struct tp_chunk_range *range = tp_segment_range(part->segment, c);

		if (as_in_id(range->first_ms) <= when && when <= as_in_id(range->last_ms))
			status = find_in_chunk(view, part, c, id, erased, place, err);
	}
	return status;
}

static enum tp_status find_in_journal(struct tp_view *view, struct tp_view_part *part,
	const char *id, struct tp_place *place, struct tp_error *err)
{
	struct tp_journal_reader *journal;
	uint64_t offset;
	enum tp_status status = tp_view_journal(view, part->number, &journal, err);

	if (!status)
		status = tp_journal_find(journal, id, &offset, err);
	if (!status)
		*place = (struct tp_place){ true, part->number, offset, TP_TIER_ONLINE, 0 };
	return status == TP_DATA ? TP_NOTHING : status;
}

/* A segment that was made of a damaged pack does not know all its messages: TP_DATA when the id belongs
 * where the pack's directory cannot be read. */
static enum tp_status find_in_rest(struct tp_view *view, struct tp_view_part *part, const char *id,
	struct tp_place *place, struct tp_error *err)
{
	struct tp_pack *pack;
	size_t i = 0;
	enum tp_status status = tp_view_pack(view, part->number, &pack, err);

	if (!status)
		status = tp_pack_find(pack, id, &i, err);
	*place = (struct tp_place){ .number = part->number, .at = i, .tier = part->tier };
	return status ? status : TP_NOTHING;
}

/* A segment that turns out damaged is made again, and asked again. */
static enum tp_status find_in_part(struct tp_view *view, struct tp_view_part *part, const char *id,
	bool *erased, struct tp_place *place, struct tp_error *err)
{
	enum tp_status status;

	if (part->kind == TP_SEGMENT_JOURNAL)
		return find_in_journal(view, part, id, place, err);
	status = tp_view_part_open(view, part, err);
	if (!status)
		status = find_in_segment(view, part, id, erased, place, err);
	if (status == TP_DATA && part->kind == TP_SEGMENT_PACK) {
		status = tp_view_part_remake(view, part, err);
		if (!status)
			status = find_in_segment(view, part, id, erased, place, err);
	}
	if (status == TP_NOTHING && part->lossy && !*erased)
		return find_in_rest(view, part, id, place, err);
	return status;
}

static enum tp_status open_registers(struct tp_view *view, struct tp_error *err)
{
	uint32_t last = 0;

	if (view->registers)
		return TP_OK;
	for (size_t i = 0; i < view->count; i++)
		if (view->parts[i].kind == TP_SEGMENT_PACK && view->parts[i].number > last)
			last = view->parts[i].number;
	return tp_registers_open(view->archive, last, &view->registers, err);
}

/* False when a register says that nothing in that pack came at the id's time. */
static bool may_have_id(const struct tp_view *view, const struct tp_view_part *part, const char *id)
{
	const struct tp_register_pack *pack =
		part->kind == TP_SEGMENT_PACK ? tp_registers_pack(view->registers, part->number)
					      : NULL;
	int64_t when = tp_id_arrival(id);

	return !pack || (as_in_id(pack->first_ms) <= when && when <= as_in_id(pack->last_ms));
}

/* A mail that is on a disc may be here, too, until its pack has gone: then it is here. What is known of a
 * disc and cannot be read keeps nobody from a mail that is here. */
static enum tp_status find_on_discs(struct tp_view *view, const char *id, bool *erased,
	struct tp_place *place, struct tp_error *err)
{
	enum tp_status status = TP_NOTHING, bad = TP_NOTHING;
	struct tp_error why;

	for (size_t i = view->count; i-- > 0 && status;) {
		if (view->parts[i].kind != TP_SEGMENT_DISC)
			continue;
		status = find_in_part(view, &view->parts[i], id, erased, place, &why);
		if (status && status != TP_NOTHING && bad == TP_NOTHING)
			bad = tp_fail(err, status, "%s", why.text);
	}
	return status ? bad : TP_OK;
}

/* One by one, the newest first. What cannot be read keeps nobody from a mail that is elsewhere; *doubt is
 * where it may be otherwise, `why` says why. */
static enum tp_status find_here(struct tp_view *view, const char *id, bool journals, bool *erased,
	struct tp_place *place, struct tp_place *doubt, struct tp_error *why, struct tp_error *err)
{
	enum tp_status status = open_registers(view, err);

	if (!status)
		status = TP_NOTHING;
	for (size_t i = view->count; i-- > 0 && status == TP_NOTHING;) {
		struct tp_view_part *part = &view->parts[i];
		struct tp_error bad = { TP_OK, "" };

		if ((part->kind != TP_SEGMENT_PACK &&
			    (!journals || part->kind != TP_SEGMENT_JOURNAL)) ||
			!may_have_id(view, part, id))
			continue;
		*place = (struct tp_place){ .number = part->number, .tier = part->tier };
		status = find_in_part(view, part, id, erased, place, &bad);
		if (status == TP_DATA && part->kind == TP_SEGMENT_PACK) {
			*doubt = *place;
			*why = bad;
			status = TP_NOTHING;
		} else if (status && status != TP_NOTHING)
			tp_fail(err, status, "%s", bad.text);
	}
	return status;
}

static enum tp_status find(struct tp_view *view, const char *id, bool journals,
	struct tp_place *place, struct tp_error *err)
{
	struct tp_place doubt = { .number = 0 };
	struct tp_error why = { TP_OK, "" };
	bool erased = false;
	enum tp_status status = find_here(view, id, journals, &erased, place, &doubt, &why, err);

	if (status == TP_NOTHING && !erased) {
		struct tp_error bad;

		status = find_on_discs(view, id, &erased, place, &bad);
		if (status && status != TP_NOTHING)
			return tp_fail(err, status,
				"%s: not found, and what is known of a disc cannot be read: %s", id,
				bad.text);
	}
	if (status != TP_NOTHING)
		return status;
	if (erased)
		return tp_fail(err, TP_NOTHING, "%s: was erased", id);
	*place = doubt;
	if (why.status)
		return tp_fail(err, TP_DATA, "%s: may be in what cannot be read: %s", id, why.text);
	return tp_fail(err, TP_NOTHING, "%s: not in the archive", id);
}

enum tp_status tp_view_find(
	struct tp_view *view, const char *id, struct tp_place *place, struct tp_error *err)
{
	return find(view, id, true, place, err);
}

enum tp_status tp_view_find_on_discs(struct tp_view *view, const char *id, struct tp_place **places,
	size_t *count, struct tp_error *err)
{
	enum tp_status bad = TP_NOTHING;

	*count = 0;
	*places = calloc(view->count + 1, sizeof **places);
	if (!*places)
		return tp_fail(err, TP_NOMEM, "archive: out of memory");
	for (size_t i = 0; i < view->count; i++) {
		bool erased = false;
		struct tp_error why;
		enum tp_status status;

		if (view->parts[i].kind != TP_SEGMENT_DISC)
			continue;
		status = find_in_part(view, &view->parts[i], id, &erased, &(*places)[*count], &why);
		if (!status)
			++*count;
		else if (status != TP_NOTHING && bad == TP_NOTHING)
			bad = tp_fail(err, status, "%s", why.text);
	}
	if (*count)
		return TP_OK;
	free(*places);
	*places = NULL;
	return bad;
}

enum tp_status tp_view_find_sealed_id(
	struct tp_view *view, const char *id, struct tp_place *place, struct tp_error *err)
{
	enum tp_status status = find(view, id, false, place, err);

	return status == TP_DATA ? TP_NOTHING : status;
}

/* --- by delivery ----------------------------------------------------------------------------- */

/* The row has the same first 8 bytes of the hash; the record says whether it has the rest. */
static enum tp_status confirm(struct tp_view *view, struct tp_view_part *part,
	const struct tp_row *row, const unsigned char *delivery, char id[TP_ID_LEN + 1],
	struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_rows rows;
	struct tp_pack *pack;
	enum tp_status status;

	tp_chunk_turn(view->chunk, part->segment, row->chunk);
	status = tp_chunk_rows(view->chunk, &rows, err);
	if (!status)
		status = tp_view_pack(view, part->number, &pack, err);
	if (!status)
		status = tp_pack_record(pack, rows.at[row->row], &record, NULL, err);
	if (!status && memcmp(record.delivery, delivery, TP_SHA256_BYTES))
		status = TP_NOTHING;
	if (!status)
		memcpy(id, record.id, sizeof record.id);
	tp_record_release(&record);
	return status;
}

static enum tp_status find_delivery_in_pack(struct tp_view *view, struct tp_view_part *part,
	const unsigned char *delivery, char id[TP_ID_LEN + 1], struct tp_error *err)
{
	struct tp_row row;
	enum tp_status status = tp_view_part_open(view, part, err);

	if (!status)
		status = tp_segment_find_delivery(part->segment, delivery, &row, err);
	if (status == TP_DATA) {
		status = tp_view_part_remake(view, part, err);
		if (!status)
			status = tp_segment_find_delivery(part->segment, delivery, &row, err);
	}
	if (!status)
		status = confirm(view, part, &row, delivery, id, err);
	/* What cannot be read counts as not stored: then the mail is stored again. */
	return status == TP_DATA ? TP_NOTHING : status;
}

static bool is_among(const uint32_t *numbers, size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* Packs that a register knows are asked when it says so, the others in any case. */
enum tp_status tp_view_find_sealed(struct tp_view *view,
	const unsigned char delivery[TP_SHA256_BYTES], char id[TP_ID_LEN + 1], struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = open_registers(view, err);

	if (!status)
		status = tp_registers_find(view->registers, delivery, &numbers, &count, err);
	if (!status)
		status = TP_NOTHING;
	for (size_t i = view->count; i-- > 0 && status == TP_NOTHING;) {
		struct tp_view_part *part = &view->parts[i];

		if (part->kind == TP_SEGMENT_PACK &&
			(is_among(numbers, count, part->number) ||
				!tp_registers_pack(view->registers, part->number)))
			status = find_delivery_in_pack(view, part, delivery, id, err);
	}
	free(numbers);
	return status;
}

enum tp_status tp_view_find_delivery(struct tp_view *view,
	const unsigned char delivery[TP_SHA256_BYTES], char id[TP_ID_LEN + 1], struct tp_error *err)
{
	struct tp_journal_reader *journal;
	enum tp_status status = TP_NOTHING;
	uint64_t offset;

	for (size_t i = view->count; i-- > 0 && status == TP_NOTHING;) {
		if (view->parts[i].kind != TP_SEGMENT_JOURNAL)
			continue;
		status = tp_view_journal(view, view->parts[i].number, &journal, err);
		if (!status)
			status = tp_journal_find_delivery(journal, delivery, id, &offset, err);
		if (status == TP_DATA)
			status = TP_NOTHING;
	}
	return status == TP_NOTHING ? tp_view_find_sealed(view, delivery, id, err) : status;
}
