/*
 * Header fields and the two structured values that steer us: see header.h.
 *
 * Everything here goes forward only, so no field, however long or crooked, costs more than linear
 * time. The lexing of values, comments and quoted strings is param.c's.
 */
#include "mime/header.h"

#include "mime/lex.h"

bool tp_header_is_field(const char *data, size_t at, size_t end)
{
	size_t begin = at;

	while (at < end && (unsigned char)data[at] > ' ' && data[at] != ':' && data[at] != 0x7f)
		at++;
	if (at == begin)
		return false;
	while (at < end && (data[at] == ' ' || data[at] == '\t'))
		at++;
	return at < end && data[at] == ':';
}

/* Just past the line that begins at `at`, its line ending included. */
static size_t line_end(const char *data, size_t at, size_t end)
{
	const char *lf = memchr(data + at, '\n', end - at);

	return lf ? (size_t)(lf - data) + 1 : end;
}

/* Just past the field that begins at `at`: its line and the folded ones that follow. */
static size_t field_end(const char *data, size_t at, size_t end)
{
	do
		at = line_end(data, at, end);
	while (at < end && (data[at] == ' ' || data[at] == '\t'));
	return at;
}

static void split_field(const char *data, struct tp_field *field)
{
	size_t colon = field->whole.begin;
	size_t end = field->whole.end;

	while (data[colon] != ':')
		colon++;
	field->name = (struct tp_range){ field->whole.begin, colon };
	while (tp_lex_is_blank(data[field->name.end - 1]))
		field->name.end--;
	if (end > colon + 1 && data[end - 1] == '\n')
		end--;
	if (end > colon + 1 && data[end - 1] == '\r')
		end--;
	field->value = (struct tp_range){ colon + 1, end };
}

bool tp_header_next(const char *data, struct tp_range header, size_t *at, struct tp_field *field)
{
	size_t begin;

	while (*at < header.end) {
		begin = *at;
		*at = line_end(data, begin, header.end);
		if (!tp_header_is_field(data, begin, *at))
			continue;
		if (*at < header.end && tp_lex_is_blank(data[*at]))
			*at = field_end(data, *at, header.end);
		field->whole = (struct tp_range){ begin, *at };
		split_field(data, field);
		return true;
	}
	return false;
}

struct tp_range tp_header_block(const char *data, size_t len)
{
	size_t at = 0, line;

	while (at < len) {
		line = at;
		at = line_end(data, line, len);
		if (data[line] == '\n' || (at - line == 2 && data[line] == '\r'))
			return (struct tp_range){ 0, line };
	}
	return (struct tp_range){ 0, len };
}

bool tp_header_find(
	const char *data, struct tp_range header, const char *name, struct tp_field *field)
{
	size_t at = header.begin;

	while (tp_header_next(data, header, &at, field)) {
		if (tp_range_is(data, field->name, name))
			return true;
	}
	return false;
}

bool tp_range_is(const char *data, struct tp_range range, const char *word)
{
	size_t len = strlen(word);

	if (tp_range_len(range) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (tp_lex_lower(data[range.begin + i]) != tp_lex_lower(word[i]))
			return false;
	}
	return true;
}

bool tp_header_unfold(const char *data, struct tp_range value, struct tp_buf *out)
{
	size_t from;

	while (value.begin < value.end && tp_lex_is_space(data[value.begin]))
		value.begin++;
	while (value.end > value.begin && tp_lex_is_space(data[value.end - 1]))
		value.end--;
	for (from = value.begin; value.begin < value.end; value.begin++) {
		size_t at = value.begin;
		bool crlf = data[at] == '\r' && at + 1 < value.end && data[at + 1] == '\n';

		if (data[at] != '\n' && !crlf)
			continue;
		if (!tp_buf_add(out, data + from, at - from))
			return false;
		value.begin += crlf;
		from = value.begin + 1;
	}
	return tp_buf_add(out, data + from, value.end - from);
}

/* Reads a token (RFC 2045 5.1) with comments and white space around it into word, lower-cased. */
static bool read_word(const char *data, size_t *at, size_t end, char word[128])
{
	struct tp_range token;
	size_t len;

	tp_lex_skip_cfws(data, at, end);
	token = tp_lex_token(data, at, end);
	tp_lex_skip_cfws(data, at, end);
	len = tp_range_len(token);
	if (len == 0 || len > 127)
		return false;
	for (size_t i = 0; i < len; i++)
		word[i] = tp_lex_lower(data[token.begin + i]);
	word[len] = '\0';
	return true;
}

bool tp_media_type_read(const char *data, struct tp_range value, struct tp_media_type *type)
{
	size_t at = value.begin;

	if (!read_word(data, &at, value.end, type->type))
		return false;
	if (at == value.end || data[at++] != '/')
		return false;
	return read_word(data, &at, value.end, type->subtype);
}

static void set_type(struct tp_media_type *type, const char *main, const char *sub)
{
	memcpy(type->type, main, strlen(main) + 1);
	memcpy(type->subtype, sub, strlen(sub) + 1);
}

void tp_part_media_type(
	const struct tp_tree *tree, const char *data, uint32_t part, struct tp_media_type *type)
{
	const struct tp_part *p = &tree->parts[part];
	struct tp_field field;

	if (tp_header_find(data, p->header, "content-type", &field)) {
		if (!tp_media_type_read(data, field.value, type))
			set_type(type, "application", "octet-stream");
		return;
	}
	if (p->parent != TP_PART_NONE && tree->parts[p->parent].digest)
		set_type(type, "message", "rfc822");
	else
		set_type(type, "text", "plain");
}

bool tp_media_type_is(const struct tp_media_type *type, const char *main, const char *sub)
{
	return (!strcmp(main, "*") || !strcmp(main, type->type)) &&
	       (!strcmp(sub, "*") || !strcmp(sub, type->subtype));
}

enum tp_disposition tp_part_disposition(const struct tp_tree *tree, const char *data, uint32_t part)
{
	struct tp_field field;
	char word[128];
	size_t at;

	if (!tp_header_find(data, tree->parts[part].header, "content-disposition", &field))
		return TP_DISPOSITION_NONE;
	at = field.value.begin;
	if (!read_word(data, &at, field.value.end, word))
		return TP_DISPOSITION_NONE;
	return strcmp(word, "inline") ? TP_DISPOSITION_ATTACHMENT : TP_DISPOSITION_INLINE;
}
