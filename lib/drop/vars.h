/*
 * Variables and templates of recipes: `${name}`, `${name:filter}`, `$$` for a dollar.
 *
 * What a variable becomes depends on where it stands: percent-encoded in URLs, escaped in JSON
 * (and put into quotes when the template has none), as it is in texts: headers, where control
 * characters are refused later, and fields of forms, which are encoded as a whole. So no value
 * can leave the place that the recipe gave it. The one exception is a URL that begins with a
 * variable: its value must be an http or https URL, and stays as it is.
 *
 * Filters: `unix`, `seconds`, `days` (from now, rounded up), `date` (the first day at whose
 * beginning the time has passed), `rfc3339` for times; `number`, `list` (of what is separated by
 * commas, in JSON), `json`, `path` (slashes stay, in URLs), `base64`, `first` (of what is
 * separated by commas), `encode`, `encodepath` (percent-encoded, for a URL inside a header; the
 * second keeps slashes), `disposition` (Content-Disposition for a file name).
 */
#ifndef TP_DROP_VARS_H
#define TP_DROP_VARS_H

#include "base/buf.h"

struct tp_var {
	char *name, *value;
	bool secret; /* must not go to another host, nor into any message */
};

struct tp_vars {
	struct tp_var *list;
	size_t count;
	int64_t now; /* for filters */
};

/* Sets or replaces; a NULL value is an empty one. */
enum tp_status tp_vars_set(struct tp_vars *vars, const char *name, const char *value, bool secret,
	struct tp_error *err);
enum tp_status tp_vars_set_int(
	struct tp_vars *vars, const char *name, int64_t value, struct tp_error *err);
const struct tp_var *tp_vars_get(const struct tp_vars *vars, const char *name);
void tp_vars_release(struct tp_vars *vars);

enum tp_place { TP_PLACE_TEXT, TP_PLACE_URL, TP_PLACE_JSON };

/* Appends the template with its variables. *secret becomes true when one of them is (may be
 * NULL). TP_CONFIG when the template is wrong, TP_UNAVAILABLE when a value (a service's, maybe)
 * does not fit its place; no message holds a value. */
enum tp_status tp_template_expand(const struct tp_vars *vars, const char *text, enum tp_place place,
	struct tp_buf *out, bool *secret, struct tp_error *err);

/* An http or https URL that may stand as it is: no spaces, control characters, quotes, nor anything
 * outside of ASCII. */
bool tp_is_url(const char *text);

/* Whether the template is well-formed and uses only variables that `known` (with empty values) has.
 * TP_CONFIG with a sentence. */
enum tp_status tp_template_check(
	const struct tp_vars *known, const char *text, struct tp_error *err);

#endif
