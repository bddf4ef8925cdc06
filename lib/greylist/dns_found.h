/*
 * What DNS lists said of a client: pairs of a zone and an answer, and for a process that lives on those
 * of the last clients. A mail to forty recipients is forty decisions under Postfix; the lists are
 * asked by the first.
 */
#ifndef TP_GREYLIST_DNS_FOUND_H
#define TP_GREYLIST_DNS_FOUND_H

#include <netinet/in.h>
#include <stdint.h>

#include "base/error.h"

struct tp_dns_found {
	struct tp_dns_listing {
		size_t zone; /* index of the asker's */
		uint32_t answer;
	} * list;
	size_t count, cap;
};

enum tp_status tp_dns_found_add(
	struct tp_dns_found *found, size_t zone, uint32_t answer, struct tp_error *err);
void tp_dns_found_release(struct tp_dns_found *found);

/* Clients are few at a time: each has the place that its address says, and pushes out who had it. */
#define TP_DNS_CACHE_SLOTS   64
#define TP_DNS_CACHE_SECONDS 60

struct tp_dns_cache {
	struct tp_dns_cached {
		struct in6_addr address;
		int64_t since; /* Unix seconds; 0: free */
		struct tp_dns_found found;
	} slots[TP_DNS_CACHE_SLOTS];
};

/* Fills *found, which is empty, with what was said of the address less than a minute before `now`.
 * TP_NOTHING: not known. TP_NOMEM. */
enum tp_status tp_dns_cache_get(const struct tp_dns_cache *cache, const struct in6_addr *address,
	int64_t now, struct tp_dns_found *found, struct tp_error *err);
enum tp_status tp_dns_cache_put(struct tp_dns_cache *cache, const struct in6_addr *address,
	int64_t now, const struct tp_dns_found *found, struct tp_error *err);
void tp_dns_cache_release(struct tp_dns_cache *cache);

#endif
