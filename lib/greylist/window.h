/*
 * The window: what a key's entry and the time say to one more attempt. Arithmetic only, no state, no
 * clock of its own, so that every row of the table can be tested.
 *
 *   never seen                    firsttry   the window opens `open` later, closes `close` later
 *   before it opens               early      first-seen stays, so trying often costs nothing
 *   inside                        pass       `waited`; remembered for `keep`
 *   after it closed, first time   late       the window begins anew
 *   after it closed once more     pass       `late-again`: a sender whose queue runs at longer steps
 *                                            than the window is wide is not locked out for ever
 *   passed before                 pass       `known`
 *
 * A repeat within TP_WINDOW_SAME seconds of an attempt is the same attempt (a sender refused by one MX
 * tries the next at once) and hears the same word. A first-seen that lies in the future by more than
 * the window takes to open was written by a clock that was wrong: the key begins anew.
 */
#ifndef TP_GREYLIST_WINDOW_H
#define TP_GREYLIST_WINDOW_H

#include "greylist/engine.h"
#include "greylist/state.h"

#define TP_WINDOW_SAME 10

struct tp_window {
	int64_t open, close; /* seconds after first-seen: inside is [open, close] */
	int64_t keep;        /* success is remembered for, since its last use */
	int64_t keep_waiting;
};

struct tp_step {
	enum tp_word word;
	const char *reason; /* of a pass */
	bool success;       /* passes for the first time: counts for its origin */
	bool changed;       /* *entry must be written */
	int64_t wait;       /* seconds until the window opens; 0: passes */
	int64_t waited;     /* of a success: seconds since the window began */
};

/* One more attempt at `now` with the entry that was found (found false: *entry is filled anew). */
struct tp_step tp_window_try(
	const struct tp_window *window, struct tp_entry *entry, bool found, int64_t now);

/* True when something remembered for `keep` since `last` should be remembered anew: not at each use,
 * for a write costs more than the days it would gain. */
bool tp_window_renews(const struct tp_window *window, int64_t last, int64_t now);

#endif
