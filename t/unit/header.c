/* mime/header and mime/param: fields, values and parameters, well formed and not. */
#include "mime/header.h"
#include "tap.h"

static struct tp_range all(const char *text)
{
	return (struct tp_range){ 0, strlen(text) };
}

static void test_walk(void)
{
	const char *data =
		">From x\nA: one\nBroken line\nB :two\r\n\tmore\r\n: none\nC:\n\nD: body";
	struct tp_range header = { 0, (size_t)(strstr(data, "\n\n") - data) + 1 };
	struct tp_buf got = TP_BUF_INIT(1000);
	struct tp_field field;
	size_t at = header.begin;

	while (tp_header_next(data, header, &at, &field)) {
		tp_buf_add(&got, data + field.name.begin, tp_range_len(field.name));
		tp_buf_addf(
			&got, "=%.*s;", (int)tp_range_len(field.value), data + field.value.begin);
		ok(data[field.whole.end - 1] == '\n' && field.whole.begin == field.name.begin,
			"a field is cut with its line ending");
	}
	ok(!strcmp(tp_buf_str(&got), "A= one;B=two\r\n\tmore;C=;"),
		"fields, in order, as they stand");
	ok(tp_header_find(data, header, "b", &field) && !tp_header_find(data, header, "d", &field),
		"found by name without case, in the header only");
	tp_buf_release(&got);
}

static void unfolds(const char *value, const char *want)
{
	struct tp_buf out = TP_BUF_INIT(1000);

	ok(tp_header_unfold(value, all(value), &out) && !strcmp(tp_buf_str(&out), want),
		"unfolded: %s", want);
	tp_buf_release(&out);
}

static void test_unfold(void)
{
	unfolds("  plain ", "plain");
	unfolds(" one\r\n two\n\tthree", "one two\tthree");
	unfolds("\n \n x\n ", "x");
	unfolds("", "");
	unfolds("a\rb", "a\rb");
}

static void type_is(const char *value, const char *want)
{
	struct tp_media_type type;
	char got[300] = "none";

	if (tp_media_type_read(value, all(value), &type))
		snprintf(got, sizeof got, "%s/%s", type.type, type.subtype);
	if (!ok(!strcmp(got, want), "media type %s", want))
		printf("# got %s\n", got);
}

static void test_media_types(void)
{
	char long_one[300];

	type_is(" text/plain", "text/plain");
	type_is("Text/HTML; charset=x", "text/html");
	type_is("\r\n (a (nested \\) one) b) text (c) / (d) plain (e)", "text/plain");
	type_is("text/html charset=x", "text/html");
	type_is("multipart/mixed;;", "multipart/mixed");
	type_is("text", "none");
	type_is("text/", "none");
	type_is("/plain", "none");
	type_is("te xt/plain", "none");
	type_is("", "none");
	type_is("(never closed text/plain", "none");
	snprintf(long_one, sizeof long_one, "text/%0127d", 1);
	ok(tp_media_type_read(long_one, all(long_one), &(struct tp_media_type){ 0 }),
		"a subtype of 127 characters");
	snprintf(long_one, sizeof long_one, "text/%0128d", 1);
	ok(!tp_media_type_read(long_one, all(long_one), &(struct tp_media_type){ 0 }),
		"and one of 128 is none");
}

/* The `name` parameter of a value; "-" when there is none. */
static void param_is(const char *value, const char *want, const char *want_charset)
{
	struct tp_buf out = TP_BUF_INIT(1000);
	struct tp_buf charset = TP_BUF_INIT(100);
	struct tp_error err;
	enum tp_status status = tp_param_find(value, all(value), "name", &out, &charset, &err);
	const char *got = status == TP_NOTHING ? "-" : tp_buf_str(&out);

	if (!ok((status == TP_OK || status == TP_NOTHING) && !strcmp(got, want) &&
			    !strcmp(tp_buf_str(&charset), want_charset),
		    "parameter of %.60s", strpbrk(value, "#\n") ? "a value with a hash" : value))
		printf("# got '%s' in '%s'\n", got, tp_buf_str(&charset));
	tp_buf_release(&out);
	tp_buf_release(&charset);
}

static void test_plain_params(void)
{
	param_is("a/b; name=x", "x", "");
	param_is("a/b;NAME=x;", "x", "");
	param_is("a/b; name = \"x y\" ; z=1", "x y", "");
	param_is("a/b; name=\"a\\\"b\\\\c\"", "a\"b\\c", "");
	param_is("a/b; name=\"one\r\n two\"", "one two", "");
	param_is("a/b; name=x; name=y", "x", "");
	param_is("a/b; names=x; nam=y; xname=z", "-", "");
	param_is("a/b", "-", "");
	param_is("a/b; name", "-", "");
	param_is("a/b; name=", "", "");
	param_is("a/b; name=; x=y", "", "");
	param_is("a/b; name=\"\"", "", "");
	param_is("a/b; x=\"; name=no\"; name=yes", "yes", "");
	param_is("a/b; (; name=no) name=yes", "yes", "");
	param_is("a/b (; name=no); name=yes", "yes", "");
	param_is("a/b; name=my report.doc; x=y", "my report.doc", "");
	param_is("a/b; name=x (a comment)", "x", "");
	param_is("a/b; name=report(1).pdf", "report(1).pdf", "");
	param_is("a/b; name=\"never closed; x=y", "never closed; x=y", "");
	param_is("a/b; bare; name=x", "x", "");
	param_is("a/b; some words; name=x", "x", "");
	param_is("a/b;;; name=x", "x", "");
	param_is("a/b; name=a=b:c", "a=b:c", "");
	param_is("a/b; name=\xe9t\xe9.doc", "\xe9t\xe9.doc", "");
	param_is("a/b; name='x'", "'x'", "");
	param_is("a/b; name=\"=?utf-8?q?x?=\"", "=?utf-8?q?x?=", "");
}

static void test_extended_params(void)
{
	param_is("a/b; name*=utf-8''%C3%A9t%c3%a9", "\xc3\xa9t\xc3\xa9", "utf-8");
	param_is("a/b; name*=iso-8859-1'fr'a%20b", "a b", "iso-8859-1");
	param_is("a/b; name*=''x%4", "x%4", "");
	param_is("a/b; name*=x%zz%41", "x%zzA", "");
	param_is("a/b; name*=\"utf-8''quoted%21\"", "quoted!", "utf-8");
	param_is("a/b; name=plain; name*=utf-8''full", "full", "utf-8");
	param_is("a/b; name*0=a; name*1=b; name*2=c", "abc", "");
	param_is("a/b; name*2=c; name*0=a; name*1=b", "abc", "");
	param_is("a/b; name*0*=utf-8''%61; name*1=%62; name*2*=%63", "a%62c", "utf-8");
	param_is("a/b; name*0=a; name*2=c", "a", "");
	param_is("a/b; name*1=a; name*2=b", "ab", "");
	param_is("a/b; name*0=a; name*0=b", "a", "");
	param_is("a/b; name*x=a", "-", "");
	param_is("a/b; name*0x=a", "-", "");
	param_is("a/b; name*5=a; name=plain", "plain", "");
}

static void test_limits(void)
{
	struct tp_buf out = TP_BUF_INIT(3);
	struct tp_error err;
	const char *value = "a/b; name=abcd";

	ok(tp_param_find(value, all(value), "name", &out, NULL, &err) == TP_LIMIT,
		"too long a value");
	tp_buf_clear(&out);
	value = "a/b; name*99999999999999999999999999=a";
	ok(tp_param_find(value, all(value), "name", &out, NULL, &err) == TP_LIMIT,
		"too many continuations");
	tp_buf_release(&out);
}

static void test_dispositions(void)
{
	static const struct {
		const char *data;
		enum tp_disposition want;
	} cases[] = {
		{ "A: b\n\n", TP_DISPOSITION_NONE },
		{ "Content-Disposition: inline\n\n", TP_DISPOSITION_INLINE },
		{ "content-disposition:ATTACHMENT; filename=x\n\n", TP_DISPOSITION_ATTACHMENT },
		{ "Content-Disposition: something\n\n", TP_DISPOSITION_ATTACHMENT },
		{ "Content-Disposition: ; filename=x\n\n", TP_DISPOSITION_NONE },
	};
	struct tp_tree tree;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		tp_tree_scan(
			&tree, cases[i].data, strlen(cases[i].data), &tp_tree_default_limits, NULL);
		ok(tp_part_disposition(&tree, cases[i].data, 0) == cases[i].want, "disposition %zu",
			i);
		tp_tree_release(&tree);
	}
}

int main(void)
{
	test_walk();
	test_unfold();
	test_media_types();
	test_plain_params();
	test_extended_params();
	test_limits();
	test_dispositions();
	return done_testing();
}
