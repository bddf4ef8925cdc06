/* Values of templates: what they are, how each language writes sizes and days, how they are
 * escaped. */
#include "mime/template-parts.h"

#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "mime/text.h"

#define NBSP      "\xc2\xa0"
#define VALUE_MAX (8 * 1024 * 1024)

static const struct {
	const char *name;
	enum tp_value_id id;
} names[] = {
	{ "links", TP_VALUE_LINKS },
	{ "name", TP_VALUE_NAME },
	{ "size", TP_VALUE_SIZE },
	{ "size_bytes", TP_VALUE_SIZE_BYTES },
	{ "url", TP_VALUE_URL },
	{ "type", TP_VALUE_TYPE },
	{ "sha256", TP_VALUE_SHA256 },
	{ "expires", TP_VALUE_EXPIRES },
	{ "expires_iso", TP_VALUE_EXPIRES_ISO },
	{ "number", TP_VALUE_NUMBER },
	{ "count", TP_VALUE_COUNT },
	{ "one", TP_VALUE_ONE },
	{ "many", TP_VALUE_MANY },
	{ "total", TP_VALUE_TOTAL },
	{ "total_bytes", TP_VALUE_TOTAL_BYTES },
	{ "expires_all", TP_VALUE_EXPIRES_ALL },
	{ "lang", TP_VALUE_LANG },
	{ "from.name", TP_VALUE_FROM_NAME },
	{ "from.address", TP_VALUE_FROM_ADDRESS },
};

enum tp_value_id tp_value_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i].name) == len && !memcmp(name, names[i].name, len))
			return names[i].id;
	if (len > 7 && !memcmp(name, "header.", 7))
		return TP_VALUE_HEADER;
	return TP_VALUE_NONE;
}

bool tp_value_is_of_link(enum tp_value_id id)
{
	return id >= TP_VALUE_NAME && id <= TP_VALUE_NUMBER;
}

/* --- sizes and days --------------------------------------------------------------------------- */

/* How a language writes. English text stays ASCII, so that it fits into any mail as it is. */
struct manner {
	const char *lang;
	const char *units[5];
	const char *decimal;
	const char *gap; /* between number and unit */
	const char *months[12];
};

static const struct manner manners[] = {
	{ "en", { "bytes", "kB", "MB", "GB", "TB" }, ".", " ",
		{ "January", "February", "March", "April", "May", "June", "July", "August",
			"September", "October", "November", "December" } },
	{ "fr", { "octets", "ko", "Mo", "Go", "To" }, ",", NBSP,
		{ "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août",
			"septembre", "octobre", "novembre", "décembre" } },
	{ "de", { "Byte", "kB", "MB", "GB", "TB" }, ",", NBSP,
		{ "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August",
			"September", "Oktober", "November", "Dezember" } },
	{ "es", { "bytes", "kB", "MB", "GB", "TB" }, ",", NBSP,
		{ "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto",
			"septiembre", "octubre", "noviembre", "diciembre" } },
};

static const struct manner *manner_of(const char *lang)
{
	for (size_t i = 0; lang && i < sizeof manners / sizeof *manners; i++)
		if (!strcasecmp(lang, manners[i].lang))
			return &manners[i];
	return &manners[0];
}

/* Three significant digits, powers of 1000: 999 bytes, 1.23 MB, 24.6 MB, 246 MB. */
static void write_size(uint64_t bytes, const struct manner *manner, struct tp_buf *out)
{
	uint64_t unit = 1, hundredths;
	size_t i = 0;

	for (; i < 4 && bytes / unit >= 1000; i++)
		unit *= 1000;
	if (i == 0) {
		tp_buf_addf(out, "%llu%s%s", (unsigned long long)bytes, manner->gap,
			bytes == 1 && !strcmp(manner->lang, "en")  ? "byte"
			: bytes < 2 && !strcmp(manner->lang, "fr") ? "octet"
								   : manner->units[0]);
		return;
	}
	hundredths = bytes / (unit / 100);
	tp_buf_addf(out, "%llu", (unsigned long long)(hundredths / 100));
	if (hundredths < 1000 && hundredths % 100)
		tp_buf_addf(out, hundredths % 10 ? "%s%02u" : "%s%u", manner->decimal,
			(unsigned)(hundredths % 10 ? hundredths % 100 : hundredths % 100 / 10));
	else if (hundredths >= 1000 && hundredths < 10000 && hundredths / 10 % 10)
		tp_buf_addf(out, "%s%u", manner->decimal, (unsigned)(hundredths / 10 % 10));
	tp_buf_addf(out, "%s%s", manner->gap, manner->units[i]);
}

/* The day in the site's own time zone: 20 décembre 2026. */
static void write_day(int64_t seconds, const struct manner *manner, struct tp_buf *out)
{
	time_t when = (time_t)seconds;
	const char *gap = manner->gap;
	const char *month;
	struct tm tm;

	if (!localtime_r(&when, &tm))
		return;
	month = manner->months[tm.tm_mon];
	if (!strcmp(manner->lang, "de"))
		tp_buf_addf(out, "%d.%s%s %d", tm.tm_mday, gap, month, tm.tm_year + 1900);
	else if (!strcmp(manner->lang, "es"))
		tp_buf_addf(out, "%d%sde %s de %d", tm.tm_mday, gap, month, tm.tm_year + 1900);
	else if (!strcmp(manner->lang, "fr"))
		tp_buf_addf(out, "%d%s%s%s %d", tm.tm_mday, tm.tm_mday == 1 ? "er" : "", gap, month,
			tm.tm_year + 1900);
	else
		tp_buf_addf(out, "%d%s%s %d", tm.tm_mday, gap, month, tm.tm_year + 1900);
}

static void write_common_day(const struct tp_template_facts *facts, struct tp_buf *out)
{
	struct tp_buf day = TP_BUF_INIT(256);
	size_t start = out->len;

	for (size_t i = 0; i < facts->count; i++) {
		tp_buf_clear(&day);
		if (facts->links[i].expires)
			write_day(facts->links[i].expires, manner_of(facts->lang), &day);
		if (day.status) { /* an unwritten day is no "no day" */
			out->status = day.status;
			break;
		}
		if (i == 0)
			tp_buf_add(out, tp_buf_str(&day), day.len);
		else if (strcmp(tp_buf_str(out) + start, tp_buf_str(&day)) != 0)
			tp_buf_truncate(out, start);
	}
	tp_buf_release(&day);
}

/* --- values ----------------------------------------------------------------------------------- */

static enum tp_status write_header(const char *name, size_t len,
	const struct tp_template_facts *facts, struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf wanted = TP_BUF_INIT(1024);
	struct tp_field field;
	enum tp_status status = TP_OK;

	tp_buf_add(&wanted, name, len);
	if (wanted.status == TP_NOMEM)
		return tp_buf_status(&wanted, "template", err);
	if (facts->tree && tp_header_find(facts->data, facts->tree->parts[0].header,
				   tp_buf_str(&wanted), &field))
		status = tp_text_decode(facts->data, field.value, out, err);
	tp_buf_release(&wanted);
	return status == TP_LIMIT ? TP_OK : status; /* a monster counts as no value */
}

/* The display name of the first mailbox (RFC 5322 3.4), without quotes, escapes and comments; still
 * with its encoded words, which may hold any of the characters that are looked for here. False when
 * the mailbox has none. */
static bool first_name(const char *data, struct tp_range value, struct tp_buf *out)
{
	bool quoted = false;
	size_t comments = 0;

	for (size_t i = value.begin; i < value.end; i++) {
		char c = data[i];

		if (c == '\\' && (quoted || comments) && i + 1 < value.end) {
			if (!comments)
				tp_buf_addc(out, data[i + 1]);
			i++;
		} else if (c == '"' && !comments) {
			quoted = !quoted;
		} else if (!quoted && (c == '(' || (c == ')' && comments))) {
			comments = c == '(' ? comments + 1 : comments - 1;
		} else if (comments) {
			continue;
		} else if (!quoted && (c == '<' || c == ',' || c == ';')) {
			return c == '<';
		} else if (!quoted && c == ':') { /* so far it was the name of a group */
			tp_buf_clear(out);
		} else {
			tp_buf_addc(out, c);
		}
	}
	return false;
}

/* Appends the name; nothing when there is none. */
static enum tp_status write_name(
	const char *data, struct tp_range value, struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf phrase = TP_BUF_INIT(VALUE_MAX), text = TP_BUF_INIT(VALUE_MAX);
	enum tp_status status = TP_OK;
	size_t begin, end;

	if (first_name(data, value, &phrase))
		status = tp_buf_status(&phrase, "From", err);
	else
		tp_buf_clear(&phrase);
	if (!status)
		status = tp_text_decode(
			tp_buf_str(&phrase), (struct tp_range){ 0, phrase.len }, &text, err);
	begin = strspn(tp_buf_str(&text), " \t");
	for (end = text.len; end > begin && strchr(" \t", text.data[end - 1]);)
		end--;
	if (!status)
		tp_buf_add(out, tp_buf_str(&text) + begin, end - begin);
	tp_buf_release(&phrase);
	tp_buf_release(&text);
	return status;
}

/* The first author: name, or address, which also stands for a name that is missing. */
static enum tp_status write_from(
	bool name, const struct tp_template_facts *facts, struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf addresses = TP_BUF_INIT(VALUE_MAX);
	size_t count = 0, before = out->len;
	enum tp_status status = TP_OK;
	struct tp_field field;

	if (!facts->tree ||
		!tp_header_find(facts->data, facts->tree->parts[0].header, "From", &field))
		return TP_OK;
	if (name)
		status = write_name(facts->data, field.value, out, err);
	if (!status && out->len == before)
		status = tp_text_addresses(facts->data, field.value, &addresses, &count, err);
	if (!status && count)
		tp_buf_adds(out, tp_buf_str(&addresses));
	tp_buf_release(&addresses);
	return status == TP_LIMIT ? TP_OK : status;
}

static void add_optional(struct tp_buf *out, const char *text)
{
	if (text)
		tp_buf_adds(out, text);
}

static void write_of_link(enum tp_value_id id, const struct tp_link *link, size_t index,
	const struct manner *manner, struct tp_buf *out)
{
	switch (id) {
	case TP_VALUE_NAME:
		add_optional(out, link->name);
		break;
	case TP_VALUE_SIZE:
		if (link->size_bytes)
			write_size(link->size_bytes, manner, out);
		break;
	case TP_VALUE_SIZE_BYTES:
		if (link->size_bytes)
			tp_buf_addf(out, "%llu", (unsigned long long)link->size_bytes);
		break;
	case TP_VALUE_URL:
		add_optional(out, link->url);
		break;
	case TP_VALUE_TYPE:
		add_optional(out, link->type);
		break;
	case TP_VALUE_SHA256:
		tp_buf_adds(out, link->sha256);
		break;
	case TP_VALUE_EXPIRES:
		if (link->expires)
			write_day(link->expires, manner, out);
		break;
	case TP_VALUE_EXPIRES_ISO:
		if (link->expires)
			tp_date_rfc3339(link->expires, out);
		break;
	default:
		tp_buf_addf(out, "%zu", index + 1);
	}
}

static void write_of_mail(
	enum tp_value_id id, const struct tp_template_facts *facts, struct tp_buf *out)
{
	uint64_t total = 0;

	for (size_t i = 0; i < facts->count; i++)
		total = total + facts->links[i].size_bytes < total
				? UINT64_MAX
				: total + facts->links[i].size_bytes;
	if (id == TP_VALUE_COUNT || (id == TP_VALUE_ONE && facts->count == 1) ||
		(id == TP_VALUE_MANY && facts->count > 1) || (id == TP_VALUE_LINKS && facts->count))
		tp_buf_addf(out, "%zu", facts->count);
	else if (id == TP_VALUE_TOTAL && total)
		write_size(total, manner_of(facts->lang), out);
	else if (id == TP_VALUE_TOTAL_BYTES && total)
		tp_buf_addf(out, "%llu", (unsigned long long)total);
	else if (id == TP_VALUE_EXPIRES_ALL)
		write_common_day(facts, out);
	else if (id == TP_VALUE_LANG)
		tp_buf_adds(out, manner_of(facts->lang)->lang);
}

enum tp_status tp_value_get(enum tp_value_id id, const char *name, size_t name_len,
	const struct tp_template_facts *facts, size_t link, struct tp_buf *out,
	struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (id == TP_VALUE_HEADER)
		status = write_header(name + 7, name_len - 7, facts, out, err);
	else if (id == TP_VALUE_FROM_NAME || id == TP_VALUE_FROM_ADDRESS)
		status = write_from(id == TP_VALUE_FROM_NAME, facts, out, err);
	else if (tp_value_is_of_link(id))
		write_of_link(id, &facts->links[link], link, manner_of(facts->lang), out);
	else
		write_of_mail(id, facts, out);
	return status ? status : tp_buf_status(out, "template", err);
}

/* --- escaping --------------------------------------------------------------------------------- */

static bool write_entities(const char *text, size_t len, struct tp_buf *out)
{
	for (size_t i = 0; i < len; i++)
		switch (text[i]) {
		case '&':
			tp_buf_adds(out, "&amp;");
			break;
		case '<':
			tp_buf_adds(out, "&lt;");
			break;
		case '>':
			tp_buf_adds(out, "&gt;");
			break;
		case '"':
			tp_buf_adds(out, "&quot;");
			break;
		case '\'':
			tp_buf_adds(out, "&#39;");
			break;
		default:
			tp_buf_addc(out, text[i]);
		}
	return !out->status;
}

bool tp_value_write(enum tp_context context, const char *value, size_t len, struct tp_buf *out)
{
	struct tp_buf clean = TP_BUF_INIT(3 * len + 1);

	if (context == TP_CONTEXT_PLAIN)
		return tp_text_scrub(value, len, out);
	if (context == TP_CONTEXT_URL_PART)
		return tp_percent_encode(value, len, "", out);
	if (context == TP_CONTEXT_URL && !tp_link_url_is_safe(value, false))
		return tp_buf_addc(out, '#');
	if (context == TP_CONTEXT_URL)
		tp_percent_encode(value, len, ":/?#[]@!$&'()*+,;=%", &clean);
	else
		tp_text_scrub(value, len, &clean);
	if (clean.status)
		out->status = clean.status;
	write_entities(tp_buf_str(&clean), clean.len, out);
	tp_buf_release(&clean);
	return !out->status;
}
