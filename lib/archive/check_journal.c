/* A journal being checked: every record, every message put together. */
#include "archive/check_parts.h"

#include "archive/journal.h"

/* A message in a journal. */
struct source {
	struct tp_journal_reader *reader;
	uint64_t offset;
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
	if (!status && tp_check_is_chosen(c))
		status = tp_check_content(c, &record, &split, skeleton, source, &why);
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

static enum tp_status check_records(
	struct tp_checking *c, struct source *source, struct tp_error *err)
{
	uint64_t torn = 0;
	struct tp_error why;
	enum tp_status status;

	for (;;) {
		status = tp_journal_next(source->reader, NULL, &source->offset, &torn, &why);
		if (tp_check_is_fault(status))
			tp_check_fault(c, "", &why);
		else if (status == TP_NOTHING)
			break;
		else if (status)
			return tp_fail(err, status, "%s", why.text);
		else if ((status = check_message(c, source, err)))
			return status;
	}
	c->check->count.torn += torn;
	return TP_OK;
}

enum tp_status tp_check_journal(struct tp_checking *c, uint32_t number, struct tp_error *err)
{
	struct source source = { NULL, 0 };
	struct tp_error why;
	enum tp_status status = tp_journal_open(c->archive, number, &source.reader, &why);

	tp_check_look_at(c, "journal", number);
	c->check->progress(c->check->context, c->check->count.bytes, c->all_bytes);
	if (status == TP_NOINPUT)
		return TP_OK; /* sealed since */
	c->check->count.journals++;
	if (tp_check_is_fault(status)) {
		tp_check_fault(c, "", &why);
		return TP_OK;
	}
	if (status)
		return tp_fail(err, status, "%s", why.text);
	status = check_records(c, &source, err);
	tp_journal_close(source.reader);
	return status;
}
