/*
 * Templates: what a reader sees in place of the attachments. A small subset of Mustache:
 *
 *   {{name}}                  a value, escaped for the place where it stands
 *   {{#links}} ... {{/links}} once for each link; around any other value: when it is not empty
 *   {{^links}} ... {{/links}} when there are none, or the value is empty
 *   {{! words }}              a comment
 *
 * A line that holds nothing but such a section tag or comment leaves no line behind. Values of a
 * link (inside {{#links}}): name, size, size_bytes, url, type, sha256, expires, expires_iso,
 * number. Values of the mail: count, one, many (of links), total, total_bytes, expires_all (when
 * all links expire on the same day), lang, from.name, from.address, and header.NAME for any field.
 *
 * In HTML a value is escaped, and the compiler of the template knows whether it stands in text, in
 * an attribute or in a URL; where no escaping helps (scripts, styles, unquoted attributes) it
 * refuses the template. A value can so never become markup, whatever a sender writes. There is no
 * way to ask for an unescaped value.
 */
#ifndef TP_MIME_TEMPLATE_H
#define TP_MIME_TEMPLATE_H

#include "mime/stub.h"

#define TP_TEMPLATE_MAX        (1024 * 1024) /* longest template, in bytes */
#define TP_TEMPLATE_DEPTH_MAX  16            /* sections in sections */
#define TP_TEMPLATE_OUTPUT_MAX ((size_t)64 * 1024 * 1024)

struct tp_template;

/* What a template speaks of; all borrowed. */
struct tp_template_facts {
	const struct tp_link *links;
	size_t count;
	const char *lang; /* en, fr, de or es: how sizes and dates are written */
	const struct tp_tree *tree;
	const char *data; /* the mail that `tree` describes, for header values */
};

/* Compiles text[0, len), which must stay alive as long as the template. `name` (a path) begins
 * every error: "NAME:LINE:COLUMN: what is wrong", TP_CONFIG. */
enum tp_status tp_template_compile(const char *name, const char *text, size_t len, bool html,
	struct tp_template **compiled, struct tp_error *err);
void tp_template_free(struct tp_template *compiled);

/* Appends the filled-in template: UTF-8, lines ended by LF, at most TP_TEMPLATE_OUTPUT_MAX bytes
 * (TP_LIMIT). */
enum tp_status tp_template_render(const struct tp_template *compiled,
	const struct tp_template_facts *facts, struct tp_buf *out, struct tp_error *err);

/* The built-in block of links in `lang`; NULL when there is none. */
const char *tp_template_builtin(const char *lang, bool html);

/* Appends text as HTML: escaped, line ends as <br>, URLs as links. For a text that was given
 * without an HTML version. */
bool tp_template_text_to_html(const char *text, size_t len, struct tp_buf *out);

#endif
