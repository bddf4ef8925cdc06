/* Places in HTML: see html.h. */
#include "mime/html.h"

#include <string.h>
#include <strings.h>

struct scan {
	const char *p; /* where the next token begins */
	const char *begin;
	const char *end;
	bool iso2022;
};

struct tag {
	const char *begin; /* its `<` */
	const char *end;   /* after its `>` */
	const char *name;
	size_t name_len;
	bool closing;
};

static bool is_letter(char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool named(const struct tag *tag, const char *name)
{
	return strlen(name) == tag->name_len && !strncasecmp(tag->name, name, tag->name_len);
}

static const char *find(const char *p, const char *end, const char *what)
{
	return memmem(p, (size_t)(end - p), what, strlen(what));
}

/* The end of the comment that begins at p (after `<!--`), NULL when it never ends. */
static const char *comment_end(const char *p, const char *end)
{
	const char *a;

	if (p < end && *p == '>')
		return p + 1;
	if (end - p >= 2 && p[0] == '-' && p[1] == '>')
		return p + 2;
	for (a = p; (a = find(a, end, "--")) != NULL; a++) {
		if (end - a >= 3 && a[2] == '>')
			return a + 3;
		if (end - a >= 4 && a[2] == '!' && a[3] == '>')
			return a + 4;
	}
	return NULL;
}

/* The end of the tag whose name ends at p: after its `>`, quoted values skipped. NULL: never. */
static const char *tag_end(const char *p, const char *end)
{
	while (p < end && *p != '>') {
		if (*p++ != '=')
			continue;
		while (p < end && is_space(*p))
			p++;
		if (p < end && (*p == '"' || *p == '\'')) {
			p = memchr(p + 1, *p, (size_t)(end - p - 1));
			if (!p)
				return NULL;
			p++;
		}
	}
	return p < end ? p + 1 : NULL;
}

/* Whether the content of the element is text up to its own end tag. */
static bool is_raw(const struct tag *tag)
{
	static const char *const raw[] = { "script", "style", "title", "textarea", "xmp", "iframe",
		"noembed", "noframes" };

	for (size_t i = 0; !tag->closing && i < sizeof raw / sizeof *raw; i++)
		if (named(tag, raw[i]))
			return true;
	return false;
}

/* The `</name` that ends the raw text, NULL when there is none. */
static const char *raw_end(const struct tag *tag, const char *end)
{
	const char *p = tag->end;

	while ((p = find(p, end, "</")) != NULL) {
		p += 2;
		if ((size_t)(end - p) > tag->name_len &&
			!strncasecmp(p, tag->name, tag->name_len) && !is_letter(p[tag->name_len]))
			return p - 2;
	}
	return NULL;
}

/* The next `<` outside two-byte runs. */
static const char *next_angle(struct scan *scan)
{
	const char *p = scan->p, *angle = NULL, *escape;

	while (p < scan->end) {
		if (!angle || angle < p)
			angle = memchr(p, '<', (size_t)(scan->end - p));
		if (!angle || !scan->iso2022)
			return angle;
		escape = find(p, angle, "\x1b$");
		if (!escape)
			return angle;
		p = find(escape, scan->end, "\x1b(");
		if (!p)
			return NULL;
	}
	return NULL;
}

/* Moves past one construct that is no tag; false when it never ends. */
static bool skip_markup(struct scan *scan, const char *angle)
{
	const char *end;

	if (scan->end - angle >= 4 && !memcmp(angle, "<!--", 4))
		end = comment_end(angle + 4, scan->end);
	else {
		end = memchr(angle, '>', (size_t)(scan->end - angle));
		end = end ? end + 1 : NULL;
	}
	scan->p = end ? end : angle;
	return end != NULL;
}

/* The next tag. False at the end; then scan->p is where visible content ends: the end of the
 * document, or the beginning of what never ends. */
static bool next_tag(struct scan *scan, struct tag *tag)
{
	const char *angle, *name;

	while ((angle = next_angle(scan)) != NULL) {
		name = angle + 1;
		tag->closing = name < scan->end && *name == '/';
		name += tag->closing;
		if (name < scan->end && is_letter(*name)) {
			tag->begin = angle;
			tag->name = name;
			while (name < scan->end && !is_space(*name) && *name != '>' && *name != '/')
				name++;
			tag->name_len = (size_t)(name - tag->name);
			tag->end = tag_end(name, scan->end);
			scan->p = tag->end ? tag->end : angle;
			return tag->end != NULL;
		}
		if (name < scan->end && (*name == '!' || *name == '?' || tag->closing)) {
			if (!skip_markup(scan, angle))
				return false;
		} else {
			scan->p = angle + 1; /* a lone `<` is text */
		}
	}
	scan->p = scan->end;
	return false;
}

/* The same, with the content of scripts and the like skipped. */
static bool next_seen(struct scan *scan, struct tag *tag)
{
	const char *end;

	if (!next_tag(scan, tag))
		return false;
	if (!is_raw(tag) && !named(tag, "plaintext"))
		return true;
	end = is_raw(tag) ? raw_end(tag, scan->end) : NULL;
	scan->p = end ? end : tag->begin;
	return end != NULL;
}

static size_t after_mark(const char *html, size_t len)
{
	return len >= 3 && !memcmp(html, "\xef\xbb\xbf", 3) ? 3 : 0;
}

/* Where the doctype ends, when the document begins with one. */
static size_t after_doctype(const char *html, size_t len)
{
	size_t at = after_mark(html, len);
	const char *end;

	while (at < len && is_space(html[at]))
		at++;
	if (len - at < 9 || strncasecmp(html + at, "<!doctype", 9) != 0)
		return after_mark(html, len);
	end = memchr(html + at, '>', len - at);
	return end ? (size_t)(end + 1 - html) : after_mark(html, len);
}

size_t tp_html_head(const char *html, size_t len, bool iso2022)
{
	struct scan scan = { html, html, html + len, iso2022 };
	size_t place = after_doctype(html, len);
	struct tag tag;

	while (next_seen(&scan, &tag)) {
		if (!tag.closing && named(&tag, "body"))
			return (size_t)(tag.end - html);
		if ((!tag.closing && named(&tag, "html")) || (tag.closing && named(&tag, "head")))
			place = (size_t)(tag.end - html);
	}
	return place;
}

size_t tp_html_foot(const char *html, size_t len, bool iso2022)
{
	struct scan scan = { html, html, html + len, iso2022 };
	const char *body = NULL, *root = NULL;
	struct tag tag;

	while (next_seen(&scan, &tag)) {
		if (tag.closing && named(&tag, "body"))
			body = tag.begin;
		else if (tag.closing && named(&tag, "html"))
			root = tag.begin;
	}
	if (body || root)
		return (size_t)((body ? body : root) - html);
	return (size_t)(scan.p - html);
}
