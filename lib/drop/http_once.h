/* What http_retry.c asks of http.c. Private to lib/drop. */
#ifndef TP_DROP_HTTP_ONCE_H
#define TP_DROP_HTTP_ONCE_H

#include "drop/http.h"
#include "drop/patience.h"

struct tp_patience *tp_http_patience(struct tp_http *http);

/* One request with its redirects. *sent tells whether the server may have seen it. */
enum tp_status tp_http_once(struct tp_http *http, const struct tp_http_request *request,
	struct tp_http_answer *answer, bool *sent, struct tp_error *err);

#endif
