/*
 * One decision: see engine.h. This file goes through the order written there; what touches the state
 * is engine_state.c.
 */
#include "greylist/engine.h"

#include "base/diag.h"
#include "greylist/engine_parts.h"
#include "greylist/key.h"

/* --- opening --------------------------------------------------------------------------------- */

static enum tp_status read_bits(struct tp_engine *engine, struct tp_error *err)
{
	engine->ipv4_bits = (int)tp_conf_int(engine->conf, "greylist.ipv4_bits");
	engine->ipv6_bits = (int)tp_conf_int(engine->conf, "greylist.ipv6_bits");
	if (engine->ipv4_bits > 32)
		return tp_fail(err, TP_CONFIG, "greylist.ipv4_bits: more than 32");
	if (engine->ipv6_bits > 128)
		return tp_fail(err, TP_CONFIG, "greylist.ipv6_bits: more than 128");
	return TP_OK;
}

/* It goes into an SMTP reply: one line of ASCII, and short enough for one (RFC 5321 4.5.3.1.5). */
#define TEXT_MAX 400

static enum tp_status check_text(const struct tp_conf *conf, struct tp_error *err)
{
	const char *text = tp_conf_str(conf, "greylist.text");

	if (text && strlen(text) > TEXT_MAX)
		return tp_fail(err, TP_CONFIG, "greylist.text: longer than %d bytes", TEXT_MAX);
	for (; text && *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			return tp_fail(
				err, TP_CONFIG, "greylist.text: not one line of ASCII characters");
	return TP_OK;
}

static enum tp_status open_all(struct tp_engine *engine, struct tp_error *err)
{
	const struct tp_conf *conf = engine->conf;
	enum tp_status status = read_bits(engine, err);

	engine->whole_after = tp_conf_int(conf, "greylist.whole_after");
	engine->defer_on_error = !strcmp(tp_conf_str(conf, "greylist.on_error"), "defer");
	if (!status)
		status = check_text(conf, err);
	if (!status)
		status = tp_site_new(conf, &engine->site, err);
	if (!status)
		status = tp_white_new(tp_conf_list(conf, "greylist.white"),
			tp_conf_list(conf, "greylist.white_files"), true, &engine->white, err);
	if (!status)
		status = tp_white_new(tp_conf_list(conf, "greylist.white_rcpts"),
			tp_conf_list(conf, "greylist.white_rcpt_files"), false,
			&engine->white_rcpts, err);
	if (!status)
		status = tp_doubt_rules_new(conf, tp_engine_memo(engine), &engine->rules, err);
	return status;
}

enum tp_status tp_engine_open(
	const struct tp_conf *conf, bool many, struct tp_engine **out, struct tp_error *err)
{
	struct tp_engine *engine = calloc(1, sizeof *engine);
	enum tp_status status;

	*out = NULL;
	if (!engine)
		return tp_fail(err, TP_NOMEM, "out of memory");
	engine->conf = conf;
	engine->many = many;
	tp_buf_init(&engine->origin, 1 << 16);
	tp_buf_init(&engine->sender, 1 << 16);
	tp_buf_init(&engine->network, 1 << 16);
	tp_buf_init(&engine->plain, 1 << 16);
	tp_buf_init(&engine->rcpt, 1 << 16);
	tp_buf_init(&engine->key, 1 << 18);
	tp_buf_init(&engine->path, 1 << 16);
	status = open_all(engine, err);
	if (status)
		tp_engine_close(engine);
	else
		*out = engine;
	return status;
}

void tp_engine_close(struct tp_engine *engine)
{
	if (!engine)
		return;
	tp_doubt_rules_free(engine->rules);
	tp_white_free(engine->white);
	tp_white_free(engine->white_rcpts);
	tp_site_free(engine->site);
	tp_state_close(engine->state);
	tp_buf_release(&engine->origin);
	tp_buf_release(&engine->sender);
	tp_buf_release(&engine->network);
	tp_buf_release(&engine->plain);
	tp_buf_release(&engine->rcpt);
	tp_buf_release(&engine->key);
	tp_buf_release(&engine->path);
	free(engine);
}

/* --- before the state ------------------------------------------------------------------------ */

static bool client_is_white(const struct tp_engine *engine, const struct tp_facts *facts)
{
	const char *name = tp_buf_str(&facts->name);

	return (facts->has_ip && tp_white_has_ip(engine->white, &facts->address)) ||
	       (*name && tp_white_has_domain(engine->white, name)) ||
	       (facts->sender.len && tp_white_has_address(engine->white, facts->sender.data));
}

/* What the site wants for a recipient, a white one counted as `off`; NULL for that. */
static const struct tp_wish *wish_of(const struct tp_engine *engine, const char *rcpt)
{
	const struct tp_wish *wish = tp_site_wish(engine->site, rcpt);

	if (wish->off || (*rcpt && tp_white_has_address(engine->white_rcpts, rcpt)))
		return NULL;
	return wish;
}

/* What the recipients want, taken together. */
struct wishes {
	bool any;    /* one of them may have to wait */
	bool doubts; /* one of them waits only with a doubt */
	int64_t low, high;
};

static struct wishes ask_all(const struct tp_engine *engine, const struct tp_facts *facts)
{
	struct wishes wishes = { .low = INT64_MAX, .high = INT64_MIN };
	const char *rcpt = facts->rcpt_count ? tp_facts_next_rcpt(facts, NULL) : "";

	for (; rcpt; rcpt = tp_facts_next_rcpt(facts, rcpt)) {
		const struct tp_wish *wish = wish_of(engine, rcpt);

		if (wish) {
			wishes.any = true;
			wishes.doubts = wishes.doubts || !(wish->always || facts->always);
			wishes.low = wish->threshold < wishes.low ? wish->threshold : wishes.low;
			wishes.high = wish->threshold > wishes.high ? wish->threshold : wishes.high;
		}
		if (!facts->rcpt_count)
			break;
	}
	return wishes;
}

bool tp_engine_subject(const struct tp_engine *engine, const struct tp_facts *facts,
	const char *rcpt, int64_t doubt, const struct tp_wish **wish)
{
	*wish = wish_of(engine, rcpt);
	return *wish && (facts->always || (*wish)->always || doubt >= (*wish)->threshold);
}

static bool anybody_waits(
	const struct tp_engine *engine, const struct tp_facts *facts, int64_t doubt)
{
	const char *rcpt = facts->rcpt_count ? tp_facts_next_rcpt(facts, NULL) : "";
	const struct tp_wish *wish;

	for (; rcpt; rcpt = tp_facts_next_rcpt(facts, rcpt)) {
		if (tp_engine_subject(engine, facts, rcpt, doubt, &wish))
			return true;
		if (!facts->rcpt_count)
			break;
	}
	return false;
}

/* The reason for which it passes without a look at the state, or NULL. */
static enum tp_status pass_early(struct tp_engine *engine, const struct tp_facts *facts,
	struct tp_verdict *verdict, const char **reason, struct tp_error *err)
{
	struct wishes wishes;
	enum tp_status status = TP_OK;

	*reason = NULL;
	if (facts->authenticated) {
		*reason = "authenticated";
		return TP_OK;
	}
	status = tp_white_refresh(engine->white, err);
	if (!status)
		status = tp_white_refresh(engine->white_rcpts, err);
	if (status)
		return status;
	if (client_is_white(engine, facts)) {
		*reason = "white";
		return TP_OK;
	}
	wishes = ask_all(engine, facts);
	if (!wishes.any) {
		*reason = "white-recipient";
		return TP_OK;
	}
	status = tp_doubt_weigh(engine->rules, facts, wishes.doubts ? wishes.low : INT64_MIN,
		wishes.doubts ? wishes.high : INT64_MIN, engine->now, &verdict->doubts, err);
	verdict->doubt = tp_doubts_sum(&verdict->doubts);
	if (!status && !anybody_waits(engine, facts, verdict->doubt))
		*reason = "no-doubt";
	return status;
}

/* --- the decision ---------------------------------------------------------------------------- */

void tp_verdict_init(struct tp_verdict *verdict)
{
	*verdict = (struct tp_verdict){ .doubts = TP_DOUBTS_INIT };
	tp_buf_init(&verdict->explain, (size_t)64 << 20);
}

void tp_verdict_release(struct tp_verdict *verdict)
{
	tp_doubts_release(&verdict->doubts);
	tp_buf_release(&verdict->explain);
}

static void clear(struct tp_verdict *verdict)
{
	verdict->word = TP_WORD_PASS;
	verdict->reason = "no-doubt";
	verdict->wait_seconds = verdict->waited_seconds = verdict->doubt = 0;
	tp_doubts_clear(&verdict->doubts);
	tp_buf_clear(&verdict->explain);
}

static void pass(struct tp_verdict *verdict, const char *reason)
{
	verdict->word = TP_WORD_PASS;
	verdict->reason = reason;
	verdict->wait_seconds = 0;
}

/* Mail must flow: a state that cannot be used makes nobody wait, unless the site wants it so. */
static enum tp_status survive(
	struct tp_engine *engine, struct tp_verdict *verdict, struct tp_error *err)
{
	tp_engine_state_failed(engine, err);
	if (engine->defer_on_error)
		return err->status;
	tp_warn("passed without its state: %s", err->text);
	pass(verdict, "no-state");
	return TP_OK;
}

/* Where this comes from, and where it came from when SPF did not pass yet. */
static enum tp_status find_origins(
	struct tp_engine *engine, const struct tp_facts *facts, struct tp_error *err)
{
	enum tp_status status;

	tp_buf_clear(&engine->origin);
	tp_buf_clear(&engine->network);
	status = tp_key_origin(facts, engine->ipv4_bits, engine->ipv6_bits, &engine->origin, err);
	if (status || strncmp(engine->origin.data, "spf:", 4) != 0)
		return status;
	status = tp_key_network(facts, engine->ipv4_bits, engine->ipv6_bits, &engine->network, err);
	return status == TP_NOTHING ? TP_OK : status;
}

static enum tp_status look_up(struct tp_engine *engine, const struct tp_facts *facts,
	struct tp_verdict *verdict, struct tp_error *err)
{
	enum tp_status status;

	status = find_origins(engine, facts, err);
	if (status == TP_NOTHING) {
		tp_warn("passed: no client address");
		pass(verdict, "no-client");
		return TP_OK;
	}
	if (status)
		return status;
	tp_buf_clear(&engine->sender);
	tp_key_sender(tp_buf_str(&facts->sender), &engine->sender);
	tp_buf_clear(&engine->plain);
	tp_key_address(tp_buf_str(&facts->sender), &engine->plain);
	status = tp_buf_status(&engine->sender, "sender", err);
	if (!status)
		status = tp_buf_status(&engine->plain, "sender", err);
	if (status)
		return status;
	status = tp_engine_try(engine, facts, verdict, err);
	return status ? survive(engine, verdict, err) : TP_OK;
}

enum tp_status tp_engine_decide(struct tp_engine *engine, const struct tp_facts *facts, int64_t now,
	bool explain, struct tp_verdict *verdict, struct tp_error *err)
{
	struct tp_error unused;
	const char *reason;
	enum tp_status status;

	if (!err)
		err = &unused;
	clear(verdict);
	tp_engine_begin(engine, now);
	engine->explains = explain;
	status = pass_early(engine, facts, verdict, &reason, err);
	if (status)
		return status;
	if (explain)
		tp_engine_explain(facts, verdict);
	if (reason)
		pass(verdict, reason);
	else
		status = look_up(engine, facts, verdict, err);
	return status ? status : tp_buf_status(&verdict->explain, "explanation", err);
}

enum tp_status tp_engine_ask_lists(
	struct tp_engine *engine, struct tp_facts *facts, int64_t now, struct tp_error *err)
{
	if (!tp_doubt_asks(engine->rules))
		return TP_OK;
	tp_engine_begin(engine, now);
	return tp_doubt_record(engine->rules, facts, now, err);
}

bool tp_engine_has_lists(const struct tp_engine *engine)
{
	return tp_doubt_asks(engine->rules);
}

const char *tp_word_name(enum tp_word word)
{
	static const char *const names[] = {
		[TP_WORD_PASS] = "pass",
		[TP_WORD_FIRSTTRY] = "firsttry",
		[TP_WORD_EARLY] = "early",
		[TP_WORD_LATE] = "late",
	};

	return names[word];
}

bool tp_verdict_line(const struct tp_verdict *verdict, const char *code, struct tp_buf *out)
{
	if (verdict->word == TP_WORD_PASS)
		return tp_buf_addf(out, "250 pass: %s", verdict->reason);
	return tp_buf_addf(out, "%s throttle: %s", code, tp_word_name(verdict->word));
}

bool tp_verdict_action(const struct tp_verdict *verdict, const char *code, struct tp_buf *out)
{
	if (verdict->word == TP_WORD_PASS)
		return tp_buf_adds(out, "dunno");
	return tp_buf_addf(out, "%s %s throttle: %s", code, strcmp(code, "421") ? "4.7.1" : "4.7.0",
		tp_word_name(verdict->word));
}

bool tp_verdict_text(
	const struct tp_engine *engine, const struct tp_verdict *verdict, struct tp_buf *out)
{
	const char *text = tp_conf_str(engine->conf, "greylist.text");

	if (verdict->word == TP_WORD_PASS || !text || !*text)
		return true;
	return tp_buf_addc(out, ' ') && tp_buf_adds(out, text);
}
