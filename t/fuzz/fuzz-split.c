/*
 * Any message split and joined again, in pieces of any size: the same bytes. The first byte says
 * where to cut. A second way goes through the message with its digits put into a mail that asks
 * for base64, so that most inputs reach the code that measures holes.
 */
#include "fuzz.h"

#include "archive/split.h"
#include "mime/content.h"

struct whole {
	const char *data;
	size_t len, at, piece;
	const struct tp_split *split;
};

static enum tp_status compare(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct whole *whole = context;

	MUST(len <= whole->len - whole->at);
	MUST(!memcmp(whole->data + whole->at, bytes, len));
	whole->at += len;
	return TP_OK;
}

/* What content_read gives, cut smaller. */
struct cutter {
	tp_press_sink *sink;
	void *context;
	size_t piece;
};

static enum tp_status cut(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct cutter *cutter = context;

	for (size_t at = 0; at < len; at += cutter->piece)
		MUST(cutter->sink(cutter->context, bytes + at,
			     cutter->piece < len - at ? cutter->piece : len - at, err) == TP_OK);
	return TP_OK;
}

static enum tp_status read_hole(void *context, const unsigned char sha256[TP_SHA256_BYTES],
	tp_press_sink *sink, void *sink_context, struct tp_error *err)
{
	const struct whole *whole = context;
	struct cutter cutter = { .sink = sink, .context = sink_context, .piece = whole->piece };
	size_t i = 0;

	while (memcmp(whole->split->holes[i].sha256, sha256, TP_SHA256_BYTES))
		MUST(++i < whole->split->count);
	return tp_content_read(
		whole->data, whole->split->holes[i].range, TP_ENCODING_BASE64, cut, &cutter, err);
}

static void check(const char *data, size_t len, size_t piece)
{
	struct tp_split split, decoded;
	struct whole whole = { .data = data, .len = len, .piece = piece, .split = &split };
	struct tp_buf list = TP_BUF_INIT((size_t)1 << 26);
	struct tp_joiner *joiner;
	size_t from = 0;

	MUST(tp_split(data, len, &split, NULL) == TP_OK);
	MUST(tp_split_encode(&split, &list));
	MUST(tp_split_decode(list.data, list.len, &decoded, NULL) == TP_OK);
	MUST(decoded.count == split.count && decoded.skeleton_bytes == split.skeleton_bytes);
	MUST(tp_joiner_new(&decoded, read_hole, &whole, compare, &whole, &joiner, NULL) == TP_OK);
	for (size_t i = 0; i <= split.count; i++) {
		size_t to = i < split.count ? split.holes[i].range.begin : len;

		for (size_t n; from < to; from += n) {
			n = piece < to - from ? piece : to - from;
			MUST(tp_joiner_add(joiner, data + from, n, NULL) == TP_OK);
		}
		from = i < split.count ? split.holes[i].range.end : len;
	}
	MUST(tp_joiner_end(joiner, NULL) == TP_OK && whole.at == len);
	tp_joiner_free(joiner);
	tp_split_release(&split);
	tp_split_release(&decoded);
	tp_buf_release(&list);
}

/* Many times the input, so that a short one reaches the least size of a hole. */
static void check_body(const char *text, size_t len, size_t piece)
{
	struct tp_buf mail = TP_BUF_INIT((size_t)1 << 26);

	tp_buf_adds(&mail, "Content-Transfer-Encoding: base64\n\n");
	do
		tp_buf_add(&mail, text, len);
	while (len && mail.len < 4096);
	check(mail.data, mail.len, piece);
	tp_buf_release(&mail);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	size_t piece;
	char *text;

	if (len == 0)
		return 0;
	piece = 1 + bytes[0] * (size_t)bytes[0];
	text = malloc(len);
	MUST(text);
	memcpy(text, bytes + 1, len - 1);
	check(text, len - 1, piece);
	check_body(text, len - 1, piece);
	free(text);
	return 0;
}
