/* One look at an archive: see view.h. */
#include "archive/view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "archive/spent.h"
#include "archive/view_parts.h"
#include "base/array.h"

/* A sealer that was killed leaves spent journals behind, named by the packs that it had made: those
 * are the newest. How many packs are asked. */
#define SEALED_TOGETHER 2

static enum tp_status add_part(struct tp_view *view, enum tp_segment_kind kind, enum tp_tier tier,
	uint32_t number, struct tp_error *err)
{
	struct tp_view_part *parts =
		tp_array_room(view->parts, view->count, &view->cap, 64, sizeof *parts);

	if (!parts)
		return tp_fail(err, TP_NOMEM, "archive: out of memory");
	view->parts = parts;
	view->parts[view->count++] =
		(struct tp_view_part){ .kind = kind, .tier = tier, .number = number };
	return TP_OK;
}

static enum tp_status add_folder(struct tp_view *view, const char *folder,
	enum tp_segment_kind kind, enum tp_tier tier, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(view->archive, folder, &numbers, &count, err);

	for (size_t i = 0; !status && i < count; i++)
		status = add_part(view, kind, tier, numbers[i], err);
	free(numbers);
	return status;
}

static int compare_parts(const void *a, const void *b)
{
	const struct tp_view_part *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* A pack that is in both folders was on its way when the power went: it counts once, in the cellar. */
static void drop_doubles(struct tp_view *view)
{
	size_t kept = 0;

	for (size_t i = 0; i < view->count; i++) {
		if (kept && view->parts[kept - 1].number == view->parts[i].number)
			view->parts[kept - 1].tier = TP_TIER_CELLAR;
		else
			view->parts[kept++] = view->parts[i];
	}
	view->count = kept;
}

/* Whether the messages of a journal that the pack lists are in it. */
static enum tp_status is_in(
	struct tp_view *view, uint32_t number, struct tp_pack *pack, bool *is, struct tp_error *err)
{
	struct tp_journal_reader *journal;
	enum tp_status status = tp_view_journal(view, number, &journal, err);

	*is = !status && tp_spent_seems(journal, pack);
	return status == TP_DATA || status == TP_IO ? TP_OK : status;
}

/* A pack that cannot be read says nothing; what it held may still be in its journals. */
static enum tp_status mark_spent(struct tp_view *view, uint32_t pack_number,
	const uint32_t *numbers, size_t count, bool *spent, struct tp_error *err)
{
	struct tp_pack *pack;
	enum tp_status status = tp_view_pack(view, pack_number, &pack, err);

	for (size_t i = 0; !status && i < count; i++)
		if (!spent[i] && tp_spent_is_listed(pack, numbers[i]))
			status = is_in(view, numbers[i], pack, &spent[i], err);
	return status == TP_DATA ? TP_OK : status;
}

/* Journals whose messages are in a pack already are left out. */
static enum tp_status add_journals(struct tp_view *view, size_t packs, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(view->archive, "journal", &numbers, &count, err);
	bool *spent = status ? NULL : calloc(count + 1, sizeof *spent);

	if (!status && !spent)
		status = tp_fail(err, TP_NOMEM, "archive: out of memory");
	for (size_t i = 0; !status && count && i < packs && i < SEALED_TOGETHER; i++)
		status = mark_spent(
			view, view->parts[packs - 1 - i].number, numbers, count, spent, err);
	for (size_t i = 0; !status && i < count; i++)
		if (!spent[i])
			status =
				add_part(view, TP_SEGMENT_JOURNAL, TP_TIER_ONLINE, numbers[i], err);
	free(numbers);
	free(spent);
	return status;
}

/* disc/ is made when the first disc is confirmed. */
static enum tp_status add_discs(struct tp_view *view, struct tp_error *err)
{
	size_t first = view->count;
	int fd = openat(view->archive->dir, "disc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	enum tp_status status = TP_OK;
	struct dirent *entry;
	char *end;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT ? TP_OK : tp_fail_errno(err, TP_IO, "disc");
	}
	while (!status && (entry = readdir(stream))) {
		unsigned long number = strtoul(entry->d_name, &end, 10);

		if (end == entry->d_name + 8 && !strcmp(end, ".tpx"))
			status = add_part(
				view, TP_SEGMENT_DISC, TP_TIER_DISC, (uint32_t)number, err);
	}
	closedir(stream);
	if (view->count > first)
		qsort(view->parts + first, view->count - first, sizeof *view->parts, compare_parts);
	return status;
}

static enum tp_status add_parts(struct tp_view *view, struct tp_error *err)
{
	enum tp_status status = add_folder(view, "pack", TP_SEGMENT_PACK, TP_TIER_ONLINE, err);
	size_t packs;

	if (!status)
		status = add_folder(view, "cellar", TP_SEGMENT_PACK, TP_TIER_CELLAR, err);
	if (status)
		return status;
	if (view->count)
		qsort(view->parts, view->count, sizeof *view->parts, compare_parts);
	drop_doubles(view);
	packs = view->count;
	status = add_discs(view, err);
	return status ? status : add_journals(view, packs, err);
}

/* Everything anew; under the lock. */
static enum tp_status look(struct tp_view *view, struct tp_error *err)
{
	view->stamp = tp_archive_stamp(view->archive);
	return add_parts(view, err);
}

static void forget(struct tp_view *view)
{
	if (view->chunk)
		tp_chunk_turn(view->chunk, NULL, 0);
	for (size_t i = 0; i < view->count; i++)
		tp_view_part_close(&view->parts[i]);
	tp_pack_close(view->pack);
	tp_journal_close(view->journal);
	tp_registers_close(view->registers);
	view->registers = NULL;
	view->pack = NULL;
	view->journal = NULL;
	view->count = view->span_count = 0;
	view->doubles_known = false;
}

static enum tp_status lock(struct tp_view *view, struct tp_error *err)
{
	enum tp_status status = tp_archive_lock(view->archive, TP_HOLD_READ, err);

	view->locked = !status;
	return status;
}

enum tp_status tp_view_open(struct tp_archive *archive, struct tp_view **view, struct tp_error *err)
{
	struct tp_view *v;
	enum tp_status status = tp_archive_need_key(archive, err);

	*view = NULL;
	if (status)
		return status;
	v = calloc(1, sizeof *v);
	if (!v)
		return tp_fail(err, TP_NOMEM, "archive: out of memory");
	v->archive = archive;
	status = tp_chunk_new(&v->chunk, err);
	if (!status)
		status = lock(v, err);
	if (!status)
		status = look(v, err);
	if (status)
		tp_view_close(v);
	else
		*view = v;
	return status;
}

void tp_view_pause(struct tp_view *view)
{
	if (view->locked)
		tp_archive_unlock(view->archive);
	view->locked = false;
}

enum tp_status tp_view_resume(struct tp_view *view, bool *renewed, struct tp_error *err)
{
	enum tp_status status = view->locked ? TP_OK : lock(view, err);
	bool changed = !status && tp_archive_stamp(view->archive) != view->stamp;

	if (renewed)
		*renewed = changed;
	if (!changed)
		return status;
	forget(view);
	return look(view, err);
}

enum tp_status tp_view_yield(struct tp_view *view, bool *renewed, struct tp_error *err)
{
	if (renewed)
		*renewed = false;
	if (!tp_archive_is_wanted(view->archive))
		return TP_OK;
	tp_view_pause(view);
	return tp_view_resume(view, renewed, err);
}

void tp_view_close(struct tp_view *view)
{
	if (!view)
		return;
	forget(view);
	tp_chunk_free(view->chunk);
	free(view->parts);
	free(view->spans);
	free(view->shunned);
	tp_view_pause(view);
	free(view);
}

/* --- spans ----------------------------------------------------------------------------------- */

static enum tp_status add_spans(
	struct tp_view *view, struct tp_segment *segment, uint32_t part, struct tp_error *err)
{
	size_t chunks = segment ? tp_segment_chunks(segment) : 0;
	size_t cap = view->span_cap ? view->span_cap * 2 : 256;
	struct tp_span *grown;

	while (cap < view->span_count + chunks)
		cap *= 2;
	if (view->span_count + chunks > view->span_cap) {
		grown = reallocarray(view->spans, cap, sizeof *grown);
		if (!grown)
			return tp_fail(err, TP_NOMEM, "archive: out of memory");
		view->spans = grown;
		view->span_cap = cap;
	}
	for (uint32_t i = 0; i < chunks; i++)
		view->spans[view->span_count++] = (struct tp_span){ segment, i, part,
			view->parts[part].hidden ? view->parts[part].hidden[i] : NULL };
	return TP_OK;
}

/* True for what is wrong with a file, or with its disk. */
static bool is_damage(enum tp_status status)
{
	return status == TP_DATA || status == TP_NOINPUT || status == TP_IO;
}

static enum tp_status open_or_leave_out(
	struct tp_view *view, struct tp_view_part *part, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = tp_view_part_open(view, part, &why);

	if (part->kind == TP_SEGMENT_DISC && is_damage(status)) {
		tp_view_part_leave_out(view, part, &why);
		return TP_OK;
	}
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

static enum tp_status list_spans(struct tp_view *view, unsigned tiers, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	view->span_count = 0;
	for (uint32_t i = 0; !status && i < view->count; i++) {
		struct tp_view_part *part = &view->parts[i];

		if (!(tiers & 1u << part->tier) || part->left_out)
			continue;
		status = open_or_leave_out(view, part, err);
		if (!status)
			status = add_spans(view, part->segment, i, err);
		if (!status)
			status = add_spans(view, part->rest, i, err);
	}
	return status;
}

/* Once for these parts; a disc that turns out damaged is left out. */
static enum tp_status know_doubles(struct tp_view *view, struct tp_error *err)
{
	const struct tp_span *damaged;
	struct tp_error why;
	enum tp_status status = TP_OK;

	while (!status && !view->doubles_known) {
		status = list_spans(view, 1u << TP_TIER_DISC, err);
		if (status)
			break;
		status = tp_view_hide_doubles(view, &damaged, &why);
		view->doubles_known = status == TP_OK;
		if (status && damaged && is_damage(status)) {
			tp_view_part_leave_out(view, &view->parts[damaged->part], &why);
			status = TP_OK;
		} else if (status)
			tp_fail(err, status, "%s", why.text);
	}
	return status;
}

enum tp_status tp_view_spans(struct tp_view *view, unsigned tiers, const struct tp_span **spans,
	size_t *count, struct tp_error *err)
{
	enum tp_status status = tiers & 1u << TP_TIER_DISC ? know_doubles(view, err) : TP_OK;

	if (!status)
		status = list_spans(view, tiers, err);
	*spans = view->spans;
	*count = view->span_count;
	return status;
}

void tp_view_place(
	const struct tp_view *view, const struct tp_span *span, uint64_t at, struct tp_place *place)
{
	const struct tp_view_part *part = &view->parts[span->part];

	*place = (struct tp_place){ .in_journal = part->kind == TP_SEGMENT_JOURNAL,
		.number = part->number,
		.at = at,
		.tier = part->tier,
		.disc = part->kind == TP_SEGMENT_DISC ? part->number : 0 };
}

static void forget_doubles(struct tp_view *view)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->parts[i].kind == TP_SEGMENT_DISC)
			tp_view_part_close(&view->parts[i]);
	view->doubles_known = false;
}

void tp_view_leave_out(struct tp_view *view, const struct tp_span *span, const struct tp_error *why)
{
	view->span_count = 0;
	tp_view_part_leave_out(view, &view->parts[span->part], why);
	/* What was hidden behind its rows is not any more. */
	forget_doubles(view);
}

enum tp_status tp_view_trouble(const struct tp_view *view, uint32_t *disc, struct tp_error *err)
{
	if (!view->trouble.status)
		return TP_OK;
	*disc = view->trouble_disc;
	return tp_fail(err, TP_DATA, "%s", view->trouble.text);
}

enum tp_status tp_view_mend(struct tp_view *view, const struct tp_span *span, struct tp_error *err)
{
	uint32_t part = span->part;

	tp_chunk_free(view->chunk);
	view->chunk = NULL;
	view->span_count = 0;
	if (tp_chunk_new(&view->chunk, err))
		return err ? err->status : TP_NOMEM;
	return tp_view_part_remake(view, &view->parts[part], err);
}
