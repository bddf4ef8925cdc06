/*
 * Address lists as nearly all mail has them: see addresses-parts.h. Whatever could be read in two ways
 * is not plain: comments, groups, escapes, spaces round the `@`, domains in Unicode (xn--), anything
 * beyond ASCII. The tests compare this with GMime, list by list.
 */
#include "mime/addresses-parts.h"

#include <strings.h>

struct cursor {
	const char *at, *end;
};

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 5322 atext without `?`, with which an encoded word could begin. */
static bool is_local(char c)
{
	return is_alnum(c) || (c && strchr("!#$%&'*+-/=^_`{|}~", c));
}

static bool is_domain(char c)
{
	return is_alnum(c) || c == '-';
}

static bool is_name(char c)
{
	return is_local(c) || c == '?' || c == '.' || c == ' ' || c == '\t';
}

static void skip(struct cursor *c, bool (*is)(char))
{
	while (c->at < c->end && is(*c->at))
		c->at++;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool take(struct cursor *c, char byte)
{
	if (c->at == c->end || *c->at != byte)
		return false;
	c->at++;
	return true;
}

/* Words of such bytes with one dot between any two. */
static bool skip_dotted(struct cursor *c, bool (*is)(char))
{
	do {
		const char *word = c->at;

		skip(c, is);
		if (c->at == word || (c->at - word >= 4 && !strncasecmp(word, "xn--", 4)))
			return false;
	} while (take(c, '.'));
	return true;
}

static bool skip_address(struct cursor *c)
{
	return skip_dotted(c, is_local) && take(c, '@') && skip_dotted(c, is_domain);
}

static bool skip_quoted(struct cursor *c)
{
	while (c->at < c->end && *c->at != '"')
		if (*c->at == '\\' || *c->at < ' ' || *c->at++ == 0x7f)
			return false;
	return take(c, '"');
}

static bool ends_entry(struct cursor *c)
{
	skip(c, is_blank);
	return c->at == c->end || *c->at == ',';
}

/* An entry up to its comma or the end; the address in it is [*from, *to). */
static bool take_entry(struct cursor *c, const char **from, const char **to)
{
	struct cursor begin = *c;

	*from = c->at;
	if (skip_address(c)) {
		*to = c->at;
		return ends_entry(c);
	}
	*c = begin;
	if (take(c, '"')) {
		if (!skip_quoted(c))
			return false;
		skip(c, is_blank);
	} else if (c->at < c->end && *c->at != '.') {
		skip(c, is_name);
	}
	if (!take(c, '<'))
		return false;
	*from = c->at;
	if (!skip_address(c))
		return false;
	*to = c->at;
	return take(c, '>') && ends_entry(c);
}

bool tp_addresses_plain(const char *text, size_t len, struct tp_buf *out, size_t *count)
{
	struct cursor c = { text, text + len };
	const char *from, *to;
	size_t before = out->len, n = 0;

	do {
		skip(&c, is_blank);
		if (!take_entry(&c, &from, &to)) {
			tp_buf_truncate(out, before);
			return false;
		}
		tp_buf_add(out, from, (size_t)(to - from));
		tp_buf_addc(out, '\0');
		n++;
	} while (take(&c, ','));
	*count += n;
	return true;
}
