/* Who sends and who gets the mail, for services that ask: see detach.h. */
#include "drop/detach.h"

#include "mime/header.h"
#include "mime/text.h"

#define ADDRESSES_MAX ((size_t)4 << 20)

/* Appends the field's addresses, parted by commas; with `one`, the first alone. A field beyond what
 * is read (mime/text.h) counts as empty: a header full of addresses must not stop the mail. */
static enum tp_status add_field(const struct tp_detach *detach, const char *name, bool one,
	struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf list = TP_BUF_INIT(ADDRESSES_MAX);
	enum tp_status status = TP_NOTHING;
	const char *at;
	struct tp_field field;
	size_t count = 0;

	if (tp_header_find(detach->data, detach->tree->parts[0].header, name, &field))
		status = tp_text_addresses(detach->data, field.value, &list, &count, err);
	at = tp_buf_str(&list);
	for (size_t i = 0; !status && i < (one && count ? 1 : count); i++, at += strlen(at) + 1)
		tp_buf_addf(out, "%s%s", out->len ? "," : "", at);
	tp_buf_release(&list);
	return status == TP_NOTHING || status == TP_LIMIT ? TP_OK : status;
}

enum tp_status tp_detach_envelope(struct tp_detach *detach, const char *sender,
	const struct tp_strings *rcpts, struct tp_error *err)
{
	struct tp_buf from = TP_BUF_INIT(ADDRESSES_MAX), to = TP_BUF_INIT(ADDRESSES_MAX);
	enum tp_status status = TP_OK;

	if (sender)
		tp_buf_adds(&from, sender);
	else
		status = add_field(detach, "From", true, &from, err);
	for (size_t i = 0; i < rcpts->count; i++)
		tp_buf_addf(&to, "%s%s", i ? "," : "", rcpts->list[i]);
	if (!status && rcpts->count == 0)
		status = add_field(detach, "To", false, &to, err);
	if (!status && rcpts->count == 0)
		status = add_field(detach, "Cc", false, &to, err);
	if (!status)
		status = tp_buf_status(&to, "recipients", err);
	detach->sender = tp_buf_detach(&from);
	detach->recipients = tp_buf_detach(&to);
	tp_buf_release(&from);
	tp_buf_release(&to);
	return status;
}
