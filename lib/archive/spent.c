/* Has a pack replaced this journal: see spent.h. */
#include "archive/spent.h"

#include "archive/journal_form.h"
#include "archive/salvage.h"

bool tp_spent_is_listed(const struct tp_pack *pack, uint32_t journal)
{
	size_t count;
	const uint32_t *replaced = tp_pack_journals(pack, &count);

	for (size_t i = 0; i < count; i++)
		if (replaced[i] == journal)
			return true;
	return false;
}

/* --- by its last message ---------------------------------------------------------------------- */

/* The id of the last message that is not erased, "" when there is none. */
static void last_id(struct tp_journal_reader *journal, char id[TP_ID_LEN + 1])
{
	struct tp_journal_head head;
	enum tp_status status;
	uint64_t at, torn;

	id[0] = 0;
	if (!tp_journal_last(journal, &at, NULL) && at &&
		!tp_journal_head_at(journal, at, &head, NULL) && !head.erased) {
		memcpy(id, head.id, TP_ID_LEN + 1);
		return;
	}
	tp_journal_rewind(journal);
	while ((status = tp_journal_next_head(journal, &head, &torn, NULL)) != TP_NOTHING) {
		if (status && status != TP_DATA && status != TP_IO)
			return;
		if (!status && !head.erased)
			memcpy(id, head.id, TP_ID_LEN + 1);
	}
}

bool tp_spent_seems(struct tp_journal_reader *journal, struct tp_pack *pack)
{
	char id[TP_ID_LEN + 1];
	size_t i;

	last_id(journal, id);
	return !*id || !tp_pack_find(pack, id, &i, NULL);
}

/* --- by all of them --------------------------------------------------------------------------- */

/* TP_OK: message i of the pack is this one. TP_NOTHING: another. */
static enum tp_status compare(
	struct tp_pack *pack, size_t i, const struct tp_record *record, struct tp_error *err)
{
	struct tp_record there = TP_RECORD_INIT;
	enum tp_status status = tp_pack_record(pack, i, &there, NULL, err);
	bool same = !memcmp(there.id, record->id, TP_ID_LEN);

	if (!status)
		same = same && !memcmp(there.sha256, record->sha256, TP_SHA256_BYTES);
	tp_record_release(&there);
	if (status && status != TP_NOTHING)
		return status;
	return same ? TP_OK : TP_NOTHING;
}

/* Two messages of one id stand one behind the other. */
static enum tp_status find(
	struct tp_pack *pack, const struct tp_record *record, struct tp_error *err)
{
	size_t at;
	enum tp_status status = tp_pack_find(pack, record->id, &at, err);

	if (status)
		return status;
	status = compare(pack, at, record, err);
	if (status == TP_NOTHING && at + 1 < tp_pack_count(pack))
		status = compare(pack, at + 1, record, err);
	if (status == TP_NOTHING && at)
		status = compare(pack, at - 1, record, err);
	return status;
}

static bool is_aside(
	struct tp_archive *archive, const struct tp_journal_reader *journal, uint64_t offset)
{
	struct tp_damage damage = { .journal = journal->opening.number,
		.offset = offset,
		.bytes = tp_journal_tell(journal) - offset };

	return tp_salvage_has(archive, &damage);
}

enum tp_status tp_spent_prove(struct tp_archive *archive, struct tp_journal_reader *journal,
	struct tp_pack *pack, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	enum tp_status status = TP_OK;
	struct tp_error why;

	tp_journal_rewind(journal);
	while (!status) {
		uint64_t offset = tp_journal_tell(journal), torn;

		status = tp_journal_next(journal, &record, &offset, &torn, &why);
		if (status == TP_NOTHING)
			return TP_OK;
		if (!status && (status = find(pack, &record, &why)) == TP_NOTHING)
			tp_fail(&why, TP_NOTHING, "%s is not in it", record.id);
		tp_record_release(&record);
		if ((status == TP_NOTHING || status == TP_DATA || status == TP_IO) &&
			is_aside(archive, journal, offset))
			status = TP_OK;
	}
	/* What cannot be compared is not proven. */
	return tp_fail(
		err, status == TP_DATA || status == TP_IO ? TP_NOTHING : status, "%s", why.text);
}
