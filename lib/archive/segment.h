/*
 * Index segments: what is needed to find the messages of one pack and to show them in a list, in
 * columns that are scanned.
 *
 * Finding is a scan, not a search tree: folded texts of a million messages are some tens of
 * megabytes, which a vectorised search passes in milliseconds, for substrings of any length, with
 * nothing to maintain but one immutable file a pack. Rejected: SQLite FTS5 with trigrams (no
 * patterns under three characters, 130 to 460 bytes a row, a write-ahead log that would have to be
 * scrubbed at each erasure, and a writer's lock for every put); mapping the files (the faults of
 * two threads on one map cost more than copying into a buffer that stays in the cache, and a file
 * cut short would be a signal).
 *
 * A segment is a header, a directory and chunks of up to 4,096 messages. The directory holds the
 * range of arrivals and sizes of each chunk, so whole chunks are passed over. A chunk has sections
 * (archive/chunk.h), each with a CRC-32C, or sealed when the archive has a key, that are read when
 * they are asked for. A pack's segment is made with it, or again from it. A journal has one for its
 * beginning once it is long (the rest is indexed in memory when it is read).
 */
#ifndef TP_ARCHIVE_SEGMENT_H
#define TP_ARCHIVE_SEGMENT_H

#include "archive/archive.h"
#include "archive/record.h"

#define TP_SEGMENT_CHUNK 4096

enum tp_segment_kind {
	TP_SEGMENT_PACK,    /* index/NNNNNNNN.tpx */
	TP_SEGMENT_JOURNAL, /* index/NNNNNNNN.tpi */
	TP_SEGMENT_DISC,    /* disc/NNNNNNNN.tpx: of mail that left on that disc of the ledger */
};

/* What the directory says of a chunk. */
struct tp_chunk_range {
	uint32_t count;
	int64_t first_ms, last_ms;        /* of arrivals, both inclusive */
	uint64_t least_bytes, most_bytes; /* of sizes, both inclusive */
};

/* A row of a segment. */
struct tp_row {
	uint32_t chunk, row;
};

struct tp_segment;
/* Reads header and directory; no file stays open. TP_NOINPUT: there is none; TP_DATA: damaged, or of
 * another version: make it again. TP_CONFIG: the archive is encrypted and has no key. */
enum tp_status tp_segment_open(struct tp_archive *archive, uint32_t number,
	struct tp_segment **segment, struct tp_error *err);
enum tp_status tp_segment_open_kind(struct tp_archive *archive, enum tp_segment_kind kind,
	uint32_t number, struct tp_segment **segment, struct tp_error *err);
void tp_segment_close(struct tp_segment *segment);
size_t tp_segment_chunks(const struct tp_segment *segment);
const struct tp_chunk_range *tp_segment_range(const struct tp_segment *segment, size_t chunk);
uint64_t tp_segment_rows(const struct tp_segment *segment);
/* What a journal's segment was made of: `of` its identity, `covers` bytes of it. */
uint64_t tp_segment_covers(const struct tp_segment *segment, uint64_t *of);

/* Builds chunks from records, in any order; those of one chunk are put in order of arrival. */
struct tp_segment_builder;
enum tp_status tp_segment_builder_new(struct tp_segment_builder **builder, struct tp_error *err);
/* The next message of the pack: index 0, 1, 2... An erased one keeps its id and arrival, nothing
 * else. */
enum tp_status tp_segment_builder_add(struct tp_segment_builder *builder,
	const struct tp_record *record, bool erased, struct tp_error *err);
/* The same at a place of its own: an offset in a journal. */
enum tp_status tp_segment_builder_add_at(struct tp_segment_builder *builder,
	const struct tp_record *record, bool erased, uint64_t at, struct tp_error *err);
/* Writes a pack's segment: complete and synced, or not there. It takes the place of an older one. */
enum tp_status tp_segment_builder_write(struct tp_segment_builder *builder,
	struct tp_archive *archive, uint32_t number, struct tp_error *err);
enum tp_status tp_segment_builder_write_kind(struct tp_segment_builder *builder,
	struct tp_archive *archive, enum tp_segment_kind kind, uint32_t number, uint64_t of,
	uint64_t covers, struct tp_error *err);
/* The rows in memory, without a file. The builder is good for nothing
 * but to be freed afterwards, as after a write. */
enum tp_status tp_segment_builder_view(
	struct tp_segment_builder *builder, struct tp_segment **segment, struct tp_error *err);
void tp_segment_builder_free(struct tp_segment_builder *builder);

/* Overwrites and unlinks a segment; a missing one is fine. What was erased from a pack or a journal
 * must leave its segment too, and a journal's goes with the journal. */
enum tp_status tp_segment_drop(struct tp_archive *archive, enum tp_segment_kind kind,
	uint32_t number, struct tp_error *err);

/* Reads and checks every section of a segment; TP_DATA names the first that is damaged. */
enum tp_status tp_segment_verify(struct tp_segment *segment, struct tp_error *err);

/* The row of a delivery that is not erased: TP_NOTHING when it is not there. One read of 4 KiB:
 * sorted prefixes of 8 bytes, whose blocks are guessed from the prefix. Two deliveries may share a
 * prefix: who must be sure compares the record. */
enum tp_status tp_segment_find_delivery(struct tp_segment *segment,
	const unsigned char delivery[TP_SHA256_BYTES], struct tp_row *row, struct tp_error *err);

/* Gives the first 8 bytes of every delivery that is in it and not erased, as a number whose first byte is
 * the highest, in that order. Ends at the first `each` that fails, with its status. */
typedef enum tp_status tp_segment_each(void *context, uint64_t prefix, struct tp_error *err);
enum tp_status tp_segment_deliveries(
	struct tp_segment *segment, tp_segment_each *each, void *context, struct tp_error *err);

#endif
