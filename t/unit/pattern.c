/* base/pattern: globs, regular expressions, limits. */
#include "base/pattern.h"
#include "tap.h"

static struct tp_error err;

static bool matches(const char *text, const char *name)
{
	struct tp_pattern *pattern;
	bool found;

	if (tp_pattern_new(text, &pattern, &err)) {
		printf("# %s\n", err.text);
		return false;
	}
	found = tp_pattern_match(pattern, name, strlen(name));
	tp_pattern_free(pattern);
	return found;
}

static void test_globs(void)
{
	ok(matches("*.pdf", "A.PDF") && matches("*.pdf", ".pdf") && !matches("*.pdf", "a.pdf.exe"),
		"*.pdf, blind to case, to the end");
	ok(!matches("a.c", "abc") && matches("a.c", "a.c"), "a dot is a dot");
	ok(matches("image/*", "image/png") && !matches("image/*", "ximage/png"), "types");
	ok(matches("?", "é") && !matches("?", "ab"), "? is one character, not one byte");
	ok(matches("*été*", "Rapport d'ÉTÉ.doc"), "accents fold in case");
	ok(matches("[a-c]x", "bx") && !matches("[!a-c]x", "bx") && matches("[]]", "]") &&
			matches("[^a]", "b"),
		"classes");
	ok(matches("[x", "[x") && matches("a(1)+{2}$^|", "A(1)+{2}$^|"), "plain characters");
	ok(matches("a\\*b", "a*b") && !matches("a\\*b", "axb") && matches("a\\", "a\\"), "escapes");
	ok(matches("[\\d]", "\\") && !matches("[\\d]", "7"), "a class is no regular expression");
	ok(matches("*", "") && matches("*", "a\nb"), "* is everything");
	ok(matches("*.pdf", "a\xff.pdf"), "invalid UTF-8 is no way out");
}

static void test_regexes(void)
{
	struct tp_pattern *pattern = NULL;
	size_t begin, end;

	ok(matches("/^scan_\\d+/", "scan_12.tif") && !matches("/^scan_\\d+/", "SCAN_12"), "/.../");
	ok(matches("/^scan/i", "SCAN_12") && matches("/a\\/b/", "xa/b"), "/.../i, a slash inside");
	ok(tp_pattern_new("/a(/", &pattern, &err) == TP_CONFIG && !pattern, "%s", err.text);
	ok(tp_pattern_new("/a", &pattern, &err) == TP_CONFIG, "%s", err.text);
	ok(tp_pattern_new("/a/x", &pattern, &err) == TP_CONFIG, "%s", err.text);
	tp_pattern_regex("href=\"([^\"]+)\"|(x)", &pattern, &err);
	ok(tp_pattern_capture(pattern, "<a href=\"/u\">", 13, 1, &begin, &end) && begin == 9 &&
			end == 11,
		"a capture");
	ok(!tp_pattern_capture(pattern, "<a href=\"/u\">", 13, 2, &begin, &end) &&
			!tp_pattern_capture(pattern, "<a href=\"/u\">", 13, 7, &begin, &end),
		"a group that took no part, or does not exist");
	tp_pattern_free(pattern);
}

static void test_hostile(void)
{
	char name[100001];

	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	ok(!matches("/^(a+)+$/", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
		"nested repeats end");
	ok(!matches("*a*a*a*a*a*a*b", name), "a long name against many stars ends");
	ok(matches("*a", name), "a long name against one star matches");
}

int main(void)
{
	test_globs();
	test_regexes();
	test_hostile();
	return done_testing();
}
