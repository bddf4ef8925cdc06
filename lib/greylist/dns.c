/*
 * Asking DNS lists: see dns.h. A zone is asked once however many settings name it; what it said of
 * the two test addresses decides whether it is believed. A list whose test went unanswered is not
 * believed either: a listing that may be a listing of everybody would make everybody wait.
 */
#include "greylist/dns.h"

#include <arpa/inet.h>
#include <limits.h>

#include "base/diag.h"
#include "base/ip.h"
#include "greylist/dns_parts.h"

#define GOOD_SECONDS     3600
#define RETIRED_SECONDS  86400
#define SILENT_SECONDS   60
#define RECALLED_SECONDS 60 /* how long a finding of the memo is not asked for again */
#define RECALLED_SILENT  1  /* the same of a silent list, whose minute may be over soon */

/* --- what is known of a zone --- */

#define MEMO_NAME_MAX (TP_DNS_ZONE_MAX + 16)

static const char *memo_name(char *room, const char *kind, const struct zone *zone, int family)
{
	snprintf(room, MEMO_NAME_MAX, "%s%s %s", kind, family ? "6" : "", zone->name);
	return room;
}

/* A clock that was set back makes nothing last longer. */
static bool is_fresh(const struct zone *zone, int family, int64_t now)
{
	return zone->known[family].since <= now && now < zone->known[family].until;
}

static void know(struct zone *zone, int family, enum finding finding, int64_t now, int64_t seconds)
{
	zone->known[family].finding = finding;
	zone->known[family].since = now;
	zone->known[family].until = now + seconds;
}

static enum finding recall(struct tp_dns *dns, struct zone *zone, int family, int64_t now)
{
	char room[MEMO_NAME_MAX];
	int64_t value;

	if (is_fresh(zone, family, now))
		return zone->known[family].finding;
	if (!dns->memo.get ||
		!dns->memo.get(dns->memo.context, memo_name(room, "dnsbl", zone, family), &value) ||
		value < GOOD || value > SILENT)
		return UNTESTED;
	know(zone, family, (enum finding)value, now,
		value == SILENT ? RECALLED_SILENT : RECALLED_SECONDS);
	return (enum finding)value;
}

static void remember(
	struct tp_dns *dns, struct zone *zone, int family, enum finding finding, int64_t now)
{
	int64_t seconds = finding == RETIRED  ? RETIRED_SECONDS
			  : finding == SILENT ? SILENT_SECONDS
					      : GOOD_SECONDS;
	char room[MEMO_NAME_MAX];

	know(zone, family, finding, now, seconds);
	if (dns->memo.put)
		dns->memo.put(dns->memo.context, memo_name(room, "dnsbl", zone, family), finding,
			now + seconds);
}

/* True once an hour, whichever process asks, when there is a memo. */
static bool may_complain(struct tp_dns *dns, const struct zone *zone, const char *kind, int64_t now)
{
	char room[MEMO_NAME_MAX];
	int64_t value;

	memo_name(room, kind, zone, 0);
	if (dns->memo.get && dns->memo.get(dns->memo.context, room, &value))
		return false;
	if (dns->memo.put)
		dns->memo.put(dns->memo.context, room, 1, now + GOOD_SECONDS);
	return true;
}

/* --- questions --- */

/* Names first, then pointers to them: the buffer moves while it grows. */
static void add_names(
	struct tp_dns *dns, struct zone *zone, const struct in6_addr *address, int family)
{
	static const struct in6_addr tests[] = {
		[NEVER] = { { { [10] = 255, 255, 127, 0, 0, 1 } } },
		[ALWAYS] = { { { [10] = 255, 255, 127, 0, 0, 2 } } },
	};

	for (int q = ABOUT; q < (zone->tested ? QUESTIONS : NEVER); q++) {
		zone->names[q] = dns->names.len;
		tp_dns_name(q == ABOUT ? address : &tests[q], family == 1, zone->name, &dns->names);
		tp_buf_addc(&dns->names, '\0');
	}
}

static enum tp_status prepare(struct tp_dns *dns, const struct in6_addr *address, int family,
	int64_t now, struct tp_error *err)
{
	tp_buf_clear(&dns->names);
	dns->lookup_count = 0;
	for (size_t i = 0; i < dns->zone_count; i++) {
		struct zone *zone = &dns->zones[i];
		enum finding finding = recall(dns, zone, family, now);

		zone->asked = finding != RETIRED && finding != SILENT;
		zone->tested = finding == UNTESTED;
		zone->first = dns->lookup_count;
		if (!zone->asked)
			continue;
		add_names(dns, zone, address, family);
		dns->lookup_count += zone->tested ? QUESTIONS : NEVER;
	}
	if (dns->names.status)
		return tp_buf_status(&dns->names, "names of DNS lists", err);
	for (size_t i = 0; i < dns->zone_count; i++) {
		const struct zone *zone = &dns->zones[i];

		for (int q = ABOUT; zone->asked && q < (zone->tested ? QUESTIONS : NEVER); q++)
			dns->lookups[zone->first + (size_t)q].name =
				dns->names.data + zone->names[q];
	}
	return TP_OK;
}

static void nobody_answers(struct tp_dns *dns)
{
	for (size_t i = 0; i < dns->lookup_count; i++) {
		dns->lookups[i].outcome = TP_LOOKUP_SILENT;
		dns->lookups[i].answer_count = 0;
	}
}

/* Asks, and says so when nobody answers: then the resolver is made anew by the next question, for
 * resolv.conf may have changed. */
static enum tp_status ask(struct tp_dns *dns, int64_t now, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (!dns->resolver)
		status = tp_resolver_open(
			dns->servers, dns->server_count, dns->deadline_ms, &dns->resolver, err);
	if (!status)
		status = tp_resolver_ask(dns->resolver, dns->lookups, dns->lookup_count, err);
	if (status == TP_UNAVAILABLE) {
		if (may_complain(dns, &dns->zones[0], "dnsmute", now))
			tp_warn("DNS lists do not count: %s", err->text);
		nobody_answers(dns);
		return TP_OK;
	}
	if (status)
		return status;
	for (size_t i = 0; i < dns->lookup_count; i++)
		if (dns->lookups[i].outcome != TP_LOOKUP_SILENT)
			return TP_OK;
	if (may_complain(dns, &dns->zones[0], "dnsmute", now))
		tp_warn("DNS lists: no answer from any of them (greylist.dns_servers, "
			"greylist.dns_deadline)");
	tp_resolver_close(dns->resolver);
	dns->resolver = NULL;
	return TP_OK;
}

/* --- answers --- */

static size_t answers_of(const struct tp_lookup *lookup, enum tp_dns_answer kind, uint32_t *one)
{
	size_t count = 0;

	for (size_t i = 0; i < lookup->answer_count; i++)
		if (tp_dns_answer_kind(lookup->answers[i]) == kind) {
			*one = lookup->answers[i];
			count++;
		}
	return count;
}

static void complain(struct tp_dns *dns, const struct zone *zone, const char *kind, uint32_t answer,
	const char *what, int64_t now)
{
	struct tp_buf text = TP_BUF_INIT(TP_DNS_ZONE_MAX + 512);

	tp_buf_addf(&text, "DNS list %s: %s (", zone->name, what);
	tp_dns_answer_text(answer, &text);
	if (!text.status && may_complain(dns, zone, kind, now)) {
		tp_dns_hide_keys(text.data);
		tp_warn("%s)", text.data);
	}
	tp_buf_release(&text);
}

/* What the answers about the two test addresses say of the list. An error code leaves it untested:
 * it is no listing, and no sign of a list in order either. */
static void judge(struct tp_dns *dns, struct zone *zone, int family, int64_t now)
{
	const struct tp_lookup *never = &dns->lookups[zone->first + NEVER];
	const struct tp_lookup *always = &dns->lookups[zone->first + ALWAYS];
	uint32_t answer;

	if (answers_of(never, TP_DNS_LISTING, &answer)) {
		complain(dns, zone, "dnsall", answer,
			"it lists 127.0.0.1, perhaps everybody, and is retired for a day", now);
		remember(dns, zone, family, RETIRED, now);
	} else if (answers_of(never, TP_DNS_STRANGE, &answer)) {
		complain(dns, zone, "dnsall", answer,
			"its answers are not those of a list; it is retired for a day", now);
		remember(dns, zone, family, RETIRED, now);
	} else if (never->outcome == TP_LOOKUP_NONE) {
		if (always->outcome == TP_LOOKUP_NONE && !family)
			complain(dns, zone, "dnsnone", 0x7f000002,
				"it does not list its test address, and is dead perhaps", now);
		remember(dns, zone, family, GOOD, now);
	}
}

/* What one zone answered: about itself, and about the client, when it is believed. */
static enum tp_status take_answers(
	struct tp_dns *dns, size_t z, int family, int64_t now, struct tp_error *err)
{
	struct zone *zone = &dns->zones[z];
	const struct tp_lookup *about = &dns->lookups[zone->first];
	bool silent = about->outcome == TP_LOOKUP_SILENT;
	enum tp_status status = TP_OK;
	uint32_t answer;

	if (!zone->asked)
		return TP_OK;
	if (answers_of(about, TP_DNS_ERROR, &answer))
		complain(dns, zone, "dnserr", answer,
			"it answers with an error: asked by the wrong resolver, or too often", now);
	if (zone->tested) {
		judge(dns, zone, family, now);
		silent = silent || about[NEVER].outcome == TP_LOOKUP_SILENT;
	}
	if (silent && zone->known[family].finding != RETIRED)
		remember(dns, zone, family, SILENT, now);
	if (zone->known[family].finding != GOOD || !is_fresh(zone, family, now))
		return TP_OK;
	for (size_t i = 0; !status && i < about->answer_count; i++)
		if (tp_dns_answer_kind(about->answers[i]) == TP_DNS_LISTING)
			status = tp_dns_found_add(&dns->found, z, about->answers[i], err);
	return status;
}

/* Fills dns->found. */
static enum tp_status find_out(
	struct tp_dns *dns, const struct in6_addr *address, int64_t now, struct tp_error *err)
{
	int family = tp_ip_is_v4(address) ? 0 : 1;
	enum tp_status status = tp_dns_cache_get(&dns->cache, address, now, &dns->found, err);

	if (status != TP_NOTHING)
		return status;
	status = prepare(dns, address, family, now, err);
	if (!status && dns->lookup_count)
		status = ask(dns, now, err);
	for (size_t z = 0; !status && z < dns->zone_count; z++)
		status = take_answers(dns, z, family, now, err);
	if (!status)
		status = tp_dns_cache_put(&dns->cache, address, now, &dns->found, err);
	return status;
}

/* --- reasons --- */

static enum tp_status add_reason(
	const struct tp_dns *dns, size_t l, struct tp_doubts *doubts, struct tp_error *err)
{
	const struct tp_dns_list *list = &dns->lists[l];
	const struct tp_dns_listing *found = dns->found.list, *end = found + dns->found.count;
	const char *kind = list->welcome ? "dnswl" : "dnsbl";
	struct tp_buf answer = TP_BUF_INIT(64);
	enum tp_status status;

	while (found < end &&
		(found->zone != dns->zone_of[l] || !tp_dns_list_counts(list, found->answer)))
		found++;
	if (found == end)
		return TP_OK;
	if (list->answers) {
		tp_buf_addc(&answer, '/');
		tp_dns_answer_text(found->answer, &answer);
	}
	status = tp_doubts_add(
		doubts, list->weight, err, "%s=%s%s", kind, list->zone, tp_buf_str(&answer));
	tp_buf_release(&answer);
	return status;
}

/* What was recorded, in the words of these settings; zones that they do not name are nobody's. */
static enum tp_status take_listings(
	struct tp_dns *dns, const struct tp_buf *listings, struct tp_error *err)
{
	const char *at = listings->data, *end = at + listings->len;
	char zone[TP_DNS_ZONE_MAX + 1];
	enum tp_status status = TP_OK;
	struct in_addr answer;

	for (; !status && at < end; at += strlen(at) + 1) {
		const char *slash = strchr(at, '/');

		if (!slash || inet_pton(AF_INET, slash + 1, &answer) != 1)
			continue;
		for (size_t z = 0; !status && z < dns->zone_count; z++) {
			snprintf(zone, sizeof zone, "%s", dns->zones[z].name);
			tp_dns_hide_keys(zone);
			if (strlen(zone) == (size_t)(slash - at) &&
				!strncmp(zone, at, strlen(zone)))
				status =
					tp_dns_found_add(&dns->found, z, ntohl(answer.s_addr), err);
		}
	}
	return status;
}

static bool may_ask(const struct tp_dns *dns, const struct tp_facts *facts)
{
	return dns && facts->has_ip && tp_dns_is_public(&facts->address);
}

enum tp_status tp_dns_ask(struct tp_dns *dns, const struct tp_facts *facts, int64_t now,
	struct tp_doubts *doubts, struct tp_error *err)
{
	struct tp_error unused;
	enum tp_status status;

	if (!may_ask(dns, facts))
		return TP_OK;
	dns->found.count = 0;
	status = facts->has_listings ? take_listings(dns, &facts->listings, err)
				     : find_out(dns, &facts->address, now, err ? err : &unused);
	for (size_t l = 0; !status && l < dns->list_count; l++)
		status = add_reason(dns, l, doubts, err);
	return status;
}

enum tp_status tp_dns_record(
	struct tp_dns *dns, struct tp_facts *facts, int64_t now, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	size_t at;

	facts->has_listings = true;
	tp_buf_clear(&facts->listings);
	if (!may_ask(dns, facts))
		return TP_OK;
	dns->found.count = 0;
	status = find_out(dns, &facts->address, now, err);
	for (size_t i = 0; !status && i < dns->found.count; i++) {
		const struct tp_dns_listing *found = &dns->found.list[i];

		at = facts->listings.len;
		tp_buf_adds(&facts->listings, dns->zones[found->zone].name);
		tp_buf_addc(&facts->listings, '/');
		tp_dns_answer_text(found->answer, &facts->listings);
		tp_buf_addc(&facts->listings, '\0');
		status = tp_buf_status(&facts->listings, "answers of DNS lists", err);
		if (!status) {
			tp_dns_hide_keys(facts->listings.data + at);
			tp_buf_truncate(
				&facts->listings, at + strlen(facts->listings.data + at) + 1);
		}
	}
	return status;
}
