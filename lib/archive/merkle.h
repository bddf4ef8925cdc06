/*
 * Merkle trees (RFC 9162 2.1) over the messages of a pack: one hash that stands for all of them, and
 * by which any one can be proven with a handful of others. Memory: one hash for each level.
 */
#ifndef TP_ARCHIVE_MERKLE_H
#define TP_ARCHIVE_MERKLE_H

#include "archive/record.h"

struct tp_merkle {
	uint64_t count;
	unsigned char peaks[64][TP_SHA256_BYTES]; /* of the full trees so far, the largest first */
	unsigned depth;                           /* how many */
};

#define TP_MERKLE_INIT                                                                             \
	{                                                                                          \
		.count = 0                                                                         \
	}

/* Adds the next leaf: SHA-256 of 0x00, the id's 16 characters, the message's SHA-256. */
enum tp_status tp_merkle_add(struct tp_merkle *tree, const char *id,
	const unsigned char sha256[TP_SHA256_BYTES], struct tp_error *err);

/* The root of what was added; of nothing: SHA-256 of nothing. The tree may grow on. */
enum tp_status tp_merkle_root(
	const struct tp_merkle *tree, unsigned char root[TP_SHA256_BYTES], struct tp_error *err);

#endif
