/*
 * Many messages into an archive: batches that are synced together, what happened to each, and where
 * it came from. Sources are archive/import.h's.
 */
#ifndef TP_ARCHIVE_BULK_H
#define TP_ARCHIVE_BULK_H

#include "archive/archive.h"
#include "archive/import.h"
#include "archive/put.h"
#include "archive/spam.h"
#include "base/spool.h"

struct tp_bulk_count {
	uint64_t stored, known, skipped, failed; /* messages; failed: unreadable ones, too */
	uint64_t bytes, stored_bytes, holes;
};

struct tp_bulk {
	/* set by the caller */
	struct tp_archive *archive;
	const struct tp_spam_rules *spam; /* NULL: nothing is skipped */
	const char *sender;               /* envelope of all of them, else each its own */
	const struct tp_strings *rcpts;
	int64_t arrival_ms; /* of all of them; 0: each its own, unless */
	bool dated;         /* it counts as it is */
	const char *actor;
	void *context;
	/* Called after each batch, when its messages are durable: `said` has a line for each, its id
	 * (or `-`: skipped), a tab, its name. */
	enum tp_status (*flushed)(void *context, const struct tp_bulk_count *count,
		const struct tp_buf *said, struct tp_error *err);
	/* results */
	struct tp_bulk_count count;
	struct tp_spooler failures; /* a line each: name and why; the caller releases it */
	/* private */
	struct tp_putter *putter;
	struct tp_buf said;
	struct tp_bulk_count pending;
	int64_t flush_ms;
};

enum tp_status tp_bulk_begin(struct tp_bulk *bulk, struct tp_error *err);

/* What a source calls (tp_import): puts the message, or notes why not. Fails only with what would
 * stop the next message, too. */
enum tp_status tp_bulk_mail(void *bulk, const struct tp_import_mail *mail, struct tp_error *err);
/* No message may come for a while: what is pending becomes durable and everybody else has the archive. */
enum tp_status tp_bulk_rest(void *bulk, struct tp_error *err);
enum tp_status tp_bulk_unreadable(
	void *bulk, const char *name, const char *why, struct tp_error *err);

/* Flushes the last batch, whatever happened before, and releases what is private. */
enum tp_status tp_bulk_end(struct tp_bulk *bulk, struct tp_error *err);

#endif
