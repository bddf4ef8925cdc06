/* Addresses: see ip.h. The reading itself is inet_pton's, which takes no short forms (`127.1`). */
#include "base/ip.h"

#include <arpa/inet.h>
#include <string.h>

bool tp_ip_parse(const char *text, size_t len, struct in6_addr *address)
{
	char copy[TP_IP_TEXT_MAX];
	struct in_addr four;

	if (len == 0 || len >= sizeof copy || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET6, copy, address) == 1)
		return true;
	if (inet_pton(AF_INET, copy, &four) != 1)
		return false;
	memset(address->s6_addr, 0, 10);
	memset(address->s6_addr + 10, 0xff, 2);
	memcpy(address->s6_addr + 12, &four, sizeof four);
	return true;
}

/* One to three digits. */
static bool read_bits(const char *text, size_t len, int *bits)
{
	*bits = 0;
	if (len == 0 || len > 3)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*bits = *bits * 10 + (text[i] - '0');
	}
	return true;
}

bool tp_ip_network_parse(const char *text, size_t len, struct in6_addr *address, int *bits)
{
	const char *slash = len ? memchr(text, '/', len) : NULL;
	size_t host = slash ? (size_t)(slash - text) : len;

	if (!tp_ip_parse(text, host, address))
		return false;
	*bits = 128;
	if (!slash)
		return true;
	if (!read_bits(slash + 1, len - host - 1, bits))
		return false;
	if (!memchr(text, ':', host))
		*bits += TP_IP_V4_BITS;
	return *bits <= 128 && (!tp_ip_is_v4(address) || *bits >= TP_IP_V4_BITS);
}

bool tp_ip_is_v4(const struct in6_addr *address)
{
	return IN6_IS_ADDR_V4MAPPED(address);
}

const char *tp_ip_text(const struct in6_addr *address, char text[TP_IP_TEXT_MAX])
{
	bool four = tp_ip_is_v4(address);

	/* There is room for all of them. */
	inet_ntop(four ? AF_INET : AF_INET6, address->s6_addr + (four ? 12 : 0), text,
		TP_IP_TEXT_MAX);
	return text;
}

void tp_ip_mask(struct in6_addr *address, int bits)
{
	for (int i = 0; i < 16; i++) {
		int kept = bits - 8 * i;

		if (kept <= 0)
			address->s6_addr[i] = 0;
		else if (kept < 8)
			address->s6_addr[i] &= (unsigned char)(0xff << (8 - kept));
	}
}
