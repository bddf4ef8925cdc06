/* mime/tree: each rule of the scanner on the smallest message that needs it. */
#include "mime/codec.h"
#include "mime/header.h"
#include "mime/tree.h"
#include "tap.h"

#define MIXED "Content-Type: multipart/mixed; boundary=B\n\n"

/* Writes a tree as one line: path, kind's letter, then {header}{body} for leaves, quoted in C
 * style. */
static void draw(const struct tp_tree *tree, const char *data, struct tp_buf *out)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct tp_part *part = &tree->parts[i];

		tp_buf_adds(out, i ? " " : "");
		tp_tree_path(tree, i, out);
		tp_buf_addc(out, "lMm"[part->kind]);
		if (part->kind == TP_PART_MULTIPART && !part->closed)
			tp_buf_addc(out, '?');
		if (part->kind != TP_PART_LEAF)
			continue;
		tp_buf_addc(out, '{');
		tp_buf_add(out, data + part->body.begin, tp_range_len(part->body));
		tp_buf_addc(out, '}');
	}
}

static bool is_nested(const struct tp_tree *tree, size_t len)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct tp_part *part = &tree->parts[i];
		const struct tp_part *up =
			part->parent == TP_PART_NONE ? NULL : &tree->parts[part->parent];

		if (part->header.begin > part->header.end || part->header.end > part->body.begin ||
			part->body.begin > part->body.end || part->body.end > len)
			return false;
		if (up && (part->header.begin < up->body.begin || part->body.end > up->body.end))
			return false;
		if (part->next != TP_PART_NONE &&
			tree->parts[part->next].header.begin < part->body.end)
			return false;
	}
	return true;
}

static void check_bytes(const char *what, const char *data, size_t len, const char *want)
{
	struct tp_buf got = TP_BUF_INIT(1 << 20);
	struct tp_tree tree;
	struct tp_error err;

	if (tp_tree_scan(&tree, data, len, &tp_tree_default_limits, &err)) {
		ok(false, "%s: %s", what, err.text);
		return;
	}
	draw(&tree, data, &got);
	if (!ok(is_nested(&tree, len) && !strcmp(tp_buf_str(&got), want), "%s", what))
		printf("# got  %s\n# want %s\n", tp_buf_str(&got), want);
	tp_tree_release(&tree);
	tp_buf_release(&got);
}

/* The expectation uses \n for what is in the message, so a multi-line body shows as it is. */
static void check(const char *what, const char *data, const char *want)
{
	check_bytes(what, data, strlen(data), want);
}

static void test_headers(void)
{
	check("an empty message", "", "1l{}");
	check("a header alone", "Subject: x\n", "1l{}");
	check("a header without its line ending", "Subject: x", "1l{}");
	check("a body alone, behind a blank line", "\nhi\n", "1l{hi\n}");
	check("no header: the first line is no field", "hi there\nfoo: bar\n\nx",
		"1l{hi there\nfoo: bar\n\nx}");
	check("a line that is no field is passed over",
		"Subject: x\nbroken line\nContent-Type: multipart/mixed; "
		"boundary=B\n\n--B\n\nhi\n--B--\n",
		"0M 1l{hi}");
	check("CRLF", "A: b\r\n\r\nhi\r\n", "1l{hi\r\n}");
	check("a bare CR ends no line", "A: b\rContent-Type: x\r\rhi\r", "1l{}");
	check("white space alone continues a field", "A: b\n \nC: d\n\nhi", "1l{hi}");
	check("an mbox line is no part of the message", "From a@b Mon\nA: b\n\nhi", "1l{hi}");
	check("a folded boundary parameter",
		"Content-Type: multipart/mixed;\n\tboundary=\n \"B\"\n\n--B\n\nhi\n--B--",
		"0M 1l{hi}");
	check("white space before the colon",
		"Content-Type : multipart/mixed; boundary=B\n\n--B\n\nhi\n--B--", "0M 1l{hi}");
	check("the first Content-Type counts",
		"Content-Type: text/plain\nContent-Type: multipart/mixed; "
		"boundary=B\n\n--B\n\nhi\n--B--",
		"1l{--B\n\nhi\n--B--}");
}

static void test_delimiters(void)
{
	check("two parts", MIXED "pre\n--B\n\none\n--B\n\ntwo\n--B--\nepi\n", "0M 1l{one} 2l{two}");
	check("a delimiter right behind the header", MIXED "--B\n\none\n--B--", "0M 1l{one}");
	check("white space behind a delimiter", MIXED "--B \t\n\none\n--B--  \n", "0M 1l{one}");
	check("anything else makes it a line of text",
		MIXED "--B\n\none\n--Bx\n--B x\n--B--x\n --B\n--B--",
		"0M 1l{one\n--Bx\n--B x\n--B--x\n --B}");
	check("CRLF and LF mixed", MIXED "--B\r\n\r\none\r\n--B\n\ntwo\r\n\n--B--\r\n",
		"0M 1l{one} 2l{two\r\n}");
	check("a bare CR in front of a delimiter makes it no line",
		MIXED "--B\n\none\r--B\n\ntwo\n--B--", "0M 1l{one\r--B\n\ntwo}");
	check("no closing delimiter", MIXED "--B\n\none\n", "0M? 1l{one\n}");
	check("no delimiter at all", MIXED "one\n", "0M?");
	check("a header that a delimiter cuts", MIXED "--B\nA: b\n--B\n\ntwo\n--B--",
		"0M 1l{} 2l{two}");
	check("a blank line right before a delimiter", MIXED "--B\nA: b\n\n--B--", "0M 1l{}");
	check("delimiters one behind the other", MIXED "--B\n--B\n--B--", "0M 1l{} 2l{}");
	check("behind the closing delimiter nothing begins",
		MIXED "--B\n\none\n--B--\n--B\n\ntwo\n", "0M 1l{one}");
	check("a body of line feeds", MIXED "--B\n\n\n\n\n--B--", "0M 1l{\n\n}");
	check("dashes by themselves", MIXED "--\n--B\n\n--\n---\n\n--\n--B--",
		"0M 1l{--\n---\n\n--}");
	check("a delimiter at the end without a line ending", MIXED "--B\n\none\n--B",
		"0M? 1l{one} 2l{}");
}

static void test_nesting(void)
{
	check("a delimiter of the outer closes the inner",
		MIXED "--B\nContent-Type: multipart/mixed; "
		      "boundary=C\n\n--C\n\none\n--B\n\ntwo\n--C\n\nx\n--B--",
		"0M 1M? 1.1l{one} 2l{two\n--C\n\nx}");
	check("the same boundary inside: the inner one owns it",
		MIXED "--B\nContent-Type: multipart/mixed; "
		      "boundary=B\n\n--B\n\none\n--B--\n--B\n\ntwo\n--B--",
		"0M 1M 1.1l{one} 2l{two}");
	check("a boundary that ends in dashes",
		"Content-Type: multipart/mixed; boundary=\"B--\"\n\n--B--\n"
		"Content-Type: multipart/mixed; boundary=B\n\n--B\n\none\n--B--\n\n--B----\n",
		"0M 1M 1.1l{one}");
	check("a message inside", "Content-Type: message/rfc822\n\nA: b\n\nhi", "1m 1.1l{hi}");
	check("its multipart has no number of its own",
		MIXED
		"--B\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=C\n\n"
		"--C\n\none\n--C\nContent-Type: text/html\n\ntwo\n--C--\n--B--",
		"0M 1m 1.0M 1.1l{one} 1.2l{two}");
	check("a message that is cut in its header",
		MIXED "--B\nContent-Type: message/rfc822\n\nA: b\n--B--", "0M 1m 1.1l{}");
	check("an empty message part is a leaf", MIXED "--B\nContent-Type: message/rfc822\n\n--B--",
		"0M 1l{}");
	check("a message in base64 is a leaf",
		"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQTogYgo=",
		"1l{QTogYgo=}");
	check("a multipart said to be base64 is read all the same",
		"Content-Transfer-Encoding: base64\n" MIXED "--B\n\none\n--B--", "0M 1l{one}");
	check("parts of a digest are messages",
		"Content-Type: multipart/digest; boundary=B\n\n--B\n\nA: b\n\none\n--B\n"
		"Content-Type: text/plain\n\ntwo\n--B--",
		"0M 1m 1.1l{one} 2l{two}");
	check("message in message in message",
		"Content-Type: message/rfc822\n\nContent-Type: message/global\n\n"
		"Content-Type: message/rfc822\n\nA: b\n\nhi",
		"1m 1.1m 1.1.1m 1.1.1.1l{hi}");
}

static void test_boundaries(void)
{
	char line[4096];
	char long_one[TP_BOUNDARY_MAX + 2];
	struct tp_tree tree;
	bool scanned;
	static const size_t lens[] = { 71, TP_BOUNDARY_MAX, TP_BOUNDARY_MAX + 1 };

	check("the first of two boundary parameters",
		"Content-Type: multipart/mixed; boundary=A; "
		"boundary=B\n\n--A\n\none\n--A--\n--B\n\ntwo\n--B--",
		"0M 1l{one}");
	check("a boundary in continuations",
		"Content-Type: multipart/mixed; boundary*1=B; boundary*0=A\n\n--AB\n\none\n--AB--",
		"0M 1l{one}");
	check("no boundary: a leaf", "Content-Type: multipart/mixed\n\n--\n\none\n----",
		"1l{--\n\none\n----}");
	check("an empty boundary: a leaf",
		"Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\none\n----",
		"1l{--\n\none\n----}");
	check("white space at the end of a boundary is dropped",
		"Content-Type: multipart/mixed; boundary=\"B \"\n\n--B\n\none\n--B --\n--B--\n",
		"0M 1l{one\n--B --}");
	for (size_t i = 0; i < 3; i++) {
		memset(long_one, 'x', lens[i]);
		long_one[lens[i]] = '\0';
		snprintf(line, sizeof line,
			"Content-Type: multipart/mixed; boundary=%s\n\n--%s\n\none\n--%s--",
			long_one, long_one, long_one);
		scanned = !tp_tree_scan(&tree, line, strlen(line), &tp_tree_default_limits, NULL);
		ok(scanned && tree.count == (lens[i] <= TP_BOUNDARY_MAX ? 2u : 1u),
			"a boundary of %zu bytes is %s", lens[i],
			lens[i] <= TP_BOUNDARY_MAX ? "used" : "too long");
		tp_tree_release(&tree);
	}
}

static void test_bytes(void)
{
	static const char nul[] =
		"A: b\0c\nContent-Type: multipart/mixed; boundary=B\n\n--B\n\no\0e\n--B--";
	struct tp_tree tree;
	struct tp_error err;

	ok(!tp_tree_scan(&tree, nul, sizeof nul - 1, &tp_tree_default_limits, &err) &&
			tree.count == 2 && tp_range_len(tree.parts[1].body) == 3,
		"NUL bytes are bytes");
	tp_tree_release(&tree);
}

static void test_limits(void)
{
	struct tp_tree_limits limits = { .parts = 3, .depth = 2, .header_bytes = 60 };
	struct tp_tree tree;
	struct tp_error err;
	const char *parts = MIXED "--B\n\n--B\n\n--B\n\n--B--";
	const char *deep = "Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\n"
			   "Content-Type: message/rfc822\n\nA: b\n\n";
	const char *header = "A: 567890123456789012345678901234567890123456789012345678901\n\n";

	ok(tp_tree_scan(&tree, parts, strlen(parts), &limits, &err) == TP_LIMIT &&
			strstr(err.text, "more than 3 parts"),
		"too many parts: %s", err.text);
	limits.parts = 4;
	ok(!tp_tree_scan(&tree, parts, strlen(parts), &limits, &err), "as many as allowed");
	tp_tree_release(&tree);
	ok(tp_tree_scan(&tree, deep, strlen(deep), &limits, &err) == TP_LIMIT &&
			strstr(err.text, "more than 2 deep"),
		"too deep: %s", err.text);
	limits.depth = 3;
	ok(!tp_tree_scan(&tree, deep, strlen(deep), &limits, &err), "as deep as allowed");
	tp_tree_release(&tree);
	ok(tp_tree_scan(&tree, header, strlen(header), &limits, &err) == TP_LIMIT &&
			strstr(err.text, "more than 60 bytes"),
		"too long a header: %s", err.text);
}

/* Delimiters at every distance from the start, so that the search meets them at each place of its
 * blocks; and lines that only look like one. */
static void test_alignment(void)
{
	char data[512];
	bool good = true;
	struct tp_tree tree;

	for (size_t pad = 0; pad < 200; pad++) {
		int head = snprintf(data, sizeof data, "%s--B\n\n", MIXED);

		memset(data + head, 'x', pad);
		snprintf(
			data + head + pad, sizeof data - (size_t)head - pad, "\n-\n--\n--A\n--B--");
		if (tp_tree_scan(&tree, data, strlen(data), &tp_tree_default_limits, NULL))
			good = false;
		good = good && tree.count == 2 && tree.parts[0].closed &&
		       tp_range_len(tree.parts[1].body) == pad + 9;
		tp_tree_release(&tree);
	}
	ok(good, "a delimiter is found wherever it stands");
}

static void test_subtrees(void)
{
	const char *data = MIXED
		"--B\nContent-Type: multipart/mixed; boundary=C\n\n--C\n\na\n--C\n\nb\n--C--\n"
		"--B\n\nc\n--B--";
	struct tp_tree tree;

	ok(!tp_tree_scan(&tree, data, strlen(data), &tp_tree_default_limits, NULL), "a tree");
	ok(tp_tree_subtree_end(&tree, 0) == 5 && tp_tree_subtree_end(&tree, 1) == 4 &&
			tp_tree_subtree_end(&tree, 3) == 4 && tp_tree_subtree_end(&tree, 4) == 5,
		"subtrees end where the next part begins");
	ok(tree.parts[1].children == 2 && tree.parts[1].next == 4 && tree.parts[2].next == 3 &&
			tree.parts[3].next == TP_PART_NONE && tree.parts[4].ordinal == 2,
		"children and siblings are linked");
	tp_tree_release(&tree);
}

int main(void)
{
	test_headers();
	test_delimiters();
	test_nesting();
	test_boundaries();
	test_bytes();
	test_limits();
	test_alignment();
	test_subtrees();
	ok(sizeof(struct tp_part) <= 56, "a part takes %zu bytes", sizeof(struct tp_part));
	return done_testing();
}
