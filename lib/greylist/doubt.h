/*
 * Doubt: facts in, weighted reasons out. A mail is doubtful when the weights reach the threshold;
 * with no doubt it passes at once and nothing is remembered of it.
 *
 * Reasons, cheapest first: those that the caller brings (--doubt), the SPF result (a weight each in
 * greylist.spf), rules on HELO, reverse name and addresses (greylist.rules: PCRE2 or globs), DNS
 * lists (greylist/dns.h), which are asked only when their answer can change the outcome.
 */
#ifndef TP_GREYLIST_DOUBT_H
#define TP_GREYLIST_DOUBT_H

#include "base/conf.h"
#include "greylist/dns.h"
#include "greylist/facts.h"

struct tp_doubt_rules;

/* A rule has a name, patterns (base/pattern.h) that must all match, and a weight (1 when not said):
 *
 *   greylist:
 *     rules:
 *       dynamic: {name: '/\b(dsl|dyn|dhcp|pool)\b/i', weight: 2}
 *       nameless: {name: ''}                 # no verified reverse name
 *       bare-ip-helo: {helo: '/^\[?[\d.]+\]?$/'}
 *       partner: {sender_domain: partner.example, weight: -5}
 *
 * Patterns look at `ip`, `name`, `helo`, `sender` and `sender_domain`; what is not known is the empty
 * text, which `''` matches. A pattern that runs into its limits (base/pattern.h) does not match, and a
 * warning names the rule: a sender may have led it there.
 *
 * Reads greylist.spf, greylist.rules, greylist.dnsbl and the like. `conf` is borrowed until free.
 * TP_CONFIG with the place of what is wrong. */
enum tp_status tp_doubt_rules_new(const struct tp_conf *conf, struct tp_dns_memo memo,
	struct tp_doubt_rules **rules, struct tp_error *err);
void tp_doubt_rules_free(struct tp_doubt_rules *rules);

/* Adds to *doubts all reasons there are against this attempt. Recipients may have different thresholds:
 * `low` is the smallest, `high` the largest. DNS lists are left alone when the sum is under `low` and
 * none could lift it, or over `high` and none could take it down. */
enum tp_status tp_doubt_weigh(struct tp_doubt_rules *rules, const struct tp_facts *facts,
	int64_t low, int64_t high, int64_t now, struct tp_doubts *doubts, struct tp_error *err);

/* Asks all DNS lists, whatever else there is against it, and keeps their answers in facts->listings. */
enum tp_status tp_doubt_record(
	struct tp_doubt_rules *rules, struct tp_facts *facts, int64_t now, struct tp_error *err);
/* True when there are DNS lists. */
bool tp_doubt_asks(const struct tp_doubt_rules *rules);

#endif
