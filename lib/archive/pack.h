/*
 * Packs: sealed mail. Skeletons stand in blocks of about 256 KiB, each one zstd frame at level 19
 * with a dictionary trained on this pack's own mail; the dictionary, a directory of all records
 * (with their holes), the block table, the Merkle root (RFC 9162 2.1, over id and SHA-256 of each
 * message) and the root of the pack before stand in the same file. It is written aside, fsynced, and
 * appears by one rename.
 */
#ifndef TP_ARCHIVE_PACK_H
#define TP_ARCHIVE_PACK_H

#include "archive/archive.h"
#include "archive/record.h"
#include "archive/split.h"

#define TP_PACK_BLOCK_BYTES ((size_t)256 * 1024)

/* --- writing --------------------------------------------------------------------------------- */

/* Where the messages of a new pack come from: asked in order of arrival, twice (once to train). */
struct tp_pack_source {
	void *context;
	size_t count;
	enum tp_status (*describe)(void *context, size_t i, struct tp_record *record,
		struct tp_split *split, bool *erased, struct tp_error *err);
	enum tp_status (*skeleton)(void *context, size_t i, tp_press_sink *sink, void *sink_context,
		struct tp_error *err);
};

/* Writes pack `number` (of `folder`: pack or cellar) aside and renames it into place. `journals` are
 * the numbers of the journals it replaces: whoever finds one of them again knows it is spent. */
enum tp_status tp_pack_write(struct tp_archive *archive, const char *folder, uint32_t number,
	const struct tp_pack_source *source, const uint32_t *journals, size_t journal_count,
	const unsigned char before[TP_SHA256_BYTES], int level, struct tp_error *err);

/* --- reading --------------------------------------------------------------------------------- */

struct tp_pack; /* mapped; its directory is decompressed on first need */
enum tp_status tp_pack_open(struct tp_archive *archive, uint32_t number, struct tp_pack **pack,
	struct tp_error *err); /* in pack/, else in cellar/ */
void tp_pack_close(struct tp_pack *pack);

enum tp_tier tp_pack_tier(const struct tp_pack *pack);
uint32_t tp_pack_number(const struct tp_pack *pack);
uint64_t tp_pack_size(const struct tp_pack *pack); /* bytes of the file */
size_t tp_pack_count(const struct tp_pack *pack);  /* messages, erased ones too */
const unsigned char *tp_pack_root(const struct tp_pack *pack);
const unsigned char *tp_pack_before(const struct tp_pack *pack);
const uint32_t *tp_pack_journals(const struct tp_pack *pack, size_t *count);

/* Message i, 0 being the oldest. TP_NOTHING when it was erased (its id and hash remain). */
enum tp_status tp_pack_record(struct tp_pack *pack, size_t i, struct tp_record *record,
	struct tp_split *split, struct tp_error *err);
enum tp_status tp_pack_skeleton(struct tp_pack *pack, size_t i, tp_press_sink *sink, void *context,
	struct tp_error *err);
/* The message with that id; TP_NOTHING. */
enum tp_status tp_pack_find(struct tp_pack *pack, const char *id, size_t *i, struct tp_error *err);

/* Everything: frames, checksums, records, Merkle root. `report` gets a sentence for each fault and
 * the id it touches ("" when none can be named); returns TP_DATA when there was one. Blobs are
 * checked by the caller. */
typedef void tp_fault_report(void *context, const char *id, const char *sentence);
enum tp_status tp_pack_verify(struct tp_pack *pack, tp_fault_report *report, void *context,
	struct tp_error *err);

/* Makes the pack again without the messages `gone` (indexes, ascending): the blocks they are in are
 * compressed anew, others copied; their directory entries keep id and hash, so root and chain
 * hold. The old file is overwritten before it is unlinked. Under the exclusive lock. */
enum tp_status tp_pack_erase(struct tp_archive *archive, uint32_t number, const size_t *gone,
	size_t gone_count, struct tp_error *err);

#endif
