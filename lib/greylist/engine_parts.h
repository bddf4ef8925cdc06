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
	struct tp_state *state; /* NULL: not opened yet */
	struct tp_buf path;
	struct tp_buf origin, sender, rcpt, key; /* of the decision at hand */
};

/* True when this recipient's mail has to show that it comes back. */
bool tp_engine_subject(const struct tp_engine *engine, const struct tp_facts *facts,
	const char *rcpt, int64_t doubt, const struct tp_wish **wish);

/* Before anything of a decision touches the state: an administrator who removes or replaces its file
 * does so under processes that live on. */
void tp_engine_look_at_state(struct tp_engine *engine);

/* After a failure: what is locked or full may be used again as it is, anything else is opened anew. */
void tp_engine_leave_state(struct tp_engine *engine, enum tp_status status);

/* The part of a decision that reads and writes the state; engine->origin and ->sender are set. */
enum tp_status tp_engine_try(struct tp_engine *engine, const struct tp_facts *facts,
	struct tp_verdict *verdict, struct tp_error *err);

/* Lines of --explain: `name<TAB>value`, scrubbed. */
void tp_engine_explain(const struct tp_facts *facts, struct tp_verdict *verdict);
void tp_explain_line(struct tp_buf *out, const char *name, const char *value);
void tp_explain_entry(struct tp_buf *out, const char *name, const char *key,
	const struct tp_entry *entry, bool found);

#endif
