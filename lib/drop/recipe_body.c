/* Bodies of a recipe's requests: see recipe_run.h. */
#include <strings.h>

#include "base/hex.h"
#include "base/json.h"
#include "base/utf8.h"
#include "drop/recipe_run.h"

#define VALUE_MAX (8 << 20)

static bool has_header(const struct tp_strings *headers, const char *name)
{
	for (size_t i = 0; i < headers->count; i++)
		if (!strncasecmp(headers->list[i], name, strlen(name)))
			return true;
	return false;
}

static enum tp_status add_type(struct tp_strings *headers, const char *type, struct tp_error *err)
{
	if (has_header(headers, "Content-Type:"))
		return TP_OK;
	return tp_strings_addf(headers, err, "Content-Type: %s", type);
}

/* The recipe's braces and the values together must be JSON before anything is sent. */
static enum tp_status build_json(struct tp_recipe_run *run, const char *text, struct tp_buf *head,
	bool *secret, struct tp_error *err)
{
	enum tp_status status =
		tp_template_expand(&run->vars, text, TP_PLACE_JSON, head, secret, err);
	struct tp_json *doc = NULL;

	if (status)
		return status;
	status = tp_json_parse(tp_buf_str(head), head->len, &doc, NULL);
	tp_json_free(doc);
	if (status)
		return tp_fail(err, TP_CONFIG, "what the recipe builds is not JSON");
	return TP_OK;
}

/* A field whose value comes out empty is left out. */
static enum tp_status build_form(struct tp_recipe_run *run, const struct tp_yaml *fields,
	struct tp_buf *head, bool *secret, struct tp_error *err)
{
	struct tp_buf value = TP_BUF_INIT(VALUE_MAX);
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < fields->count; i++) {
		const char *text = fields->items[i]->text;

		tp_buf_clear(&value);
		status = tp_template_expand(
			&run->vars, text ? text : "", TP_PLACE_TEXT, &value, secret, err);
		if (status || !value.len)
			continue;
		if (head->len)
			tp_buf_addc(head, '&');
		tp_percent_encode(fields->keys[i], strlen(fields->keys[i]), "", head);
		tp_buf_addc(head, '=');
		tp_percent_encode(tp_buf_str(&value), value.len, "", head);
	}
	tp_buf_release(&value);
	return status ? status : tp_buf_status(head, "form", err);
}

/* A name inside of quotes in a part's header, as browsers write it. */
static void add_quoted(struct tp_buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"')
			tp_buf_adds(out, "%22");
		else if (*text == '\r' || *text == '\n')
			tp_buf_adds(out, *text == '\r' ? "%0D" : "%0A");
		else
			tp_buf_addc(out, *text);
	}
}

static void open_part(struct tp_buf *out, const char *boundary, const char *name)
{
	tp_buf_addf(out, "--%s\r\nContent-Disposition: form-data; name=\"", boundary);
	add_quoted(out, name);
	tp_buf_addc(out, '"');
}

static void add_file_part(
	struct tp_recipe_run *run, struct tp_buf *out, const char *boundary, const char *name)
{
	open_part(out, boundary, name);
	tp_buf_adds(out, "; filename=\"");
	add_quoted(out, run->item->name);
	tp_buf_addf(out, "\"\r\nContent-Type: %s\r\n\r\n", run->item->type);
}

static bool is_file(const struct tp_yaml *field)
{
	return field->text && !strcmp(field->text, "file");
}

/* RFC 7578. The field whose value is `file` is the file; what stands behind it goes into `tail`. */
static enum tp_status build_multipart(struct tp_recipe_run *run, const struct tp_yaml *fields,
	const char *boundary, struct tp_buf *head, struct tp_buf *tail, bool *secret,
	struct tp_error *err)
{
	struct tp_buf value = TP_BUF_INIT(VALUE_MAX), *out = head;
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < fields->count; i++) {
		const char *text = fields->items[i]->text;

		if (is_file(fields->items[i])) {
			if (!run->item || out == tail)
				status = tp_fail(
					err, TP_CONFIG, "multipart: one `file`, in `put` only");
			else
				add_file_part(run, out, boundary, fields->keys[i]);
			out = tail;
			tp_buf_adds(tail, "\r\n");
			continue;
		}
		tp_buf_clear(&value);
		status = tp_template_expand(
			&run->vars, text ? text : "", TP_PLACE_TEXT, &value, secret, err);
		if (status || !value.len)
			continue;
		open_part(out, boundary, fields->keys[i]);
		tp_buf_addf(out, "\r\n\r\n%s\r\n", tp_buf_str(&value));
	}
	tp_buf_addf(out, "--%s--\r\n", boundary);
	tp_buf_release(&value);
	return status ? status : tp_buf_status(out, "multipart body", err);
}

static enum tp_status random_boundary(char boundary[64], struct tp_error *err)
{
	unsigned char bytes[16];
	char hex[33];
	enum tp_status status = tp_random(bytes, sizeof bytes, err);

	if (status)
		return status;
	tp_hex(bytes, sizeof bytes, hex);
	snprintf(boundary, 64, "tubepost-%s", hex);
	return TP_OK;
}

static enum tp_status add_multipart(struct tp_recipe_run *run, const struct tp_recipe_step *step,
	struct tp_strings *headers, struct tp_buf *head, struct tp_buf *tail,
	struct tp_http_body *body, bool *secret, struct tp_error *err)
{
	char boundary[64], type[128];
	enum tp_status status = random_boundary(boundary, err);

	if (!status)
		status = build_multipart(run, step->body, boundary, head, tail, secret, err);
	if (status)
		return status;
	if (tail->len) {
		body->fd = run->item->fd;
		body->length = run->item->size_bytes;
	}
	snprintf(type, sizeof type, "multipart/form-data; boundary=%s", boundary);
	return add_type(headers, type, err);
}

static enum tp_status add_file(struct tp_recipe_run *run, const struct tp_recipe_step *step,
	uint64_t offset, struct tp_strings *headers, struct tp_http_body *body,
	struct tp_error *err)
{
	uint64_t left;

	if (!run->item)
		return tp_fail(err, TP_CONFIG, "body: file, in `put` only");
	left = run->item->size_bytes - offset;
	body->fd = run->item->fd;
	body->offset = offset;
	body->length = step->chunk && step->chunk < left ? step->chunk : left;
	return add_type(headers, run->item->type, err);
}

enum tp_status tp_recipe_body(struct tp_recipe_run *run, const struct tp_recipe_step *step,
	uint64_t offset, struct tp_strings *headers, struct tp_buf *head, struct tp_buf *tail,
	struct tp_http_body *body, bool *has_body, bool *secret, struct tp_error *err)
{
	const char *text = step->body && step->body->text ? step->body->text : "";
	enum tp_status status = TP_OK;

	*body = (struct tp_http_body){ .fd = -1 };
	*has_body = step->kind != TP_BODY_NONE;
	switch (step->kind) {
	case TP_BODY_NONE:
		return TP_OK;
	case TP_BODY_FILE:
		return add_file(run, step, offset, headers, body, err);
	case TP_BODY_TEXT:
		status = tp_template_expand(&run->vars, text, TP_PLACE_TEXT, head, secret, err);
		break;
	case TP_BODY_JSON:
		status = build_json(run, text, head, secret, err);
		if (!status)
			status = add_type(headers, "application/json", err);
		break;
	case TP_BODY_FORM:
		status = build_form(run, step->body, head, secret, err);
		if (!status)
			status = add_type(headers, "application/x-www-form-urlencoded", err);
		break;
	case TP_BODY_MULTIPART:
		status = add_multipart(run, step, headers, head, tail, body, secret, err);
		break;
	}
	body->head = tp_buf_str(head);
	body->head_len = head->len;
	body->tail = tp_buf_str(tail);
	body->tail_len = tail->len;
	return status;
}
