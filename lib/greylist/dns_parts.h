/* What the files of greylist/dns.h share; nobody else includes this. */
#ifndef TP_GREYLIST_DNS_PARTS_H
#define TP_GREYLIST_DNS_PARTS_H

#include "greylist/dns.h"
#include "greylist/dns_found.h"
#include "greylist/dns_list.h"
#include "greylist/resolver.h"

enum finding {
	UNTESTED,
	GOOD,
	RETIRED,
	SILENT,
};

/* The places of a zone's questions. */
enum {
	ABOUT,  /* the client's address */
	NEVER,  /* 127.0.0.1 */
	ALWAYS, /* 127.0.0.2 */
	QUESTIONS,
};

struct zone {
	const char *name; /* that of a list */
	struct {
		enum finding finding;
		int64_t since, until;
	} known[2];              /* of IPv4, of IPv6 */
	bool asked, tested;      /* this time */
	size_t names[QUESTIONS]; /* offsets in tp_dns.names */
	size_t first;            /* its first lookup */
};

struct tp_dns {
	struct tp_dns_memo memo;
	int64_t deadline_ms;
	struct tp_dns_list *lists;
	size_t list_count;
	size_t *zone_of; /* of each list: its zone */
	struct zone *zones;
	size_t zone_count;
	struct tp_resolver_server *servers;
	size_t server_count;
	struct tp_resolver *resolver; /* made by the first question */
	struct tp_buf names;          /* what is asked for, each ended by a NUL */
	struct tp_lookup *lookups;    /* QUESTIONS a zone */
	size_t lookup_count;
	struct tp_dns_found found; /* of the question at hand */
	struct tp_dns_cache cache;
};

#endif
