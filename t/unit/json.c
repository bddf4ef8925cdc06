/* base/json: what is written is JSON, what is read is bounded. */
#include "base/json.h"
#include "tap.h"

static struct tp_error err;

static const char *get(const char *text, const char *pointer)
{
	static struct tp_buf out = TP_BUF_INIT(1 << 20);
	struct tp_json *doc = NULL;
	bool found;

	tp_buf_clear(&out);
	if (tp_json_parse(text, strlen(text), &doc, &err))
		return "(no JSON)";
	found = tp_json_get(doc, pointer, &out);
	tp_json_free(doc);
	return found ? tp_buf_str(&out) : "(nothing)";
}

static void test_write(void)
{
	struct tp_buf out = TP_BUF_INIT(1 << 20);

	tp_buf_addc(&out, '{');
	tp_json_pair(&out, "a", "q\"b\\s\n\t\x01\x7f é");
	tp_json_pair(&out, "n", NULL);
	tp_json_pair_int(&out, "i", INT64_MIN);
	tp_json_pair_bool(&out, "b", true);
	tp_buf_addc(&out, '}');
	ok(!strcmp(tp_buf_str(&out), "{\"a\":\"q\\\"b\\\\s\\n\\t\\u0001\\u007f é\",\"n\":null,"
				     "\"i\":-9223372036854775808,\"b\":true}"),
		"an object: %s", tp_buf_str(&out));
	tp_buf_clear(&out);
	tp_json_string(&out, "a\xff\xc3", 3);
	ok(!strcmp(tp_buf_str(&out), "\"a\xef\xbf\xbd\xef\xbf\xbd\""), "invalid UTF-8 is replaced");
	tp_buf_clear(&out);
	tp_json_string(&out, "a\0b", 3);
	ok(!strcmp(tp_buf_str(&out), "\"a\\u0000b\""), "a NUL is written as an escape");
	tp_buf_release(&out);
}

static void test_read(void)
{
	const char *doc = "{\"a\":{\"b\":[10,{\"c\":\"\\u00e9\"}],\"x/y\":1,\"~\":2,\"\":3},"
			  "\"t\":true,\"n\":null,\"r\":1.5}";
	struct tp_json *parsed;
	struct tp_buf raw = TP_BUF_INIT(1000);

	ok(!strcmp(get(doc, "/a/b/1/c"), "é"), "a string, deep");
	ok(!strcmp(get(doc, "/a/b/0"), "10"), "a number");
	ok(!strcmp(get(doc, "/a/x~1y"), "1") && !strcmp(get(doc, "/a/~0"), "2"), "escaped tokens");
	ok(!strcmp(get(doc, "/a/"), "3"), "an empty key");
	ok(!strcmp(get(doc, "/t"), "true") && !strcmp(get(doc, "/r"), "1.5"), "true, and 1.5");
	ok(!strcmp(get(doc, "/a/b/01"), "(nothing)") && !strcmp(get(doc, "/a/b/-"), "(nothing)") &&
			!strcmp(get(doc, "/a/b/99999999999999999999"), "(nothing)"),
		"no such index");
	ok(!strcmp(get(doc, "/n"), "(nothing)") && !strcmp(get(doc, "/a"), "(nothing)") &&
			!strcmp(get(doc, "a"), "(nothing)") &&
			!strcmp(get(doc, "/a/b/0/z"), "(nothing)"),
		"null, objects, bad pointers and paths through scalars give nothing");
	ok(!strcmp(get("\"x\"", ""), "x"), "a document may be a scalar");
	tp_json_parse(doc, strlen(doc), &parsed, &err);
	ok(tp_json_raw(parsed, "/a/b", &raw) && !strcmp(tp_buf_str(&raw), "[10,{\"c\":\"é\"}]"),
		"raw: %s", tp_buf_str(&raw));
	tp_json_free(parsed);
	tp_buf_release(&raw);
}

static void test_bounds(void)
{
	struct tp_json *doc = NULL;
	char deep[400];
	char *large = malloc(9 << 20);

	memset(deep, '[', 65);
	memset(deep + 65, ']', 65);
	ok(tp_json_parse(deep, 130, &doc, &err) == TP_LIMIT && !doc, "65 levels: %s", err.text);
	ok(tp_json_parse(deep + 1, 128, &doc, &err) == TP_OK, "64 levels are fine");
	tp_json_free(doc);
	memset(large, ' ', 9 << 20);
	ok(tp_json_parse(large, 9 << 20, &doc, &err) == TP_LIMIT, "9 MiB: %s", err.text);
	free(large);
	ok(tp_json_parse("{\"secret\"\n:sesame}", 18, &doc, &err) == TP_DATA &&
			!strstr(err.text, "sesame") && strstr(err.text, "line 2"),
		"bad JSON: %s", err.text);
	ok(tp_json_parse("[1] x", 5, &doc, &err) == TP_DATA, "something behind the document");
	ok(tp_json_parse("", 0, &doc, &err) == TP_DATA, "nothing at all");
}

int main(void)
{
	test_write();
	test_read();
	test_bounds();
	return done_testing();
}
