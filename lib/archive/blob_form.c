/* The bytes of a blob's file: see blob_form.h. */
#include "archive/blob_form.h"

#include "base/crc32c.h"
#include "base/hex.h"
#include "base/le.h"

#define MAGIC       "tubeblob"
#define VERSION     1
#define FLAG_SEALED 1u

void tp_blob_head_write(const struct tp_blob_head *head, unsigned char bytes[TP_BLOB_HEAD])
{
	memcpy(bytes, MAGIC, 8);
	tp_le_put32(bytes + 8, VERSION);
	tp_le_put32(bytes + 12, head->sealed ? FLAG_SEALED : 0);
	tp_le_put64(bytes + 16, head->size_bytes);
	tp_le_put64(bytes + 24, head->file_bytes);
	memcpy(bytes + 32, head->name, TP_SHA256_BYTES);
	tp_le_put32(bytes + 64, head->body_crc);
	tp_le_put32(bytes + 68, tp_crc32c(0, bytes, 68));
}

enum tp_status tp_blob_head_read(
	const unsigned char bytes[TP_BLOB_HEAD], struct tp_blob_head *head, struct tp_error *err)
{
	if (memcmp(bytes, MAGIC, 8) || tp_le_get32(bytes + 68) != tp_crc32c(0, bytes, 68))
		return tp_fail(err, TP_DATA, "damaged head");
	if (tp_le_get32(bytes + 8) != VERSION || tp_le_get32(bytes + 12) & ~FLAG_SEALED)
		return tp_fail(err, TP_DATA, "of version %u, which is not known here",
			tp_le_get32(bytes + 8));
	head->sealed = tp_le_get32(bytes + 12) & FLAG_SEALED;
	head->size_bytes = tp_le_get64(bytes + 16);
	head->file_bytes = tp_le_get64(bytes + 24);
	memcpy(head->name, bytes + 32, TP_SHA256_BYTES);
	head->body_crc = tp_le_get32(bytes + 64);
	return TP_OK;
}

void tp_blob_about(const unsigned char sha256[TP_SHA256_BYTES], uint64_t piece,
	unsigned char about[TP_BLOB_ABOUT])
{
	memcpy(about, "tubepost blob", 14);
	memcpy(about + 14, sha256, TP_SHA256_BYTES);
	tp_le_put64(about + 14 + TP_SHA256_BYTES, piece);
}

enum tp_status tp_blob_name_bytes(const struct tp_archive *archive,
	const unsigned char sha256[TP_SHA256_BYTES], unsigned char name[TP_SHA256_BYTES],
	struct tp_error *err)
{
	unsigned char about[TP_BLOB_ABOUT];
	enum tp_status status;

	if (!archive->encrypted) {
		memcpy(name, sha256, TP_SHA256_BYTES);
		return TP_OK;
	}
	status = tp_archive_need_key(archive, err);
	if (status)
		return status;
	tp_blob_about(sha256, UINT64_MAX, about); /* no piece has this number */
	return tp_hmac_sha256(archive->key, TP_CIPHER_KEY, about, sizeof about, name, err);
}

enum tp_status tp_blob_name(const struct tp_archive *archive,
	const unsigned char sha256[TP_SHA256_BYTES], char name[TP_BLOB_NAME], struct tp_error *err)
{
	unsigned char bytes[TP_SHA256_BYTES];
	enum tp_status status = tp_blob_name_bytes(archive, sha256, bytes, err);
	char hex[TP_SHA256_HEX];

	if (status)
		return status;
	tp_hex(bytes, sizeof bytes, hex);
	snprintf(name, TP_BLOB_NAME, "blob/%.2s/%s.tpb", hex, hex);
	return TP_OK;
}
