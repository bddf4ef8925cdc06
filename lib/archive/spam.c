/* Spam by its own header: see spam.h. */
#include "archive/spam.h"

#include "base/pattern.h"
#include "mime/text.h"

struct rule {
	char *header;
	struct tp_pattern *pattern;
};

struct tp_spam_rules {
	struct rule *list;
	size_t count;
};

static enum tp_status add_rule(struct tp_spam_rules *rules, const char *text, struct tp_error *err)
{
	struct rule *rule = &rules->list[rules->count];
	const char *colon = strchr(text, ':');

	if (!colon || colon == text)
		return tp_fail(err, TP_CONFIG, "skip: '%s' is no rule `Header: pattern`", text);
	rule->header = strndup(text, (size_t)(colon - text));
	if (!rule->header)
		return tp_fail(err, TP_NOMEM, "skip: out of memory");
	rules->count++;
	return tp_pattern_regex(colon + 1 + strspn(colon + 1, " \t"), &rule->pattern, err);
}

enum tp_status tp_spam_rules_new(
	const struct tp_strings *texts, struct tp_spam_rules **out, struct tp_error *err)
{
	static const char *const usual[] = { "X-Spam-Flag: (?i)^yes", "X-Spam-Status: (?i)^yes" };
	size_t count = texts->count ? texts->count : sizeof usual / sizeof *usual;
	struct tp_spam_rules *rules = calloc(1, sizeof *rules);
	enum tp_status status = TP_OK;

	*out = NULL;
	if (rules)
		rules->list = calloc(count, sizeof *rules->list);
	if (!rules || !rules->list) {
		free(rules);
		return tp_fail(err, TP_NOMEM, "skip: out of memory");
	}
	for (size_t i = 0; !status && i < count; i++)
		status = add_rule(rules, texts->count ? texts->list[i] : usual[i], err);
	if (status)
		tp_spam_rules_free(rules);
	else
		*out = rules;
	return status;
}

void tp_spam_rules_free(struct tp_spam_rules *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->count; i++) {
		free(rules->list[i].header);
		tp_pattern_free(rules->list[i].pattern);
	}
	free(rules->list);
	free(rules);
}

static bool matches(const struct rule *rule, const char *data, struct tp_range value)
{
	struct tp_buf text = TP_BUF_INIT(4 * (size_t)TP_TEXT_VALUE_MAX);
	bool found;

	if (tp_range_len(value) > TP_TEXT_VALUE_MAX)
		value.end = value.begin + TP_TEXT_VALUE_MAX;
	found = !tp_text_decode(data, value, &text, NULL) &&
		tp_pattern_match(rule->pattern, tp_buf_str(&text), text.len);
	tp_buf_release(&text);
	return found;
}

const char *tp_spam_why(const struct tp_spam_rules *rules, const char *data, size_t len)
{
	struct tp_range header = tp_header_block(data, len);
	struct tp_field field;
	size_t at = 0;

	while (tp_header_next(data, header, &at, &field))
		for (size_t i = 0; i < rules->count; i++)
			if (tp_range_is(data, field.name, rules->list[i].header) &&
				matches(&rules->list[i], data, field.value))
				return rules->list[i].header;
	return NULL;
}
