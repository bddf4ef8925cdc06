/*
 * Any message: text is put in, stubs are taken out, and the result must be the intended tree with
 * every part that was not edited as it was, at the latest in the last try,
 * which leaves all that is there alone. The first byte chooses
 * the position, whether signed mail is wrapped, and the text.
 */
#include "fuzz.h"

#include "mime/inject.h"
#include "mime/stub.h"

static enum tp_status gather(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	tp_buf_add(context, bytes, len);
	return tp_buf_status(context, "result", err);
}

static enum tp_status inject(const struct tp_tree *tree, const char *mail, size_t len, unsigned how,
	bool beside, bool *removed)
{
	static const char *const texts[] = { "NOTE\n", "caf\xc3\xa9 \xe6\x97\xa5\n > x\n" };
	const char *text = texts[how >> 2 & 1];
	struct tp_inject what = { text, strlen(text), text, strlen(text), how & 1, how & 2, beside,
		NULL, removed };
	struct tp_buf result = TP_BUF_INIT(SIZE_MAX - 1);
	struct tp_edits edits = TP_EDITS_INIT;
	struct tp_intent intent = TP_INTENT_INIT;
	enum tp_inject_way way;
	struct tp_error err;
	enum tp_status status;

	status = tp_inject(tree, mail, len, &what, &edits, &intent, &way, &err);
	if (!status)
		status = tp_edits_settle(&edits, len, &err);
	if (!status)
		status = tp_edits_apply(&edits, mail, len, gather, &result, &err);
	if (!status)
		status =
			tp_intent_check(&intent, tree, mail, tp_buf_str(&result), result.len, &err);
	if (status)
		fprintf(stderr, "%s\n", err.text);
	tp_buf_release(&result);
	tp_edits_release(&edits);
	tp_intent_release(&intent);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *mail = (const char *)data + 1;
	struct tp_link link;
	struct tp_tree tree;
	struct tp_error err;
	bool *removed;

	if (size < 1 || tp_tree_scan(&tree, mail, size - 1, &tp_tree_default_limits, &err))
		return 0;
	removed = calloc(tree.count, sizeof *removed);
	for (uint32_t i = 0; removed && i < tree.count; i++) {
		removed[i] = tree.parts[i].kind == TP_PART_LEAF &&
			     !tp_stub_parse(&tree, mail, i, &link, &err);
		if (removed[i])
			tp_link_release(&link);
	}
	if (inject(&tree, mail, size - 1, *data, false, removed) &&
		inject(&tree, mail, size - 1, *data, true, removed))
		MUST(!inject(&tree, mail, size - 1, *data | 2, true, NULL));
	free(removed);
	tp_tree_release(&tree);
	return 0;
}
