/* greylist/facts and greylist/key: what is taken, what is refused, what makes two attempts one. */
#include "greylist/facts.h"

#include "greylist/key.h"
#include "tap.h"

static struct tp_facts facts;
static struct tp_error err;

static bool ip_is(const char *text, const char *wanted)
{
	enum tp_status status = tp_facts_set_ip(&facts, text, strlen(text), &err);

	if (!wanted)
		return status == TP_DATA;
	return !status && facts.has_ip && !strcmp(facts.ip.data, wanted);
}

static void test_ip(void)
{
	ok(ip_is("192.0.2.1", "192.0.2.1"), "IPv4");
	ok(ip_is("2001:DB8:0::1", "2001:db8::1"), "IPv6, as RFC 5952 writes it");
	ok(ip_is("::ffff:192.0.2.1", "192.0.2.1"), "IPv4 in IPv6 is IPv4");
	ok(ip_is("[192.0.2.1]", "192.0.2.1"), "a literal");
	ok(ip_is("[IPv6:2001:db8::1]", "2001:db8::1"), "an IPv6 literal");
	ok(ip_is("unknown", NULL) && ip_is("", NULL) && ip_is("192.0.2", NULL) &&
			ip_is("192.0.2.1.5", NULL) && ip_is("[]", NULL) &&
			ip_is("fe80::1%eth0", NULL),
		"what is no address is refused");
	ok(!strcmp(facts.ip.data, "2001:db8::1"), "and leaves what was there");
}

static void test_texts(void)
{
	static char long_one[TP_FACT_MAX + 2];

	memset(long_one, 'a', sizeof long_one - 1);
	ok(!tp_facts_set_sender(&facts, "<A@b>", 5, &err) && !strcmp(facts.sender.data, "A@b"),
		"angle brackets go");
	ok(!tp_facts_set_sender(&facts, "<>", 2, &err) && facts.has_sender && !facts.sender.len,
		"the null sender");
	ok(tp_facts_set_sender(&facts, "a\0b", 3, &err) == TP_DATA, "a NUL is refused");
	ok(tp_facts_set_helo(&facts, "a\nb", 3, &err) == TP_DATA, "a line end, too");
	ok(tp_facts_set_helo(&facts, long_one, TP_FACT_MAX, &err) == TP_OK, "as long as may be");
	ok(tp_facts_set_helo(&facts, long_one, TP_FACT_MAX + 1, &err) == TP_LIMIT, "longer");
	ok(!tp_facts_set_name(&facts, "unknown", 7, &err) && !facts.name.len, "no name");
	ok(!tp_facts_set_name(&facts, "mx.example.", 11, &err) &&
			!strcmp(facts.name.data, "mx.example"),
		"a final dot goes");
	ok(!tp_facts_set_spf(&facts, "SoftFail", 8, &err) && facts.spf == TP_SPF_SOFTFAIL, "SPF");
	ok(tp_facts_set_spf(&facts, "good", 4, &err) == TP_DATA, "no SPF result");
	ok(!tp_facts_set_spf(&facts, "", 0, &err) && facts.spf == TP_SPF_UNKNOWN, "none at all");
	tp_facts_add_rcpt(&facts, "a@b", 3, &err);
	tp_facts_add_rcpt(&facts, "", 0, &err);
	tp_facts_add_rcpt(&facts, "<c@d>", 5, &err);
	ok(facts.rcpt_count == 2 && !strcmp(tp_facts_next_rcpt(&facts, NULL), "a@b") &&
			!strcmp(tp_facts_next_rcpt(&facts, tp_facts_next_rcpt(&facts, NULL)),
				"c@d"),
		"two recipients");
	tp_facts_clear(&facts);
	ok(!facts.has_ip && !facts.rcpt_count && !tp_facts_next_rcpt(&facts, NULL), "cleared");
}

static bool doubt_is(const char *text, const char *reason, int weight)
{
	struct tp_doubts doubts = TP_DOUBTS_INIT;
	bool is = !tp_doubts_parse(&doubts, text, &err) && doubts.count == 1 &&
		  !strcmp(tp_doubts_reason(&doubts, 0), reason) && doubts.list[0].weight == weight;

	tp_doubts_release(&doubts);
	return is;
}

static void test_doubts(void)
{
	struct tp_doubts doubts = TP_DOUBTS_INIT;

	ok(doubt_is("listed", "listed", 1), "a reason weighs 1");
	ok(doubt_is("listed=3", "listed", 3), "or what stands behind it");
	ok(doubt_is("dnsbl=zen.example=2", "dnsbl=zen.example", 2), "the last `=` counts");
	ok(doubt_is("spf=fail", "spf=fail", 1), "when a number follows");
	ok(doubt_is("friend=-5", "friend", -5), "weights may be negative");
	ok(doubt_is("x=99999999999999999999", "x", TP_DOUBT_WEIGHT_MAX), "and have a most");
	ok(tp_doubts_parse(&doubts, "=3", &err) == TP_DATA, "no reason");
	for (int i = 0; i < 100; i++)
		tp_doubts_add(&doubts, i % 2 ? 3 : -1, &err, "r%d", i);
	ok(tp_doubts_sum(&doubts) == 100 && !strcmp(tp_doubts_reason(&doubts, 99), "r99"), "many");
	tp_doubts_release(&doubts);
}

static bool sender_is(const char *sender, const char *key)
{
	struct tp_buf out = TP_BUF_INIT(1 << 16);
	bool is = tp_key_sender(sender, &out) && !strcmp(out.data, key);

	if (!is)
		printf("# %s\n", tp_buf_str(&out));
	tp_buf_release(&out);
	return is;
}

static bool same_sender(const char *a, const char *b)
{
	struct tp_buf out = TP_BUF_INIT(1 << 16);
	bool is = tp_key_sender(b, &out) && sender_is(a, out.data);

	tp_buf_release(&out);
	return is;
}

static void test_senders(void)
{
	char *long_one = malloc(3001);

	ok(sender_is("", "<>"), "the null sender");
	ok(sender_is("Ann@Example.ORG", "ann@example.org"), "letters are small");
	ok(sender_is("ann@example.org.", "ann@example.org"), "no final dot");
	ok(same_sender("bounce-1234-56@list.example", "bounce-99-7@list.example"), "numbers");
	ok(!same_sender("a@mx1.example", "a@mx2.example"), "but not in domains");
	ok(same_sender("news+ann=x.example@list.example", "news+bob=y.example@list.example"),
		"what stands behind a +");
	ok(sender_is("+x@d", "+x@d"), "which may be all there is");
	ok(sender_is("\"a b\"@d", "\"a%20b\"@d"), "white space is no separator");
	ok(sender_is("a%b@d", "a%25b@d"), "nor is there another way to write it");
	ok(sender_is("nobody", "nobody"), "no @ at all");
	ok(sender_is("a@b@c", "a@b@c"), "two");
	ok(sender_is("x@[IPv6:2001:db8::1]", "x@[ipv6:2001:db8::1]"), "a literal");
	memset(long_one, 'x', 3000);
	long_one[3000] = '\0';
	for (int i = 0; i < 2; i++) {
		struct tp_buf out = TP_BUF_INIT(1 << 16);

		long_one[2999] = (char)('a' + i);
		ok(tp_key_sender(long_one, &out) && out.len <= TP_KEY_PART_MAX,
			"a long one is cut");
		long_one[2999] = 'z';
		ok(!sender_is(long_one, out.data), "and is not another's");
		tp_buf_release(&out);
	}
	free(long_one);
}

static bool origin_is(const char *wanted)
{
	struct tp_buf out = TP_BUF_INIT(1 << 16);
	enum tp_status status = tp_key_origin(&facts, 24, 64, &out, &err);
	bool is = wanted ? !status && !strcmp(out.data, wanted) : status == TP_NOTHING;

	if (!is)
		printf("# %s\n", tp_buf_str(&out));
	tp_buf_release(&out);
	return is;
}

static void test_origins(void)
{
	tp_facts_clear(&facts);
	ok(origin_is(NULL), "nothing known");
	tp_facts_set_ip(&facts, "192.0.2.200", 11, &err);
	ok(origin_is("192.0.2.0/24"), "an IPv4 network");
	tp_facts_set_ip(&facts, "2001:db8:1:2:3:4:5:6", 20, &err);
	ok(origin_is("2001:db8:1:2::/64"), "an IPv6 network");
	tp_facts_set_sender(&facts, "a@Example.org", 13, &err);
	tp_facts_set_spf(&facts, "fail", 4, &err);
	ok(origin_is("2001:db8:1:2::/64"), "SPF that fails makes no key");
	tp_facts_set_spf(&facts, "pass", 4, &err);
	ok(origin_is("spf:example.org"), "SPF that passes does: the sender's domain");
	tp_facts_set_spf_domain(&facts, "Other.example", 13, &err);
	ok(origin_is("spf:other.example"), "or the one it is about");
	tp_facts_set_spf_domain(&facts, "", 0, &err);
	tp_facts_set_sender(&facts, "", 0, &err);
	tp_facts_set_helo(&facts, "mx.example", 10, &err);
	ok(origin_is("spf:mx.example"), "the HELO of a null sender");
	tp_facts_set_helo(&facts, "", 0, &err);
	ok(origin_is("2001:db8:1:2::/64"), "and the network when there is no domain");
}

int main(void)
{
	tp_facts_init(&facts);
	test_ip();
	test_texts();
	test_doubts();
	test_senders();
	test_origins();
	tp_facts_release(&facts);
	return done_testing();
}
