/*
 * A pack that is open: its tables read and checked. Pieces are read when they are wanted; the file is
 * not mapped, for a sector that cannot be read would then be a signal. Private to pack_*.c.
 */
#ifndef TP_ARCHIVE_PACK_IN_H
#define TP_ARCHIVE_PACK_IN_H

#include "archive/pack_group.h"

struct tp_pack_block {
	struct tp_pack_piece piece;
	uint64_t begin; /* in the stream */
};

/* Who reads contents in the order of the blocks comes back to each group many times: as many are kept
 * as the packs of common mail have. */
#define TP_PACK_GROUPS_KEPT 64

struct tp_pack_group_slot {
	struct tp_pack_group group;
	uint32_t index;
	uint64_t used; /* when, on the pack's own clock; 0: empty */
};

struct tp_pack {
	struct tp_archive *archive;
	enum tp_tier tier;
	int fd;
	struct tp_pack_header header;
	struct tp_pack_block *blocks;
	struct tp_pack_group_place *groups;
	uint32_t *journals;
	struct tp_pack_group_slot *kept; /* groups looked at lately; NULL until there is one */
	uint64_t clock;
	struct tp_pack_group *group; /* the last of them */
	struct tp_buf stored;        /* the piece last read */
	uint64_t stored_at;          /* where that is; 0: none */
};

/* Bytes of the file: all, or TP_IO. */
enum tp_status tp_pack_pread(
	struct tp_pack *pack, uint64_t at, void *bytes, size_t len, struct tp_error *err);
/* Makes pack->group the one with that index. */
enum tp_status tp_pack_load_group(struct tp_pack *pack, uint32_t index, struct tp_error *err);
uint32_t tp_pack_group_size(const struct tp_pack *pack, uint32_t index);
/* The entry of message i, borrowed until the next. TP_DATA also when its place is not in the
 * stream. */
enum tp_status tp_pack_entry(
	struct tp_pack *pack, size_t i, const struct tp_pack_entry **entry, struct tp_error *err);

/* The index of the block in which the byte `at` of the stream is; at < header.stream_bytes. */
uint32_t tp_pack_block_at(const struct tp_pack *pack, uint64_t at);
/* The raw bytes of a block, borrowed until the next call. A damaged one may give its beginning,
 * bytes->len saying how much, and TP_DATA. */
enum tp_status tp_pack_block_read(
	struct tp_pack *pack, uint32_t index, const struct tp_buf **bytes, struct tp_error *err);
/* The bytes [begin, begin + len) of the stream, which are in it, to `sink`. */
enum tp_status tp_pack_stream(struct tp_pack *pack, uint64_t begin, uint64_t len,
	tp_press_sink *sink, void *context, struct tp_error *err);
/* The piece's stored bytes, borrowed until the next piece is read. TP_IO. */
enum tp_status tp_pack_piece_read(struct tp_pack *pack, const struct tp_pack_piece *piece,
	const struct tp_buf **stored, struct tp_error *err);
/* TP_DATA when they have not the checksum that the table says. `what` and `index` are for the
 * sentence. */
enum tp_status tp_pack_piece_check(struct tp_pack *pack, const char *what, uint32_t index,
	const struct tp_pack_piece *piece, struct tp_error *err);

/* --- the cache of blocks, one an archive ------------------------------------------------------ */

/* The block's bytes if they are there, else a place for them (*bytes is then empty), into which the
 * least wanted ones made room. */
struct tp_buf *tp_pack_cache_get(
	struct tp_archive *archive, const struct tp_pack *pack, uint32_t index);
/* The pack goes, and what is kept of it. */
void tp_pack_cache_drop(struct tp_archive *archive, const struct tp_pack *pack);

#endif
