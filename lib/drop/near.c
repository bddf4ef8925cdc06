/* Temporary files where the store is: see near.h. */
#include "drop/near.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* ROOT/tmp as the store itself would make it (store_dir.c): ROOT for the web server to enter, tmp for
 * nobody else. What goes wrong here the store will meet again, and say. */
static void make_folders(const char *root, const char *tmp)
{
	bool made = access(root, F_OK) != 0;

	if (!tp_mkdirs(root, 0755, NULL) && made)
		chmod(root, 0755);
	mkdir(tmp, 0700);
}

static enum tp_status find_root(
	const struct tp_conf *conf, struct tp_buf *root, struct tp_error *err)
{
	const char *store = tp_conf_str(conf, "drop.store");

	if (!store)
		return tp_conf_state_path(conf, "drop", root, err);
	if (!strncmp(store, "dir:", 4))
		tp_buf_adds(root, store + 4);
	return tp_buf_status(root, "store", err);
}

enum tp_status tp_near_tmpfile(
	const struct tp_conf *conf, int *fd, bool *near, struct tp_error *err)
{
	struct tp_buf root = TP_BUF_INIT(65536), tmp = TP_BUF_INIT(65536);
	enum tp_status status = find_root(conf, &root, err);

	*fd = -1;
	if (!status && root.len && tp_buf_addf(&tmp, "%s/tmp", root.data)) {
		/* Without O_EXCL, which would forbid to name it later. */
		*fd = open(tmp.data, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (*fd < 0 && errno == ENOENT) {
			make_folders(root.data, tmp.data);
			*fd = open(tmp.data, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		}
	}
	*near = *fd >= 0;
	tp_buf_release(&root);
	tp_buf_release(&tmp);
	if (status || *near)
		return status;
	return tp_tmpfile(fd, err);
}
