/* Doubt: see doubt.h. */
#include "greylist/doubt.h"

#include <errno.h>

#include "base/diag.h"
#include "base/pattern.h"
#include "base/yaml.h"
#include "greylist/key.h"

enum field { IP, NAME, REVERSE, HELO, SENDER, SENDER_DOMAIN, FIELDS };

static const char *const field_names[FIELDS] = {
	[IP] = "ip",
	[NAME] = "name",
	[REVERSE] = "reverse",
	[HELO] = "helo",
	[SENDER] = "sender",
	[SENDER_DOMAIN] = "sender_domain",
};

struct rule {
	const char *name; /* borrowed from the configuration */
	struct tp_pattern *patterns[FIELDS];
	int weight;
};

struct tp_doubt_rules {
	int spf[TP_SPF_PERMERROR + 1];
	struct rule *rules;
	size_t count;
	struct tp_dns *dns; /* NULL: no lists */
	bool blocks, welcomes;
};

/* --- reading the settings -------------------------------------------------------------------- */

static enum tp_status read_weight(const char *text, int *weight, struct tp_error *err)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || *end || number > TP_DOUBT_WEIGHT_MAX ||
		number < -TP_DOUBT_WEIGHT_MAX)
		return tp_fail(err, TP_USAGE, "'%s' is no weight", text);
	*weight = (int)number;
	return TP_OK;
}

static enum tp_status read_pattern(
	struct rule *rule, const char *key, const char *text, struct tp_error *err)
{
	for (int i = 0; i < FIELDS; i++)
		if (!strcmp(key, field_names[i]))
			return tp_pattern_new(text, &rule->patterns[i], err);
	return tp_fail(err, TP_USAGE,
		"unknown key '%s' (ip, name, reverse, helo, sender, sender_domain, weight)", key);
}

static bool has_pattern(const struct rule *rule)
{
	for (int i = 0; i < FIELDS; i++)
		if (rule->patterns[i])
			return true;
	return false;
}

static enum tp_status read_rule(
	struct rule *rule, const char *file, const struct tp_yaml *node, struct tp_error *err)
{
	struct tp_error why;

	rule->weight = 1;
	if (node->kind != TP_YAML_MAPPING)
		return tp_yaml_fail(err, file, node, "not a mapping of patterns");
	for (size_t i = 0; i < node->count; i++) {
		const struct tp_yaml *item = node->items[i];
		enum tp_status status;

		if (item->kind != TP_YAML_SCALAR)
			return tp_yaml_fail(
				err, file, item, "%s: not a single value", node->keys[i]);
		status = !strcmp(node->keys[i], "weight")
				 ? read_weight(item->text ? item->text : "", &rule->weight, &why)
				 : read_pattern(
					   rule, node->keys[i], item->text ? item->text : "", &why);
		if (status)
			return tp_yaml_fail(err, file, item, "%s", why.text);
	}
	if (!has_pattern(rule))
		return tp_yaml_fail_key(
			err, file, node, "%s: a rule without a pattern", rule->name);
	if (rule->patterns[REVERSE] && rule->weight < 0)
		return tp_yaml_fail_key(err, file, node,
			"%s: 'reverse' is not verified and is no reason to trust; use 'name'",
			rule->name);
	return TP_OK;
}

static enum tp_status read_rules(
	struct tp_doubt_rules *rules, const struct tp_conf *conf, struct tp_error *err)
{
	const struct tp_yaml *map = tp_conf_map(conf, "greylist.rules");
	enum tp_status status = TP_OK;

	if (!map)
		return TP_OK;
	rules->rules = calloc(map->count + 1, sizeof *rules->rules);
	if (!rules->rules)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (size_t i = 0; !status && i < map->count; i++) {
		rules->count++;
		rules->rules[i].name = map->keys[i];
		status = read_rule(&rules->rules[i], tp_conf_file(conf), map->items[i], err);
	}
	return status;
}

static void read_spf(struct tp_doubt_rules *rules, const struct tp_conf *conf)
{
	rules->spf[TP_SPF_FAIL] = (int)tp_conf_int(conf, "greylist.spf.fail");
	rules->spf[TP_SPF_SOFTFAIL] = (int)tp_conf_int(conf, "greylist.spf.softfail");
	rules->spf[TP_SPF_NEUTRAL] = (int)tp_conf_int(conf, "greylist.spf.neutral");
	rules->spf[TP_SPF_NONE] = (int)tp_conf_int(conf, "greylist.spf.none");
	rules->spf[TP_SPF_TEMPERROR] = (int)tp_conf_int(conf, "greylist.spf.temperror");
	rules->spf[TP_SPF_PERMERROR] = (int)tp_conf_int(conf, "greylist.spf.permerror");
}

static enum tp_status open_dns(struct tp_doubt_rules *rules, const struct tp_conf *conf,
	struct tp_dns_memo memo, struct tp_error *err)
{
	int64_t deadline_ms = 1000 * tp_conf_seconds(conf, "greylist.dns_deadline");
	struct tp_dns_settings settings = { .blocklists = tp_conf_list(conf, "greylist.dnsbl"),
		.welcome = tp_conf_list(conf, "greylist.dnswl"),
		.servers = tp_conf_list(conf, "greylist.dns_servers"),
		.deadline_ms =
			deadline_ms < TP_DNS_DEADLINE_MAX_MS ? deadline_ms : TP_DNS_DEADLINE_MAX_MS,
		.memo = memo };

	rules->blocks = settings.blocklists->count > 0;
	rules->welcomes = settings.welcome->count > 0;
	if (!rules->blocks && !rules->welcomes)
		return TP_OK;
	return tp_dns_open(&settings, &rules->dns, err);
}

enum tp_status tp_doubt_rules_new(const struct tp_conf *conf, struct tp_dns_memo memo,
	struct tp_doubt_rules **out, struct tp_error *err)
{
	struct tp_doubt_rules *rules = calloc(1, sizeof *rules);
	enum tp_status status;

	*out = NULL;
	if (!rules)
		return tp_fail(err, TP_NOMEM, "out of memory");
	read_spf(rules, conf);
	status = read_rules(rules, conf, err);
	if (!status)
		status = open_dns(rules, conf, memo, err);
	if (status)
		tp_doubt_rules_free(rules);
	else
		*out = rules;
	return status;
}

void tp_doubt_rules_free(struct tp_doubt_rules *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->count; i++)
		for (int j = 0; j < FIELDS; j++)
			tp_pattern_free(rules->rules[i].patterns[j]);
	free(rules->rules);
	tp_dns_close(rules->dns);
	free(rules);
}

/* --- weighing -------------------------------------------------------------------------------- */

static const char *value_of(const struct tp_facts *facts, enum field field)
{
	switch (field) {
	case IP:
		return tp_buf_str(&facts->ip);
	case NAME:
		return tp_buf_str(&facts->name);
	case REVERSE: /* who tells only the verified one means that */
		return tp_buf_str(facts->reverse.len ? &facts->reverse : &facts->name);
	case HELO:
		return tp_buf_str(&facts->helo);
	case SENDER:
		return tp_buf_str(&facts->sender);
	default:
		return tp_domain_of(tp_buf_str(&facts->sender));
	}
}

static bool matches(const struct rule *rule, const struct tp_facts *facts)
{
	for (int i = 0; i < FIELDS; i++) {
		const char *value;
		bool gave_up;

		if (!rule->patterns[i])
			continue;
		value = value_of(facts, (enum field)i);
		if (tp_pattern_try(rule->patterns[i], value, strlen(value), &gave_up))
			continue;
		if (gave_up)
			tp_warn("greylist.rules.%s: %s: gave up on '%.80s': the pattern has too "
				"many ways through it; it does not count",
				rule->name, field_names[i], value);
		return false;
	}
	return true;
}

static enum tp_status add_given(
	const struct tp_facts *facts, struct tp_doubts *doubts, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < facts->doubts.count; i++)
		status = tp_doubts_add(doubts, facts->doubts.list[i].weight, err, "%s",
			tp_doubts_reason(&facts->doubts, i));
	return status;
}

static enum tp_status add_rules(const struct tp_doubt_rules *rules, const struct tp_facts *facts,
	struct tp_doubts *doubts, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < rules->count; i++)
		if (matches(&rules->rules[i], facts))
			status = tp_doubts_add(doubts, rules->rules[i].weight, err, "rule=%s",
				rules->rules[i].name);
	return status;
}

enum tp_status tp_doubt_weigh(struct tp_doubt_rules *rules, const struct tp_facts *facts,
	int64_t low, int64_t high, int64_t now, struct tp_doubts *doubts, struct tp_error *err)
{
	enum tp_status status = add_given(facts, doubts, err);
	int64_t sum;

	if (!status && rules->spf[facts->spf])
		status = tp_doubts_add(
			doubts, rules->spf[facts->spf], err, "spf=%s", tp_spf_name(facts->spf));
	if (!status)
		status = add_rules(rules, facts, doubts, err);
	if (status || !rules->dns || !facts->has_ip)
		return status;
	sum = tp_doubts_sum(doubts);
	if ((sum < low && !rules->blocks) || (sum >= high && !rules->welcomes))
		return TP_OK;
	return tp_dns_ask(rules->dns, facts, now, doubts, err);
}

enum tp_status tp_doubt_record(
	struct tp_doubt_rules *rules, struct tp_facts *facts, int64_t now, struct tp_error *err)
{
	return rules->dns ? tp_dns_record(rules->dns, facts, now, err) : TP_OK;
}

bool tp_doubt_asks(const struct tp_doubt_rules *rules)
{
	return rules->dns;
}
