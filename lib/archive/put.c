/*
 * Putting: see put.h. What makes an acknowledgement true:
 *
 * - The delivery's lock is held from the question "is it there already" until the record is durable,
 *   so of two equal puts one stores and the other finds. In a batch many are held, and nobody waits
 *   for one while he holds another: he flushes his batch first.
 * - What is found may be the work of a process that was killed before its sync, and its bytes may
 *   have suffered since. So a find in a journal counts only when it gives back this very message, and
 *   is acknowledged only after a sync of our own. What is in a pack was synced, but its disk may have
 *   failed since: it is read back, too. What does not come back is stored again, under an id of its
 *   own (a millisecond later when need be); the damaged one keeps its id, for archive-check to name
 *   and a copy of the pack to mend. The next put meets the youngest copy first.
 * - Blobs are durable before the record that names them is written, and their names before it is synced;
 *   the shared lock keeps erasers away until then.
 * - The way back is gone before the sync, through the same code that readers use. Where a shared blob
 *   does not give back its bytes (its disk may have failed it), the message is stored whole instead: no
 *   mail has to wait for a repair.
 */
#include "archive/put.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/blob.h"
#include "archive/journal.h"
#include "archive/known.h"
#include "archive/split.h"
#include "base/clock.h"

struct tp_putter {
	struct tp_archive *archive;
	struct tp_journal *journal; /* NULL until the first message that is new */
	struct tp_known *known;
	bool locked;                    /* the archive's shared lock is ours */
	int deliveries;                 /* the locks of what was put and not flushed */
	struct tp_blob_folders folders; /* of blobs whose names may not be durable */
	bool unsynced;                  /* the journal has something that may not be durable */
	struct tp_error lost;           /* why something that was put will never be durable */
};

/* --- the proof -------------------------------------------------------------------------------- */

struct comparing {
	const char *data;
	size_t len, at;
};

static enum tp_status compare(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct comparing *with = context;

	if (len > with->len - with->at || memcmp(with->data + with->at, bytes, len))
		return tp_fail(err, TP_DATA, "not the message that was put");
	with->at += len;
	return TP_OK;
}

static enum tp_status read_blob(void *context, const unsigned char sha256[TP_SHA256_BYTES],
	tp_press_sink *sink, void *sink_context, struct tp_error *err)
{
	return tp_blob_read(context, sha256, sink, sink_context, err);
}

static enum tp_status join_piece(void *joiner, const char *bytes, size_t len, struct tp_error *err)
{
	return tp_joiner_add(joiner, bytes, len, err);
}

static enum tp_status compare_joined(struct tp_archive *archive, struct tp_journal_reader *reader,
	uint64_t offset, const struct tp_split *split, struct comparing *with, struct tp_error *err)
{
	struct tp_joiner *joiner = NULL;
	enum tp_status status =
		tp_joiner_new(split, read_blob, archive, compare, with, &joiner, err);

	if (!status)
		status = tp_journal_skeleton(reader, offset, join_piece, joiner, err);
	if (!status)
		status = tp_joiner_end(joiner, err);
	tp_joiner_free(joiner);
	return status;
}

/* TP_OK when what stands at `offset` gives back exactly this message, by this record's id. */
static enum tp_status prove(struct tp_archive *archive, struct tp_journal_reader *reader,
	uint64_t offset, const char *id, const struct tp_put_request *request, struct tp_error *err)
{
	struct comparing with = { .data = request->data, .len = request->len };
	struct tp_split split = { .holes = NULL };
	struct tp_record record = TP_RECORD_INIT;
	enum tp_status status = tp_journal_read(reader, offset, &record, &split, err);

	if (status)
		return status;
	if (strcmp(record.id, id))
		status = tp_fail(err, TP_DATA, "not the record that was put");
	else if (split.count)
		status = compare_joined(archive, reader, offset, &split, &with, err);
	else
		status = tp_journal_skeleton(reader, offset, compare, &with, err);
	if (!status && with.at != with.len)
		status = tp_fail(err, TP_DATA, "not all of the message that was put");
	tp_record_release(&record);
	tp_split_release(&split);
	return status;
}

/* --- the record ------------------------------------------------------------------------------- */

static enum tp_status copy(char **to, const char *text, struct tp_error *err)
{
	*to = strdup(text);
	return *to ? TP_OK : tp_fail(err, TP_NOMEM, "record: out of memory");
}

static enum tp_status describe(
	const struct tp_put_request *request, struct tp_record *record, struct tp_error *err)
{
	const struct tp_strings *rcpts = request->rcpts;
	enum tp_status status = TP_OK;
	char uid[32];

	snprintf(uid, sizeof uid, "uid %lu", (unsigned long)getuid());
	record->arrival_ms =
		request->arrival_ms || request->dated ? request->arrival_ms : tp_now_ms();
	if (request->sender)
		status = copy(&record->sender, request->sender, err);
	for (size_t i = 0; !status && rcpts && i < rcpts->count; i++)
		status = tp_strings_add(&record->rcpts, rcpts->list[i], err);
	if (!status)
		status = copy(&record->actor, request->actor ? request->actor : uid, err);
	if (!status)
		status = tp_record_describe(record, request->data, request->len, err);
	return status ? status : tp_record_identify(record, err);
}

/* Two deliveries of one millisecond may share the 30 bits of hash in their ids: the later one came a
 * millisecond later. */
static enum tp_status settle_id(
	struct tp_putter *putter, struct tp_record *record, struct tp_error *err)
{
	enum tp_status status;

	while (!(status = tp_known_id(putter->known, putter->journal, record->id, err))) {
		record->arrival_ms = record->arrival_ms < 0 ? 0 : record->arrival_ms + 1;
		status = tp_record_identify(record, err);
		if (status)
			return status;
	}
	return status == TP_NOTHING ? TP_OK : status;
}

/* --- putting ---------------------------------------------------------------------------------- */

enum tp_status tp_putter_new(
	struct tp_archive *archive, struct tp_putter **out, struct tp_error *err)
{
	enum tp_status status = tp_archive_need_key(archive, err);

	*out = NULL;
	if (status)
		return status;
	if (archive->read_only)
		return tp_fail(err, TP_DENIED, "archive %s: read-only", archive->path);
	*out = calloc(1, sizeof **out);
	if (!*out)
		return tp_fail(err, TP_NOMEM, "archive: out of memory");
	(*out)->archive = archive;
	(*out)->deliveries = -1;
	status = tp_known_new(archive, &(*out)->known, err);
	if (status) {
		tp_putter_free(*out);
		*out = NULL;
	}
	return status;
}

static void let_go(struct tp_putter *putter)
{
	if (putter->deliveries >= 0)
		close(putter->deliveries);
	putter->deliveries = -1;
	if (putter->known)
		tp_known_forget(putter->known);
	if (putter->locked)
		tp_archive_unlock(putter->archive);
	putter->locked = false;
}

void tp_putter_free(struct tp_putter *putter)
{
	if (!putter)
		return;
	let_go(putter);
	tp_known_free(putter->known);
	tp_journal_release(putter->journal);
	free(putter);
}

/* Makes durable what is pending and lets go of all locks. */
static enum tp_status settle(struct tp_putter *putter, struct tp_error *err)
{
	enum tp_status status = tp_blob_settle(putter->archive, &putter->folders, err);

	if (!status && putter->unsynced)
		status = tp_journal_sync(putter->journal, err);
	else if (putter->unsynced)
		tp_journal_take_back(putter->journal, tp_journal_synced(putter->journal), NULL);
	putter->unsynced = false;
	if (!status)
		status = tp_known_settle(putter->known, err);
	let_go(putter);
	if (putter->journal && (status || tp_journal_size(putter->journal) >=
						  putter->archive->settings.journal_bytes)) {
		tp_journal_release(putter->journal);
		putter->journal = NULL;
	}
	return status;
}

void tp_putter_rest(struct tp_putter *putter)
{
	if (putter->locked || putter->unsynced)
		return;
	tp_journal_release(putter->journal);
	putter->journal = NULL;
}

enum tp_status tp_putter_flush(struct tp_putter *putter, struct tp_error *err)
{
	enum tp_status status = settle(putter, err);

	if (!status && putter->lost.status)
		status = tp_fail(err, putter->lost.status, "%s", putter->lost.text);
	putter->lost = (struct tp_error){ TP_OK, "" };
	return status;
}

/* The shared lock, then the delivery's. Whoever has that one may be waiting for one of ours. */
static enum tp_status lock(
	struct tp_putter *putter, const struct tp_record *record, struct tp_error *err)
{
	for (bool wait = false;; wait = true) {
		enum tp_status status = TP_OK;

		if (!putter->locked)
			status = tp_archive_lock(putter->archive, TP_HOLD_PUT, err);
		if (status)
			return status;
		putter->locked = true;
		status = tp_archive_lock_delivery(
			putter->archive, record->delivery, wait, &putter->deliveries, err);
		if (status != TP_TEMPORARY)
			return status;
		if (settle(putter, &putter->lost))
			return tp_fail(err, putter->lost.status, "%s", putter->lost.text);
	}
}

/* The same of a message in a pack: nobody is told "it is there already" of what cannot be had back. */
static enum tp_status prove_sealed(struct tp_putter *putter, const char *id,
	const struct tp_put_request *request, struct tp_error *err)
{
	struct comparing with = { .data = request->data, .len = request->len };
	enum tp_status status = tp_known_content(putter->known, id, compare, &with, err);

	if (!status && with.at != with.len)
		status = tp_fail(err, TP_DATA, "not all of the message that was put");
	return status;
}

/* What was found cannot be answered for; the new copy can. */
static bool is_no_proof(enum tp_status status)
{
	return status == TP_DATA || status == TP_IO || status == TP_NOINPUT ||
	       status == TP_UNAVAILABLE;
}

/* TP_OK when the delivery is stored already, and can be answered for after the next sync. */
static enum tp_status find_known(struct tp_putter *putter, const struct tp_record *record,
	const struct tp_put_request *request, struct tp_put_result *result, struct tp_error *err)
{
	struct tp_known_place place;
	enum tp_status status =
		tp_known_delivery(putter->known, putter->journal, record->delivery, &place, err);

	if (!status && !place.reader) {
		status = prove_sealed(putter, place.id, request, err);
		if (is_no_proof(status)) {
			memcpy(result->damaged, place.id, sizeof result->damaged);
			status = TP_NOTHING;
		}
	} else if (!status) {
		status = prove(putter->archive, place.reader, place.offset, place.id, request, err);
		if (is_no_proof(status))
			status = TP_NOTHING;
		if (!status)
			tp_known_trust(putter->known, &place);
		if (!status && putter->journal &&
			place.number == tp_journal_number(putter->journal))
			putter->unsynced = true;
	}
	if (status)
		return status;
	result->known = true;
	memcpy(result->id, place.id, sizeof result->id);
	return TP_OK;
}

static enum tp_status put_blobs(struct tp_putter *putter, const struct tp_split *split,
	const struct tp_put_request *request, struct tp_put_result *result, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	uint64_t bytes;

	for (size_t i = 0; !status && i < split->count; i++) {
		bytes = 0;
		status = tp_blob_put_later(putter->archive, request->data, &split->holes[i],
			&putter->folders, &bytes, err);
		result->stored_bytes += bytes;
	}
	return status;
}

/* Appends the record and goes the way back; takes it back where that way does not lead to the
 * message. */
static enum tp_status append(struct tp_putter *putter, const struct tp_record *record,
	const struct tp_split *split, const struct tp_put_request *request,
	struct tp_put_result *result, struct tp_error *err)
{
	uint64_t bytes = 0, offset = 0;
	enum tp_status status;

	if (!putter->journal) {
		status = tp_journal_hold(putter->archive, &putter->journal, err);
		if (status)
			return status;
	}
	status = tp_journal_append(putter->journal, record, split, request->data, request->len,
		false, &bytes, &offset, err);
	if (status)
		return status;
	status = prove(putter->archive, tp_journal_look(putter->journal), offset, record->id,
		request, err);
	if (status) {
		if (tp_journal_take_back(putter->journal, offset, &putter->lost))
			return tp_fail(err, putter->lost.status, "%s", putter->lost.text);
		return status;
	}
	result->stored_bytes += bytes;
	putter->unsynced = true;
	return TP_OK;
}

static enum tp_status store(struct tp_putter *putter, const struct tp_record *record,
	const struct tp_put_request *request, struct tp_put_result *result, struct tp_error *err)
{
	struct tp_split split = { .holes = NULL }, whole = { .skeleton_bytes = request->len };
	enum tp_status status = tp_split(request->data, request->len, &split, err);

	if (status)
		return status;
	result->holes = (uint32_t)split.count;
	status = put_blobs(putter, &split, request, result, err);
	if (!status)
		status = append(putter, record, &split, request, result, err);
	if (status == TP_DATA && split.count) {
		result->holes = 0;
		status = append(putter, record, &whole, request, result, err);
	}
	if (status == TP_DATA)
		status = tp_fail(err, TP_INTERNAL,
			"message %s: what was stored does not give it back", record->id);
	tp_split_release(&split);
	return status;
}

enum tp_status tp_putter_put(struct tp_putter *putter, const struct tp_put_request *request,
	struct tp_put_result *result, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	enum tp_status status = describe(request, &record, err);

	*result = (struct tp_put_result){ .known = false };
	if (!status)
		status = lock(putter, &record, err);
	if (!status)
		status = find_known(putter, &record, request, result, err);
	if (status == TP_NOTHING) {
		status = settle_id(putter, &record, err);
		if (!status)
			status = store(putter, &record, request, result, err);
		memcpy(result->id, record.id, sizeof result->id);
	}
	tp_record_release(&record);
	return status;
}

enum tp_status tp_put(struct tp_archive *archive, const struct tp_put_request *request,
	struct tp_put_result *result, struct tp_error *err)
{
	struct tp_putter *putter;
	enum tp_status status = tp_putter_new(archive, &putter, err);

	if (!status)
		status = tp_putter_put(putter, request, result, err);
	if (!status)
		status = tp_putter_flush(putter, err);
	tp_putter_free(putter);
	return status;
}

/* One that has been full for long is damaged, or nobody can seal: then not each mail has to try. */
#define FULL_LATELY_S 300

bool tp_put_wants_seal(struct tp_archive *archive)
{
	uint32_t *numbers = NULL;
	char name[TP_ARCHIVE_NAME];
	bool wants = false;
	size_t count = 0;
	struct stat st;

	if (tp_archive_numbers(archive, "journal", &numbers, &count, NULL))
		return false;
	for (size_t i = 0; i < count && !wants; i++) {
		tp_archive_name("journal", numbers[i], name);
		wants = !fstatat(archive->dir, name, &st, 0) &&
			(uint64_t)st.st_size >= archive->settings.journal_bytes &&
			st.st_mtime >= time(NULL) - FULL_LATELY_S;
	}
	free(numbers);
	return wants;
}
