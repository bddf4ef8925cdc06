/* mime/html: places in documents that try to mislead. In each, `^` marks the place wanted. */
#include "mime/html.h"

#include "base/clock.h"
#include "base/buf.h"
#include "tap.h"

static void places(size_t (*find)(const char *, size_t, bool), const char *marked, const char *what)
{
	struct tp_buf html = TP_BUF_INIT(1 << 20);
	const char *mark = strchr(marked, '^');
	size_t wanted = (size_t)(mark - marked), got;

	tp_buf_add(&html, marked, wanted);
	tp_buf_adds(&html, mark + 1);
	got = find(html.data, html.len, strchr(marked, '\x1b') != NULL);
	if (!ok(got == wanted, "%s", what))
		printf("# at %zu: %s\n", got, html.data + got);
	tp_buf_release(&html);
}

static void test_foot(void)
{
	places(tp_html_foot, "<html><body>x^</body></html>", "before </body>");
	places(tp_html_foot, "<html>x^</HTML>\n", "before </html> when there is no </body>");
	places(tp_html_foot, "<p>x</p>\n^", "at the end of a fragment");
	places(tp_html_foot, "x^</BODY\n ></html>", "an end tag in capitals, with a line end");
	places(tp_html_foot, "x^</body><!-- </body> -->", "not in a comment");
	places(tp_html_foot, "x^</body><!--></body--></html>",
		"an empty comment ends where browsers end it, and text after is no comment");
	places(tp_html_foot, "<script>'</body>'</script>x^</body>", "not in a script");
	places(tp_html_foot, "x^</body><script>a='</body>'</script>", "nor in a script behind it");
	places(tp_html_foot, "x^</body><style>/*</body>*/</style>", "nor in a style");
	places(tp_html_foot, "x^</body><img alt='</body>'>", "nor in a single-quoted attribute");
	places(tp_html_foot, "x^</body><img alt=\"a > </body>\">", "nor in an attribute with a >");
	places(tp_html_foot, "x^</body><title></body></title>", "nor in a title");
	places(tp_html_foot, "a</body>b^</body>", "the last of two");
	places(tp_html_foot, "a < b and c^</body>", "a lone < is text");
	places(tp_html_foot, "a</bodyguard>^</body>", "</bodyguard> is something else");
	places(tp_html_foot, "x^<!-- never ends </body>", "before a comment that never ends");
	places(tp_html_foot, "x^<script>never ends </body>", "before a script that never ends");
	places(tp_html_foot, "x^<img alt=\"never ends </body>", "before a tag that never ends");
	places(tp_html_foot, "x^</body> <!-- never ends", "but </body> counts when it is there");
	places(tp_html_foot, "x<![endif]-->y<!--[if mso]></body><![endif]-->^</body>",
		"conditional comments");
	places(tp_html_foot, "\x1b$B</body>\x1b(By^</body>", "not in two-byte Japanese");
	places(tp_html_foot, "^", "an empty document");
	places(tp_html_foot, "x^</body", "a tag cut off at the end of the document");
}

static void test_head(void)
{
	places(tp_html_head, "<html><body>^x</body></html>", "after <body>");
	places(tp_html_head, "<body class='a>b' onload=\"c>d\">^x",
		"after a <body> with > in its attributes");
	places(tp_html_head, "<!-- <body> --><body>^x", "not in a comment");
	places(tp_html_head, "<head><script>'<body>'</script></head><body>^x", "not in a script");
	places(tp_html_head, "<html><head><title>t</title></head>^x",
		"after </head> when there is no body");
	places(tp_html_head, "<HTML\n>^x", "after <html> alone");
	places(tp_html_head, "<!DOCTYPE html>^<p>x", "after the doctype");
	places(tp_html_head, "\xef\xbb\xbf^<p>x", "after a byte order mark");
	places(tp_html_head, "^<p>x", "at the start of a fragment");
	places(tp_html_head, "<body>^x<blockquote><body>y", "the first of two");
	places(tp_html_head, "^<!-- never ends <body>", "a comment that never ends hides the body");
	places(tp_html_head, "<tbody><body>^", "<tbody> is something else");
}

/* AddressSanitizer looks at all that is searched, at each search, before it lets it be searched. */
#ifdef __SANITIZE_ADDRESS__
#define LONGEST_MS 60000
#else
#define LONGEST_MS 3000
#endif

/* A megabyte of each beginning must not take longer than a megabyte takes. */
static void test_linear(void)
{
	static const char *const pieces[] = { "<", "</", "<!--", "<!-", "<a b='",
		"<a =", "<script>", "</script", "<title></tit", "--", "\x1b$", "\x1b$<\x1b(",
		"\x1b$\x1b(", "<a b=\"\">" };

	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct tp_buf html = TP_BUF_INIT(2 << 20);
		int64_t start = tp_monotonic_ms();

		while (html.len < 1 << 20)
			tp_buf_adds(&html, pieces[i]);
		tp_html_foot(html.data, html.len, true);
		tp_html_head(html.data, html.len, true);
		start = tp_monotonic_ms() - start;
		ok(start < LONGEST_MS, "a megabyte of %s: %d ms",
			pieces[i][0] == '\x1b' ? "escapes" : pieces[i], (int)start);
		tp_buf_release(&html);
	}
}

int main(void)
{
	test_foot();
	test_head();
	test_linear();
	return done_testing();
}
