/* mime/rewrite: what was intended comes out, and everything else is caught before it does. */
#include "mime/rewrite.h"
#include "tap.h"

#include <stdint.h>

static struct tp_error err;

static const char mail[] = "From: a@example.org\n"
			   "MIME-Version: 1.0\n"
			   "Content-Type: multipart/mixed; boundary=b\n"
			   "\n"
			   "preamble\n"
			   "--b\n"
			   "\n"
			   "body one\n"
			   "--b\n"
			   "Content-Type: application/pdf\n"
			   "Content-Transfer-Encoding: base64\n"
			   "\n"
			   "AAAA\n"
			   "--b--\n"
			   "epilogue";

static struct tp_tree tree;
static struct tp_shapes shapes;
static struct tp_edits edits;

static void begin(void)
{
	if (tp_tree_scan(&tree, mail, sizeof mail - 1, &tp_tree_default_limits, &err) ||
		tp_shapes_of(&tree, &shapes, &err))
		exit(99);
	edits = (struct tp_edits)TP_EDITS_INIT;
}

static void replace(struct tp_range range, const char *text)
{
	if (tp_edits_replace(&edits, range, text, strlen(text), &err))
		exit(99);
}

/* `want` is the text that comes out, or NULL when `sentence` is why nothing does. */
static void end(const char *want, const char *sentence, const char *what)
{
	struct tp_spool out = TP_SPOOL_INIT;
	enum tp_status status = tp_rewrite(mail, sizeof mail - 1, &edits, &shapes, &out, &err);

	if (want)
		ok(!status && out.len == strlen(want) && !memcmp(out.data, want, out.len), "%s",
			what);
	else
		ok(status == TP_INTERNAL && !strcmp(err.text, sentence), "%s: %s", what, err.text);
	if (!status)
		tp_spool_release(&out);
	tp_edits_release(&edits);
	tp_shapes_release(&shapes);
	tp_tree_release(&tree);
}

static struct tp_range range_of(const char *text)
{
	size_t at = (size_t)(strstr(mail, text) - mail);

	return (struct tp_range){ at, at + strlen(text) };
}

static void test_unchanged(void)
{
	begin();
	ok(shapes.count == 3 && shapes.list[0].kind == TP_PART_MULTIPART &&
			shapes.list[2].encoding == TP_ENCODING_BASE64 && shapes.list[1].same,
		"the shapes of a tree");
	end(mail, NULL, "no edit, every byte");
}

static void test_intended(void)
{
	begin();
	shapes.list[2].encoding = TP_ENCODING_IDENTITY;
	shapes.list[2].same = false;
	replace(range_of("Content-Transfer-Encoding: base64\n"), "");
	replace(range_of("AAAA"), "stub");
	end("From: a@example.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
	    "preamble\n--b\n\nbody one\n--b\nContent-Type: "
	    "application/pdf\n\nstub\n--b--\nepilogue",
		NULL, "a part replaced");

	begin();
	if (tp_shapes_add(&shapes,
		    (struct tp_shape){ 1, TP_PART_LEAF, TP_ENCODING_IDENTITY, false, { 0, 0 } },
		    &err))
		exit(99);
	replace(range_of("--b--"), "--b\n\nnew\n--b--");
	end("From: a@example.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
	    "preamble\n--b\n\nbody one\n--b\nContent-Type: application/pdf\n"
	    "Content-Transfer-Encoding: base64\n\nAAAA\n--b\n\nnew\n--b--\nepilogue",
		NULL, "a part added");
}

static void test_caught(void)
{
	begin();
	replace(range_of("body one"), "body two");
	end(NULL, "rewriting: part 1 would come out with another body", "another body");
	begin();
	replace(range_of("body one"), "body");
	end(NULL, "rewriting: part 1 would come out with another body", "a shorter one");
	begin();
	shapes.list[1].same = false;
	replace(range_of("body one"), "body\n--b\n\nforged");
	end(NULL, "rewriting: 4 parts would come out where 3 were intended",
		"a replacement that makes a part");
	begin();
	shapes.list[1].same = false;
	replace(range_of("body one"), "body\n--b--\n");
	end(NULL, "rewriting: 2 parts would come out where 3 were intended",
		"a replacement that ends the mail");
	begin();
	replace(range_of("base64"), "7bit");
	end(NULL, "rewriting: part 2 would come out with another encoding", "another encoding");
	begin();
	replace(range_of("application/pdf"), "message/rfc822");
	replace(range_of("Content-Transfer-Encoding: base64\n"), "");
	shapes.count = 4;
	end(NULL, "rewriting: part 2 would come out with another place or kind", "another kind");
	begin();
	replace(range_of("boundary=b"), "boundary=c");
	end(NULL, "rewriting: 1 parts would come out where 3 were intended", "another boundary");
	begin();
	replace(range_of("body one"), "x");
	replace(range_of("one"), "y");
	end(NULL, "rewriting: the edit at byte 100 overlaps or runs past the end", "an overlap");
}

int main(void)
{
	test_unchanged();
	test_intended();
	test_caught();
	return done_testing();
}
