/*
 * Text put into one part: see leaf.h. The work goes in steps over one struct: decode, find the
 * place, shape the text, choose the charset; leaf-edit.c writes the edits.
 */
#include "mime/leaf.h"

#include <strings.h>

#include "mime/codec.h"
#include "mime/header.h"
#include "mime/html.h"
#include "mime/leaf-parts.h"
#include "mime/lex.h"
#include "mime/text.h"

#define LINE_LIMIT 998 /* RFC 5322 2.1.1 */

/* --- small questions -------------------------------------------------------------------------- */

bool tp_leaf_is_ascii(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)bytes[i] >= 0x80)
			return false;
	return true;
}

bool tp_leaf_has_long_line(const char *bytes, size_t len)
{
	const char *end = bytes + len, *lf;

	for (; (lf = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL; bytes = lf + 1)
		if (lf - bytes > LINE_LIMIT)
			return true;
	return end - bytes > LINE_LIMIT;
}

const char *tp_leaf_eol(const char *data, struct tp_range range, const char *otherwise)
{
	const char *start = data + range.begin;
	const char *lf = range.end > range.begin ? memchr(start, '\n', tp_range_len(range)) : NULL;

	if (!lf)
		return otherwise;
	return lf > start && lf[-1] == '\r' ? "\r\n" : "\n";
}

bool tp_leaf_ends_line(const char *bytes, size_t len)
{
	return len == 0 || bytes[len - 1] == '\n';
}

static bool is_mark(const char *bytes, size_t len)
{
	return len == 3 && !memcmp(bytes, "\xef\xbb\xbf", 3); /* UTF-8's byte order mark */
}

/* True when bytes[0, len) is empty or ends in an empty line. */
static bool ends_blank(const char *bytes, size_t len)
{
	if (!tp_leaf_ends_line(bytes, len))
		return false;
	if (len == 0)
		return true;
	len -= len > 1 && bytes[len - 2] == '\r' ? 2 : 1;
	return tp_leaf_ends_line(bytes, len);
}

/* --- loading ---------------------------------------------------------------------------------- */

static enum tp_status read_params(struct leaf *leaf, struct tp_error *err)
{
	struct tp_buf value = TP_BUF_INIT(65536);
	struct tp_field field;
	enum tp_status status = TP_NOTHING;

	if (tp_header_find(leaf->data, leaf->part->header, "Content-Type", &field)) {
		if (!tp_param_find(leaf->data, field.value, "format", &value, NULL, err))
			leaf->flowed = !leaf->html && !strcasecmp(tp_buf_str(&value), "flowed");
		tp_buf_clear(&value);
		status = tp_param_find(leaf->data, field.value, "charset", &value, NULL, err);
	}
	if (status)
		tp_buf_clear(&value);
	leaf->charset = strdup(tp_buf_str(&value));
	leaf->iso2022 = !strncasecmp(tp_buf_str(&value), "iso-2022", 8);
	tp_buf_release(&value);
	return leaf->charset ? TP_OK : tp_fail(err, TP_NOMEM, "body: out of memory");
}

bool tp_leaf_decode(const char *in, size_t len, enum tp_encoding encoding, struct tp_buf *out)
{
	struct tp_decoder decoder;
	char *to;

	tp_decoder_init(&decoder, encoding);
	to = tp_buf_reserve(out, tp_decoder_bound(len) + tp_decoder_bound(0));
	if (!to)
		return false;
	tp_buf_grew(out, tp_decoder_feed(&decoder, in, len, to));
	to = tp_buf_reserve(out, tp_decoder_bound(0));
	if (to)
		tp_buf_grew(out, tp_decoder_finish(&decoder, to));
	return to != NULL;
}

static enum tp_status load(struct leaf *leaf, struct tp_error *err)
{
	struct tp_range body = leaf->part->body, header = leaf->part->header;
	const char *eol = tp_leaf_eol(leaf->data, header, tp_leaf_eol(leaf->data, body, "\n"));
	enum tp_status status = read_params(leaf, err);

	if (status)
		return status;
	leaf->body = leaf->data + body.begin;
	leaf->body_len = tp_range_len(body);
	leaf->eol = tp_leaf_eol(leaf->data, body, eol);
	if (leaf->part->encoding == TP_ENCODING_IDENTITY)
		return TP_OK;
	if (!tp_leaf_decode(leaf->body, leaf->body_len, leaf->part->encoding, &leaf->decoded))
		return tp_buf_status(&leaf->decoded, "body", err);
	leaf->body = tp_buf_str(&leaf->decoded);
	leaf->body_len = leaf->decoded.len;
	if (leaf->part->encoding == TP_ENCODING_BASE64)
		leaf->eol = tp_leaf_eol(leaf->body, (struct tp_range){ 0, leaf->body_len }, eol);
	return TP_OK;
}

/* Makes UTF-8 of the body. TP_NOTHING when some byte would be lost. */
static enum tp_status move_to_utf8(struct leaf *leaf, struct tp_error *err)
{
	bool exact = true;
	enum tp_status status;

	status = tp_text_to_utf8(
		leaf->body, leaf->body_len, leaf->charset, &leaf->unified, &exact, err);
	if (status)
		return status;
	if (!exact) {
		tp_buf_clear(&leaf->unified);
		return TP_NOTHING;
	}
	leaf->moved = true;
	leaf->iso2022 = false;
	leaf->body = tp_buf_str(&leaf->unified);
	leaf->body_len = leaf->unified.len;
	return TP_OK;
}

/* --- place and shape -------------------------------------------------------------------------- */

/* The start of the last line that is `-- ` and nothing else, or `len`. */
static size_t find_signature(const char *body, size_t len)
{
	const char *p = body, *end = body + len;
	size_t found = len;

	while ((p = memmem(p, (size_t)(end - p), "-- ", 3)) != NULL) {
		bool whole = p + 3 == end || p[3] == '\n' ||
			     (end - p > 4 && p[3] == '\r' && p[4] == '\n');

		if (whole && (p == body || p[-1] == '\n'))
			found = (size_t)(p - body);
		p += 3;
	}
	return found;
}

static void find_place(struct leaf *leaf, bool foot)
{
	const char *body = leaf->body;

	if (leaf->html && foot)
		leaf->place = tp_html_foot(body, leaf->body_len, leaf->iso2022);
	else if (leaf->html)
		leaf->place = tp_html_head(body, leaf->body_len, leaf->iso2022);
	else if (foot)
		leaf->place = find_signature(body, leaf->body_len);
	else /* a byte order mark stays first */
		leaf->place = leaf->body_len >= 3 && is_mark(body, 3) ? 3 : 0;
}

/* Appends the text's lines without blanks at their ends, stuffed when flowed; no last line end. */
static void add_lines(const struct leaf *leaf, const char *text, size_t len, struct tp_buf *out)
{
	const char *end, *lf, *stop;

	while (len && strchr(" \t\n", text[len - 1]))
		len--;
	for (end = text + len; text < end; text = lf + 1) {
		lf = memchr(text, '\n', (size_t)(end - text));
		lf = lf ? lf : end;
		for (stop = lf; !leaf->html && stop > text && strchr(" \t\r", stop[-1]);)
			stop--;
		if (leaf->flowed && stop > text &&
			(strchr(" >", *text) || (stop - text >= 5 && !memcmp(text, "From ", 5))))
			tp_buf_addc(out, ' ');
		tp_buf_add(out, text, (size_t)(stop - text));
		if (lf < end)
			tp_buf_addc(out, '\n');
	}
}

/* True when the line that ends at `at`, or the one that begins there, could become a delimiter of a
 * multipart if it were cut off there: in HTML the text then goes in without line ends of its own.
 */
static bool looks_like_delimiter(const char *body, size_t len, size_t at)
{
	const char *lf = memrchr(body, '\n', at);
	const char *line = lf ? lf + 1 : body;

	return (body + at - line >= 2 && !memcmp(line, "--", 2)) ||
	       (len - at >= 2 && !memcmp(body + at, "--", 2));
}

/* The text with the line ends and blank lines that part it from what is there already. */
static void shape(struct leaf *leaf, const struct tp_leaf_text *text)
{
	const char *before = leaf->body;
	size_t at = leaf->place;
	bool at_end = at == leaf->body_len,
	     open = !tp_leaf_ends_line(before, at) && !is_mark(before, at);

	if (leaf->html && looks_like_delimiter(before, leaf->body_len, at)) {
		add_lines(leaf, text->text, text->len, &leaf->put);
		return;
	}
	if (open)
		tp_buf_addc(&leaf->put, '\n');
	if (!leaf->html && text->foot && !ends_blank(before, at))
		tp_buf_addc(&leaf->put, '\n');
	add_lines(leaf, text->text, text->len, &leaf->put);
	if (!at_end || !open)
		tp_buf_addc(&leaf->put, '\n');
	if (!leaf->html && !at_end)
		tp_buf_addc(&leaf->put, '\n');
}

/* Replaces *buf by its lines ended by `eol`. */
static enum tp_status set_line_ends(struct tp_buf *buf, const char *eol, struct tp_error *err)
{
	struct tp_buf out = TP_BUF_INIT(2 * buf->len + 1);
	const char *p = tp_buf_str(buf), *end = p + buf->len, *lf;
	enum tp_status status;

	if (!strcmp(eol, "\n"))
		return TP_OK;
	for (; p < end && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL; p = lf + 1) {
		tp_buf_add(&out, p, (size_t)(lf - p));
		tp_buf_adds(&out, eol);
	}
	tp_buf_add(&out, p, (size_t)(end - p));
	status = tp_buf_status(&out, "body", err);
	tp_buf_release(buf);
	out.max = buf->max;
	*buf = out;
	return status;
}

/* --- charset ---------------------------------------------------------------------------------- */

/* Whether a part labelled so may hold bytes above 127. */
bool tp_leaf_takes_8bit(const struct leaf *leaf)
{
	struct tp_field field;

	if (leaf->part->encoding != TP_ENCODING_IDENTITY)
		return true;
	if (tp_header_find(leaf->data, leaf->part->header, "Content-Transfer-Encoding", &field)) {
		size_t at = field.value.begin;
		struct tp_range word;

		tp_lex_skip_cfws(leaf->data, &at, field.value.end);
		word = tp_lex_token(leaf->data, &at, field.value.end);
		if (tp_range_is(leaf->data, word, "8bit") ||
			tp_range_is(leaf->data, word, "binary"))
			return true;
	}
	return !tp_leaf_is_ascii(leaf->body, leaf->body_len); /* mislabelled, but there they are */
}

/* Appends HTML with every character above 127 as a reference. */
static void add_references(const char *text, size_t len, struct tp_buf *out)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;

	while (p < end) {
		unsigned more = *p < 0xc0 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
		unsigned long c = more ? *p & (0x3fU >> more) : *p;

		for (p++; more && p < end; more--)
			c = c << 6 | (*p++ & 0x3f);
		if (c < 0x80)
			tp_buf_addc(out, (char)c);
		else
			tp_buf_addf(out, "&#%lu;", c);
	}
}

void tp_leaf_swap(struct tp_buf *a, struct tp_buf *b)
{
	struct tp_buf c = *a;

	*a = *b;
	*b = c;
}

/* HTML: in the part's charset when it fits and may be 8-bit, else by references. */
static enum tp_status fit_html(struct leaf *leaf, struct tp_error *err)
{
	struct tp_buf fitted = TP_BUF_INIT(leaf->put.max);
	const char *charset = leaf->moved ? "UTF-8" : leaf->charset;
	enum tp_status status = TP_NOTHING;

	if (tp_leaf_is_ascii(leaf->put.data, leaf->put.len))
		return TP_OK;
	if (tp_leaf_takes_8bit(leaf) && !leaf->iso2022)
		status = tp_text_from_utf8(leaf->put.data, leaf->put.len, charset, &fitted, err);
	if (status == TP_NOTHING) {
		add_references(leaf->put.data, leaf->put.len, &fitted);
		status = tp_buf_status(&fitted, "body", err);
	}
	tp_leaf_swap(&leaf->put, &fitted);
	tp_buf_release(&fitted);
	return status;
}

/* Plain text: in the part's charset, else the part moves to UTF-8, else (a byte of it has no
 * meaning) the text makes do with ASCII. *moved: the place must be found again. */
static enum tp_status fit_plain(struct leaf *leaf, bool *moved, struct tp_error *err)
{
	struct tp_buf fitted = TP_BUF_INIT(leaf->put.max);
	enum tp_status status = TP_NOTHING;

	if (leaf->moved || tp_leaf_is_ascii(leaf->put.data, leaf->put.len))
		return TP_OK;
	status = tp_text_from_utf8(leaf->put.data, leaf->put.len, leaf->charset, &fitted, err);
	if (status == TP_NOTHING) {
		status = move_to_utf8(leaf, err);
		*moved = status == TP_OK;
		if (status == TP_NOTHING)
			status = tp_text_to_ascii(leaf->put.data, leaf->put.len, &fitted, err);
	}
	if (!status && !*moved)
		tp_leaf_swap(&leaf->put, &fitted);
	tp_buf_release(&fitted);
	return status;
}

static enum tp_status place_and_shape(
	struct leaf *leaf, const struct tp_leaf_text *text, struct tp_error *err)
{
	tp_buf_clear(&leaf->put);
	find_place(leaf, text->foot);
	shape(leaf, text);
	return tp_buf_status(&leaf->put, "body", err);
}

static enum tp_status prepare(
	struct leaf *leaf, const struct tp_leaf_text *text, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	bool moved = false;

	if (!tp_text_holds_ascii(leaf->charset))
		status = move_to_utf8(leaf, err);
	if (!status)
		status = place_and_shape(leaf, text, err);
	if (!status)
		status = leaf->html ? fit_html(leaf, err) : fit_plain(leaf, &moved, err);
	if (!status && moved)
		status = place_and_shape(leaf, text, err);
	return status ? status : set_line_ends(&leaf->put, leaf->eol, err);
}

/* --- all together ----------------------------------------------------------------------------- */

enum tp_status tp_leaf_read(const struct tp_tree *tree, const char *data, uint32_t part,
	struct tp_buf *out, struct tp_error *err)
{
	struct leaf leaf = { .data = data, .part = &tree->parts[part] };
	enum tp_status status;

	tp_buf_init(&leaf.decoded, SIZE_MAX - 1);
	status = load(&leaf, err);
	if (!status)
		status = tp_text_to_utf8(leaf.body, leaf.body_len, leaf.charset, out, NULL, err);
	free(leaf.charset);
	tp_buf_release(&leaf.decoded);
	return status;
}

enum tp_status tp_leaf_insert(const struct tp_tree *tree, const char *data, uint32_t part,
	const struct tp_leaf_text *text, struct tp_edits *edits, struct tp_error *err)
{
	struct leaf leaf = { .data = data, .part = &tree->parts[part] };
	size_t room = 16 * (text->len + 64);
	struct tp_media_type type;
	enum tp_status status;

	tp_part_media_type(tree, data, part, &type);
	leaf.html = tp_media_type_is(&type, "text", "html");
	tp_buf_init(&leaf.decoded, SIZE_MAX - 1);
	tp_buf_init(&leaf.unified, SIZE_MAX - 1);
	tp_buf_init(&leaf.put, room);
	status = load(&leaf, err);
	if (!status)
		status = prepare(&leaf, text, err);
	if (!status && leaf.moved)
		status = tp_leaf_relabel_charset(&leaf, edits, err);
	if (!status)
		status = tp_leaf_edit_body(&leaf, edits, err);
	free(leaf.charset);
	tp_buf_release(&leaf.decoded);
	tp_buf_release(&leaf.unified);
	tp_buf_release(&leaf.put);
	return status;
}

enum tp_status tp_leaf_make(const struct tp_leaf_text *text, bool html, const char *eol,
	struct tp_buf *out, struct tp_error *err)
{
	struct leaf leaf = { .html = html, .put = TP_BUF_INIT(2 * text->len + 64) };
	bool ascii = tp_leaf_is_ascii(text->text, text->len);
	bool plain = ascii && !tp_leaf_has_long_line(text->text, text->len);
	enum tp_status status;

	add_lines(&leaf, text->text, text->len, &leaf.put);
	tp_buf_addc(&leaf.put, '\n');
	status = tp_buf_status(&leaf.put, "body", err);
	if (!status)
		status = set_line_ends(&leaf.put, eol, err);
	tp_buf_addf(out, "Content-Type: text/%s; charset=%s%s", html ? "html" : "plain",
		ascii ? "us-ascii" : "UTF-8", eol);
	tp_buf_addf(
		out, "Content-Transfer-Encoding: %s%s", plain ? "7bit" : "quoted-printable", eol);
	tp_buf_addf(out, "Content-Disposition: inline%s%s", eol, eol);
	if (!status && plain)
		tp_buf_add(out, leaf.put.data, leaf.put.len);
	else if (!status)
		tp_codec_qp_encode(leaf.put.data, leaf.put.len, eol, out);
	tp_buf_release(&leaf.put);
	return status ? status : tp_buf_status(out, "body", err);
}
