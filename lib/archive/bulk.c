/*
 * Many messages: see bulk.h. A batch ends after so many messages, so many bytes, or so much time,
 * whichever is first: the more there are in one, the less a sync costs each; but equal deliveries of
 * others wait for it, and what it holds is lost when we are killed (and put again by whoever resumes).
 */
#include "archive/bulk.h"

#include "base/clock.h"
#include "base/utf8.h"

#define BATCH_MESSAGES 512
#define BATCH_BYTES    ((uint64_t)32 << 20)
#define BATCH_MS       1000

enum tp_status tp_bulk_begin(struct tp_bulk *bulk, struct tp_error *err)
{
	tp_buf_init(&bulk->said, (size_t)64 << 20);
	bulk->failures = (struct tp_spooler)TP_SPOOLER_INIT;
	bulk->flush_ms = tp_monotonic_ms() + BATCH_MS;
	return tp_putter_new(bulk->archive, &bulk->putter, err);
}

static void add_counts(struct tp_bulk_count *to, const struct tp_bulk_count *from)
{
	to->stored += from->stored;
	to->known += from->known;
	to->skipped += from->skipped;
	to->failed += from->failed;
	to->bytes += from->bytes;
	to->stored_bytes += from->stored_bytes;
	to->holes += from->holes;
}

static enum tp_status flush(struct tp_bulk *bulk, struct tp_error *err)
{
	enum tp_status status = tp_putter_flush(bulk->putter, err);

	if (!status) {
		add_counts(&bulk->count, &bulk->pending);
		status = tp_buf_status(&bulk->said, "list of ids", err);
	}
	if (!status && bulk->flushed)
		status = bulk->flushed(bulk->context, &bulk->count, &bulk->said, err);
	bulk->pending = (struct tp_bulk_count){ .stored = 0 };
	tp_buf_clear(&bulk->said);
	bulk->flush_ms = tp_monotonic_ms() + BATCH_MS;
	return status;
}

static bool is_due(const struct tp_bulk *bulk)
{
	const struct tp_bulk_count *in = &bulk->pending;

	return in->stored + in->known + in->skipped >= BATCH_MESSAGES || in->bytes >= BATCH_BYTES ||
	       tp_monotonic_ms() >= bulk->flush_ms;
}

static void say(struct tp_bulk *bulk, const char *id, const char *name)
{
	tp_buf_adds(&bulk->said, id);
	tp_buf_addc(&bulk->said, '\t');
	tp_text_scrub(name, strlen(name), &bulk->said);
	tp_buf_addc(&bulk->said, '\n');
}

enum tp_status tp_bulk_unreadable(
	void *context, const char *name, const char *why, struct tp_error *err)
{
	struct tp_bulk *bulk = context;
	struct tp_buf line = TP_BUF_INIT((size_t)1 << 21);
	enum tp_status status;

	tp_text_scrub(name, strlen(name), &line);
	tp_buf_adds(&line, ": ");
	tp_text_scrub(why, strlen(why), &line);
	tp_buf_addc(&line, '\n');
	status = tp_buf_status(&line, "list of failures", err);
	if (!status)
		status = tp_spooler_add(&bulk->failures, line.data, line.len, err);
	tp_buf_release(&line);
	bulk->count.failed++;
	return status;
}

/* Failures of one message, not of the archive. */
static bool is_its_own(enum tp_status status)
{
	return status == TP_DATA || status == TP_LIMIT || status == TP_INTERNAL;
}

static enum tp_status put(
	struct tp_bulk *bulk, const struct tp_import_mail *mail, struct tp_error *err)
{
	struct tp_put_request request = { .data = mail->data,
		.len = mail->len,
		.sender = bulk->sender ? bulk->sender : mail->sender,
		.rcpts = bulk->rcpts,
		.arrival_ms = bulk->arrival_ms || bulk->dated ? bulk->arrival_ms : mail->arrival_ms,
		.dated = bulk->dated,
		.actor = bulk->actor };
	struct tp_put_result result;
	struct tp_error why;
	enum tp_status status = tp_putter_put(bulk->putter, &request, &result, &why);

	if (is_its_own(status))
		return tp_bulk_unreadable(bulk, mail->name, why.text, err);
	if (status)
		return tp_fail(err, status, "%s: %s", mail->name, why.text);
	bulk->pending.stored += !result.known;
	bulk->pending.known += result.known;
	bulk->pending.bytes += mail->len;
	bulk->pending.stored_bytes += result.stored_bytes;
	bulk->pending.holes += result.holes;
	say(bulk, result.id, mail->name);
	return TP_OK;
}

enum tp_status tp_bulk_mail(void *context, const struct tp_import_mail *mail, struct tp_error *err)
{
	struct tp_bulk *bulk = context;
	enum tp_status status = TP_OK;

	if (bulk->spam && tp_spam_why(bulk->spam, mail->data, mail->len)) {
		bulk->pending.skipped++;
		say(bulk, "-", mail->name);
	} else {
		status = put(bulk, mail, err);
	}
	return !status && is_due(bulk) ? flush(bulk, err) : status;
}

enum tp_status tp_bulk_rest(void *context, struct tp_error *err)
{
	struct tp_bulk *bulk = context;
	enum tp_status status = flush(bulk, err);

	if (!status)
		tp_putter_rest(bulk->putter);
	return status;
}

enum tp_status tp_bulk_end(struct tp_bulk *bulk, struct tp_error *err)
{
	enum tp_status status = bulk->putter ? flush(bulk, err) : TP_OK;

	tp_putter_free(bulk->putter);
	bulk->putter = NULL;
	tp_buf_release(&bulk->said);
	return status;
}
