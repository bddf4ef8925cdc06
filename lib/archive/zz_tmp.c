#include "archive/seal.h"
#include "base/file.h"
enum tp_status tp_seal_lock(struct tp_archive *archive, bool wait, int *fd, struct tp_error *err)
{
	char p[5000];
	snprintf(p, sizeof p, "%s/seal.lock", archive->path);
	return tp_lock(p, wait ? -1 : 0, fd, err);
}
