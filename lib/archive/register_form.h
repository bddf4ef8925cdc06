/*
 * The bytes of a register (tubepost-archive(5), "Registers"). Private to register*.c.
 *
 *   header   magic, version, first pack, span, packs, blocks, CRC   64 bytes
 *   packs    number, first and last arrival                         20 bytes each
 *   blocks   511 entries, sorted, and a CRC                         4,096 bytes each
 *
 * An entry is 64 bits: 40 of the delivery's hash, and below them the index in the table of packs.
 */
#ifndef TP_ARCHIVE_REGISTER_FORM_H
#define TP_ARCHIVE_REGISTER_FORM_H

#include "archive/register.h"
#include "base/le.h"

#define TP_REGISTER_MAGIC   "tpregstr"
#define TP_REGISTER_VERSION 1u
#define TP_REGISTER_HEADER  64
#define TP_REGISTER_PACK    20
#define TP_REGISTER_ENTRIES 511
#define TP_REGISTER_BLOCK   4096
#define TP_REGISTER_LEVELS  3
#define TP_REGISTER_FAN     8u
#define TP_REGISTER_BITS    24 /* of an entry: index of the pack */

struct tp_register {
	char name[TP_ARCHIVE_NAME];
	int fd;
	uint32_t first, span;
	uint32_t pack_count, block_count;
	struct tp_register_pack *packs; /* by number */
};

/* 8, 64, 512 */
static inline uint32_t tp_register_span(unsigned level)
{
	uint32_t span = 1;

	while (level--)
		span *= TP_REGISTER_FAN;
	return span;
}

void tp_register_name(uint32_t first, uint32_t span, char name[TP_ARCHIVE_NAME]);
/* 40 bits of a delivery, or of the 8 bytes of it that a segment has. */
enum tp_status tp_register_mark(
	const struct tp_archive *archive, uint64_t prefix, uint64_t *mark, struct tp_error *err);
/* TP_NOINPUT, TP_DATA. */
enum tp_status tp_register_open(struct tp_archive *archive, uint32_t first, uint32_t span,
	struct tp_register **out, struct tp_error *err);
void tp_register_close(struct tp_register *reg);
/* The entries of a block, and how many they are. */
enum tp_status tp_register_block(const struct tp_register *reg, uint32_t block,
	uint64_t entries[TP_REGISTER_ENTRIES], size_t *count, struct tp_error *err);

#endif
