/*
 * JSON of any bytes. What is read can be written and read again, to the same; what is written from
 * any bytes is JSON.
 */
#include "fuzz.h"

#include "base/json.h"

static void check_pointers(const struct tp_json *doc)
{
	static const char *const pointers[] = { "", "/", "/0", "/a", "/a/0/b", "/~0/~1", "x" };
	struct tp_buf out = TP_BUF_INIT(1 << 24);

	for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
		tp_json_get(doc, pointers[i], &out);
		tp_json_raw(doc, pointers[i], &out);
	}
	tp_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tp_buf first = TP_BUF_INIT(1 << 24), second = TP_BUF_INIT(1 << 24);
	struct tp_json *doc = NULL, *again = NULL;
	struct tp_error err;

	if (!tp_json_parse((const char *)data, size, &doc, &err)) {
		check_pointers(doc);
		MUST(tp_json_raw(doc, "", &first));
		MUST(!tp_json_parse(tp_buf_str(&first), first.len, &again, &err));
		MUST(tp_json_raw(again, "", &second));
		MUST(first.len == second.len && !memcmp(first.data, second.data, first.len));
		tp_json_free(again);
	}
	tp_json_free(doc);
	tp_buf_clear(&first);
	/* jansson refuses a NUL inside of a string. */
	if (!memchr(data, '\0', size) && tp_json_string(&first, (const char *)data, size)) {
		MUST(!tp_json_parse(tp_buf_str(&first), first.len, &doc, &err));
		tp_json_free(doc);
	}
	tp_buf_release(&first);
	tp_buf_release(&second);
	return 0;
}
