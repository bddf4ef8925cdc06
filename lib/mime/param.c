/*
 * Parameters of structured fields, and the lexing under them: see header.h and lex.h.
 *
 * One walk over the field collects what it needs: the first plain value, the first extended one and
 * the continuations by number. Numbers come from the sender, so they index nothing: at most
 * TP_PARAM_SECTIONS_MAX sections are kept, and sorted by counting.
 */
#include "mime/header.h"

#include "mime/lex.h"

struct value {
	struct tp_range raw; /* quotes included */
	bool set;
	bool extended; /* its name ended in a star: percent-coded */
};

struct found {
	struct value plain;
	struct value whole;     /* name*= */
	struct value *sections; /* name*0=, name*1*= ...; NULL until the first */
	size_t count;           /* one more than the highest section seen */
};

void tp_lex_skip_comment(const char *data, size_t *at, size_t end)
{
	size_t depth = 0;

	for (; *at < end; (*at)++) {
		if (data[*at] == '\\' && *at + 1 < end)
			(*at)++;
		else if (data[*at] == '(')
			depth++;
		else if (data[*at] == ')' && --depth == 0) {
			(*at)++;
			return;
		}
	}
}

void tp_lex_skip_cfws(const char *data, size_t *at, size_t end)
{
	while (*at < end) {
		if (data[*at] == '(')
			tp_lex_skip_comment(data, at, end);
		else if (tp_lex_is_space(data[*at]))
			(*at)++;
		else
			return;
	}
}

void tp_lex_skip_quoted(const char *data, size_t *at, size_t end)
{
	for ((*at)++; *at < end; (*at)++) {
		if (data[*at] == '\\' && *at + 1 < end)
			(*at)++;
		else if (data[*at] == '"') {
			(*at)++;
			return;
		}
	}
}

static bool is_token_char(char c)
{
	return c > ' ' && c < 0x7f && !memchr("()<>@,;:\\\"/[]?=", c, 15);
}

struct tp_range tp_lex_token(const char *data, size_t *at, size_t end)
{
	size_t begin = *at;

	while (*at < end && is_token_char(data[*at]))
		(*at)++;
	return (struct tp_range){ begin, *at };
}

/* Moves to the next `;` that is in no comment and no quoted string, or to the end. */
static void skip_to_semicolon(const char *data, size_t *at, size_t end)
{
	while (*at < end && data[*at] != ';') {
		if (data[*at] == '(')
			tp_lex_skip_comment(data, at, end);
		else if (data[*at] == '"')
			tp_lex_skip_quoted(data, at, end);
		else
			(*at)++;
	}
}

/* A value without quotes: up to the `;`, white space and comments at its end left out. Only what
 * stands behind white space is a comment there: `name=report(1).pdf` means what it says. */
static struct tp_range bare_value(const char *data, size_t *at, size_t end)
{
	struct tp_range value = { *at, *at };

	while (*at < end && data[*at] != ';') {
		if (data[*at] == '(' && (*at == value.begin || tp_lex_is_space(data[*at - 1])))
			tp_lex_skip_comment(data, at, end);
		else if (tp_lex_is_space(data[*at]))
			(*at)++;
		else
			value.end = ++*at;
	}
	return value;
}

static struct tp_range read_value(const char *data, size_t *at, size_t end)
{
	struct tp_range value;

	tp_lex_skip_cfws(data, at, end);
	if (*at == end || data[*at] != '"')
		return bare_value(data, at, end);
	value.begin = *at;
	tp_lex_skip_quoted(data, at, end);
	value.end = *at;
	return value;
}

/* Reads the number and the star of `*N*`, `*N` or `*` behind a name; false when it is neither. */
static bool read_section(
	const char *data, struct tp_range suffix, size_t *number, bool *has_number, bool *extended)
{
	size_t at = suffix.begin + 1;

	*number = 0;
	*extended = false;
	for (; at < suffix.end && data[at] >= '0' && data[at] <= '9'; at++) {
		if (*number <= TP_PARAM_SECTIONS_MAX)
			*number = *number * 10 + (size_t)(data[at] - '0');
	}
	*has_number = at > suffix.begin + 1;
	if (at < suffix.end && data[at] == '*') {
		*extended = true;
		at++;
	}
	if (!*has_number && suffix.end == suffix.begin + 1)
		*extended = true;
	return at == suffix.end;
}

static void keep(struct value *slot, struct tp_range raw, bool extended)
{
	if (!slot->set)
		*slot = (struct value){ raw, true, extended };
}

/* Files a parameter whose name begins as the wanted one does. */
static enum tp_status file_value(struct found *found, const char *data, struct tp_range suffix,
	struct tp_range raw, struct tp_error *err)
{
	bool has_number;
	bool extended;
	size_t number;

	if (tp_range_len(suffix) == 0) {
		keep(&found->plain, raw, false);
		return TP_OK;
	}
	if (!read_section(data, suffix, &number, &has_number, &extended))
		return TP_OK;
	if (!has_number) {
		keep(&found->whole, raw, true);
		return TP_OK;
	}
	if (number >= TP_PARAM_SECTIONS_MAX)
		return tp_fail(err, TP_LIMIT, "parameter: more than %d continuations",
			TP_PARAM_SECTIONS_MAX);
	if (!found->sections)
		found->sections = calloc(TP_PARAM_SECTIONS_MAX, sizeof *found->sections);
	if (!found->sections)
		return tp_fail(err, TP_NOMEM, "parameter: out of memory");
	keep(&found->sections[number], raw, extended);
	if (number >= found->count)
		found->count = number + 1;
	return TP_OK;
}

/* Walks all parameters of the field and files those of that name. */
static enum tp_status collect(struct found *found, const char *data, struct tp_range field,
	const char *name, struct tp_error *err)
{
	size_t name_len = strlen(name);
	struct tp_range word;
	struct tp_range raw;
	enum tp_status status;
	size_t at = field.begin;

	for (skip_to_semicolon(data, &at, field.end); at < field.end;
		skip_to_semicolon(data, &at, field.end)) {
		at++;
		tp_lex_skip_cfws(data, &at, field.end);
		word = tp_lex_token(data, &at, field.end);
		tp_lex_skip_cfws(data, &at, field.end);
		if (at == field.end || data[at] != '=')
			continue;
		at++;
		raw = read_value(data, &at, field.end);
		if (tp_range_len(word) < name_len)
			continue;
		if (!tp_range_is(
			    data, (struct tp_range){ word.begin, word.begin + name_len }, name))
			continue;
		word.begin += name_len;
		if (tp_range_len(word) && data[word.begin] != '*')
			continue;
		status = file_value(found, data, word, raw, err);
		if (status)
			return status;
	}
	return TP_OK;
}

/* Appends a plain value: quotes off, backslashes undone, line endings of folding dropped. */
static void add_plain(const char *data, struct tp_range raw, struct tp_buf *out)
{
	bool quoted = tp_range_len(raw) && data[raw.begin] == '"';
	size_t at = raw.begin + quoted;

	for (; at < raw.end; at++) {
		if (quoted && data[at] == '"')
			return;
		if (quoted && data[at] == '\\' && at + 1 < raw.end)
			at++;
		else if (data[at] == '\n' ||
			 (data[at] == '\r' && at + 1 < raw.end && data[at + 1] == '\n'))
			continue;
		tp_buf_addc(out, data[at]);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tp_lex_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends text[0, len) with its %XX undone; a broken one stands as it is. */
static void add_percent_decoded(const char *text, size_t len, struct tp_buf *out)
{
	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

		if (low >= 0) {
			tp_buf_addc(out, (char)(high << 4 | low));
			i += 2;
		} else {
			tp_buf_addc(out, text[i]);
		}
	}
}

/* Appends a percent-coded value; the first one begins with charset'language'. */
static enum tp_status add_extended(const char *data, struct tp_range raw, bool first,
	struct tp_buf *out, struct tp_buf *charset, struct tp_error *err)
{
	struct tp_buf text =
		TP_BUF_INIT(out->max < SIZE_MAX / 4 ? out->max * 3 + 1024 : SIZE_MAX - 1);
	const char *begin;
	const char *mark = NULL;
	enum tp_status status;
	size_t len;

	add_plain(data, raw, &text);
	status = tp_buf_status(&text, "parameter", err);
	if (status)
		goto out;
	begin = tp_buf_str(&text);
	len = text.len;
	if (first && len)
		mark = memchr(begin, '\'', len);
	if (mark && memchr(mark + 1, '\'', len - (size_t)(mark + 1 - begin))) {
		if (charset)
			tp_buf_add(charset, begin, (size_t)(mark - begin));
		mark = (const char *)memchr(mark + 1, '\'', len - (size_t)(mark + 1 - begin)) + 1;
		len -= (size_t)(mark - begin);
		begin = mark;
	}
	add_percent_decoded(begin, len, out);
out:
	tp_buf_release(&text);
	return status;
}

/* Appends the value found, the RFC 2231 forms first. */
static enum tp_status join(const struct found *found, const char *data, struct tp_buf *out,
	struct tp_buf *charset, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	/* Some programs count from one. */
	size_t first = found->count && !found->sections[0].set;

	if (found->whole.set)
		return add_extended(data, found->whole.raw, true, out, charset, err);
	if (found->count <= first || !found->sections[first].set) {
		if (!found->plain.set)
			return TP_NOTHING;
		add_plain(data, found->plain.raw, out);
		return TP_OK;
	}
	for (size_t i = first; !status && i < found->count && found->sections[i].set; i++) {
		if (found->sections[i].extended)
			status = add_extended(
				data, found->sections[i].raw, i == first, out, charset, err);
		else
			add_plain(data, found->sections[i].raw, out);
	}
	return status;
}

enum tp_status tp_param_find(const char *data, struct tp_range value, const char *name,
	struct tp_buf *out, struct tp_buf *charset, struct tp_error *err)
{
	struct found found = { 0 };
	enum tp_status status;

	status = collect(&found, data, value, name, err);
	if (!status)
		status = join(&found, data, out, charset, err);
	if (!status)
		status = tp_buf_status(out, "parameter", err);
	if (!status && charset)
		status = tp_buf_status(charset, "parameter charset", err);
	free(found.sections);
	return status;
}
