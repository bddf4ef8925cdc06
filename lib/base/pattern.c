/*
 * Patterns: see pattern.h. A glob becomes a regular expression, so that there is one matcher, one
 * idea of UTF-8 and one limit; fnmatch() knows none of the three.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/pattern.h"

#include <pcre2.h>

#include "base/buf.h"

#define MATCH_LIMIT    100000
#define HEAP_LIMIT_KIB 4096

struct tp_pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

static enum tp_status compile(const char *what, const char *regex, size_t len, uint32_t options,
	struct tp_pattern **out, struct tp_error *err)
{
	struct tp_pattern *pattern = calloc(1, sizeof *pattern);
	PCRE2_UCHAR why[256];
	PCRE2_SIZE at = 0;
	int code = 0;

	*out = NULL;
	if (!pattern)
		return tp_fail(err, TP_NOMEM, "pattern %s: out of memory", what);
	options |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
	pattern->code = pcre2_compile((PCRE2_SPTR)regex, len, options, &code, &at, NULL);
	if (!pattern->code) {
		free(pattern);
		pcre2_get_error_message(code, why, sizeof why);
		return tp_fail(
			err, TP_CONFIG, "pattern %s: character %zu: %s", what, at + 1, (char *)why);
	}
	pattern->match = pcre2_match_data_create_from_pattern(pattern->code, NULL);
	pattern->limits = pcre2_match_context_create(NULL);
	if (!pattern->match || !pattern->limits) {
		tp_pattern_free(pattern);
		return tp_fail(err, TP_NOMEM, "pattern %s: out of memory", what);
	}
	pcre2_set_match_limit(pattern->limits, MATCH_LIMIT);
	pcre2_set_heap_limit(pattern->limits, HEAP_LIMIT_KIB);
	*out = pattern;
	return TP_OK;
}

/* `[...]`: returns the byte behind the class, or NULL when it is not closed (then `[` is a plain
 * character). A `]` that comes first belongs to the class. */
static const char *add_class(const char *glob, struct tp_buf *regex)
{
	const char *at = glob + 1, *end;
	bool negated = *at == '!' || *at == '^';

	at += negated;
	end = *at ? strchr(at + 1, ']') : NULL;
	if (!end)
		return NULL;
	tp_buf_adds(regex, negated ? "[^" : "[");
	for (; at < end; at++) {
		if (strchr("\\[]^", *at))
			tp_buf_addc(regex, '\\');
		tp_buf_addc(regex, *at);
	}
	tp_buf_addc(regex, ']');
	return end + 1;
}

static void translate(const char *glob, struct tp_buf *regex)
{
	const char *next;

	while (*glob) {
		if (*glob == '*') {
			tp_buf_adds(regex, ".*");
			while (*glob == '*')
				glob++;
			continue;
		}
		next = *glob == '[' ? add_class(glob, regex) : NULL;
		if (next) {
			glob = next;
			continue;
		}
		if (*glob == '\\' && glob[1])
			glob++;
		else if (*glob == '?') {
			tp_buf_addc(regex, '.');
			glob++;
			continue;
		}
		if (!((unsigned char)*glob & 0x80) && strchr("\\^$.[]|()?*+{}#", *glob))
			tp_buf_addc(regex, '\\');
		tp_buf_addc(regex, *glob++);
	}
}

static enum tp_status new_glob(const char *text, struct tp_pattern **pattern, struct tp_error *err)
{
	struct tp_buf regex = TP_BUF_INIT(1 << 20);
	enum tp_status status;

	*pattern = NULL;
	translate(text, &regex);
	status = tp_buf_status(&regex, "pattern", err);
	if (!status)
		status = compile(text, tp_buf_str(&regex), regex.len,
			PCRE2_CASELESS | PCRE2_DOTALL | PCRE2_ANCHORED | PCRE2_ENDANCHORED, pattern,
			err);
	tp_buf_release(&regex);
	return status;
}

enum tp_status tp_pattern_new(const char *text, struct tp_pattern **pattern, struct tp_error *err)
{
	const char *end;

	*pattern = NULL;
	if (*text != '/')
		return new_glob(text, pattern, err);
	end = strrchr(text, '/');
	if (end == text)
		return tp_fail(err, TP_CONFIG, "pattern %s: no closing slash", text);
	if (end[1] && strcmp(end + 1, "i") != 0)
		return tp_fail(err, TP_CONFIG, "pattern %s: unknown flag %s", text, end + 1);
	return compile(text, text + 1, (size_t)(end - text - 1), end[1] ? PCRE2_CASELESS : 0,
		pattern, err);
}

enum tp_status tp_pattern_regex(const char *text, struct tp_pattern **pattern, struct tp_error *err)
{
	return compile(text, text, strlen(text), 0, pattern, err);
}

bool tp_pattern_match(const struct tp_pattern *pattern, const char *text, size_t len)
{
	return pcre2_match(pattern->code, (PCRE2_SPTR)text, len, 0, 0, pattern->match,
		       pattern->limits) >= 0;
}

bool tp_pattern_capture(const struct tp_pattern *pattern, const char *text, size_t len, int group,
	size_t *begin, size_t *end)
{
	PCRE2_SIZE *ends;
	int count;

	if (!tp_pattern_match(pattern, text, len))
		return false;
	ends = pcre2_get_ovector_pointer(pattern->match);
	count = (int)pcre2_get_ovector_count(pattern->match);
	if (group < 0 || group >= count || ends[2 * group] == PCRE2_UNSET)
		return false;
	*begin = ends[2 * group];
	*end = ends[2 * group + 1];
	return *begin <= *end;
}

void tp_pattern_free(struct tp_pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_match_context_free(pattern->limits);
	pcre2_match_data_free(pattern->match);
	pcre2_code_free(pattern->code);
	free(pattern);
}
