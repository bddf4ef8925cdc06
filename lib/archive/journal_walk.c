/*
 * From one record of a journal to the next: see journal.h. Every step says how far it went, so that
 * bytes that are no record have a place and a length, and the walk goes on behind them.
 */
#include "archive/journal.h"
#include "archive/journal_form.h"

#define PAGE 4096 /* what a disk loses at once */

enum tp_status tp_journal_head_at(struct tp_journal_reader *reader, uint64_t offset,
	struct tp_journal_head *head, struct tp_error *err)
{
	struct tp_journal_head *kept = &reader->heads[offset / 8 % TP_JOURNAL_HEADS_KEPT];
	const unsigned char *bytes;
	enum tp_status status;
	size_t got;

	if (kept->offset == offset && offset) {
		*head = *kept;
		return TP_OK;
	}
	status = tp_journal_fetch(reader, offset, TP_JOURNAL_HEAD_MAX, 0, &bytes, &got, err);
	if (status)
		return status;
	if (!got ||
		tp_journal_head_read(bytes, got, offset, &reader->opening, head) != TP_HEAD_WHOLE ||
		head->length > reader->size - offset)
		return tp_fail(err, TP_DATA, "journal %08u, offset %llu: no whole record",
			reader->opening.number, (unsigned long long)offset);
	*kept = *head;
	return TP_OK;
}

enum tp_status tp_journal_check_tail(struct tp_journal_reader *reader,
	const struct tp_journal_head *head, uint32_t *crc, struct tp_error *err)
{
	const unsigned char *bytes;
	uint64_t length;
	enum tp_status status;

	status = tp_journal_fetch_all(reader, head->offset + head->length - TP_JOURNAL_TAIL,
		TP_JOURNAL_TAIL, 0, &bytes, err);
	if (!status && (!tp_journal_tail_read(bytes, crc, &length) || length != head->length))
		status = tp_journal_damaged(reader, head, "its end is damaged", err);
	return status;
}

enum tp_status tp_journal_last(
	struct tp_journal_reader *reader, uint64_t *last, struct tp_error *err)
{
	struct tp_journal_head head;
	const unsigned char *bytes;
	enum tp_status status;
	uint64_t length;
	uint32_t crc;
	size_t got;

	*last = 0;
	if (reader->size == TP_JOURNAL_OPENING)
		return TP_OK;
	if (reader->size < TP_JOURNAL_OPENING + TP_JOURNAL_HEAD_MIN + TP_JOURNAL_TAIL)
		return TP_NOTHING;
	status = tp_journal_fetch(
		reader, reader->size - TP_JOURNAL_TAIL, TP_JOURNAL_TAIL, 0, &bytes, &got, err);
	if (status)
		return status;
	if (got < TP_JOURNAL_TAIL || !tp_journal_tail_read(bytes, &crc, &length) ||
		length > reader->size - TP_JOURNAL_OPENING)
		return TP_NOTHING;
	if (tp_journal_head_at(reader, reader->size - length, &head, NULL) || head.length != length)
		return TP_NOTHING;
	*last = head.offset;
	return TP_OK;
}

static bool are_zeros(const unsigned char *bytes, size_t len)
{
	while (len && !*bytes) {
		bytes++;
		len--;
	}
	return !len;
}

/* Where reading may succeed again, behind a place that could not be read. */
static uint64_t next_page(uint64_t at)
{
	return (at / PAGE + 1) * PAGE;
}

/* Goes on at the next head that is whole, for what stands at reader->at is none. Zeros up to the end
 * of the file are where the power went before the bytes came: torn, as if the file ended there. */
static enum tp_status skip_damage(
	struct tp_journal_reader *reader, uint64_t *torn, struct tp_error *err)
{
	uint64_t from = reader->at, at = from, len;
	struct tp_journal_head head;
	const unsigned char *bytes;
	enum tp_status status;
	bool zeros = true;
	size_t got;

	for (;; at += 8) {
		status = tp_journal_fetch(
			reader, at, TP_JOURNAL_HEAD_MAX, TP_JOURNAL_AHEAD, &bytes, &got, err);
		if (status) {
			reader->at = next_page(at);
			return status;
		}
		if (!got || tp_journal_head_read(bytes, got, at, &reader->opening, &head) ==
				    TP_HEAD_WHOLE)
			break;
		zeros = zeros && are_zeros(bytes, got < 8 ? got : 8);
	}
	if (!got && zeros) {
		*torn = reader->size - from;
		return TP_NOTHING;
	}
	reader->at = got ? at : reader->size;
	len = reader->at - from;
	return tp_fail(err, TP_DATA, "journal %08u, offset %llu, %llu bytes: are no record, and %s",
		reader->opening.number, (unsigned long long)from, (unsigned long long)len,
		len < TP_JOURNAL_HEAD_MIN + TP_JOURNAL_TAIL ? "too few to have been a mail"
							    : "may have been mail");
}

enum tp_status tp_journal_next_head(struct tp_journal_reader *reader, struct tp_journal_head *head,
	uint64_t *torn, struct tp_error *err)
{
	const unsigned char *bytes;
	enum tp_head_state state;
	enum tp_status status;
	uint32_t crc;
	size_t got;

	*torn = 0;
	status = tp_journal_fetch(
		reader, reader->at, TP_JOURNAL_HEAD_MAX, TP_JOURNAL_AHEAD, &bytes, &got, err);
	if (status) {
		reader->at = next_page(reader->at);
		return status;
	}
	if (!got)
		return TP_NOTHING;
	state = tp_journal_head_read(bytes, got, reader->at, &reader->opening, head);
	if (state == TP_HEAD_BAD)
		return skip_damage(reader, torn, err);
	if (state == TP_HEAD_SHORT || head->length > reader->size - reader->at) {
		*torn = reader->size - reader->at;
		return TP_NOTHING;
	}
	reader->at += head->length;
	return tp_journal_check_tail(reader, head, &crc, err);
}

void tp_journal_rewind(struct tp_journal_reader *reader)
{
	reader->at = TP_JOURNAL_OPENING;
}

uint64_t tp_journal_tell(const struct tp_journal_reader *reader)
{
	return reader->at;
}

void tp_journal_seek(struct tp_journal_reader *reader, uint64_t offset)
{
	reader->at = offset;
}
