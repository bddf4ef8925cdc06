/*
 * Policy requests and answers on descriptors: see policy.h. Requests are taken from a buffer that is
 * filled by large reads; what was taken is moved away only when more must be read, so that a client
 * that sends many at once costs one read for all of them.
 */
#include "greylist/policy.h"

#include "base/file.h"
#include "base/utf8.h"

#define READ_SIZE ((size_t)64 << 10)

void tp_policy_init(struct tp_policy *policy, enum tp_policy_form form, int in, int out)
{
	*policy = (struct tp_policy){ .form = form, .in = in, .out = out };
	tp_buf_init(&policy->text, TP_POLICY_REQUEST_MAX + 2 * READ_SIZE);
}

void tp_policy_release(struct tp_policy *policy)
{
	tp_buf_release(&policy->text);
	policy->at = 0;
}

/* --- reading --- */

/* Looks for the blank line from *line on, which is where a line begins. True: the request ends at
 * *line, the next one begins at *next. Else *line is where the last, unfinished line begins. */
static bool find_end(const struct tp_policy *policy, size_t *line, size_t *next)
{
	const char *data = tp_buf_str(&policy->text);
	const char *end;

	while ((end = memchr(data + *line, '\n', policy->text.len - *line))) {
		size_t len = (size_t)(end - data) - *line;

		*next = *line + len + 1;
		if (len == 0 || (len == 1 && data[*line] == '\r'))
			return true;
		*line = *next;
	}
	return false;
}

static void move_to_front(struct tp_policy *policy)
{
	size_t left = policy->text.len - policy->at;

	if (!policy->at)
		return;
	memmove(policy->text.data, policy->text.data + policy->at, left);
	tp_buf_truncate(&policy->text, left);
	policy->at = 0;
}

static enum tp_status read_more(struct tp_policy *policy, struct tp_error *err)
{
	char *room = tp_buf_reserve(&policy->text, READ_SIZE);
	ssize_t n;

	if (!room)
		return tp_buf_status(&policy->text, "policy request", err);
	n = tp_read(policy->in, room, READ_SIZE);
	if (n < 0)
		return tp_fail_errno(err, TP_IO, "reading a policy request");
	tp_buf_grew(&policy->text, (size_t)n);
	policy->ended = n == 0;
	return TP_OK;
}

/* The end of the connection: where a request may begin, behind one, or amidst it. */
static enum tp_status at_end(struct tp_policy *policy, bool first, struct tp_error *err)
{
	if (policy->at == policy->text.len)
		return policy->form == TP_POLICY_SINGLE && first
			       ? tp_fail(err, TP_DATA, "policy request: nothing in it")
			       : TP_NOTHING;
	if (policy->form == TP_POLICY_LOOP)
		return tp_fail(err, TP_DATA, "policy request: it ends before its blank line");
	return TP_OK;
}

enum tp_status tp_policy_read(
	struct tp_policy *policy, struct tp_facts *facts, struct tp_error *err)
{
	bool first = !policy->ended;
	size_t line = policy->at, begin, next;
	enum tp_status status = TP_OK;

	tp_facts_clear(facts);
	while (!find_end(policy, &line, &next)) {
		if (policy->text.len - policy->at > TP_POLICY_REQUEST_MAX)
			return tp_fail(err, TP_LIMIT, "policy request: longer than %zu bytes",
				TP_POLICY_REQUEST_MAX);
		if (policy->ended) {
			status = at_end(policy, first, err);
			if (status)
				return status;
			line = next = policy->text.len;
			break;
		}
		line -= policy->at;
		move_to_front(policy);
		status = read_more(policy, err);
		if (status)
			return status;
	}
	begin = policy->at;
	policy->at = next;
	if (policy->form == TP_POLICY_SINGLE) { /* what else there may be is nobody's */
		policy->ended = true;
		policy->at = policy->text.len;
	}
	return tp_policy_parse(policy->form, policy->text.data + begin, line - begin, facts, err);
}

/* --- writing --- */

enum tp_status tp_policy_answer(struct tp_policy *policy, const char *action, struct tp_error *err)
{
	struct tp_buf line = TP_BUF_INIT((size_t)1 << 16);
	enum tp_status status;

	if (policy->form == TP_POLICY_LOOP)
		tp_buf_adds(&line, "action=");
	tp_text_scrub(action, strlen(action), &line);
	tp_buf_adds(&line, policy->form == TP_POLICY_LOOP ? "\n\n" : "\n");
	status = tp_buf_status(&line, "policy answer", err);
	if (!status)
		status = tp_write_all(policy->out, line.data, line.len, "policy answer", err);
	tp_buf_release(&line);
	return status;
}

static void add_line(
	struct tp_buf *out, bool *good, const char *name, const char *value, size_t len)
{
	if (memchr(value, '\n', len) || memchr(value, '\r', len) || memchr(value, '\0', len))
		*good = false;
	tp_buf_adds(out, name);
	tp_buf_addc(out, '=');
	tp_buf_add(out, value, len);
	tp_buf_addc(out, '\n');
}

/* Reading takes one pair of angle brackets away: an address that has its own gets another. */
static void add_address(
	struct tp_buf *out, bool *good, const char *name, const char *value, size_t len)
{
	if (len < 2 || value[0] != '<' || value[len - 1] != '>') {
		add_line(out, good, name, value, len);
		return;
	}
	tp_buf_addf(out, "%s=<", name);
	tp_buf_add(out, value, len);
	tp_buf_adds(out, ">\n");
}

static void add_known(struct tp_buf *out, bool *good, const char *name, const struct tp_buf *value)
{
	if (value->len)
		add_line(out, good, name, tp_buf_str(value), value->len);
}

static void add_doubts(struct tp_buf *out, bool *good, const struct tp_doubts *doubts)
{
	for (size_t i = 0; i < doubts->count; i++) {
		const char *reason = tp_doubts_reason(doubts, i);

		if (strchr(reason, '\n') || strchr(reason, '\r'))
			*good = false;
		tp_buf_addf(out, "doubt=%s=%d\n", reason, doubts->list[i].weight);
	}
}

enum tp_status tp_policy_write(
	const struct tp_facts *facts, struct tp_buf *out, struct tp_error *err)
{
	size_t before = out->len;
	bool good = true;

	tp_buf_adds(out, "request=smtpd_access_policy\n");
	add_known(out, &good, "client_address", &facts->ip);
	if (facts->has_sender)
		add_address(out, &good, "sender", tp_buf_str(&facts->sender), facts->sender.len);
	for (const char *rcpt = tp_facts_next_rcpt(facts, NULL); rcpt;
		rcpt = tp_facts_next_rcpt(facts, rcpt))
		add_address(out, &good, "recipient", rcpt, strlen(rcpt));
	add_known(out, &good, "helo_name", &facts->helo);
	add_known(out, &good, "client_name", &facts->name);
	add_known(out, &good, "reverse_client_name", &facts->reverse);
	if (facts->spf != TP_SPF_UNKNOWN)
		tp_buf_addf(out, "spf=%s\n", tp_spf_name(facts->spf));
	add_known(out, &good, "spf_domain", &facts->spf_domain);
	add_doubts(out, &good, &facts->doubts);
	if (facts->always)
		tp_buf_adds(out, "always=yes\n");
	if (facts->authenticated)
		tp_buf_adds(out, "authenticated=yes\n");
	tp_buf_addc(out, '\n');
	if (!good) {
		tp_buf_truncate(out, before);
		return tp_fail(err, TP_DATA, "policy request: a value with a line end or a NUL");
	}
	return tp_buf_status(out, "policy request", err);
}
