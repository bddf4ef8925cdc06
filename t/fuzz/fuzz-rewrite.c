/*
 * Whatever the bytes: what leaves a mail leaves stubs, and the proof of the rewritten mail holds.
 * That the proof speaks up (TP_INTERNAL) is a finding: it saves the mail, but we meant another one.
 * The first byte chooses the rules.
 */
#include "fuzz.h"

#include "../helper/fake-links.h"

static void rewrite(struct tp_detach *detach)
{
	static const unsigned char secret[TP_SECRET_BYTES] = "seal";
	struct tp_spool result = TP_SPOOL_INIT;
	struct tp_error err = { TP_OK, "" };
	enum tp_status status;

	fake_links(detach);
	status = tp_detach_restub(detach, secret, &result, &err);
	if (status == TP_INTERNAL) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	if (!status)
		tp_spool_release(&result);
	tp_detach_release(detach);
}

static void plan(const char *data, size_t len, const struct tp_tree *tree, unsigned char choice)
{
	struct tp_plan_rules rules = { .files_max = 200,
		.wrap_signed = choice & 1,
		.foreign_dkim = choice & 2,
		.name_all = choice & 4,
		.has_fit = choice & 8,
		.fit = (size_t)(choice >> 4) * 1000 };
	struct tp_plan plan;
	struct tp_error err;
	struct tp_detach detach = { .data = data, .len = len, .tree = tree, .plan = &plan };

	if (tp_plan_make(tree, data, len, &rules, &plan, &err))
		return;
	if (plan.leaving)
		rewrite(&detach);
	tp_plan_release(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *data = (const char *)bytes;
	struct tp_error err;
	struct tp_tree tree;

	if (len == 0 || tp_tree_scan(&tree, data + 1, len - 1, &tp_tree_default_limits, &err))
		return 0;
	plan(data + 1, len - 1, &tree, bytes[0]);
	tp_tree_release(&tree);
	return 0;
}
