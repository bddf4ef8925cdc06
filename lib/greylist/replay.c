/* Attempts on record: see replay.h. */
#include "greylist/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/utf8.h"
#include "greylist/policy.h"
#include "greylist/state.h"

/* `listed=` when lists were asked, with what each said: `listed=ZONE/ANSWER`. */
static void add_listings(const struct tp_facts *facts, struct tp_buf *line)
{
	const char *at = facts->listings.data, *end = at + facts->listings.len;

	if (facts->has_listings && !facts->listings.len)
		tp_buf_adds(line, "\tlisted=");
	for (; facts->has_listings && at < end; at += strlen(at) + 1)
		tp_buf_addf(line, "\tlisted=%s", at);
}

enum tp_status tp_record_attempt(
	const char *path, const struct tp_facts *facts, int64_t now, struct tp_error *err)
{
	struct tp_buf line = TP_BUF_INIT((size_t)64 << 20);
	enum tp_status status;
	int fd = -1;

	tp_buf_addf(&line, "time=%" PRId64 "\n", now);
	status = tp_policy_write(facts, &line, err);
	if (!status)
		status = tp_buf_status(&line, "record", err);
	if (status)
		goto out;
	while (line.len && line.data[line.len - 1] == '\n')
		tp_buf_truncate(&line, line.len - 1);
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] == '\t' || line.data[i] == '\n')
			line.data[i] = line.data[i] == '\n' ? '\t' : ' ';
	add_listings(facts, &line);
	tp_buf_addc(&line, '\n');
	status = tp_buf_status(&line, "record", err);
	if (status)
		goto out;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		status = tp_fail_errno(err, TP_CANTCREATE, "opening %s", path);
	else
		status = tp_write_all(fd, line.data, line.len, path, err);
	if (fd >= 0 && close(fd) && !status)
		status = tp_fail_errno(err, TP_IO, "writing %s", path);
out:
	tp_buf_release(&line);
	return status;
}

/* --- replaying ------------------------------------------------------------------------------- */

struct replay {
	struct tp_engine *engine;
	struct tp_facts facts;
	struct tp_verdict verdict;
	struct tp_buf request; /* the line at hand as a request */
	struct tp_buf *out;
	int64_t unlisted; /* attempts of which nobody recorded what DNS lists said */
	int64_t attempts, words[TP_WORD_LATE + 1], last;
	int64_t keys, back, waited; /* what the state says afterwards */
};

/* `time=` anywhere in the request's lines. */
static enum tp_status read_time(const char *request, int64_t *seconds, struct tp_error *err)
{
	const char *at = strncmp(request, "time=", 5) ? strstr(request, "\ntime=") : request;
	char text[64], *end;
	size_t len;

	if (!at)
		return tp_fail(err, TP_DATA, "no time=");
	at = strchr(at, '=') + 1;
	len = strcspn(at, "\n");
	if (!len || len >= sizeof text)
		return tp_fail(err, TP_DATA, "time= is no time");
	memcpy(text, at, len);
	text[len] = '\0';
	errno = 0;
	*seconds = strtoll(text, &end, 10);
	if (!*end && !errno && *seconds >= 0)
		return TP_OK;
	return tp_date_parse(text, seconds, err) ? TP_DATA : TP_OK;
}

/* The lists are not asked again: what they say today is no answer about last week. */
static enum tp_status read_listings(struct replay *r, struct tp_error *err)
{
	const char *at = tp_buf_str(&r->request);
	bool any = false;

	tp_buf_clear(&r->facts.listings);
	for (; at && *at; at = strchr(at, '\n'), at += at != NULL) {
		size_t len = strcspn(at, "\n");

		if (len < 7 || memcmp(at, "listed=", 7) != 0)
			continue;
		any = true;
		if (len == 7)
			continue;
		tp_buf_add(&r->facts.listings, at + 7, len - 7);
		tp_buf_addc(&r->facts.listings, '\0');
	}
	r->unlisted += !any;
	r->facts.has_listings = true;
	return tp_buf_status(&r->facts.listings, "answers of DNS lists", err);
}

static void tell(struct replay *r, int64_t now)
{
	const struct tp_facts *facts = &r->facts;
	const char *sender = facts->sender.len ? facts->sender.data : "<>";

	tp_date_rfc3339(now, r->out);
	tp_buf_addf(r->out, "\t%s\t%s\t", tp_word_name(r->verdict.word), tp_buf_str(&facts->ip));
	tp_text_scrub(sender, strlen(sender), r->out);
	tp_buf_addc(r->out, '\t');
	if (facts->rcpt_count == 1)
		tp_text_scrub(facts->rcpts.data, strlen(facts->rcpts.data), r->out);
	else
		tp_buf_addf(r->out, "%zu", facts->rcpt_count);
	tp_buf_addc(r->out, '\n');
}

static enum tp_status replay_line(
	struct replay *r, const char *line, size_t len, struct tp_error *err)
{
	int64_t now;
	enum tp_status status;

	if (len == 0 || *line == '#')
		return TP_OK;
	tp_buf_clear(&r->request);
	tp_buf_add(&r->request, line, len);
	tp_buf_addc(&r->request, '\n');
	status = tp_buf_status(&r->request, "attempt", err);
	for (size_t i = 0; !status && i < r->request.len; i++)
		if (r->request.data[i] == '\t')
			r->request.data[i] = '\n';
	if (!status)
		status = read_time(tp_buf_str(&r->request), &now, err);
	if (!status)
		status = tp_policy_parse(
			TP_POLICY_SINGLE, r->request.data, r->request.len, &r->facts, err);
	if (!status)
		status = read_listings(r, err);
	if (!status)
		status = tp_engine_decide(r->engine, &r->facts, now, false, &r->verdict, err);
	if (status)
		return status;
	r->attempts++;
	r->last = now;
	r->words[r->verdict.word]++;
	if (r->verdict.word != TP_WORD_PASS)
		tell(r, now);
	return tp_buf_status(r->out, "replay", err);
}

static enum tp_status count_entry(
	void *context, const char *text, const struct tp_entry *entry, struct tp_error *err)
{
	struct replay *r = context;

	if (entry->kind != TP_STATE_KEY)
		return TP_OK;
	r->keys++;
	r->back += entry->passed != 0;
	r->waited += entry->passed ? entry->passed - entry->first : 0;
	return TP_OK;
}

static enum tp_status sum_up(struct replay *r, struct tp_error *err)
{
	struct tp_state *state;
	enum tp_status status = tp_engine_state(r->engine, &state, err);

	if (!status)
		status = tp_state_walk(state, r->last, count_entry, r, err);
	if (status)
		return status;
	tp_buf_addf(r->out, "attempts\t%" PRId64 "\n", r->attempts);
	for (int word = TP_WORD_PASS; word <= TP_WORD_LATE; word++)
		tp_buf_addf(r->out, "%s\t%" PRId64 "\n", tp_word_name((enum tp_word)word),
			r->words[word]);
	tp_buf_addf(r->out, "delayed mails\t%" PRId64 "\n", r->keys);
	tp_buf_addf(r->out, "came back\t%" PRId64 "\n", r->back);
	tp_buf_addf(r->out, "did not\t%" PRId64 "\n", r->keys - r->back);
	tp_buf_addf(r->out, "mean wait, seconds\t%" PRId64 "\n", r->back ? r->waited / r->back : 0);
	return tp_buf_status(r->out, "replay", err);
}

enum tp_status tp_replay(struct tp_engine *engine, const char *name, const char *data, size_t len,
	struct tp_buf *out, struct tp_error *err)
{
	struct replay r = { .engine = engine, .out = out };
	const char *at = data, *end;
	enum tp_status status = TP_OK;
	size_t number = 1;

	tp_facts_init(&r.facts);
	tp_verdict_init(&r.verdict);
	tp_buf_init(&r.request, TP_POLICY_REQUEST_MAX);
	for (; !status && at < data + len; at = end + 1, number++) {
		end = memchr(at, '\n', (size_t)(data + len - at));
		if (!end) {
			tp_warn("%s: line %zu: cut short, and left out", name, number);
			break;
		}
		status = replay_line(&r, at, (size_t)(end - at), err);
	}
	if (status)
		tp_error_prefix(err, "%s: line %zu", name, number - 1);
	else
		status = sum_up(&r, err);
	if (!status && r.unlisted && tp_engine_has_lists(engine))
		tp_warn("%s: %" PRId64 " of %" PRId64 " attempts do not say what DNS lists said, "
			"which do not count for them",
			name, r.unlisted, r.attempts);
	tp_facts_release(&r.facts);
	tp_verdict_release(&r.verdict);
	tp_buf_release(&r.request);
	return status;
}
