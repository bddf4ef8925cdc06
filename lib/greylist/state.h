/*
 * What is remembered between attempts, in SQLite (base/db.h): for each key when it came first and
 * last and how it went; how often an origin succeeded; whom we wrote to; what was found out about
 * DNS lists. Any number of processes share one file.
 *
 * Tables with an integer key, the hash of the text that it stands beside; the text is compared,
 * so two of the same hash never meet (the second lives at the next number). Hashes spread evenly,
 * and so each new row looks at the few behind its own and takes away those that expired: they lie
 * in the same page, so the file stays clean without an index of times, a second process or a stall.
 *
 * Whoever is made to wait writes a row, and costs nothing to himself. So keys that wait stand in a run of
 * some 4,000 numbers that their origin's hash begins; when a new one finds its sixteen numbers taken,
 * it takes the place of one of the sixteen. A key that passes moves to the number of its own
 * hash, which only successes fill.
 *
 * A power cut may take the last seconds with it (synchronous=NORMAL): then a sender waits once
 * more, which costs less than a sync for each attempt that anybody makes. A killed process loses
 * nothing. The file is never damaged by either.
 */
#ifndef TP_GREYLIST_STATE_H
#define TP_GREYLIST_STATE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/conf.h"

struct tp_state;

enum tp_state_kind {
	TP_STATE_KEY = 'k',     /* origin, sender, recipient */
	TP_STATE_ORIGIN = 'o',  /* origin alone: successes */
	TP_STATE_LEARNED = 'l', /* correspondent and our user */
	TP_STATE_MEMO = 'm',    /* name of a finding */
};

struct tp_entry {
	enum tp_state_kind kind;
	int64_t first;  /* the window opened: Unix seconds */
	int64_t last;   /* last attempt that counted */
	int64_t late;   /* tries after the window closed */
	int64_t passed; /* first success, 0 before */
	int64_t count;  /* successes; a memo's value */
	int64_t until;  /* forgotten from this second on */
	int word;       /* enum tp_word that was said last */
};

/* Opens or makes the file. Statuses as in tp_db_open(); `busy_ms` is how long another writer may be
 * waited for. `short_lived` says that the process makes one decision: it leaves the log as it is
 * instead of folding it in at the end. */
enum tp_status tp_state_open(const char *path, int busy_ms, bool short_lived,
	struct tp_state **state, struct tp_error *err);
void tp_state_close(struct tp_state *state);

/* Waits for other writers this long from now on; 0: not at all. */
void tp_state_set_busy(struct tp_state *state, int busy_ms);

/* True when the file was removed or replaced since: open it anew. */
bool tp_state_is_gone(const struct tp_state *state);

/* What stands between these sees one state of the file. `write` takes the write lock; TP_TEMPORARY when
 * it is not to be had in time. end commits, or forgets what was written. */
enum tp_status tp_state_begin(struct tp_state *state, bool write, struct tp_error *err);
enum tp_status tp_state_end(struct tp_state *state, bool commit, struct tp_error *err);

/* The entry of that kind and text (parts joined by a space), as it was last written and not yet
 * expired at `now`; TP_NOTHING when there is none. Outside of begin/end it reads alone. */
enum tp_status tp_state_get(struct tp_state *state, enum tp_state_kind kind, const char *text,
	int64_t now, struct tp_entry *entry, struct tp_error *err);
/* Writes it, in place of what was there, and lets a few expired neighbours go. */
enum tp_status tp_state_put(struct tp_state *state, const char *text, const struct tp_entry *entry,
	int64_t now, struct tp_error *err);

/* The number at which a new entry stands: who writes very many does so in its order. */
int64_t tp_state_number(const char *text, const struct tp_entry *entry);

/* Adds what another file knew: the earlier first, the later last, the larger counts. */
enum tp_status tp_state_merge_entry(struct tp_state *state, const char *text,
	const struct tp_entry *entry, int64_t now, struct tp_error *err);

/* Calls `each` for all entries that have not expired, in no order, reading a bounded piece at a
 * time so that writers are not kept from folding the log. Stops at the first failure. */
typedef enum tp_status tp_state_visit(
	void *context, const char *text, const struct tp_entry *entry, struct tp_error *err);
enum tp_status tp_state_walk(struct tp_state *state, int64_t now, tp_state_visit *each,
	void *context, struct tp_error *err);

#endif
