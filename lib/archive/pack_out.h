/*
 * A pack being written: blocks are compressed several at a time in threads, for they know nothing of
 * one another; then come groups and tables, last the header. Everything goes to a file aside
 * ("NAME.new", of a sealer "NAME.seal"), which is fsynced before it gets its name. Private to pack_*.c.
 */
#ifndef TP_ARCHIVE_PACK_OUT_H
#define TP_ARCHIVE_PACK_OUT_H

#include "archive/pack_group.h"

#define TP_PACK_BATCH 8 /* blocks that wait to be compressed together */

/* A block on its way: raw bytes to compress, or stored bytes to copy as they are. */
struct tp_pack_job {
	struct tp_buf raw, stored;
	struct tp_pack_piece piece;
	bool copied;
	int level;
	enum tp_status status;
	struct tp_error err;
};

struct tp_pack_out {
	struct tp_archive *archive;
	int fd;
	int level;   /* of the blocks that come */
	uint64_t at; /* where the next piece goes */
	struct tp_pack_header header;
	struct tp_pack_name name, aside;
	struct tp_pack_job jobs[TP_PACK_BATCH];
	unsigned job_count;
	struct tp_buf block_table, group_table, journal_table;
	struct tp_pack_columns columns;
	uint32_t group_first;
	char group_id[TP_ID_LEN + 1];
};

/* Begins, aside as "NAME`suffix`"; what an earlier attempt left there is overwritten. `out` is to be
 * released in any case. */
enum tp_status tp_pack_out_begin(struct tp_pack_out *out, struct tp_archive *archive,
	const char *folder, uint32_t number, const char *suffix, int level, struct tp_error *err);

/* The next block's bytes: room for up to TP_PACK_BLOCK_BYTES of them, filled by the caller, who then
 * says that it is done. */
enum tp_status tp_pack_out_block(
	struct tp_pack_out *out, struct tp_buf **raw, struct tp_error *err);
/* The next block as it stands in another pack of the same number and place, with the checksum that the
 * table there has: a damaged one stays known as damaged. */
enum tp_status tp_pack_out_copy(struct tp_pack_out *out, const unsigned char *stored,
	const struct tp_pack_piece *piece, struct tp_error *err);
enum tp_status tp_pack_out_blocks_end(struct tp_pack_out *out, struct tp_error *err);

/* The directory, entry by entry in order of ids, behind the last block. */
enum tp_status tp_pack_out_entry(
	struct tp_pack_out *out, const struct tp_pack_entry *entry, struct tp_error *err);
/* Ends the group, if one is begun: a pack that is made again keeps its groups. */
enum tp_status tp_pack_out_group_end(struct tp_pack_out *out, struct tp_error *err);
/* The next group, of `count` messages, as it stands in the other pack. */
enum tp_status tp_pack_out_group_copy(struct tp_pack_out *out, const unsigned char *stored,
	const struct tp_pack_group_place *place, uint32_t count, struct tp_error *err);
enum tp_status tp_pack_out_journal(struct tp_pack_out *out, uint32_t journal, struct tp_error *err);

/* Writes what is left, and syncs the file. root, before and link are in out->header by now. */
enum tp_status tp_pack_out_end(struct tp_pack_out *out, struct tp_error *err);
/* Gives the file its name and syncs the folder. */
enum tp_status tp_pack_out_publish(struct tp_pack_out *out, struct tp_error *err);
/* Leaves the finished file aside, under out->aside. */
void tp_pack_out_keep(struct tp_pack_out *out);
/* Lets go of everything; a file that has not got its name is overwritten and removed. */
void tp_pack_out_release(struct tp_pack_out *out);

#endif
