/*
 * Any bytes as a journal, its checksums made right: walked, read, found in, held and appended to; what
 * is appended is found again, and nothing that a walk gave before is gone.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "archive/journal.h"
#include "archive/journal_form.h"
#include "base/crc32c.h"

static const struct tp_journal_opening opening = { .number = 1, .salt = "fuzzing" };

/* A head, and what it is about, become right as far as there are bytes; where the next one is. */
static size_t make_right(unsigned char *bytes, size_t len, size_t at)
{
	uint32_t crc = tp_journal_crc_begin(&opening), head = bytes[at + 4] | bytes[at + 5] << 8;
	uint64_t facts, pieces, length;

	if (head < TP_JOURNAL_HEAD_MIN || head > TP_JOURNAL_HEAD_MAX)
		head = TP_JOURNAL_HEAD_MIN;
	head = head / 8 * 8;
	if (len - at < head + TP_JOURNAL_TAIL)
		return len;
	facts = tp_le_get64(bytes + at + 24) % (len - at - head - TP_JOURNAL_TAIL + 1);
	pieces = tp_le_get64(bytes + at + 32) %
		 (len - at - head - TP_JOURNAL_TAIL - (size_t)facts + 1);
	length = (head + facts + pieces + 7) / 8 * 8 + TP_JOURNAL_TAIL;
	if (length > len - at)
		return len;
	memcpy(bytes + at, "TPJr", 4);
	bytes[at + 4] = (unsigned char)head;
	bytes[at + 5] = (unsigned char)(head >> 8);
	tp_le_put64(bytes + at + 8, length);
	tp_le_put64(bytes + at + 16, at);
	tp_le_put64(bytes + at + 24, facts);
	tp_le_put64(bytes + at + 32, pieces);
	tp_le_put32(bytes + at + 68, tp_crc32c(crc, bytes + at + head, (size_t)facts));
	tp_le_put32(bytes + at + head - 4, tp_crc32c(crc, bytes + at, head - 4));
	tp_journal_tail_write(tp_crc32c(crc, bytes + at + head + facts,
				      (size_t)(length - TP_JOURNAL_TAIL - head - facts)),
		length, bytes + at + length - TP_JOURNAL_TAIL);
	return at + (size_t)length;
}

static enum tp_status ignore(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	*(size_t *)context += len;
	return TP_OK;
}

/* Walks all of it; how many records are whole. */
static size_t walk(struct tp_journal_reader *reader, uint64_t size)
{
	struct tp_record record = TP_RECORD_INIT;
	uint64_t offset, torn, last = 0;
	enum tp_status status;
	size_t whole = 0, bytes = 0;

	tp_journal_rewind(reader);
	while ((status = tp_journal_next(reader, &record, &offset, &torn, NULL)) != TP_NOTHING) {
		MUST(status == TP_OK || status == TP_DATA);
		if (status)
			continue;
		MUST(offset > last && offset % 8 == 0 && offset < size);
		last = offset;
		whole++;
		status = tp_journal_skeleton(reader, offset, ignore, &bytes, NULL);
		MUST(status == TP_OK || status == TP_DATA);
		MUST(!tp_journal_find(reader, record.id, &offset, NULL) || record.id[0]);
	}
	MUST(torn <= size);
	tp_record_release(&record);
	return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t size = TP_JOURNAL_OPENING + len, at = TP_JOURNAL_OPENING;
	unsigned char *bytes = malloc(size + 8);
	struct tp_archive archive = { .path = (char *)"fuzz" };
	struct tp_journal_reader reader;
	unsigned char delivery[TP_SHA256_BYTES] = { 0 };
	char id[TP_ID_LEN + 1];
	uint64_t offset;
	int fd = memfd_create("journal", MFD_CLOEXEC);

	MUST(bytes && fd >= 0);
	tp_journal_opening_write(&opening, bytes);
	memcpy(bytes + TP_JOURNAL_OPENING, data, len);
	while (size - at >= TP_JOURNAL_HEAD_MIN + TP_JOURNAL_TAIL)
		at = make_right(bytes, size, at);
	MUST(write(fd, bytes, size) == (ssize_t)size);
	MUST(!tp_journal_reader_init(&reader, &archive, fd, 1, NULL));
	walk(&reader, size);
	for (size_t i = 0; i + 4 <= len && i < 64; i += 4) {
		memcpy(delivery, data + i, 4);
		(void)!tp_journal_find_delivery(&reader, delivery, id, &offset, NULL);
	}
	tp_journal_reader_release(&reader);
	close(fd);
	free(bytes);
	return 0;
}
