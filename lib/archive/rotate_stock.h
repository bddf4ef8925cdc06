/*
 * What an archive's packs hold, for deciding which of them go: bytes, messages, and the attachments
 * that would go with them. Private to rotate*.c.
 *
 * The oldest go first, and the age of a pack is that of its youngest message: mail that was imported
 * yesterday may be older than all the rest. An attachment belongs to the youngest of those who use it
 * (journals are younger than any pack): when all older ones have gone, it goes with that one. To find
 * them, all records are read, the youngest packs first;
 * 16 bytes are kept for each attachment, known by the first 8 bytes of its hash. Two that share those
 * would be taken for one, and the second would be kept too long: no harm.
 */
#ifndef TP_ARCHIVE_ROTATE_STOCK_H
#define TP_ARCHIVE_ROTATE_STOCK_H

#include "archive/archive.h"
#include "archive/split.h"

/* A set of attachments. */
struct tp_blob_set {
	uint64_t *keys; /* 0: free */
	size_t count, cap;
};

void tp_blob_set_release(struct tp_blob_set *set);
/* *added (may be NULL): it was not in it. TP_NOMEM. */
enum tp_status tp_blob_set_add(struct tp_blob_set *set, const unsigned char sha256[TP_SHA256_BYTES],
	bool *added, struct tp_error *err);
bool tp_blob_set_has(const struct tp_blob_set *set, const unsigned char sha256[TP_SHA256_BYTES]);

/* Adds what journals use; what a pack uses. */
enum tp_status tp_blob_set_add_journals(
	struct tp_blob_set *set, struct tp_archive *archive, struct tp_error *err);
enum tp_status tp_blob_set_add_pack(
	struct tp_blob_set *set, struct tp_archive *archive, uint32_t number, struct tp_error *err);

struct tp_stock_pack {
	uint32_t number;
	bool in_cellar;
	uint64_t file_bytes;
	uint64_t blob_bytes; /* of the attachments that belong to it */
	uint64_t messages, message_bytes;
	uint64_t disc_bytes; /* what the messages take on a disc */
	int64_t first_ms, last_ms;
};

struct tp_stock {
	struct tp_stock_pack *packs; /* by age: that of the youngest message, else by number */
	size_t count;
	uint64_t journal_bytes; /* with the attachments that belong to journals */
	struct tp_error damage; /* of the first pack or journal that cannot be read; TP_OK: none */
};

/* Under seal.lock; takes the shared lock. What cannot be read is passed over: then `damage` says so,
 * the numbers are too small, and who uses an attachment is not certain. */
enum tp_status tp_stock_take(
	struct tp_archive *archive, struct tp_stock *stock, struct tp_error *err);
void tp_stock_release(struct tp_stock *stock);

#endif
