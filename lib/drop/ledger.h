/*
 * The upload ledger: which link was given for which key. Mail programs run a filter once for each
 * delivery attempt, so the same content comes again; a ledger in STATE/ledger.db answers it with
 * the link that exists already, and a lock for each key makes two processes upload it once.
 *
 *   tp_ledger_lock(conf, keys, n, timeout, &lock)     nobody else works on these keys now
 *   tp_ledger_find(ledger, key, now, expires, &found) TP_OK: use the link; TP_NOTHING: upload, then
 *   tp_ledger_record(ledger, key, &result, now)       on disk when it returns
 *   tp_ledger_unlock(lock)
 *
 * The locks are one byte each of one file (open file description locks), at a place that the key
 * chooses: unrelated uploads never wait for one another, nothing is left behind by a crash, and a
 * process that works on several parts takes all its keys in one call, in an order that is the same
 * for everybody, so that no two can wait for each other. Rejected: a file a key (never cleaned), a
 * handful of files shared by hash (two parts of one mail would block themselves).
 */
#ifndef TP_DROP_LEDGER_H
#define TP_DROP_LEDGER_H

#include "base/conf.h"
#include "drop/item.h"

struct tp_ledger;

/* Opens or makes STATE/ledger.db. One that is damaged, now or when it is asked later, is moved
 * to ledger.db.damaged-TIME with a warning, and a new one begins: mail must not wait for ever
 * because of a cache. Links that were given keep working; what they pointed to may be uploaded
 * once more, to the same place in the stores whose places follow from the key. `conf` must live
 * as long as the ledger. Errors as tp_db_open(). */
enum tp_status tp_ledger_open(
	const struct tp_conf *conf, struct tp_ledger **ledger, struct tp_error *err);
void tp_ledger_close(struct tp_ledger *ledger);

/* The link given for `key`. TP_NOTHING when there is none, or when less than half of the lifetime
 * remains: of the one asked for now (`expires`, Unix seconds), or of the one the store gave when
 * that was shorter. The caller releases *result. */
enum tp_status tp_ledger_find(struct tp_ledger *ledger, const char *key, int64_t now,
	int64_t expires, struct tp_drop_result *result, struct tp_error *err);

/* Remembers the link, in place of an older one of the same key, and forgets a few that have
 * expired. */
enum tp_status tp_ledger_record(struct tp_ledger *ledger, const char *key,
	const struct tp_drop_result *result, int64_t now, struct tp_error *err);

/* Waits at most `timeout_ms` until this process alone holds all the keys; equal keys are fine.
 * TP_TEMPORARY when another holds one for longer. tp_ledger_unlock(), or dying, lets go. */
enum tp_status tp_ledger_lock(const struct tp_conf *conf, const char *const *keys, size_t count,
	int64_t timeout_ms, int *lock, struct tp_error *err);
void tp_ledger_unlock(int lock);

#endif
