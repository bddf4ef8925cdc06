/* Which journals a sealer takes, and what is in them: see seal_parts.h. */
#include "archive/seal_parts.h"

#include <sys/stat.h>

#include "archive/journal_form.h"
#include "base/array.h"

/* --- which journals --------------------------------------------------------------------------- */

static void note_damage(struct tp_sealing *s, uint32_t journal, const struct tp_error *why)
{
	if (s->damage.status)
		return;
	if (s->salvage)
		tp_fail(&s->damage, TP_DATA,
			"journal %08u stays as it is, and wants a copy in its place: %s", journal,
			why->text);
	else
		tp_fail(&s->damage, TP_DATA,
			"journal %08u is left unsealed (archive-check --rebuild sets aside what is "
			"damaged): %s",
			journal, why->text);
}

static enum tp_status look_at_journal(
	struct tp_sealing *s, uint32_t number, bool all, struct tp_error *err)
{
	struct tp_seal_due *due = &s->dues[s->due_count];
	char name[TP_ARCHIVE_NAME];
	struct tp_error why;
	enum tp_status status;
	struct stat st;

	tp_archive_name("journal", number, name);
	if (fstatat(s->archive->dir, name, &st, 0) || st.st_size <= TP_JOURNAL_OPENING)
		return TP_OK;
	due->bytes = (uint64_t)st.st_size;
	if (s->salvage) {
		status = tp_salvage_needs(s->archive, number, &why);
		if (status == TP_NOTHING || status == TP_NOINPUT)
			return TP_OK;
		if (status == TP_IO || status == TP_DATA) {
			note_damage(s, number, &why);
			return TP_OK;
		}
		if (status)
			return tp_fail(err, status, "%s", why.text);
	} else if (!all && due->bytes < s->archive->settings.journal_bytes &&
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

enum tp_status tp_seal_find_due(struct tp_sealing *s, bool all, struct tp_error *err)
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

static enum tp_status add_item(struct tp_sealing *s, uint32_t due, const struct tp_record *record,
	uint64_t offset, struct tp_error *err)
{
	struct tp_seal_item *item,
		*items = tp_array_room(s->items, s->count, &s->cap, 1024, sizeof *items);

	if (!items)
		return tp_fail(err, TP_NOMEM, "out of memory");
	s->items = items;
	item = &s->items[s->count++];
	memcpy(item->id, record->id, sizeof item->id);
	memcpy(item->delivery, record->delivery, sizeof item->delivery);
	item->due = due;
	item->offset = offset;
	return TP_OK;
}

enum tp_status tp_seal_leave(struct tp_sealing *s, uint32_t index, const struct tp_error *why)
{
	size_t kept = 0;

	s->dues[index].bad = true;
	note_damage(s, s->dues[index].number, why);
	for (size_t i = 0; i < s->count; i++)
		if (s->items[i].due != index)
			s->items[kept++] = s->items[i];
	s->count = kept;
	return TP_DATA;
}

/* Passes what is wrong at [offset, where the reader is now) on to who sets it aside. */
static enum tp_status keep_damage(struct tp_sealing *s, const struct tp_seal_due *due,
	uint64_t offset, const struct tp_error *why, struct tp_error *err)
{
	struct tp_damage damage = {
		.journal = due->number,
		.offset = offset,
		.bytes = tp_journal_tell(due->reader) - offset,
		.why = why->text,
	};

	return tp_salvage_keep(s->archive, s->salvage, &damage, err);
}

static enum tp_status list_journal(struct tp_sealing *s, uint32_t index, struct tp_error *err)
{
	struct tp_seal_due *due = &s->dues[index];
	struct tp_record record = TP_RECORD_INIT;
	struct tp_error why = { 0 };
	uint64_t offset, torn;
	enum tp_status status = tp_journal_open(s->archive, due->number, &due->reader, &why);

	while (!status) {
		status = tp_journal_next(due->reader, &record, &offset, &torn, &why);
		if (!status && s->salvage)
			status = tp_salvage_look(due->reader, offset, &why);
		if (!status)
			status = add_item(s, index, &record, offset, &why);
		tp_record_release(&record);
		if (status == TP_DATA && s->salvage) {
			status = keep_damage(s, due, offset, &why, err);
			if (status)
				return status;
		}
	}
	if (status == TP_NOTHING)
		return TP_OK;
	/* One that cannot even be opened is a failure of the moment. */
	if (status != TP_DATA && !(status == TP_IO && due->reader))
		return tp_fail(err, status, "%s", why.text);
	tp_seal_leave(s, index, &why);
	return TP_OK;
}

static int compare(const void *left, const void *right)
{
	const struct tp_seal_item *a = left, *b = right;
	int order = memcmp(a->id, b->id, TP_ID_LEN);

	if (!order)
		order = memcmp(a->delivery, b->delivery, sizeof a->delivery);
	if (!order)
		order = (a->due > b->due) - (a->due < b->due);
	return order ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

/* In order of ids, each once. */
static void sort_items(struct tp_sealing *s)
{
	size_t kept = 0;

	if (s->count)
		qsort(s->items, s->count, sizeof *s->items, compare);
	for (size_t i = 0; i < s->count; i++) {
		const struct tp_seal_item *before = kept ? &s->items[kept - 1] : NULL;

		if (before && !memcmp(before->id, s->items[i].id, TP_ID_LEN) &&
			!memcmp(before->delivery, s->items[i].delivery, sizeof before->delivery))
			continue;
		s->items[kept++] = s->items[i];
	}
	s->count = kept;
}

enum tp_status tp_seal_list(struct tp_sealing *s, struct tp_error *err)
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
