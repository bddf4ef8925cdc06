/* Making whole what can be: see check.h. */
#include "archive/check.h"

#include <unistd.h>

#include "archive/blob.h"
#include "archive/chain.h"
#include "archive/erase.h"
#include "archive/orphans.h"
#include "archive/pack.h"
#include "archive/register.h"
#include "archive/reindex.h"
#include "archive/salvage.h"
#include "archive/seal.h"
#include "archive/shred.h"

/* --- index ------------------------------------------------------------------------------------ */

static enum tp_status reindex_folder(struct tp_archive *archive, const char *folder,
	struct tp_rebuild_count *count, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t n = 0;
	enum tp_status status = tp_archive_numbers(archive, folder, &numbers, &n, err);

	for (size_t i = 0; !status && i < n; i++) {
		status = tp_reindex(archive, numbers[i], err);
		count->segments += !status;
		/* A damaged pack: archive-check has its own words for that. */
		if (status == TP_DATA)
			status = TP_OK;
	}
	free(numbers);
	return status;
}

static bool has_number(const uint32_t *numbers, size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* Segments of packs that are not there. */
static enum tp_status drop_strays(struct tp_archive *archive, struct tp_error *err)
{
	uint32_t *segments = NULL, *online = NULL, *cellar = NULL;
	size_t n = 0, on = 0, in = 0;
	enum tp_status status = tp_archive_numbers(archive, "index", &segments, &n, err);

	if (!status)
		status = tp_archive_numbers(archive, "pack", &online, &on, err);
	if (!status)
		status = tp_archive_numbers(archive, "cellar", &cellar, &in, err);
	for (size_t i = 0; !status && i < n; i++)
		if (!has_number(online, on, segments[i]) && !has_number(cellar, in, segments[i]))
			status = tp_segment_drop(archive, TP_SEGMENT_PACK, segments[i], err);
	free(segments);
	free(online);
	free(cellar);
	return status;
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum tp_status remove_orphans(
	struct tp_archive *archive, uint64_t *removed, struct tp_error *err)
{
	uint64_t damaged;
	enum tp_status status = tp_salvage_count(archive, &damaged, err);

	return status || damaged ? status : tp_orphans_remove(archive, 0, removed, err);
}

/* Under seal.lock. */
static enum tp_status rebuild(
	struct tp_archive *archive, struct tp_rebuild_count *count, struct tp_error *err)
{
	struct tp_chain chain;
	size_t erased;
	enum tp_status status = tp_erase_held(archive, NULL, 0, NULL, NULL, &erased, err);

	/* With damage about, an erasure may not come to its end; the index still can be made. */
	if (status && status != TP_DATA)
		return status;
	status = reindex_folder(archive, "pack", count, err);
	if (!status)
		status = reindex_folder(archive, "cellar", count, err);
	if (!status)
		status = tp_archive_lock(archive, TP_HOLD_ALL, err);
	if (status)
		return status;
	status = tp_shred_leftovers(archive, "index", err);
	if (!status)
		status = tp_chain_read(archive, &chain, err);
	if (!status && chain.number)
		status = tp_chain_write(archive, &chain, err);
	if (!status)
		status = drop_strays(archive, err);
	if (!status)
		status = tp_registers_drop(archive, 0, err);
	if (!status)
		status = tp_blob_sweep(archive, err);
	tp_archive_unlock(archive);
	if (!status)
		status = tp_registers_grow(archive, chain.number, err);
	return status ? status : remove_orphans(archive, &count->orphans, err);
}

static enum tp_status finish_erasure(struct tp_archive *archive, struct tp_error *err)
{
	size_t erased;
	enum tp_status status = tp_erase(archive, NULL, 0, NULL, NULL, false, &erased, err);

	return status == TP_DATA ? TP_OK : status;
}

/* Journals that stay as they are do not keep the rest from being made whole: *left says so. */
static enum tp_status salvage(struct tp_archive *archive, struct tp_salvage *salvage,
	struct tp_error *left, struct tp_error *err)
{
	struct tp_seal_report report;
	struct tp_error why;
	enum tp_status status = finish_erasure(archive, err);

	if (status)
		return status;
	status = tp_seal_salvage(archive, salvage, &report, &why);
	if (status == TP_DATA || status == TP_TEMPORARY) {
		*left = why;
		return TP_OK;
	}
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

enum tp_status tp_check_rebuild(struct tp_archive *archive, struct tp_salvage *aside,
	struct tp_rebuild_count *count, struct tp_error *err)
{
	struct tp_error left = { TP_OK, "" };
	int lock;
	enum tp_status status = tp_archive_need_key(archive, err);

	*count = (struct tp_rebuild_count){ 0 };
	if (!status)
		status = salvage(archive, aside, &left, err);
	if (!status)
		status = tp_seal_lock(archive, true, &lock, err);
	if (status)
		return status;
	status = rebuild(archive, count, err);
	close(lock);
	if (!status && left.status)
		status = tp_fail(err, TP_DATA, "%s", left.text);
	return status;
}
