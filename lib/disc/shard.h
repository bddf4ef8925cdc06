/*
 * A shard of the page's data: the script search/mails-NNN.js, with columns of so many mails. Texts that
 * repeat (senders, recipients, subjects) stand once. It is kept in memory until it is full.
 *
 *   tubepost.shard(1,{"when":[..],"size":[..],"from":[..],"to":[..],"subject":[..],
 *   "froms":"..","tos":"..","subjects":"..","paths":".."});
 *
 * `when`: milliseconds since 1970, each less the one before it (arrivals before 1970 come in any order,
 * the page sorts them); `from`, `to`, `subject`: which text of the column it has. A column's texts are
 * parted by line ends; a text is what the header says and, behind a tab, what the envelope has beside
 * it. A path has two digits of base 36 before it: how many characters it shares with the one before;
 * every 64th shares none. Private to page*.c.
 */
#ifndef TP_DISC_SHARD_H
#define TP_DISC_SHARD_H

#include "archive/record.h"

#define TP_SHARD_RESTART 64

enum tp_shard_column { TP_SHARD_FROM, TP_SHARD_TO, TP_SHARD_SUBJECT, TP_SHARD_COLUMNS };

struct tp_shard_text {
	uint64_t hash;
	size_t at, len; /* in the column's texts */
};

struct tp_shard_texts {
	struct tp_buf rows;  /* numbers, with commas */
	struct tp_buf texts; /* the literal, without its quotes */
	struct tp_shard_text *list;
	size_t count, cap;
	uint32_t *slots; /* number of the text + 1; 0: free */
};

struct tp_shard {
	size_t mails;
	int64_t first_ms, last_ms; /* least and greatest arrival */
	int64_t before_ms;         /* of the mail before */
	struct tp_buf when, size, paths;
	struct tp_shard_texts columns[TP_SHARD_COLUMNS];
	struct tp_buf path; /* the last one */
};

enum tp_status tp_shard_init(struct tp_shard *shard, struct tp_error *err);
void tp_shard_release(struct tp_shard *shard);

enum tp_status tp_shard_add(struct tp_shard *shard, const struct tp_record *record,
	const char *path, struct tp_error *err);

/* Bytes of the script, at least what it is and at most a hundred more. */
uint64_t tp_shard_bytes(const struct tp_shard *shard);

/* Gives the script to `add` in pieces, and empties the shard. */
enum tp_status tp_shard_write(struct tp_shard *shard, unsigned number,
	enum tp_status (*add)(void *context, const void *bytes, size_t len, struct tp_error *err),
	void *context, struct tp_error *err);

#endif
