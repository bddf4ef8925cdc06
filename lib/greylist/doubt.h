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

/* Reads greylist.spf, greylist.rules, greylist.dnsbl and the like. `conf` is borrowed until free.
 * TP_CONFIG with the place of what is wrong. */
enum tp_status tp_doubt_rules_new(const struct tp_conf *conf, struct tp_dns_memo memo,
	struct tp_doubt_rules **rules, struct tp_error *err);
void tp_doubt_rules_free(struct tp_doubt_rules *rules);

/* Adds to *doubts all reasons there are against this attempt. `threshold`: from where on it waits;
 * DNS lists are left alone when no answer of theirs could lift the sum over it, or push it under. */
enum tp_status tp_doubt_weigh(struct tp_doubt_rules *rules, const struct tp_facts *facts,
	int64_t threshold, int64_t now, struct tp_doubts *doubts, struct tp_error *err);

#endif
