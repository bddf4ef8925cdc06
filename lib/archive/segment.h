/*
 * Index segments: what is needed to find the messages of one pack, in columns that are scanned.
 *
 * Finding is a scan, not a search tree: folded texts of a million messages are some tens of
 * megabytes, which a vectorised search passes in milliseconds, for substrings of any length, with
 * nothing to maintain but one immutable file a pack. Rejected: SQLite FTS5 with trigrams (no
 * patterns under three characters, 130 to 460 bytes a row, a write-ahead log that would have to be
 * scrubbed at each erasure, and a writer's lock for every put).
 *
 * A segment is a header and chunks of up to 4,096 messages in order of arrival; each chunk has its
 * columns and texts together, with a CRC-32C, sealed when the archive has a key. A chunk's header
 * holds the range of its arrivals and sizes, so whole chunks are passed over. A pack's segment is
 * made with it, or again from it; journals are indexed in memory when they are read.
 */
#ifndef TP_ARCHIVE_SEGMENT_H
#define TP_ARCHIVE_SEGMENT_H

#include "archive/archive.h"
#include "archive/record.h"

#define TP_SEGMENT_CHUNK 4096

/* A chunk being looked at; all pointers are borrowed from it. Rows are in order of arrival. */
struct tp_chunk {
	size_t count;
	const int64_t *arrival_ms;
	const uint64_t *size_bytes;
	const char (*id)[TP_ID_LEN];
	const uint8_t *erased;
	/* folded texts: row i's are text[offset[i], offset[i + 1]), without separators */
	const uint32_t *from_offset, *to_offset, *subject_offset;
	const char *from, *to, *subject; /* from: header and envelope; to: To, Cc and envelope */
};

struct tp_segment;
enum tp_status tp_segment_open(struct tp_archive *archive, uint32_t number,
	struct tp_segment **segment, struct tp_error *err); /* TP_NOINPUT, TP_DATA: make it again */
void tp_segment_close(struct tp_segment *segment);
size_t tp_segment_chunks(const struct tp_segment *segment);
enum tp_status tp_segment_chunk(struct tp_segment *segment, size_t i, struct tp_chunk *chunk,
	struct tp_error *err); /* stays until the next call */

/* Builds chunks from records, in any order of arrival given; writes them as segment `number`
 * (aside, fsync, rename), or gives the rows of a journal in memory. */
struct tp_segment_builder;
enum tp_status tp_segment_builder_new(struct tp_segment_builder **builder, struct tp_error *err);
enum tp_status tp_segment_builder_add(struct tp_segment_builder *builder,
	const struct tp_record *record, bool erased, struct tp_error *err);
enum tp_status tp_segment_builder_write(struct tp_segment_builder *builder,
	struct tp_archive *archive, uint32_t number, struct tp_error *err);
enum tp_status tp_segment_builder_view(struct tp_segment_builder *builder,
	struct tp_segment **segment, struct tp_error *err);
void tp_segment_builder_free(struct tp_segment_builder *builder);

/* The row of a delivery in a segment: TP_NOTHING when it is not there. Fast: sorted prefixes. */
enum tp_status tp_segment_find_delivery(struct tp_segment *segment,
	const unsigned char delivery[TP_SHA256_BYTES], char id[TP_ID_LEN + 1], struct tp_error *err);

#endif
