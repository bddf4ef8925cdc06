/* A query made ready, from query.c to query_run.c. Private to query*.c. */
#ifndef TP_ARCHIVE_QUERY_RUN_H
#define TP_ARCHIVE_QUERY_RUN_H

#include "archive/query_scan.h"

/* *compiled must be all zero; released in any case. */
enum tp_status tp_compile(
	const struct tp_query_terms *asked, struct tp_compiled *compiled, struct tp_error *err);
void tp_compiled_release(struct tp_compiled *compiled);

#endif
