/* DNS lists: what settings may say, which names are asked for, which answers count. */
#include <arpa/inet.h>
#include <string.h>

#include "tap.h"

#include "greylist/dns.h"
#include "greylist/dns_list.h"
#include "greylist/resolver.h"

static struct in6_addr address(const char *text)
{
	struct tp_facts facts;
	struct in6_addr found;

	tp_facts_init(&facts);
	if (tp_facts_set_ip(&facts, text, strlen(text), NULL))
		exit(99);
	found = facts.address;
	tp_facts_release(&facts);
	return found;
}

static void name_is(const char *ip, bool nibbles, const char *wanted)
{
	struct in6_addr a = address(ip);
	struct tp_buf name = TP_BUF_INIT(300);

	tp_dns_name(&a, nibbles, "x.test", &name);
	ok(!strcmp(tp_buf_str(&name), wanted), "%s is asked for as %s", ip, tp_buf_str(&name));
	tp_buf_release(&name);
}

static void names(void)
{
	name_is("192.0.2.99", false, "99.2.0.192.x.test");
	name_is("2001:db8:1:2:3:4:567:89ab", true,
		"b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.x.test");
	name_is("127.0.0.2", true,
		"2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.x.test");
}

static void hidden(const char *text, const char *wanted)
{
	char *copy = strdup(text);

	tp_dns_hide_keys(copy);
	ok(!strcmp(copy, wanted), "%s is shown as %s", text, copy);
	free(copy);
}

static void keys(void)
{
	struct tp_doubts doubts = TP_DOUBTS_INIT;
	struct tp_dns_list list;
	struct tp_error err;

	hidden("abcdefghijklmnopqrstuv2345.zen.dq.example.net", "***.zen.dq.example.net");
	hidden("abcdefghijklmnopqrstuvwxyz.zen.dq.example.net", "***.zen.dq.example.net");
	hidden("combined.0123456789abcdef0123456789abcdef.example", "combined.***.example");
	hidden("no list 'abcdefghijklmnopqrst0': bad", "no list '***': bad");
	hidden("a234567890123456789.x, b2345678901234567890.x", "a234567890123456789.x, ***.x");
	hidden("bl.spameatingmonkey.net", "bl.spameatingmonkey.net");
	hidden("listedbyourpoliciesasbad", "listedbyourpoliciesasbad");
	hidden("", "");
	ok(!tp_doubts_parse(
		   &doubts, "dnslists:abcdefghijklmnopqrstuv2345.zen.dq.example.net=3", &err) &&
			!tp_doubts_add(&doubts, 2, &err, "next") &&
			!strcmp(tp_doubts_reason(&doubts, 0), "dnslists:***.zen.dq.example.net") &&
			!strcmp(tp_doubts_reason(&doubts, 1), "next") &&
			tp_doubts_sum(&doubts) == 5,
		"a reason of the caller's hides it, too");
	tp_doubts_release(&doubts);
	ok(tp_dns_list_parse("abcdefghijklmnopqrstuv2345.zen.example/x", false, &list, &err) ==
				TP_CONFIG &&
			!strstr(err.text, "abcdef") && strstr(err.text, "***.zen.example"),
		"and so does what is said of a wrong setting");
	tp_dns_list_release(&list);
}

static void longest_zone(void)
{
	char zone[TP_DNS_ZONE_MAX + 2];
	struct in6_addr a = address("2001:db8::1");
	struct tp_buf name = TP_BUF_INIT(300);
	struct tp_dns_list list;

	for (size_t i = 0; i < sizeof zone - 1; i++)
		zone[i] = i % 60 == 59 ? '.' : 'a';
	zone[TP_DNS_ZONE_MAX + 1] = '\0';
	ok(tp_dns_list_parse(zone, false, &list, NULL) == TP_CONFIG, "a zone that is too long");
	tp_dns_list_release(&list);
	zone[TP_DNS_ZONE_MAX] = '\0';
	ok(!tp_dns_list_parse(zone, false, &list, NULL) && tp_dns_name(&a, true, zone, &name) &&
			name.len == 253,
		"the longest gives the longest name there is");
	tp_dns_list_release(&list);
	tp_buf_release(&name);
}

static bool counts(const char *text, const char *answer)
{
	struct tp_dns_list list;
	bool found = !tp_dns_list_parse(text, false, &list, NULL) &&
		     tp_dns_list_counts(&list, ntohl(inet_addr(answer)));

	tp_dns_list_release(&list);
	return found;
}

static void answers(void)
{
	static const struct {
		const char *list, *answer;
		bool counts;
	} all[] = {
		{ "x.test", "127.0.0.2", true },
		{ "x.test", "127.0.0.255", true },
		{ "x.test", "127.1.2.3", true },
		{ "x.test", "127.0.0.0", true },
		{ "x.test", "127.0.0.1", false },
		{ "x.test", "127.255.255.0", false },
		{ "x.test", "127.255.255.255", false },
		{ "x.test", "126.255.255.255", false },
		{ "x.test", "128.0.0.2", false },
		{ "x.test/2", "127.0.0.2", true },
		{ "x.test/2", "127.0.0.3", false },
		{ "x.test/2", "127.0.1.2", false },
		{ "x.test/1", "127.0.0.1", true },
		{ "x.test/4-11", "127.0.0.3", false },
		{ "x.test/4-11", "127.0.0.4", true },
		{ "x.test/4-11", "127.0.0.11", true },
		{ "x.test/4-11", "127.0.0.12", false },
		{ "x.test/2,127.0.4.0/24,9", "127.0.0.9", true },
		{ "x.test/2,127.0.4.0/24,9", "127.0.4.255", true },
		{ "x.test/2,127.0.4.0/24,9", "127.0.5.0", false },
		{ "x.test/127.0.4.9/31", "127.0.4.8", true },
		{ "x.test/127.0.4.9/32", "127.0.4.8", false },
		{ "x.test/127.0.0.0/8", "127.200.0.0", true },
		{ "x.test/127.0.0.0/8", "127.255.255.3", false },
		{ "x.test/127.255.255.3", "127.255.255.3", false },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		ok(counts(all[i].list, all[i].answer) == all[i].counts, "%s %s %s", all[i].list,
			all[i].counts ? "counts" : "does not count", all[i].answer);
}

static void settings(void)
{
	struct tp_strings none = TP_STRINGS_INIT;
	struct tp_dns_settings empty = { .blocklists = &none, .deadline_ms = 1 }, nothing = { 0 };
	struct tp_dns *dns = (struct tp_dns *)&none;
	struct tp_doubts doubts = TP_DOUBTS_INIT;
	struct tp_facts facts;
	struct tp_dns_list list;

	ok(!tp_dns_open(&empty, &dns, NULL) && !dns, "no list, nobody to ask");
	ok(!tp_dns_open(&nothing, &dns, NULL) && !dns, "not even lists of lists");
	tp_facts_init(&facts);
	ok(!tp_dns_ask(NULL, &facts, 0, &doubts, NULL) && !doubts.count, "who says nothing");
	tp_facts_release(&facts);
	tp_doubts_release(&doubts);
	ok(!tp_dns_list_parse("BL.Example.TEST./2=40", false, &list, NULL) && list.weight == 40 &&
			!strcmp(list.zone, "bl.example.test") && list.answer_count == 1,
		"zone, answers, weight");
	tp_dns_list_release(&list);
	ok(!tp_dns_list_parse("wl_1.test=40", true, &list, NULL) && list.weight == -40,
		"a list of the good takes away");
	tp_dns_list_release(&list);
}

static bool is_public(const char *text)
{
	struct in6_addr a = address(text);

	return tp_dns_is_public(&a);
}

static void server_is(const char *text, const char *ip, int port)
{
	struct tp_resolver_server server;
	struct in6_addr wanted = address(ip);

	ok(!tp_resolver_server_parse(text, &server, NULL) && server.port == port &&
			!memcmp(&server.address, &wanted, sizeof wanted),
		"server %s: %s, port %d", text, ip, port);
}

int main(void)
{
	names();
	keys();
	longest_zone();
	answers();
	settings();
	ok(is_public("9.255.255.255") && !is_public("10.0.0.0") && !is_public("10.255.255.255") &&
			is_public("11.0.0.0"),
		"10.0.0.0/8 is private");
	ok(is_public("172.15.255.255") && !is_public("172.16.0.0") && is_public("172.32.0.0"),
		"172.16.0.0/12, too");
	ok(!is_public("::1") && !is_public("fc00::") && !is_public("fdff::1") &&
			is_public("fe00::1") && !is_public("febf::1"),
		"and so are some of IPv6");
	server_is("192.0.2.1", "192.0.2.1", 53);
	server_is("192.0.2.1:5353", "192.0.2.1", 5353);
	server_is("2001:db8::1", "2001:db8::1", 53);
	server_is("[2001:db8::1]:65535", "2001:db8::1", 65535);
	server_is("[192.0.2.1]:1", "192.0.2.1", 1);
	return done_testing();
}
