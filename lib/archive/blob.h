/*
 * Blobs: decoded contents in files of their own, named by their SHA-256, compressed, encrypted when
 * the archive is (and then named by an HMAC of it, so that nobody without the key can tell whether a
 * content he knows is there). A file for each rather than records in packs: erasing the last message that
 * carries one is an unlink, nothing is ever copied forward, and two messages that share one need no
 * common pack. Which messages use a blob is known from their records alone.
 */
#ifndef TP_ARCHIVE_BLOB_H
#define TP_ARCHIVE_BLOB_H

#include "archive/archive.h"
#include "archive/split.h"

/* The blob's name within the archive: "blob/ab/abcd....tpb". TP_CONFIG: no key. */
#define TP_BLOB_NAME 80
enum tp_status tp_blob_name(const struct tp_archive *archive,
	const unsigned char sha256[TP_SHA256_BYTES], char name[TP_BLOB_NAME], struct tp_error *err);

/* Makes the hole's content durable: decodes it from the message, compresses, writes aside, fsyncs,
 * renames, fsyncs the folder. An existing blob is compared with the content: it serves when it is
 * right, and is replaced when it is damaged. *stored_bytes (may be NULL): what was newly written (0
 * when it was there). */
enum tp_status tp_blob_put(struct tp_archive *archive, const char *data, const struct tp_hole *hole,
	uint64_t *stored_bytes, struct tp_error *err);

/* The same for many: the content itself is durable, its name will be when tp_blob_settle returned. File
 * systems keep names in the order in which they were made, so a record that is written meanwhile is not
 * durable before them; what makes it certain is that nothing is acknowledged before. */
struct tp_blob_folders {
	unsigned char bits[32]; /* of the 256 folders, those that are to be synced */
};

enum tp_status tp_blob_put_later(struct tp_archive *archive, const char *data,
	const struct tp_hole *hole, struct tp_blob_folders *folders, uint64_t *stored_bytes,
	struct tp_error *err);
enum tp_status tp_blob_settle(
	struct tp_archive *archive, struct tp_blob_folders *folders, struct tp_error *err);

/* Gives the content to `sink`, checked against its hash: a damaged or missing blob is TP_DATA naming
 * it, after some bytes may have been given. */
enum tp_status tp_blob_read(struct tp_archive *archive, const unsigned char sha256[TP_SHA256_BYTES],
	tp_press_sink *sink, void *context, struct tp_error *err);

/* Checks that the bytes are those that were written; needs no key. *size_bytes (may be NULL): decoded.
 * TP_DATA naming the file, TP_NOINPUT. `name` is as tp_blob_name and tp_blob_walk give it. */
enum tp_status tp_blob_verify(
	struct tp_archive *archive, const char *name, uint64_t *size_bytes, struct tp_error *err);

/* Bytes on disk, or TP_NOINPUT. */
enum tp_status tp_blob_size(struct tp_archive *archive, const unsigned char sha256[TP_SHA256_BYTES],
	uint64_t *stored_bytes, struct tp_error *err);

/* Removing takes two steps, so that nobody waits for the slow one. Under the exclusive lock a blob is
 * dropped: what has its name becomes "blob/NAME.gone"; a missing one is fine. The folders are to be
 * settled under that lock, before anything is written that takes the blob for gone. Then, under seal.lock
 * alone, what was dropped is overwritten and removed; a killed remover leaves that to tidy.h. */
enum tp_status tp_blob_drop(struct tp_archive *archive, const unsigned char sha256[TP_SHA256_BYTES],
	struct tp_blob_folders *folders, struct tp_error *err);
/* By name: of one that no message uses. */
enum tp_status tp_blob_drop_name(struct tp_archive *archive, const char *name,
	struct tp_blob_folders *folders, struct tp_error *err);
enum tp_status tp_blob_shred_dropped(struct tp_archive *archive, struct tp_error *err);

/* Gives every blob's name and bytes on disk, in no order. */
typedef enum tp_status tp_blob_each(
	void *context, const char *name, uint64_t stored_bytes, struct tp_error *err);
enum tp_status tp_blob_walk(
	struct tp_archive *archive, tp_blob_each *each, void *context, struct tp_error *err);

/* Removes what killed writers left half written, and what was dropped. Only under the exclusive lock. */
enum tp_status tp_blob_sweep(struct tp_archive *archive, struct tp_error *err);

#endif
