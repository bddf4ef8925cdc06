/* Mails as an mbox: see export.h. A long line goes out by itself, so that memory stays flat. */
#include "archive/export.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/tool.h"

#define FLUSH_BYTES ((size_t)256 << 10)

static enum tp_status flush(struct tp_buf *out, size_t keep, struct tp_error *err)
{
	enum tp_status status = tp_buf_status(out, "mbox", err);

	if (status || out->len < keep)
		return status;
	status = tp_stdout_write(tp_buf_str(out), out->len, err);
	tp_buf_clear(out);
	return status;
}

/* `From ADDRESS Fri Jul  1 09:30:00 2005`: always English, UTC. */
static void add_separator(struct tp_buf *out, const struct tp_record *record)
{
	struct tp_buf date = TP_BUF_INIT(64);
	const char *sender = *record->sender ? record->sender : "MAILER-DAEMON", *d;

	tp_buf_adds(out, "From ");
	for (; *sender; sender++)
		tp_buf_addc(out, (unsigned char)*sender <= ' ' ? '_' : *sender);
	/* "Fri, 01 Jul 2005 09:30:00 +0000" */
	tp_date_rfc5322((record->arrival_ms - (record->arrival_ms < 0 ? 999 : 0)) / 1000, &date);
	d = tp_buf_str(&date);
	tp_buf_addf(out, " %.3s %.3s %c%c %.8s %.4s\n", d, d + 8, d[5] == '0' ? ' ' : d[5], d[6],
		d + 17, d + 12);
	tp_buf_release(&date);
}

static bool is_from_line(const char *line, size_t len)
{
	while (len && *line == '>') {
		line++;
		len--;
	}
	return len >= 5 && !memcmp(line, "From ", 5);
}

/* Every line of `>`s and `From ` gets one more `>`, so that it can be taken away again. */
enum tp_status tp_export_mbox(struct tp_buf *out, const struct tp_record *record,
	const struct tp_spool *mail, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	add_separator(out, record);
	for (size_t at = 0; !status && at < mail->len;) {
		const char *end = memchr(mail->data + at, '\n', mail->len - at);
		size_t n = end ? (size_t)(end - mail->data) + 1 - at : mail->len - at;

		if (is_from_line(mail->data + at, n))
			tp_buf_addc(out, '>');
		if (n > FLUSH_BYTES) {
			status = flush(out, 0, err);
			if (!status)
				status = tp_stdout_write(mail->data + at, n, err);
		} else {
			tp_buf_add(out, mail->data + at, n);
			status = flush(out, FLUSH_BYTES, err);
		}
		at += n;
	}
	if (mail->len && mail->data[mail->len - 1] != '\n')
		tp_buf_addc(out, '\n');
	tp_buf_addc(out, '\n');
	return status ? status : flush(out, 0, err);
}
