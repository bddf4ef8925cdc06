/*
 * greylist-check: the grey zone. Says whether a doubtful mail shall wait; see greylist-check(1).
 *
 * One decision from options and the message on stdin, or as a policy service for Postfix (--policy)
 * and Exim (--request). The decision is greylist/engine.h's; here it gets its facts and leaves.
 */
#include <inttypes.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/tool.h"
#include "greylist/engine.h"
#include "greylist/exchange.h"
#include "greylist/message.h"
#include "greylist/policy.h"
#include "greylist/replay.h"

/* What counts stands on top: a header beyond this is read and not kept. */
#define HEADER_MAX ((size_t)1 << 20)

static struct {
	const char *ip, *sender, *helo, *name, *spf, *spf_domain, *record, *replay, *merge;
	struct tp_strings rcpts, doubts;
	bool authenticated, policy, request, explain, learn, dump;
} opt;

static const struct tp_option options[] = {
	{ 'i', "ip", "ADDRESS", .string = &opt.ip, .help = "client (else our own Received field)" },
	{ 'f', "sender", "ADDRESS", .string = &opt.sender,
		.help = "envelope sender (else Return-Path)" },
	{ 'r', "rcpt", "ADDRESS", .list = &opt.rcpts,
		.help = "envelope recipient (may be repeated)" },
	{ 0, "helo", "NAME", .string = &opt.helo, .help = "what the client called itself" },
	{ 0, "name", "NAME", .string = &opt.name, .help = "the client's verified reverse name" },
	{ 0, "spf", "RESULT", .string = &opt.spf,
		.help = "SPF result (else a trusted field of the mail)" },
	{ 0, "spf-domain", "DOMAIN", .string = &opt.spf_domain,
		.help = "the domain that it is about (else the sender's)" },
	{ 0, "authenticated", NULL, .flag = &opt.authenticated, .help = "one of our own users" },
	{ 'd', "doubt", "REASON[=WEIGHT]", .list = &opt.doubts,
		.help = "a reason to doubt (may be repeated)" },
	{ 0, "dnsbl", "ZONE[=WEIGHT]", .key = "greylist.dnsbl",
		.help = "ask this DNS list (may be repeated)" },
	{ 0, "dnswl", "ZONE[=WEIGHT]", .key = "greylist.dnswl",
		.help = "one that takes doubt away (may be repeated)" },
	{ 0, "always", NULL, .key = "greylist.always", .help = "greylist without a doubt, too" },
	{ 0, "code", "421|450|451", .key = "greylist.code",
		.help = "code of a throttled attempt (421; 450 with --policy)" },
	{ 0, "state", "FILE", .key = "greylist.state", .help = "what is remembered" },
	{ 0, "policy", NULL, .flag = &opt.policy,
		.help = "speak Postfix's policy protocol on stdin and stdout" },
	{ 0, "request", NULL, .flag = &opt.request,
		.help = "answer the one request on stdin (Exim's readsocket)" },
	{ 0, "learn", NULL, .flag = &opt.learn,
		.help = "remember that SENDER, one of ours, writes to the recipients" },
	{ 0, "record", "FILE", .string = &opt.record,
		.help = "append each attempt to FILE and let it pass" },
	{ 0, "replay", "LOG", .string = &opt.replay,
		.help = "tell what would have waited of a record of attempts" },
	{ 0, "dump", NULL, .flag = &opt.dump, .help = "print what is remembered" },
	{ 0, "merge", "FILE", .string = &opt.merge,
		.help = "add what another host dumped (- for stdin)" },
	{ 0, "explain", NULL, .flag = &opt.explain,
		.help = "say which facts, weights, keys and entries decided" },
	{ 0 },
};

/* --- facts ----------------------------------------------------------------------------------- */

typedef enum tp_status setter(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err);

/* An option that is empty says nothing: mail programs expand what they do not know to nothing. */
static enum tp_status set(struct tp_facts *facts, setter *to, const char *text, const char *option,
	struct tp_error *err)
{
	enum tp_status status;

	if (!text || (!*text && to != tp_facts_set_sender))
		return TP_OK;
	status = to(facts, text, strlen(text), err);
	if (status && status != TP_NOMEM) {
		tp_error_prefix(err, "%s", option);
		err->status = status = TP_USAGE;
	}
	return status;
}

static enum tp_status add_doubts(struct tp_facts *facts, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < opt.doubts.count; i++)
		if (*opt.doubts.list[i]) /* empty says nothing, see set() */
			status = tp_doubts_parse(&facts->doubts, opt.doubts.list[i], err);
	if (status == TP_DATA)
		err->status = status = TP_USAGE;
	return status;
}

static enum tp_status facts_from_options(struct tp_facts *facts, struct tp_error *err)
{
	enum tp_status status = set(facts, tp_facts_set_ip, opt.ip, "--ip", err);

	if (!status)
		status = set(facts, tp_facts_set_sender, opt.sender, "--sender", err);
	if (!status)
		status = set(facts, tp_facts_set_helo, opt.helo, "--helo", err);
	if (!status)
		status = set(facts, tp_facts_set_name, opt.name, "--name", err);
	if (!status)
		status = set(facts, tp_facts_set_spf, opt.spf, "--spf", err);
	if (!status)
		status = set(facts, tp_facts_set_spf_domain, opt.spf_domain, "--spf-domain", err);
	for (size_t i = 0; !status && i < opt.rcpts.count; i++)
		status = set(facts, tp_facts_add_rcpt, opt.rcpts.list[i], "--rcpt", err);
	if (!status)
		status = add_doubts(facts, err);
	facts->authenticated = opt.authenticated;
	return status;
}

static enum tp_status gather_facts(
	const struct tp_run *run, struct tp_facts *facts, struct tp_error *err)
{
	struct tp_message_trust trust = { .hosts = tp_conf_list(run->conf, "greylist.hosts"),
		.relays = tp_conf_list(run->conf, "greylist.relays"),
		.trust = tp_conf_list(run->conf, "greylist.trust") };
	enum tp_status status = facts_from_options(facts, err);

	if (!status && run->message.len)
		status = tp_facts_from_message(
			facts, run->message.data, run->message.len, &trust, err);
	return status;
}

/* --- one decision ---------------------------------------------------------------------------- */

static const char *code_of(const struct tp_run *run)
{
	const char *code = tp_conf_str(run->conf, "greylist.code");

	return code ? code : opt.policy ? "450" : "421";
}

/* A record, or a failed learning, must not keep mail from flowing. */
static enum tp_status record(struct tp_engine *engine, struct tp_facts *facts, const char **reason)
{
	struct tp_error why;

	*reason = "recorded";
	if (tp_engine_ask_lists(engine, facts, tp_now(), &why) ||
		tp_record_attempt(opt.record, facts, tp_now(), &why)) {
		tp_warn("%s", why.text);
		*reason = "not-recorded";
	}
	return TP_OK;
}

static enum tp_status learn(const struct tp_run *run, struct tp_engine *engine,
	const struct tp_facts *facts, const char **reason, struct tp_error *err)
{
	enum tp_status status = tp_engine_learn(engine, facts, tp_now(), err);

	*reason = status == TP_NOTHING ? "nothing-to-learn" : "learned";
	if (status == TP_NOTHING)
		return TP_OK;
	if (!status || status == TP_NOMEM ||
		!strcmp(tp_conf_str(run->conf, "greylist.on_error"), "defer"))
		return status;
	tp_warn("not learned: %s", err->text);
	*reason = "no-state";
	return TP_OK;
}

/* What is asked of this attempt: to be recorded, learned from, or decided about. */
static enum tp_status judge(const struct tp_run *run, struct tp_engine *engine,
	struct tp_facts *facts, struct tp_verdict *verdict, struct tp_error *err)
{
	bool learns = opt.learn && (!opt.policy || facts->authenticated);
	const char *reason = NULL;
	enum tp_status status = TP_OK;

	if (!opt.record && !learns)
		return tp_engine_decide(engine, facts, tp_now(), opt.explain, verdict, err);
	if (opt.record)
		status = record(engine, facts, &reason);
	else
		status = learn(run, engine, facts, &reason, err);
	verdict->word = TP_WORD_PASS;
	verdict->reason = reason;
	return status;
}

static enum tp_status check_one(struct tp_run *run, struct tp_engine *engine, struct tp_error *err)
{
	struct tp_verdict verdict;
	struct tp_facts facts;
	enum tp_status status;

	tp_facts_init(&facts);
	tp_verdict_init(&verdict);
	status = gather_facts(run, &facts, err);
	if (!status)
		status = judge(run, engine, &facts, &verdict, err);
	if (!status) {
		tp_verdict_line(&verdict, code_of(run), &run->text);
		tp_buf_addc(&run->text, '\n');
		tp_buf_add(&run->text, tp_buf_str(&verdict.explain), verdict.explain.len);
		if (verdict.word != TP_WORD_PASS)
			run->exit_code = EX_TEMPFAIL;
	}
	tp_facts_release(&facts);
	tp_verdict_release(&verdict);
	return status;
}

/* --- requests -------------------------------------------------------------------------------- */

struct service {
	const struct tp_run *run;
	struct tp_engine *engine;
	struct tp_policy policy;
	struct tp_facts facts;
	struct tp_verdict verdict;
	struct tp_buf action;
};

static enum tp_status answer(struct service *s, struct tp_error *err)
{
	enum tp_status status = add_doubts(&s->facts, err);

	if (!status)
		status = judge(s->run, s->engine, &s->facts, &s->verdict, err);
	if (status)
		return status;
	tp_buf_clear(&s->action);
	if (opt.policy)
		tp_verdict_action(&s->verdict, code_of(s->run), &s->action);
	else
		tp_verdict_line(&s->verdict, code_of(s->run), &s->action);
	tp_verdict_text(s->engine, &s->verdict, &s->action);
	if (opt.explain && s->verdict.explain.len)
		tp_notice("%s", s->verdict.explain.data);
	return tp_policy_answer(&s->policy, tp_buf_str(&s->action), err);
}

/* Trouble ends it without an answer: Postfix and Exim then do what they do without us. */
static enum tp_status serve(struct tp_run *run, struct tp_engine *engine, struct tp_error *err)
{
	struct service s = { .run = run, .engine = engine };
	enum tp_status status = TP_OK;

	tp_facts_init(&s.facts);
	tp_verdict_init(&s.verdict);
	tp_buf_init(&s.action, 4096);
	tp_policy_init(&s.policy, opt.policy ? TP_POLICY_LOOP : TP_POLICY_SINGLE, STDIN_FILENO,
		STDOUT_FILENO);
	while (!status) {
		status = tp_policy_read(&s.policy, &s.facts, err);
		if (!status)
			status = answer(&s, err);
	}
	tp_policy_release(&s.policy);
	tp_facts_release(&s.facts);
	tp_verdict_release(&s.verdict);
	tp_buf_release(&s.action);
	return status == TP_NOTHING ? TP_OK : status;
}

/* --- what is remembered ---------------------------------------------------------------------- */

static enum tp_status write_out(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	return tp_stdout_write(bytes, len, err);
}

static enum tp_status dump(struct tp_engine *engine, struct tp_error *err)
{
	struct tp_state *state;
	enum tp_status status = tp_engine_has_state(engine, err);

	if (!status)
		status = tp_engine_state(engine, &state, err);
	return status ? status : tp_state_dump(state, tp_now(), write_out, NULL, err);
}

static enum tp_status open_input(const char *path, struct tp_spool *spool, struct tp_error *err)
{
	return strcmp(path, "-") ? tp_spool_open(spool, path, err)
				 : tp_spool_read(spool, STDIN_FILENO, err);
}

static enum tp_status merge(struct tp_run *run, struct tp_engine *engine, struct tp_error *err)
{
	const char *name = strcmp(opt.merge, "-") ? opt.merge : "stdin";
	struct tp_spool input = TP_SPOOL_INIT;
	struct tp_state *state;
	int64_t merged = 0;
	enum tp_status status = open_input(opt.merge, &input, err);

	if (!status)
		status = tp_engine_state(engine, &state, err);
	if (!status)
		status = tp_state_merge(state, name, input.data, input.len, tp_now(), &merged, err);
	if (!status)
		tp_buf_addf(&run->text, "%" PRId64 " merged\n", merged);
	tp_spool_release(&input);
	return status;
}

static enum tp_status replay(struct tp_run *run, struct tp_engine *engine, struct tp_error *err)
{
	const char *name = strcmp(opt.replay, "-") ? opt.replay : "stdin";
	struct tp_spool input = TP_SPOOL_INIT;
	enum tp_status status = open_input(opt.replay, &input, err);

	if (!status)
		status = tp_replay(engine, name, input.data, input.len, &run->text, err);
	tp_spool_release(&input);
	return status;
}

/* A replay has a state of its own, in a folder that goes when it is done. */
static enum tp_status make_scratch(struct tp_run *run, struct tp_buf *folder, struct tp_error *err)
{
	const char *tmp = getenv("TMPDIR");
	struct tp_buf state = TP_BUF_INIT(1 << 16);
	enum tp_status status;

	tp_buf_addf(folder, "%s/greylist-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	status = tp_buf_status(folder, "temporary folder", err);
	if (!status && !mkdtemp(folder->data)) {
		status = tp_fail_errno(err, TP_CANTCREATE, "making %s", folder->data);
		tp_buf_clear(folder);
	}
	tp_buf_addf(&state, "%s/state", tp_buf_str(folder));
	if (!status)
		status = tp_buf_status(&state, "temporary folder", err);
	if (!status)
		status = tp_conf_set(run->conf, "greylist.state", state.data, "--replay", err);
	if (!status)
		status = tp_conf_set(run->conf, "greylist.on_error", "defer", "--replay", err);
	tp_buf_release(&state);
	return status;
}

static void remove_scratch(struct tp_buf *folder)
{
	static const char *const names[] = { "state", "state-wal", "state-shm" };
	size_t len = folder->len;

	for (size_t i = 0; len && i < sizeof names / sizeof *names; i++) {
		tp_buf_addf(folder, "/%s", names[i]);
		unlink(tp_buf_str(folder));
		tp_buf_truncate(folder, len);
	}
	if (len)
		rmdir(folder->data);
	tp_buf_release(folder);
}

/* --- the tool -------------------------------------------------------------------------------- */

static enum tp_status check_usage(struct tp_error *err)
{
	int modes = opt.policy + opt.request + opt.dump + !!opt.merge + !!opt.replay;

	if (modes > 1)
		return tp_fail(err, TP_USAGE,
			"--policy, --request, --dump, --merge and --replay exclude each other");
	if (opt.record && opt.learn)
		return tp_fail(err, TP_USAGE, "--record and --learn exclude each other");
	return TP_OK;
}

static enum tp_status work(struct tp_run *run, struct tp_engine *engine, struct tp_error *err)
{
	if (opt.policy || opt.request)
		return serve(run, engine, err);
	if (opt.dump)
		return dump(engine, err);
	if (opt.merge)
		return merge(run, engine, err);
	if (opt.replay)
		return replay(run, engine, err);
	return check_one(run, engine, err);
}

static enum tp_status run(struct tp_run *run, struct tp_error *err)
{
	bool many = opt.policy || opt.dump || opt.merge || opt.replay;
	struct tp_buf scratch = TP_BUF_INIT(1 << 16);
	struct tp_engine *engine = NULL;
	enum tp_status status = check_usage(err);

	if (!status && opt.replay)
		status = make_scratch(run, &scratch, err);
	if (!status)
		status = tp_engine_open(run->conf, many, &engine, err);
	if (!status)
		status = work(run, engine, err);
	tp_engine_close(engine);
	remove_scratch(&scratch);
	tp_strings_release(&opt.rcpts);
	tp_strings_release(&opt.doubts);
	return status;
}

int main(int argc, char **argv)
{
	static const struct tp_tool tool = {
		.name = "greylist-check",
		.summary = "say whether a doubtful mail shall wait",
		.operands = "",
		.carries_mail = true,
		.no_language = true,
		.instead = "policy request dump merge replay",
		.verdict = "250 pass: error\n",
		.header_max = HEADER_MAX,
		.on_error_key = "greylist.on_error",
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
