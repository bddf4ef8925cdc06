/* Content-Disposition for downloads (RFC 6266), with names of any characters (RFC 8187). */
#ifndef TP_DROP_DISPOSITION_H
#define TP_DROP_DISPOSITION_H

#include "base/buf.h"

/* Appends `attachment; filename="..."`, and `filename*=UTF-8''...` when the name needs it. What a
 * header cannot hold becomes `_` in the first one. */
bool tp_drop_disposition(const char *name, struct tp_buf *out);

#endif
