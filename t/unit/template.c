/* mime/template: values, escaping by place, languages, mistakes. */
#include "mime/template.h"

#include "tap.h"

static struct tp_error err;
static struct tp_link two[2];
static const char mail[] =
	"From: =?utf-8?q?Zo=C3=A9?= Q <z@example.org>\nSubject: a <b> & \"c\"\n\n";
static const char *about_mail = mail;
static struct tp_tree tree;

static struct tp_template_facts facts(size_t count, const char *lang)
{
	return (struct tp_template_facts){ two, count, lang, &tree, about_mail };
}

static void fills(const char *template, bool html, size_t count, const char *lang,
	const char *wanted, const char *what)
{
	struct tp_template_facts about = facts(count, lang);
	struct tp_buf out = TP_BUF_INIT(1 << 24);
	struct tp_template *compiled;
	enum tp_status status;

	status = tp_template_compile("t", template, strlen(template), html, &compiled, &err);
	if (!status)
		status = tp_template_render(compiled, &about, &out, &err);
	if (!ok(!status && !strcmp(tp_buf_str(&out), wanted), "%s", what))
		printf("# %s\n# got: %s\n", status ? err.text : "", tp_buf_str(&out));
	tp_template_free(compiled);
	tp_buf_release(&out);
}

static void refuses(const char *template, bool html, const char *wanted)
{
	struct tp_template *compiled;

	if (!ok(tp_template_compile("t", template, strlen(template), html, &compiled, &err) ==
				    TP_CONFIG &&
			    !strcmp(err.text, wanted),
		    "refused: %s", wanted))
		printf("# got: %s\n", err.text);
}

static void test_values(void)
{
	fills("{{#links}}{{number}} {{name}} {{size}} {{size_bytes}} {{url}} {{type}} {{expires}} "
	      "{{expires_iso}} {{sha256}};{{/links}}",
		false, 1, "en",
		"1 a <b>.pdf 24.6 MB 24600000 https://x/a?b=1&c=2 application/pdf 20 December 2026 "
		"2026-12-20T00:00:00Z ff;",
		"every value of a link");
	fills("{{count}} {{total}} {{total_bytes}} "
	      "{{expires_all}}{{#one}}one{{/one}}{{#many}}many{{/many}} {{lang}}",
		false, 2, "en", "2 24.6 MB 24600999 many en", "values of the mail");
	fills("{{from.name}}|{{from.address}}|{{header.Subject}}|{{header.X-None}}|{{header."
	      "subject}}",
		false, 0, "en", "Zo\xc3\xa9 Q|z@example.org|a <b> & \"c\"||a <b> & \"c\"",
		"values of the header");
	fills("{{#links}}{{number}}{{/links}}{{^links}}none{{/links}}", false, 0, "en", "none",
		"no links");
	fills("{{#links}}{{#expires}}until{{/expires}}{{^expires}}ever{{/expires}} {{/links}}",
		false, 2, "en", "until ever ", "a condition inside links");
	fills("{{#links}}{{count}}{{#header.Subject}}{{#name}}.{{/name}}{{/header.Subject}}{{/"
	      "links}}",
		false, 2, "en", "2.2.", "sections in sections");
	fills("a{{! words }}b{{!}}c", false, 0, "en", "abc", "comments");
	fills("a\n  {{#one}}  \nb\n{{/one}}\n{{! x }}\nc {{#one}}\nd{{/one}}\n", false, 1, "en",
		"a\nb\nc \nd\n", "a line with nothing but a section tag leaves nothing");
	fills("{ { }} }", false, 0, "en", "{ { }} }", "lone braces are text");
	fills("{{ count }}", false, 2, "en", "2", "spaces inside the braces");
}

/* Whatever the way in which From writes the author's name. */
static void test_authors(void)
{
	static const char *const cases[][3] = {
		{ "Ann Lee <z@x>", "Ann Lee|z@x", "bare" },
		{ "\"Ann <Lee>, B\" <z@x>", "Ann <Lee>, B|z@x",
			"quoted, with what ends a bare one" },
		{ "\"Doe, \\\"J\\\" \\\\\" <z@x>", "Doe, \"J\" \\|z@x", "quoted, with escapes" },
		{ "=?utf-8?q?=3Ci=3E=2C_=22?= <z@x>", "<i>, \"|z@x", "encoded, with the same" },
		{ "\"=?utf-8?q?Zo=C3=A9?=\" <z@x>", "Zo\xc3\xa9|z@x", "encoded inside of quotes" },
		{ "Ann (a, <b> \\) c (d)) <z@x>", "Ann|z@x", "with a comment" },
		{ "Ann\n Lee\n <z@x>", "Ann Lee|z@x", "folded" },
		{ "a@b, Ann <z@x>", "a@b|a@b", "of the first author, not of the second" },
		{ "Team: Ann <z@x>, b@c;", "Ann|z@x", "of a group's member" },
		{ "z@x (Ann)", "z@x|z@x", "none: the address" },
		{ "<z@x>", "z@x|z@x", "none, in angles" },
		{ "undisclosed:;", "|", "nobody" },
		{ "\"Ann", "|", "never closed" },
	};
	struct tp_buf mails = TP_BUF_INIT(4096);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		tp_buf_clear(&mails);
		tp_buf_addf(&mails, "From: %s\n\n", cases[i][0]);
		tp_tree_release(&tree);
		tp_tree_scan(&tree, tp_buf_str(&mails), mails.len, &tp_tree_default_limits, &err);
		about_mail = tp_buf_str(&mails);
		fills("{{from.name}}|{{from.address}}", false, 0, "en", cases[i][1], cases[i][2]);
	}
	tp_buf_release(&mails);
	tp_tree_release(&tree);
	tp_tree_scan(&tree, mail, sizeof mail - 1, &tp_tree_default_limits, &err);
	about_mail = mail;
}

static void test_languages(void)
{
	fills("{{#links}}{{size}}, {{expires}}; {{/links}}", false, 2, "en",
		"24.6 MB, 20 December 2026; 999 bytes, ; ", "English");
	fills("{{#links}}{{size}}, {{expires}}; {{/links}}", false, 2, "fr",
		"24,6\xc2\xa0Mo, 20\xc2\xa0"
		"d\xc3\xa9"
		"cembre 2026; 999\xc2\xa0octets, ; ",
		"French");
	fills("{{#links}}{{size}}, {{expires}}; {{/links}}", false, 2, "de",
		"24,6\xc2\xa0MB, 20.\xc2\xa0"
		"Dezember 2026; 999\xc2\xa0"
		"Byte, ; ",
		"German");
	fills("{{#links}}{{size}}, {{expires}}; {{/links}}", false, 2, "es",
		"24,6\xc2\xa0MB, 20\xc2\xa0"
		"de diciembre de 2026; 999\xc2\xa0"
		"bytes, ; ",
		"Spanish");
}

static void size_is(uint64_t bytes, const char *wanted)
{
	uint64_t kept = two[0].size_bytes;

	two[0].size_bytes = bytes;
	fills("{{#links}}{{size}}{{/links}}", false, 1, "en", wanted, wanted);
	two[0].size_bytes = kept;
}

static void test_sizes(void)
{
	size_is(1, "1 byte");
	size_is(1000, "1 kB");
	size_is(1050, "1.05 kB");
	size_is(1500, "1.5 kB");
	size_is(99949, "99.9 kB");
	size_is(246800000, "246 MB");
	size_is(2147483648, "2.14 GB");
	size_is(UINT64_MAX, "18446744 TB");
}

static void test_escaping(void)
{
	fills("<p>{{header.Subject}}</p>", true, 0, "en", "<p>a &lt;b&gt; &amp; &quot;c&quot;</p>",
		"text in HTML");
	fills("<p title=\"{{header.Subject}}\" alt='{{header.Subject}}'>", true, 0, "en",
		"<p title=\"a &lt;b&gt; &amp; &quot;c&quot;\" alt='a &lt;b&gt; &amp; "
		"&quot;c&quot;'>",
		"attributes");
	fills("{{#links}}<a href=\"{{url}}\">{{url}}</a>{{/links}}", true, 1, "en",
		"<a href=\"https://x/a?b=1&amp;c=2\">https://x/a?b=1&amp;c=2</a>", "a URL");
	fills("<a href='https://x/?q={{header.Subject}}'>", true, 0, "en",
		"<a href='https://x/?q=a%20%3Cb%3E%20%26%20%22c%22'>", "inside a URL");
	fills("<a href=\"{{header.Subject}}\">", true, 0, "en", "<a href=\"#\">",
		"a URL that is none goes nowhere");
	fills("<a href=\"{{#one}}{{header.Subject}}{{/one}}x\">", true, 1, "en", "<a href=\"#x\">",
		"through a section");
	fills("<!-- x --><title>{{count}}</title><style>a > b</style><b>{{count}}", true, 1, "en",
		"<!-- x --><title>1</title><style>a > b</style><b>1", "after comments and styles");
	two[0].url = (char *)"JavaScript:alert(1)";
	fills("{{#links}}<a href=\"{{url}}\">{{/links}}", true, 1, "en", "<a href=\"#\">",
		"a URL that runs goes nowhere");
	two[0].url = (char *)"https://x/a?b=1&c=2";
	two[0].name = (char *)"a\r\nBcc: x\x1b[31m\xe2\x80\xae"
			      "fdp.exe\xff";
	fills("{{#links}}{{name}}{{/links}}", false, 1, "en",
		"a  Bcc: x\xef\xbf\xbd[31m\xef\xbf\xbd"
		"fdp.exe\xef\xbf\xbd",
		"line ends, escapes, overrides and bad bytes of a name");
	two[0].name = (char *)"a <b>.pdf";
}

static void test_mistakes(void)
{
	refuses("a\nbc {{nam}}", false, "t:2:4: there is no value \"nam\"");
	refuses("\xc3\xa9{{name}}", false, "t:1:2: {{name}} stands outside {{#links}}");
	refuses("{{#links}}\n", false, "t:1:4: {{#links}} is never closed");
	refuses("{{/links}}", false, "t:1:1: {{/links}} closes nothing");
	refuses("{{#one}}{{#many}}{{/one}}", false,
		"t:1:18: {{/one}} stands where {{/many}} is due");
	refuses("{{#links}}{{#links}}{{/links}}{{/links}}", false,
		"t:1:11: {{#links}} stands inside {{#links}}");
	refuses("x {{count", false, "t:1:3: this {{ has no }}");
	refuses("{{{count}}}", false, "t:1:1: {{{ is not known here: values are always escaped");
	refuses("{{&count}}", false, "t:1:1: {{& is not known here: values are always escaped");
	refuses("{{}}", false, "t:1:1: there is no value \"\"");
	refuses("{{^links}}{{name}}{{/links}}", false,
		"t:1:11: {{name}} stands outside {{#links}}");
#define UNSAFE "a value is only safe in text and in quoted attributes without code"
	refuses("<a href={{count}}>", true, "t:1:9: " UNSAFE);
	refuses("<a {{count}}>", true, "t:1:4: " UNSAFE);
	refuses("<{{count}}>", true, "t:1:2: " UNSAFE);
	refuses("<b onclick=\"{{count}}\">", true, "t:1:13: " UNSAFE);
	refuses("<b style='{{count}}'>", true, "t:1:11: " UNSAFE);
	refuses("<script>{{count}}</script>", true, "t:1:9: " UNSAFE);
	refuses("<style>{{count}}</style>", true, "t:1:8: " UNSAFE);
	refuses("<!-- {{count}} -->", true, "t:1:6: " UNSAFE);
}

static void test_depth(void)
{
	struct tp_buf deep = TP_BUF_INIT(4096);

	for (int i = 0; i < 17; i++)
		tp_buf_adds(&deep, "{{#one}}");
	refuses(tp_buf_str(&deep), false, "t:1:129: sections stand more than 16 deep");
	tp_buf_release(&deep);
}

/* The eight texts that are part of the program, filled in. */
static void test_builtin(void)
{
	static const char *const langs[] = { "en", "fr", "de", "es" };

	for (size_t i = 0; i < 8; i++) {
		const char *text = tp_template_builtin(langs[i / 2], i % 2);
		struct tp_template_facts about = facts(2, langs[i / 2]);
		struct tp_buf out = TP_BUF_INIT(1 << 24);
		struct tp_template *compiled = NULL;

		ok(text &&
				!tp_template_compile(
					"built-in", text, strlen(text), i % 2, &compiled, &err) &&
				!tp_template_render(compiled, &about, &out, &err) &&
				strstr(out.data, "https://x/a?b=1") && strstr(out.data, "2026") &&
				!strstr(out.data, "{{"),
			"built-in %s in %s", i % 2 ? "HTML" : "text", langs[i / 2]);
		tp_template_free(compiled);
		tp_buf_release(&out);
	}
	ok(!tp_template_builtin("xx", false), "no other language");
}

static void test_html_of_text(void)
{
	struct tp_buf out = TP_BUF_INIT(1 << 20);

	tp_template_text_to_html("a <b>\nsee https://x/?a=1&b=2.\n", 29, &out);
	ok(!strcmp(out.data, "<p>a &lt;b&gt;<br>\nsee <a href=\"https://x/?a=1&amp;b=2\">"
			     "https://x/?a=1&amp;b=2</a>.</p>\n"),
		"a text as HTML");
	tp_buf_release(&out);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	two[0] = (struct tp_link){ .name = (char *)"a <b>.pdf",
		.type = (char *)"application/pdf",
		.url = (char *)"https://x/a?b=1&c=2",
		.size_bytes = 24600000,
		.expires = 1797724800,
		.sha256 = "ff" };
	two[1] = (struct tp_link){
		.name = (char *)"b.zip", .url = (char *)"https://x/b", .size_bytes = 999
	};
	tp_tree_scan(&tree, mail, sizeof mail - 1, &tp_tree_default_limits, &err);
	test_values();
	test_authors();
	test_languages();
	test_sizes();
	test_escaping();
	test_mistakes();
	test_depth();
	test_builtin();
	test_html_of_text();
	tp_tree_release(&tree);
	return done_testing();
}
