/* What --explain says: see engine_parts.h. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "greylist/engine_parts.h"

void tp_explain_line(struct tp_buf *out, const char *name, const char *value)
{
	tp_buf_adds(out, name);
	tp_buf_addc(out, '\t');
	tp_text_scrub(value, strlen(value), out);
	tp_buf_addc(out, '\n');
}

static void explain_fact(struct tp_buf *out, const char *name, const struct tp_buf *value)
{
	tp_explain_line(out, name, value->len ? value->data : "-");
}

void tp_engine_explain(const struct tp_facts *facts, struct tp_verdict *verdict)
{
	struct tp_buf *out = &verdict->explain;
	const char *rcpt = NULL;

	explain_fact(out, "client", &facts->ip);
	explain_fact(out, "name", &facts->name);
	if (facts->reverse.len && strcmp(facts->reverse.data, tp_buf_str(&facts->name)) != 0)
		explain_fact(out, "unverified", &facts->reverse);
	explain_fact(out, "helo", &facts->helo);
	tp_explain_line(out, "sender",
		facts->sender.len   ? facts->sender.data
		: facts->has_sender ? "<>"
				    : "-");
	while ((rcpt = tp_facts_next_rcpt(facts, rcpt)))
		tp_explain_line(out, "recipient", rcpt);
	tp_explain_line(out, "spf", tp_spf_name(facts->spf));
	for (size_t i = 0; i < verdict->doubts.count; i++) {
		tp_buf_addf(out, "doubt\t%+d ", verdict->doubts.list[i].weight);
		tp_text_scrub(tp_doubts_reason(&verdict->doubts, i),
			strlen(tp_doubts_reason(&verdict->doubts, i)), out);
		tp_buf_addc(out, '\n');
	}
	tp_buf_addf(out, "sum\t%" PRId64 "\n", verdict->doubt);
}

static void add_time(struct tp_buf *out, const char *name, int64_t seconds)
{
	tp_buf_addf(out, ", %s ", name);
	tp_date_rfc3339(seconds, out);
}

void tp_explain_entry(struct tp_buf *out, const char *name, const char *key,
	const struct tp_entry *entry, bool found)
{
	tp_buf_adds(out, name);
	tp_buf_addc(out, '\t');
	tp_text_scrub(key, strlen(key), out);
	if (!found) {
		tp_buf_adds(out, ": not known\n");
		return;
	}
	tp_buf_addf(out, ": successes %" PRId64 ", late %" PRId64, entry->count, entry->late);
	add_time(out, "first", entry->first);
	add_time(out, "last", entry->last);
	if (entry->passed)
		add_time(out, "passed", entry->passed);
	add_time(out, "until", entry->until);
	tp_buf_addc(out, '\n');
}
