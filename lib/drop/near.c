/* Temporary files where the store is: see near.h. */
#include "drop/near.h"

#include <fcntl.h>

#include "base/file.h"

enum tp_status tp_near_tmpfile(const struct tp_conf *conf, int *fd, struct tp_error *err)
{
	const char *store = tp_conf_str(conf, "drop.store");
	struct tp_buf folder = TP_BUF_INIT(65536);
	enum tp_status status = TP_OK;

	*fd = -1;
	if (!store)
		status = tp_conf_state_path(conf, "drop/tmp", &folder, err);
	else if (!strncmp(store, "dir:", 4))
		tp_buf_addf(&folder, "%s/tmp", store + 4);
	/* Without O_EXCL, which would forbid to name it later. The store's first file, and a store
	 * that is in trouble, go by $TMPDIR; the store then says what is wrong. */
	if (!status && !folder.status && folder.len)
		*fd = open(folder.data, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	tp_buf_release(&folder);
	if (status || *fd >= 0)
		return status;
	return tp_tmpfile(fd, err);
}
