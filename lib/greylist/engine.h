/*
 * One decision from facts: pass, or wait and why. The three fronts of greylist-check (arguments and
 * message, Postfix's policy protocol, one request of Exim's) all end here.
 *
 * In this order, the first that decides does:
 *   1. one of our own users (authenticated), a white list: pass;
 *   2. doubt under the threshold: pass, nothing is remembered;
 *   3. no client address and no SPF-passing domain, so no key: pass, with a warning;
 *   4. for each recipient the key (origin, sender, recipient) is looked up: whom we wrote to, an
 *      origin that succeeded often enough, a key that passed before and one that comes back inside
 *      its window pass; the mail passes when all recipients do. Else the word of the one that must
 *      wait longest is said, and those whose wait is served are remembered as such.
 * Trouble with the state passes, with its reason in the log, unless greylist.on_error says defer.
 */
#ifndef TP_GREYLIST_ENGINE_H
#define TP_GREYLIST_ENGINE_H

#include "base/conf.h"
#include "greylist/facts.h"

enum tp_word {
	TP_WORD_PASS,
	TP_WORD_FIRSTTRY, /* never seen: the window opens now */
	TP_WORD_EARLY,    /* before the window; first-seen stays */
	TP_WORD_LATE,     /* after it; it opens again, and a second late try passes */
};

struct tp_verdict {
	enum tp_word word;
	const char *reason;   /* of a pass, one word: `no-doubt`, `white`, `known`, `waited`, ... */
	int64_t wait_seconds; /* until the window opens, 0 when it passes */
	int64_t waited_seconds;  /* of a pass that had to wait: since its window began, else 0 */
	int64_t doubt;           /* sum of the weights */
	struct tp_doubts doubts; /* all that was found */
	struct tp_buf explain;   /* lines for --explain, empty unless asked for */
};

struct tp_engine;
struct tp_state;

/* Reads greylist.* and its lists; opens no state and asks nobody. `conf` is borrowed until close.
 * TP_CONFIG. `many`: one process, many decisions (affects how the state is opened). */
enum tp_status tp_engine_open(
	const struct tp_conf *conf, bool many, struct tp_engine **engine, struct tp_error *err);
void tp_engine_close(struct tp_engine *engine);

void tp_verdict_init(struct tp_verdict *verdict);
void tp_verdict_release(struct tp_verdict *verdict);

/* Decides about one attempt at `now` (Unix seconds). Clears *verdict before. A failure (only with
 * on_error=defer, or when memory ends) leaves the state as it was. `explain`: fill
 * verdict->explain. */
enum tp_status tp_engine_decide(struct tp_engine *engine, const struct tp_facts *facts, int64_t now,
	bool explain, struct tp_verdict *verdict, struct tp_error *err);

/* Asks the DNS lists and keeps what they say in facts->listings (greylist/facts.h), for a record. */
enum tp_status tp_engine_ask_lists(
	struct tp_engine *engine, struct tp_facts *facts, int64_t now, struct tp_error *err);
/* True when there are any. */
bool tp_engine_has_lists(const struct tp_engine *engine);

/* Remembers that facts->sender, one of ours, writes to the recipients: what they send to him passes
 * from now on, whatever there is against it but a failed SPF. TP_NOTHING, and no error: there is no
 * sender (a bounce) or no recipient. */
enum tp_status tp_engine_learn(
	struct tp_engine *engine, const struct tp_facts *facts, int64_t now, struct tp_error *err);

/* The state, opened when it was not yet. Borrowed. */
enum tp_status tp_engine_state(
	struct tp_engine *engine, struct tp_state **state, struct tp_error *err);

/* TP_NOINPUT when there is no state yet, and none is made: for who only reads. */
enum tp_status tp_engine_has_state(struct tp_engine *engine, struct tp_error *err);

/* `firsttry`, `early`, `late`, `pass`. */
const char *tp_word_name(enum tp_word word);

/* Appends the verdict's line without its end: `421 throttle: firsttry`, `250 pass: no-doubt`.
 * `code` is that of greylist.code. */
bool tp_verdict_line(const struct tp_verdict *verdict, const char *code, struct tp_buf *out);

/* Appends Postfix's action: `dunno`, or `450 4.7.1 throttle: early` (`421` with 4.7.0). */
bool tp_verdict_action(const struct tp_verdict *verdict, const char *code, struct tp_buf *out);

/* Appends greylist.text behind a line or an action that makes wait: what the other side reads. */
bool tp_verdict_text(
	const struct tp_engine *engine, const struct tp_verdict *verdict, struct tp_buf *out);

#endif
