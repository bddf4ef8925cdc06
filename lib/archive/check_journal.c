/* A journal being checked: every record, every message put together. */
#include "archive/check_parts.h"

#include "archive/journal.h"

/* A message in a journal. */
struct source {
	struct tp_journal_reader *reader;
	uint64_t offset;
	char last[TP_ID_LEN + 1]; /* the id of the last that could be read */
};

static enum tp_status skeleton(
	void *context, tp_press_sink *sink, void *sink_context, struct tp_error *err)
{
	const struct source *source = context;

	return tp_journal_skeleton(source->reader, source->offset, sink, sink_context, err);
}

static enum tp_status check_message(
	struct tp_checking *c, struct source *source, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_split split = { 0 };
	struct tp_error why;
	enum tp_status status =
		tp_journal_read(source->reader, source->offset, &record, &split, &why);

	c->check->count.messages++;
	if (!status)
		memcpy(source->last, record.id, sizeof source->last);
	if (!status && tp_check_is_chosen(c))
		status = tp_prove(c->archive, &record, &split, skeleton, source, &why);
	if (tp_check_is_fault(status)) {
		struct tp_error where;

		tp_fail(&where, TP_DATA, "at offset %ju: %s", (uintmax_t)source->offset, why.text);
		tp_check_fault(c, record.id, &where);
		status = TP_OK;
	}
	tp_record_release(&record);
	tp_split_release(&split);
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

/* Lets who waits have the archive. *gone: the journal was sealed meanwhile, and is met again in its
 * pack. */
static enum tp_status yield(struct tp_checking *c, uint32_t number, struct source *source,
	bool *gone, struct tp_error *err)
{
	uint64_t at = tp_journal_tell(source->reader);
	enum tp_status status;

	if (!tp_archive_is_wanted(c->archive))
		return TP_OK;
	tp_journal_close(source->reader);
	source->reader = NULL;
	tp_archive_unlock(c->archive);
	status = tp_archive_lock(c->archive, TP_HOLD_READ, err);
	if (status)
		return status;
	status = tp_journal_open(c->archive, number, &source->reader, err);
	*gone = status == TP_NOINPUT;
	if (!status)
		tp_journal_seek(source->reader, at);
	return *gone ? TP_OK : status;
}

static enum tp_status check_records(
	struct tp_checking *c, uint32_t number, struct source *source, struct tp_error *err)
{
	uint64_t torn = 0;
	struct tp_error why;
	enum tp_status status;
	bool gone = false;

	while (!gone) {
		status = tp_journal_next(source->reader, NULL, &source->offset, &torn, &why);
		if (tp_check_is_fault(status))
			tp_check_fault(c, "", &why);
		else if (status == TP_NOTHING)
			break;
		else if (status)
			return tp_fail(err, status, "%s", why.text);
		else if ((status = check_message(c, source, err)))
			return status;
		status = yield(c, number, source, &gone, err);
		if (status)
			return status;
	}
	c->check->count.torn += torn;
	return TP_OK;
}

enum tp_status tp_check_journal(struct tp_checking *c, uint32_t number, struct tp_error *err)
{
	struct source source = { NULL, 0, "" };
	struct tp_error why;
	enum tp_status status = tp_journal_open(c->archive, number, &source.reader, &why);
	uint64_t before = c->check->count.messages;

	tp_check_look_at(c, "journal", number);
	if (status == TP_NOINPUT)
		return TP_OK; /* sealed since */
	c->check->count.journals++;
	if (tp_check_is_fault(status)) {
		tp_check_fault(c, "", &why);
		return TP_OK;
	}
	if (status)
		return tp_fail(err, status, "%s", why.text);
	status = check_records(c, number, &source, err);
	tp_journal_close(source.reader);
	if (!status) {
		struct tp_checked_journal journal = { .number = number,
			.messages = c->check->count.messages - before };

		memcpy(journal.last, source.last, sizeof journal.last);
		status = tp_check_note_journal(c, &journal, err);
	}
	return status;
}
