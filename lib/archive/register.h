/*
 * Registers: which of many packs may have a delivery. Every put asks whether its delivery is sealed
 * already, and one that asks each of 770 packs (ten million mails) makes 5,800 system calls for it. A
 * register holds 5 bytes of each delivery's hash of 8, 64 or 512 packs, and which pack has it, sorted: a
 * few reads say which packs are worth asking. It also knows when the mails of each pack arrived, so
 * that who looks for an id leaves the others closed.
 *
 * The answer stays exact. A register only says "perhaps" and "no", and "no" only of packs that it lists;
 * all others are asked, and so are all when a register is missing or damaged: it is a cache, made
 * by the sealer, and by archive-check --rebuild, of the segments. What is erased later stays in it: 5
 * bytes of the hash of a hash that the pack keeps in any case. With a key they are those of an HMAC.
 *
 * Registers of 8 packs become one of 64, eight of those one of 512, so that few are open and no pack is
 * written more than three times. Names say the first pack and how many: index/00000001-64.tpr.
 */
#ifndef TP_ARCHIVE_REGISTER_H
#define TP_ARCHIVE_REGISTER_H

#include "archive/archive.h"
#include "archive/segment.h"

/* A pack that is in a register. */
struct tp_register_pack {
	uint32_t number;
	int64_t first_ms, last_ms; /* of arrivals, both inclusive */
};

struct tp_registers; /* all of an archive; their files stay open */

/* Those of packs up to `last`. What cannot be read is left out. TP_NOMEM. */
enum tp_status tp_registers_open(struct tp_archive *archive, uint32_t last,
	struct tp_registers **registers, struct tp_error *err);
void tp_registers_close(struct tp_registers *registers);

/* The packs that may have the delivery, into a list that grows (the caller frees *numbers); a register
 * that turns out damaged is left out from now on. TP_NOMEM, TP_CONFIG. */
enum tp_status tp_registers_find(struct tp_registers *registers,
	const unsigned char delivery[TP_SHA256_BYTES], uint32_t **numbers, size_t *count,
	struct tp_error *err);
/* NULL: no register knows that pack, so it is to be asked itself. */
const struct tp_register_pack *tp_registers_pack(
	const struct tp_registers *registers, uint32_t number);

/* Makes those that can be made for packs up to `last`, and removes what they replace. What cannot be read
 * is left out. Under seal.lock. */
enum tp_status tp_registers_grow(struct tp_archive *archive, uint32_t last, struct tp_error *err);
/* Removes those that speak of that pack: it is made anew. 0: of any pack. Under seal.lock. */
enum tp_status tp_registers_drop(struct tp_archive *archive, uint32_t number, struct tp_error *err);
/* Reads every byte of those up to `last`. TP_DATA names the first that is damaged. */
enum tp_status tp_registers_verify(struct tp_archive *archive, uint32_t last, struct tp_error *err);

#endif
