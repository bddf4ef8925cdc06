/*
 * Where the mails of a list of ids are: see source.h. A list for a disc is long: the rows of the index
 * are passed through once, and each is looked for in the list. Ids that are not met there, and short
 * lists, are looked up one by one, which also tells why one is missing.
 */
#include "archive/chunk.h"
#include "disc/ledger_file.h"
#include "disc/source_parts.h"

#define LONG_LIST 64

/* --- from the rows of the index --------------------------------------------------------------- */

static int compare_id(const void *key, const void *mail)
{
	return memcmp(key, ((const struct tp_source_mail *)mail)->id, TP_ID_LEN);
}

static void take_place(
	struct tp_source_mail *mail, const struct tp_place *place, uint64_t size_bytes)
{
	if (place->tier == TP_TIER_DISC || size_bytes > TP_SOURCE_MAIL_MAX)
		return; /* told when it is looked up by itself */
	mail->at = place->at;
	mail->number = place->number;
	mail->size_bytes = (uint32_t)size_bytes;
	mail->in_journal = place->in_journal;
	mail->found = true;
}

static enum tp_status match_chunk(struct tp_source *source, struct tp_chunk *chunk,
	const struct tp_span *span, struct tp_error *err)
{
	struct tp_rows rows;
	enum tp_status status;

	tp_chunk_turn(chunk, span->segment, span->chunk);
	status = tp_chunk_rows(chunk, &rows, err);
	for (size_t i = 0; !status && i < rows.count; i++) {
		struct tp_source_mail *mail;
		struct tp_place place;
		char id[TP_ID_LEN + 1];

		if (rows.erased[i])
			continue;
		tp_id_make(rows.arrival_ms[i], rows.tail[i], id);
		mail = bsearch(id, source->mails, source->count, sizeof *mail, compare_id);
		if (!mail)
			continue;
		tp_view_place(source->view, span, rows.at[i], &place);
		take_place(mail, &place, rows.size_bytes[i]);
	}
	return status;
}

static int64_t arrival_of(const struct tp_source_mail *mail)
{
	char id[TP_ID_LEN + 1];

	snprintf(id, sizeof id, "%.*s", TP_ID_LEN, mail->id);
	return tp_id_arrival(id);
}

/* A damaged segment gives nothing here: it is mended when its mails are looked up one by one. */
static enum tp_status match_rows(struct tp_source *source, struct tp_error *err)
{
	int64_t first = arrival_of(&source->mails[0]);
	int64_t last = arrival_of(&source->mails[source->count - 1]);
	const struct tp_span *spans;
	struct tp_chunk *chunk = NULL;
	size_t count = 0;
	enum tp_status status = tp_source_view(source, err);

	if (!status)
		status = tp_view_spans(source->view, 1u << TP_TIER_ONLINE | 1u << TP_TIER_CELLAR,
			&spans, &count, err);
	if (!status)
		status = tp_chunk_new(&chunk, err);
	for (size_t i = 0; !status && i < count; i++) {
		const struct tp_chunk_range *range =
			tp_segment_range(spans[i].segment, spans[i].chunk);

		/* Of arrivals before 1970 an id has only the nearest. */
		if (range->first_ms > last || (range->last_ms < first && first > 0))
			continue;
		status = match_chunk(source, chunk, &spans[i], err);
		if (status == TP_DATA)
			status = TP_OK;
	}
	tp_chunk_free(chunk);
	return status;
}

/* --- one by one ------------------------------------------------------------------------------- */

static enum tp_status refuse_on_disc(
	struct tp_source *source, const char *id, uint32_t number, struct tp_error *err)
{
	struct tp_disc disc;
	enum tp_status status = tp_ledger_read(source->archive, number, &disc, err);

	return status == TP_OK
		       ? tp_fail(err, TP_DATA, "%s: it is on disc %s already", id, disc.serial)
		       : tp_fail(err, TP_DATA, "%s: it is on disc number %u already", id, number);
}

static enum tp_status look_up(
	struct tp_source *source, struct tp_source_mail *mail, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	char id[TP_ID_LEN + 1];
	struct tp_place place;
	enum tp_status status = tp_source_view(source, err);

	snprintf(id, sizeof id, "%.*s", TP_ID_LEN, mail->id);
	if (!status)
		status = tp_view_find(source->view, id, &place, err);
	if (!status && place.tier == TP_TIER_DISC)
		status = refuse_on_disc(source, id, place.disc, err);
	if (!status)
		status = tp_view_record(source->view, &place, &record, NULL, err);
	if (!status && record.size_bytes > TP_SOURCE_MAIL_MAX)
		status = tp_fail(err, TP_DATA,
			"%s: larger than 2 GiB, which not every system reads from a disc", id);
	if (!status)
		take_place(mail, &place, record.size_bytes);
	tp_record_release(&record);
	return status;
}

static enum tp_status look_up_rest(struct tp_source *source, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	struct tp_error why;

	for (size_t i = 0; !status && i < source->count; i++) {
		if (source->mails[i].found)
			continue;
		status = look_up(source, &source->mails[i], &why);
		if (status == TP_NOTHING || status == TP_DATA) {
			tp_source_bad(source, why.text);
			status = TP_OK;
		}
	}
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

/* --- what is known ---------------------------------------------------------------------------- */

static enum tp_status describe(struct tp_source *source, struct tp_source_mail *mail,
	struct tp_record *record, struct tp_error *err)
{
	struct tp_place place = { mail->in_journal, mail->number, mail->at, TP_TIER_ONLINE, 0 };
	uint32_t shelf = 0;
	enum tp_status status = tp_source_view(source, err);

	if (!status && mail->in_journal)
		status = tp_source_follow(source, mail, &place, err);
	if (!status)
		status = tp_view_record(source->view, &place, record, NULL, err);
	if (!status)
		status = tp_view_shelf(source->view, &place, &shelf, err);
	if (!status && record->size_bytes != mail->size_bytes)
		status = tp_fail(err, TP_DATA, "%s: the index has another size of it", record->id);
	if (!status)
		status = tp_source_keep(source, record, "", 0, &mail->facts, err);
	mail->shelf = shelf & TP_SOURCE_SHELF_MAX;
	return status;
}

/* In the order of places, in which each pack is opened once and read from begin to end. */
static enum tp_status describe_all(struct tp_source *source, struct tp_error *err)
{
	uint32_t *order = calloc(source->count ? source->count : 1, sizeof *order);
	struct tp_record record = TP_RECORD_INIT;
	struct tp_error why;
	enum tp_status status = order ? TP_OK : tp_fail(&why, TP_NOMEM, "mails: out of memory");

	if (!status)
		status = tp_source_order(source, source->count, order, &why);
	for (size_t i = 0; !status && i < source->count; i++) {
		status = describe(source, &source->mails[order[i]], &record, &why);
		if (status == TP_NOTHING || status == TP_DATA) {
			tp_source_bad(source, why.text);
			status = TP_OK;
		}
	}
	tp_record_release(&record);
	free(order);
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

enum tp_status tp_source_locate(struct tp_source *source, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (source->count >= LONG_LIST)
		status = match_rows(source, err);
	if (!status)
		status = look_up_rest(source, err);
	if (!status && !source->bad)
		status = describe_all(source, err);
	return status;
}
