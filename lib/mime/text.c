/*
 * Header values to UTF-8: see text.h. Plain ASCII is copied, raw 8-bit and the words of RFC 2047 go
 * through iconv. Neighbouring words in one charset are joined before they are converted, because
 * writers cut characters in two.
 */
#include "mime/text.h"

#include <strings.h>

#include "base/utf8.h"
#include "mime/charset.h"
#include "mime/word.h"

#define REPLACEMENT "\xef\xbf\xbd"

static bool is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

/* Unlabelled bytes: UTF-8 when they are, else what most such mail was written in. */
static bool add_guessed(const char *bytes, size_t len, struct tp_buf *out, bool *exact)
{
	iconv_t cd;
	bool good;

	if (tp_utf8_valid(bytes, len))
		return tp_utf8_mend(bytes, len, out, exact);
	cd = tp_charset_open_reader("windows-1252");
	if (cd == (iconv_t)-1)
		return tp_utf8_mend(bytes, len, out, exact);
	good = tp_charset_read(cd, bytes, len, out, exact);
	iconv_close(cd);
	return good;
}

static bool add_converted(
	const char *bytes, size_t len, const char *charset, struct tp_buf *out, bool *exact)
{
	enum tp_charset_kind kind = tp_charset_kind(charset);
	iconv_t cd;
	bool good;

	if (kind == TP_CHARSET_UTF8 || (kind == TP_CHARSET_ASCII && is_ascii(bytes, len)))
		return tp_utf8_mend(bytes, len, out, exact);
	cd = kind == TP_CHARSET_OTHER ? tp_charset_open_reader(charset) : (iconv_t)-1;
	if (cd == (iconv_t)-1) {
		*exact = false;
		return add_guessed(bytes, len, out, exact);
	}
	good = tp_charset_read(cd, bytes, len, out, exact);
	iconv_close(cd);
	return good;
}

enum tp_status tp_text_to_utf8(const char *bytes, size_t len, const char *charset,
	struct tp_buf *out, bool *exact, struct tp_error *err)
{
	bool lossless = true;

	if (!add_converted(bytes, len, charset, out, &lossless) && !out->status)
		return tp_fail(err, TP_INTERNAL, "text: the conversion to UTF-8 failed");
	if (exact)
		*exact = lossless;
	return tp_buf_status(out, "text", err);
}

enum tp_status tp_text_from_utf8(
	const char *text, size_t len, const char *charset, struct tp_buf *out, struct tp_error *err)
{
	enum tp_charset_kind kind = tp_charset_kind(charset);
	size_t before = out->len;
	enum tp_status status;
	iconv_t cd;

	if (kind == TP_CHARSET_UNKNOWN || (kind == TP_CHARSET_ASCII && !is_ascii(text, len)))
		return TP_NOTHING;
	if (kind != TP_CHARSET_OTHER) {
		tp_buf_add(out, text, len);
		return tp_buf_status(out, "text", err);
	}
	cd = tp_charset_open_writer(charset);
	if (cd == (iconv_t)-1)
		return TP_NOTHING;
	status = tp_charset_write(cd, text, len, out);
	iconv_close(cd);
	if (status == TP_NOTHING)
		tp_buf_truncate(out, before);
	return status == TP_NOTHING ? status : tp_buf_status(out, "text", err);
}

enum tp_status tp_text_to_ascii(
	const char *text, size_t len, struct tp_buf *out, struct tp_error *err)
{
	iconv_t cd = iconv_open("ASCII//TRANSLIT", "UTF-8");

	if (cd == (iconv_t)-1)
		return tp_fail(err, TP_INTERNAL, "text: no conversion to ASCII");
	tp_charset_fold(cd, text, len, out);
	iconv_close(cd);
	return tp_buf_status(out, "text", err);
}

bool tp_text_holds_ascii(const char *charset)
{
	/* without the two characters that Shift_JIS and others draw differently */
	static const char ascii[] = "\r\n !\"#$%&'()*+,-./0123456789:;<=>?@"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}";
	struct tp_buf out = TP_BUF_INIT(4096);
	enum tp_charset_kind kind = tp_charset_kind(charset);
	bool same;

	if (charset && !strncasecmp(charset, "hz", 2))
		return false; /* its escape is the one character left out */
	if (kind != TP_CHARSET_OTHER)
		return true; /* of an unknown charset that is the best guess */
	same = tp_text_from_utf8(ascii, sizeof ascii - 1, charset, &out, NULL) == TP_OK &&
	       out.len == sizeof ascii - 1 && !memcmp(out.data, ascii, out.len);
	tp_buf_release(&out);
	return same;
}

/* --- header values ---------------------------------------------------------------------------- */

static bool has(const struct tp_buf *value, const char *what)
{
	return memmem(value->data, value->len, what, strlen(what)) != NULL;
}

/* Raw ISO-2022-JP (RFC 1468) passes for ASCII but for its escapes. */
static bool add_japanese(const struct tp_buf *value, struct tp_buf *out)
{
	size_t before = out->len;
	bool exact = true;

	if (add_converted(value->data, value->len, "iso-2022-jp", out, &exact) && exact)
		return true;
	if (!out->status)
		tp_buf_truncate(out, before);
	return false;
}

static bool is_blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p == end;
}

/* Words gathered to be converted together. */
struct run {
	struct tp_buf bytes;
	char charset[65];
};

static void flush_run(struct run *run, struct tp_buf *out)
{
	bool exact = true;

	if (run->bytes.len)
		add_converted(run->bytes.data, run->bytes.len, run->charset, out, &exact);
	if (run->bytes.status && !out->status)
		out->status = run->bytes.status;
	tp_buf_clear(&run->bytes);
}

static void add_to_run(struct run *run, const struct tp_word *word, struct tp_buf *out)
{
	if (strlen(run->charset) != word->charset_len ||
		strncasecmp(run->charset, word->charset, word->charset_len) != 0)
		flush_run(run, out);
	memcpy(run->charset, word->charset, word->charset_len);
	run->charset[word->charset_len] = '\0';
	tp_word_decode(word, &run->bytes);
}

/* A value with encoded words: the white space between two of them goes (RFC 2047 6.2). */
static bool add_words(const struct tp_buf *value, struct tp_buf *out)
{
	const char *p = value->data, *end = p + value->len;
	struct run run = { TP_BUF_INIT(TP_TEXT_VALUE_MAX + 64), "" };
	struct tp_word word;
	bool exact = true;

	while (tp_word_next(p, end, &word)) {
		if (p == value->data || !is_blank(p, word.begin)) {
			flush_run(&run, out);
			add_guessed(p, (size_t)(word.begin - p), out, &exact);
		}
		add_to_run(&run, &word, out);
		p = word.end;
	}
	flush_run(&run, out);
	add_guessed(p, (size_t)(end - p), out, &exact);
	tp_buf_release(&run.bytes);
	return !out->status;
}

/* Header values are used as C strings: a NUL in what was appended becomes U+FFFD, too. */
static bool replace_nuls(struct tp_buf *out, size_t from)
{
	struct tp_buf clean = TP_BUF_INIT(SIZE_MAX - 1);

	if (out->status || out->len == from || !memchr(out->data + from, '\0', out->len - from))
		return !out->status;
	for (size_t i = from; i < out->len; i++)
		if (out->data[i])
			tp_buf_addc(&clean, out->data[i]);
		else
			tp_buf_adds(&clean, REPLACEMENT);
	tp_buf_truncate(out, from);
	if (clean.status)
		out->status = clean.status;
	tp_buf_add(out, tp_buf_str(&clean), clean.len);
	tp_buf_release(&clean);
	return !out->status;
}

/* An unfolded value, appended as UTF-8. */
static enum tp_status decode_value(struct tp_buf *value, struct tp_buf *out, struct tp_error *err)
{
	size_t before = out->len;
	bool exact = true;

	if (!value->len)
		return TP_OK;
	if (has(value, "=?") && has(value, "?="))
		add_words(value, out);
	else if (!has(value, "\x1b$") || !add_japanese(value, out))
		add_guessed(value->data, value->len, out, &exact);
	replace_nuls(out, before);
	return tp_buf_status(out, "header", err);
}

static enum tp_status too_long(struct tp_error *err)
{
	return tp_fail(err, TP_LIMIT, "header: a value longer than %d bytes is not decoded",
		TP_TEXT_VALUE_MAX);
}

enum tp_status tp_text_decode(
	const char *data, struct tp_range value, struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf raw = TP_BUF_INIT(TP_TEXT_VALUE_MAX);
	enum tp_status status;

	if (tp_range_len(value) > TP_TEXT_VALUE_MAX)
		return too_long(err);
	tp_header_unfold(data, value, &raw);
	status = tp_buf_status(&raw, "header", err);
	if (!status)
		status = decode_value(&raw, out, err);
	tp_buf_release(&raw);
	return status;
}

/* The parameter as UTF-8. TP_NOTHING when the field or the parameter is missing or empty. */
static enum tp_status decode_param(const char *data, struct tp_range header, const char *field_name,
	const char *name, struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf raw = TP_BUF_INIT(TP_TEXT_VALUE_MAX), charset = TP_BUF_INIT(256);
	struct tp_field field;
	enum tp_status status;

	if (!tp_header_find(data, header, field_name, &field))
		return TP_NOTHING;
	if (tp_range_len(field.value) > TP_TEXT_VALUE_MAX)
		return too_long(err);
	status = tp_param_find(data, field.value, name, &raw, &charset, err);
	if (!status && !raw.len)
		status = TP_NOTHING;
	if (!status && charset.len) {
		size_t before = out->len;

		status = tp_text_to_utf8(raw.data, raw.len, charset.data, out, NULL, err);
		if (!status && !replace_nuls(out, before))
			status = tp_buf_status(out, "header", err);
	} else if (!status)
		status = decode_value(&raw, out, err);
	tp_buf_release(&raw);
	tp_buf_release(&charset);
	return status;
}

enum tp_status tp_part_filename(const struct tp_tree *tree, const char *data, uint32_t part,
	struct tp_buf *out, struct tp_error *err)
{
	struct tp_range header = tree->parts[part].header;
	enum tp_status status;

	status = decode_param(data, header, "Content-Disposition", "filename", out, err);
	if (status == TP_NOTHING)
		status = decode_param(data, header, "Content-Type", "name", out, err);
	return status;
}
