/*
 * Templates of any bytes, filled in with hostile values. What comes out is UTF-8 without control
 * characters that were not in the template, and in HTML no value has become markup.
 */
#include "fuzz.h"

#include "base/utf8.h"
#include "mime/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char mail[] = "From: \"<i>\" <z@x>\nSubject: =?utf-8?q?<i>=22'?= \xff\n\n";
	struct tp_link link = { .name = (char *)"<i>\"'&\x1b.pdf",
		.type = (char *)"a/b",
		.url = (char *)"https://x/<i>\"'",
		.size_bytes = 1234567,
		.expires = 1797724800 };
	struct tp_template_facts facts = { &link, 1, "fr", NULL, mail };
	struct tp_buf out = TP_BUF_INIT(1 << 22);
	struct tp_template *compiled = NULL;
	struct tp_tree tree;
	struct tp_error err;
	const char *text = (const char *)data;
	bool html;

	if (size < 1 || tp_tree_scan(&tree, mail, sizeof mail - 1, &tp_tree_default_limits, &err))
		return 0;
	facts.tree = &tree;
	html = *text & 1;
	if (!tp_template_compile("t", text + 1, size - 1, html, &compiled, &err) &&
		!tp_template_render(compiled, &facts, &out, &err)) {
		MUST(!tp_utf8_valid(text + 1, size - 1) ||
			tp_utf8_valid(tp_buf_str(&out), out.len));
		MUST(!html || memmem(text + 1, size - 1, "<i", 2) ||
			!strstr(tp_buf_str(&out), "<i>"));
	}
	tp_template_free(compiled);
	tp_buf_release(&out);
	tp_tree_release(&tree);
	return 0;
}
