/*
 * Keys: what two attempts must have in common to be the same mail. An origin (the network that it
 * comes from, or the domain that SPF says it may come from, so that a farm of sending machines is
 * one), the sender and the recipient.
 *
 * Addresses are made comparable: ASCII letters small, and of a sender's local part what stands behind
 * a `+` gone and each run of digits one `#`, for lists and bulk senders write a number into it that
 * changes with every mail (VERP, BATV, SRS). Each part is a word without white space or control
 * characters (percent-encoded, `%` too), so that parts joined by spaces are never two things; one of
 * more than TP_KEY_PART_MAX bytes is cut and ends in its SHA-256.
 */
#ifndef TP_GREYLIST_KEY_H
#define TP_GREYLIST_KEY_H

#include "greylist/facts.h"

#define TP_KEY_PART_MAX 255

/* Appends `192.0.2.0/24`, `2001:db8:0:1::/64` or `spf:example.org`. TP_NOTHING when there is neither
 * an address nor a domain that passed. */
enum tp_status tp_key_origin(const struct tp_facts *facts, int ipv4_bits, int ipv6_bits,
	struct tp_buf *out, struct tp_error *err);

/* The network alone, whatever SPF says. TP_NOTHING when there is no address. */
enum tp_status tp_key_network(const struct tp_facts *facts, int ipv4_bits, int ipv6_bits,
	struct tp_buf *out, struct tp_error *err);

/* Append one part. The null sender is `<>`. */
bool tp_key_sender(const char *sender, struct tp_buf *out);
bool tp_key_address(const char *address, struct tp_buf *out); /* no letters but case changed */

/* The domain of an address: behind the last `@`; "" when there is none. */
const char *tp_domain_of(const char *address);

#endif
