/*
 * State in SQLite: the only module that knows it. Statements are texts with `?` places, results are
 * read column by column. Opened databases use a write-ahead log, synchronous=FULL, a busy time-out,
 * foreign keys, and a schema version that only grows (each migration runs once, in a transaction).
 */
#ifndef TP_BASE_DB_H
#define TP_BASE_DB_H

#include <stdint.h>

#include "base/buf.h"

struct tp_db;
struct tp_query;

/* Opens or makes the file (mode 0600, folder made when missing). `migrations` is a NULL-terminated
 * list of SQL scripts; number i brings version i to i + 1. TP_TEMPORARY when locked for longer than
 * `busy_ms`, TP_DATA when it is no database or damaged, TP_CONFIG when it is of a later version. */
enum tp_status tp_db_open(const char *path, const char *const *migrations, int busy_ms,
	struct tp_db **db, struct tp_error *err);
void tp_db_close(struct tp_db *db);

/* The same for state that may lose its last seconds in a power cut (never its consistency), and that
 * many short processes open one after the other. */
struct tp_db_options {
	int busy_ms;
	bool relaxed;  /* synchronous=NORMAL: no sync at each commit */
	bool keep_log; /* closing leaves the write-ahead log to the next process */
	int log_pages; /* the log is folded in when it has so many pages; 0: 1000 */
	int cache_kib; /* most memory for pages of the file; 0: 2000 */
};
enum tp_status tp_db_open_with(const char *path, const char *const *migrations,
	const struct tp_db_options *options, struct tp_db **db, struct tp_error *err);

/* True when the path no longer leads to the file that was opened (other device or inode, or nothing):
 * somebody removed or replaced it, and what is written here reaches nobody. One system call. */
bool tp_db_is_gone(const struct tp_db *db);

/* Waits for other writers this long from now on. */
void tp_db_set_busy(struct tp_db *db, int busy_ms);

enum tp_status tp_db_exec(struct tp_db *db, const char *sql, struct tp_error *err);

/* `types` has a letter for each `?`: 's' const char * (may be NULL), 'i' int64_t,
 * 'b' const void *, size_t. */
enum tp_status tp_db_query(struct tp_db *db, struct tp_query **query, struct tp_error *err,
	const char *sql, const char *types, ...);
/* TP_OK: a row is there; TP_NOTHING: no more. */
enum tp_status tp_query_step(struct tp_query *query, struct tp_error *err);
const char *tp_query_text(struct tp_query *query, int column); /* NULL for null; until next step */
int64_t tp_query_int(struct tp_query *query, int column);
void tp_query_free(struct tp_query *query);

/* For statements that are run many times: prepared once, without values; then with these values, from
 * its beginning.
 * Texts and blobs are borrowed until the next reset or free. A query must be reset when its rows were
 * not read to the end, for it would keep others from folding the log. */
enum tp_status tp_db_prepare(
	struct tp_db *db, struct tp_query **query, struct tp_error *err, const char *sql);
enum tp_status tp_query_again(struct tp_query *query, struct tp_error *err, const char *types, ...);
void tp_query_reset(struct tp_query *query);

/* Runs a statement that gives no rows. */
enum tp_status tp_db_run(
	struct tp_db *db, struct tp_error *err, const char *sql, const char *types, ...);

#endif
