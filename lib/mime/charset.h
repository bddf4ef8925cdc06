/*
 * Character sets by iconv(3), and the few names that mail uses for them which iconv does not know
 * or which mean more than they say. Private to mime/text.c.
 */
#ifndef TP_MIME_CHARSET_H
#define TP_MIME_CHARSET_H

#include <iconv.h>

#include "base/buf.h"

enum tp_charset_kind {
	TP_CHARSET_ASCII,
	TP_CHARSET_UTF8,
	TP_CHARSET_OTHER,
	TP_CHARSET_UNKNOWN, /* no such charset, or a name that nobody may hand to iconv */
};

/* What `charset` is; NULL and "" are ASCII (RFC 2045 5.2). */
enum tp_charset_kind tp_charset_kind(const char *charset);

/* Opens a conversion to UTF-8, (iconv_t)-1 when there is none. Mail labelled ISO-8859-1 holds
 * Windows-1252, GB2312 holds GB18030 and so on: the larger set is what is read. */
iconv_t tp_charset_open_reader(const char *charset);

/* Opens a conversion from UTF-8 to exactly `charset`. */
iconv_t tp_charset_open_writer(const char *charset);

/* Converts all of bytes[0, len); what has no meaning becomes U+FFFD and clears *exact. */
bool tp_charset_read(iconv_t cd, const char *bytes, size_t len, struct tp_buf *out, bool *exact);

/* Converts all of text[0, len) and returns to the initial shift state. TP_NOTHING when a character
 * does not fit (then *out has a part of it: the caller cuts it back). */
enum tp_status tp_charset_write(iconv_t cd, const char *text, size_t len, struct tp_buf *out);

/* Like tp_charset_write, but what does not fit becomes `?`. */
bool tp_charset_fold(iconv_t cd, const char *text, size_t len, struct tp_buf *out);

#endif
