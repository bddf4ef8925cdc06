/*
 * The bytes of a message of a pack, straight into memory: see pack.h. Most messages have no holes, and are
 * read in great numbers when a disc is made: nothing of them is put together, hashed or copied twice.
 */
#include "archive/pack.h"
#include "archive/pack_in.h"

static enum tp_status take(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	char **to = context;

	memcpy(*to, bytes, len);
	*to += len;
	return TP_OK;
}

enum tp_status tp_pack_bytes(struct tp_pack *pack, size_t i, void *bytes, size_t size,
	unsigned char sha256[TP_SHA256_BYTES], struct tp_error *err)
{
	const struct tp_pack_entry *entry;
	enum tp_status status = tp_pack_entry(pack, i, &entry, err);
	char *to = bytes;

	if (status)
		return status;
	if (entry->erased || entry->holes_bytes || entry->size_bytes != size ||
		entry->skeleton_bytes != size)
		return TP_NOTHING;
	memcpy(sha256, entry->sha256, TP_SHA256_BYTES);
	return tp_pack_stream(pack, entry->begin, size, take, &to, err);
}
