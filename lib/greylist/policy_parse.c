/*
 * A policy request in memory: see policy.h. One pass over its lines; each attribute is known by a
 * table, which says what it sets and whether it may stand more than once.
 */
#include "greylist/policy.h"

#include <strings.h>

#define POSTFIX_REQUEST "smtpd_access_policy"

struct value {
	const char *text;
	size_t len;
};

/* What a request said so far. */
struct parse {
	struct tp_facts *facts;
	unsigned seen; /* a bit for each attribute */
	bool is_access_policy;
};

typedef enum tp_status take_value(struct parse *parse, struct value value, struct tp_error *err);

/* --- attributes --- */

static bool is(struct value value, const char *word)
{
	return value.len == strlen(word) && !memcmp(value.text, word, value.len);
}

static enum tp_status take_request(struct parse *parse, struct value value, struct tp_error *err)
{
	parse->is_access_policy = is(value, POSTFIX_REQUEST);
	return TP_OK;
}

/* Postfix says `unknown` when it lost the client. */
static enum tp_status take_address(struct parse *parse, struct value value, struct tp_error *err)
{
	enum tp_status status = tp_facts_set_ip(parse->facts, value.text, value.len, err);

	return status == TP_DATA ? TP_OK : status;
}

static enum tp_status take_sender(struct parse *parse, struct value value, struct tp_error *err)
{
	return tp_facts_set_sender(parse->facts, value.text, value.len, err);
}

static enum tp_status take_rcpt(struct parse *parse, struct value value, struct tp_error *err)
{
	return tp_facts_add_rcpt(parse->facts, value.text, value.len, err);
}

static enum tp_status take_helo(struct parse *parse, struct value value, struct tp_error *err)
{
	return tp_facts_set_helo(parse->facts, value.text, value.len, err);
}

static enum tp_status take_name(struct parse *parse, struct value value, struct tp_error *err)
{
	return tp_facts_set_name(parse->facts, value.text, value.len, err);
}

static enum tp_status take_reverse(struct parse *parse, struct value value, struct tp_error *err)
{
	return tp_facts_set_reverse(parse->facts, value.text, value.len, err);
}

static enum tp_status take_user(struct parse *parse, struct value value, struct tp_error *err)
{
	if (value.len)
		parse->facts->authenticated = true;
	return TP_OK;
}

/* A word that no mail program should say is no result. */
static enum tp_status take_spf(struct parse *parse, struct value value, struct tp_error *err)
{
	enum tp_status status = tp_facts_set_spf(parse->facts, value.text, value.len, err);

	return status == TP_DATA ? TP_OK : status;
}

static enum tp_status take_spf_domain(struct parse *parse, struct value value, struct tp_error *err)
{
	return tp_facts_set_spf_domain(parse->facts, value.text, value.len, err);
}

static enum tp_status take_doubt(struct parse *parse, struct value value, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(TP_FACT_MAX);
	enum tp_status status;

	if (!value.len)
		return TP_OK;
	tp_buf_add(&text, value.text, value.len);
	status = tp_buf_status(&text, "doubt", err);
	if (!status)
		status = tp_doubts_parse(&parse->facts->doubts, tp_buf_str(&text), err);
	tp_buf_release(&text);
	return status;
}

static enum tp_status take_always(struct parse *parse, struct value value, struct tp_error *err)
{
	parse->facts->always = is(value, "yes");
	if (value.len && !is(value, "yes") && !is(value, "no"))
		return tp_fail(err, TP_DATA, "neither yes nor no");
	return TP_OK;
}

static const struct attribute {
	const char *name;
	take_value *take;
	bool many;
} attributes[] = {
	{ "request", take_request, false },
	{ "client_address", take_address, false },
	{ "sender", take_sender, false },
	{ "recipient", take_rcpt, true },
	{ "helo_name", take_helo, false },
	{ "client_name", take_name, false },
	{ "reverse_client_name", take_reverse, false },
	{ "sasl_username", take_user, false },
	{ "spf", take_spf, false },
	{ "spf_domain", take_spf_domain, false },
	{ "doubt", take_doubt, true },
	{ "always", take_always, false },
	{ "authenticated", take_user, false },
};

/* --- lines --- */

static enum tp_status take_line(
	struct parse *parse, const char *line, size_t len, struct tp_error *err)
{
	const char *equals = memchr(line, '=', len);
	struct value name = { line, equals ? (size_t)(equals - line) : 0 };
	struct value value = { line + name.len + 1, len - name.len - 1 };
	enum tp_status status;
	size_t i = 0;

	if (!name.len)
		return tp_fail(err, TP_DATA, "policy request: a line that is no name=value");
	while (i < sizeof attributes / sizeof *attributes && !is(name, attributes[i].name))
		i++;
	if (i == sizeof attributes / sizeof *attributes)
		return TP_OK;
	if (!attributes[i].many && parse->seen & 1u << i)
		return tp_fail(
			err, TP_DATA, "policy request: '%s' stands twice", attributes[i].name);
	parse->seen |= 1u << i;
	if (value.len > TP_FACT_MAX)
		return tp_fail(err, TP_LIMIT, "policy request: %s: longer than %d bytes",
			attributes[i].name, TP_FACT_MAX);
	if (value.len && memchr(value.text, '\r', value.len))
		return tp_fail(err, TP_DATA, "policy request: %s: a CR in it", attributes[i].name);
	status = attributes[i].take(parse, value, err);
	if (status)
		tp_error_prefix(err, "policy request: %s", attributes[i].name);
	return status;
}

enum tp_status tp_policy_parse(enum tp_policy_form form, const char *text, size_t len,
	struct tp_facts *facts, struct tp_error *err)
{
	struct parse parse = { .facts = facts };
	enum tp_status status = TP_OK;

	tp_facts_clear(facts);
	if (len > TP_POLICY_REQUEST_MAX)
		return tp_fail(err, TP_LIMIT, "policy request: longer than %zu bytes",
			TP_POLICY_REQUEST_MAX);
	if (len && memchr(text, '\0', len))
		return tp_fail(err, TP_DATA, "policy request: it holds a NUL");
	for (size_t at = 0; !status && at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;

		status = take_line(
			&parse, text + at, n && text[at + n - 1] == '\r' ? n - 1 : n, err);
		at += n + 1;
	}
	if (!status && form == TP_POLICY_LOOP && !parse.is_access_policy)
		status = tp_fail(err, TP_DATA, "policy request: no request=" POSTFIX_REQUEST);
	if (!status && !parse.seen)
		status = tp_fail(err, TP_DATA, "policy request: nothing in it");
	return status;
}
