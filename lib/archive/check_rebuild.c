/* Making whole what can be: see check.h. */
#include "archive/check.h"

#include <unistd.h>

#include "archive/blob.h"
#include "archive/chain.h"
#include "archive/erase.h"
#include "archive/pack.h"
#include "archive/reindex.h"
#include "archive/seal.h"
#include "archive/shred.h"
#include "archive/view.h"

/* --- index -------------------------------------------------------------------------------------- */

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

/* --- blobs that nobody uses --------------------------------------------------------------------- */

/* Used blobs as 64 bits of their names' digests: 8 bytes a blob. Two that share them only means that
 * an orphan stays. */
struct used {
	struct tp_archive *archive;
	uint64_t *list;
	size_t count, cap;
	uint64_t removed;
};

static enum tp_status key_of(const char *name, uint64_t *key, struct tp_error *err)
{
	unsigned char sha256[TP_SHA256_BYTES];
	enum tp_status status = tp_sha256(name, strlen(name), sha256, err);

	memcpy(key, sha256, sizeof *key);
	return status;
}

static int compare(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void sort_used(struct used *used)
{
	size_t kept = 0;

	if (used->count)
		qsort(used->list, used->count, sizeof *used->list, compare);
	for (size_t i = 0; i < used->count; i++)
		if (!kept || used->list[kept - 1] != used->list[i])
			used->list[kept++] = used->list[i];
	used->count = kept;
}

static enum tp_status add_used(struct used *used, const unsigned char *sha256, struct tp_error *err)
{
	char name[TP_BLOB_NAME];
	enum tp_status status = tp_blob_name(used->archive, sha256, name, err);

	bool full = used->count == used->cap;

	if (full)
		sort_used(used); /* doubles go before more room is taken */
	if (full && used->count > used->cap / 2) {
		size_t cap = 2 * used->cap;
		uint64_t *larger = reallocarray(used->list, cap, sizeof *larger);

		if (!larger)
			return tp_fail(err, TP_NOMEM, "out of memory");
		used->list = larger;
		used->cap = cap;
	}
	return status ? status : key_of(name, &used->list[used->count++], err);
}

static enum tp_status add_message(void *context, const struct tp_place *place,
	const struct tp_record *record, const struct tp_split *split, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < split->count; i++)
		status = add_used(context, split->holes[i].sha256, err);
	return status;
}

static enum tp_status remove_unused(
	void *context, const char *name, uint64_t stored_bytes, struct tp_error *err)
{
	struct used *used = context;
	uint64_t key;
	enum tp_status status = key_of(name, &key, err);

	if (status || bsearch(&key, used->list, used->count, sizeof key, compare))
		return status;
	used->removed++;
	return tp_blob_discard(used->archive, name, err);
}

/* Under the exclusive lock: no put is between its blobs and its record. An archive of which a part
 * cannot be read keeps all, for that part may use them. */
static enum tp_status remove_orphans(
	struct tp_archive *archive, uint64_t *removed, struct tp_error *err)
{
	struct used used = { .archive = archive, .cap = 1024 };
	struct tp_view *view = NULL;
	enum tp_status status;

	used.list = calloc(used.cap, sizeof *used.list);
	if (!used.list)
		return tp_fail(err, TP_NOMEM, "out of memory");
	status = tp_view_open(archive, &view, err);
	if (!status)
		status = tp_view_walk(
			view, 1u << TP_TIER_ONLINE | 1u << TP_TIER_CELLAR, add_message, &used, err);
	tp_view_close(view);
	sort_used(&used);
	if (!status)
		status = tp_blob_sweep(archive, err);
	if (!status)
		status = tp_blob_walk(archive, remove_unused, &used, err);
	*removed = used.removed;
	free(used.list);
	return status == TP_DATA ? TP_OK : status;
}

/* --- all of it ---------------------------------------------------------------------------------- */

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
		status = remove_orphans(archive, &count->orphans, err);
	tp_archive_unlock(archive);
	return status;
}

enum tp_status tp_check_rebuild(
	struct tp_archive *archive, struct tp_rebuild_count *count, struct tp_error *err)
{
	int lock;
	enum tp_status status = tp_archive_need_key(archive, err);

	*count = (struct tp_rebuild_count){ 0 };
	if (!status)
		status = tp_seal_lock(archive, true, &lock, err);
	if (status)
		return status;
	status = rebuild(archive, count, err);
	close(lock);
	return status;
}
