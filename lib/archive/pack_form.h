/*
 * The bytes of a pack (tubepost-archive(5), "Packs"): header, blocks, groups, tables. Private to
 * pack_*.c.
 *
 *   header   sizes, hashes, checksums                                    168 bytes
 *   blocks   the skeletons one behind the other, cut into frames
 *   groups   the directory: facts of up to 256 messages in a frame
 *   tables   where blocks and groups are, which journals the pack replaced
 *
 * The skeletons make one stream, in an order that puts like beside like (pack_write.c), cut into
 * blocks of up to 2 MiB; a message that is larger than a block goes on in the next. So a message of
 * any size needs no more memory than any other, and erasing one is writing zeros over its part of
 * the stream: nobody else's place changes.
 *
 * There is no dictionary. With blocks of 2 MiB in that order one saves nothing that it does not cost
 * (0.188 of the SpamAssassin corpus without, 256 KiB with one 0.202), and a dictionary made of mail
 * keeps pieces of messages that somebody wants erased.
 */
#ifndef TP_ARCHIVE_PACK_FORM_H
#define TP_ARCHIVE_PACK_FORM_H

#include "archive/archive.h"
#include "archive/pack.h"

#define TP_PACK_HEADER      168
#define TP_PACK_BLOCK_ENTRY 20
#define TP_PACK_GROUP_ENTRY 40
#define TP_PACK_GROUP_COUNT 256               /* messages in a group */
#define TP_PACK_GROUP_BYTES ((size_t)1 << 20) /* a group that has these is full, too */
#define TP_PACK_GROUP_MAX   ((size_t)1 << 30) /* and none is larger than this */
#define TP_PACK_DIGITS      8                 /* of a number in a name */

struct tp_pack_header {
	uint32_t number;
	bool encrypted;
	uint64_t file_bytes, stream_bytes;
	uint32_t messages, blocks, groups, journals;
	uint64_t tables_at;
	unsigned char root[TP_SHA256_BYTES];   /* Merkle root over the messages */
	unsigned char before[TP_SHA256_BYTES]; /* link of the pack before; zeros in the first */
	unsigned char link[TP_SHA256_BYTES];   /* over number, messages, before and root */
	uint32_t tables_crc;
};

/* A frame in the file. */
struct tp_pack_piece {
	uint64_t at;
	uint32_t stored_bytes, raw_bytes;
	uint32_t crc; /* CRC-32C of the stored bytes */
};

struct tp_pack_group_place {
	struct tp_pack_piece piece;
	uint32_t first;         /* message */
	char id[TP_ID_LEN + 1]; /* of that message */
};

void tp_pack_header_write(const struct tp_pack_header *header, unsigned char bytes[TP_PACK_HEADER]);
/* TP_DATA says what is wrong. */
enum tp_status tp_pack_header_read(const unsigned char *bytes, uint64_t file_bytes,
	struct tp_pack_header *header, struct tp_error *err);

bool tp_pack_block_entry_add(const struct tp_pack_piece *piece, struct tp_buf *out);
void tp_pack_block_entry_read(const unsigned char *bytes, struct tp_pack_piece *piece);
bool tp_pack_group_entry_add(const struct tp_pack_group_place *place, struct tp_buf *out);
void tp_pack_group_entry_read(const unsigned char *bytes, struct tp_pack_group_place *place);

/* The hash that the next pack carries as `before`. */
enum tp_status tp_pack_make_link(const struct tp_pack_header *header,
	unsigned char link[TP_SHA256_BYTES], struct tp_error *err);

/* "pack/00000001.tpp" and what `suffix` says behind it. */
struct tp_pack_name {
	char text[64];
};
struct tp_pack_name tp_pack_name(const char *folder, uint32_t number, const char *suffix);

/* --- pieces ----------------------------------------------------------------------------------- */

enum tp_pack_kind { TP_PACK_BLOCK = 'B', TP_PACK_GROUP = 'G' };

/* Appends the piece's stored bytes: one zstd frame, sealed when the archive has a key. Safe in
 * several threads. */
enum tp_status tp_pack_piece_press(const struct tp_archive *archive, uint32_t number,
	enum tp_pack_kind kind, uint32_t index, const struct tp_buf *raw, int level,
	struct tp_buf *out, struct tp_error *err);

/* The other way. A frame that breaks off gives what came before the break, and TP_DATA. */
enum tp_status tp_pack_piece_open(const struct tp_archive *archive, uint32_t number, bool encrypted,
	enum tp_pack_kind kind, uint32_t index, const unsigned char *stored,
	const struct tp_pack_piece *piece, struct tp_buf *out, struct tp_error *err);

#endif
