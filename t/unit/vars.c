/* drop/vars: templates escape by place, filters, what is refused. */
#include "drop/vars.h"
#include "tap.h"

static struct tp_error err;
static struct tp_vars vars = { .now = 1000 };

static const char *expand(const char *text, enum tp_place place)
{
	static struct tp_buf out = TP_BUF_INIT(1 << 20);

	tp_buf_clear(&out);
	if (tp_template_expand(&vars, text, place, &out, NULL, &err))
		return err.text;
	return tp_buf_str(&out);
}

static void check(const char *text, enum tp_place place, const char *wanted)
{
	const char *got = expand(text, place);

	if (!ok(!strcmp(got, wanted), "%s", text))
		printf("#  got: %s\n# want: %s\n", got, wanted);
}

static void test_places(void)
{
	check("a ${nasty} b", TP_PLACE_TEXT, "a x\"/ &\n\\ b");
	check("http://h/${nasty}", TP_PLACE_URL, "http://h/x%22%2F%20%26%0A%5C");
	check("http://h/${path:path}", TP_PLACE_URL, "http://h/a/b%20c");
	check("${url}/x", TP_PLACE_URL, "https://h/a?b=c/x");
	check("${nasty}/x", TP_PLACE_URL, "${nasty}: its value does not fit here");
	check("{\"k\": \"<${nasty}>\"}", TP_PLACE_JSON, "{\"k\": \"<x\\\"/ &\\n\\\\>\"}");
	check("{\"k\": ${nasty}}", TP_PLACE_JSON, "{\"k\": \"x\\\"/ &\\n\\\\\"}");
	check("{\"a\\\"${number}\": ${number}}", TP_PLACE_JSON, "{\"a\\\"42\": \"42\"}");
	check("[${number:number}, ${list:list}, ${json:json}]", TP_PLACE_JSON,
		"[42, [\"a@b\",\"\\\"c,d\\\"@e\"], {\"x\":[1]}]");
	check("[\"${json:json}\"]", TP_PLACE_JSON, "[\"{\\\"x\\\":[1]}\"]");
	check("$$5 $${number}", TP_PLACE_TEXT, "$5 ${number}");
}

static void test_filters(void)
{
	check("${time:unix} ${time:seconds} ${time:days}", TP_PLACE_TEXT, "87401 86401 2");
	check("${time:date} ${time:rfc3339}", TP_PLACE_TEXT, "1970-01-03 1970-01-02T00:16:41Z");
	check("${past:seconds} ${past:days}", TP_PLACE_TEXT, "0 0");
	check("${list:first} ${number:base64}", TP_PLACE_TEXT, "a@b NDI=");
	check("${path:encode} ${path:encodepath}", TP_PLACE_TEXT, "a%2Fb%20c a/b%20c");
	check("${name:disposition}", TP_PLACE_TEXT,
		"attachment; filename=\"_.pdf\"; filename*=UTF-8''%C3%A9.pdf");
	check("${nasty:number}", TP_PLACE_JSON, "${nasty:number}: its value does not fit here");
	check("${nasty:json}", TP_PLACE_JSON, "${nasty:json}: its value does not fit here");
	check("${nasty:days}", TP_PLACE_TEXT, "${nasty:days}: its value does not fit here");
}

static void test_mistakes(void)
{
	check("${none}", TP_PLACE_TEXT, "${none}: no such variable");
	check("${number:upper}", TP_PLACE_TEXT, "${number}: no such filter: upper");
	check("${number", TP_PLACE_TEXT, "a $ without {name}; a dollar is written $$");
	check("$", TP_PLACE_TEXT, "a $ without {name}; a dollar is written $$");
	ok(tp_template_check(&vars, "$$ ${number} ${none}", &err) == TP_CONFIG &&
			!strcmp(err.text, "${none}: no such variable here"),
		"checked without values");
	ok(tp_template_check(&vars, "$$ ${number:days}", &err) == TP_OK, "and found good");
}

static void test_urls(void)
{
	ok(tp_is_url("https://h/%20?x=1#y"), "a URL");
	ok(!tp_is_url("javascript:x") && !tp_is_url("http://h/ x") && !tp_is_url("http://h/\"") &&
			!tp_is_url("http://h/\xc3\xa9") && !tp_is_url("http://h/\n") &&
			!tp_is_url("ftp://h/") && !tp_is_url(""),
		"what is none");
}

static void test_secrets(void)
{
	struct tp_buf out = TP_BUF_INIT(100);
	bool secret = false;

	tp_vars_set(&vars, "pass", "sesame", true, &err);
	tp_template_expand(&vars, "${number}", TP_PLACE_TEXT, &out, &secret, &err);
	ok(!secret, "no secret used");
	tp_template_expand(&vars, "${pass}", TP_PLACE_TEXT, &out, &secret, &err);
	ok(secret, "a secret used");
	ok(tp_template_expand(&vars, "${pass:number}", TP_PLACE_JSON, &out, &secret, &err) &&
			!strstr(err.text, "sesame"),
		"and not said: %s", err.text);
	tp_buf_release(&out);
}

int main(void)
{
	tp_vars_set(&vars, "nasty", "x\"/ &\n\\", false, &err);
	tp_vars_set(&vars, "path", "a/b c", false, &err);
	tp_vars_set(&vars, "url", "https://h/a?b=c", false, &err);
	tp_vars_set(&vars, "number", "42", false, &err);
	tp_vars_set(&vars, "list", "a@b, \"c,d\"@e,,", false, &err);
	tp_vars_set(&vars, "json", "{\"x\":[1]}", false, &err);
	tp_vars_set(&vars, "name", "é.pdf", false, &err);
	tp_vars_set_int(&vars, "time", 87401, &err);
	tp_vars_set_int(&vars, "past", 5, &err);
	test_places();
	test_filters();
	test_mistakes();
	test_urls();
	test_secrets();
	tp_vars_release(&vars);
	return done_testing();
}
