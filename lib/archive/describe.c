/*
 * From a message to its record: see record.h. Only the header block is looked at; its range is found
 * by the part tree on the bytes up to the first blank line, so that header and archive never
 * disagree about where a message's header ends.
 */
#include "archive/record.h"

#include "base/utf8.h"
#include "mime/text.h"

#define SHORT_MAX    ((size_t)4 << 10)
#define LISTS_MAX    ((size_t)64 << 10)
#define ENVELOPE_MAX ((size_t)4 << 20)

struct header {
	const char *data;
	struct tp_tree tree;
};

/* Just past the first blank line, or the end. */
static size_t header_end(const char *data, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const char *lf = memchr(data + at, '\n', len - at);
		size_t line = at;

		at = lf ? (size_t)(lf - data) + 1 : len;
		if (at - line == 1 && data[line] == '\n')
			break;
		if (at - line == 2 && data[line] == '\r' && data[line + 1] == '\n')
			break;
	}
	return at;
}

/* No limit on the block: what is taken from it has limits of its own. */
static enum tp_status scan_header(
	struct header *header, const char *data, size_t len, struct tp_error *err)
{
	struct tp_tree_limits limits = tp_tree_default_limits;

	limits.header_bytes = SIZE_MAX;
	header->data = data;
	return tp_tree_scan(&header->tree, data, header_end(data, len), &limits, err);
}

/* --- texts ------------------------------------------------------------------------------------ */

/* Cuts to `max` bytes, no character in half. */
static void cut_at_character(struct tp_buf *text, size_t max)
{
	size_t at = max;

	if (text->len <= max)
		return;
	while (at > 0 && ((unsigned char)text->data[at] & 0xc0) == 0x80)
		at--;
	tp_buf_truncate(text, at);
}

/* Appends the field's text. Of a value that is far longer than what is kept, the rest is not even
 * decoded. */
static enum tp_status add_value(const struct header *header, struct tp_range value, size_t max,
	struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(4 * (size_t)TP_TEXT_VALUE_MAX);
	enum tp_status status;

	if (tp_range_len(value) > TP_TEXT_VALUE_MAX)
		value.end = value.begin + TP_TEXT_VALUE_MAX;
	status = tp_text_decode(header->data, value, &text, err);
	cut_at_character(&text, max - out->len);
	if (!status && !tp_buf_add(out, tp_buf_str(&text), text.len))
		status = tp_buf_status(out, "record", err);
	tp_buf_release(&text);
	return status;
}

/* The texts of all fields of these names, in order, parted by commas. */
static enum tp_status describe_fields(const struct header *header, const char *name,
	const char *also, size_t max, char **text, struct tp_error *err)
{
	const struct tp_range block = header->tree.parts[0].header;
	struct tp_buf out = TP_BUF_INIT(max);
	enum tp_status status = TP_OK;
	struct tp_field field;
	size_t at = block.begin;

	while (!status && max - out.len > 4 && tp_header_next(header->data, block, &at, &field)) {
		if (!tp_range_is(header->data, field.name, name) &&
			!(also && tp_range_is(header->data, field.name, also)))
			continue;
		if (out.len > 0)
			tp_buf_adds(&out, ", ");
		status = add_value(header, field.value, max, &out, err);
	}
	free(*text);
	*text = status ? NULL : tp_buf_detach(&out);
	if (!status && !*text)
		status = tp_fail(err, TP_NOMEM, "record: out of memory");
	tp_buf_release(&out);
	return status;
}

static enum tp_status describe_subject(
	const struct header *header, char **text, struct tp_error *err)
{
	struct tp_buf out = TP_BUF_INIT(SHORT_MAX);
	enum tp_status status = TP_OK;
	struct tp_field field;

	if (tp_header_find(header->data, header->tree.parts[0].header, "Subject", &field))
		status = add_value(header, field.value, SHORT_MAX, &out, err);
	free(*text);
	*text = status ? NULL : tp_buf_detach(&out);
	if (!status && !*text)
		status = tp_fail(err, TP_NOMEM, "record: out of memory");
	tp_buf_release(&out);
	return status;
}

/* --- envelope --------------------------------------------------------------------------------- */

/* True for what nearly all Return-Path and Delivered-To fields hold: one address without quotes or
 * comments, or a local user's name, perhaps in `<>`; *one is what is between, which may be nothing. To
 * read more than that takes longer than all the rest of putting a mail. */
static bool is_one_address(const char *data, struct tp_range value, struct tp_range *one)
{
	unsigned ats = 0;

	while (value.begin < value.end && strchr(" \t\r\n", data[value.begin]))
		value.begin++;
	while (value.end > value.begin && strchr(" \t\r\n", data[value.end - 1]))
		value.end--;
	if (tp_range_len(value) >= 2 && data[value.begin] == '<' && data[value.end - 1] == '>') {
		value.begin++;
		value.end--;
	}
	for (size_t i = value.begin; i < value.end; i++) {
		unsigned char c = (unsigned char)data[i];

		ats += c == '@';
		if (c <= ' ' || c >= 127 || strchr("()<>[]:;\\,\"", c))
			return false;
	}
	*one = value;
	return ats <= 1;
}

static enum tp_status add_one(
	const char *data, struct tp_range one, struct tp_strings *out, struct tp_error *err)
{
	char *text;
	enum tp_status status;

	if (!tp_range_len(one))
		return TP_OK;
	text = strndup(data + one.begin, tp_range_len(one));
	if (!text)
		return tp_fail(err, TP_NOMEM, "record: out of memory");
	status = tp_strings_add(out, text, err);
	free(text);
	return status;
}

/* Adds the field's addresses; where it has none, its text as it stands when that is one word (a
 * local user). */
static enum tp_status add_addresses(const struct header *header, struct tp_range value,
	struct tp_strings *out, struct tp_error *err)
{
	struct tp_buf list = TP_BUF_INIT(ENVELOPE_MAX);
	struct tp_range one;
	enum tp_status status;
	size_t count = 0;
	const char *at;

	if (is_one_address(header->data, value, &one))
		return add_one(header->data, one, out, err);
	if (tp_range_len(value) > TP_TEXT_VALUE_MAX)
		value.end = value.begin + TP_TEXT_VALUE_MAX;
	status = tp_text_addresses(header->data, value, &list, &count, err);
	if (!status && count == 0) {
		tp_buf_clear(&list);
		tp_header_unfold(header->data, value, &list);
		status = tp_buf_status(&list, "record", err);
		count = !status && list.len > 0 && !strpbrk(list.data, " \t\r\n<>\",;") &&
			strlen(list.data) == list.len;
	}
	at = tp_buf_str(&list);
	for (size_t i = 0; !status && i < count; i++, at += strlen(at) + 1)
		status = tp_strings_add(out, at, err);
	tp_buf_release(&list);
	return status == TP_LIMIT || status == TP_NOTHING ? TP_OK : status;
}

/* The topmost Return-Path; the last mail server wrote it (RFC 5321 4.4). */
static enum tp_status describe_sender(
	const struct header *header, char **sender, struct tp_error *err)
{
	struct tp_strings found = TP_STRINGS_INIT;
	enum tp_status status = TP_OK;
	struct tp_field field;

	if (tp_header_find(header->data, header->tree.parts[0].header, "Return-Path", &field))
		status = add_addresses(header, field.value, &found, err);
	if (!status) {
		*sender = strdup(found.count ? found.list[0] : "");
		if (!*sender)
			status = tp_fail(err, TP_NOMEM, "record: out of memory");
	}
	tp_strings_release(&found);
	return status;
}

/* The topmost field of the first kind that is there: those below it, and those of other kinds, are
 * names that the same mail had on its way, and sending to all of them would send it twice. */
static enum tp_status describe_rcpts(
	const struct header *header, struct tp_strings *rcpts, struct tp_error *err)
{
	static const char *const names[] = { "Delivered-To", "X-Original-To", "Envelope-To" };
	enum tp_status status = TP_OK;
	struct tp_field field;

	for (size_t i = 0; !status && rcpts->count == 0 && i < 3; i++)
		if (tp_header_find(header->data, header->tree.parts[0].header, names[i], &field))
			status = add_addresses(header, field.value, rcpts, err);
	return status;
}

enum tp_status tp_record_describe(
	struct tp_record *record, const char *data, size_t len, struct tp_error *err)
{
	struct header header = { .data = data };
	enum tp_status status = scan_header(&header, data, len, err);

	if (status)
		return status;
	record->size_bytes = len;
	status = tp_sha256(data, len, record->sha256, err);
	if (!status)
		status = describe_fields(&header, "From", NULL, SHORT_MAX, &record->from, err);
	if (!status)
		status = describe_fields(&header, "To", "Cc", LISTS_MAX, &record->to, err);
	if (!status)
		status = describe_subject(&header, &record->subject, err);
	if (!status && !record->sender)
		status = describe_sender(&header, &record->sender, err);
	if (!status && record->rcpts.count == 0)
		status = describe_rcpts(&header, &record->rcpts, err);
	tp_tree_release(&header.tree);
	return status;
}
