/* The edits that put a prepared text into a part: of its body, and of the labels in its header. See
 * leaf.h. */
#include "mime/codec.h"
#include "mime/header.h"
#include "mime/leaf-parts.h"
#include "mime/lex.h"

/* --- the edits of the body -------------------------------------------------------------------- */

/* The offset in the encoded body where exactly `wanted` bytes have been decoded and none is held
 * back; SIZE_MAX when there is none. By lines, then by bytes in the line where it must be. */
static size_t encoded_offset(const struct leaf *leaf, size_t wanted)
{
	const char *in = leaf->data + leaf->part->body.begin;
	size_t len = tp_range_len(leaf->part->body), at = 0, done = 0;
	struct tp_decoder decoder, ahead;
	char *scratch = malloc(tp_decoder_bound(len));

	tp_decoder_init(&decoder, leaf->part->encoding);
	while (scratch && at < len && done < wanted) {
		const char *lf = memchr(in + at, '\n', len - at);
		size_t n = lf ? (size_t)(lf + 1 - in) - at : len - at, got;

		ahead = decoder;
		got = tp_decoder_feed(&ahead, in + at, n, scratch);
		if (done + got >= wanted)
			break;
		decoder = ahead;
		done += got;
		at += n;
	}
	for (; scratch && at < len && done < wanted; at++)
		done += tp_decoder_feed(&decoder, in + at, 1, scratch);
	free(scratch);
	return scratch && done == wanted && !decoder.held ? at : SIZE_MAX;
}

/* True when the quoted-printable mail[body) with `put` at `at` decodes to what is wanted. */
static bool proves(const struct leaf *leaf, size_t at, const struct tp_buf *put)
{
	struct tp_buf whole = TP_BUF_INIT(SIZE_MAX - 1), back = TP_BUF_INIT(SIZE_MAX - 1);
	struct tp_range body = leaf->part->body;
	size_t tail = leaf->body_len - leaf->place;
	bool same;

	tp_buf_add(&whole, leaf->data + body.begin, at);
	tp_buf_add(&whole, put->data, put->len);
	tp_buf_add(&whole, leaf->data + body.begin + at, tp_range_len(body) - at);
	same = !whole.status && tp_leaf_decode(whole.data, whole.len, TP_ENCODING_QP, &back) &&
	       back.len == leaf->body_len + leaf->put.len &&
	       !memcmp(back.data, leaf->body, leaf->place) &&
	       !memcmp(back.data + leaf->place, leaf->put.data, leaf->put.len) &&
	       !memcmp(back.data + leaf->place + leaf->put.len, leaf->body + leaf->place, tail);
	tp_buf_release(&whole);
	tp_buf_release(&back);
	return same;
}

/* An insertion into quoted-printable. TP_NOTHING when it would not read back right. */
static enum tp_status insert_qp(
	const struct leaf *leaf, struct tp_edits *edits, struct tp_error *err)
{
	struct tp_buf put = TP_BUF_INIT(SIZE_MAX - 1);
	size_t at = encoded_offset(leaf, leaf->place);
	enum tp_status status = TP_NOTHING;

	tp_codec_qp_encode(leaf->put.data, leaf->put.len, leaf->eol, &put);
	if (!put.status && at != SIZE_MAX && proves(leaf, at, &put))
		status =
			tp_edits_insert(edits, leaf->part->body.begin + at, put.data, put.len, err);
	tp_buf_release(&put);
	return status;
}

/* The body written anew in `encoding`. */
static enum tp_status replace_body(const struct leaf *leaf, enum tp_encoding encoding,
	struct tp_edits *edits, struct tp_error *err)
{
	struct tp_buf all = TP_BUF_INIT(SIZE_MAX - 1), out = TP_BUF_INIT(SIZE_MAX - 1);
	struct tp_range body = leaf->part->body;
	const char *eol = tp_leaf_eol(leaf->data, body, leaf->eol);
	enum tp_status status;

	tp_buf_add(&all, leaf->body, leaf->place);
	tp_buf_add(&all, leaf->put.data, leaf->put.len);
	tp_buf_add(&all, leaf->body + leaf->place, leaf->body_len - leaf->place);
	status = tp_buf_status(&all, "body", err);
	if (!status && encoding == TP_ENCODING_BASE64) {
		tp_codec_base64_encode(all.data, all.len, eol, &out);
		if (!tp_leaf_ends_line(leaf->data + body.begin, tp_range_len(body)))
			tp_buf_truncate(&out, out.len - strlen(eol));
	} else if (!status && encoding == TP_ENCODING_QP) {
		tp_codec_qp_encode(all.data, all.len, eol, &out);
	} else {
		tp_leaf_swap(&all, &out);
	}
	if (!status)
		status = tp_buf_status(&out, "body", err);
	if (!status)
		status = tp_edits_replace(edits, body, out.data, out.len, err);
	tp_buf_release(&all);
	tp_buf_release(&out);
	return status;
}

/* --- the edits of the header ------------------------------------------------------------------ */

/* The range of a parameter from its name to the end of its value; false when it is not there. */
static bool find_param_range(
	const char *data, struct tp_range value, const char *name, struct tp_range *found)
{
	size_t at = value.begin;

	while (at < value.end) {
		struct tp_range word;

		if (data[at] == '"') {
			tp_lex_skip_quoted(data, &at, value.end);
			continue;
		}
		if (data[at] == '(') {
			tp_lex_skip_comment(data, &at, value.end);
			continue;
		}
		if (data[at++] != ';')
			continue;
		tp_lex_skip_cfws(data, &at, value.end);
		found->begin = at;
		word = tp_lex_token(data, &at, value.end);
		tp_lex_skip_cfws(data, &at, value.end);
		if (!tp_range_is(data, word, name) || at >= value.end || data[at] != '=')
			continue;
		at++;
		tp_lex_skip_cfws(data, &at, value.end);
		if (at < value.end && data[at] == '"')
			tp_lex_skip_quoted(data, &at, value.end);
		else
			while (at < value.end && data[at] != ';' && !tp_lex_is_space(data[at]))
				at++;
		found->end = at;
		return true;
	}
	return false;
}

/* Adds a field at the end of the header, and the blank line when the part lacks one. */
static enum tp_status add_field(
	const struct leaf *leaf, const char *field, struct tp_edits *edits, struct tp_error *err)
{
	struct tp_range header = leaf->part->header;
	struct tp_buf out = TP_BUF_INIT(4096);
	enum tp_status status;

	if (!tp_leaf_ends_line(leaf->data + header.begin, tp_range_len(header)))
		tp_buf_adds(&out, leaf->eol);
	tp_buf_addf(&out, "%s%s", field, leaf->eol);
	status = tp_buf_status(&out, "header", err);
	if (!status)
		status = tp_edits_insert(edits, header.end, out.data, out.len, err);
	tp_buf_release(&out);
	return status;
}

enum tp_status tp_leaf_relabel_charset(
	const struct leaf *leaf, struct tp_edits *edits, struct tp_error *err)
{
	struct tp_range range;
	struct tp_field field;

	if (!tp_header_find(leaf->data, leaf->part->header, "Content-Type", &field) ||
		tp_range_len(field.value) == 0)
		return add_field(leaf,
			leaf->html ? "Content-Type: text/html; charset=UTF-8"
				   : "Content-Type: text/plain; charset=UTF-8",
			edits, err);
	if (find_param_range(leaf->data, field.value, "charset", &range))
		return tp_edits_replace(edits, range, "charset=UTF-8", 13, err);
	range.end = field.value.end;
	while (range.end > field.value.begin &&
		(tp_lex_is_space(leaf->data[range.end - 1]) || leaf->data[range.end - 1] == ';'))
		range.end--;
	return tp_edits_insert(edits, range.end, "; charset=UTF-8", 15, err);
}

static enum tp_status relabel_encoding(
	const struct leaf *leaf, struct tp_edits *edits, struct tp_error *err)
{
	struct tp_field field;

	if (!tp_header_find(leaf->data, leaf->part->header, "Content-Transfer-Encoding", &field))
		return add_field(leaf, "Content-Transfer-Encoding: quoted-printable", edits, err);
	return tp_edits_replace(edits, field.value, " quoted-printable", 17, err);
}

/* A part without a blank line (its header is all there is) gets one before its first body byte. */
static enum tp_status add_missing_blank(
	const struct leaf *leaf, struct tp_edits *edits, struct tp_error *err)
{
	struct tp_range header = leaf->part->header, body = leaf->part->body;
	const char *start = leaf->data + header.begin;

	if (body.begin != header.end)
		return TP_OK;
	if (!tp_leaf_ends_line(start, tp_range_len(header))) {
		enum tp_status status =
			tp_edits_insert(edits, header.end, leaf->eol, strlen(leaf->eol), err);

		if (status)
			return status;
	}
	return tp_edits_insert(edits, header.end, leaf->eol, strlen(leaf->eol), err);
}

/* --- both together ---------------------------------------------------------------------------- */

/* Identity encodings: an insertion where the label allows what is put, else quoted-printable. */
static enum tp_status edit_identity(
	const struct leaf *leaf, struct tp_edits *edits, struct tp_error *err)
{
	bool eight = !tp_leaf_is_ascii(leaf->put.data, leaf->put.len) ||
		     (leaf->moved && !tp_leaf_is_ascii(leaf->body, leaf->body_len));
	struct tp_range body = leaf->part->body;
	enum tp_status status;

	if ((eight && !tp_leaf_takes_8bit(leaf)) ||
		tp_leaf_has_long_line(leaf->put.data, leaf->put.len)) {
		status = relabel_encoding(leaf, edits, err);
		if (!status)
			status = add_missing_blank(leaf, edits, err);
		return status ? status : replace_body(leaf, TP_ENCODING_QP, edits, err);
	}
	status = add_missing_blank(leaf, edits, err);
	if (status)
		return status;
	if (leaf->moved &&
		(leaf->body_len != tp_range_len(body) ||
			memcmp(leaf->body, leaf->data + body.begin, leaf->body_len) != 0))
		return replace_body(leaf, TP_ENCODING_IDENTITY, edits, err);
	return tp_edits_insert(edits, body.begin + leaf->place, leaf->put.data, leaf->put.len, err);
}

enum tp_status tp_leaf_edit_body(
	const struct leaf *leaf, struct tp_edits *edits, struct tp_error *err)
{
	enum tp_encoding encoding = (enum tp_encoding)leaf->part->encoding;
	bool same_bytes =
		!leaf->moved || (leaf->unified.len == leaf->decoded.len &&
					!memcmp(tp_buf_str(&leaf->unified),
						tp_buf_str(&leaf->decoded), leaf->unified.len));
	enum tp_status status = TP_NOTHING;

	if (encoding == TP_ENCODING_IDENTITY)
		return edit_identity(leaf, edits, err);
	if (encoding == TP_ENCODING_QP && same_bytes)
		status = insert_qp(leaf, edits, err);
	return status == TP_NOTHING ? replace_body(leaf, encoding, edits, err) : status;
}
