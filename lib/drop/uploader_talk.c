/* What an uploader is told, in its environment, and what its answer says: see uploader.h. */
#include "drop/uploader_talk.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/json.h"
#include "mime/stub.h"

#define URL_MAX   8192       /* more than any browser or server takes */
#define VALUE_MAX (96 << 10) /* of one variable: the kernel refuses 128 KiB */

/* Our own environment without what we set. */
static enum tp_status copy_environment(struct tp_strings *env, struct tp_error *err)
{
	static const char *const replaced[] = { "ACTION=", "NAME=", "TYPE=", "SIZE=", "SHA256=",
		"EXPIRES=", "SENDER=", "RECIPIENTS=", "KEY=", "DEADLINE=", NULL };
	enum tp_status status = TP_OK;

	for (char **at = environ; !status && *at; at++) {
		bool ours = false;

		for (int i = 0; !strncmp(*at, "TUBEPOST_", 9) && replaced[i]; i++)
			ours = ours || !strncmp(*at + 9, replaced[i], strlen(replaced[i]));
		if (!ours)
			status = tp_strings_add(env, *at, err);
	}
	return status;
}

static enum tp_status add_number(
	struct tp_strings *env, const char *name, int64_t number, struct tp_error *err)
{
	return tp_strings_addf(env, err, "TUBEPOST_%s=%lld", name, (long long)number);
}

static enum tp_status add_text(
	struct tp_strings *env, const char *name, const char *text, struct tp_error *err)
{
	return tp_strings_addf(env, err, "TUBEPOST_%s=%s", name, text ? text : "");
}

/* A list of addresses, as many as fit: a mail to ten thousand people must not fail for them. */
static enum tp_status add_addresses(
	struct tp_strings *env, const char *name, const char *list, struct tp_error *err)
{
	size_t len = list ? strlen(list) : 0;

	if (len > VALUE_MAX) {
		for (len = VALUE_MAX; len > 0 && list[len] != ',';)
			len--;
		tp_warn("TUBEPOST_%s: cut to %zu bytes", name, len);
	}
	return tp_strings_addf(env, err, "TUBEPOST_%s=%.*s", name, (int)len, list ? list : "");
}

enum tp_status tp_upload_environment(const struct tp_uploader *how, const struct tp_upload *upload,
	struct tp_strings *env, struct tp_error *err)
{
	const struct tp_drop_item *item = &upload->item;
	enum tp_status status;

	if ((status = copy_environment(env, err)) ||
		(status = add_text(env, "ACTION", upload->send ? "send" : "upload", err)) ||
		(status = add_text(env, "NAME", item->name, err)) ||
		(status = add_text(env, "TYPE", item->type, err)) ||
		(status = add_number(env, "SIZE", (int64_t)item->size_bytes, err)) ||
		(status = add_text(env, "SHA256", item->sha256, err)) ||
		(status = add_number(env, "EXPIRES", item->expires, err)) ||
		(status = add_addresses(env, "SENDER", item->sender, err)) ||
		(status = add_addresses(env, "RECIPIENTS", item->recipients, err)) ||
		(status = add_text(env, "KEY", item->key, err)))
		return status;
	return add_number(env, "DEADLINE", how->deadline, err);
}

/* The string at the pointer, or NULL. */
static char *take_text(const struct tp_json *doc, const char *pointer)
{
	struct tp_buf value = TP_BUF_INIT(TP_UPLOAD_SAID_MAX);
	char *text = NULL;

	if (tp_json_get(doc, pointer, &value) && strlen(tp_buf_str(&value)) == value.len)
		text = tp_buf_detach(&value);
	tp_buf_release(&value);
	return text;
}

/* `expires` as Unix seconds or a date; null says that the link stays for ever. */
static bool read_expires(const struct tp_json *doc, int64_t *expires)
{
	char *text = take_text(doc, "/expires"), *end = NULL;
	struct tp_buf raw = TP_BUF_INIT(TP_UPLOAD_SAID_MAX);
	bool good = true;

	if (text) {
		errno = 0;
		*expires = strtoll(text, &end, 10);
		good = end != text && !errno && *expires >= 0;
		if (*end)
			good = !tp_date_parse(text, expires, NULL);
	} else if (tp_json_raw(doc, "/expires", &raw)) {
		good = !strcmp(tp_buf_str(&raw), "null");
		*expires = 0;
	}
	tp_buf_release(&raw);
	free(text);
	return good;
}

static enum tp_status read_json(struct tp_upload *upload, struct tp_error *err)
{
	struct tp_drop_result *result = &upload->result;
	struct tp_json *doc = NULL;
	enum tp_status status = tp_json_parse(upload->said.data, upload->said.len, &doc, err);

	if (status)
		return tp_error_prefix(err, "the uploader printed bad JSON");
	result->url = take_text(doc, "/url");
	result->delete_url = take_text(doc, "/delete_url");
	result->note = take_text(doc, "/note");
	if (!read_expires(doc, &result->expires))
		status = tp_fail(
			err, TP_TEMPORARY, "the uploader printed an `expires` that is no time");
	tp_json_free(doc);
	return status;
}

/* One word, not endless, and no script. */
static bool is_usable(const char *url)
{
	for (const char *at = url; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return false;
	return strlen(url) <= URL_MAX && tp_link_url_is_safe(url, false);
}

/* The URL of an uploader that ended well. */
enum tp_status tp_upload_answer(struct tp_upload *upload, struct tp_error *err)
{
	struct tp_buf *said = &upload->said;
	struct tp_drop_result *result = &upload->result;
	enum tp_status status = TP_OK;

	while (said->len > 0 && (unsigned char)said->data[said->len - 1] <= ' ')
		tp_buf_truncate(said, said->len - 1);
	result->expires = upload->item.expires;
	if (said->len > 0 && said->data[0] == '{') {
		status = read_json(upload, err);
	} else if (said->len > 0 && strlen(said->data) == said->len) {
		result->url = strdup(said->data + strspn(said->data, " \t\r\n"));
		if (!result->url)
			status = tp_fail(err, TP_NOMEM, "out of memory");
	}
	if (!status && (!result->url || said->status || !is_usable(result->url)))
		status = tp_fail(err, TP_TEMPORARY, "the uploader printed no usable URL");
	if (status) /* nobody may take half an answer for a link */
		tp_drop_result_release(result);
	return status;
}
