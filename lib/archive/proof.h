/* Is a message what it was? Put together from skeleton and blobs, and compared with its hash. */
#ifndef TP_ARCHIVE_PROOF_H
#define TP_ARCHIVE_PROOF_H

#include "archive/archive.h"
#include "archive/press.h"
#include "archive/record.h"
#include "archive/split.h"

/* Gives the skeleton to a sink. */
typedef enum tp_status tp_proof_source(
	void *source, tp_press_sink *sink, void *context, struct tp_error *err);

/* TP_DATA: it is not. What `skeleton` or a blob fails with comes back. */
enum tp_status tp_prove(struct tp_archive *archive, const struct tp_record *record,
	const struct tp_split *split, tp_proof_source *skeleton, void *source,
	struct tp_error *err);

#endif
