/*
 * Facts: what is known of one attempt to send a mail, wherever it came from: options, the message's
 * own header, a policy request. Nothing is judged here.
 *
 * Everything is copied into buffers that keep their memory from one attempt to the next, so that a
 * connection with thousands of requests allocates nothing. What a sender wrote is kept as it is, up
 * to TP_FACT_MAX bytes a value; addresses are made comparable later (greylist/key.h).
 */
#ifndef TP_GREYLIST_FACTS_H
#define TP_GREYLIST_FACTS_H

#include <netinet/in.h>

#include "base/buf.h"

/* Longer values are refused (TP_LIMIT): no address, host name or SPF comment is that long, and a
 * request with one is not answered. */
#define TP_FACT_MAX 4096

/* Most recipients of one attempt. */
#define TP_FACT_RCPTS_MAX 100000

/* SPF results (RFC 7208 2.6); UNKNOWN: nobody said. */
enum tp_spf {
	TP_SPF_UNKNOWN,
	TP_SPF_NONE,
	TP_SPF_NEUTRAL,
	TP_SPF_PASS,
	TP_SPF_FAIL,
	TP_SPF_SOFTFAIL,
	TP_SPF_TEMPERROR,
	TP_SPF_PERMERROR,
};

/* Reasons to doubt, each with its weight; what comes out of rules, lists and the caller. Negative
 * weights are reasons to trust (DNSWL). */
struct tp_doubts {
	struct tp_buf text; /* the reasons, each ended by a NUL */
	struct tp_doubt {
		size_t reason; /* offset in text */
		int weight;
	} * list;
	size_t count, cap;
};

#define TP_DOUBTS_INIT                                                                             \
	{                                                                                          \
		TP_BUF_INIT((size_t)1 << 20), NULL, 0, 0                                           \
	}
#define TP_DOUBT_WEIGHT_MAX 1000000

/* Adds a reason: a word or a few, as `--explain` and the log show them (`spf=fail`,
 * `dnsbl=zen.example.org`). Weights beyond +-TP_DOUBT_WEIGHT_MAX are cut to it, keys of
 * DNS lists are hidden (greylist/dns_list.h), for reasons are made to be shown. TP_NOMEM, TP_LIMIT. */
enum tp_status tp_doubts_add(struct tp_doubts *doubts, int weight, struct tp_error *err,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Reads `REASON` (weight 1) or `REASON=WEIGHT`, the weight being what stands behind the last `=` when
 * that is a whole number, with a sign perhaps. TP_DATA when there is no reason. */
enum tp_status tp_doubts_parse(struct tp_doubts *doubts, const char *text, struct tp_error *err);
const char *tp_doubts_reason(const struct tp_doubts *doubts, size_t i);
int64_t tp_doubts_sum(const struct tp_doubts *doubts);
void tp_doubts_clear(struct tp_doubts *doubts); /* empty, memory kept */
void tp_doubts_release(struct tp_doubts *doubts);

struct tp_facts {
	bool has_ip, has_sender; /* a sender may be known and empty: the null sender */
	bool authenticated;      /* one of our own users: never made to wait */
	bool always;             /* whoever asks wants it greylisted without a doubt */
	enum tp_spf spf;
	struct in6_addr address;  /* IPv4 mapped (::ffff:a.b.c.d) */
	struct tp_buf ip;         /* `address` as text, IPv4 dotted, IPv6 as RFC 5952 */
	struct tp_buf sender;     /* envelope sender without angle brackets */
	struct tp_buf helo;       /* "" when not known, as the next three */
	struct tp_buf name;       /* reverse name that also leads back to the address; never
				     `unknown` */
	struct tp_buf reverse;    /* what the address's owner says that its name is: may speak
				     against him, and never for him */
	struct tp_buf spf_domain; /* the domain that `spf` is about; "": that of the sender, or of
				     the HELO when the sender is null */
	struct tp_buf rcpts;      /* envelope recipients, each ended by a NUL */
	size_t rcpt_count;
	bool has_listings;      /* what DNS lists said is in `listings`, and nobody is asked */
	struct tp_buf listings; /* `ZONE/ANSWER`, keys hidden (greylist/dns_list.h), each ended by a
				    NUL */
	struct tp_doubts doubts; /* those that the caller brings: other people's DNS lists, rules */
};

void tp_facts_init(struct tp_facts *facts);
void tp_facts_clear(struct tp_facts *facts); /* nothing known, memory kept */
void tp_facts_release(struct tp_facts *facts);

/* Each takes text[0, len), which may hold anything, NULs included. TP_LIMIT when it is longer than
 * TP_FACT_MAX, TP_DATA when it holds a NUL or a line end, TP_NOMEM; the fact is then as it was.
 *
 * An address: dotted IPv4, IPv6, in brackets perhaps, with `IPv6:` before it perhaps (RFC 5321
 * 4.1.3). TP_DATA when it is none. */
enum tp_status tp_facts_set_ip(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err);
/* An envelope address, in angle brackets or not; `<>` and "" are the null sender. */
enum tp_status tp_facts_set_sender(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err);
/* TP_LIMIT past TP_FACT_RCPTS_MAX; an empty one is left out. */
enum tp_status tp_facts_add_rcpt(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err);
enum tp_status tp_facts_set_helo(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err);
/* `unknown` (Postfix's word) and "" are no name; a final dot is dropped. */
enum tp_status tp_facts_set_name(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err);
enum tp_status tp_facts_set_reverse(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err);
/* `pass`, `fail`, `softfail`, ... in any case; `unknown` and "" are UNKNOWN, `error` is temperror,
 * `hardfail` (RFC 8601's older registry) fail. TP_DATA when it is none of them. */
enum tp_status tp_facts_set_spf(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err);
enum tp_status tp_facts_set_spf_domain(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err);

/* `pass`, `fail`, ...; `unknown` for TP_SPF_UNKNOWN. */
const char *tp_spf_name(enum tp_spf spf);

/* The recipient behind `previous`, NULL past the end. */
const char *tp_facts_next_rcpt(
	const struct tp_facts *facts, const char *previous); /* NULL: first */

#endif
