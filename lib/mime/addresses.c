/*
 * Address lists (RFC 5322 3.4), by GMime: comments, groups, routes, quoted local parts and the ways
 * in which senders get them wrong. Lists that have none of this are read by addresses-plain.c, for to
 * load GMime takes longer than all else that is done to a small mail. See text.h.
 */
#include "mime/text.h"

#include "base/utf8.h"
#include "mime/addresses-parts.h"
#include "mime/gmime.h"

/* An addr-spec that could stand on a line of its own: no control character, valid UTF-8. */
static bool is_usable(const char *addr)
{
	size_t len = strlen(addr);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)addr[i] < 0x20 || addr[i] == 0x7f)
			return false;
	return len > 0 && tp_utf8_valid(addr, len);
}

static void add_mailbox(
	const struct tp_gmime *g, InternetAddress *address, struct tp_buf *out, size_t *count)
{
	const char *addr = g->mailbox_addr((InternetAddressMailbox *)address);

	if (!addr || !is_usable(addr))
		return;
	tp_buf_adds(out, addr);
	tp_buf_addc(out, '\0');
	++*count;
}

/* Groups hold mailboxes and nothing else (RFC 5322 3.4), so one level is all there is. */
static void add_list(const struct tp_gmime *g, InternetAddressList *list, bool open_groups,
	struct tp_buf *out, size_t *count)
{
	int length = list ? g->list_length(list) : 0;

	for (int i = 0; i < length; i++) {
		InternetAddress *address = g->list_get(list, i);
		bool is_group = g->is_a((GTypeInstance *)address, g->group_type());

		if (!is_group)
			add_mailbox(g, address, out, count);
		else if (open_groups)
			add_list(g, g->group_members((InternetAddressGroup *)address), false, out,
				count);
	}
}

static size_t count_colons(const char *data, struct tp_range value)
{
	size_t count = 0;

	for (size_t i = value.begin; i < value.end; i++)
		count += data[i] == ':';
	return count;
}

enum tp_status tp_addresses_gmime(
	const char *text, struct tp_buf *out, size_t *count, struct tp_error *err)
{
	InternetAddressList *list;
	const struct tp_gmime *g;
	enum tp_status status = tp_gmime_open(&g, err);

	if (status)
		return status;
	list = g->list_parse(NULL, text);
	add_list(g, list, true, out, count);
	if (list)
		g->unref(list);
	return TP_OK;
}

enum tp_status tp_text_addresses(const char *data, struct tp_range value, struct tp_buf *out,
	size_t *count, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(TP_TEXT_ADDRESSES_MAX);
	enum tp_status status;

	*count = 0;
	if (tp_range_len(value) > TP_TEXT_ADDRESSES_MAX)
		return tp_fail(
			err, TP_LIMIT, "address list of more than %d bytes", TP_TEXT_ADDRESSES_MAX);
	if (count_colons(data, value) > TP_TEXT_COLONS_MAX)
		return tp_fail(
			err, TP_LIMIT, "address list with more than %d colons", TP_TEXT_COLONS_MAX);
	tp_header_unfold(data, value, &text);
	status = tp_buf_status(&text, "addresses", err);
	if (!status && !tp_addresses_plain(tp_buf_str(&text), text.len, out, count))
		status = tp_addresses_gmime(tp_buf_str(&text), out, count, err);
	if (!status)
		status = tp_buf_status(out, "addresses", err);
	tp_buf_release(&text);
	return status;
}
