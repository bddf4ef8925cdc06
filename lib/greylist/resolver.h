/*
 * Questions to DNS servers, many at once: the only module that knows c-ares, which is opened with
 * dlopen by the first resolver, for a decision without DNS lists must not pay for it. Addresses (A
 * records) are all that is asked for. A truncated answer is asked for again by TCP, a server that
 * stays silent or refuses gives way to the next.
 */
#ifndef TP_GREYLIST_RESOLVER_H
#define TP_GREYLIST_RESOLVER_H

#include <netinet/in.h>
#include <stdint.h>

#include "base/error.h"

/* Most addresses of one answer that are read; no list gives as many. */
#define TP_LOOKUP_ANSWERS_MAX 64

enum tp_lookup_outcome {
	TP_LOOKUP_SILENT, /* no answer in time, a refusal, SERVFAIL, something that is no answer */
	TP_LOOKUP_NONE,   /* there is no such name, or it has no address */
	TP_LOOKUP_FOUND,
};

struct tp_lookup {
	const char *name; /* borrowed */
	enum tp_lookup_outcome outcome;
	uint32_t answers[TP_LOOKUP_ANSWERS_MAX]; /* 127.0.0.2 is 0x7f000002 */
	size_t answer_count;
};

struct tp_resolver_server {
	struct in6_addr address; /* IPv4 mapped */
	uint16_t port;
};

struct tp_resolver;

/* Reads `ADDRESS`, `ADDRESS:PORT`, `[V6]:PORT`. TP_CONFIG. */
enum tp_status tp_resolver_server_parse(
	const char *text, struct tp_resolver_server *server, struct tp_error *err);

/* Without servers (count 0), those of resolv.conf. `deadline_ms` (from 1) is for all the questions of one
 * tp_resolver_ask(). TP_UNAVAILABLE when c-ares is not there or cannot start, TP_NOMEM. */
enum tp_status tp_resolver_open(const struct tp_resolver_server *servers, size_t count,
	int64_t deadline_ms, struct tp_resolver **resolver, struct tp_error *err);
void tp_resolver_close(struct tp_resolver *resolver);

/* True when this build can ask at all (./configure found c-ares). */
bool tp_resolver_is_built(void);

/* Asks all at once and comes back when all have an outcome, or at the deadline; then the rest is
 * silent. TP_NOMEM. */
enum tp_status tp_resolver_ask(struct tp_resolver *resolver, struct tp_lookup *lookups,
	size_t count, struct tp_error *err);

#endif
