/* Lists of links: see links.h. */
#include "mime/links.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/json.h"

enum tp_status tp_links_add(struct tp_links *links, struct tp_link *link, struct tp_error *err)
{
	struct tp_link *list =
		tp_array_room(links->list, links->count, &links->cap, 8, sizeof *list);

	if (!list) {
		tp_link_release(link);
		return tp_fail(err, TP_NOMEM, "links: out of memory");
	}
	links->list = list;
	links->list[links->count++] = *link;
	*link = (struct tp_link)TP_LINK_INIT;
	return TP_OK;
}

void tp_links_release(struct tp_links *links)
{
	for (size_t i = 0; i < links->count; i++)
		tp_link_release(&links->list[i]);
	free(links->list);
	*links = (struct tp_links)TP_LINKS_INIT;
}

/* The text at `pointer`, NULL when there is none. */
static enum tp_status get_text(
	const struct tp_json *doc, const char *pointer, char **to, struct tp_error *err)
{
	struct tp_buf value = TP_BUF_INIT(1024 * 1024);
	enum tp_status status = TP_OK;

	if (tp_json_get(doc, pointer, &value) && value.len) {
		*to = tp_buf_detach(&value);
		if (!*to)
			status = tp_fail(err, TP_NOMEM, "links: out of memory");
	}
	tp_buf_release(&value);
	return status;
}

static enum tp_status read_number(
	const char *text, const char *what, uint64_t *number, struct tp_error *err)
{
	char *end;

	*number = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || *number > INT64_MAX)
		return tp_fail(err, TP_DATA, "\"%s\" is no number", what);
	return TP_OK;
}

static enum tp_status read_numbers(
	const struct tp_json *doc, struct tp_link *link, struct tp_error *err)
{
	struct tp_buf value = TP_BUF_INIT(256);
	enum tp_status status = TP_OK;
	uint64_t number;

	if (tp_json_get(doc, "/size", &value))
		status = read_number(tp_buf_str(&value), "size", &link->size_bytes, err);
	tp_buf_clear(&value);
	if (!status && tp_json_get(doc, "/expires", &value) && value.len) {
		if (strspn(value.data, "0123456789") == value.len) {
			status = read_number(value.data, "expires", &number, err);
			link->expires = (int64_t)number;
		} else if (tp_date_parse(value.data, &link->expires, NULL)) {
			status = tp_fail(err, TP_DATA, "\"expires\" is no date");
		}
	}
	tp_buf_clear(&value);
	if (!status && tp_json_get(doc, "/sha256", &value) && value.len) {
		if (value.len != 64 || strspn(value.data, "0123456789abcdef") != 64)
			status = tp_fail(err, TP_DATA, "\"sha256\" is not 64 hexadecimal digits");
		else
			memcpy(link->sha256, value.data, 65);
	}
	tp_buf_release(&value);
	return status;
}

static enum tp_status read_line(
	const char *text, size_t len, struct tp_link *link, struct tp_error *err)
{
	struct tp_json *doc = NULL;
	enum tp_status status = tp_json_parse(text, len, &doc, err);

	if (!status)
		status = get_text(doc, "/url", &link->url, err);
	if (!status)
		status = get_text(doc, "/name", &link->name, err);
	if (!status)
		status = get_text(doc, "/type", &link->type, err);
	if (!status && !link->url)
		status = tp_fail(err, TP_DATA, "there is no \"url\"");
	if (!status && !tp_link_url_is_safe(link->url, false))
		status = tp_fail(err, TP_DATA, "\"url\" is no URL that a mail can show");
	if (!status)
		status = read_numbers(doc, link, err);
	tp_json_free(doc);
	return status;
}

enum tp_status tp_links_read(const char *text, size_t len, const char *name, struct tp_links *links,
	struct tp_error *err)
{
	const char *end = text + len, *lf;
	enum tp_status status = TP_OK;

	for (size_t line = 1; !status && text < end; line++, text = lf + 1) {
		struct tp_link link = TP_LINK_INIT;
		size_t n;

		lf = memchr(text, '\n', (size_t)(end - text));
		lf = lf ? lf : end;
		n = (size_t)(lf - text);
		while (n && strchr(" \t\r", text[n - 1]))
			n--;
		if (!n)
			continue;
		status = read_line(text, n, &link, err);
		if (status) {
			tp_link_release(&link);
			return tp_error_prefix(err, "%s:%zu", name, line);
		}
		status = tp_links_add(links, &link, err);
	}
	return status;
}
