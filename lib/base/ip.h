/*
 * Addresses of hosts and networks. Both families have one shape: IPv4 stands in an in6_addr as
 * ::ffff:a.b.c.d (RFC 4291 2.5.5.2), so that an IPv4 client is the same one whether its server listens
 * on an IPv4 socket or on one for both, and addresses are compared byte by byte.
 */
#ifndef TP_BASE_IP_H
#define TP_BASE_IP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#define TP_IP_TEXT_MAX INET6_ADDRSTRLEN
#define TP_IP_V4_BITS  96 /* those in front of an IPv4 address */

/* Reads text[0, len): dotted IPv4 with four numbers, or IPv6, nothing around it. False when it is
 * neither; *address is then undefined. */
bool tp_ip_parse(const char *text, size_t len, struct in6_addr *address);

/* Reads `ADDRESS` or `ADDRESS/BITS`. *bits counts from the front of the 128, so 192.0.2.0/24 has 120, and
 * so has ::ffff:192.0.2.0/120; an address alone has 128. An IPv4 address in IPv6's form with fewer than
 * 96 bits is no network: it would be all of IPv4. What stands behind the bits is not zeroed. */
bool tp_ip_network_parse(const char *text, size_t len, struct in6_addr *address, int *bits);

bool tp_ip_is_v4(const struct in6_addr *address);

/* Writes it: IPv4 dotted, IPv6 as RFC 5952 says. Returns text. */
const char *tp_ip_text(const struct in6_addr *address, char text[TP_IP_TEXT_MAX]);

/* Zeroes what is behind the first `bits` (0 to 128) bits. */
void tp_ip_mask(struct in6_addr *address, int bits);

#endif
