/*
 * Diverted mode: the service sends the mail itself. It gets, as one JSON document on the stdin of
 * `drop-put --send`, the envelope, the subject, the texts and the links. See detach.h.
 *
 * A mail of which the service would get less than the recipient would have got is not diverted. A
 * mail that was sent is remembered in the ledger, by envelope: the caller may have to ask again.
 */
#include "drop/detach.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/json.h"
#include "drop/ledger.h"
#include "drop/upload_key.h"
#include "drop/uploader.h"
#include "mime/content.h"
#include "mime/header.h"
#include "mime/text.h"

/* The longest text that a service is handed. */
#define TEXT_MAX ((size_t)16 << 20)

static enum tp_status to_buf(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct tp_buf *out = context;

	return tp_buf_add(out, bytes, len) ? TP_OK : tp_buf_status(out, "text of the mail", err);
}

/* The part's text as UTF-8. */
static enum tp_status read_text(
	const struct tp_detach *detach, uint32_t index, struct tp_buf *out, struct tp_error *err)
{
	const struct tp_part *part = &detach->tree->parts[index];
	struct tp_buf raw = TP_BUF_INIT(TEXT_MAX), charset = TP_BUF_INIT(256);
	struct tp_field field;
	enum tp_status status =
		tp_content_read(detach->data, part->body, part->encoding, to_buf, &raw, err);

	if (!status && tp_header_find(detach->data, part->header, "Content-Type", &field))
		tp_param_find(detach->data, field.value, "charset", &charset, NULL, NULL);
	if (!status)
		status = tp_text_to_utf8(
			tp_buf_str(&raw), raw.len, tp_buf_str(&charset), out, NULL, err);
	tp_buf_release(&raw);
	tp_buf_release(&charset);
	return status;
}

/* Adds the first body of that type, if there is one, under `key`. */
static enum tp_status add_text(const struct tp_detach *detach, const char *subtype, const char *key,
	struct tp_buf *json, struct tp_error *err)
{
	const struct tp_plan *plan = detach->plan;
	struct tp_buf text = TP_BUF_INIT(4 * TEXT_MAX);
	enum tp_status status = TP_OK;

	for (size_t i = 0; i < plan->count; i++) {
		struct tp_media_type type;

		tp_part_media_type(detach->tree, detach->data, plan->items[i].part, &type);
		if (plan->items[i].role != TP_ROLE_BODY ||
			!tp_media_type_is(&type, "text", subtype))
			continue;
		status = read_text(detach, plan->items[i].part, &text, err);
		if (!status) {
			tp_json_key(json, key);
			tp_json_string(json, tp_buf_str(&text), text.len);
		}
		break;
	}
	tp_buf_release(&text);
	return status;
}

static enum tp_status add_subject(
	const struct tp_detach *detach, struct tp_buf *json, struct tp_error *err)
{
	struct tp_buf subject = TP_BUF_INIT(4 * TP_TEXT_VALUE_MAX);
	enum tp_status status = TP_OK;
	struct tp_field field;

	if (tp_header_find(detach->data, detach->tree->parts[0].header, "Subject", &field))
		status = tp_text_decode(detach->data, field.value, &subject, err);
	if (!status) {
		tp_json_key(json, "subject");
		tp_json_string(json, tp_buf_str(&subject), subject.len);
	}
	tp_buf_release(&subject);
	return status;
}

/* The comma behind an address; one inside of quotes belongs to it. */
static const char *address_end(const char *at)
{
	for (bool quoted = false; *at && (quoted || *at != ','); at++) {
		if (quoted && *at == '\\' && at[1])
			at++;
		else if (*at == '"')
			quoted = !quoted;
	}
	return at;
}

static void add_recipients(const char *recipients, struct tp_buf *json)
{
	tp_json_key(json, "recipients");
	tp_buf_addc(json, '[');
	for (const char *at = recipients, *end; at && *at; at = end + (*end == ',')) {
		end = address_end(at);
		if (at != recipients)
			tp_buf_addc(json, ',');
		tp_json_string(json, at, (size_t)(end - at));
	}
	tp_buf_addc(json, ']');
}

static void add_links(const struct tp_detach *detach, struct tp_buf *json)
{
	tp_json_key(json, "links");
	tp_buf_addc(json, '[');
	for (size_t i = 0; i < detach->link_count; i++) {
		const struct tp_link *link = &detach->links[i];

		tp_buf_adds(json, i ? ",{" : "{");
		tp_json_pair(json, "name", link->name);
		tp_json_pair(json, "type", link->type);
		tp_json_pair(json, "url", link->url);
		tp_json_pair_int(json, "size", (int64_t)link->size_bytes);
		tp_json_pair_int(json, "expires", link->expires);
		tp_json_pair(json, "sha256", link->sha256);
		tp_buf_addc(json, '}');
	}
	tp_buf_addc(json, ']');
}

static enum tp_status describe(
	const struct tp_detach *detach, struct tp_buf *json, struct tp_error *err)
{
	enum tp_status status;

	tp_buf_addc(json, '{');
	tp_json_pair(json, "sender", detach->sender ? detach->sender : "");
	add_recipients(detach->recipients, json);
	status = add_subject(detach, json, err);
	if (!status)
		status = add_text(detach, "plain", "text", json, err);
	if (!status)
		status = add_text(detach, "html", "html", json, err);
	add_links(detach, json);
	tp_buf_adds(json, "}\n");
	return status ? status : tp_buf_status(json, "description of the mail", err);
}

/* Why the service would lose a piece of the mail if it sent it; NULL when it would lose none. */
static const char *what_is_lost(const struct tp_detach *detach)
{
	const struct tp_plan *plan = detach->plan;
	size_t plain = 0, html = 0, other = 0;

	for (size_t i = 0; i < plan->count; i++) {
		const struct tp_plan_item *item = &plan->items[i];

		if (item->decision == TP_WRAPPED)
			return "a signed text cannot be handed over";
		if (item->decision == TP_LEAVES)
			continue;
		if (item->role != TP_ROLE_BODY)
			return "a part stays that is no text";
		plain += !strcmp(item->type, "text/plain");
		html += !strcmp(item->type, "text/html");
		other += strcmp(item->type, "text/plain") && strcmp(item->type, "text/html");
	}
	if (plain > 1 || html > 1)
		return "it has several texts";
	return other && !plain && !html ? "its text is of another type" : NULL;
}

bool tp_detach_may_divert(const struct tp_detach *detach)
{
	const char *lost = what_is_lost(detach);

	if (lost)
		tp_notice("not diverted: %s", lost);
	return !lost;
}

static enum tp_status run_send(
	const struct tp_detach *detach, int fd, uint64_t size, struct tp_error *err)
{
	static const char *const options[] = { "--send", NULL };
	struct tp_upload upload = { .label = "the mail", .send = true };
	struct tp_uploader how;
	struct tp_upload_pool pool = { .how = &how };
	enum tp_status status =
		tp_uploader_read(detach->conf, detach->until_ms, options, &how, err);

	upload.item = (struct tp_drop_item){ .name = "mail.json",
		.type = "application/json",
		.size_bytes = size,
		.sender = detach->sender,
		.recipients = detach->recipients,
		.fd = fd };
	if (!status)
		status = tp_upload_start(&pool, &upload, err);
	if (!status)
		status = tp_uploads_wait(&pool, err);
	tp_upload_release(&upload);
	tp_strings_release(&how.program);
	return status;
}

static enum tp_status send_document(const struct tp_detach *detach, struct tp_error *err)
{
	struct tp_buf json = TP_BUF_INIT(8 * TEXT_MAX);
	enum tp_status status = describe(detach, &json, err);
	int fd = -1;

	if (!status)
		status = tp_tmpfile(&fd, err);
	if (!status)
		status = tp_write_all(fd, json.data, json.len, "temporary file", err);
	if (!status)
		status = run_send(detach, fd, json.len, err);
	if (fd >= 0)
		close(fd);
	tp_buf_release(&json);
	return status;
}

/* Sends unless an earlier run did, and remembers that it did. */
static enum tp_status send_once(
	const struct tp_detach *detach, const char *key, struct tp_error *err)
{
	struct tp_drop_result sent = { .url = (char *)"sent:" }, found;
	struct tp_ledger *ledger = NULL;
	int64_t now = tp_now();
	struct tp_error later;
	enum tp_status status = tp_ledger_open(detach->conf, &ledger, err);

	if (status)
		return status;
	status = tp_ledger_find(ledger, key, now, now, &found, err);
	if (!status)
		tp_notice("the mail was sent by an earlier run");
	tp_drop_result_release(&found);
	if (status == TP_NOTHING) {
		status = send_document(detach, err);
		/* It is sent: to fail now would send it again. */
		if (!status && tp_ledger_record(ledger, key, &sent, now, &later))
			tp_warn("%s", later.text);
	}
	tp_ledger_close(ledger);
	return status;
}

enum tp_status tp_detach_divert(const struct tp_detach *detach, struct tp_error *err)
{
	const char *const facts[] = { detach->sender ? detach->sender : "",
		detach->recipients ? detach->recipients : "", NULL };
	int64_t patience = detach->until_ms - tp_monotonic_ms();
	struct tp_upload_keys secret;
	char key[TP_SHA256_HEX];
	const char *keys[] = { key };
	int lock = -1;
	enum tp_status status =
		tp_upload_keys_init(&secret, detach->conf, detach->tree, detach->data, err);

	if (!status)
		status = tp_upload_key(&secret, "send", facts, key, err);
	tp_upload_keys_clear(&secret);
	if (!status)
		status = tp_ledger_lock(
			detach->conf, keys, 1, patience > 0 ? patience : 0, &lock, err);
	if (!status)
		status = send_once(detach, key, err);
	tp_ledger_unlock(lock);
	return status;
}
