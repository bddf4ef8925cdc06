/* Finishing what an eraser that died had begun: see erase.h. */
#include <unistd.h>

#include "archive/erase.h"
#include "archive/seal.h"
#include "base/diag.h"

enum tp_status tp_erase_finish_held(struct tp_archive *archive, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = tp_erase_pending(archive, err);
	size_t erased;

	if (status)
		return status == TP_NOTHING ? TP_OK : status;
	status = tp_erase_held(archive, NULL, 0, NULL, NULL, &erased, &why);
	if (status == TP_DATA && tp_erase_pending(archive, NULL) == TP_NOTHING) {
		tp_notice("%s", why.text);
		return TP_OK;
	}
	return status ? tp_fail(err, status, "an erasure is not finished: %s", why.text) : TP_OK;
}

enum tp_status tp_erase_finish(struct tp_archive *archive, struct tp_error *err)
{
	int lock;
	enum tp_status status = tp_erase_pending(archive, err);

	if (status)
		return status == TP_NOTHING ? TP_OK : status;
	status = tp_seal_lock(archive, true, &lock, err);
	if (status)
		return tp_error_prefix(err, "an erasure is not finished");
	status = tp_erase_finish_held(archive, err);
	close(lock);
	return status;
}

enum tp_status tp_erase_pending(struct tp_archive *archive, struct tp_error *err)
{
	if (faccessat(archive->dir, "erasing", F_OK, 0))
		return TP_NOTHING;
	return TP_OK;
}
