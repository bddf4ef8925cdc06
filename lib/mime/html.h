/*
 * Where text can be put into an HTML document: a small tolerant tokenizer that tells tags from
 * comments, scripts and attribute values, as browsers tell them (WHATWG 13.2.5), in one linear pass
 * and without building anything.
 *
 * Rejected: searching for `</body>` (a comment, a script or an attribute may hold one, and then the
 * text goes where nobody sees it); a real parser (the document must come out byte for byte).
 */
#ifndef TP_MIME_HTML_H
#define TP_MIME_HTML_H

#include <stdbool.h>
#include <stddef.h>

/* Offset in html[0, len) at which an insertion is shown first: after the <body> tag, else after
 * </head>, <html>, the doctype, else at the start. The bytes are in a charset that holds ASCII as
 * ASCII; with `iso2022` set, two-byte runs between escapes are skipped. */
size_t tp_html_head(const char *html, size_t len, bool iso2022);

/* Offset at which an insertion is shown last: before the last </body>, else the last </html>, else
 * the end, or the place where a comment, script or tag begins that never ends. */
size_t tp_html_foot(const char *html, size_t len, bool iso2022);

#endif
