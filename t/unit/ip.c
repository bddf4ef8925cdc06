/* base/ip: what is an address and a network, IPv4 in both of its shapes, text and masks. */
#include "base/ip.h"

#include <string.h>

#include "tap.h"

static bool reads(const char *text, const char *want)
{
	char shown[TP_IP_TEXT_MAX];
	struct in6_addr address;

	return tp_ip_parse(text, strlen(text), &address) &&
	       !strcmp(tp_ip_text(&address, shown), want);
}

static void test_addresses(void)
{
	static const char *const bad[] = { "", "1", "127.1", "1.2.3", "1.2.3.4.5", "256.1.1.1",
		"1.2.3.4 ", " 1.2.3.4", "01.2.3.4x", ":", ":::", "::g", "1::2::3", "fe80::1%eth0",
		"[::1]", "::1/64", "1.2.3.4/8", "::ffff:1.2.3", "unknown",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999" };
	struct in6_addr address;

	ok(reads("192.0.2.1", "192.0.2.1"), "IPv4");
	ok(reads("2001:DB8:0:0::1", "2001:db8::1"), "IPv6, in RFC 5952's form");
	ok(reads("::ffff:192.0.2.1", "192.0.2.1") && reads("::FFFF:c000:201", "192.0.2.1"),
		"IPv4 in IPv6's form is IPv4");
	ok(reads("::", "::") && reads("::1", "::1"), "short ones");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!tp_ip_parse(bad[i], strlen(bad[i]), &address), "'%s' is none", bad[i]);
	ok(!tp_ip_parse("1.2.3.4\0", 8, &address), "nor with a NUL behind it");
	ok(tp_ip_parse("1.2.3.45", 7, &address) && address.s6_addr[15] == 4,
		"no more is read than was given");
}

/* The network masked, as text, and its bits. */
static bool network(const char *text, const char *want, int want_bits)
{
	char shown[TP_IP_TEXT_MAX];
	struct in6_addr address;
	int bits;

	if (!tp_ip_network_parse(text, strlen(text), &address, &bits) || bits != want_bits)
		return false;
	tp_ip_mask(&address, bits);
	return !strcmp(tp_ip_text(&address, shown), want);
}

static void test_networks(void)
{
	static const char *const bad[] = { "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/x",
		"192.0.2.0/-1", "192.0.2.0/0024", "::/129", "/8", "::ffff:192.0.2.0/24",
		"::ffff:192.0.2.0/95" };
	struct in6_addr address;
	int bits;

	ok(network("192.0.2.77", "192.0.2.77", 128), "an address alone");
	ok(network("192.0.2.77/24", "192.0.2.0", 120), "IPv4");
	ok(network("192.0.2.77/25", "192.0.2.0", 121) &&
			network("192.0.2.200/25", "192.0.2.128", 121),
		"with bits amidst a byte");
	ok(network("::ffff:192.0.2.77/120", "192.0.2.0", 120), "IPv4 in IPv6's form");
	ok(network("0.0.0.0/0", "0.0.0.0", 96), "all of IPv4");
	ok(network("2001:db8:ffff::1/33", "2001:db8:8000::", 33), "IPv6");
	ok(network("::/0", "::", 0), "all of IPv6");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!tp_ip_network_parse(bad[i], strlen(bad[i]), &address, &bits), "'%s' is none",
			bad[i]);
}

int main(void)
{
	test_addresses();
	test_networks();
	return done_testing();
}
