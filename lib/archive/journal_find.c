/*
 * Finding in a journal by the trie that its heads make: see journal.h.
 *
 * A search begins at the last record. The first bit in which its tag differs from the one wanted
 * says where to go on: the last record that agrees up to that bit and differs in it, as what we want
 * does. So each step settles at least one bit, and about log2(n)/2 of n heads are read. Where the
 * way meets damage, all heads are walked: slow, and right.
 */
#include "archive/journal.h"
#include "archive/journal_form.h"

unsigned tp_journal_first_difference(uint32_t a, uint32_t b)
{
	uint32_t difference = (a ^ b) << (32 - TP_JOURNAL_TAG_BITS);

	return difference ? (unsigned)__builtin_clz(difference) : TP_JOURNAL_TAG_BITS;
}

/* What is wanted, and what says whether a record with the right tag is it. */
struct wanted {
	uint32_t tag;
	const char *id;                /* by its id, or */
	const unsigned char *delivery; /* by its delivery */
	char *found_id;
};

/* TP_NOTHING: not this one. A record that cannot be read is not it, either: what it says counts for
 * nothing, and whoever puts that mail again shall store it again. */
static enum tp_status judge(struct tp_journal_reader *reader, const struct wanted *wanted,
	const struct tp_journal_head *head, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	enum tp_status status = TP_NOTHING;

	if (head->tag != wanted->tag || head->erased)
		return TP_NOTHING;
	if (wanted->id)
		return strcmp(head->id, wanted->id) ? TP_NOTHING : TP_OK;
	status = tp_journal_read(reader, head->offset, &record, NULL, err);
	if (status)
		return status == TP_DATA ? TP_NOTHING : status;
	if (memcmp(record.delivery, wanted->delivery, TP_SHA256_BYTES))
		status = TP_NOTHING;
	else
		memcpy(wanted->found_id, record.id, sizeof record.id);
	tp_record_release(&record);
	return status;
}

static enum tp_status find_by_walk(struct tp_journal_reader *reader, const struct wanted *wanted,
	uint64_t *offset, struct tp_error *err)
{
	struct tp_journal_head head;
	enum tp_status status, found = TP_NOTHING;
	uint64_t at = reader->at, torn;

	tp_journal_rewind(reader);
	for (;;) {
		status = tp_journal_next_head(reader, &head, &torn, err);
		if (status == TP_DATA)
			continue;
		if (status)
			break;
		status = judge(reader, wanted, &head, err);
		if (status == TP_OK) {
			found = TP_OK;
			*offset = head.offset;
		} else if (status != TP_NOTHING) {
			break;
		}
	}
	reader->at = at;
	return status == TP_NOTHING ? found : status;
}

static enum tp_status find(struct tp_journal_reader *reader, const struct wanted *wanted,
	uint64_t *offset, struct tp_error *err)
{
	struct tp_journal_head head;
	enum tp_status status;
	uint64_t at;

	status = tp_journal_last(reader, &at, err);
	while (!status && at) {
		status = tp_journal_head_at(reader, at, &head, err);
		if (status)
			break;
		*offset = at;
		status = judge(reader, wanted, &head, err);
		if (status != TP_NOTHING)
			return status;
		status = TP_OK;
		at = (uint64_t)head.siblings[tp_journal_first_difference(head.tag, wanted->tag)] *
		     8;
	}
	if (status == TP_NOTHING || status == TP_DATA)
		return find_by_walk(reader, wanted, offset, err);
	return status ? status : TP_NOTHING;
}

enum tp_status tp_journal_find_delivery(struct tp_journal_reader *reader,
	const unsigned char delivery[TP_SHA256_BYTES], char id[TP_ID_LEN + 1], uint64_t *offset,
	struct tp_error *err)
{
	struct wanted wanted = {
		.delivery = delivery, .found_id = id, .tag = tp_journal_tag_of_delivery(delivery)
	};

	return find(reader, &wanted, offset, err);
}

enum tp_status tp_journal_find(
	struct tp_journal_reader *reader, const char *id, uint64_t *offset, struct tp_error *err)
{
	struct wanted wanted = { .id = id, .tag = tp_id_tail(id) };

	return find(reader, &wanted, offset, err);
}
