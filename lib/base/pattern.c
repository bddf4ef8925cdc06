/*
 * Patterns: see pattern.h. A glob becomes a regular expression, so that there is one matcher, one
 * idea of UTF-8 and one limit; fnmatch() knows none of the three.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/pattern.h"

#include <pcre2.h>

#include "base/buf.h"
#include "base/library.h"

#define LIBRARY        "libpcre2-8.so.0"
#define MATCH_LIMIT    100000
#define HEAP_LIMIT_KIB 4096

/* Opened by the first pattern: most runs have none. */
static struct {
	__typeof__(&pcre2_compile) compile;
	__typeof__(&pcre2_get_error_message) get_error_message;
	__typeof__(&pcre2_match_data_create_from_pattern) match_data_create_from_pattern;
	__typeof__(&pcre2_match_context_create) match_context_create;
	__typeof__(&pcre2_set_match_limit) set_match_limit;
	__typeof__(&pcre2_set_heap_limit) set_heap_limit;
	__typeof__(&pcre2_match) match;
	__typeof__(&pcre2_get_ovector_pointer) get_ovector_pointer;
	__typeof__(&pcre2_get_ovector_count) get_ovector_count;
	__typeof__(&pcre2_match_context_free) match_context_free;
	__typeof__(&pcre2_match_data_free) match_data_free;
	__typeof__(&pcre2_code_free) code_free;
	bool ready;
} pcre2;

static enum tp_status open_library(struct tp_error *err)
{
	static const struct tp_symbol all[] = {
		{ "pcre2_compile_8", &pcre2.compile },
		{ "pcre2_get_error_message_8", &pcre2.get_error_message },
		{ "pcre2_match_data_create_from_pattern_8", &pcre2.match_data_create_from_pattern },
		{ "pcre2_match_context_create_8", &pcre2.match_context_create },
		{ "pcre2_set_match_limit_8", &pcre2.set_match_limit },
		{ "pcre2_set_heap_limit_8", &pcre2.set_heap_limit },
		{ "pcre2_match_8", &pcre2.match },
		{ "pcre2_get_ovector_pointer_8", &pcre2.get_ovector_pointer },
		{ "pcre2_get_ovector_count_8", &pcre2.get_ovector_count },
		{ "pcre2_match_context_free_8", &pcre2.match_context_free },
		{ "pcre2_match_data_free_8", &pcre2.match_data_free },
		{ "pcre2_code_free_8", &pcre2.code_free },
	};
	enum tp_status status = TP_OK;

	if (!pcre2.ready)
		status = tp_library_open(
			LIBRARY, "patterns need PCRE2", all, sizeof all / sizeof *all, err);
	pcre2.ready = !status;
	return status;
}

struct tp_pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

static enum tp_status compile(const char *what, const char *regex, size_t len, uint32_t options,
	struct tp_pattern **out, struct tp_error *err)
{
	enum tp_status status = open_library(err);
	struct tp_pattern *pattern;
	PCRE2_UCHAR why[256];
	PCRE2_SIZE at = 0;
	int code = 0;

	*out = NULL;
	if (status)
		return status;
	pattern = calloc(1, sizeof *pattern);
	if (!pattern)
		return tp_fail(err, TP_NOMEM, "pattern %s: out of memory", what);
	options |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
	pattern->code = pcre2.compile((PCRE2_SPTR)regex, len, options, &code, &at, NULL);
	if (!pattern->code) {
		free(pattern);
		pcre2.get_error_message(code, why, sizeof why);
		return tp_fail(
			err, TP_CONFIG, "pattern %s: character %zu: %s", what, at + 1, (char *)why);
	}
	pattern->match = pcre2.match_data_create_from_pattern(pattern->code, NULL);
	pattern->limits = pcre2.match_context_create(NULL);
	if (!pattern->match || !pattern->limits) {
		tp_pattern_free(pattern);
		return tp_fail(err, TP_NOMEM, "pattern %s: out of memory", what);
	}
	pcre2.set_match_limit(pattern->limits, MATCH_LIMIT);
	pcre2.set_heap_limit(pattern->limits, HEAP_LIMIT_KIB);
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
	bool gave_up;

	return tp_pattern_try(pattern, text, len, &gave_up);
}

bool tp_pattern_try(const struct tp_pattern *pattern, const char *text, size_t len, bool *gave_up)
{
	int code = pcre2.match(
		pattern->code, (PCRE2_SPTR)text, len, 0, 0, pattern->match, pattern->limits);

	*gave_up = code < 0 && code != PCRE2_ERROR_NOMATCH;
	return code >= 0;
}

bool tp_pattern_capture(const struct tp_pattern *pattern, const char *text, size_t len, int group,
	size_t *begin, size_t *end)
{
	PCRE2_SIZE *ends;
	int count;

	if (!tp_pattern_match(pattern, text, len))
		return false;
	ends = pcre2.get_ovector_pointer(pattern->match);
	count = (int)pcre2.get_ovector_count(pattern->match);
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
	pcre2.match_context_free(pattern->limits);
	pcre2.match_data_free(pattern->match);
	pcre2.code_free(pattern->code);
	free(pattern);
}
