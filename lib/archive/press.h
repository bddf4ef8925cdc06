/* Compression: the only module that knows zstd. */
#ifndef TP_ARCHIVE_PRESS_H
#define TP_ARCHIVE_PRESS_H

#include <stdint.h>

#include "base/buf.h"

/* Appends one frame, its content size inside. */
enum tp_status tp_press(
	const void *bytes, size_t len, int level, struct tp_buf *out, struct tp_error *err);

/* Appends what a frame holds; TP_DATA when it is damaged, TP_LIMIT when it would be more than
 * out->max (asked before any memory is taken). */
enum tp_status tp_unpress(const void *frame, size_t len, struct tp_buf *out, struct tp_error *err);

/* Gets bytes in order, piece by piece; any status but TP_OK ends it and is passed on. */
typedef enum tp_status tp_press_sink(
	void *context, const char *bytes, size_t len, struct tp_error *err);

/* Decompresses a frame that is in memory (mapped) into `sink`. */
enum tp_status tp_unpress_stream(
	const void *frame, size_t len, tp_press_sink *sink, void *context, struct tp_error *err);

#endif
