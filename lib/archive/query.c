/* What is asked: words of a query, and the query made ready. See query.h. */
#include "archive/query.h"

#include <strings.h>

#include "archive/query_run.h"
#include "base/clock.h"
#include "base/units.h"

void tp_query_terms_init(struct tp_query_terms *terms)
{
	*terms = (struct tp_query_terms){ .since_ms = INT64_MIN,
		.until_ms = INT64_MAX,
		.smaller = UINT64_MAX,
		.tiers = 1u << TP_TIER_ONLINE };
}

void tp_query_terms_release(struct tp_query_terms *terms)
{
	tp_strings_release(&terms->from);
	tp_strings_release(&terms->to);
	tp_strings_release(&terms->subject);
	tp_strings_release(&terms->any);
	tp_strings_release(&terms->regex);
	tp_query_terms_init(terms);
}

bool tp_query_tiers(const char *name, unsigned *tiers)
{
	static const struct {
		const char *name;
		unsigned tiers;
	} names[] = {
		{ "online", 1u << TP_TIER_ONLINE },
		{ "meuble", 1u << TP_TIER_ONLINE },
		{ "cellar", 1u << TP_TIER_CELLAR },
		{ "cave", 1u << TP_TIER_CELLAR },
		{ "disc", 1u << TP_TIER_DISC },
		{ "disque", 1u << TP_TIER_DISC },
		{ "all", 1u << TP_TIER_ONLINE | 1u << TP_TIER_CELLAR | 1u << TP_TIER_DISC },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i].name, name)) {
			*tiers = names[i].tiers;
			return true;
		}
	return false;
}

/* --- words ----------------------------------------------------------------------------------- */

static int64_t milliseconds(int64_t seconds)
{
	return seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
}

/* Given twice, both hold. */
static enum tp_status add_since(
	struct tp_query_terms *terms, const char *value, struct tp_error *err)
{
	int64_t begin, end;
	enum tp_status status = tp_date_parse_span(value, &begin, &end, err);

	if (!status && milliseconds(begin) > terms->since_ms)
		terms->since_ms = milliseconds(begin);
	return status;
}

static enum tp_status add_until(
	struct tp_query_terms *terms, const char *value, struct tp_error *err)
{
	int64_t begin, end;
	enum tp_status status = tp_date_parse_span(value, &begin, &end, err);

	if (!status && milliseconds(end) < terms->until_ms)
		terms->until_ms = milliseconds(end);
	return status;
}

static enum tp_status add_larger(
	struct tp_query_terms *terms, const char *value, struct tp_error *err)
{
	uint64_t bytes;
	enum tp_status status = tp_size_parse(value, &bytes, err);

	if (!status && (!terms->has_larger || bytes > terms->larger))
		terms->larger = bytes;
	terms->has_larger = terms->has_larger || !status;
	return status;
}

static enum tp_status add_smaller(
	struct tp_query_terms *terms, const char *value, struct tp_error *err)
{
	uint64_t bytes;
	enum tp_status status = tp_size_parse(value, &bytes, err);

	if (!status && bytes < terms->smaller)
		terms->smaller = bytes;
	return status;
}

static enum tp_status add_tier(
	struct tp_query_terms *terms, const char *value, struct tp_error *err)
{
	if (tp_query_tiers(value, &terms->tiers))
		return TP_OK;
	return tp_fail(err, TP_USAGE, "'%s' is no tier: one of online, cellar, disc, all", value);
}

static enum tp_status add_from(
	struct tp_query_terms *terms, const char *value, struct tp_error *err)
{
	return tp_strings_add(&terms->from, value, err);
}

static enum tp_status add_to(struct tp_query_terms *terms, const char *value, struct tp_error *err)
{
	return tp_strings_add(&terms->to, value, err);
}

static enum tp_status add_subject(
	struct tp_query_terms *terms, const char *value, struct tp_error *err)
{
	return tp_strings_add(&terms->subject, value, err);
}

static const struct {
	const char *name;
	enum tp_status (*add)(
		struct tp_query_terms *terms, const char *value, struct tp_error *err);
} words[] = {
	{ "from", add_from },
	{ "to", add_to },
	{ "subject", add_subject },
	{ "since", add_since },
	{ "until", add_until },
	{ "larger", add_larger },
	{ "smaller", add_smaller },
	{ "tier", add_tier },
};

enum tp_status tp_query_add(
	struct tp_query_terms *terms, const char *name, const char *value, struct tp_error *err)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i].name, name))
			return words[i].add(terms, value, err);
	return tp_fail(err, TP_INTERNAL, "no such word in queries: %s", name);
}

enum tp_status tp_query_add_word(
	struct tp_query_terms *terms, const char *word, struct tp_error *err)
{
	const char *colon = strchr(word, ':');
	size_t len = colon ? (size_t)(colon - word) : 0;
	enum tp_status status;

	for (size_t i = 0; colon && i < sizeof words / sizeof *words; i++) {
		if (strlen(words[i].name) != len || strncasecmp(words[i].name, word, len))
			continue;
		status = words[i].add(terms, colon + 1, err);
		return status ? tp_error_prefix(err, "%s", words[i].name) : TP_OK;
	}
	return tp_strings_add(&terms->any, word, err);
}

/* --- made ready ------------------------------------------------------------------------------ */

#define TEXT_MAX 65536 /* of a needle, folded */

/* Long needles are rare ones; the folded senders of a chunk are few, the recipients long. */
static double cost_of(unsigned columns, size_t len)
{
	static const double column[] = { 1, 2, 1.5 };
	double cost = 0;

	for (unsigned c = 0; c < TP_COLUMNS; c++)
		if (columns & 1u << c)
			cost += column[c];
	return cost * (len < 8 ? 9 - (double)len : 1);
}

/* What folds to nothing (an accent alone) is found everywhere, and is no term. */
static enum tp_status compile_texts(struct tp_compiled *compiled, const struct tp_strings *texts,
	unsigned columns, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < texts->count; i++) {
		struct tp_buf folded = TP_BUF_INIT(TEXT_MAX);
		struct tp_term *term = &compiled->terms[compiled->term_count];
		size_t len;

		tp_fold(texts->list[i], strlen(texts->list[i]), &folded);
		status = tp_buf_status(&folded, "query", err);
		if (status == TP_LIMIT)
			status = tp_fail(
				err, TP_USAGE, "query: a text of more than %d bytes", TEXT_MAX);
		len = folded.len;
		if (!status && len) {
			term->columns = columns;
			term->text = tp_buf_detach(&folded);
			if (!term->text)
				return tp_fail(err, TP_NOMEM, "query: out of memory");
			tp_needle_init(&term->needle, term->text, len);
			term->cost = cost_of(columns, len);
			compiled->term_count++;
		}
		tp_buf_release(&folded);
	}
	return status;
}

static enum tp_status compile_regex(struct tp_regex *regex, const char *text, struct tp_error *err)
{
	static const char *const fields[] = { "from", "to", "subject", "any" };
	const char *equals = strchr(text, '=');
	struct tp_pattern *pattern;
	enum tp_status status;

	for (size_t i = 0; equals && i < sizeof fields / sizeof *fields; i++) {
		if (strlen(fields[i]) != (size_t)(equals - text) ||
			strncmp(fields[i], text, (size_t)(equals - text)))
			continue;
		*regex = (struct tp_regex){ (enum tp_query_field)i, equals + 1 };
		status = tp_pattern_regex(regex->text, &pattern, err);
		if (status == TP_CONFIG)
			err->status = status = TP_USAGE;
		tp_pattern_free(pattern);
		return status;
	}
	return tp_fail(err, TP_USAGE,
		"regex '%s': not FIELD=RE with a field of from, to, subject, any", text);
}

enum tp_status tp_compile(
	const struct tp_query_terms *asked, struct tp_compiled *compiled, struct tp_error *err)
{
	static const unsigned from = 1u << TP_COLUMN_FROM, to = 1u << TP_COLUMN_TO,
			      subject = 1u << TP_COLUMN_SUBJECT;
	size_t texts =
		asked->from.count + asked->to.count + asked->subject.count + asked->any.count;
	enum tp_status status;

	compiled->asked = asked;
	compiled->terms = calloc(texts + 1, sizeof *compiled->terms);
	compiled->regexes = calloc(asked->regex.count + 1, sizeof *compiled->regexes);
	if (!compiled->terms || !compiled->regexes)
		return tp_fail(err, TP_NOMEM, "query: out of memory");
	status = compile_texts(compiled, &asked->from, from, err);
	if (!status)
		status = compile_texts(compiled, &asked->to, to, err);
	if (!status)
		status = compile_texts(compiled, &asked->subject, subject, err);
	if (!status)
		status = compile_texts(compiled, &asked->any, from | to | subject, err);
	for (size_t i = 0; !status && i < asked->regex.count; i++) {
		status = compile_regex(&compiled->regexes[i], asked->regex.list[i], err);
		compiled->regex_count += !status;
	}
	return status;
}

void tp_compiled_release(struct tp_compiled *compiled)
{
	for (size_t i = 0; compiled->terms && i < compiled->term_count; i++)
		free(compiled->terms[i].text);
	free(compiled->terms);
	free(compiled->regexes);
	*compiled = (struct tp_compiled){ .terms = NULL };
}
