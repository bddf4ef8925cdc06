/*
 * Erasing: see erase.h. The steps:
 *
 * 1. seal.lock, so that packs stay as they are; tidy.h and the leftovers of an earlier erasure.
 * 2. Where the messages are, which blobs they use, and who else uses those.
 * 3. Events, then the file `erasing`: from here on it will be finished by somebody.
 * 4. Pack by pack, and all journals as one: erase_unit.c.
 * 5. Where it was not known what the messages used, blobs that nobody uses are looked for.
 * 6. `erasing` goes.
 */
#include "archive/erase.h"

#include <unistd.h>

#include "archive/erase_plan.h"
#include "archive/events.h"
#include "archive/missing.h"
#include "archive/orphans.h"
#include "archive/seal.h"
#include "archive/tidy.h"

/* --- finding ---------------------------------------------------------------------------------- */

static void note(struct tp_error *missing, enum tp_status status, const char *sentence)
{
	if (!missing->status)
		tp_fail(missing, status, "%s", sentence);
}

/* What is asked for, and how that goes. */
struct wish {
	const char *const *ids;
	size_t count;
	bool damaged;
	struct lost {
		uint32_t pack;
		char id[TP_ID_LEN + 1];
	} * lost; /* of `ids`, those whose packs do not tell where they are */
	size_t lost_count;
	size_t found;
	struct tp_error missing; /* the first that could not be erased */
};

/* One that only goes with others. */
static enum tp_status note_lost(struct wish *wish, const char *id, const struct tp_place *place,
	const char *why, struct tp_error *err)
{
	struct lost *lost;

	if (place->in_journal || !place->number || !wish->damaged) {
		if (place->number)
			tp_fail(err, TP_DATA, "%s cannot be told from other mail: %s", id, why);
		else
			tp_fail(err, TP_DATA, "%s", why);
		note(&wish->missing, TP_DATA, err->text);
		return TP_OK;
	}
	if (!wish->lost)
		wish->lost = calloc(wish->count, sizeof *wish->lost);
	if (!wish->lost)
		return tp_fail(err, TP_NOMEM, "out of memory");
	lost = &wish->lost[wish->lost_count++];
	lost->pack = place->number;
	memcpy(lost->id, id, sizeof lost->id);
	return TP_OK;
}

static enum tp_status find_one(struct tp_erase_plan *plan, struct tp_view *view, struct wish *wish,
	const char *id, struct tp_error *err)
{
	struct tp_place place;
	struct tp_error why = { 0 };
	enum tp_status status = tp_view_find(view, id, &place, &why);

	if (!status && place.tier == TP_TIER_DISC)
		status = tp_fail(&why, TP_NOTHING, "%s is on disc %u, where nothing can be erased",
			id, place.disc);
	else if (status == TP_NOTHING)
		status = tp_missing_why(plan->archive, id, &place, &why);
	if (status == TP_NOTHING) {
		note(&wish->missing, TP_NOTHING, why.text[0] ? why.text : "no such message");
		return TP_OK;
	}
	if (!status)
		status = tp_erase_plan_add(plan, view, id, &place, &why);
	/* What cannot be read of one does not keep the others. */
	if (status == TP_DATA || (wish->damaged && tp_erase_is_damage(status)))
		return note_lost(wish, id, &place, why.text, err);
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

static int compare_lost(const void *left, const void *right)
{
	const struct lost *a = left, *b = right;

	return (a->pack > b->pack) - (a->pack < b->pack);
}

/* Pack by pack, all that is lost there. */
static enum tp_status add_lost(struct tp_erase_plan *plan, struct wish *wish, struct tp_error *err)
{
	char(*asked)[TP_ID_LEN + 1] = calloc(wish->lost_count + 1, sizeof *asked);
	enum tp_status status = TP_OK;

	if (!asked)
		return tp_fail(err, TP_NOMEM, "out of memory");
	if (wish->lost_count)
		qsort(wish->lost, wish->lost_count, sizeof *wish->lost, compare_lost);
	for (size_t i = 0; !status && i < wish->lost_count;) {
		uint32_t pack = wish->lost[i].pack;
		size_t n = 0, before = plan->count;
		struct tp_error why;

		for (; i < wish->lost_count && wish->lost[i].pack == pack; i++)
			memcpy(asked[n++], wish->lost[i].id, sizeof *asked);
		status = tp_erase_plan_add_lost(plan, pack, asked, n, &why);
		if (!status && plan->count == before)
			status = tp_fail(&why, TP_DATA,
				"pack %08u could not be read, and now it can: try again", pack);
		/* More than its directory is damaged: nothing can be taken out of it. */
		if (tp_erase_is_damage(status)) {
			note(&wish->missing, TP_DATA, why.text);
			status = TP_OK;
		} else if (status)
			tp_fail(err, status, "%s", why.text);
	}
	free(asked);
	return status;
}

/* Where a part of the archive cannot be read, or is not there, it may use any blob: then the messages go
 * and their blobs stay, until somebody has mended or removed or brought back that part and the rotation
 * collects what nobody uses. */
static enum tp_status count_users(struct tp_erase_plan *plan, struct tp_view *view,
	struct tp_error *missing, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status;

	/* What is not known of the messages is not known of their blobs: what nobody uses is looked for when
	 * they are gone. */
	plan->keep_blobs = plan->collect;
	if (plan->collect)
		return TP_OK;
	status = tp_erase_count_packs(plan, view, &why);
	plan->keep_blobs = status == TP_DATA;
	if (plan->keep_blobs)
		note(missing, TP_DATA, why.text);
	return !status || plan->keep_blobs ? TP_OK : tp_fail(err, status, "%s", why.text);
}

/* Everything that is to go, and who uses its blobs. The places stay true behind the shared lock, for
 * seal.lock is ours; records move in no other way. */
static enum tp_status make_plan(struct tp_erase_plan *plan, struct wish *wish, struct tp_error *err)
{
	struct tp_view *view;
	enum tp_status status = tp_view_open(plan->archive, &view, err);
	size_t before;

	if (!status)
		status = tp_erase_plan_load(plan, view, err);
	before = plan->count;
	for (size_t i = 0; !status && i < wish->count; i++)
		status = find_one(plan, view, wish, wish->ids[i], err);
	if (!status)
		status = add_lost(plan, wish, err);
	wish->found = plan->count - before;
	if (!status)
		status = tp_erase_plan_settle(plan, err);
	if (wish->found > plan->count)
		wish->found = plan->count; /* an id was given twice */
	if (!status)
		status = count_users(plan, view, &wish->missing, err);
	tp_view_close(view);
	return status;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* A pack's message that is erased already was finished by tidy.h: it is only forgotten. */
static void drop_finished(struct tp_erase_plan *plan)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->count; i++) {
		if (plan->items[i].done && !plan->items[i].in_journal)
			free(plan->items[i].blobs);
		else
			plan->items[kept++] = plan->items[i];
	}
	plan->count = kept;
}

static enum tp_status record_event(const struct tp_erase_plan *plan,
	const struct tp_erase_item *item, const char *actor, const char *reason,
	struct tp_error *err)
{
	struct tp_buf note = TP_BUF_INIT(1 << 20);
	enum tp_status status;

	if (!item->lost)
		return tp_event_add(plan->archive, actor, "erase", item->id, reason, err);
	tp_buf_addf(&note, "%s%swith all that the damaged directory of pack %08u did not tell",
		reason ? reason : "", reason ? "; " : "", item->number);
	status = tp_buf_status(&note, "reason", err);
	if (!status)
		status = tp_event_add(plan->archive, actor, "erase", item->id, note.data, err);
	tp_buf_release(&note);
	return status;
}

static enum tp_status record_events(const struct tp_erase_plan *plan, const char *actor,
	const char *reason, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < plan->count; i++)
		if (!plan->items[i].recorded)
			status = record_event(plan, &plan->items[i], actor, reason, err);
	return status;
}

/* Blobs of messages that did not tell any more what they used. */
static enum tp_status collect(
	struct tp_erase_plan *plan, struct tp_error *missing, struct tp_error *err)
{
	struct tp_error why;
	uint64_t removed;
	enum tp_status status;

	if (!plan->collect)
		return TP_OK;
	status = tp_orphans_remove_strictly(plan->archive, TP_ORPHANS_ALL, &removed, &why);
	if (status && status != TP_DATA)
		return tp_fail(err, status, "%s", why.text);
	if (status) {
		tp_error_prefix(
			&why, "attachments are kept, for who else uses them cannot be told");
		note(missing, TP_DATA, why.text);
	}
	return TP_OK;
}

static enum tp_status carry_out(struct tp_erase_plan *plan, const char *actor, const char *reason,
	struct tp_error *missing, struct tp_error *err)
{
	enum tp_status status = record_events(plan, actor, reason, err);

	if (!status)
		status = tp_erase_plan_save(plan, err);
	drop_finished(plan);
	for (size_t i = 0; !status && i < plan->count;)
		status = tp_erase_unit(plan, i, &i, err);
	if (!status)
		status = collect(plan, missing, err);
	return status ? status : tp_erase_plan_forget(plan, err);
}

static enum tp_status erase(struct tp_archive *archive, struct wish *wish, const char *actor,
	const char *reason, size_t *erased, struct tp_error *err)
{
	struct tp_erase_plan plan = { .archive = archive };
	enum tp_status status = tp_tidy(archive, err);

	*erased = 0;
	if (!status)
		status = make_plan(&plan, wish, err);
	if (!status && plan.count)
		status = carry_out(&plan, actor, reason, &wish->missing, err);
	else if (!status && plan.begun)
		status = tp_erase_plan_forget(&plan, err);
	if (!status)
		*erased = wish->found;
	tp_erase_plan_release(&plan);
	free(wish->lost);
	if (!status && wish->missing.status)
		return tp_fail(err, wish->missing.status, "%s", wish->missing.text);
	return status;
}

enum tp_status tp_erase_held(struct tp_archive *archive, const char *const *ids, size_t count,
	const char *actor, const char *reason, size_t *erased, struct tp_error *err)
{
	struct wish wish = { .ids = ids, .count = count };

	return erase(archive, &wish, actor, reason, erased, err);
}

enum tp_status tp_erase(struct tp_archive *archive, const char *const *ids, size_t count,
	const char *actor, const char *reason, bool damaged, size_t *erased, struct tp_error *err)
{
	struct wish wish = { .ids = ids, .count = count, .damaged = damaged };
	int lock;
	enum tp_status status = tp_seal_lock(archive, true, &lock, err);

	*erased = 0;
	if (status)
		return status;
	status = erase(archive, &wish, actor, reason, erased, err);
	close(lock);
	return status;
}
