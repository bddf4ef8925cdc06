/* The bytes of a pack: see pack_form.h. */
#include "archive/pack_form.h"

#include <stdio.h>

#include "base/crc32c.h"
#include "base/le.h"

#define MAGIC          "TPPACK01"
#define FLAG_ENCRYPTED 1u
#define HEADER_CRC_AT  164

/* 0 magic, 8 number, 12 flags, 16 bytes of the file, 24 of the stream, 32 messages, 36 blocks, 40
 * groups, 44 journals, 48 where the tables are, 56 root, 88 before, 120 link, 152 zeros, 160 CRC of
 * the tables, 164 CRC of what is before. */

void tp_pack_header_write(const struct tp_pack_header *header, unsigned char bytes[TP_PACK_HEADER])
{
	memset(bytes, 0, TP_PACK_HEADER);
	memcpy(bytes, MAGIC, 8);
	tp_le_put32(bytes + 8, header->number);
	tp_le_put32(bytes + 12, header->encrypted ? FLAG_ENCRYPTED : 0);
	tp_le_put64(bytes + 16, header->file_bytes);
	tp_le_put64(bytes + 24, header->stream_bytes);
	tp_le_put32(bytes + 32, header->messages);
	tp_le_put32(bytes + 36, header->blocks);
	tp_le_put32(bytes + 40, header->groups);
	tp_le_put32(bytes + 44, header->journals);
	tp_le_put64(bytes + 48, header->tables_at);
	memcpy(bytes + 56, header->root, TP_SHA256_BYTES);
	memcpy(bytes + 88, header->before, TP_SHA256_BYTES);
	memcpy(bytes + 120, header->link, TP_SHA256_BYTES);
	tp_le_put32(bytes + 160, header->tables_crc);
	tp_le_put32(bytes + HEADER_CRC_AT, tp_crc32c(0, bytes, HEADER_CRC_AT));
}

static void read_fields(const unsigned char *bytes, struct tp_pack_header *header)
{
	*header = (struct tp_pack_header){ .number = tp_le_get32(bytes + 8),
		.encrypted = tp_le_get32(bytes + 12) & FLAG_ENCRYPTED,
		.file_bytes = tp_le_get64(bytes + 16),
		.stream_bytes = tp_le_get64(bytes + 24),
		.messages = tp_le_get32(bytes + 32),
		.blocks = tp_le_get32(bytes + 36),
		.groups = tp_le_get32(bytes + 40),
		.journals = tp_le_get32(bytes + 44),
		.tables_at = tp_le_get64(bytes + 48),
		.tables_crc = tp_le_get32(bytes + 160) };
	memcpy(header->root, bytes + 56, TP_SHA256_BYTES);
	memcpy(header->before, bytes + 88, TP_SHA256_BYTES);
	memcpy(header->link, bytes + 120, TP_SHA256_BYTES);
}

/* Four counts of 32 bits: their tables cannot overflow 64. */
static bool adds_up(const struct tp_pack_header *header)
{
	uint64_t tables = (uint64_t)header->blocks * TP_PACK_BLOCK_ENTRY +
			  (uint64_t)header->groups * TP_PACK_GROUP_ENTRY +
			  (uint64_t)header->journals * 4;

	return header->tables_at >= TP_PACK_HEADER && header->tables_at <= header->file_bytes &&
	       header->file_bytes - header->tables_at == tables && header->messages &&
	       header->groups && header->groups <= header->messages;
}

enum tp_status tp_pack_header_read(const unsigned char *bytes, uint64_t file_bytes,
	struct tp_pack_header *header, struct tp_error *err)
{
	if (file_bytes < TP_PACK_HEADER)
		return tp_fail(err, TP_DATA, "truncated: it has %ju bytes", (uintmax_t)file_bytes);
	if (memcmp(bytes, MAGIC, 6))
		return tp_fail(err, TP_DATA, "damaged: it does not begin as packs do");
	if (memcmp(bytes, MAGIC, 8))
		return tp_fail(err, TP_DATA, "a format that this version does not know");
	if (tp_le_get32(bytes + HEADER_CRC_AT) != tp_crc32c(0, bytes, HEADER_CRC_AT))
		return tp_fail(err, TP_DATA, "damaged: checksum of the header at offset 0");
	if (tp_le_get32(bytes + 12) & ~FLAG_ENCRYPTED)
		return tp_fail(err, TP_DATA, "a format that this version does not know");
	read_fields(bytes, header);
	if (header->file_bytes > file_bytes)
		return tp_fail(err, TP_DATA, "truncated: it has %ju bytes of %ju",
			(uintmax_t)file_bytes, (uintmax_t)header->file_bytes);
	if (header->file_bytes != file_bytes)
		return tp_fail(err, TP_DATA, "damaged: %ju bytes too many",
			(uintmax_t)(file_bytes - header->file_bytes));
	if (!adds_up(header))
		return tp_fail(
			err, TP_DATA, "damaged: numbers in the header contradict each other");
	return TP_OK;
}

/* --- tables ----------------------------------------------------------------------------------- */

static void put_piece(unsigned char *bytes, const struct tp_pack_piece *piece)
{
	tp_le_put64(bytes, piece->at);
	tp_le_put32(bytes + 8, piece->stored_bytes);
	tp_le_put32(bytes + 12, piece->raw_bytes);
	tp_le_put32(bytes + 16, piece->crc);
}

bool tp_pack_block_entry_add(const struct tp_pack_piece *piece, struct tp_buf *out)
{
	unsigned char bytes[TP_PACK_BLOCK_ENTRY];

	put_piece(bytes, piece);
	return tp_buf_add(out, bytes, sizeof bytes);
}

void tp_pack_block_entry_read(const unsigned char *bytes, struct tp_pack_piece *piece)
{
	piece->at = tp_le_get64(bytes);
	piece->stored_bytes = tp_le_get32(bytes + 8);
	piece->raw_bytes = tp_le_get32(bytes + 12);
	piece->crc = tp_le_get32(bytes + 16);
}

bool tp_pack_group_entry_add(const struct tp_pack_group_place *place, struct tp_buf *out)
{
	unsigned char bytes[TP_PACK_GROUP_ENTRY];

	put_piece(bytes, &place->piece);
	tp_le_put32(bytes + 20, place->first);
	memcpy(bytes + 24, place->id, TP_ID_LEN);
	return tp_buf_add(out, bytes, sizeof bytes);
}

void tp_pack_group_entry_read(const unsigned char *bytes, struct tp_pack_group_place *place)
{
	tp_pack_block_entry_read(bytes, &place->piece);
	place->first = tp_le_get32(bytes + 20);
	memcpy(place->id, bytes + 24, TP_ID_LEN);
	place->id[TP_ID_LEN] = 0;
}

/* --- names and links -------------------------------------------------------------------------- */

enum tp_status tp_pack_make_link(const struct tp_pack_header *header,
	unsigned char link[TP_SHA256_BYTES], struct tp_error *err)
{
	unsigned char bytes[8 + 4 + 4 + 2 * TP_SHA256_BYTES] = MAGIC;

	tp_le_put32(bytes + 8, header->number);
	tp_le_put32(bytes + 12, header->messages);
	memcpy(bytes + 16, header->before, TP_SHA256_BYTES);
	memcpy(bytes + 16 + TP_SHA256_BYTES, header->root, TP_SHA256_BYTES);
	return tp_sha256(bytes, sizeof bytes, link, err);
}

struct tp_pack_name tp_pack_name(const char *folder, uint32_t number, const char *suffix)
{
	struct tp_pack_name name;

	snprintf(name.text, sizeof name.text, "%s/%08u.tpp%s", folder, number, suffix);
	return name;
}

/* --- pieces ----------------------------------------------------------------------------------- */

/* What a sealed piece is bound to, so that none can stand in another's place. */
#define ABOUT_BYTES 24

static void about(unsigned char bytes[ABOUT_BYTES], uint32_t number, enum tp_pack_kind kind,
	uint32_t index, uint32_t raw_bytes)
{
	memcpy(bytes, MAGIC, 8);
	tp_le_put32(bytes + 8, number);
	tp_le_put32(bytes + 12, (uint32_t)kind);
	tp_le_put32(bytes + 16, index);
	tp_le_put32(bytes + 20, raw_bytes);
}

enum tp_status tp_pack_piece_press(const struct tp_archive *archive, uint32_t number,
	enum tp_pack_kind kind, uint32_t index, const struct tp_buf *raw, int level,
	struct tp_buf *out, struct tp_error *err)
{
	unsigned char what[ABOUT_BYTES];
	struct tp_buf frame = TP_BUF_INIT(out->max);
	enum tp_status status;

	if (!archive->encrypted)
		return tp_press(raw->data, raw->len, level, out, err);
	if (!archive->has_key)
		return tp_fail(err, TP_CONFIG, "archive %s is encrypted: no key", archive->path);
	about(what, number, kind, index, (uint32_t)raw->len);
	status = tp_press(raw->data, raw->len, level, &frame, err);
	if (!status)
		status = tp_cipher_seal(
			archive->key, what, sizeof what, frame.data, frame.len, out, err);
	tp_buf_release(&frame);
	return status;
}

static enum tp_status collect(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct tp_buf *out = context;

	if (!tp_buf_add(out, bytes, len))
		return tp_buf_status(out, "piece", err);
	return TP_OK;
}

static enum tp_status unpress(
	const void *frame, size_t len, uint32_t raw_bytes, struct tp_buf *out, struct tp_error *err)
{
	enum tp_status status;

	out->max = raw_bytes;
	status = tp_unpress(frame, len, out, err);
	if (status == TP_DATA) {
		/* What can be had of it, piece by piece up to the damage. */
		tp_buf_clear(out);
		status = tp_unpress_stream(frame, len, collect, out, err);
	}
	if (status == TP_LIMIT || (!status && out->len != raw_bytes))
		status = tp_fail(err, TP_DATA, "it does not hold what the table says");
	return status;
}

enum tp_status tp_pack_piece_open(const struct tp_archive *archive, uint32_t number, bool encrypted,
	enum tp_pack_kind kind, uint32_t index, const unsigned char *stored,
	const struct tp_pack_piece *piece, struct tp_buf *out, struct tp_error *err)
{
	unsigned char what[ABOUT_BYTES];
	struct tp_buf frame = TP_BUF_INIT(piece->stored_bytes);
	enum tp_status status;

	if (!encrypted)
		return unpress(stored, piece->stored_bytes, piece->raw_bytes, out, err);
	if (!archive->has_key)
		return tp_fail(err, TP_CONFIG, "archive %s is encrypted: no key", archive->path);
	about(what, number, kind, index, piece->raw_bytes);
	status = tp_cipher_open(
		archive->key, what, sizeof what, stored, piece->stored_bytes, &frame, err);
	if (!status)
		status = unpress(frame.data, frame.len, piece->raw_bytes, out, err);
	tp_buf_release(&frame);
	return status;
}
