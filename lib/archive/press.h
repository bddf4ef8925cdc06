/* Compression: the only module that knows zstd. */
#ifndef TP_ARCHIVE_PRESS_H
#define TP_ARCHIVE_PRESS_H

#include <stdint.h>

#include "base/buf.h"

struct tp_press_dict; /* a dictionary, ready for one level of compression and for decompression */

/* Trains a dictionary of at most `max_bytes` on `count` samples that stand one behind the other.
 * TP_NOTHING when there is too little to learn from. */
enum tp_status tp_press_train(const void *samples, const size_t *sizes, size_t count,
	size_t max_bytes, struct tp_buf *dict, struct tp_error *err);

enum tp_status tp_press_dict_new(const void *bytes, size_t len, int level,
	struct tp_press_dict **dict, struct tp_error *err);
void tp_press_dict_free(struct tp_press_dict *dict);

/* Appends one frame, its content size inside. `dict` may be NULL. */
enum tp_status tp_press(const void *bytes, size_t len, int level, const struct tp_press_dict *dict,
	struct tp_buf *out, struct tp_error *err);

/* Appends what a frame holds; TP_DATA when it is damaged, TP_LIMIT when it would be more than
 * out->max (asked before any memory is taken). */
enum tp_status tp_unpress(const void *frame, size_t len, const struct tp_press_dict *dict,
	struct tp_buf *out, struct tp_error *err);

/* Gets bytes in order, piece by piece; any status but TP_OK ends it and is passed on. */
typedef enum tp_status tp_press_sink(void *context, const char *bytes, size_t len,
	struct tp_error *err);

/* Decompresses a frame that is in memory (mapped) into `sink`. */
enum tp_status tp_unpress_stream(const void *frame, size_t len, tp_press_sink *sink, void *context,
	struct tp_error *err);

#endif
