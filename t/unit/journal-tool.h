/*
 * For the tests of journals: mails by number, an archive, its journals held and read, and their files
 * as bytes. Each test uses some of it.
 */
#ifndef JOURNAL_TOOL_H
#define JOURNAL_TOOL_H

#include "archive-tool.h"
#include "archive/journal.h"

#include <fcntl.h>

#include "archive/journal_form.h"
#include "base/file.h"

/* --- mails and their records ------------------------------------------------------------------ */

__attribute__((unused)) static struct tp_buf mail = TP_BUF_INIT(64 << 20);

/* Mail number n: two of the same number are the same delivery. */
__attribute__((unused)) static void make_mail(unsigned n, size_t body)
{
	uint32_t state = n * 2654435761u + 1;

	tp_buf_clear(&mail);
	tp_buf_addf(&mail,
		"From: sender%u@example.org\nTo: rcpt%u@example.org\nSubject: number %u\n\n", n, n,
		n);
	for (size_t i = 0; i < body; i++) {
		state = state * 1664525u + 1013904223u;
		tp_buf_addc(&mail, i % 70 == 69 ? '\n' : (char)(' ' + (state >> 24) % 95));
	}
}

__attribute__((unused)) static void make_record(struct tp_record *record, unsigned n)
{
	*record = (struct tp_record)TP_RECORD_INIT;
	record->arrival_ms = 1000000 + n;
	record->actor = strdup("uid 1");
	if (tp_record_describe(record, mail.data, mail.len, &err) ||
		tp_record_identify(record, &err))
		exit(99);
}

__attribute__((unused)) static enum tp_status append(
	struct tp_journal *journal, unsigned n, size_t body, bool sync)
{
	struct tp_split whole = { .holes = NULL };
	struct tp_record record;
	enum tp_status status;

	make_mail(n, body);
	make_record(&record, n);
	whole.skeleton_bytes = mail.len;
	status = tp_journal_append(
		journal, &record, &whole, mail.data, mail.len, sync, NULL, NULL, &err);
	tp_record_release(&record);
	return status;
}

__attribute__((unused)) static enum tp_status gather(
	void *context, const char *bytes, size_t len, struct tp_error *why)
{
	struct tp_buf *out = context;

	tp_buf_add(out, bytes, len);
	return tp_buf_status(out, "skeleton", why);
}

/* True when the record at `offset` is that of mail n, to the byte. */
__attribute__((unused)) static bool is_mail(
	struct tp_journal_reader *reader, uint64_t offset, unsigned n, size_t body)
{
	struct tp_buf out = TP_BUF_INIT(64 << 20);
	struct tp_record record = TP_RECORD_INIT;
	bool same;

	make_mail(n, body);
	same = !tp_journal_read(reader, offset, &record, NULL, &err) &&
	       !tp_journal_skeleton(reader, offset, gather, &out, &err) && out.len == mail.len &&
	       !memcmp(out.data, mail.data, mail.len) &&
	       record.arrival_ms == 1000000 + (int64_t)n && record.size_bytes == mail.len;
	tp_buf_release(&out);
	tp_record_release(&record);
	return same;
}

/* Whether mail n is found by its delivery and by its id, at the same place, whole. */
__attribute__((unused)) static bool finds(struct tp_journal_reader *reader, unsigned n, size_t body)
{
	uint64_t by_delivery = 0, by_id = 1;
	struct tp_record record;
	char id[TP_ID_LEN + 1];
	bool found;

	make_mail(n, body);
	make_record(&record, n);
	found = !tp_journal_find_delivery(reader, record.delivery, id, &by_delivery, &err) &&
		!strcmp(id, record.id) && !tp_journal_find(reader, record.id, &by_id, &err) &&
		by_id == by_delivery;
	tp_record_release(&record);
	return found && is_mail(reader, by_id, n, body);
}

/* --- archives and files ----------------------------------------------------------------------- */

__attribute__((unused)) static struct tp_archive *archive;

__attribute__((unused)) static struct tp_journal *hold(void)
{
	struct tp_journal *journal = NULL;

	if (tp_journal_hold(archive, &journal, &err))
		printf("# %s\n", err.text);
	return journal;
}

__attribute__((unused)) static struct tp_journal_reader *reader_of(uint32_t number)
{
	struct tp_journal_reader *reader = NULL;

	if (tp_journal_open(archive, number, &reader, &err))
		printf("# %s\n", err.text);
	return reader;
}

__attribute__((unused)) static struct tp_buf image = TP_BUF_INIT(64 << 20);

__attribute__((unused)) static void load(const char *path)
{
	tp_buf_clear(&image);
	if (tp_file_read(path, &image, &err))
		exit(99);
}

__attribute__((unused)) static void store(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd))
		exit(99);
}

/* Walks all: how many whole ones, how many faults. */
__attribute__((unused)) static unsigned walk(
	struct tp_journal_reader *reader, unsigned *faults, uint64_t *torn)
{
	struct tp_record record = TP_RECORD_INIT;
	enum tp_status status;
	unsigned whole = 0;
	uint64_t offset;

	*faults = 0;
	tp_journal_rewind(reader);
	while ((status = tp_journal_next(reader, &record, &offset, torn, &err)) != TP_NOTHING) {
		if (status && status != TP_DATA)
			break;
		if (status)
			++*faults;
		else
			whole++;
	}
	tp_record_release(&record);
	return whole;
}

#endif
