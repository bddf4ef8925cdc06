/*
 * archive/split: which bodies leave a hole and how far it reaches, in every line width, ending and
 * kind of damage; each of them joined again. The corpora are in t6701.
 */
#include "archive/split.h"
#include "mime/content.h"
#include "tap.h"

#include <string.h>

#define CONTENT 3001

static struct tp_error err;
static unsigned char content[CONTENT];

struct joined {
	const char *data;
	const struct tp_split *split;
	struct tp_buf out;
	size_t piece; /* bytes in which contents are given */
	long more;    /* bytes given beyond, or kept back */
};

static enum tp_status gather(void *context, const char *bytes, size_t len, struct tp_error *e)
{
	return tp_buf_add(context, bytes, len) ? TP_OK : tp_buf_status(context, "test", e);
}

static enum tp_status give(void *context, const unsigned char sha256[TP_SHA256_BYTES],
	tp_press_sink *sink, void *sink_context, struct tp_error *e)
{
	struct joined *j = context;
	struct tp_buf bytes = TP_BUF_INIT(1 << 24);
	enum tp_status status = TP_DATA;

	for (size_t i = 0; i < j->split->count && !bytes.len; i++)
		if (!memcmp(j->split->holes[i].sha256, sha256, TP_SHA256_BYTES))
			status = tp_content_read(j->data, j->split->holes[i].range,
				TP_ENCODING_BASE64, gather, &bytes, e);
	if (j->more > 0)
		tp_buf_addc(&bytes, 'x');
	if (j->more < 0)
		tp_buf_truncate(&bytes, bytes.len - 1);
	for (size_t at = 0; !status && at < bytes.len; at += j->piece)
		status = sink(sink_context, bytes.data + at,
			j->piece < bytes.len - at ? j->piece : bytes.len - at, e);
	tp_buf_release(&bytes);
	return status;
}

/* Feeds the skeleton in pieces of `piece` bytes. */
static enum tp_status join(struct joined *j, const struct tp_split *split, const char *skeleton,
	size_t len, size_t piece)
{
	struct tp_joiner *joiner = NULL;
	enum tp_status status = tp_joiner_new(split, give, j, gather, &j->out, &joiner, &err);

	for (size_t at = 0; !status && at < len; at += piece)
		status = tp_joiner_add(
			joiner, skeleton + at, piece < len - at ? piece : len - at, &err);
	if (!status)
		status = tp_joiner_end(joiner, &err);
	tp_joiner_free(joiner);
	return status;
}

static void cut_skeleton(
	const char *data, size_t len, const struct tp_split *split, struct tp_buf *skeleton)
{
	size_t from = 0;

	for (size_t i = 0; i < split->count; i++) {
		tp_buf_add(skeleton, data + from, split->holes[i].range.begin - from);
		from = split->holes[i].range.end;
	}
	tp_buf_add(skeleton, data + from, len - from);
}

/* True when the message comes back by way of the encoded list. */
static bool comes_back(const char *data, size_t len, const struct tp_split *split, size_t piece)
{
	struct joined j = {
		.data = data, .split = split, .out = TP_BUF_INIT(1 << 24), .piece = piece
	};
	struct tp_buf list = TP_BUF_INIT(1 << 20), skeleton = TP_BUF_INIT(1 << 24);
	struct tp_split decoded = { .count = 0 };
	bool same;

	tp_split_encode(split, &list);
	cut_skeleton(data, len, split, &skeleton);
	same = !tp_split_decode(list.data, list.len, &decoded, &err) &&
	       decoded.skeleton_bytes == skeleton.len &&
	       !join(&j, &decoded, tp_buf_str(&skeleton), skeleton.len, piece) &&
	       j.out.len == len && !memcmp(tp_buf_str(&j.out), data, len);
	for (size_t i = 0; same && i < split->count; i++)
		same = decoded.holes[i].range.begin == split->holes[i].range.begin &&
		       decoded.holes[i].range.end == split->holes[i].range.end;
	tp_split_release(&decoded);
	tp_buf_release(&list);
	tp_buf_release(&skeleton);
	tp_buf_release(&j.out);
	return same;
}

/* --- bodies ---------------------------------------------------------------------------------- */

/* Base64 of content[0, len) in lines of `width` (0: one), each but the last ended by `eol`. */
static void encode(struct tp_buf *out, size_t len, size_t width, const char *eol)
{
	struct tp_buf digits = TP_BUF_INIT(1 << 20);

	tp_codec_base64_encode((char *)content, len, "", &digits);
	if (!width)
		width = digits.len;
	for (size_t at = 0; at < digits.len; at += width)
		tp_buf_addf(out, "%s%.*s", at ? eol : "",
			(int)(width < digits.len - at ? width : digits.len - at), digits.data + at);
	tp_buf_release(&digits);
}

static void begin_mail(struct tp_buf *mail)
{
	tp_buf_adds(mail, "Subject: x\nContent-Transfer-Encoding: base64\n\n");
}

/* What the mail's only hole holds of `content`: bytes, 0 for no hole, -1 when it is wrong, -2 when
 * the mail does not come back. */
static long only_hole(const struct tp_buf *mail)
{
	unsigned char sha256[TP_SHA256_BYTES];
	struct tp_split split;
	long size = -1;

	if (tp_split(mail->data, mail->len, &split, &err))
		return -3;
	if (split.count == 0)
		size = 0;
	if (split.count == 1 && split.holes[0].size_bytes <= CONTENT) {
		tp_sha256(content, split.holes[0].size_bytes, sha256, &err);
		if (!memcmp(sha256, split.holes[0].sha256, sizeof sha256))
			size = (long)split.holes[0].size_bytes;
	}
	if (!comes_back(mail->data, mail->len, &split, 1) ||
		!comes_back(mail->data, mail->len, &split, 100) ||
		!comes_back(mail->data, mail->len, &split, 1 << 20))
		size = -2;
	tp_split_release(&split);
	return size;
}

static void test_widths(void)
{
	static const char *const eols[] = { "\n", "\r\n" };
	bool taken = true, odd = true;

	for (size_t width = 4; width <= 4004; width += 4)
		for (size_t kind = 0; kind < 12; kind++) {
			struct tp_buf mail = TP_BUF_INIT(1 << 20);
			size_t len = CONTENT - kind % 3;

			begin_mail(&mail);
			encode(&mail, len, width, eols[kind / 3 % 2]);
			if (kind / 6)
				tp_buf_adds(&mail, eols[kind / 3 % 2]);
			taken = taken && only_hole(&mail) == (long)len;
			tp_buf_release(&mail);
		}
	ok(taken, "every width, both endings, any padding, with and without a last ending: a hole");
	for (size_t width = 1; width < 200; width++) {
		struct tp_buf mail = TP_BUF_INIT(1 << 20);

		if (width % 4 == 0)
			continue;
		begin_mail(&mail);
		encode(&mail, CONTENT, width, "\n");
		odd = odd && only_hole(&mail) == 0;
		tp_buf_release(&mail);
	}
	ok(odd, "lines that cut a quantum in two: none");
}

static void test_size(size_t len, long expected)
{
	struct tp_buf mail = TP_BUF_INIT(1 << 20);

	begin_mail(&mail);
	encode(&mail, len, 76, "\n");
	ok(only_hole(&mail) == expected, "of %zu bytes: %ld", len, expected);
	tp_buf_release(&mail);
}

/* A body of regular lines with something before, in, or behind it. */
static void test_odd(const char *what, const char *before, size_t at, const char *in,
	const char *behind, long expected)
{
	struct tp_buf mail = TP_BUF_INIT(1 << 20), body = TP_BUF_INIT(1 << 20);
	long found;

	encode(&body, CONTENT, 76, "\n");
	begin_mail(&mail);
	tp_buf_adds(&mail, before);
	tp_buf_add(&mail, body.data, at);
	tp_buf_adds(&mail, in);
	tp_buf_adds(&mail, body.data + at);
	tp_buf_adds(&mail, behind);
	found = only_hole(&mail);
	ok(found == expected, "%s: %ld of %d bytes (%ld)", what, expected, CONTENT, found);
	tp_buf_release(&mail);
	tp_buf_release(&body);
}

static void test_odd_bodies(void)
{
	const size_t line = 77, lines = 30; /* 30 lines hold 1710 bytes */

	test_odd("blank lines before", "\n\r\n\n", 0, "", "\n", CONTENT);
	test_odd("a line of text before", "hello\n", 0, "", "\n", 0);
	test_odd("a list's footer behind", "", 0, "", "\n____\nlist at example.org\n", CONTENT);
	test_odd("a footer without a line ending before it", "", 0, "", "____\n", 2964);
	test_odd("blank lines behind", "", 0, "", "\n\n\r\n", CONTENT);
	test_odd("a blank line inside", "", lines * line, "\n", "\n", 57 * (long)lines);
	test_odd("a byte of garbage inside", "", lines * line + 10, "!", "\n", 57 * (long)lines);
	test_odd("a space at a line's end", "", lines * line - 1, " ", "\n", 57 * (long)lines - 57);
	test_odd("one other line ending", "", lines * line - 1, "\r", "\n", 57 * (long)lines);
	test_odd("an early longer line", "", 20, "AAAA", "\n", 0);
	test_odd("a longer line", "", lines * line, "AAAA", "\n", 57 * (long)lines);
	test_odd("more padding than there may be", "", 0, "", "==\nAAAA\n", 2964);
	test_odd("a control character inside", "", lines * line, "\x01", "\n", 57 * (long)lines);
	test_odd("garbage in the first kilobyte", "", 10 * line + 3, "*", "\n", 0);
}

/* The last quantum: what decodes to the same bytes but is not what encoding gives. */
static void test_last(const char *what, const char *quantum, long expected)
{
	struct tp_buf mail = TP_BUF_INIT(1 << 20);
	long found;

	begin_mail(&mail);
	encode(&mail, 57 * 30, 76, "\n");
	tp_buf_addf(&mail, "\n%s\n", quantum);
	found = only_hole(&mail);
	ok(found == expected, "%s (%s): %ld bytes (%ld)", what, quantum, expected, found);
	tp_buf_release(&mail);
}

static void test_last_lines(void)
{
	char good[8];
	struct tp_buf digits = TP_BUF_INIT(100);

	tp_codec_base64_encode((char *)content + 57 * 30, 1, "", &digits);
	snprintf(good, sizeof good, "%s", digits.data);
	test_last("one byte", good, 57 * 30 + 1);
	good[1]++; /* the next digit has a bit that reaches no byte */
	test_last("bits that reach no byte", good, 57 * 30);
	test_last("padding alone", "====", 57 * 30);
	test_last("three pads", "A===", 57 * 30);
	test_last("padding before a digit", "AA=A", 57 * 30);
	test_last("no padding", "AA", 57 * 30);
	test_last("a line ending inside", "AA\r=", 57 * 30);
	test_last("line endings for digits", "\r\r\r\r\r", 57 * 30);
	tp_buf_release(&digits);
}

/* --- messages -------------------------------------------------------------------------------- */

static void test_many(void)
{
	struct tp_buf mail = TP_BUF_INIT(1 << 22);
	struct tp_split split;

	tp_buf_adds(&mail, "Content-Type: multipart/mixed; boundary=b\n\n");
	for (int i = 0; i < 100; i++) {
		tp_buf_addf(&mail, "--b\nContent-Transfer-Encoding: %s\n\n",
			i % 4 == 3 ? "7bit" : "BASE64");
		encode(&mail, i % 4 == 2 ? 500 : CONTENT, i % 4 ? 72 : 0, "\n");
		tp_buf_adds(&mail, "\n");
	}
	tp_buf_adds(&mail, "--b--\n");
	ok(!tp_split(mail.data, mail.len, &split, &err) && split.count == 50,
		"of 100 parts those of base64 and 1 KiB leave holes");
	ok(comes_back(mail.data, mail.len, &split, 1) &&
			comes_back(mail.data, mail.len, &split, 4096),
		"and the mail comes back");
	tp_split_release(&split);
	tp_buf_release(&mail);
}

static void test_none(const char *what, const char *mail)
{
	struct tp_split split;

	ok(!tp_split(mail, strlen(mail), &split, &err) && split.count == 0 &&
			split.skeleton_bytes == strlen(mail) &&
			comes_back(mail, strlen(mail), &split, 3),
		"%s has no hole", what);
	tp_split_release(&split);
}

/* Holes at the beginning, at the end, and side by side: no message has them, a list may. */
static void test_edges(void)
{
	struct tp_buf mail = TP_BUF_INIT(1 << 20);
	struct tp_hole holes[3];
	struct tp_split split = { .holes = holes, .count = 3, .skeleton_bytes = 0 };

	for (int i = 0; i < 3; i++) {
		holes[i] = (struct tp_hole){ .size_bytes = 1500, .width = 76, .final_eol = true };
		tp_sha256(content, 1500, holes[i].sha256, &err);
		holes[i].range.begin = mail.len;
		encode(&mail, 1500, 76, "\n");
		tp_buf_addc(&mail, '\n');
		holes[i].range.end = mail.len;
	}
	ok(comes_back(mail.data, mail.len, &split, 10), "a message that is holes and nothing else");
	tp_buf_release(&mail);
}

/* --- damage ---------------------------------------------------------------------------------- */

static void test_damage(void)
{
	struct tp_buf mail = TP_BUF_INIT(1 << 20), list = TP_BUF_INIT(1 << 20);
	struct tp_buf skeleton = TP_BUF_INIT(1 << 20);
	struct tp_split split, decoded = { .count = 0 };
	struct joined j = { .split = &split, .piece = 100 };
	bool refused = true;

	tp_buf_init(&j.out, 1 << 20);
	begin_mail(&mail);
	encode(&mail, CONTENT, 76, "\n");
	tp_split(mail.data, mail.len, &split, &err);
	j.data = mail.data;
	cut_skeleton(mail.data, mail.len, &split, &skeleton);
	tp_split_encode(&split, &list);
	for (size_t len = 0; len < list.len; len++)
		refused = refused && tp_split_decode(list.data, len, &decoded, &err) == TP_DATA &&
			  !decoded.holes;
	ok(refused, "a list cut short is damaged");
	j.more = 1;
	ok(join(&j, &split, skeleton.data, skeleton.len, 10) == TP_DATA, "a content too long");
	j.more = -1;
	ok(join(&j, &split, skeleton.data, skeleton.len, 10) == TP_DATA, "a content too short");
	j.more = 0;
	ok(join(&j, &split, skeleton.data, skeleton.len - 1, 10) == TP_DATA,
		"a skeleton too short");
	tp_buf_addc(&skeleton, 'x');
	ok(join(&j, &split, skeleton.data, skeleton.len, 10) == TP_DATA, "a skeleton too long");
	tp_split_release(&split);
	tp_buf_release(&mail);
	tp_buf_release(&list);
	tp_buf_release(&skeleton);
	tp_buf_release(&j.out);
}

int main(void)
{
	uint32_t state = 3;

	for (size_t i = 0; i < CONTENT; i++) {
		state = state * 1664525u + 1013904223u;
		content[i] = (unsigned char)(state >> 24);
	}
	test_widths();
	test_size(1023, 0);
	test_size(1024, 1024);
	test_odd_bodies();
	test_last_lines();
	test_many();
	test_none("an empty message", "");
	test_none("a message that is a line", "hello");
	test_none("an empty body", "Content-Transfer-Encoding: base64\n\n");
	test_none("a body of line endings", "Content-Transfer-Encoding: base64\n\n\r\n\r\n\n\n\n");
	test_edges();
	test_damage();
	return done_testing();
}
