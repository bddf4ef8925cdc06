/*
 * From what mail carries to UTF-8: encoded words (RFC 2047), charsets of parameters (RFC 2231),
 * raw 8-bit headers, addresses, dates.
 *
 * Output is always valid UTF-8: what cannot be converted becomes U+FFFD. Control characters are
 * left in (a name may be hostile), only NUL is replaced in header values; who shows a text scrubs
 * it (base/utf8.h, tp_text_scrub).
 */
#ifndef TP_MIME_TEXT_H
#define TP_MIME_TEXT_H

#include "mime/header.h"

/* Longest header value that is decoded, in bytes: longer ones give TP_LIMIT. */
#define TP_TEXT_VALUE_MAX (256 * 1024)

/* An unstructured value (Subject, comments) as UTF-8: unfolded, encoded words decoded, raw 8-bit
 * read as UTF-8 when valid, else as Windows-1252; the escapes of raw ISO-2022-JP are understood.
 * Appends to *out. */
enum tp_status tp_text_decode(
	const char *data, struct tp_range value, struct tp_buf *out, struct tp_error *err);

/* The filename a part declares: Content-Disposition filename, else Content-Type name, in every way
 * that programs write it (RFC 2231, RFC 2047 inside quotes, raw 8-bit). TP_NOTHING without one.
 * The name is as sent: see tp_name_safe (base/utf8.h) before it becomes a file or a URL. */
enum tp_status tp_part_filename(const struct tp_tree *tree, const char *data, uint32_t part,
	struct tp_buf *out, struct tp_error *err);

/* Converts bytes in `charset` to UTF-8, appended to *out; false in *exact (may be NULL) when some
 * byte had no meaning. An unknown charset is read as UTF-8 when valid, else as Windows-1252. */
enum tp_status tp_text_to_utf8(const char *bytes, size_t len, const char *charset,
	struct tp_buf *out, bool *exact, struct tp_error *err);

/* Converts UTF-8 to `charset`; TP_NOTHING when a character does not fit or the charset is unknown,
 * and then *out is as it was. */
enum tp_status tp_text_from_utf8(const char *text, size_t len, const char *charset,
	struct tp_buf *out, struct tp_error *err);

/* Appends the text in ASCII as well as can be ("décembre" gives "decembre" in a UTF-8 locale; what
 * has no likeness becomes `?`), for a place that can hold nothing else. */
enum tp_status tp_text_to_ascii(
	const char *text, size_t len, struct tp_buf *out, struct tp_error *err);

/* True when `charset` writes every printable ASCII character and line end as ASCII does, so that
 * ASCII can be put between two lines of it untranslated. ISO-2022-* counts: its lines end in ASCII.
 */
bool tp_text_holds_ascii(const char *charset);

/* Longest address list that is read, and most colons in it (groups, routes, IPv6 literals): beyond,
 * GMime's parser would take long, or recurse until the stack ends. More is TP_LIMIT. */
#define TP_TEXT_ADDRESSES_MAX (64 * 1024)
#define TP_TEXT_COLONS_MAX    256

/* The addr-specs of an address list field (From, To, Cc), one NUL-terminated string after another
 * appended to *out; *count gets how many. Groups are opened. By GMime but for plain lists: TP_TEMPORARY
 * when it cannot be loaded. */
enum tp_status tp_text_addresses(const char *data, struct tp_range value, struct tp_buf *out,
	size_t *count, struct tp_error *err);

#endif
