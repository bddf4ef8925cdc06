/*
 * One DNS list as the settings name it, and the words of RFC 5782: which name to ask for an address,
 * which answers are listings. Nothing here asks anybody.
 */
#ifndef TP_GREYLIST_DNS_LIST_H
#define TP_GREYLIST_DNS_LIST_H

#include <netinet/in.h>
#include <stdint.h>

#include "base/buf.h"

/* Longest zone: with the 64 characters of an IPv6 address before it a name has at most 253. */
#define TP_DNS_ZONE_MAX 189

/* Answers from `first` to `last`, as numbers: 127.0.0.2 is 0x7f000002. */
struct tp_dns_range {
	uint32_t first, last;
};

struct tp_dns_list {
	char *zone;                   /* lower case, no final dot */
	struct tp_dns_range *answers; /* those that count; NULL: all that may be listings */
	size_t answer_count;
	int weight; /* below 0 for lists that speak for somebody */
	bool welcome;
};

/* Reads `ZONE[/ANSWERS][=WEIGHT]` (greylist/dns.h). The list is empty before, and released by the
 * caller, on failure too. TP_CONFIG with a sentence that quotes the text, keys hidden; TP_NOMEM. */
enum tp_status tp_dns_list_parse(
	const char *text, bool welcome, struct tp_dns_list *list, struct tp_error *err);
void tp_dns_list_release(struct tp_dns_list *list);

/* Some lists are paid for, and the customer's key is a label of the zone: nobody who reads a log shall ask
 * in his name. Each run of TP_DNS_KEY_MIN letters and digits or more that has a digit, or is a label
 * with others behind it, becomes `***`, in place: `***.zen.dq.example.net`. For whatever is shown or
 * logged: reasons to doubt, sentences about lists. */
#define TP_DNS_KEY_MIN 20
void tp_dns_hide_keys(char *text);

/* What an answer means, whatever the list: 127.255.255.0/24 tells of an error (refused, wrong
 * resolver, too many questions), the rest of 127.0.0.0/8 of a listing, anything else of somebody
 * who keeps no list under that name. */
enum tp_dns_answer {
	TP_DNS_LISTING,
	TP_DNS_ERROR,
	TP_DNS_STRANGE,
};
enum tp_dns_answer tp_dns_answer_kind(uint32_t answer);

/* A listing, and one of those that the settings count. 127.0.0.1 counts only where it is named:
 * some lists say "refused" by it. */
bool tp_dns_list_counts(const struct tp_dns_list *list, uint32_t answer);

/* Appends the name to ask for (RFC 5782 2.1, 2.4): from the last to the first the nibbles of an IPv6
 * address, or the octets of an IPv4 address (a mapped one; without `nibbles`), then the zone. */
bool tp_dns_name(
	const struct in6_addr *address, bool nibbles, const char *zone, struct tp_buf *out);

/* Appends 127.0.0.2 for 0x7f000002. */
bool tp_dns_answer_text(uint32_t answer, struct tp_buf *out);

/* False for addresses that no list can know: private, loopback, link-local, shared (RFC 6598),
 * multicast, unspecified. */
bool tp_dns_is_public(const struct in6_addr *address);

#endif
