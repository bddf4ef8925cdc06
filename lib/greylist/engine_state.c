/*
 * The part of a decision that reads and writes the state: see engine.h.
 *
 * First everything is read without the write lock: most mail that comes back is known, and then there
 * is nothing to write. Else the write lock is taken and each key that may change is read again, so
 * that two processes that decide about the same key at once never both say `firsttry` with different
 * times. What lets an origin or a correspondent pass is not read again when there was nothing.
 */
#include <stdlib.h>

#include "base/diag.h"
#include "greylist/engine_parts.h"
#include "greylist/key.h"

/* One decision under way. */
struct attempt {
	struct tp_engine *engine;
	const struct tp_facts *facts;
	struct tp_verdict *verdict;
	struct tp_state *state;
	int64_t sample;    /* one recipient of so many is looked at, chosen by its hash */
	int64_t successes; /* keys that pass for the first time */
	bool writing;      /* the write lock is held */
	bool must_write;   /* something changes, and it is not held */
	bool any_learned;  /* the first reading met somebody whom we wrote to */
	bool any_origin;   /* or an origin that passes */
};

static enum tp_status join(
	struct tp_buf *key, const char *a, const char *b, const char *c, struct tp_error *err)
{
	tp_buf_clear(key);
	tp_buf_adds(key, a);
	tp_buf_addc(key, ' ');
	tp_buf_adds(key, b);
	if (c) {
		tp_buf_addc(key, ' ');
		tp_buf_adds(key, c);
	}
	return tp_buf_status(key, "greylist key", err);
}

/* TP_OK: found. */
static enum tp_status get(struct attempt *a, enum tp_state_kind kind, const char *name,
	const char *key, struct tp_entry *entry, struct tp_error *err)
{
	enum tp_status status = tp_state_get(a->state, kind, key, a->engine->now, entry, err);

	if (a->engine->explains && !a->writing && (!status || status == TP_NOTHING))
		tp_explain_entry(&a->verdict->explain, name, key, entry, !status);
	return status;
}

static enum tp_status put(
	struct attempt *a, const char *key, const struct tp_entry *entry, struct tp_error *err)
{
	if (!a->writing) {
		a->must_write = true;
		return TP_OK;
	}
	return tp_state_put(a->state, key, entry, a->engine->now, err);
}

/* Remembers a use of something that passes whole, when it is time to. */
static enum tp_status renew(
	struct attempt *a, const char *key, struct tp_entry *entry, struct tp_error *err)
{
	const struct tp_window *window = &tp_site_wish(a->engine->site, "")->window;

	if (!tp_window_renews(window, entry->last, a->engine->now))
		return TP_OK;
	entry->last = a->engine->now;
	entry->until = a->engine->now + window->keep;
	return put(a, key, entry, err);
}

/* True when all that comes from this origin passes. */
static enum tp_status origin_passes(struct attempt *a, bool *passes, struct tp_error *err)
{
	const char *origin = tp_buf_str(&a->engine->origin);
	struct tp_entry entry;
	enum tp_status status;

	*passes = false;
	if (!a->engine->whole_after || (a->writing && !a->any_origin))
		return TP_OK;
	status = get(a, TP_STATE_ORIGIN, "origin", origin, &entry, err);
	if (status == TP_NOTHING)
		return TP_OK;
	*passes = !status && entry.count >= a->engine->whole_after;
	a->any_origin = a->any_origin || *passes;
	return *passes ? renew(a, origin, &entry, err) : status;
}

static enum tp_status learned(struct attempt *a, bool *passes, struct tp_error *err)
{
	struct tp_buf *key = &a->engine->key;
	struct tp_entry entry;
	enum tp_status status;

	*passes = false;
	if (a->facts->spf == TP_SPF_FAIL || a->facts->sender.len == 0 ||
		(a->writing && !a->any_learned))
		return TP_OK;
	status = join(key, tp_buf_str(&a->engine->plain), tp_buf_str(&a->engine->rcpt), NULL, err);
	if (!status)
		status = get(a, TP_STATE_LEARNED, "learned", key->data, &entry, err);
	if (status == TP_NOTHING)
		return TP_OK;
	*passes = !status;
	a->any_learned = a->any_learned || *passes;
	return status ? status : renew(a, key->data, &entry, err);
}

static void note(struct tp_verdict *verdict, const struct tp_step *step)
{
	if (step->word == TP_WORD_PASS) {
		if (verdict->word == TP_WORD_PASS)
			verdict->reason = step->reason;
		if (verdict->waited_seconds < step->waited)
			verdict->waited_seconds = step->waited;
		return;
	}
	if (verdict->word != TP_WORD_PASS && verdict->wait_seconds >= step->wait)
		return;
	verdict->word = step->word;
	verdict->wait_seconds = step->wait;
}

/* The entry of one mail to one recipient, engine->key being its key. A mail whose SPF result was a
 * temporary error, or that nobody had looked up, waited under its network: found there, it goes on
 * under its domain (*moved). */
static enum tp_status get_key(
	struct attempt *a, struct tp_entry *entry, bool *moved, struct tp_error *err)
{
	struct tp_engine *engine = a->engine;
	struct tp_buf *key = &engine->key;
	enum tp_status status =
		join(key, engine->origin.data, engine->sender.data, engine->rcpt.data, err);

	*moved = false;
	if (!status)
		status = get(a, TP_STATE_KEY, "key", key->data, entry, err);
	if (status != TP_NOTHING || !engine->network.len)
		return status;
	status = join(key, engine->network.data, engine->sender.data, engine->rcpt.data, err);
	if (!status)
		status = get(a, TP_STATE_KEY, "key", key->data, entry, err);
	*moved = !status;
	if (!status || status == TP_NOTHING) {
		enum tp_status joined =
			join(key, engine->origin.data, engine->sender.data, engine->rcpt.data, err);

		status = joined ? joined : status;
	}
	return status;
}

static enum tp_status try_rcpt(
	struct attempt *a, const char *rcpt, const struct tp_wish *wish, struct tp_error *err)
{
	struct tp_engine *engine = a->engine;
	struct tp_step step = { .word = TP_WORD_PASS, .reason = "learned" };
	struct tp_entry entry;
	enum tp_status status;
	bool passes = false, moved;

	tp_buf_clear(&engine->rcpt);
	tp_key_address(*rcpt ? rcpt : "-", &engine->rcpt);
	status = tp_buf_status(&engine->rcpt, "recipient", err);
	if (!status && a->sample > 1 &&
		tp_state_number(engine->rcpt.data, &(struct tp_entry){ .kind = TP_STATE_MEMO }) %
			a->sample)
		return TP_OK;
	if (!status)
		status = learned(a, &passes, err);
	if (status || passes) {
		note(a->verdict, &step);
		return status;
	}
	status = get_key(a, &entry, &moved, err);
	if (status && status != TP_NOTHING)
		return status;
	step = tp_window_try(&wish->window, &entry, !status, engine->now);
	note(a->verdict, &step);
	a->successes += step.success;
	return step.changed || moved ? put(a, engine->key.data, &entry, err) : TP_OK;
}

/* Time must pass between two successes that count. Postfix asks for each recipient, so a spam to six
 * that is tried twice looks like six mails that came back. */
#define SUCCESS_APART 3600

static bool counts(const struct tp_entry *origin, int64_t now)
{
	return llabs(now - origin->last) >= SUCCESS_APART;
}

/* Successes of an origin: mails that came back after a wait. */
static enum tp_status count_successes(struct attempt *a, struct tp_error *err)
{
	const char *origin = tp_buf_str(&a->engine->origin);
	const struct tp_window *window = &tp_site_wish(a->engine->site, "")->window;
	int64_t now = a->engine->now;
	struct tp_entry entry;
	enum tp_status status;

	if (!a->writing || !a->successes || !a->engine->whole_after)
		return TP_OK;
	status = tp_state_get(a->state, TP_STATE_ORIGIN, origin, now, &entry, err);
	if (status == TP_NOTHING) {
		entry = (struct tp_entry){ .kind = TP_STATE_ORIGIN, .first = now, .passed = now };
		status = TP_OK;
	}
	if (status || (entry.count && !counts(&entry, now)))
		return status;
	entry.count++;
	entry.last = now;
	entry.until = now + window->keep;
	return tp_state_put(a->state, origin, &entry, now, err);
}

/* A mail to very many shows as well by a thousand of them that it comes back, and an origin has room for
 * some four thousand keys that wait (greylist/state.h). The same ones are chosen each time, whatever
 * their order. */
#define RCPTS_LOOKED_AT 1000

static int64_t sample_of(const struct attempt *a)
{
	const struct tp_wish *wish;
	int64_t subject = 0, sample = 1;
	const char *rcpt = NULL;

	if (a->facts->rcpt_count <= RCPTS_LOOKED_AT)
		return 1;
	while ((rcpt = tp_facts_next_rcpt(a->facts, rcpt)))
		subject += tp_engine_subject(a->engine, a->facts, rcpt, a->verdict->doubt, &wish);
	while (subject / sample > RCPTS_LOOKED_AT)
		sample *= 2;
	return sample;
}

static enum tp_status try_all(struct attempt *a, struct tp_error *err)
{
	const char *rcpt = a->facts->rcpt_count ? tp_facts_next_rcpt(a->facts, NULL) : "";
	const struct tp_wish *wish;
	enum tp_status status;
	bool whole;

	a->successes = 0;
	a->sample = sample_of(a);
	a->verdict->word = TP_WORD_PASS;
	a->verdict->reason = "known";
	a->verdict->wait_seconds = a->verdict->waited_seconds = 0;
	status = origin_passes(a, &whole, err);
	if (status || whole) {
		a->verdict->reason = "whole-key";
		return status;
	}
	for (; !status && rcpt; rcpt = tp_facts_next_rcpt(a->facts, rcpt)) {
		if (tp_engine_subject(a->engine, a->facts, rcpt, a->verdict->doubt, &wish))
			status = try_rcpt(a, rcpt, wish, err);
		if (!a->facts->rcpt_count)
			break;
	}
	return status ? status : count_successes(a, err);
}

/* A line a decision, so that a log answers what is delayed, for how long, and what came back. */
static void tell(const struct attempt *a)
{
	const struct tp_verdict *verdict = a->verdict;
	const struct tp_engine *engine = a->engine;

	if (verdict->word == TP_WORD_PASS && a->successes)
		tp_notice("pass %s: %s %s, after %lld s", verdict->reason, engine->origin.data,
			engine->sender.data, (long long)verdict->waited_seconds);
	else if (verdict->word == TP_WORD_PASS)
		tp_notice("pass %s: %s %s", verdict->reason, engine->origin.data,
			engine->sender.data);
	else
		tp_notice("throttle %s: %s %s, doubt %lld, window in %lld s",
			tp_word_name(verdict->word), engine->origin.data, engine->sender.data,
			(long long)verdict->doubt, (long long)verdict->wait_seconds);
}

/* All of it inside one transaction, which forgets everything when something fails. */
static enum tp_status try_once(struct attempt *a, bool write, struct tp_error *err)
{
	enum tp_status status = tp_state_begin(a->state, write, err), ended;
	struct tp_error late;

	if (status)
		return status;
	a->writing = write;
	status = try_all(a, err);
	ended = tp_state_end(a->state, !status, status ? &late : err);
	return status ? status : ended;
}

enum tp_status tp_engine_try(struct tp_engine *engine, const struct tp_facts *facts,
	struct tp_verdict *verdict, struct tp_error *err)
{
	struct attempt a = { .engine = engine, .facts = facts, .verdict = verdict };
	enum tp_status status = tp_engine_state(engine, &a.state, err);

	if (!status)
		status = try_once(&a, false, err);
	if (!status && a.must_write)
		status = try_once(&a, true, err);
	if (!status)
		tell(&a);
	return status;
}

/* --- whom we write to ------------------------------------------------------------------------ */

static enum tp_status learn_all(struct tp_engine *engine, struct tp_state *state,
	const struct tp_facts *facts, struct tp_error *err)
{
	const struct tp_window *window = &tp_site_wish(engine->site, "")->window;
	struct tp_entry entry = { .kind = TP_STATE_LEARNED,
		.first = engine->now,
		.last = engine->now,
		.passed = engine->now,
		.until = engine->now + window->keep };
	const char *rcpt = tp_facts_next_rcpt(facts, NULL);
	enum tp_status status = TP_OK;

	tp_buf_clear(&engine->rcpt);
	tp_key_address(facts->sender.data, &engine->rcpt);
	for (; !status && rcpt; rcpt = tp_facts_next_rcpt(facts, rcpt)) {
		tp_buf_clear(&engine->plain);
		tp_key_address(rcpt, &engine->plain);
		status = tp_buf_status(&engine->plain, "recipient", err);
		if (!status)
			status = join(&engine->key, engine->plain.data, tp_buf_str(&engine->rcpt),
				NULL, err);
		if (!status)
			status = tp_state_merge_entry(
				state, engine->key.data, &entry, engine->now, err);
	}
	return status;
}

enum tp_status tp_engine_learn(
	struct tp_engine *engine, const struct tp_facts *facts, int64_t now, struct tp_error *err)
{
	struct tp_state *state;
	struct tp_error late;
	enum tp_status status, ended;

	if (!err)
		err = &late;
	if (facts->sender.len == 0 || !facts->rcpt_count)
		return TP_NOTHING;
	tp_engine_begin(engine, now);
	status = tp_engine_state(engine, &state, err);
	if (!status)
		status = tp_state_begin(state, true, err);
	if (!status) {
		status = learn_all(engine, state, facts, err);
		ended = tp_state_end(state, !status, status ? &late : err);
		status = status ? status : ended;
	}
	if (status)
		tp_engine_state_failed(engine, err);
	return status;
}
