/* Stubs, written and read: see stub.h. */
#include "mime/stub.h"

#include <strings.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "mime/text.h"

/* RFC 2017 3: the URL is cut into words of at most 40 characters, readers join them again. */
#define URL_WORD_MAX  40
#define LINE_MAX_LEN  76
#define STUB_TEXT_MAX (4 * 1024 * 1024)

void tp_link_release(struct tp_link *link)
{
	free(link->name);
	free(link->type);
	free(link->url);
	free(link->delete_url);
	free(link->content_id);
	*link = (struct tp_link)TP_LINK_INIT;
}

/* --- URLs ------------------------------------------------------------------------------------- */

static size_t scheme_len(const char *url)
{
	size_t n = strspn(url, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			       "0123456789+.-");

	return n && url[n] == ':' && strchr("0123456789+.-", url[0]) == NULL ? n : 0;
}

static bool scheme_in(const char *url, const char *const *list)
{
	size_t n = scheme_len(url);

	for (; *list; list++)
		if (strlen(*list) == n && !strncasecmp(url, *list, n))
			return true;
	return false;
}

bool tp_link_url_is_safe(const char *url, bool web_only)
{
	static const char *const web[] = { "http", "https", "ftp", NULL };
	static const char *const running[] = { "javascript", "data", "vbscript", NULL };

	if (!url || !scheme_len(url))
		return false;
	return web_only ? scheme_in(url, web) : !scheme_in(url, running);
}

/* Appends `url` with what a URL cannot hold percent-encoded (RFC 2017 3.1). */
static bool add_encoded_url(struct tp_buf *out, const char *url)
{
	for (const unsigned char *p = (const unsigned char *)url; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '"' || *p == '\\' || *p == '<' || *p == '>')
			tp_buf_addf(out, "%%%02X", *p);
		else
			tp_buf_addc(out, (char)*p);
	return !out->status;
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool is_plain_name(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > 50 || name[0] == ' ' || name[len - 1] == ' ' || strstr(name, "=?"))
		return false;
	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (*p < ' ' || *p >= 0x7f || strchr("\"\\%'*", *p) || (*p == ' ' && p[1] == ' '))
			return false;
	return true;
}

static bool is_attribute_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '.' ||
	       c == '-' || c == '_' || c == '~' || c == '+' || c == '!' || c == '$' || c == '&' ||
	       c == '^' || c == '`' || c == '{' || c == '}' || c == '|' || c == '#';
}

static size_t encoded_len(const char *value)
{
	size_t n = 0;

	for (; *value; value++)
		n += is_attribute_char((unsigned char)*value) ? 1 : 3;
	return n;
}

/* Appends value from *p on, percent-encoded, as far as `room` characters go; a UTF-8 character is
 * not cut in two, because some readers convert each section by itself. */
static void add_segment(struct tp_buf *out, const char **p, size_t room)
{
	while (**p) {
		unsigned char c = (unsigned char)**p;
		size_t bytes = tp_utf8_next(*p, strnlen(*p, 4), NULL);
		size_t need = is_attribute_char(c) ? 1 : 3 * (bytes ? bytes : 1);

		if (need > room)
			return;
		room -= need;
		if (need == 1)
			tp_buf_addc(out, *(*p)++);
		for (size_t left = need / 3; left; left--, (*p)++)
			tp_buf_addf(out, "%%%02X", (unsigned char)**p);
	}
}

static bool add_param(struct tp_buf *out, const char *name, const char *value, const char *eol)
{
	const char *p = value;
	size_t start;

	if (is_plain_name(value))
		return tp_buf_addf(out, ";%s %s=\"%s\"", eol, name, value);
	if (encoded_len(value) <= 50) {
		tp_buf_addf(out, ";%s %s*=UTF-8''", eol, name);
		add_segment(out, &p, SIZE_MAX);
		return !out->status;
	}
	for (size_t i = 0; *p && !out->status; i++) {
		tp_buf_addf(out, ";%s", eol);
		start = out->len;
		tp_buf_addf(out, " %s*%zu*=%s", name, i, i ? "" : "UTF-8''");
		add_segment(out, &p, LINE_MAX_LEN - (out->len - start) - 1);
	}
	return !out->status;
}

static void add_url_param(struct tp_buf *out, const char *url, const char *eol)
{
	size_t len = strlen(url);

	tp_buf_addf(out, ";%s URL=\"", eol);
	for (size_t at = 0; at < len; at += URL_WORD_MAX) {
		int n = (int)(len - at < URL_WORD_MAX ? len - at : URL_WORD_MAX);

		tp_buf_addf(out, "%s%s%.*s", at ? eol : "", at ? " " : "", n, url + at);
	}
	tp_buf_addc(out, '"');
}

static void add_outer_fields(struct tp_buf *out, const struct tp_link *link, const char *eol)
{
	tp_buf_adds(out, "Content-Type: message/external-body; access-type=URL");
	add_url_param(out, link->url, eol);
	if (link->expires) {
		tp_buf_addf(out, ";%s expiration=\"", eol);
		tp_date_rfc5322(link->expires, out);
		tp_buf_addc(out, '"');
	}
	tp_buf_addf(out, ";%s size=%llu; permission=read%s", eol,
		(unsigned long long)link->size_bytes, eol);
	tp_buf_addf(out, "Content-Transfer-Encoding: 7bit%s", eol);
}

static bool is_type_word(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)p[i] <= ' ' || (unsigned char)p[i] >= 0x7f ||
			strchr("()<>@,;:\\\"/[]?=", p[i]))
			return false;
	return len > 0 && len < 128;
}

static bool is_media_type(const char *type)
{
	const char *slash = type ? strchr(type, '/') : NULL;

	return slash && is_type_word(type, (size_t)(slash - type)) &&
	       is_type_word(slash + 1, strlen(slash + 1));
}

static bool is_content_id(const char *id)
{
	size_t len = id ? strlen(id) : 0;

	if (len < 3 || len > 900 || id[0] != '<' || id[len - 1] != '>')
		return false;
	for (size_t i = 1; i < len - 1; i++)
		if (id[i] <= ' ' || id[i] >= 0x7f || id[i] == '<' || id[i] == '>')
			return false;
	return true;
}

static void add_phantom(struct tp_buf *out, const struct tp_link *link, const char *eol)
{
	tp_buf_addf(out, "Content-Type: %s%s", link->type, eol);
	tp_buf_addf(out, "Content-Transfer-Encoding: binary%s", eol);
	tp_buf_adds(out, "Content-Disposition: attachment");
	if (link->name)
		add_param(out, "filename", link->name, eol);
	tp_buf_adds(out, eol);
	if (is_content_id(link->content_id))
		tp_buf_addf(out, "Content-ID:%s%s%s", strlen(link->content_id) > 60 ? eol : "", " ",
			link->content_id);
	else
		tp_buf_addf(out, "Content-ID: <%.32s@tubepost.invalid>", link->seal);
	tp_buf_adds(out, eol);
	if (link->sha256[0])
		tp_buf_addf(out, "X-Tubepost-SHA256:%s %s%s", eol, link->sha256, eol);
	tp_buf_addf(out, "X-Tubepost-Seal:%s %s%s%s", eol, link->seal, eol, eol);
}

/* --- the seal --------------------------------------------------------------------------------- */

static void add_sealed(struct tp_buf *out, const char *value)
{
	value = value ? value : "";
	tp_buf_addf(out, "%zu:%s\n", strlen(value), value);
}

/* The HMAC over every fact a reader is told, each with its length so that none can lend bytes to
 * its neighbour. */
static enum tp_status make_seal(const struct tp_link *link, const unsigned char *secret,
	char seal[65], struct tp_error *err)
{
	struct tp_buf facts = TP_BUF_INIT(STUB_TEXT_MAX);
	unsigned char mac[32];
	enum tp_status status;

	tp_buf_adds(&facts, "tubepost stub 1\n");
	add_sealed(&facts, link->url);
	add_sealed(&facts, link->name);
	add_sealed(&facts, link->type);
	add_sealed(&facts, link->sha256);
	tp_buf_addf(&facts, "%llu %lld\n", (unsigned long long)link->size_bytes,
		(long long)link->expires);
	status = tp_buf_status(&facts, "stub", err);
	if (!status)
		status =
			tp_hmac_sha256(secret, TP_STUB_SECRET_LEN, facts.data, facts.len, mac, err);
	if (!status)
		tp_hex(mac, sizeof mac, seal);
	tp_buf_release(&facts);
	return status;
}

enum tp_status tp_stub_verify(const struct tp_link *link,
	const unsigned char secret[TP_STUB_SECRET_LEN], struct tp_error *err)
{
	char seal[65];
	enum tp_status status;

	if (strlen(link->seal) == 64) {
		status = make_seal(link, secret, seal, err);
		if (status)
			return status;
		if (tp_digest_equal(seal, link->seal, 64))
			return TP_OK;
	}
	return TP_NOTHING;
}

/* The link as it will be read again: URL encoded, name made valid, type a type. */
static enum tp_status normalise(
	const struct tp_link *link, struct tp_link *clean, struct tp_error *err)
{
	struct tp_buf url = TP_BUF_INIT(STUB_TEXT_MAX), name = TP_BUF_INIT(STUB_TEXT_MAX);
	enum tp_status status;

	*clean = (struct tp_link)TP_LINK_INIT;
	if (!tp_link_url_is_safe(link->url, false))
		return tp_fail(err, TP_DATA, "stub: not a URL that a mail can show");
	add_encoded_url(&url, link->url);
	status = tp_buf_status(&url, "stub", err);
	if (!status && link->name && link->name[0])
		status = tp_text_to_utf8(link->name, strlen(link->name), "UTF-8", &name, NULL, err);
	if (status) {
		tp_buf_release(&url);
		tp_buf_release(&name);
		return status;
	}
	clean->url = tp_buf_detach(&url);
	clean->name = name.len ? tp_buf_detach(&name) : NULL;
	clean->type = strdup(is_media_type(link->type) ? link->type : "application/octet-stream");
	clean->content_id = link->content_id ? strdup(link->content_id) : NULL;
	clean->size_bytes = link->size_bytes;
	clean->expires = link->expires;
	if (strspn(link->sha256, "0123456789abcdef") == 64)
		memcpy(clean->sha256, link->sha256, sizeof clean->sha256);
	for (char *p = clean->type; p && *p; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 32) : *p;
	if (clean->url && clean->type && !clean->content_id == !link->content_id)
		return TP_OK;
	return tp_fail(err, TP_NOMEM, "stub: out of memory");
}

enum tp_status tp_stub_render(const struct tp_link *link,
	const unsigned char secret[TP_STUB_SECRET_LEN], const char *eol, struct tp_buf *fields,
	struct tp_buf *body, struct tp_error *err)
{
	struct tp_link clean;
	enum tp_status status;

	status = normalise(link, &clean, err);
	if (!status)
		status = make_seal(&clean, secret, clean.seal, err);
	if (!status) {
		add_outer_fields(fields, &clean, eol);
		add_phantom(body, &clean, eol);
		status = tp_buf_status(fields, "stub", err);
	}
	if (!status)
		status = tp_buf_status(body, "stub", err);
	tp_link_release(&clean);
	return status;
}

enum tp_status tp_stub_mark(const struct tp_tree *tree, const char *data, uint32_t part,
	const char *eol, struct tp_edits *edits, struct tp_error *err)
{
	const char *mark = strcmp(eol, "\n") ? TP_STUB_MARK "\r\n" : TP_STUB_MARK "\n";
	struct tp_field field;

	if (!tp_header_find(data, tree->parts[part].header, "Content-Type", &field))
		return TP_OK;
	return tp_edits_insert(edits, field.whole.begin, mark, strlen(mark), err);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The phantom header: the body of the stub up to its first blank line. */
static struct tp_range phantom_header(const char *data, struct tp_range body)
{
	struct tp_range range = { body.begin, body.begin };

	while (range.end < body.end) {
		const char *line = data + range.end;
		const char *lf = memchr(line, '\n', body.end - range.end);
		size_t len = lf ? (size_t)(lf - line) + 1 : body.end - range.end;

		if (line[0] == '\n' || (len > 1 && line[0] == '\r' && line[1] == '\n'))
			break;
		range.end += len;
	}
	return range;
}

static enum tp_status find_param(const char *data, struct tp_range value, const char *name,
	struct tp_buf *out, struct tp_error *err)
{
	tp_buf_clear(out);
	return tp_param_find(data, value, name, out, NULL, err);
}

/* RFC 2017 3: readers delete all white space in the URL. */
static void squeeze(struct tp_buf *buf)
{
	size_t kept = 0;

	for (size_t i = 0; i < buf->len; i++)
		if ((unsigned char)buf->data[i] > ' ')
			buf->data[kept++] = buf->data[i];
	tp_buf_truncate(buf, kept);
}

static enum tp_status take(char **to, struct tp_buf *buf, struct tp_error *err)
{
	*to = strdup(tp_buf_str(buf));
	return *to ? TP_OK : tp_fail(err, TP_NOMEM, "stub: out of memory");
}

static uint64_t read_size(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	return text[0] >= '0' && text[0] <= '9' && !*end ? value : 0;
}

static enum tp_status read_outer(const char *data, struct tp_range value, struct tp_link *link,
	struct tp_buf *buf, struct tp_error *err)
{
	enum tp_status status = find_param(data, value, "access-type", buf, err);

	if (status || strcasecmp(tp_buf_str(buf), "url"))
		return status ? status : TP_NOTHING;
	status = find_param(data, value, "url", buf, err);
	if (status)
		return status;
	squeeze(buf);
	if (!tp_link_url_is_safe(tp_buf_str(buf), false))
		return TP_NOTHING;
	status = take(&link->url, buf, err);
	if (!status && !find_param(data, value, "size", buf, err))
		link->size_bytes = read_size(tp_buf_str(buf));
	if (!status && !find_param(data, value, "expiration", buf, err))
		(void)tp_date_parse_rfc5322(tp_buf_str(buf), &link->expires, NULL);
	return status;
}

/* Copies a field of 64 hex digits. */
static void read_hex_field(const char *data, struct tp_range header, const char *name, char hex[65])
{
	struct tp_buf buf = TP_BUF_INIT(4096);
	struct tp_field field;

	if (tp_header_find(data, header, name, &field) &&
		tp_header_unfold(data, field.value, &buf) && buf.len == 64 &&
		strspn(tp_buf_str(&buf), "0123456789abcdef") == 64)
		memcpy(hex, buf.data, 65);
	tp_buf_release(&buf);
}

static enum tp_status read_phantom(const char *data, struct tp_range header, struct tp_link *link,
	struct tp_buf *buf, struct tp_error *err)
{
	struct tp_part part = { .header = header, .parent = TP_PART_NONE, .next = TP_PART_NONE };
	struct tp_tree tree = { &part, 1, { 0, 0 } };
	struct tp_media_type type;
	struct tp_field field;
	enum tp_status status;

	tp_buf_clear(buf);
	status = tp_part_filename(&tree, data, 0, buf, err);
	if (!status)
		status = take(&link->name, buf, err);
	if (status && status != TP_NOTHING)
		return status;
	tp_buf_clear(buf);
	if (tp_header_find(data, header, "Content-ID", &field) &&
		tp_header_unfold(data, field.value, buf) && take(&link->content_id, buf, err))
		return TP_NOMEM;
	tp_part_media_type(&tree, data, 0, &type);
	tp_buf_clear(buf);
	tp_buf_addf(buf, "%s/%s", type.type, type.subtype);
	read_hex_field(data, header, "X-Tubepost-SHA256", link->sha256);
	if (tp_header_find(data, header, "X-Tubepost-Seal", &field)) {
		memcpy(link->seal, "?", 2);
		read_hex_field(data, header, "X-Tubepost-Seal", link->seal);
	}
	return take(&link->type, buf, err);
}

enum tp_status tp_stub_parse(const struct tp_tree *tree, const char *data, uint32_t part,
	struct tp_link *link, struct tp_error *err)
{
	struct tp_buf buf = TP_BUF_INIT(STUB_TEXT_MAX);
	const struct tp_part *p = &tree->parts[part];
	struct tp_media_type type;
	struct tp_field field;
	enum tp_status status;

	*link = (struct tp_link)TP_LINK_INIT;
	tp_part_media_type(tree, data, part, &type);
	if (!tp_media_type_is(&type, "message", "external-body") ||
		!tp_header_find(data, p->header, "Content-Type", &field))
		return TP_NOTHING;
	status = read_outer(data, field.value, link, &buf, err);
	if (!status)
		status = read_phantom(data, phantom_header(data, p->body), link, &buf, err);
	tp_buf_release(&buf);
	if (status)
		tp_link_release(link);
	return status;
}
