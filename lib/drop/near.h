/*
 * Unnamed temporary files where the store is, so that a folder store can give them a name instead
 * of copying them: 86 MB of attachments are then written once, not twice.
 */
#ifndef TP_DROP_NEAR_H
#define TP_DROP_NEAR_H

#include "base/conf.h"

/* Opens an unnamed file for reading and writing, close-on-exec: in ROOT/tmp when `drop.store` is a
 * folder (made when missing), else, or when that fails, in $TMPDIR. *near tells which. */
enum tp_status tp_near_tmpfile(
	const struct tp_conf *conf, int *fd, bool *near, struct tp_error *err);

#endif
