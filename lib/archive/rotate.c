/*
 * The quota: see rotate.h. Each change is one step that may be the last: a pack moves by a rename that
 * its event precedes; an offer is a state written whole; erasing says first what it is about to do
 * (rotate_erase.c). Whoever comes next looks at what there is, finishes what was begun, and decides
 * anew.
 */
#include "archive/rotate.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "archive/erase.h"
#include "archive/events.h"
#include "archive/orphans.h"
#include "archive/pack.h"
#include "archive/rotate_state.h"
#include "archive/rotate_stock.h"
#include "archive/salvage.h"
#include "archive/seal.h"
#include "archive/shred.h"
#include "archive/tidy.h"
#include "base/clock.h"

#define REMINDER_SECONDS (7 * 86400)
#define CELLAR_DISCS     2 /* the cellar's room */

struct rotating {
	struct tp_archive *archive;
	const char *actor;
	const struct tp_keeper *keeper;
	struct tp_rotate_state state;
	struct tp_stock stock;
	struct tp_rotation *result;
	bool dry_run;
};

/* --- to the cellar ---------------------------------------------------------------------------- */

static uint64_t bytes_of(const struct tp_stock *stock, bool in_cellar)
{
	uint64_t bytes = in_cellar ? 0 : stock->journal_bytes;

	for (size_t i = 0; i < stock->count; i++)
		if (stock->packs[i].in_cellar == in_cellar)
			bytes += stock->packs[i].file_bytes + stock->packs[i].blob_bytes;
	return bytes;
}

static enum tp_status move_pack(struct rotating *r, uint32_t number, struct tp_error *err)
{
	char from[TP_ARCHIVE_NAME], to[TP_ARCHIVE_NAME], note[64];
	struct tp_archive *archive = r->archive;
	enum tp_status status;

	snprintf(note, sizeof note, "pack %08u to the cellar", number);
	status = tp_event_add(archive, r->actor, "rotate", NULL, note, err);
	if (!status)
		status = tp_archive_lock(archive, TP_HOLD_ALL, err);
	if (status)
		return status;
	tp_archive_name("pack", number, from);
	tp_archive_name("cellar", number, to);
	if (renameat(archive->dir, from, archive->dir, to))
		status = tp_fail_errno(err, TP_IO, "%s/%s: cannot rename", archive->path, from);
	if (!status)
		status = tp_archive_sync(archive, "cellar", err);
	if (!status)
		status = tp_archive_sync(archive, "pack", err);
	tp_archive_unlock(archive);
	return status;
}

static uint32_t highest(const struct tp_stock *stock)
{
	uint32_t number = 0;

	for (size_t i = 0; i < stock->count; i++)
		if (stock->packs[i].number > number)
			number = stock->packs[i].number;
	return number;
}

/* The oldest packs leave until the rest fits; the end of the chain stays in any case. */
static enum tp_status move_packs(struct rotating *r, struct tp_error *err)
{
	uint64_t online = bytes_of(&r->stock, false);
	uint32_t last = highest(&r->stock);
	enum tp_status status = TP_OK;

	for (size_t i = 0; i < r->stock.count && online > r->archive->settings.size_bytes; i++) {
		struct tp_stock_pack *pack = &r->stock.packs[i];

		if (pack->in_cellar || pack->number == last)
			continue;
		if (!r->dry_run)
			status = move_pack(r, pack->number, err);
		if (status)
			return status;
		pack->in_cellar = true;
		online -= pack->file_bytes + pack->blob_bytes;
		r->result->moved++;
	}
	return TP_OK;
}

/* --- room in the cellar ----------------------------------------------------------------------- */

static uint64_t cellar_on_discs(const struct tp_stock *stock)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < stock->count; i++)
		if (stock->packs[i].in_cellar)
			bytes += stock->packs[i].disc_bytes;
	return bytes;
}

static void drop_pack(struct tp_stock *stock, size_t i)
{
	stock->count--;
	memmove(&stock->packs[i], &stock->packs[i + 1], (stock->count - i) * sizeof *stock->packs);
}

/* When an open offer has waited long enough; 0: nobody was told of it yet. */
static int64_t answer_until(const struct rotating *r)
{
	const struct tp_archive_settings *settings = &r->archive->settings;
	int64_t from = settings->contact ? r->state.first_told : r->state.since;

	return from ? from + settings->answer_seconds : 0;
}

/* What became of the offer: never what was accepted, and where discs are offered only what was offered and
 * not wanted. */
static bool is_unwanted(const struct rotating *r, uint32_t number)
{
	bool offered = tp_pack_list_has(&r->state.offered, number);
	int64_t until = answer_until(r);

	if (offered && r->state.offer == TP_OFFER_ACCEPTED)
		return false;
	if (!r->archive->settings.subscribe)
		return true;
	return offered && (r->state.offer == TP_OFFER_REFUSED || (until && tp_now() >= until));
}

/* Whether a pack may be erased for room. What is on a disc is counted in any case: it is why the cellar is
 * too full. */
static enum tp_status may_go(
	struct rotating *r, const struct tp_stock_pack *pack, bool *may, struct tp_error *err)
{
	uint64_t on_discs = 0;
	enum tp_status status = TP_OK;

	*may = false;
	if (!pack->in_cellar)
		return TP_OK;
	status = r->keeper->ask(r->keeper->context, pack->number, &on_discs, err);
	r->result->kept += on_discs;
	*may = !status && !on_discs && r->archive->settings.may_erase &&
	       is_unwanted(r, pack->number);
	if (status == TP_DATA)
		tp_error_prefix(err, "nothing is erased for room");
	return status;
}

/* The oldest go until the cellar has room, those aside that may not. */
static enum tp_status make_room(struct rotating *r, struct tp_error *err)
{
	const struct tp_archive_settings *settings = &r->archive->settings;
	uint64_t taken = cellar_on_discs(&r->stock), room = CELLAR_DISCS * settings->disc_bytes;
	enum tp_status status = TP_OK;
	size_t i = 0;
	bool may;

	while (!status && i < r->stock.count && taken > room) {
		const struct tp_stock_pack *pack = &r->stock.packs[i];

		status = may_go(r, pack, &may, err);
		if (status || !may) {
			i++;
			continue;
		}
		taken -= pack->disc_bytes;
		r->result->erased += pack->messages;
		status = tp_pack_list_add(&r->state.leaving, pack->number, err);
		drop_pack(&r->stock, i);
	}
	r->result->over_bytes = taken > room ? taken - room : 0;
	if (status || !r->state.leaving.count || r->dry_run)
		return status;
	status = tp_rotate_decide(r->archive, &r->state, "erase", "for room", r->actor, err);
	return status ? status : tp_rotate_erase_on(r->archive, &r->state, err);
}

/* --- offers ----------------------------------------------------------------------------------- */

/* What is left of the offer: nothing, when its packs are on the disc or erased. */
static void recount_offer(struct rotating *r)
{
	struct tp_rotate_state *state = &r->state;
	bool any = false;

	state->messages = state->bytes = 0;
	for (size_t i = 0; i < r->stock.count; i++) {
		const struct tp_stock_pack *pack = &r->stock.packs[i];

		if (!pack->in_cellar || !pack->messages ||
			!tp_pack_list_has(&state->offered, pack->number))
			continue;
		if (!any || pack->first_ms < state->first_ms)
			state->first_ms = pack->first_ms;
		state->last_ms = pack->last_ms;
		any = true;
		state->messages += pack->messages;
		state->bytes += pack->message_bytes;
	}
	if (!any)
		tp_rotate_state_release(state);
}

/* The oldest packs of the cellar, as many as fill a disc. */
static enum tp_status choose_packs(struct rotating *r, struct tp_error *err)
{
	uint64_t taken = 0;
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < r->stock.count; i++) {
		const struct tp_stock_pack *pack = &r->stock.packs[i];

		if (!pack->in_cellar)
			continue;
		if (taken && taken + pack->disc_bytes > r->archive->settings.disc_bytes)
			break;
		taken += pack->disc_bytes;
		status = tp_pack_list_add(&r->state.offered, pack->number, err);
	}
	return status;
}

static enum tp_status make_offer(struct rotating *r, struct tp_error *err)
{
	struct tp_rotate_state *state = &r->state;
	enum tp_status status;
	char note[128];

	if (!r->archive->settings.subscribe ||
		cellar_on_discs(&r->stock) < r->archive->settings.disc_bytes)
		return TP_OK;
	status = choose_packs(r, err);
	if (status)
		return status;
	state->offer = TP_OFFER_OPEN;
	state->since = tp_now();
	recount_offer(r);
	snprintf(note, sizeof note, "%llu messages in %zu packs",
		(unsigned long long)state->messages, state->offered.count);
	return r->dry_run ? TP_OK : tp_event_add(r->archive, r->actor, "offer", NULL, note, err);
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum tp_status settle_offer(struct rotating *r, struct tp_error *err)
{
	bool had = r->state.offer != TP_OFFER_NONE;
	enum tp_status status = TP_OK;

	if (had)
		recount_offer(r);
	if (r->state.offer == TP_OFFER_NONE)
		status = make_offer(r, err);
	if (status || r->dry_run || (!had && r->state.offer == TP_OFFER_NONE))
		return status;
	return tp_rotate_state_write(r->archive, &r->state, err);
}

static void fill_result(struct rotating *r)
{
	const struct tp_rotate_state *state = &r->state;
	struct tp_rotation *result = r->result;

	result->online_bytes = bytes_of(&r->stock, false);
	result->cellar_bytes = bytes_of(&r->stock, true);
	result->journal_bytes = r->stock.journal_bytes;
	result->offer = state->offer;
	result->offer_messages = state->messages;
	result->offer_bytes = state->bytes;
	result->offer_first_ms = state->first_ms;
	result->offer_last_ms = state->last_ms;
	result->may_erase = r->archive->settings.may_erase;
	result->answer_until = state->offer == TP_OFFER_OPEN ? answer_until(r) : 0;
	result->notice_due = state->offer == TP_OFFER_OPEN &&
			     (!state->told || tp_now() - state->told >= REMINDER_SECONDS);
}

/* What others had begun. An erasure that damage keeps from being finished only keeps packs from leaving:
 * what is to be erased may be in them. */
static enum tp_status finish(struct rotating *r, struct tp_error *unfinished, struct tp_error *err)
{
	enum tp_status status = tp_tidy(r->archive, err);

	if (!status)
		status = tp_erase_finish_held(r->archive, unfinished);
	if (status == TP_DATA)
		return TP_OK;
	if (unfinished->status)
		return tp_fail(err, status, "%s", unfinished->text);
	if (!status && r->state.leaving.count)
		status = tp_rotate_erase_on(r->archive, &r->state, err);
	return status;
}

/* Where something cannot be read, who uses an attachment is not certain, nor how much there is:
 * packs may move, but nothing is erased and nothing offered. */
static enum tp_status rotate(struct rotating *r, struct tp_error *err)
{
	struct tp_error unfinished = { TP_OK, "" };
	enum tp_status status = r->dry_run ? TP_OK : finish(r, &unfinished, err);
	uint64_t damaged = 0;

	if (!status)
		status = tp_stock_take(r->archive, &r->stock, err);
	if (!status && unfinished.status && !r->stock.damage.status)
		r->stock.damage = unfinished;
	if (!status)
		status = move_packs(r, err);
	if (!status && r->stock.damage.status)
		status = tp_fail(
			err, TP_DATA, "nothing is erased nor offered: %s", r->stock.damage.text);
	else if (!status)
		status = settle_offer(r, err);
	if (!status)
		status = make_room(r, err);
	/* What was erased was offered; now the next may be. */
	if (!status && r->result->erased)
		status = settle_offer(r, err);
	fill_result(r);
	if (!status && !r->dry_run)
		status = tp_salvage_count(r->archive, &damaged, err);
	if (!status && !r->dry_run && !damaged)
		status = tp_orphans_remove(r->archive, TP_ORPHANS_AGE, &r->result->orphans, err);
	tp_stock_release(&r->stock);
	return status;
}

enum tp_status tp_rotate(struct tp_archive *archive, bool dry_run, const struct tp_keeper *keeper,
	const char *actor, struct tp_rotation *result, struct tp_error *err)
{
	struct rotating r = { .archive = archive,
		.actor = actor,
		.keeper = keeper,
		.result = result,
		.dry_run = dry_run };
	enum tp_status status = tp_archive_need_key(archive, err);
	int fd = -1;

	*result = (struct tp_rotation){ .offer = TP_OFFER_NONE };
	/* Who only looks writes nothing, not even in an archive that he may not write to. */
	if (!status)
		status = dry_run ? tp_archive_lock(archive, TP_HOLD_READ, err)
				 : tp_seal_lock(archive, true, &fd, err);
	if (status)
		return status;
	status = tp_rotate_state_read(archive, &r.state, err);
	if (!status)
		status = rotate(&r, err);
	tp_rotate_state_release(&r.state);
	if (dry_run)
		tp_archive_unlock(archive);
	if (fd >= 0)
		close(fd);
	return status;
}

enum tp_status tp_rotate_answer(
	struct tp_archive *archive, bool accept, const char *actor, struct tp_error *err)
{
	enum tp_offer answer = accept ? TP_OFFER_ACCEPTED : TP_OFFER_REFUSED;
	struct tp_rotate_state state;
	char note[64];
	int fd;
	enum tp_status status = tp_seal_lock(archive, true, &fd, err);

	if (status)
		return status;
	status = tp_rotate_state_read(archive, &state, err);
	if (!status && state.offer == TP_OFFER_NONE)
		status = tp_fail(err, TP_NOTHING, "archive %s offers no disc", archive->path);
	if (!status && state.offer != answer) {
		snprintf(note, sizeof note, "%llu messages in %zu packs",
			(unsigned long long)state.messages, state.offered.count);
		status =
			tp_event_add(archive, actor, accept ? "accept" : "refuse", NULL, note, err);
		state.offer = answer;
		if (!status)
			status = tp_rotate_state_write(archive, &state, err);
	}
	tp_rotate_state_release(&state);
	close(fd);
	return status;
}

static enum tp_status add_ids(
	struct tp_archive *archive, uint32_t number, struct tp_buf *out, struct tp_error *err)
{
	struct tp_pack *pack;
	enum tp_status status = tp_pack_open(archive, number, &pack, err);

	if (status)
		return status;
	for (size_t i = 0;
		!status && tp_pack_tier(pack) == TP_TIER_CELLAR && i < tp_pack_count(pack); i++) {
		struct tp_record record = TP_RECORD_INIT;

		status = tp_pack_record(pack, i, &record, NULL, err);
		if (!status && tp_buf_adds(out, record.id))
			tp_buf_addc(out, '\n');
		if (status == TP_NOTHING)
			status = TP_OK;
		tp_record_release(&record);
	}
	tp_pack_close(pack);
	return status ? status : tp_buf_status(out, "list of ids", err);
}

static int compare_lines(const void *left, const void *right)
{
	return memcmp(left, right, TP_ID_LEN);
}

/* The offered packs that are still in the cellar: a disc that was confirmed has taken its own away. */
static enum tp_status add_offered(struct tp_archive *archive, const struct tp_pack_list *offered,
	struct tp_buf *out, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(archive, "cellar", &numbers, &count, err);

	for (size_t i = 0; !status && i < count; i++)
		if (tp_pack_list_has(offered, numbers[i]))
			status = add_ids(archive, numbers[i], out, err);
	free(numbers);
	if (!status && out->len) /* ids sort by arrival; packs may overlap in time */
		qsort(out->data, out->len / (TP_ID_LEN + 1), TP_ID_LEN + 1, compare_lines);
	return status;
}

enum tp_status tp_rotate_ids(struct tp_archive *archive, struct tp_buf *out, struct tp_error *err)
{
	struct tp_rotate_state state;
	enum tp_status status = tp_archive_lock(archive, TP_HOLD_READ, err);

	if (status)
		return status;
	status = tp_rotate_state_read(archive, &state, err);
	if (!status && state.offer != TP_OFFER_ACCEPTED)
		status = tp_fail(err, TP_NOTHING, "no disc was accepted");
	if (!status)
		status = add_offered(archive, &state.offered, out, err);
	tp_rotate_state_release(&state);
	tp_archive_unlock(archive);
	return status;
}
