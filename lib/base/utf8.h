/*
 * UTF-8: validity, scrubbing for terminals and logs, and names that are safe in a file system, a
 * URL and a mail.
 */
#ifndef TP_BASE_UTF8_H
#define TP_BASE_UTF8_H

#include <stdint.h>

#include "base/buf.h"

/* Length in bytes (1 to 4) of the valid character at text[0, len), or 0 when it is none. Overlong
 * forms, surrogates and values above U+10FFFF are none. *character may be NULL. */
size_t tp_utf8_next(const char *text, size_t len, uint32_t *character);
bool tp_utf8_valid(const char *text, size_t len);
/* Appends the character; U+FFFD for what is none. */
bool tp_utf8_put(uint32_t character, struct tp_buf *out);

/* Appends the text with every byte that is no UTF-8 replaced by U+FFFD; clears *exact when there was
 * one. */
bool tp_utf8_mend(const char *text, size_t len, struct tp_buf *out, bool *exact);

/* Columns that a terminal uses for the text (wcwidth over valid UTF-8; the rest counts 1). */
size_t tp_utf8_columns(const char *text, size_t len);

/* Appends text fit for a terminal, a log or a table cell: control characters, line separators,
 * bidirectional overrides and invalid bytes become U+FFFD; tab and line end become a space. */
bool tp_text_scrub(const char *text, size_t len, struct tp_buf *out);

/* Appends a file name made from what a sender wrote: the part after the last `/` or `\`. Control
 * characters, invalid bytes and what file systems or shells dislike become `_`; marks that cannot
 * be seen (bidirectional ones, zero-width spaces) are left out; no leading dot, dash or space, no
 * trailing dot or space; a device name of Windows gets a `_` in front; never empty (then
 * `fallback`, as it is); at most `max_bytes`, the extension kept. The result is UTF-8. */
bool tp_name_safe(
	const char *name, size_t len, const char *fallback, size_t max_bytes, struct tp_buf *out);

/* Appends the text percent-encoded, RFC 3986 unreserved characters kept, and those in `also`. */
bool tp_percent_encode(const char *text, size_t len, const char *also, struct tp_buf *out);

#endif
