/*
 * Templates, compiled and filled in: see template.h. The compiler makes one array of nodes in which
 * a section knows where it ends, so rendering is a walk with a small stack and no recursion.
 */
#include "mime/template.h"

#include "base/array.h"
#include "mime/template-parts.h"

enum kind {
	LITERAL,
	VALUE,
	SECTION,  /* {{#x}} */
	INVERTED, /* {{^x}} */
	END,      /* {{/x}} */
};

struct node {
	enum kind kind;
	const char *text; /* a literal, or the name */
	size_t len;
	enum tp_value_id value;
	enum tp_context context;
	size_t partner; /* SECTION, INVERTED: index of the END; END: of the opening */
};

struct tp_template {
	struct node *nodes;
	size_t count;
	size_t cap;
};

/* --- compiling -------------------------------------------------------------------------------- */

struct compiler {
	struct tp_template *to;
	const char *name;
	const char *text; /* the whole template */
	const char *p;
	const char *end;
	bool html;
	struct tp_context_scan scan;
	size_t open[TP_TEMPLATE_DEPTH_MAX]; /* sections not yet closed */
	size_t depth;
	struct tp_error *err;
};

/* One tag: what stands between the braces. */
struct tag {
	char sigil; /* # ^ / ! or 0 */
	const char *begin;
	const char *end; /* after the braces */
	const char *name;
	size_t len;
};

__attribute__((format(printf, 3, 4))) static enum tp_status complain(
	const struct compiler *c, const char *where, const char *format, ...)
{
	size_t line = 1, column = 1;
	char what[256];
	va_list args;

	for (const char *p = c->text; p < where; p++) {
		column = *p == '\n' ? 1 : column + (((unsigned char)*p & 0xc0) != 0x80);
		line += *p == '\n';
	}
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	return tp_fail(c->err, TP_CONFIG, "%s:%zu:%zu: %s", c->name, line, column, what);
}

/* How much of a name an error quotes. */
static int shown(size_t len)
{
	return len < 100 ? (int)len : 100;
}

static enum tp_status add_node(struct compiler *c, struct node node)
{
	struct tp_template *to = c->to;
	struct node *nodes = tp_array_room(to->nodes, to->count, &to->cap, 32, sizeof *nodes);

	if (!nodes)
		return tp_fail(c->err, TP_NOMEM, "template: out of memory");
	to->nodes = nodes;
	to->nodes[to->count++] = node;
	return TP_OK;
}

static enum tp_status add_literal(struct compiler *c, const char *from, const char *to)
{
	if (from >= to)
		return TP_OK;
	if (c->html)
		tp_context_feed(&c->scan, from, (size_t)(to - from));
	return add_node(c, (struct node){ LITERAL, from, (size_t)(to - from), TP_VALUE_NONE,
				   TP_CONTEXT_PLAIN, 0 });
}

/* Reads the tag at p, which begins with two braces. */
static enum tp_status read_tag(const struct compiler *c, const char *p, struct tag *tag)
{
	const char *close = memmem(p, (size_t)(c->end - p), "}}", 2), *stop = close;

	*tag = (struct tag){ 0, p, NULL, p + 2, 0 };
	if (!close)
		return complain(c, p, "this {{ has no }}");
	tag->end = close + 2;
	if (tag->name < stop && strchr("#^/!", *tag->name))
		tag->sigil = *tag->name++;
	while (tag->name < stop && strchr(" \t\r\n", *tag->name))
		tag->name++;
	while (stop > tag->name && strchr(" \t\r\n", stop[-1]))
		stop--;
	tag->len = (size_t)(stop - tag->name);
	if (tag->sigil != '!' && tag->len && strchr("{&>=", *tag->name))
		return complain(
			c, p, "{{%c is not known here: values are always escaped", *tag->name);
	return TP_OK;
}

/* When nothing but blanks stand around a section tag on its line, the whole line goes: *begin and
 * *end are widened to it. */
static void widen_to_line(
	const struct compiler *c, const struct tag *tag, const char **begin, const char **end)
{
	const char *b = tag->begin, *e = tag->end;

	*begin = tag->begin;
	*end = tag->end;
	if (!tag->sigil)
		return;
	while (b > c->text && (b[-1] == ' ' || b[-1] == '\t'))
		b--;
	while (e < c->end && (*e == ' ' || *e == '\t' || *e == '\r'))
		e++;
	if ((b > c->text && b[-1] != '\n') || (e < c->end && *e != '\n') || b < c->p)
		return;
	*begin = b;
	*end = e < c->end ? e + 1 : e;
}

static bool inside_links(const struct compiler *c)
{
	for (size_t i = 0; i < c->depth; i++)
		if (c->to->nodes[c->open[i]].kind == SECTION &&
			c->to->nodes[c->open[i]].value == TP_VALUE_LINKS)
			return true;
	return false;
}

static enum tp_status close_section(struct compiler *c, const struct tag *tag)
{
	struct node *opening;

	if (!c->depth)
		return complain(
			c, tag->begin, "{{/%.*s}} closes nothing", shown(tag->len), tag->name);
	opening = &c->to->nodes[c->open[--c->depth]];
	if (opening->len != tag->len || memcmp(opening->text, tag->name, tag->len) != 0)
		return complain(c, tag->begin, "{{/%.*s}} stands where {{/%.*s}} is due",
			shown(tag->len), tag->name, shown(opening->len), opening->text);
	opening->partner = c->to->count;
	return add_node(c, (struct node){ END, tag->name, tag->len, opening->value,
				   TP_CONTEXT_PLAIN, c->open[c->depth] });
}

static enum tp_status open_section(struct compiler *c, const struct tag *tag, struct node node)
{
	if (c->depth == TP_TEMPLATE_DEPTH_MAX)
		return complain(
			c, tag->begin, "sections stand more than %d deep", TP_TEMPLATE_DEPTH_MAX);
	if (tag->sigil == '#' && node.value == TP_VALUE_LINKS && inside_links(c))
		return complain(c, tag->begin, "{{#links}} stands inside {{#links}}");
	node.kind = tag->sigil == '#' ? SECTION : INVERTED;
	c->open[c->depth++] = c->to->count;
	return add_node(c, node);
}

static enum tp_status add_tag(struct compiler *c, const struct tag *tag)
{
	struct node node = { VALUE, tag->name, tag->len, TP_VALUE_NONE, TP_CONTEXT_PLAIN, 0 };

	if (tag->sigil == '!')
		return TP_OK;
	if (tag->sigil == '/')
		return close_section(c, tag);
	node.value = tp_value_find(tag->name, tag->len);
	if (node.value == TP_VALUE_NONE)
		return complain(
			c, tag->begin, "there is no value \"%.*s\"", shown(tag->len), tag->name);
	if (tp_value_is_of_link(node.value) && !inside_links(c))
		return complain(c, tag->begin, "{{%.*s}} stands outside {{#links}}",
			shown(tag->len), tag->name);
	if (tag->sigil)
		return open_section(c, tag, node);
	if (c->html)
		node.context = tp_context_here(&c->scan);
	if (node.context == TP_CONTEXT_REFUSED)
		return complain(c, tag->begin,
			"a value is only safe in text and in quoted attributes without code");
	return add_node(c, node);
}

static enum tp_status compile(struct compiler *c)
{
	enum tp_status status = TP_OK;
	const char *braces, *begin, *end;
	struct tag tag;

	while (!status && (braces = memmem(c->p, (size_t)(c->end - c->p), "{{", 2)) != NULL) {
		status = read_tag(c, braces, &tag);
		if (status)
			return status;
		widen_to_line(c, &tag, &begin, &end);
		status = add_literal(c, c->p, begin);
		if (!status)
			status = add_tag(c, &tag);
		c->p = end;
	}
	if (!status)
		status = add_literal(c, c->p, c->end);
	if (!status && c->depth) {
		const struct node *open = &c->to->nodes[c->open[c->depth - 1]];

		status = complain(c, open->text, "{{%c%.*s}} is never closed",
			open->kind == SECTION ? '#' : '^', shown(open->len), open->text);
	}
	return status;
}

enum tp_status tp_template_compile(const char *name, const char *text, size_t len, bool html,
	struct tp_template **compiled, struct tp_error *err)
{
	struct compiler c = { .name = name, .text = text, .p = text, .end = text + len };
	enum tp_status status;

	*compiled = NULL;
	if (len > TP_TEMPLATE_MAX)
		return tp_fail(err, TP_CONFIG, "%s: a template is at most %d bytes long", name,
			TP_TEMPLATE_MAX);
	c.html = html;
	c.err = err;
	c.to = calloc(1, sizeof *c.to);
	if (!c.to)
		return tp_fail(err, TP_NOMEM, "template: out of memory");
	status = compile(&c);
	if (status)
		tp_template_free(c.to);
	else
		*compiled = c.to;
	return status;
}

void tp_template_free(struct tp_template *compiled)
{
	if (compiled)
		free(compiled->nodes);
	free(compiled);
}

/* --- rendering -------------------------------------------------------------------------------- */

struct renderer {
	const struct tp_template *template;
	const struct tp_template_facts *facts;
	struct tp_buf *out;
	struct tp_buf value;      /* of a link: scratch */
	struct tp_buf *constants; /* of the mail: one for each node, filled when first asked for */
	bool *known;
	size_t link; /* spoken of inside {{#links}} */
	struct tp_error *err;
};

/* The value of node `at`. What does not depend on the link is found once, not once a link. */
static enum tp_status get(struct renderer *r, size_t at, struct tp_buf **value)
{
	const struct node *node = &r->template->nodes[at];
	bool constant = !tp_value_is_of_link(node->value);

	*value = constant ? &r->constants[at] : &r->value;
	if (constant && r->known[at])
		return TP_OK;
	tp_buf_clear(*value);
	(*value)->max = TP_TEMPLATE_OUTPUT_MAX;
	r->known[at] = true;
	return tp_value_get(node->value, node->text, node->len, r->facts, r->link, *value, r->err);
}

/* One node; *at moves on, past a section that is not shown and back to one that repeats. */
static enum tp_status render_node(struct renderer *r, size_t *at)
{
	const struct node *node = &r->template->nodes[*at];
	enum tp_status status = TP_OK;
	struct tp_buf *value;

	switch (node->kind) {
	case LITERAL:
		tp_buf_add(r->out, node->text, node->len);
		break;
	case VALUE:
		status = get(r, *at, &value);
		if (!status)
			tp_value_write(node->context, tp_buf_str(value), value->len, r->out);
		break;
	case SECTION:
	case INVERTED:
		status = get(r, *at, &value);
		if (node->value == TP_VALUE_LINKS)
			r->link = node->kind == SECTION ? 0 : r->link;
		if (!status && (value->len > 0) != (node->kind == SECTION))
			*at = node->partner;
		break;
	case END:
		if (node->value == TP_VALUE_LINKS &&
			r->template->nodes[node->partner].kind == SECTION &&
			++r->link < r->facts->count)
			*at = node->partner;
		break;
	}
	++*at;
	return status ? status : tp_buf_status(r->out, "template", r->err);
}

enum tp_status tp_template_render(const struct tp_template *compiled,
	const struct tp_template_facts *facts, struct tp_buf *out, struct tp_error *err)
{
	struct renderer r = { .template = compiled, .facts = facts, .out = out, .err = err };
	enum tp_status status = TP_OK;
	size_t at = 0;

	tp_buf_init(&r.value, TP_TEMPLATE_OUTPUT_MAX);
	r.constants = calloc(compiled->count + 1, sizeof *r.constants);
	r.known = calloc(compiled->count + 1, sizeof *r.known);
	if (!r.constants || !r.known)
		status = tp_fail(err, TP_NOMEM, "template: out of memory");
	while (!status && at < compiled->count)
		status = render_node(&r, &at);
	if (!status && out->len > TP_TEMPLATE_OUTPUT_MAX)
		status = tp_fail(err, TP_LIMIT, "template: larger than %zu bytes when filled in",
			TP_TEMPLATE_OUTPUT_MAX);
	for (size_t i = 0; r.constants && i < compiled->count; i++)
		tp_buf_release(&r.constants[i]);
	free(r.constants);
	free(r.known);
	tp_buf_release(&r.value);
	return status;
}

/* --- text as HTML ----------------------------------------------------------------------------- */

/* Length of the URL that begins at p: up to white space or what closes a quotation. */
static size_t url_len(const char *p, const char *end)
{
	size_t n = 0, left = (size_t)(end - p);

	if (!(left > 8 && !memcmp(p, "https://", 8)) && !(left > 7 && !memcmp(p, "http://", 7)))
		return 0;
	while (n < left && (unsigned char)p[n] > ' ' && (unsigned char)p[n] < 0x7f &&
		!strchr("<>\"", p[n]))
		n++;
	while (n && strchr(".,;:!?)'", p[n - 1]))
		n--;
	return n;
}

bool tp_template_text_to_html(const char *text, size_t len, struct tp_buf *out)
{
	const char *end = text + len;

	while (end > text && end[-1] == '\n')
		end--;
	tp_buf_adds(out, "<p>");
	while (text < end && !out->status) {
		size_t n = url_len(text, end);

		if (n) {
			tp_buf_adds(out, "<a href=\"");
			tp_value_write(TP_CONTEXT_HTML, text, n, out);
			tp_buf_adds(out, "\">");
			tp_value_write(TP_CONTEXT_HTML, text, n, out);
			tp_buf_adds(out, "</a>");
		} else if (*text == '\n') {
			n = 1;
			tp_buf_adds(out, "<br>\n");
		} else {
			while (text + n < end && text[n] != '\n' && !url_len(text + n, end))
				n++;
			tp_value_write(TP_CONTEXT_HTML, text, n, out);
		}
		text += n;
	}
	return tp_buf_adds(out, "</p>\n");
}
