/* What segment_build.c gathers and segment_write.c writes. Private to these two. */
#ifndef TP_ARCHIVE_SEGMENT_BUILDER_H
#define TP_ARCHIVE_SEGMENT_BUILDER_H

#include "archive/chunk.h"
#include "archive/segment_form.h"

#define TP_COLUMN_SLOTS (2 * TP_SEGMENT_CHUNK)

struct tp_build_row {
	int64_t arrival_ms;
	uint64_t size_bytes, at, prefix;
	size_t shown, shown_len; /* range of builder.shown */
	uint16_t text[TP_COLUMNS];
	uint8_t erased;
	uint32_t tail;
};

/* The different texts of a column, found by hash. */
struct tp_build_column {
	struct tp_buf bytes;
	uint32_t count;
	uint32_t offset[TP_SEGMENT_CHUNK + 1];
	uint32_t hash[TP_SEGMENT_CHUNK];
	uint16_t slot[TP_COLUMN_SLOTS]; /* number of a text + 1; 0: empty */
};

struct tp_delivery_row {
	uint64_t prefix;
	uint32_t row;
};

/* A chunk that is laid down: pieces with their places in `out`. */
struct tp_laid {
	struct tp_chunk_range range;
	struct tp_piece section[TP_SECTIONS];
	size_t first_frame;
	uint32_t frames;
};

struct tp_segment_builder {
	struct tp_build_row *rows; /* of the chunk being gathered */
	size_t count;
	struct tp_build_column *column;
	struct tp_buf shown, folded, frame;
	uint64_t added;
	/* what is laid down */
	struct tp_buf out;
	struct tp_laid *laid;
	size_t laid_count, laid_cap;
	struct tp_piece *frames;
	size_t frame_count, frame_cap;
	struct tp_delivery_row *deliveries;
	size_t delivery_count, delivery_cap;
};

/* Ends the chunk that is being gathered. */
enum tp_status tp_segment_builder_lay(struct tp_segment_builder *b, struct tp_error *err);

#endif
