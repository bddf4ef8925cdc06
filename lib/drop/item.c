/* Upload results: see item.h. */
#include "drop/item.h"

void tp_drop_result_release(struct tp_drop_result *result)
{
	free(result->url);
	free(result->delete_url);
	free(result->note);
	*result = (struct tp_drop_result)TP_DROP_RESULT_INIT;
}
