/*
 * Groups: the facts of up to 256 messages of a pack, column by column, for like compresses well
 * beside like. What can be computed is not stored: delivery and id come from the hash, the envelope
 * and the arrival. Private to pack_*.c.
 */
#ifndef TP_ARCHIVE_PACK_GROUP_H
#define TP_ARCHIVE_PACK_GROUP_H

#include "archive/pack_form.h"

/* What a group knows of one message; all pointers are borrowed. */
struct tp_pack_entry {
	char id[TP_ID_LEN + 1];
	bool erased; /* then only id, arrival and sha256 are left */
	int64_t arrival_ms;
	const unsigned char *sha256;
	unsigned char delivery[TP_SHA256_BYTES];
	uint64_t begin, skeleton_bytes; /* in the stream */
	uint64_t size_bytes;
	const char *sender, *from, *to, *subject, *actor;
	const char *rcpts; /* one behind the other, each with its NUL */
	uint32_t rcpt_count;
	const char *holes; /* as split.h encodes them; none: 0 bytes */
	size_t holes_bytes;
};

enum tp_group_column {
	TP_GROUP_SHA256,
	TP_GROUP_FLAGS,
	TP_GROUP_IDS,
	TP_GROUP_ARRIVAL,
	TP_GROUP_BEGIN,
	TP_GROUP_SKELETON,
	TP_GROUP_SIZE,
	TP_GROUP_SENDER,
	TP_GROUP_RCPT_COUNT,
	TP_GROUP_RCPTS,
	TP_GROUP_FROM,
	TP_GROUP_TO,
	TP_GROUP_SUBJECT,
	TP_GROUP_ACTOR,
	TP_GROUP_HOLES_BYTES,
	TP_GROUP_HOLES,
	TP_GROUP_COLUMNS
};

/* A group being made. */
struct tp_pack_columns {
	struct tp_buf column[TP_GROUP_COLUMNS];
	uint32_t count;
	int64_t arrival_ms; /* of the last */
};

void tp_pack_columns_init(struct tp_pack_columns *columns);
void tp_pack_columns_clear(struct tp_pack_columns *columns);
void tp_pack_columns_release(struct tp_pack_columns *columns);
enum tp_status tp_pack_columns_add(
	struct tp_pack_columns *columns, const struct tp_pack_entry *entry, struct tp_error *err);
uint64_t tp_pack_columns_bytes(const struct tp_pack_columns *columns);
/* Appends the group's bytes. */
enum tp_status tp_pack_columns_join(
	const struct tp_pack_columns *columns, struct tp_buf *out, struct tp_error *err);

/* A group that was read. */
struct tp_pack_group {
	struct tp_buf bytes; /* what the entries point into */
	struct tp_pack_entry *entries;
	uint32_t count;
};

/* Takes `group->bytes` apart; TP_DATA when they are not `count` messages. Trusts nothing. */
enum tp_status tp_pack_group_parse(
	struct tp_pack_group *group, uint32_t count, struct tp_error *err);
void tp_pack_group_release(struct tp_pack_group *group);

/* The entry as a record (initialised; what it held goes) and its holes; either may be NULL. */
enum tp_status tp_pack_entry_read(const struct tp_pack_entry *entry, struct tp_record *record,
	struct tp_split *split, struct tp_error *err);

#endif
