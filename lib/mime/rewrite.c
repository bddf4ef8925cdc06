/* Rendering, and the proof of it: see rewrite.h. */
#include "mime/rewrite.h"

static enum tp_status to_spooler(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	return tp_spooler_add(context, bytes, len, err);
}

enum tp_status tp_rewrite(const struct tp_tree *tree, const char *data, size_t len,
	struct tp_edits *edits, const struct tp_intent *intent, struct tp_spool *result,
	struct tp_error *err)
{
	struct tp_spooler spooler = TP_SPOOLER_INIT;
	enum tp_status status = tp_edits_settle(edits, len, err);

	if (!status)
		status = tp_edits_apply(edits, data, len, to_spooler, &spooler, err);
	if (!status)
		status = tp_spooler_finish(&spooler, result, err);
	tp_spooler_release(&spooler);
	if (status)
		return status;
	status = tp_intent_check(intent, tree, data, result->data, result->len, err);
	if (status)
		tp_spool_release(result);
	return status;
}
