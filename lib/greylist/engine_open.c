/*
 * The state of an engine: when it is opened, how long it is waited for, what happens after trouble.
 *
 * Whoever asks for a decision waits with a mail in his hand. So all that is waited for has one budget,
 * a state that failed once in a decision is not tried again in it, and what is kept there about DNS
 * lists, which is a convenience, is never waited for.
 */
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "greylist/engine_parts.h"

int64_t tp_engine_left_ms(const struct tp_engine *engine, int64_t most)
{
	int64_t left = engine->begun_ms + TP_ENGINE_BUDGET_MS - tp_monotonic_ms();

	return left < 0 ? 0 : left < most ? left : most;
}

/* An administrator who removes or replaces the file does so under processes that live on. */
static void look_at_state(struct tp_engine *engine)
{
	if (!engine->state || !tp_state_is_gone(engine->state))
		return;
	tp_notice("%s is another file now: opened anew", tp_buf_str(&engine->path));
	tp_state_close(engine->state);
	engine->state = NULL;
}

void tp_engine_begin(struct tp_engine *engine, int64_t now)
{
	engine->now = now;
	engine->begun_ms = tp_monotonic_ms();
	engine->state_failed = false;
	look_at_state(engine);
}

static enum tp_status find_path(struct tp_engine *engine, struct tp_error *err)
{
	const char *set = tp_conf_str(engine->conf, "greylist.state");
	enum tp_status status = TP_OK;

	tp_buf_clear(&engine->path);
	if (set)
		tp_buf_adds(&engine->path, set);
	else
		status = tp_conf_state_path(engine->conf, "greylist.db", &engine->path, err);
	return status ? status : tp_buf_status(&engine->path, "state", err);
}

enum tp_status tp_engine_has_state(struct tp_engine *engine, struct tp_error *err)
{
	enum tp_status status = find_path(engine, err);

	if (!status && access(tp_buf_str(&engine->path), F_OK))
		status = tp_fail_errno(err, TP_NOINPUT, "opening %s", tp_buf_str(&engine->path));
	return status;
}

/* What a decision waits; a dump or a merge has no mail in its hand. */
static int busy_of(const struct tp_engine *engine)
{
	return engine->begun_ms ? (int)tp_engine_left_ms(engine, TP_ENGINE_BUSY_MS)
				: TP_ENGINE_BUSY_MS;
}

enum tp_status tp_engine_state(
	struct tp_engine *engine, struct tp_state **state, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = TP_OK;

	*state = NULL;
	if (engine->state_failed)
		return tp_fail(err, engine->state_error.status, "%s", engine->state_error.text);
	if (!engine->state) {
		status = find_path(engine, &why);
		if (!status)
			status = tp_state_open(tp_buf_str(&engine->path), busy_of(engine),
				!engine->many, &engine->state, &why);
		if (status) {
			tp_engine_state_failed(engine, &why);
			return tp_fail(err, status, "%s", why.text);
		}
	}
	tp_state_set_busy(engine->state, busy_of(engine));
	*state = engine->state;
	return status;
}

void tp_engine_state_failed(struct tp_engine *engine, const struct tp_error *err)
{
	engine->state_failed = true;
	engine->state_error = *err;
	if (err->status == TP_TEMPORARY)
		return;
	tp_state_close(engine->state);
	engine->state = NULL;
}

/* --- findings about DNS lists ---------------------------------------------------------------- */

static bool open_for_memo(struct tp_engine *engine, struct tp_state **state)
{
	if (tp_engine_state(engine, state, NULL))
		return false;
	tp_state_set_busy(*state, 0);
	return true;
}

static bool memo_get(void *context, const char *name, int64_t *value)
{
	struct tp_state *state;
	struct tp_entry entry;
	struct tp_engine *engine = context;

	if (!open_for_memo(engine, &state) ||
		tp_state_get(state, TP_STATE_MEMO, name, engine->now, &entry, NULL))
		return false;
	*value = entry.count;
	return true;
}

static void memo_put(void *context, const char *name, int64_t value, int64_t until)
{
	struct tp_engine *engine = context;
	struct tp_entry entry = { .kind = TP_STATE_MEMO,
		.first = engine->now,
		.last = engine->now,
		.count = value,
		.until = until };
	struct tp_state *state;
	bool written;

	if (!open_for_memo(engine, &state) || tp_state_begin(state, true, NULL))
		return;
	written = !tp_state_put(state, name, &entry, engine->now, NULL);
	tp_state_end(state, written, NULL);
}

struct tp_dns_memo tp_engine_memo(struct tp_engine *engine)
{
	return (struct tp_dns_memo){ engine, memo_get, memo_put };
}
