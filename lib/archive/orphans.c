/*
 * Collecting unused attachments: see orphans.h. Packs stay as they are under seal.lock, so who uses what
 * in them is asked once, beside everybody; what is not used then, and old enough, may still come
 * into use by a put at any moment until we have the archive for ourselves. So it is only then that
 * journals are asked (again), and only then that a name goes; the bytes are overwritten afterwards.
 */
#include "archive/orphans.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/blob_form.h"
#include "archive/missing.h"
#include "archive/rotate_stock.h"
#include "archive/view.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/hex.h"

#define AT_ONCE 64 /* names that go while everybody waits */

struct collecting {
	struct tp_archive *archive;
	struct tp_blob_set used; /* by the bytes of their names */
	struct tp_strings found; /* names of unused ones */
	int64_t before;          /* seconds: older than this */
	uint64_t removed;
};

/* --- who uses what ---------------------------------------------------------------------------- */

static enum tp_status add_used(void *context, const struct tp_place *place,
	const struct tp_record *record, const struct tp_split *split, struct tp_error *err)
{
	struct collecting *c = context;
	unsigned char name[TP_SHA256_BYTES];
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < split->count; i++) {
		status = tp_blob_name_bytes(c->archive, split->holes[i].sha256, name, err);
		if (!status)
			status = tp_blob_set_add(&c->used, name, NULL, err);
	}
	return status;
}

static enum tp_status look(
	struct collecting *c, tp_view_each *each, bool journals_alone, struct tp_error *err)
{
	unsigned tiers = 1u << TP_TIER_ONLINE | 1u << TP_TIER_CELLAR;
	struct tp_view *view;
	enum tp_status status = tp_view_open(c->archive, &view, err);

	if (!status)
		status = journals_alone ? tp_view_walk_journals(view, each, c, err)
					: tp_view_walk(view, tiers, each, c, err);
	tp_view_close(view);
	return status;
}

static bool is_used(const struct collecting *c, const char *name)
{
	unsigned char bytes[TP_SHA256_BYTES];
	char hex[TP_SHA256_HEX];

	memcpy(hex, name + strlen("blob/ab/"), sizeof hex - 1);
	hex[sizeof hex - 1] = 0;
	return !tp_unhex(hex, bytes, sizeof bytes) || tp_blob_set_has(&c->used, bytes);
}

static enum tp_status find_unused(
	void *context, const char *name, uint64_t stored_bytes, struct tp_error *err)
{
	struct collecting *c = context;
	struct stat st;

	if (is_used(c, name) || fstatat(c->archive->dir, name, &st, 0) ||
		st.st_mtim.tv_sec > c->before)
		return TP_OK;
	return tp_strings_add(&c->found, name, err);
}

/* --- removing --------------------------------------------------------------------------------- */

/* found[begin, end) that are still unused lose their names. */
static enum tp_status drop_some(
	struct collecting *c, size_t begin, size_t end, struct tp_error *err)
{
	struct tp_blob_folders folders = { { 0 } };
	enum tp_status status = tp_archive_lock(c->archive, TP_HOLD_ALL, err);

	if (status)
		return status;
	status = look(c, add_used, true, err);
	for (size_t i = begin; !status && i < end; i++) {
		const char *name = c->found.list[i];

		if (is_used(c, name))
			continue;
		status = tp_blob_drop_name(c->archive, name, &folders, err);
		c->removed += !status;
	}
	if (!status)
		status = tp_blob_settle(c->archive, &folders, err);
	tp_archive_unlock(c->archive);
	return status;
}

static enum tp_status remove_some(
	struct collecting *c, size_t begin, size_t end, struct tp_error *err)
{
	enum tp_status status = drop_some(c, begin, end, err);

	return status ? status : tp_blob_shred_dropped(c->archive, err);
}

static enum tp_status collect(struct collecting *c, struct tp_error *err)
{
	enum tp_status status = tp_packs_are_there(c->archive, err);

	if (!status)
		status = look(c, add_used, false, err);
	if (!status)
		status = tp_blob_walk(c->archive, find_unused, c, err);
	for (size_t i = 0; !status && i < c->found.count; i += AT_ONCE)
		status = remove_some(
			c, i, i + AT_ONCE < c->found.count ? i + AT_ONCE : c->found.count, err);
	return status;
}

enum tp_status tp_orphans_remove_strictly(
	struct tp_archive *archive, int64_t age_seconds, uint64_t *removed, struct tp_error *err)
{
	struct collecting c = { .archive = archive, .before = tp_now() - age_seconds };
	enum tp_status status = collect(&c, err);

	*removed = c.removed;
	tp_blob_set_release(&c.used);
	tp_strings_release(&c.found);
	return status;
}

enum tp_status tp_orphans_remove(
	struct tp_archive *archive, int64_t age_seconds, uint64_t *removed, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = tp_orphans_remove_strictly(archive, age_seconds, removed, &why);

	if (status == TP_DATA)
		tp_notice("unused attachments are kept: %s", why.text);
	return !status || status == TP_DATA ? TP_OK : tp_fail(err, status, "%s", why.text);
}
