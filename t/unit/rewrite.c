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
static struct tp_intent intent;
static struct tp_edits edits;

static void mean(unsigned depth, enum tp_intended kind, uint32_t origin)
{
	if (tp_intent_add(&intent, depth, kind, origin, &err))
		exit(99);
}

/* The three parts of the mail, the last two meant as told. */
static void begin(enum tp_intended one, enum tp_intended two)
{
	if (tp_tree_scan(&tree, mail, sizeof mail - 1, &tp_tree_default_limits, &err))
		exit(99);
	mean(0, TP_INTENDED_SAME, 0);
	mean(1, one, 1);
	mean(1, two, 2);
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
	enum tp_status status =
		tp_rewrite(&tree, mail, sizeof mail - 1, &edits, &intent, &out, &err);

	if (want)
		ok(!status && out.len == strlen(want) && !memcmp(out.data, want, out.len), "%s",
			what);
	else
		ok(status == TP_INTERNAL && !strcmp(err.text, sentence), "%s: %s", what, err.text);
	if (!status)
		tp_spool_release(&out);
	tp_edits_release(&edits);
	tp_intent_release(&intent);
	tp_tree_release(&tree);
}

static struct tp_range range_of(const char *text)
{
	size_t at = (size_t)(strstr(mail, text) - mail);

	return (struct tp_range){ at, at + strlen(text) };
}

#define HEAD                                                                                       \
	"From: a@example.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"    \
	"preamble\n--b\n\n"

static void test_intended(void)
{
	begin(TP_INTENDED_SAME, TP_INTENDED_SAME);
	end(mail, NULL, "no edit, every byte");
	begin(TP_INTENDED_EDITED, TP_INTENDED_SAME);
	replace(range_of("body one"), "body number one");
	end(HEAD "body number one\n--b\nContent-Type: application/pdf\n"
		 "Content-Transfer-Encoding: base64\n\nAAAA\n--b--\nepilogue",
		NULL, "a body edited");
	begin(TP_INTENDED_SAME, TP_INTENDED_STUB);
	replace(range_of("application/pdf"), "message/external-body");
	replace(range_of("Content-Transfer-Encoding: base64\n"), "");
	replace(range_of("AAAA"), "stub: x");
	end(HEAD "body one\n--b\nContent-Type: message/external-body\n\nstub: x\n--b--\nepilogue",
		NULL, "a part replaced by a stub");
	begin(TP_INTENDED_SAME, TP_INTENDED_SAME);
	mean(1, TP_INTENDED_TEXT, 0);
	replace(range_of("--b--"), "--b\n\nnew\n--b--");
	end(HEAD "body one\n--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: "
		 "base64\n\n"
		 "AAAA\n--b\n\nnew\n--b--\nepilogue",
		NULL, "a part added");
}

#define COUNT(n)  "checking the result: " #n " parts instead of the 3 intended"
#define NUMBER(n) "checking the result: part number " #n " is not what was intended"

static void test_caught(void)
{
	begin(TP_INTENDED_EDITED, TP_INTENDED_SAME);
	replace(range_of("body one"), "another body");
	end(NULL, NUMBER(1), "an edit that is no insertion");
	begin(TP_INTENDED_SAME, TP_INTENDED_SAME);
	replace(range_of("body one"), "body two");
	end(NULL, NUMBER(1), "another body");
	begin(TP_INTENDED_SAME, TP_INTENDED_SAME);
	replace(range_of("body one"), "body");
	end(NULL, NUMBER(1), "a shorter one");
	begin(TP_INTENDED_EDITED, TP_INTENDED_SAME);
	replace(range_of("body one"), "body\n--b\n\nforged");
	end(NULL, NUMBER(1), "an edit that makes a part");
	begin(TP_INTENDED_EDITED, TP_INTENDED_SAME);
	replace(range_of("body one"), "body\n--b--\n");
	end(NULL, NUMBER(1), "an edit that ends the mail");
	begin(TP_INTENDED_SAME, TP_INTENDED_SAME);
	replace(range_of("base64"), "7bit");
	end(NULL, NUMBER(2), "another encoding");
	begin(TP_INTENDED_SAME, TP_INTENDED_EDITED);
	replace(range_of("application/pdf"), "application/zip");
	end(NULL, NUMBER(2), "another type");
	begin(TP_INTENDED_SAME, TP_INTENDED_SAME);
	replace(range_of("boundary=b"), "boundary=c");
	end(NULL, COUNT(1), "another boundary");
	begin(TP_INTENDED_SAME, TP_INTENDED_STUB);
	end(NULL, NUMBER(2), "a stub that did not come");
	begin(TP_INTENDED_TEXT, TP_INTENDED_TEXT);
	end(NULL, NUMBER(2), "a text that did not come");
	begin(TP_INTENDED_SAME, TP_INTENDED_SAME);
	intent.list[2].depth = 2;
	end(NULL, NUMBER(2), "a part at another depth");
	begin(TP_INTENDED_SAME, TP_INTENDED_SAME);
	replace(range_of("body one"), "x");
	replace(range_of("one"), "y");
	end(NULL, "rewriting: the edit at byte 100 overlaps or runs past the end", "an overlap");
}

int main(void)
{
	test_intended();
	test_caught();
	return done_testing();
}
