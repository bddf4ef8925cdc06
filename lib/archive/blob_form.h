/*
 * The bytes of a blob's file; private to lib/archive/blob*.c.
 *
 * A head of 72 bytes, numbers little-endian:
 *
 *    0  "tubeblob"
 *    8  version, 1
 *   12  flags: 1 when the pieces are sealed
 *   16  decoded size, 64 bits
 *   24  size of the file, 64 bits
 *   32  the name: SHA-256 of the content, or the HMAC that stands for it
 *   64  CRC-32C of all that follows the head
 *   68  CRC-32C of the head up to here
 *
 * then the content in pieces of 4 MiB, the last one shorter, each
 *
 *    0  bytes that follow, 32 bits
 *    4  decoded bytes, 32 bits
 *    8  one zstd frame; when sealed, the frame sealed (cipher.h) about "tubepost blob", NUL, the
 *       content's SHA-256 and the piece's number from 0, 64 bits
 *
 * Pieces, because a frame of the whole could be sealed only after all of it were in memory.
 */
#ifndef TP_ARCHIVE_BLOB_FORM_H
#define TP_ARCHIVE_BLOB_FORM_H

#include "archive/blob.h"

#define TP_BLOB_HEAD        72
#define TP_BLOB_PIECE_HEAD  8
#define TP_BLOB_PIECE_BYTES ((size_t)4 << 20)
#define TP_BLOB_STORED_MAX  (TP_BLOB_PIECE_BYTES + 65536) /* more than zstd and cipher may add */

struct tp_blob_head {
	bool sealed;
	uint64_t size_bytes, file_bytes;
	unsigned char name[TP_SHA256_BYTES];
	uint32_t body_crc;
};

void tp_blob_head_write(const struct tp_blob_head *head, unsigned char bytes[TP_BLOB_HEAD]);
/* TP_DATA: no blob's head, or a damaged one, or of another version. */
enum tp_status tp_blob_head_read(
	const unsigned char bytes[TP_BLOB_HEAD], struct tp_blob_head *head, struct tp_error *err);

/* What a piece is sealed about. */
#define TP_BLOB_ABOUT (14 + TP_SHA256_BYTES + 8)
void tp_blob_about(const unsigned char sha256[TP_SHA256_BYTES], uint64_t piece,
	unsigned char about[TP_BLOB_ABOUT]);

/* Notes that the folder of this blob ("blob/ab/...") is to be synced. */
void tp_blob_note_folder(struct tp_blob_folders *folders, const char *name);

/* The 32 bytes that name the blob of a content; tp_blob_name writes them as digits. */
enum tp_status tp_blob_name_bytes(const struct tp_archive *archive,
	const unsigned char sha256[TP_SHA256_BYTES], unsigned char name[TP_SHA256_BYTES],
	struct tp_error *err);

#endif
