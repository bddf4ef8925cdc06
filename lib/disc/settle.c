/* The cellar lets go of what is on discs: see settle.h. */
#include "disc/settle_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/pack.h"
#include "archive/release.h"
#include "archive/seal.h"
#include "disc/ledger_file.h"

static enum tp_status nomem(struct tp_error *err)
{
	return tp_fail(err, TP_NOMEM, "disc: out of memory");
}

/* --- discs ------------------------------------------------------------------------------------ */

static enum tp_status add_disc(void *context, const struct tp_disc *disc, struct tp_error *err)
{
	struct tp_settling *s = context;
	struct tp_settle_disc *larger;

	if (disc->left_at || !tp_disc_is_good(s->archive, disc))
		return TP_OK;
	larger = reallocarray(s->discs, s->disc_count + 1, sizeof *larger);
	if (!larger)
		return nomem(err);
	s->discs = larger;
	s->discs[s->disc_count++] = (struct tp_settle_disc){ .disc = *disc };
	return TP_OK;
}

static enum tp_status load(struct tp_settling *s, struct tp_settle_disc *g, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (!g->loaded)
		status = tp_disc_ids_load(s->archive, &g->disc, &g->ids, err);
	g->loaded = status == TP_OK;
	return status;
}

void tp_settle_note(struct tp_settling *s, const struct tp_error *why)
{
	if (!s->trouble.status)
		s->trouble = *why;
}

/* A disc whose list is damaged or missing counts as holding nothing: the others are settled. */
enum tp_status tp_settle_load(struct tp_settling *s, struct tp_settle_disc *g, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = load(s, g, &why);

	if (!status)
		return TP_OK;
	if (status != TP_NOINPUT && !tp_ledger_is_damage(status))
		return tp_fail(err, status, "%s", why.text);
	g->unknown = true;
	tp_settle_note(s, &why);
	return TP_OK;
}

/* Those whose facts are damaged are passed over, too. */
static enum tp_status walk_discs(
	struct tp_settling *s, tp_disc_each *each, void *context, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = tp_disc_walk(s->archive, each, context, &why);

	if (status == TP_DATA) {
		tp_settle_note(s, &why);
		return TP_OK;
	}
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

/* --- packs of the cellar ---------------------------------------------------------------------- */

enum tp_status tp_settle_walk_pack(struct tp_settling *s, uint32_t number, tp_settle_each *each,
	void *context, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_pack *pack;
	enum tp_status status = tp_pack_open(s->archive, number, &pack, err);

	for (size_t i = 0; !status && i < tp_pack_count(pack); i++) {
		status = tp_pack_record(pack, i, &record, NULL, err);
		if (!status || status == TP_NOTHING)
			status = each(context, &record, status == TP_NOTHING, err);
		tp_record_release(&record);
	}
	tp_pack_close(pack);
	return status;
}

struct looking {
	struct tp_settling *s;
	struct tp_settle_pack candidate;
};

static enum tp_status look_at(
	void *context, const struct tp_record *record, bool erased, struct tp_error *err)
{
	struct looking *l = context;
	struct tp_settling *s = l->s;

	if (erased)
		return TP_OK;
	l->candidate.messages++;
	for (size_t i = 0; i < s->disc_count; i++)
		if (tp_disc_ids_find(&s->discs[i].ids, record->id)) {
			l->candidate.on_discs++;
			return TP_OK;
		}
	l->candidate.missing++;
	return TP_OK;
}

/* A pack that has nothing to do with the discs is no candidate. */
static enum tp_status look_into(struct tp_settling *s, uint32_t number, struct tp_error *err)
{
	struct looking l = { s, { .number = number } };
	struct tp_settle_pack *larger;
	enum tp_status status = tp_settle_walk_pack(s, number, look_at, &l, err);

	/* What cannot be read stays: archive-check tells. */
	if (status == TP_DATA || status == TP_NOINPUT)
		return TP_OK;
	if (status || !l.candidate.on_discs)
		return status;
	larger = reallocarray(s->packs, s->pack_count + 1, sizeof *larger);
	if (!larger)
		return nomem(err);
	s->packs = larger;
	s->packs[s->pack_count++] = l.candidate;
	return TP_OK;
}

static enum tp_status look_into_cellar(struct tp_settling *s, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(s->archive, "cellar", &numbers, &count, err);

	for (size_t i = 0; !status && count && i < s->disc_count; i++)
		status = tp_settle_load(s, &s->discs[i], err);
	for (size_t i = 0; !status && i < count; i++)
		status = look_into(s, numbers[i], err);
	free(numbers);
	return status;
}

/* Which discs still have mail in the cellar: a pack that waits keeps it there, whatever a segment says that
 * was written for a release that never came. */
static enum tp_status note_staying(
	void *context, const struct tp_record *record, bool erased, struct tp_error *err)
{
	struct tp_settling *s = context;

	(void)err;
	for (size_t i = 0; !erased && i < s->disc_count; i++)
		if (tp_disc_ids_find(&s->discs[i].ids, record->id))
			s->discs[i].stays = true;
	return TP_OK;
}

static enum tp_status choose(
	struct tp_settling *s, struct tp_settled *settled, struct tp_error *err)
{
	s->leaving = calloc(s->pack_count + 1, sizeof *s->leaving);
	if (!s->leaving)
		return nomem(err);
	for (size_t i = 0; i < s->pack_count; i++) {
		if (s->packs[i].missing) {
			enum tp_status status =
				tp_settle_walk_pack(s, s->packs[i].number, note_staying, s, err);

			if (status)
				return status;
			settled->waiting++;
			continue;
		}
		s->leaving[s->leaving_count++] = s->packs[i].number;
		settled->packs++;
		settled->messages += s->packs[i].messages;
	}
	return TP_OK;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* From here on it will be done. */
static enum tp_status decide(struct tp_settling *s, const char *actor, struct tp_error *err)
{
	struct tp_buf why = TP_BUF_INIT(65536);
	enum tp_status status;
	bool any = false;

	for (size_t i = 0; i < s->disc_count; i++)
		if (s->discs[i].takes) {
			tp_buf_addf(&why, any ? ", %s" : "on disc %s", s->discs[i].disc.serial);
			any = true;
		}
	status = tp_buf_status(&why, "event", err);
	if (!status)
		status = tp_release_decide(
			s->archive, s->leaving, s->leaving_count, tp_buf_str(&why), actor, err);
	tp_buf_release(&why);
	return status;
}

/* Which packs leave, and the segments that know them afterwards. */
static enum tp_status prepare(
	struct tp_settling *s, struct tp_settled *settled, struct tp_error *err)
{
	enum tp_status status = look_into_cellar(s, err);

	if (!status)
		status = choose(s, settled, err);
	for (size_t i = 0; !status && i < s->disc_count; i++)
		status = tp_settle_write_index(s, &s->discs[i], err);
	return status;
}

/* Which discs are good is asked where no step can be recorded, and until it is written what leaves: one that
 * was lost while we waited takes nothing from the cellar. */
static enum tp_status decide_held(
	struct tp_settling *s, const char *actor, struct tp_settled *settled, struct tp_error *err)
{
	int ledger = -1;
	enum tp_status status = tp_archive_lock(s->archive, TP_HOLD_READ, err);

	if (status)
		return status;
	status = tp_disc_hold(s->archive, &ledger, err);
	if (!status)
		status = walk_discs(s, add_disc, s, err);
	if (!status)
		status = prepare(s, settled, err);
	tp_archive_unlock(s->archive);
	if (!status && s->leaving_count)
		status = decide(s, actor, err);
	if (ledger >= 0)
		close(ledger);
	return status;
}

static enum tp_status settle(
	struct tp_settling *s, const char *actor, struct tp_settled *settled, struct tp_error *err)
{
	enum tp_status status = tp_release_begin(s->archive, err);

	if (!status)
		status = decide_held(s, actor, settled, err);
	if (!status && s->leaving_count)
		status = tp_release_go(s->archive, err);
	for (size_t i = 0; !status && i < s->disc_count; i++)
		if (s->discs[i].whole)
			status = tp_disc_mark_left(s->archive, s->discs[i].disc.number, err);
	return status;
}

struct asking {
	struct tp_archive *archive;
	bool any;
};

static enum tp_status ask(void *context, const struct tp_disc *disc, struct tp_error *err)
{
	struct asking *asking = context;

	(void)err;
	if (!disc->left_at && tp_disc_is_good(asking->archive, disc))
		asking->any = true;
	return TP_OK;
}

enum tp_status tp_disc_settle(struct tp_archive *archive, const char *actor,
	struct tp_settled *settled, struct tp_error *err)
{
	struct tp_settling s = { .archive = archive };
	struct asking asking = { archive, false };
	enum tp_status status;
	int fd = -1;

	*settled = (struct tp_settled){ .packs = 0 };
	status = walk_discs(&s, ask, &asking, err);
	if (!status && asking.any) {
		status = tp_archive_need_key(archive, err);
		if (!status)
			status = tp_seal_lock(archive, true, &fd, err);
		if (!status)
			status = settle(&s, actor, settled, err);
	}
	if (fd >= 0)
		close(fd);
	if (!status && s.trouble.status)
		status = tp_fail(err, TP_DATA, "%s", s.trouble.text);
	for (size_t i = 0; i < s.disc_count; i++)
		tp_disc_ids_release(&s.discs[i].ids);
	free(s.discs);
	free(s.packs);
	free(s.leaving);
	return status;
}
