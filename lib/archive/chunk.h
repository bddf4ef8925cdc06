/*
 * One chunk of a segment at a time, section by section, each read when it is asked for, checked and
 * (with a key) opened into a buffer that the next chunk uses again. A thread has a reader of its own.
 * Nothing that is read is trusted: after TP_OK every index and offset is within its bounds.
 */
#ifndef TP_ARCHIVE_CHUNK_H
#define TP_ARCHIVE_CHUNK_H

#include "archive/segment.h"

enum tp_column {
	TP_COLUMN_FROM, /* From and envelope sender */
	TP_COLUMN_TO,   /* To, Cc and envelope recipients */
	TP_COLUMN_SUBJECT,
	TP_COLUMNS,
};

/* Rows are in order of arrival, then of id. */
struct tp_rows {
	size_t count;
	const int64_t *arrival_ms;
	const uint64_t *size_bytes;
	const uint64_t *at;   /* index in the pack, or offset in the journal */
	const uint32_t *tail; /* what the id ends in (archive/record.h) */
	const uint8_t *erased;
};

/* The folded texts of a column, each different one once: senders and subjects repeat. A text's
 * pieces (header, envelope) have a tab between them, and a line end stands behind each text: neither
 * is ever in a folded needle, so no hit goes over an edge. */
struct tp_texts {
	size_t count;
	const char *bytes;
	const uint32_t
		*offset; /* text t is bytes[offset[t], offset[t + 1]), its line end included */
	const uint16_t *of_row; /* row i has text of_row[i] */
};

struct tp_chunk;
enum tp_status tp_chunk_new(struct tp_chunk **chunk, struct tp_error *err);
void tp_chunk_free(struct tp_chunk *chunk);

/* Turns to a chunk; reads nothing yet. The segment is borrowed until the next turn. */
void tp_chunk_turn(struct tp_chunk *chunk, struct tp_segment *segment, size_t number);

/* What these give is borrowed and stays until the next turn. TP_DATA, TP_NOINPUT, TP_IO. */
enum tp_status tp_chunk_rows(struct tp_chunk *chunk, struct tp_rows *rows, struct tp_error *err);
enum tp_status tp_chunk_texts(struct tp_chunk *chunk, enum tp_column column, struct tp_texts *texts,
	struct tp_error *err);

/* What a list shows of a row: id, arrival, size, the texts as they were, the envelope. The rest of
 * the record stays empty. `record` is released first, and is the caller's to release. */
enum tp_status tp_chunk_record(
	struct tp_chunk *chunk, size_t row, struct tp_record *record, struct tp_error *err);

#endif
