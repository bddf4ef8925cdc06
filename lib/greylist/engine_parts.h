/* What the engine's files share; nobody else includes this. */
#ifndef TP_GREYLIST_ENGINE_PARTS_H
#define TP_GREYLIST_ENGINE_PARTS_H

#include "greylist/doubt.h"
#include "greylist/engine.h"
#include "greylist/site.h"
#include "greylist/state.h"
#include "greylist/white.h"

struct tp_engine {
	const struct tp_conf *conf;
	bool many, defer_on_error, explains;
	int ipv4_bits, ipv6_bits;
	int64_t whole_after;
	int64_t now; /* of the decision at hand */
	struct tp_site *site;
	struct tp_white *white, *white_rcpts;
	struct tp_doubt_rules *rules;
	struct tp_state *state;      /* NULL: not opened yet */
	int64_t begun_ms;            /* when the decision at hand began, by the monotonic clock */
	bool state_failed;           /* in this decision: it is not waited for again */
	struct tp_error state_error; /* why */
	struct tp_buf path;
	struct tp_buf origin, sender, rcpt, key; /* of the decision at hand */
	struct tp_buf
		network; /* the origin that it would have without SPF; empty: the same, or none */
	struct tp_buf plain; /* the sender as he wrote himself: whom we wrote to is nobody else */
};

/* All that a decision waits for, DNS lists and a locked state, together: Postfix and Exim are patient
 * for longer. */
#define TP_ENGINE_BUDGET_MS 10000
#define TP_ENGINE_BUSY_MS   5000

/* What is left of it, `most` at most. */
int64_t tp_engine_left_ms(const struct tp_engine *engine, int64_t most);

/* Begins a decision, or a learning, at `now`. */
void tp_engine_begin(struct tp_engine *engine, int64_t now);

/* What is found out about DNS lists, in the state; never waits for another writer. */
struct tp_dns_memo tp_engine_memo(struct tp_engine *engine);

/* True when this recipient's mail has to show that it comes back. */
bool tp_engine_subject(const struct tp_engine *engine, const struct tp_facts *facts,
	const char *rcpt, int64_t doubt, const struct tp_wish **wish);

/* After a failure: nothing in this decision tries it again. What is locked or full may be used by the
 * next one as it is, anything else is opened anew. */
void tp_engine_state_failed(struct tp_engine *engine, const struct tp_error *err);

/* The part of a decision that reads and writes the state; engine->origin and ->sender are set. */
enum tp_status tp_engine_try(struct tp_engine *engine, const struct tp_facts *facts,
	struct tp_verdict *verdict, struct tp_error *err);

/* Lines of --explain: `name<TAB>value`, scrubbed. */
void tp_engine_explain(const struct tp_facts *facts, struct tp_verdict *verdict);
void tp_explain_line(struct tp_buf *out, const char *name, const char *value);
void tp_explain_entry(struct tp_buf *out, const char *name, const char *key,
	const struct tp_entry *entry, bool found);

#endif
