/*
 * The bytes of a segment (tubepost-archive(5), "Segments"). Private to segment*.c and chunk.c.
 *
 *   header     magic, version, flags, kind, number, folding, counts, places, CRC     128 bytes
 *   directory  140 bytes a chunk: its range, and place, lengths and CRC of its sections
 *   sections   rows, three columns of texts, list of frames; frames
 *   blocks     deliveries: 341 pairs of prefix and row, sorted, and a CRC            4,096 bytes
 *
 * A section, a frame, a block is a piece: sealed as a whole when the archive has a key.
 */
#ifndef TP_ARCHIVE_SEGMENT_FORM_H
#define TP_ARCHIVE_SEGMENT_FORM_H

#include "archive/segment.h"
#include "base/le.h"

#define TP_SEGMENT_MAGIC       "tpsegmnt"
#define TP_SEGMENT_VERSION     1u
#define TP_SEGMENT_SEALED      1u /* flags */
#define TP_SEGMENT_HEADER      128
#define TP_SEGMENT_ENTRY       (40 + TP_SECTIONS * TP_SEGMENT_FRAME_ENTRY)
#define TP_SEGMENT_GROUP       64  /* messages in one frame of what is shown */
#define TP_SEGMENT_BLOCK_PAIRS 341 /* of 12 bytes: 8 of the delivery, 4 of the row */
#define TP_SEGMENT_BLOCK       (TP_SEGMENT_BLOCK_PAIRS * 12)
#define TP_SEGMENT_ROW_BITS    12
#define TP_SEGMENT_PIECE_MAX   ((uint32_t)1 << 30)
#define TP_SEGMENT_FRAME_ENTRY 20
#define TP_SEGMENT_FRAME_MAX   ((size_t)64 << 20) /* of a frame, opened */

enum {
	TP_SECTION_ROWS,
	TP_SECTION_FROM, /* the columns in the order of enum tp_column */
	TP_SECTION_TO,
	TP_SECTION_SUBJECT,
	TP_SECTION_FRAMES, /* a TP_SEGMENT_FRAME_ENTRY for each group of rows */
	TP_SECTIONS,
};

struct tp_piece {
	uint64_t at;
	uint32_t stored; /* bytes in the file */
	uint32_t plain;  /* bytes once opened */
	uint32_t crc;    /* of the plain bytes; 0 when sealed */
};

struct tp_segment_chunk_entry {
	struct tp_chunk_range range;
	struct tp_piece section[TP_SECTIONS];
};

struct tp_segment {
	struct tp_archive *archive; /* NULL: in memory */
	char name[64];              /* "index/00000001.tpx", for sentences and for opening */
	enum tp_segment_kind kind;
	uint32_t number;
	bool sealed;
	uint64_t rows, of, covers;
	uint64_t bytes; /* of the file */
	uint32_t chunk_count;
	struct tp_segment_chunk_entry *chunks;
	uint64_t blocks_at;
	uint32_t block_count;
	struct tp_buf memory;
	int fd; /* a journal's stays open, for another reader may replace it; else -1 */
};

void tp_segment_name(enum tp_segment_kind kind, uint32_t number, char name[64]);
void tp_piece_put(unsigned char bytes[TP_SEGMENT_FRAME_ENTRY], const struct tp_piece *piece);
struct tp_piece tp_piece_get(const unsigned char bytes[TP_SEGMENT_FRAME_ENTRY]);

/* Opens the file for its pieces; -1 in memory. Whoever opened it closes it, if it is not the
 * segment's own. */
enum tp_status tp_segment_file(const struct tp_segment *segment, int *fd, struct tp_error *err);

/* Replaces *out by the piece's plain bytes, checked. `scratch` is for sealed ones. */
enum tp_status tp_segment_piece(const struct tp_segment *segment, int fd,
	const struct tp_piece *piece, struct tp_buf *scratch, struct tp_buf *out,
	struct tp_error *err);

/* A segment that is in memory: takes the bytes out of the buffer. */
enum tp_status tp_segment_in_memory(
	struct tp_buf *file, struct tp_segment **segment, struct tp_error *err);

/* What a sealed piece is bound to: kind, number and place. */
struct tp_segment_about {
	unsigned char bytes[24];
};
static inline uint64_t tp_segment_prefix(const unsigned char delivery[TP_SHA256_BYTES])
{
	uint64_t prefix = 0;

	for (int i = 0; i < 8; i++)
		prefix = prefix << 8 | delivery[i];
	return prefix;
}

struct tp_segment_about tp_segment_about(enum tp_segment_kind kind, uint32_t number, uint64_t at);

#endif
