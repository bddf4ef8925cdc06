/* Clearing up after the dead: see tidy.h. */
#include "archive/tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "archive/blob.h"
#include "archive/journal.h"
#include "archive/pack.h"
#include "archive/seal.h"
#include "archive/segment.h"
#include "archive/shred.h"
#include "archive/spent.h"
#include "base/diag.h"

/* --- removing --------------------------------------------------------------------------------- */

static void gone_name(uint32_t number, struct tp_buf *name)
{
	char journal[TP_ARCHIVE_NAME];

	tp_archive_name("journal", number, journal);
	tp_buf_clear(name);
	tp_buf_addf(name, "%s.gone", journal);
}

/* Keeps the bytes under a name of their own until they are overwritten: what is unlinked cannot be. */
static enum tp_status keep_for_shredding(
	struct tp_archive *archive, uint32_t number, struct tp_buf *gone, struct tp_error *err)
{
	char name[TP_ARCHIVE_NAME];

	tp_archive_name("journal", number, name);
	gone_name(number, gone);
	if (linkat(archive->dir, name, archive->dir, tp_buf_str(gone), 0) && errno != ENOENT &&
		errno != EEXIST)
		return tp_fail_errno(err, TP_IO, "%s/%s: cannot link", archive->path, name);
	return tp_segment_drop(archive, TP_SEGMENT_JOURNAL, number, err);
}

enum tp_status tp_journals_remove(
	struct tp_archive *archive, const uint32_t *numbers, size_t count, struct tp_error *err)
{
	struct tp_buf gone = TP_BUF_INIT(4096);
	enum tp_status status = count ? tp_archive_lock(archive, TP_HOLD_ALL, err) : TP_OK;

	if (status || !count)
		return status;
	for (size_t i = 0; !status && i < count; i++)
		status = keep_for_shredding(archive, numbers[i], &gone, err);
	if (!status)
		status = tp_journal_retire(archive, numbers, count, err);
	tp_archive_unlock(archive);
	for (size_t i = 0; !status && i < count; i++) {
		gone_name(numbers[i], &gone);
		status = tp_shred(archive, gone.data, err);
	}
	tp_buf_release(&gone);
	return status;
}

/* --- tidying ---------------------------------------------------------------------------------- */

struct tidying {
	struct tp_archive *archive;
	uint32_t *journals;
	size_t journal_count;
	bool *spent;         /* journal by journal */
	uint32_t kept, by;   /* one that is not, and the pack that says so; 0: none */
	struct tp_error why; /* it is not */
};

/* Shuts the journal, so that nobody can append to it any more, and compares it with the pack that says that
 * it replaced it. */
static enum tp_status prove(
	struct tidying *t, uint32_t number, struct tp_pack *pack, struct tp_error *err)
{
	struct tp_journal *journal;
	enum tp_status status = tp_journal_take(t->archive, number, &journal, err);

	if (status)
		return status;
	status = tp_spent_prove(t->archive, tp_journal_look(journal), pack, err);
	tp_journal_release(journal);
	return status;
}

static enum tp_status mark_spent(struct tidying *t, struct tp_pack *pack, struct tp_error *err)
{
	for (size_t k = 0; k < t->journal_count; k++) {
		struct tp_error why = { TP_OK, "" };
		enum tp_status status;

		if (t->spent[k] || !tp_spent_is_listed(pack, t->journals[k]))
			continue;
		status = prove(t, t->journals[k], pack, &why);
		t->spent[k] = !status;
		/* In use, never written to, or gone: nothing to be done about. */
		if (!status || status == TP_TEMPORARY || status == TP_NOINPUT ||
			(status == TP_NOTHING && !*why.text))
			continue;
		if (status != TP_NOTHING && status != TP_DATA)
			return tp_fail(err, status, "%s", why.text);
		t->kept = t->journals[k];
		t->by = tp_pack_number(pack);
		t->why = why;
	}
	return TP_OK;
}

/* Unless another pack has it. */
static void tell_kept(const struct tidying *t)
{
	for (size_t i = 0; i < t->journal_count; i++)
		if (t->kept == t->journals[i] && !t->spent[i])
			tp_warn("journal %08u is kept, though pack %08u says that it replaced it: "
				"%s",
				t->kept, t->by, t->why.text);
}

static enum tp_status mark_folder(struct tidying *t, const char *folder, struct tp_error *err)
{
	uint32_t *packs = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(t->archive, folder, &packs, &count, err);

	for (size_t i = 0; !status && i < count; i++) {
		struct tp_pack *pack;

		/* A pack that cannot be read has replaced nothing: better twice than not at all. */
		if (tp_pack_open(t->archive, packs[i], &pack, NULL))
			continue;
		status = mark_spent(t, pack, err);
		tp_pack_close(pack);
	}
	free(packs);
	return status;
}

/* Moves the spent ones to the front; how many. */
static size_t gather_spent(struct tidying *t)
{
	size_t spent = 0;

	for (size_t i = 0; i < t->journal_count; i++)
		if (t->spent[i])
			t->journals[spent++] = t->journals[i];
	return spent;
}

/* What writers of small files left, who held seal.lock as we do. In `index` others write as well, and
 * under no more than the shared lock. */
static enum tp_status shred_small(struct tp_archive *archive, struct tp_error *err)
{
	static const char *const names[] = { "chain.new", "rotation.new", "erasing.new" };
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < sizeof names / sizeof *names; i++)
		status = tp_shred(archive, names[i], err);
	if (!status)
		status = tp_shred_all(archive, "index", ".tpr.new", err);
	return status ? status : tp_shred_all(archive, "disc", ".tpx.new", err);
}

enum tp_status tp_tidy(struct tp_archive *archive, struct tp_error *err)
{
	struct tidying t = { .archive = archive };
	enum tp_status status = tp_seal_sweep(archive, err);

	if (!status)
		status = shred_small(archive, err);
	if (!status)
		status = tp_shred_leftovers(archive, "journal", err);
	if (!status)
		status = tp_shred_leftovers(archive, "pack", err);
	if (!status)
		status = tp_shred_leftovers(archive, "cellar", err);
	if (!status)
		status = tp_shred_leftovers(archive, "damaged", err);
	if (!status)
		status = tp_blob_shred_dropped(archive, err);
	if (!status)
		status = tp_archive_numbers(archive, "journal", &t.journals, &t.journal_count, err);
	if (!status) {
		t.spent = calloc(t.journal_count + 1, sizeof *t.spent);
		if (!t.spent)
			status = tp_fail(err, TP_NOMEM, "out of memory");
	}
	if (!status && t.journal_count)
		status = mark_folder(&t, "pack", err);
	if (!status && t.journal_count)
		status = mark_folder(&t, "cellar", err);
	if (!status) {
		tell_kept(&t);
		status = tp_journals_remove(archive, t.journals, gather_spent(&t), err);
	}
	free(t.journals);
	free(t.spent);
	return status;
}
