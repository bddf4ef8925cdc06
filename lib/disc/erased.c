/* Erasing beside discs: see erased.h. */
#include "disc/erased.h"

#include <stdlib.h>
#include <string.h>

#include "archive/chunk.h"
#include "archive/erase.h"
#include "archive/events.h"
#include "disc/contents.h"
#include "disc/ledger_file.h"

/* An id that is looked for. */
struct wanted {
	char id[TP_ID_LEN];
	bool found;
};

struct list {
	struct wanted *ids; /* sorted */
	size_t count;
};

static int compare(const void *left, const void *right)
{
	return memcmp(left, right, TP_ID_LEN);
}

static struct wanted *find(const struct list *list, const char *id)
{
	if (!list->count)
		return NULL;
	return bsearch(id, list->ids, list->count, sizeof *list->ids, compare);
}

static enum tp_status list_new(struct list *list, size_t count, struct tp_error *err)
{
	list->count = count;
	list->ids = calloc(count + 1, sizeof *list->ids);
	return list->ids ? TP_OK : tp_fail(err, TP_NOMEM, "disc: out of memory");
}

static void list_sort(struct list *list)
{
	if (list->count)
		qsort(list->ids, list->count, sizeof *list->ids, compare);
}

/* --- are they still there? -------------------------------------------------------------------- */

static enum tp_status take_rows(
	struct list *list, struct tp_chunk *chunk, const struct tp_span *span, struct tp_error *err)
{
	struct tp_rows rows;
	enum tp_status status;

	tp_chunk_turn(chunk, span->segment, span->chunk);
	status = tp_chunk_rows(chunk, &rows, err);
	for (size_t i = 0; !status && i < rows.count; i++) {
		struct wanted *wanted;
		char id[TP_ID_LEN + 1];

		tp_id_make(rows.arrival_ms[i], rows.tail[i], id);
		wanted = rows.erased[i] ? NULL : find(list, id);
		if (wanted)
			wanted->found = true;
	}
	return status;
}

/* The rows of the index tell of most; a damaged one tells nothing. */
static enum tp_status look_through(struct tp_view *view, struct list *list, struct tp_error *err)
{
	const struct tp_span *spans;
	struct tp_chunk *chunk = NULL;
	size_t count = 0;
	enum tp_status status = tp_chunk_new(&chunk, err);

	if (!status)
		status = tp_view_spans(
			view, 1u << TP_TIER_ONLINE | 1u << TP_TIER_CELLAR, &spans, &count, err);
	for (size_t i = 0; !status && i < count; i++) {
		status = take_rows(list, chunk, &spans[i], err);
		if (tp_ledger_is_damage(status))
			status = TP_OK;
	}
	tp_chunk_free(chunk);
	return status;
}

static bool was_erased(struct tp_archive *archive, const char *id)
{
	struct tp_buf time = TP_BUF_INIT(65536), actor = TP_BUF_INIT(65536);
	bool erased = tp_event_find_erasure(archive, id, &time, &actor);

	tp_buf_release(&time);
	tp_buf_release(&actor);
	return erased;
}

/* One by one. What cannot be read any more, and was not erased, is on the disc as it was. */
static enum tp_status look_up(struct tp_archive *archive, struct tp_view *view, const char *id,
	bool *erased, struct tp_error *err)
{
	struct tp_place place;
	struct tp_error why;
	enum tp_status status = tp_view_find(view, id, &place, &why);

	*erased = status == TP_NOTHING || (status == TP_DATA && was_erased(archive, id));
	if (!status || status == TP_NOTHING || tp_ledger_is_damage(status))
		return TP_OK;
	return tp_fail(err, status, "%s", why.text);
}

static enum tp_status look_up_rest(struct tp_archive *archive, struct tp_view *view,
	const struct list *list, tp_source_report *report, void *context, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	size_t erased = 0;

	for (size_t i = 0; !status && i < list->count; i++) {
		char id[TP_ID_LEN + 1] = "", sentence[128];
		bool gone = false;

		if (list->ids[i].found)
			continue;
		memcpy(id, list->ids[i].id, TP_ID_LEN);
		status = look_up(archive, view, id, &gone, err);
		if (!gone)
			continue;
		erased++;
		snprintf(sentence, sizeof sentence, "%s: was erased while the image was made", id);
		report(context, sentence);
	}
	if (!status && erased)
		status = tp_fail(err, TP_DATA,
			"the image has %zu mail%s erased meanwhile: do not burn it, make it again "
			"without",
			erased, erased == 1 ? " that was" : "s that were");
	return status;
}

enum tp_status tp_disc_confirm(struct tp_archive *archive, const struct tp_source *source,
	size_t count, tp_source_report *report, void *context, struct tp_view **view,
	struct tp_error *err)
{
	struct list list;
	enum tp_status status = list_new(&list, count, err);

	*view = NULL;
	for (size_t i = 0; !status && i < count; i++)
		memcpy(list.ids[i].id, tp_source_id(source, i), TP_ID_LEN);
	if (!status) {
		list_sort(&list);
		status = tp_erase_finish(archive, err);
	}
	if (!status)
		status = tp_view_open(archive, view, err);
	if (!status)
		status = look_through(*view, &list, err);
	if (!status)
		status = look_up_rest(archive, *view, &list, report, context, err);
	free(list.ids);
	return status;
}

/* --- which discs have them? ------------------------------------------------------------------- */

struct holding {
	struct tp_archive *archive;
	struct list list;
	tp_disc_has *each;
	void *context;
	const struct tp_disc *disc;
	struct tp_error trouble; /* the first disc of which nothing can be told */
};

static enum tp_status look_at(
	void *context, uint64_t i, const struct tp_disc_mail *mail, struct tp_error *err)
{
	struct holding *h = context;

	if (find(&h->list, mail->id))
		h->each(h->context, h->disc, mail);
	return TP_OK;
}

/* Some id came when its mails did. An id knows no time before 1970. */
static bool may_have(const struct holding *h, const struct tp_disc *disc)
{
	for (size_t i = 0; i < h->list.count; i++) {
		char id[TP_ID_LEN + 1] = "";
		int64_t when;

		memcpy(id, h->list.ids[i].id, TP_ID_LEN);
		when = tp_id_arrival(id);
		if (when <= 0 || (disc->first_ms <= when && when <= disc->last_ms))
			return true;
	}
	return false;
}

static enum tp_status look_on(void *context, const struct tp_disc *disc, struct tp_error *err)
{
	struct holding *h = context;
	struct tp_contents *contents;
	struct tp_error why;
	enum tp_status status;

	if (!may_have(h, disc))
		return TP_OK;
	h->disc = disc;
	status = tp_contents_open(h->archive, disc, &contents, &why);
	if (!status)
		status = tp_contents_walk(contents, look_at, h, &why);
	tp_contents_close(contents);
	if (!status)
		return TP_OK;
	if (status != TP_NOINPUT && !tp_ledger_is_damage(status))
		return tp_fail(err, status, "%s", why.text);
	if (!h->trouble.status)
		h->trouble = why;
	return TP_OK;
}

enum tp_status tp_disc_holding(struct tp_archive *archive, const char *const *ids, size_t count,
	tp_disc_has *each, void *context, struct tp_error *err)
{
	struct holding h = { .archive = archive, .each = each, .context = context };
	enum tp_status status = list_new(&h.list, count, err);

	for (size_t i = 0; !status && i < count; i++)
		memcpy(h.list.ids[i].id, ids[i], TP_ID_LEN);
	if (!status) {
		list_sort(&h.list);
		status = tp_disc_walk(archive, look_on, &h, err);
	}
	if (!status && h.trouble.status)
		status = tp_fail(err, TP_DATA, "%s", h.trouble.text);
	free(h.list.ids);
	return status;
}
