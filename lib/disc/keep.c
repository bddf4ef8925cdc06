/* What a rotation must not erase for room: see keep.h. */
#include "disc/keep.h"

#include <stdlib.h>

#include "archive/pack.h"
#include "base/clock.h"
#include "disc/ids.h"

/* A disc that keeps packs. */
struct keeping {
	struct tp_disc disc;
	struct tp_disc_ids ids;
	bool kept; /* one of those that were asked about */
};

struct tp_disc_keep {
	struct tp_archive *archive;
	bool loaded;
	struct keeping *discs;
	size_t count;
};

/* --- which discs ------------------------------------------------------------------------------ */

static bool keeps(const struct tp_archive *archive, const struct tp_disc *disc)
{
	const int64_t *when = disc->when;

	if (disc->left_at || when[TP_DISC_LOST])
		return false;
	if (disc->bad_at || tp_disc_state(disc) != TP_DISC_MADE)
		return true;
	return tp_now() - when[TP_DISC_MADE] < archive->settings.answer_seconds;
}

static enum tp_status add_disc(void *context, const struct tp_disc *disc, struct tp_error *err)
{
	struct tp_disc_keep *keep = context;
	struct keeping *larger;

	if (!keeps(keep->archive, disc))
		return TP_OK;
	larger = reallocarray(keep->discs, keep->count + 1, sizeof *larger);
	if (!larger)
		return tp_fail(err, TP_NOMEM, "disc: out of memory");
	keep->discs = larger;
	keep->discs[keep->count] = (struct keeping){ .disc = *disc };
	return tp_disc_ids_load(keep->archive, disc, &keep->discs[keep->count++].ids, err);
}

static void unload(struct tp_disc_keep *keep)
{
	for (size_t i = 0; i < keep->count; i++)
		tp_disc_ids_release(&keep->discs[i].ids);
	free(keep->discs);
	keep->discs = NULL;
	keep->count = 0;
	keep->loaded = false;
}

/* A list that is not there is damage like any other: what stood in it is on a disc. */
static enum tp_status load(struct tp_disc_keep *keep, struct tp_error *err)
{
	struct tp_error why = { TP_OK, "" };
	enum tp_status status;

	if (keep->loaded)
		return TP_OK;
	status = tp_disc_walk(keep->archive, add_disc, keep, &why);
	keep->loaded = status == TP_OK;
	if (!status)
		return TP_OK;
	unload(keep);
	return tp_fail(err, status == TP_NOINPUT ? TP_DATA : status, "%s", why.text);
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool is_on_disc(struct tp_disc_keep *keep, const char *id)
{
	bool found = false;

	for (size_t i = 0; i < keep->count; i++)
		if (tp_disc_ids_find(&keep->discs[i].ids, id))
			found = keep->discs[i].kept = true;
	return found;
}

static enum tp_status ask_pack(
	struct tp_disc_keep *keep, uint32_t number, uint64_t *messages, struct tp_error *err)
{
	struct tp_pack *pack;
	enum tp_status status = tp_pack_open(keep->archive, number, &pack, err);

	for (size_t i = 0; !status && i < tp_pack_count(pack); i++) {
		struct tp_record record = TP_RECORD_INIT;

		status = tp_pack_record(pack, i, &record, NULL, err);
		if (!status && is_on_disc(keep, record.id))
			++*messages;
		if (status == TP_NOTHING)
			status = TP_OK;
		tp_record_release(&record);
	}
	tp_pack_close(pack);
	return status;
}

static enum tp_status ask(void *context, uint32_t pack, uint64_t *messages, struct tp_error *err)
{
	struct tp_disc_keep *keep = context;
	enum tp_status status = load(keep, err);

	*messages = 0;
	return status || !keep->count ? status : ask_pack(keep, pack, messages, err);
}

/* --- the object ------------------------------------------------------------------------------- */

enum tp_status tp_disc_keep_new(
	struct tp_archive *archive, struct tp_disc_keep **keep, struct tp_error *err)
{
	*keep = calloc(1, sizeof **keep);
	if (!*keep)
		return tp_fail(err, TP_NOMEM, "disc: out of memory");
	(*keep)->archive = archive;
	return TP_OK;
}

void tp_disc_keep_free(struct tp_disc_keep *keep)
{
	if (!keep)
		return;
	unload(keep);
	free(keep);
}

struct tp_keeper tp_disc_keep_keeper(struct tp_disc_keep *keep)
{
	return (struct tp_keeper){ .context = keep, .ask = ask };
}

const struct tp_disc *tp_disc_keep_at(const struct tp_disc_keep *keep, size_t i)
{
	for (size_t k = 0; k < keep->count; k++)
		if (keep->discs[k].kept && i-- == 0)
			return &keep->discs[k].disc;
	return NULL;
}
