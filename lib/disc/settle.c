/* The cellar lets go of what is on discs: see settle.h. */
#include "disc/settle.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/chunk.h"
#include "archive/pack.h"
#include "archive/release.h"
#include "archive/seal.h"
#include "disc/files.h"
#include "disc/ids.h"
#include "disc/ledger_file.h"

/* A good disc, and its mails when they have been asked for. One that all its mails have left for has
 * nothing in the cellar any more. */
struct good {
	struct tp_disc disc;
	bool loaded;
	bool unknown; /* what it has cannot be read */
	bool takes;   /* mails of packs that leave */
	bool stays;   /* a mail of a pack that has to wait is on it */
	bool whole;   /* its segment knows all of its mails, and none stays */
	struct tp_disc_ids ids;
};

struct candidate {
	uint32_t number;
	uint64_t on_discs, missing, messages;
};

struct settling {
	struct tp_archive *archive;
	struct good *discs;
	size_t disc_count;
	struct candidate *packs; /* those that have a message on a disc */
	size_t pack_count;
	uint32_t *leaving;
	size_t leaving_count;
	struct tp_error trouble; /* the first of what was done without */
};

static enum tp_status nomem(struct tp_error *err)
{
	return tp_fail(err, TP_NOMEM, "disc: out of memory");
}

/* --- discs ------------------------------------------------------------------------------------ */

static enum tp_status add_disc(void *context, const struct tp_disc *disc, struct tp_error *err)
{
	struct settling *s = context;
	struct good *larger;

	if (disc->left_at || !tp_disc_is_good(s->archive, disc))
		return TP_OK;
	larger = reallocarray(s->discs, s->disc_count + 1, sizeof *larger);
	if (!larger)
		return nomem(err);
	s->discs = larger;
	s->discs[s->disc_count++] = (struct good){ .disc = *disc };
	return TP_OK;
}

static enum tp_status load(struct settling *s, struct good *g, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (!g->loaded)
		status = tp_disc_ids_load(s->archive, &g->disc, &g->ids, err);
	g->loaded = status == TP_OK;
	return status;
}

static void note_trouble(struct settling *s, const struct tp_error *why)
{
	if (!s->trouble.status)
		s->trouble = *why;
}

/* A disc whose list is damaged or missing counts as holding nothing: the others are settled. */
static enum tp_status load_or_note(struct settling *s, struct good *g, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = load(s, g, &why);

	if (!status)
		return TP_OK;
	if (status != TP_NOINPUT && !tp_ledger_is_damage(status))
		return tp_fail(err, status, "%s", why.text);
	g->unknown = true;
	note_trouble(s, &why);
	return TP_OK;
}

/* Those whose facts are damaged are passed over, too. */
static enum tp_status walk_discs(
	struct settling *s, tp_disc_each *each, void *context, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = tp_disc_walk(s->archive, each, context, &why);

	if (status == TP_DATA) {
		note_trouble(s, &why);
		return TP_OK;
	}
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

/* --- packs of the cellar ---------------------------------------------------------------------- */

typedef enum tp_status each_message(
	void *context, const struct tp_record *record, bool erased, struct tp_error *err);

static enum tp_status walk_pack(struct settling *s, uint32_t number, each_message *each,
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
	struct settling *s;
	struct candidate candidate;
};

static enum tp_status look_at(
	void *context, const struct tp_record *record, bool erased, struct tp_error *err)
{
	struct looking *l = context;
	struct settling *s = l->s;

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
static enum tp_status look_into(struct settling *s, uint32_t number, struct tp_error *err)
{
	struct looking l = { s, { .number = number } };
	struct candidate *larger;
	enum tp_status status = walk_pack(s, number, look_at, &l, err);

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

static enum tp_status look_into_cellar(struct settling *s, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(s->archive, "cellar", &numbers, &count, err);

	for (size_t i = 0; !status && count && i < s->disc_count; i++)
		status = load_or_note(s, &s->discs[i], err);
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
	struct settling *s = context;

	(void)err;
	for (size_t i = 0; !erased && i < s->disc_count; i++)
		if (tp_disc_ids_find(&s->discs[i].ids, record->id))
			s->discs[i].stays = true;
	return TP_OK;
}

static enum tp_status choose(struct settling *s, struct tp_settled *settled, struct tp_error *err)
{
	s->leaving = calloc(s->pack_count + 1, sizeof *s->leaving);
	if (!s->leaving)
		return nomem(err);
	for (size_t i = 0; i < s->pack_count; i++) {
		if (s->packs[i].missing) {
			enum tp_status status =
				walk_pack(s, s->packs[i].number, note_staying, s, err);

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

/* --- segments --------------------------------------------------------------------------------- */

/* The segment of a disc being made: what it has, and the mails of packs that leave. */
struct building {
	struct settling *s;
	struct good *g;
	struct tp_segment_builder *builder;
	unsigned char *has;   /* a byte for each mail of the disc */
	uint64_t rows, fresh; /* fresh: of packs that leave now */
	bool more;            /* than the segment of before */
};

static enum tp_status add_row(
	void *context, const struct tp_record *record, bool erased, struct tp_error *err)
{
	struct building *b = context;
	const struct tp_disc_id *entry = tp_disc_ids_find(&b->g->ids, record->id);

	if (!entry || b->has[entry->i])
		return TP_OK;
	b->has[entry->i] = 1;
	b->rows++;
	b->fresh++;
	b->more = true;
	return tp_segment_builder_add_at(b->builder, record, erased, entry->i, err);
}

static enum tp_status add_old_chunk(
	struct building *b, struct tp_chunk *chunk, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_rows rows;
	enum tp_status status = tp_chunk_rows(chunk, &rows, err);

	for (size_t i = 0; !status && i < rows.count; i++) {
		if (rows.at[i] >= b->g->disc.mails || b->has[rows.at[i]])
			continue;
		b->has[rows.at[i]] = 1;
		b->rows++;
		status = tp_chunk_record(chunk, i, &record, err);
		if (!status)
			status = tp_segment_builder_add_at(
				b->builder, &record, rows.erased[i], rows.at[i], err);
	}
	tp_record_release(&record);
	return status;
}

/* What left for the disc before. It is nowhere else: damage there stops everything. */
static enum tp_status add_old(struct building *b, struct tp_error *err)
{
	struct tp_segment *segment = NULL;
	struct tp_chunk *chunk = NULL;
	enum tp_status status = tp_segment_open_kind(
		b->s->archive, TP_SEGMENT_DISC, b->g->disc.number, &segment, err);

	if (status == TP_NOINPUT)
		return TP_OK;
	if (!status)
		status = tp_chunk_new(&chunk, err);
	for (size_t i = 0; !status && i < tp_segment_chunks(segment); i++) {
		tp_chunk_turn(chunk, segment, i);
		status = add_old_chunk(b, chunk, err);
	}
	tp_chunk_free(chunk);
	tp_segment_close(segment);
	return status;
}

/* --- mails that left for other discs ---------------------------------------------------------- */

static enum tp_status add_other_row(struct building *b, struct tp_chunk *chunk,
	const struct tp_rows *rows, size_t i, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	const struct tp_disc_id *entry;
	char id[TP_ID_LEN + 1];
	enum tp_status status;

	tp_id_make(rows->arrival_ms[i], rows->tail[i], id);
	entry = tp_disc_ids_find(&b->g->ids, id);
	if (!entry || b->has[entry->i])
		return TP_OK;
	status = tp_chunk_record(chunk, i, &record, err);
	if (!status) {
		b->has[entry->i] = 1;
		b->rows++;
		b->more = true;
		status = tp_segment_builder_add_at(
			b->builder, &record, rows->erased[i], entry->i, err);
	}
	tp_record_release(&record);
	return status;
}

static enum tp_status add_other_chunk(
	struct building *b, struct tp_chunk *chunk, struct tp_error *err)
{
	struct tp_rows rows;
	enum tp_status status = tp_chunk_rows(chunk, &rows, err);

	for (size_t i = 0; !status && i < rows.count; i++)
		status = add_other_row(b, chunk, &rows, i, err);
	return status;
}

static enum tp_status add_other(struct building *b, uint32_t number, struct tp_error *err)
{
	const struct tp_disc *disc = &b->g->disc;
	struct tp_segment *segment = NULL;
	struct tp_chunk *chunk = NULL;
	enum tp_status status =
		tp_segment_open_kind(b->s->archive, TP_SEGMENT_DISC, number, &segment, err);

	if (!status)
		status = tp_chunk_new(&chunk, err);
	for (size_t i = 0; !status && i < tp_segment_chunks(segment); i++) {
		const struct tp_chunk_range *range = tp_segment_range(segment, i);

		if (range->first_ms > disc->last_ms || range->last_ms < disc->first_ms)
			continue;
		tp_chunk_turn(chunk, segment, i);
		status = add_other_chunk(b, chunk, err);
	}
	tp_chunk_free(chunk);
	tp_segment_close(segment);
	return status;
}

/* A second disc with mails that have left for the first: it knows them as that one does. What cannot be
 * read there is left out. */
static enum tp_status add_others(struct building *b, struct tp_error *err)
{
	struct tp_disc_files *files = NULL;
	size_t count = 0;
	enum tp_status status = tp_disc_files(b->s->archive, &files, &count, err);

	for (size_t i = 0; !status && b->rows < b->g->disc.mails && i < count; i++) {
		struct tp_error why;

		if (!(files[i].has & TP_DISC_INDEX) || files[i].number == b->g->disc.number)
			continue;
		status = add_other(b, files[i].number, &why);
		if (status && !tp_ledger_is_damage(status)) {
			tp_fail(err, status, "%s", why.text);
		} else if (status) {
			note_trouble(b->s, &why);
			status = TP_OK;
		}
	}
	free(files);
	return status;
}

/* The packs first: an erasure that came since the segment was made shows there. */
static enum tp_status build(struct building *b, struct tp_error *err)
{
	struct settling *s = b->s;
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < s->leaving_count; i++)
		status = walk_pack(s, s->leaving[i], add_row, b, err);
	if (!status)
		status = add_old(b, err);
	if (!status)
		status = add_others(b, err);
	if (!status && b->more)
		status = tp_segment_builder_write_kind(
			b->builder, s->archive, TP_SEGMENT_DISC, b->g->disc.number, 0, 0, err);
	return status;
}

static enum tp_status write_segment(struct settling *s, struct good *g, struct tp_error *err)
{
	struct building b = { .s = s, .g = g };
	enum tp_status status = load_or_note(s, g, err);

	if (status || g->unknown)
		return status;
	if (!status)
		status = tp_segment_builder_new(&b.builder, err);
	if (!status && !(b.has = calloc(g->disc.mails + 1, 1)))
		status = nomem(err);
	if (!status)
		status = build(&b, err);
	g->takes = b.fresh;
	g->whole = !status && !g->stays && b.rows == g->disc.mails;
	free(b.has);
	tp_segment_builder_free(b.builder);
	return status;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* From here on it will be done. */
static enum tp_status decide(struct settling *s, const char *actor, struct tp_error *err)
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
static enum tp_status prepare(struct settling *s, struct tp_settled *settled, struct tp_error *err)
{
	enum tp_status status = look_into_cellar(s, err);

	if (!status)
		status = choose(s, settled, err);
	for (size_t i = 0; !status && i < s->disc_count; i++)
		status = write_segment(s, &s->discs[i], err);
	return status;
}

/* Which discs are good is asked where no step can be recorded, and until it is written what leaves: one that
 * was lost while we waited takes nothing from the cellar. */
static enum tp_status decide_held(
	struct settling *s, const char *actor, struct tp_settled *settled, struct tp_error *err)
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
	struct settling *s, const char *actor, struct tp_settled *settled, struct tp_error *err)
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
	struct settling s = { .archive = archive };
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
