/*
 * DNS lists, asked by ourselves: DNSBL that cast doubt, DNSWL that take it away (RFC 5782), through
 * greylist/resolver.h, which knows c-ares.
 *
 * All lists are asked at once, with one deadline for all. A list that does not answer in time, says
 * SERVFAIL or answers outside 127.0.0.0/8 says nothing. 127.255.255.0/24 are error codes (wrong
 * resolver, too many questions), never listings; they are logged, once an hour.
 *
 * A list that nothing is known of is asked at the same time about 127.0.0.1, which must not be
 * listed, and 127.0.0.2, which must (for IPv6 clients ::FFFF:7F00:1 and ::FFFF:7F00:2, RFC 5782 5).
 * One that lists the first, perhaps everybody, or answers about it with what is no answer of a list,
 * is retired for a day; one that does not is believed, and not tested again for an hour. One that does
 * not know the second is said to be dead perhaps, and believed. One that does not answer, about the
 * client or the first, is left alone for a minute, or each recipient of each mail would wait for
 * it. Findings stay in `memo`, so that the next process knows. What was said of a client is not
 * asked again by the same process for a minute (greylist/dns_found.h).
 *
 * Without c-ares on the machine, all lists are silent, which is said once an hour.
 */
#ifndef TP_GREYLIST_DNS_H
#define TP_GREYLIST_DNS_H

#include "base/strings.h"
#include "greylist/facts.h"

struct tp_dns;

/* Where findings about a list are kept between processes; the engine gives one that leads to the
 * state. Either may fail silently. `name` is short ASCII, chosen by this module ("dnsbl zen.x.org"). */
struct tp_dns_memo {
	void *context;
	/* True when something was kept under `name` and has not expired. */
	bool (*get)(void *context, const char *name, int64_t *value);
	void (*put)(void *context, const char *name, int64_t value, int64_t until);
};

/* Longer deadlines are cut to this: whoever asks for a decision waits for no longer than 20 seconds, and
 * the state may have to be waited for, too. */
#define TP_DNS_DEADLINE_MAX_MS 8000

struct tp_dns_settings {
	/* Each `ZONE`, `ZONE=WEIGHT` (weight from 1, default 1) or
	 * `ZONE/ANSWERS[=WEIGHT]` where ANSWERS says which answers count: last octets and ranges of
	 * them, `2,4-11`, or whole addresses and networks `127.0.0.0/24`; without it all but the
	 * error codes do. DNSWL zones have the same form; their weight is taken away. */
	const struct tp_strings *blocklists; /* greylist.dnsbl, borrowed until close */
	const struct tp_strings *welcome;    /* greylist.dnswl */
	const struct tp_strings *servers;    /* greylist.dns_servers: ADDRESS or ADDRESS:PORT,
					     [V6]:PORT; empty: those of resolv.conf */
	int64_t deadline_ms;                 /* greylist.dns_deadline */
	struct tp_dns_memo memo;             /* functions may be NULL */
};

/* Reads the settings and asks nobody. TP_CONFIG when a zone, an answer or a server is none. *dns is
 * NULL with TP_OK when no list is set. */
enum tp_status tp_dns_open(
	const struct tp_dns_settings *settings, struct tp_dns **dns, struct tp_error *err);
void tp_dns_close(struct tp_dns *dns);

/* Asks all lists about facts->address and adds a reason for each that lists it: `dnsbl=ZONE`,
 * `dnswl=ZONE`, an answer added where ANSWERS was given (`dnsbl=ZONE/127.0.0.4`). TP_OK also when
 * lists stay silent (a warning is logged when none of them answered); TP_NOMEM. An address that is
 * private, loopback or link-local is not asked about. With facts->has_listings nobody is asked.
 * `now` is Unix seconds, for the memo. */
enum tp_status tp_dns_ask(struct tp_dns *dns, const struct tp_facts *facts, int64_t now,
	struct tp_doubts *doubts, struct tp_error *err);

/* Asks the same and fills facts->listings with every answer, so that other settings can be tried on
 * them later; tp_dns_ask() then asks nobody about these facts. */
enum tp_status tp_dns_record(
	struct tp_dns *dns, struct tp_facts *facts, int64_t now, struct tp_error *err);

#endif
