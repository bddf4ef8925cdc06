/* Sealing by a process of its own, so that no mail waits for it. */
#ifndef TP_ARCHIVE_PUT_SEAL_H
#define TP_ARCHIVE_PUT_SEAL_H

#include "archive/archive.h"

/* Starts `archive-rotate --seal` for the archive, apart from us: it outlives us, has none of our files,
 * and yields the processor to others. `config` (may be NULL) is the configuration file. Does nothing
 * when somebody seals already; a failure is no matter, for the next put or the nightly rotation
 * will try again. */
void tp_put_seal_later(struct tp_archive *archive, const char *config);

#endif
