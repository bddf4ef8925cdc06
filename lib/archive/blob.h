/*
 * Blobs: decoded contents in files of their own, named by their SHA-256, compressed, encrypted when
 * the archive is. A file for each rather than records in packs: erasing the last message that
 * carries one is an unlink, nothing is ever copied forward, and two messages that share one need no
 * common pack. Which messages use a blob is known from their records alone.
 */
#ifndef TP_ARCHIVE_BLOB_H
#define TP_ARCHIVE_BLOB_H

#include "archive/archive.h"
#include "archive/split.h"

/* Makes the hole's content durable: decodes it from the message, compresses, writes aside, fsyncs,
 * links to its name, fsyncs the folder. An existing blob serves when its header and size are right.
 * *stored_bytes: what was newly written (0 when it was there). */
enum tp_status tp_blob_put(struct tp_archive *archive, const char *data,
	const struct tp_hole *hole, uint64_t *stored_bytes, struct tp_error *err);

/* Gives the content to `sink`, checked against its hash: a damaged blob is TP_DATA naming it, after
 * some bytes may have been given. */
enum tp_status tp_blob_read(struct tp_archive *archive,
	const unsigned char sha256[TP_SHA256_BYTES], tp_press_sink *sink, void *context,
	struct tp_error *err);

/* Bytes on disk, or TP_NOINPUT. */
enum tp_status tp_blob_size(struct tp_archive *archive,
	const unsigned char sha256[TP_SHA256_BYTES], uint64_t *stored_bytes, struct tp_error *err);

/* Overwrites and unlinks it; a missing one is fine. Only under the exclusive lock. */
enum tp_status tp_blob_remove(struct tp_archive *archive,
	const unsigned char sha256[TP_SHA256_BYTES], struct tp_error *err);

#endif
