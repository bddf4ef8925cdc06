/* Character sets: see charset.h. */
#include "mime/charset.h"

#include <errno.h>
#include <strings.h>

#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"
#define CHUNK       4096

/* What mail says, what is read (the superset in use), what is written (NULL: what it says). */
static const struct {
	const char *name, *read, *write;
} names[] = {
	{ "iso-8859-1", "WINDOWS-1252", NULL },
	{ "iso8859-1", "WINDOWS-1252", "ISO-8859-1" },
	{ "iso_8859-1", "WINDOWS-1252", "ISO-8859-1" },
	{ "latin1", "WINDOWS-1252", "ISO-8859-1" },
	{ "iso-8859-8-i", "ISO-8859-8", "ISO-8859-8" },
	{ "iso-8859-8-e", "ISO-8859-8", "ISO-8859-8" },
	{ "gb2312", "GB18030", NULL },
	{ "gb_2312-80", "GB18030", "GB2312" },
	{ "gbk", "GB18030", NULL },
	{ "x-gbk", "GB18030", "GBK" },
	{ "ks_c_5601-1987", "CP949", "CP949" },
	{ "ks_c_5601", "CP949", "CP949" },
	{ "euc-kr", "CP949", NULL },
	{ "shift_jis", "CP932", NULL },
	{ "shift-jis", "CP932", "SHIFT_JIS" },
	{ "x-sjis", "CP932", "SHIFT_JIS" },
	{ "windows-31j", "CP932", "CP932" },
	{ "x-mac-roman", "MACINTOSH", "MACINTOSH" },
	{ "x-macroman", "MACINTOSH", "MACINTOSH" },
	{ "cp-1252", "WINDOWS-1252", "WINDOWS-1252" },
	{ "unicode-1-1-utf-7", "UTF-7", "UTF-7" },
};

static bool is_one_of(const char *charset, const char *const *list)
{
	for (; *list; list++)
		if (!strcasecmp(charset, *list))
			return true;
	return false;
}

/* A sender chooses the name: only what looks like a charset reaches iconv, whose own syntax knows
 * slashes and suffixes. ISO-2022-CN-EXT is left out: it is in no mail, and was a hole in glibc. */
static bool is_usable(const char *charset)
{
	size_t len = strlen(charset);

	return len < 64 &&
	       strspn(charset, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			       "0123456789-_.:+()") == len &&
	       strcasecmp(charset, "iso-2022-cn-ext") != 0;
}

enum tp_charset_kind tp_charset_kind(const char *charset)
{
	static const char *const ascii[] = { "us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us",
		"646", NULL };
	static const char *const utf8[] = { "utf-8", "utf8", "unicode-1-1-utf-8", NULL };
	iconv_t cd;

	if (!charset || !*charset || is_one_of(charset, ascii))
		return TP_CHARSET_ASCII;
	if (is_one_of(charset, utf8))
		return TP_CHARSET_UTF8;
	cd = tp_charset_open_reader(charset);
	if (cd == (iconv_t)-1)
		return TP_CHARSET_UNKNOWN;
	iconv_close(cd);
	return TP_CHARSET_OTHER;
}

iconv_t tp_charset_open_reader(const char *charset)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcasecmp(charset, names[i].name))
			return iconv_open("UTF-8", names[i].read);
	return is_usable(charset) ? iconv_open("UTF-8", charset) : (iconv_t)-1;
}

iconv_t tp_charset_open_writer(const char *charset)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].write && !strcasecmp(charset, names[i].name))
			return iconv_open(names[i].write, "UTF-8");
	return is_usable(charset) ? iconv_open(charset, "UTF-8") : (iconv_t)-1;
}

/* One call of iconv into the buffer; its errno is kept for the caller. */
static size_t step(iconv_t cd, char **in, size_t *left, struct tp_buf *out)
{
	char *to = tp_buf_reserve(out, CHUNK), *start = to;
	size_t room = CHUNK, result;

	if (!to) {
		/* near the maximum there may be room for less than a chunk */
		room = out->status == TP_LIMIT ? out->max - out->len : 0;
		if (room)
			out->status = TP_OK;
		to = start = room ? tp_buf_reserve(out, room) : NULL;
		if (!to) {
			errno = ENOMEM;
			return (size_t)-1;
		}
	}
	result = iconv(cd, in, left, &to, &room);
	tp_buf_grew(out, (size_t)(to - start));
	if (result == (size_t)-1 && errno == E2BIG && to == start) {
		out->status = TP_LIMIT;
		errno = ENOMEM;
	}
	return result;
}

/* iconv takes numbers for characters that Unicode does not have. What was appended stays in bounds of
 * the buffer, whose status stays, too. */
static bool mend_from(size_t begin, struct tp_buf *out, bool *exact)
{
	struct tp_buf text = TP_BUF_INIT(SIZE_MAX / 2);
	enum tp_status before = out->status;

	if (tp_utf8_valid(tp_buf_str(out) + begin, out->len - begin))
		return true;
	tp_buf_add(&text, out->data + begin, out->len - begin);
	tp_buf_truncate(out, begin);
	out->status = text.status;
	tp_utf8_mend(tp_buf_str(&text), text.len, out, exact);
	out->status = out->status ? out->status : before;
	tp_buf_release(&text);
	return !out->status;
}

static bool convert(iconv_t cd, const char *bytes, size_t len, struct tp_buf *out, bool *exact)
{
	char *in = (char *)bytes; /* iconv(3) reads only */
	size_t left = len;

	while (left) {
		if (step(cd, &in, &left, out) != (size_t)-1 || errno == E2BIG)
			continue;
		if (out->status || (errno != EILSEQ && errno != EINVAL))
			return false;
		*exact = false;
		tp_buf_adds(out, REPLACEMENT);
		in++;
		left--;
	}
	return step(cd, NULL, NULL, out) != (size_t)-1 && !out->status;
}

bool tp_charset_read(iconv_t cd, const char *bytes, size_t len, struct tp_buf *out, bool *exact)
{
	size_t begin = out->len;
	bool good = convert(cd, bytes, len, out, exact);

	return mend_from(begin, out, exact) && good;
}

enum tp_status tp_charset_write(iconv_t cd, const char *text, size_t len, struct tp_buf *out)
{
	char *in = (char *)text;
	size_t left = len, lost;

	while (left) {
		lost = step(cd, &in, &left, out);
		if (lost != (size_t)-1 && lost != 0)
			return TP_NOTHING;
		if (lost == (size_t)-1 && errno != E2BIG)
			return out->status ? out->status : TP_NOTHING;
	}
	step(cd, NULL, NULL, out);
	return out->status;
}

bool tp_charset_fold(iconv_t cd, const char *text, size_t len, struct tp_buf *out)
{
	char *in = (char *)text;
	size_t left = len;

	while (left && !out->status) {
		if (step(cd, &in, &left, out) != (size_t)-1 || errno == E2BIG)
			continue;
		tp_buf_addc(out, '?');
		do { /* the whole character */
			in++;
			left--;
		} while (left && ((unsigned char)*in & 0xc0) == 0x80);
	}
	return !out->status;
}
