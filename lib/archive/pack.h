/*
 * Packs: sealed mail. Skeletons stand in blocks of up to 2 MiB, each one zstd frame at level 19, like
 * beside like; the directory of all records (with their holes), the tables, the Merkle root (RFC 9162
 * 2.1, over id and SHA-256 of each message) and the link to the pack before stand in the same file.
 * It is written aside, fsynced, and appears by one rename. tubepost-archive(5) has the bytes;
 * pack_form.h says why there is no dictionary.
 */
#ifndef TP_ARCHIVE_PACK_H
#define TP_ARCHIVE_PACK_H

#include "archive/archive.h"
#include "archive/record.h"
#include "archive/split.h"

#define TP_PACK_BLOCK_BYTES ((size_t)2 << 20)

/* --- writing --------------------------------------------------------------------------------- */

/* Where the messages of a new pack come from, numbered in order of their ids. Each is described
 * twice in that order; skeletons are asked for once, in any order. An erased one has id, arrival and
 * sha256 alone, and no skeleton. */
struct tp_pack_source {
	void *context;
	size_t count;
	enum tp_status (*describe)(void *context, size_t i, struct tp_record *record,
		struct tp_split *split, bool *erased, struct tp_error *err);
	enum tp_status (*skeleton)(void *context, size_t i, tp_press_sink *sink, void *sink_context,
		struct tp_error *err);
};

/* Writes pack `number` (of `folder`: pack or cellar) aside and renames it into place. `journals` are
 * the numbers of the journals it replaces: whoever finds one of them again knows it is spent.
 * `before` is the link of the pack before, zeros for the first; level 0 is the usual one, 19. What
 * `source` fails with comes back, and nothing is left behind. */
enum tp_status tp_pack_write(struct tp_archive *archive, const char *folder, uint32_t number,
	const struct tp_pack_source *source, const uint32_t *journals, size_t journal_count,
	const unsigned char before[TP_SHA256_BYTES], int level, struct tp_error *err);

/* The same step by step, for who lets go of seal.lock while it is compressed: `new` makes the file aside
 * ("NAME.seal"), `fill` writes and syncs it, once; `publish` gives it its name. `free` in any case; what
 * has no name then is overwritten. An eraser who meanwhile erased what was to be in it has removed the
 * file aside: then it is cut, and not to be published. */
struct tp_pack_writer;
enum tp_status tp_pack_writer_new(struct tp_archive *archive, const char *folder, uint32_t number,
	int level, struct tp_pack_writer **writer, struct tp_error *err);
enum tp_status tp_pack_writer_fill(struct tp_pack_writer *writer,
	const struct tp_pack_source *source, const uint32_t *journals, size_t journal_count,
	const unsigned char before[TP_SHA256_BYTES], struct tp_error *err);
bool tp_pack_writer_is_cut(const struct tp_pack_writer *writer);
enum tp_status tp_pack_writer_publish(struct tp_pack_writer *writer, struct tp_error *err);
void tp_pack_writer_free(struct tp_pack_writer *writer);

/* --- reading --------------------------------------------------------------------------------- */

/* Its directory is read group by group on need, and blocks are kept for a while in a
 * cache that all open packs of an archive share (48 MiB at most). Only while the archive is locked. */
struct tp_pack;
/* In pack/, else in cellar/. TP_NOINPUT: in neither; TP_DATA: truncated, or damaged where all of it
 * hangs on. */
enum tp_status tp_pack_open(
	struct tp_archive *archive, uint32_t number, struct tp_pack **pack, struct tp_error *err);
void tp_pack_close(struct tp_pack *pack);
/* tp_archive_close's. */
struct tp_pack_cache;
void tp_pack_cache_free(struct tp_pack_cache *cache);

enum tp_tier tp_pack_tier(const struct tp_pack *pack);
uint32_t tp_pack_number(const struct tp_pack *pack);
uint64_t tp_pack_size(const struct tp_pack *pack);               /* bytes of the file */
size_t tp_pack_count(const struct tp_pack *pack);                /* messages, erased ones too */
const unsigned char *tp_pack_root(const struct tp_pack *pack);   /* Merkle root */
const unsigned char *tp_pack_before(const struct tp_pack *pack); /* link of the pack before */
/* SHA-256 over number, count, before and root: what the next pack has as `before`, so that none can
 * be changed, taken out or put in without changing all that came later. */
const unsigned char *tp_pack_link(const struct tp_pack *pack);
const uint32_t *tp_pack_journals(const struct tp_pack *pack, size_t *count);

/* Message i, 0 being the oldest. The record is one that was initialised, and what it held is released
 * first; *split is filled anew; either may be NULL. TP_NOTHING when it was erased: then only id, arrival
 * and sha256 are filled in, the texts are "". TP_DATA names pack and place. Both are to be released in
 * any case. */
enum tp_status tp_pack_record(struct tp_pack *pack, size_t i, struct tp_record *record,
	struct tp_split *split, struct tp_error *err);
enum tp_status tp_pack_skeleton(
	struct tp_pack *pack, size_t i, tp_press_sink *sink, void *context, struct tp_error *err);
/* The same at once, of a message that has `size` bytes and no holes, and the hash that they must have, which
 * is left to the caller to compare. TP_NOTHING: it was erased, has holes, or has another size. */
enum tp_status tp_pack_bytes(struct tp_pack *pack, size_t i, void *bytes, size_t size,
	unsigned char sha256[TP_SHA256_BYTES], struct tp_error *err);
/* The block in which message i begins: those of one block, and of the next, are cheapest to read one
 * after the other. */
enum tp_status tp_pack_shelf(struct tp_pack *pack, size_t i, uint32_t *shelf, struct tp_error *err);
/* The message with that id, erased or not; TP_NOTHING. */
enum tp_status tp_pack_find(struct tp_pack *pack, const char *id, size_t *i, struct tp_error *err);

/* The directory has parts that are readable or not, each by itself. */
struct tp_pack_part {
	size_t first; /* message */
	uint32_t count;
	char id[TP_ID_LEN + 1];      /* of the first message */
	char next_id[TP_ID_LEN + 1]; /* of the first of the part behind it; "" in the last */
};
size_t tp_pack_parts(const struct tp_pack *pack);
/* TP_DATA, TP_IO: it cannot be read, and not past the caches either; *part is filled all the same. */
enum tp_status tp_pack_part(
	struct tp_pack *pack, size_t index, struct tp_pack_part *part, struct tp_error *err);

/* Everything: frames, checksums, records, hashes of messages without holes, Merkle root. `report`
 * gets a sentence for each fault and the id it touches ("" when none can be named); returns TP_DATA
 * when there was one. `percent` of the blocks are looked into (100: all), the rest is done in any
 * case. Messages with holes need their blobs, and are the caller's. */
typedef void tp_fault_report(void *context, const char *id, const char *sentence);
enum tp_status tp_pack_verify(struct tp_pack *pack, unsigned percent, tp_fault_report *report,
	void *context, struct tp_error *err);

/* --- erasing --------------------------------------------------------------------------------- */

/* Makes the pack again without the messages `gone` (indexes, ascending), aside: the blocks they are
 * in are compressed anew, others copied; their directory entries keep id and hash, so root and chain
 * hold. Damage elsewhere is copied, and stays known as damage; of a damaged block that a gone message
 * is in those others stay that are proven by their hashes.
 *
 * A part of the directory that cannot be read is TP_DATA when it is about one of them; unless `ids` is
 * given, their ids one by one. Then all messages of all such parts have to be among them, for all that
 * no readable part lays claim to becomes zeros; the parts are written anew with these ids, and zeros for
 * the hashes, so that nothing gives the root any more: verifying goes on to say so.
 *
 * Needs seal.lock, takes no other. */
enum tp_status tp_pack_erase_prepare(struct tp_archive *archive, uint32_t number,
	const size_t *gone, const char (*ids)[TP_ID_LEN + 1], size_t gone_count,
	struct tp_error *err);
/* Puts it in the old one's place. Under the exclusive lock. */
enum tp_status tp_pack_erase_swap(
	struct tp_archive *archive, uint32_t number, struct tp_error *err);
/* Overwrites the old one and removes it. */
enum tp_status tp_pack_erase_finish(
	struct tp_archive *archive, uint32_t number, struct tp_error *err);

#endif
