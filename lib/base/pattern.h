/*
 * Patterns on names and types: shell globs (`*.pdf`, blind to case) and, between slashes,
 * PCRE2 regular expressions (`/^scan_\d+/`, `/.../i`), with match limits so that no hostile name
 * costs more than linear time in practice. The only module that knows PCRE2.
 */
#ifndef TP_BASE_PATTERN_H
#define TP_BASE_PATTERN_H

#include <stddef.h>

#include "base/error.h"

struct tp_pattern;

/* TP_CONFIG when it does not compile, with the place. */
enum tp_status tp_pattern_new(const char *text, struct tp_pattern **pattern, struct tp_error *err);
/* The same for a regular expression without slashes, case-sensitive, from a configuration key that
 * takes nothing else. */
enum tp_status tp_pattern_regex(
	const char *text, struct tp_pattern **pattern, struct tp_error *err);
/* A match that runs into PCRE2's limits counts as none. */
bool tp_pattern_match(const struct tp_pattern *pattern, const char *text, size_t len);
/* The same for who has to tell that from a text that does not match: *gave_up. A pattern that tries very
 * many ways through a text can be led there by whoever writes the text. */
bool tp_pattern_try(const struct tp_pattern *pattern, const char *text, size_t len, bool *gave_up);

/* The first match's capture `group` (0: the whole match) in text[0, len), as [*begin, *end). False
 * when there is none. */
bool tp_pattern_capture(const struct tp_pattern *pattern, const char *text, size_t len, int group,
	size_t *begin, size_t *end);
void tp_pattern_free(struct tp_pattern *pattern);

#endif
