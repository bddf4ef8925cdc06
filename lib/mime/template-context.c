/*
 * Where in HTML a value of a template stands. Templates are written by the site's own people, so
 * this tells honest mistakes from good markup; it need not outwit anybody, only never guess: a
 * place that it does not know is refused.
 */
#include "mime/template-parts.h"

#include <strings.h>

enum state {
	IN_TEXT,
	AFTER_ANGLE,
	IN_TAG_NAME,
	IN_TAG,
	IN_ATTRIBUTE_NAME,
	AFTER_EQUALS,
	IN_QUOTED,
	IN_UNQUOTED,
	IN_COMMENT,
	IN_DECLARATION,
	IN_RAW,
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void add_to_name(struct tp_context_scan *scan, char c)
{
	if (scan->name_len + 1 < sizeof scan->name)
		scan->name[scan->name_len++] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
	scan->name[scan->name_len] = '\0';
}

static void clear_name(struct tp_context_scan *scan)
{
	scan->name_len = 0;
	scan->name[0] = '\0';
}

static bool in_list(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(name, *list))
			return true;
	return false;
}

static void end_attribute_name(struct tp_context_scan *scan)
{
	static const char *const urls[] = { "href", "src", "action", "background", "cite",
		"formaction", "longdesc", "poster", NULL };
	static const char *const codes[] = { "style", "srcset", "srcdoc", NULL };

	scan->url = in_list(scan->name, urls);
	scan->code = in_list(scan->name, codes) || !strncmp(scan->name, "on", 2);
	scan->started = false;
}

static void end_tag(struct tp_context_scan *scan)
{
	scan->state = scan->raw[0] ? IN_RAW : IN_TEXT;
	clear_name(scan);
}

static void end_tag_name(struct tp_context_scan *scan)
{
	static const char *const raw[] = { "script", "style", "title", "textarea", "xmp", NULL };

	scan->raw[0] = '\0';
	if (!scan->closing && in_list(scan->name, raw))
		memcpy(scan->raw, scan->name, sizeof scan->raw);
	clear_name(scan);
	scan->state = IN_TAG;
}

static void step_in_tag(struct tp_context_scan *scan, char c)
{
	if (c == '>') {
		end_tag(scan);
	} else if (c == '=') {
		end_attribute_name(scan);
		scan->state = AFTER_EQUALS;
	} else if (!is_space(c) && c != '/') {
		if (scan->state == IN_TAG)
			clear_name(scan);
		add_to_name(scan, c);
		scan->state = IN_ATTRIBUTE_NAME;
	} else {
		scan->state = IN_TAG;
	}
}

static void step_in_value(struct tp_context_scan *scan, char c)
{
	if (scan->state == AFTER_EQUALS && (c == '"' || c == '\'')) {
		scan->quote = c;
		scan->state = IN_QUOTED;
	} else if (scan->state == AFTER_EQUALS && !is_space(c)) {
		scan->state = IN_UNQUOTED;
	} else if (scan->state == IN_QUOTED && c == scan->quote) {
		scan->state = IN_TAG;
		clear_name(scan);
	} else if (scan->state == IN_QUOTED) {
		scan->started = true;
	} else if (scan->state == IN_UNQUOTED && (is_space(c) || c == '>')) {
		scan->state = IN_TAG;
		if (c == '>')
			end_tag(scan);
	}
}

static void step_after_angle(struct tp_context_scan *scan, char c)
{
	if (c == '/' && !scan->closing) {
		scan->closing = true;
	} else if ((c | 32) >= 'a' && (c | 32) <= 'z') {
		clear_name(scan);
		add_to_name(scan, c);
		scan->state = IN_TAG_NAME;
	} else {
		clear_name(scan);
		scan->state = c == '!' || c == '?' ? IN_DECLARATION : IN_TEXT;
	}
}

/* name keeps the last characters seen, to find `--` and `-->`. */
static void step_in_declaration(struct tp_context_scan *scan, char c)
{
	if (scan->state == IN_DECLARATION && c == '>')
		scan->state = IN_TEXT;
	else if (scan->state == IN_COMMENT && c == '>' && scan->name_len >= 2)
		scan->state = IN_TEXT;
	if (c != '-') {
		if (scan->name_len < 2 || scan->state == IN_COMMENT)
			clear_name(scan);
		return;
	}
	if (scan->name_len < 2)
		add_to_name(scan, c);
	if (scan->state == IN_DECLARATION && scan->name_len == 2) {
		scan->state = IN_COMMENT;
		clear_name(scan);
	}
}

/* Looks for the end tag of the raw element, whose characters gather in name. */
static void step_in_raw(struct tp_context_scan *scan, char c)
{
	if (c == '<')
		clear_name(scan);
	else if (scan->name_len == 0 && c != '/')
		return;
	add_to_name(scan, c);
	if (scan->name_len >= 3 && scan->name[1] == '/' && !strcmp(scan->name + 2, scan->raw)) {
		scan->raw[0] = '\0';
		scan->state = IN_TAG;
		clear_name(scan);
	}
}

static void step(struct tp_context_scan *scan, char c)
{
	switch ((enum state)scan->state) {
	case IN_TEXT:
		if (c == '<') {
			scan->state = AFTER_ANGLE;
			scan->closing = false;
		}
		break;
	case AFTER_ANGLE:
		step_after_angle(scan, c);
		break;
	case IN_TAG_NAME:
		if (is_space(c) || c == '/' || c == '>')
			end_tag_name(scan);
		else
			add_to_name(scan, c);
		if (c == '>')
			end_tag(scan);
		break;
	case IN_TAG:
	case IN_ATTRIBUTE_NAME:
		step_in_tag(scan, c);
		break;
	case AFTER_EQUALS:
	case IN_QUOTED:
	case IN_UNQUOTED:
		step_in_value(scan, c);
		break;
	case IN_COMMENT:
	case IN_DECLARATION:
		step_in_declaration(scan, c);
		break;
	case IN_RAW:
		step_in_raw(scan, c);
		break;
	}
}

void tp_context_feed(struct tp_context_scan *scan, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		step(scan, text[i]);
}

enum tp_context tp_context_here(struct tp_context_scan *scan)
{
	enum tp_context context = TP_CONTEXT_REFUSED;

	if (scan->state == IN_TEXT ||
		(scan->state == IN_RAW &&
			(!strcmp(scan->raw, "title") || !strcmp(scan->raw, "textarea"))))
		return TP_CONTEXT_HTML;
	if (scan->state == IN_QUOTED && !scan->code) {
		context = !scan->url      ? TP_CONTEXT_HTML
			  : scan->started ? TP_CONTEXT_URL_PART
					  : TP_CONTEXT_URL;
		scan->started = true;
	}
	return context;
}
