/*
 * A part's content, decoded piece by piece straight from the mapped message: memory stays flat
 * whatever the part's size.
 */
#ifndef TP_MIME_CONTENT_H
#define TP_MIME_CONTENT_H

#include "mime/codec.h"

/* Gets the decoded bytes in order, in pieces of at most a few hundred KiB. Any status but TP_OK ends
 * the reading and is passed on. */
typedef enum tp_status tp_content_sink(
	void *context, const char *bytes, size_t len, struct tp_error *err);

enum tp_status tp_content_read(const char *data, struct tp_range range, enum tp_encoding encoding,
	tp_content_sink *sink, void *context, struct tp_error *err);

#endif
