/* What the packs hold: see rotate_stock.h. */
#include "archive/rotate_stock.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "archive/blob.h"
#include "archive/journal.h"
#include "archive/missing.h"
#include "archive/pack.h"

/* A file on a disc takes whole sectors, and its name, its line in the lists and its place in the
 * index some more. */
#define SECTOR       2048
#define BESIDES_FILE 768

/* --- sets of attachments ---------------------------------------------------------------------- */

void tp_blob_set_release(struct tp_blob_set *set)
{
	free(set->keys);
	*set = (struct tp_blob_set){ .keys = NULL };
}

static uint64_t key_of(const unsigned char sha256[TP_SHA256_BYTES])
{
	uint64_t key;

	memcpy(&key, sha256, sizeof key);
	return key ? key : 1;
}

/* Where the key is, or would be. The keys are hashes already. */
static size_t place_of(const struct tp_blob_set *set, uint64_t key)
{
	size_t at = key & (set->cap - 1);

	while (set->keys[at] && set->keys[at] != key)
		at = (at + 1) & (set->cap - 1);
	return at;
}

static enum tp_status grow(struct tp_blob_set *set, struct tp_error *err)
{
	struct tp_blob_set larger = { .count = set->count, .cap = set->cap ? set->cap * 2 : 1024 };

	larger.keys = calloc(larger.cap, sizeof *larger.keys);
	if (!larger.keys)
		return tp_fail(err, TP_NOMEM, "attachments: out of memory");
	for (size_t i = 0; i < set->cap; i++)
		if (set->keys[i])
			larger.keys[place_of(&larger, set->keys[i])] = set->keys[i];
	free(set->keys);
	*set = larger;
	return TP_OK;
}

enum tp_status tp_blob_set_add(struct tp_blob_set *set, const unsigned char sha256[TP_SHA256_BYTES],
	bool *added, struct tp_error *err)
{
	uint64_t key = key_of(sha256);
	enum tp_status status = set->count >= set->cap / 2 ? grow(set, err) : TP_OK;
	size_t at;

	if (status)
		return status;
	at = place_of(set, key);
	if (added)
		*added = !set->keys[at];
	set->count += !set->keys[at];
	set->keys[at] = key;
	return TP_OK;
}

bool tp_blob_set_has(const struct tp_blob_set *set, const unsigned char sha256[TP_SHA256_BYTES])
{
	return set->count && set->keys[place_of(set, key_of(sha256))];
}

/* Adds the blobs of one message; *bytes (may be NULL) grows by those that were not in the set. */
static enum tp_status add_holes(struct tp_blob_set *set, struct tp_archive *archive,
	const struct tp_split *split, uint64_t *bytes, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	uint64_t size;
	bool added;

	for (size_t i = 0; !status && i < split->count; i++) {
		status = tp_blob_set_add(set, split->holes[i].sha256, &added, err);
		if (!status && added && bytes &&
			!tp_blob_size(archive, split->holes[i].sha256, &size, NULL))
			*bytes += size;
	}
	return status;
}

static enum tp_status add_journal(struct tp_blob_set *set, struct tp_archive *archive,
	uint32_t number, uint64_t *bytes, struct tp_error *err)
{
	struct tp_journal_reader *reader;
	enum tp_status status = tp_journal_open(archive, number, &reader, err);
	uint64_t offset, torn;

	while (!status) {
		struct tp_split split = { .holes = NULL };

		/* Damage may hide a use; then it is no time to let anything go. */
		status = tp_journal_next(reader, NULL, &offset, &torn, err);
		if (!status)
			status = tp_journal_read(reader, offset, NULL, &split, err);
		if (!status)
			status = add_holes(set, archive, &split, bytes, err);
		tp_split_release(&split);
	}
	tp_journal_close(reader);
	return status == TP_NOTHING || status == TP_NOINPUT ? TP_OK : status;
}

static enum tp_status add_journals(
	struct tp_blob_set *set, struct tp_archive *archive, uint64_t *bytes, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(archive, "journal", &numbers, &count, err);

	for (size_t i = 0; !status && i < count; i++)
		status = add_journal(set, archive, numbers[i], bytes, err);
	free(numbers);
	return status;
}

enum tp_status tp_blob_set_add_journals(
	struct tp_blob_set *set, struct tp_archive *archive, struct tp_error *err)
{
	return add_journals(set, archive, NULL, err);
}

/* Damage, or that a pack is missing, is noted, and passed over. */
static enum tp_status pass_over(struct tp_stock *stock, enum tp_status status,
	const struct tp_error *why, struct tp_error *err)
{
	bool damaged = status == TP_DATA || status == TP_IO;

	if (damaged && !stock->damage.status)
		stock->damage = *why;
	if (damaged || !status)
		return TP_OK;
	return tp_fail(err, status, "%s", why->text);
}

/* --- packs ------------------------------------------------------------------------------------ */

static void count_message(struct tp_stock_pack *stock, const struct tp_record *record)
{
	if (!stock->messages || record->arrival_ms < stock->first_ms)
		stock->first_ms = record->arrival_ms;
	stock->messages++;
	stock->message_bytes += record->size_bytes;
	stock->disc_bytes += (record->size_bytes + SECTOR - 1) / SECTOR * SECTOR + BESIDES_FILE;
}

static enum tp_status add_pack(struct tp_blob_set *set, struct tp_archive *archive,
	struct tp_stock_pack *stock, struct tp_error *err)
{
	struct tp_pack *pack;
	enum tp_status status = tp_pack_open(archive, stock->number, &pack, err);

	if (status)
		return status;
	stock->file_bytes = tp_pack_size(pack);
	for (size_t i = 0; !status && i < tp_pack_count(pack); i++) {
		struct tp_record record = TP_RECORD_INIT;
		struct tp_split split = { .holes = NULL };

		status = tp_pack_record(pack, i, &record, &split, err);
		if (!status) {
			count_message(stock, &record);
			status = add_holes(set, archive, &split, &stock->blob_bytes, err);
		} else if (status == TP_NOTHING) {
			status = TP_OK;
		}
		tp_record_release(&record);
		tp_split_release(&split);
	}
	tp_pack_close(pack);
	return status;
}

enum tp_status tp_blob_set_add_pack(
	struct tp_blob_set *set, struct tp_archive *archive, uint32_t number, struct tp_error *err)
{
	struct tp_stock_pack stock = { .number = number };

	return add_pack(set, archive, &stock, err);
}

static enum tp_status list_folder(struct tp_archive *archive, const char *folder, bool in_cellar,
	struct tp_stock *stock, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	struct tp_stock_pack *larger;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(archive, folder, &numbers, &count, err);

	if (status)
		return status;
	larger = reallocarray(stock->packs, stock->count + count + 1, sizeof *larger);
	if (!larger)
		status = tp_fail(err, TP_NOMEM, "packs: out of memory");
	else
		stock->packs = larger;
	for (size_t i = 0; !status && i < count; i++)
		stock->packs[stock->count++] =
			(struct tp_stock_pack){ .number = numbers[i], .in_cellar = in_cellar };
	free(numbers);
	return status;
}

static int compare(const void *left, const void *right)
{
	const struct tp_stock_pack *a = left, *b = right;

	if (a->last_ms != b->last_ms)
		return a->last_ms < b->last_ms ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

/* Messages stand in a pack in order of arrival. One that is damaged is as old as it looks: not at all. */
static enum tp_status look_up_age(
	struct tp_archive *archive, struct tp_stock_pack *stock, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_pack *pack;
	enum tp_status status = tp_pack_open(archive, stock->number, &pack, err);

	stock->last_ms = INT64_MAX;
	if (status)
		return status;
	if (tp_pack_count(pack))
		status = tp_pack_record(pack, tp_pack_count(pack) - 1, &record, NULL, err);
	if (status == TP_NOTHING)
		status = TP_OK;
	if (!status)
		stock->last_ms = record.arrival_ms;
	tp_record_release(&record);
	tp_pack_close(pack);
	return status;
}

/* Bytes of the journals' files; what their attachments take is added by who reads them. */
static enum tp_status size_journals(
	struct tp_archive *archive, uint64_t *bytes, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	char name[TP_ARCHIVE_NAME];
	size_t count = 0;
	struct stat st;
	enum tp_status status = tp_archive_numbers(archive, "journal", &numbers, &count, err);

	for (size_t i = 0; !status && i < count; i++) {
		tp_archive_name("journal", numbers[i], name);
		if (!fstatat(archive->dir, name, &st, 0))
			*bytes += (uint64_t)st.st_size;
	}
	free(numbers);
	return status;
}

static enum tp_status take(struct tp_archive *archive, struct tp_stock *stock, struct tp_error *err)
{
	struct tp_blob_set seen = { .keys = NULL };
	struct tp_error why;
	enum tp_status status = list_folder(archive, "pack", false, stock, err);

	if (!status)
		status = list_folder(archive, "cellar", true, stock, err);
	for (size_t i = 0; !status && i < stock->count; i++)
		status = pass_over(stock, look_up_age(archive, &stock->packs[i], &why), &why, err);
	if (!status && stock->count)
		qsort(stock->packs, stock->count, sizeof *stock->packs, compare);
	if (!status)
		status = size_journals(archive, &stock->journal_bytes, err);
	if (!status)
		status = pass_over(stock, add_journals(&seen, archive, &stock->journal_bytes, &why),
			&why, err);
	for (size_t i = stock->count; !status && i-- > 0;)
		status = pass_over(
			stock, add_pack(&seen, archive, &stock->packs[i], &why), &why, err);
	if (!status)
		status = pass_over(stock, tp_packs_are_there(archive, &why), &why, err);
	tp_blob_set_release(&seen);
	return status;
}

enum tp_status tp_stock_take(
	struct tp_archive *archive, struct tp_stock *stock, struct tp_error *err)
{
	enum tp_status status = tp_archive_lock(archive, TP_HOLD_READ, err);

	*stock = (struct tp_stock){ .packs = NULL };
	if (status)
		return status;
	status = take(archive, stock, err);
	tp_archive_unlock(archive);
	if (status)
		tp_stock_release(stock);
	return status;
}

void tp_stock_release(struct tp_stock *stock)
{
	free(stock->packs);
	*stock = (struct tp_stock){ .packs = NULL };
}
