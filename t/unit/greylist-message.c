/* greylist/message: what may be believed of a header, and Received fields as servers write them. */
#include "greylist/message.h"

#include <unistd.h>

#include "tap.h"

static struct tp_facts facts;
static struct tp_error err;
static struct tp_strings hosts = TP_STRINGS_INIT, relays = TP_STRINGS_INIT, ids = TP_STRINGS_INIT;

static bool field_is(const char *text, size_t len, const char *wanted)
{
	bool is = strlen(wanted) == len && !memcmp(text, wanted, len);

	if (!is)
		printf("# '%.*s', wanted '%s'\n", (int)len, text, wanted);
	return is;
}

static void received_is(const char *what, const char *value, const char *ip, const char *name,
	const char *helo, const char *by)
{
	struct tp_received r;

	tp_received_read(value, strlen(value), &r);
	ok(field_is(r.ip, r.ip_len, ip) && field_is(r.name, r.name_len, name) &&
			field_is(r.helo, r.helo_len, helo) && field_is(r.by, r.by_len, by),
		"%s", what);
}

static void test_received(void)
{
	received_is("Postfix",
		"from ehlo.example (rev.example [192.0.2.1]) by mx.ours (Postfix) with ESMTP id 1; "
		"x",
		"192.0.2.1", "rev.example", "ehlo.example", "mx.ours");
	received_is("Postfix, no name",
		"from ehlo.example (unknown [192.0.2.1]) by mx.ours (Postfix) id 1", "192.0.2.1",
		"unknown", "ehlo.example", "mx.ours");
	received_is("Postfix, IPv6", "from [192.0.2.9] (rev.example [IPv6:2001:db8::1]) by mx.ours",
		"IPv6:2001:db8::1", "rev.example", "[192.0.2.9]", "mx.ours");
	received_is("Exim",
		"from rev.example ([192.0.2.1] helo=ehlo.example) by mx.ours with esmtp",
		"192.0.2.1", "rev.example", "ehlo.example", "mx.ours");
	received_is("Exim, the HELO is the name", "from rev.example ([192.0.2.1]) by mx.ours",
		"192.0.2.1", "", "rev.example", "mx.ours");
	received_is("Exim, no name", "from [192.0.2.1] (helo=ehlo.example) by mx.ours", "192.0.2.1",
		"", "ehlo.example", "mx.ours");
	received_is("Exim, a port and a literal as HELO",
		"from rev.example ([192.0.2.1]:2525 helo=[192.0.2.77]) by mx.ours", "192.0.2.1",
		"rev.example", "[192.0.2.77]", "mx.ours");
	received_is("a HELO that looks like more",
		"from x([198.51.100.1])by (rev.example [192.0.2.1]) by mx.ours", "192.0.2.1",
		"rev.example", "x([198.51.100.1])by", "mx.ours");
	received_is("a HELO named `by`", "from by (rev.example [192.0.2.1]) by mx.ours",
		"192.0.2.1", "rev.example", "by", "mx.ours");
	received_is("a HELO with a semicolon", "from a;b (r [192.0.2.1]) by mx.ours", "192.0.2.1",
		"r", "a;b", "mx.ours");
	received_is("with a parenthesis", "from a(b (r [192.0.2.1]) by mx.ours (Postfix)",
		"192.0.2.1", "r", "a(b", "mx.ours");
	received_is("with blanks and parentheses", "from a) (b ( (r [192.0.2.1]) by mx.ours",
		"192.0.2.1", "r", "a) (b (", "mx.ours");
	received_is("quoted", "from \"a b\" (r [192.0.2.1]) by mx.ours", "192.0.2.1", "r",
		"\"a b\"", "mx.ours");
	received_is("that looks like a client",
		"from x (y [198.51.100.1]) (r [192.0.2.1]) by mx.ours", "192.0.2.1", "r",
		"x (y [198.51.100.1])", "mx.ours");
	received_is("and like a server",
		"from x (y [198.51.100.1]) by mx.ours (r [192.0.2.1]) by mx.ours", "192.0.2.1", "r",
		"x (y [198.51.100.1]) by mx.ours", "mx.ours");
	received_is("or another one's",
		"from x (y [198.51.100.1]) by evil (Evil) (r [192.0.2.1]) by mx.ours", "192.0.2.1",
		"r", "x (y [198.51.100.1]) by evil (Evil)", "mx.ours");
	received_is("or like Exim's client",
		"from [198.51.100.1] (helo=x) (r [192.0.2.1]) by mx.ours", "192.0.2.1", "r",
		"[198.51.100.1] (helo=x)", "mx.ours");
	received_is("an address in Exim's helo=",
		"from r ([192.0.2.1] helo=x [198.51.100.1]) by mx.ours", "192.0.2.1", "r", "x",
		"mx.ours");
	received_is("a recipient that looks like more",
		"from h (r [192.0.2.1]) by mx.ours (Postfix) with ESMTP id 1 for "
		"<\"b (y [198.51.100.1]) by mx.ours\"@ours>; date",
		"192.0.2.1", "r", "h", "mx.ours");
	received_is("TLS",
		"from h (r [192.0.2.1]) (using TLSv1.3 with cipher X (256/256 bits)) "
		"(No client certificate requested) by mx.ours (Postfix) with ESMTPS id 1",
		"192.0.2.1", "r", "h", "mx.ours");
	received_is("sendmail, ident",
		"from h (joe@r [192.0.2.1]) by mx.ours (8.15/8.15) with SMTP", "192.0.2.1", "r",
		"h", "mx.ours");
	received_is("amavis",
		"from mx.ours ([127.0.0.1]) by localhost (mx.ours [127.0.0.1]) (amavisd-new, port "
		"10024) with ESMTP",
		"127.0.0.1", "", "mx.ours", "localhost");
	received_is("an address that is none", "from h (r [192.0.2.999]) by mx.ours", "", "", "h",
		"mx.ours");
	received_is("local", "by mx.ours (Postfix, from userid 0) id 1", "", "", "", "mx.ours");
	received_is("comments that do not end", "from a ((((((((", "", "", "a", "");
	received_is("nothing", "", "", "", "", "");
	received_is("semicolons", ";;;; by ; from", "", "", "", "");
}

static bool reads(const char *header, const char *ip, const char *sender, enum tp_spf spf)
{
	struct tp_message_trust trust = { &hosts, &relays, &ids };
	char message[8192];

	tp_facts_clear(&facts);
	snprintf(message, sizeof message, "%s\n\nReceived: from no (no [9.9.9.9]) by mx.ours\n",
		header);
	if (tp_facts_from_message(&facts, message, strlen(message), &trust, &err)) {
		printf("# %s\n", err.text);
		return false;
	}
	printf("# %s %s %s %s\n", tp_buf_str(&facts.ip), tp_buf_str(&facts.sender),
		tp_spf_name(facts.spf), tp_buf_str(&facts.spf_domain));
	return !strcmp(tp_buf_str(&facts.ip), ip) && !strcmp(tp_buf_str(&facts.sender), sender) &&
	       facts.spf == spf;
}

#define OURS "Received: from e.example (r.example [192.0.2.1])\n\tby mx.ours (Postfix)\n"

static void test_client(void)
{
	ok(reads("Return-Path: <a@b>\n" OURS "Subject: x", "192.0.2.1", "a@b", TP_SPF_UNKNOWN),
		"the client and the sender");
	ok(!strcmp(facts.helo.data, "e.example") && !strcmp(facts.name.data, "r.example"),
		"its names");
	ok(reads(OURS "Return-Path: <a@b>", "192.0.2.1", "", TP_SPF_UNKNOWN) && !facts.has_sender,
		"a Return-Path under our Received is the sender's");
	ok(reads("Return-Path: <>\n" OURS, "192.0.2.1", "", TP_SPF_UNKNOWN) && facts.has_sender,
		"the null sender");
	ok(reads("Received: from e (r [192.0.2.1]) by other.example\n" OURS, "", "",
		   TP_SPF_UNKNOWN),
		"a Received of somebody else says nothing, nor does one below");
	ok(reads("Received: from mx (mx.ours [10.0.0.5]) by Mail.Ours.\n" OURS
		 "Received: from f (f [203.0.113.9]) by mx.ours",
		   "192.0.2.1", "", TP_SPF_UNKNOWN),
		"behind a relay of ours the next one counts, and no further");
	ok(reads("Subject: no header at all", "", "", TP_SPF_UNKNOWN), "no Received");
	ok(reads("Received: from e (r [192.0.2.999]) by mx.ours", "", "", TP_SPF_UNKNOWN),
		"an address that is none");
}

static bool without_hosts(const char *host, const char *by)
{
	struct tp_strings none = TP_STRINGS_INIT;
	struct tp_message_trust trust = { &none, &relays, &ids };
	char name[256] = "", message[1024];

	gethostname(name, sizeof name - 1);
	if (!strcmp(host, "label"))
		name[strcspn(name, ".")] = '\0';
	snprintf(message, sizeof message, "Received: from h (r [192.0.2.1]) by %s%s\n\n", name, by);
	tp_facts_clear(&facts);
	return !tp_facts_from_message(&facts, message, strlen(message), &trust, &err) &&
	       facts.has_ip;
}

static void test_own_hosts(void)
{
	ok(without_hosts("host", ""), "the system's name");
	ok(without_hosts("label", ".Some.Domain"), "with a domain that the system does not know");
	ok(without_hosts("label", ""), "without one");
	ok(!without_hosts("label", "x.some.domain"), "but no other name");
	ok(reads("Received: from localhost (localhost [127.0.0.1]) by mx.ours\n"
		 "Received: from mx.ours ([127.0.0.1]) by localhost (mx.ours [127.0.0.1])\n"
		 " (amavisd-new, port 10024) with ESMTP id 1\n" OURS,
		   "192.0.2.1", "", TP_SPF_UNKNOWN),
		"a filter on the same host is no client");
	ok(reads("Received: from localhost (localhost [::1]) by mx.ours\n"
		 "Received: from x (x [198.51.100.9]) by localhost\n" OURS,
		   "", "", TP_SPF_UNKNOWN),
		"`by localhost` is nobody's when its client is not local");
	ok(reads("Received: from mx.ours ([127.0.0.1]) by localhost\n" OURS, "", "",
		   TP_SPF_UNKNOWN),
		"nor the first field");
	ok(reads("Received: from localhost (localhost [127.0.0.1]) by mx.ours", "", "",
		   TP_SPF_UNKNOWN),
		"a loopback address is never the origin");
	ok(reads("Received: from h (bank.example [192.0.2.1] (may be forged)) by mx.ours",
		   "192.0.2.1", "", TP_SPF_UNKNOWN) &&
			!facts.name.len && !strcmp(facts.reverse.data, "bank.example"),
		"a name that may be forged is not verified");
}

static bool spf_domain_is(const char *header, enum tp_spf spf, const char *domain)
{
	char all[4096];

	snprintf(all, sizeof all, "%s\n" OURS, header);
	return reads(all, "192.0.2.1", "", spf) && !strcmp(tp_buf_str(&facts.spf_domain), domain);
}

static void test_spf_forged(void)
{
	ok(spf_domain_is("Authentication-Results: mx.ours; spf=pass "
			 "smtp.mailfrom=\"gmail.test\"@spam.test",
		   TP_SPF_PASS, "spam.test"),
		"a quoted local part is no domain");
	ok(spf_domain_is("Authentication-Results: mx.ours; spf=pass "
			 "smtp.mailfrom=\"a@gmail.test; x=\\\" y\"@spam.test",
		   TP_SPF_PASS, "spam.test"),
		"whatever is in it");
	ok(spf_domain_is("Authentication-Results: mx.ours; spf=pass smtp.mailfrom=\"a@b.test\"",
		   TP_SPF_PASS, "b.test"),
		"an address may be quoted as a whole");
	ok(spf_domain_is("Authentication-Results: mx.ours; spf=pass smtp.mailfrom=a@[192.0.2.1]",
		   TP_SPF_PASS, ""),
		"what is no host name is not taken");
	ok(spf_domain_is("Authentication-Results: mx.ours; x=\"; spf=pass\" y; spf=fail "
			 "smtp.mailfrom=<a@b.test>",
		   TP_SPF_FAIL, "b.test"),
		"a result inside a quoted string is none");
	ok(spf_domain_is("Authentication-Results: mx.ours; dkim=pass (a\n"
			 "Authentication-Results: mx.ours; spf=pass smtp.mailfrom=b.test",
		   TP_SPF_UNKNOWN, ""),
		"what hides the end of ours does not make way for another's");
	ok(spf_domain_is("Received-SPF: pass receiver=mx.ours; "
			 "envelope-from=\"\\\"x\\\"@spam.test\"",
		   TP_SPF_PASS, "spam.test"),
		"escapes in Received-SPF");
	ok(spf_domain_is("Received-SPF: Fail (mailfrom) identity=mailfrom; client-ip=192.0.2.1; "
			 "helo=h; envelope-from=\"\\\" receiver=x \\\"@spam.test\"; "
			 "receiver=mx.ours\n"
			 "Received-SPF: pass (mx.ours: ok) receiver=mx.ours",
		   TP_SPF_FAIL, "spam.test"),
		"a key inside a quoted string is none");
	ok(spf_domain_is("Received-SPF: Fail (mailfrom) client-ip=192.0.2.1; receiver=<UNKNOWN>\n"
			 "Received-SPF: pass (mx.ours: ok) receiver=mx.ours\n"
			 "Authentication-Results: mx.ours; spf=pass",
		   TP_SPF_UNKNOWN, ""),
		"below one that is not believed none is");
	ok(spf_domain_is("Received-SPF: pass (x: y) client-ip=10.0.0.7; receiver=mx.ours\n"
			 "Received-SPF: fail receiver=mx.ours; client-ip=\"192.0.2.1\"",
		   TP_SPF_FAIL, ""),
		"one about our own relay is passed over");
	ok(spf_domain_is("Received-SPF: pass (other: (mx.ours) \\) mx.ours) receiver = "
			 "(mx.ours) other; receiver=mx.ours",
		   TP_SPF_UNKNOWN, ""),
		"comments, nested and escaped, say nothing, and the first of a name counts");
}

static void test_spf(void)
{
	ok(reads("Received-SPF: fail (mx.ours: 192.0.2.1 is not allowed) client-ip=192.0.2.1;"
		 " envelope-from=\"x@y.example\"; helo=h;\n" OURS,
		   "192.0.2.1", "", TP_SPF_FAIL) &&
			!strcmp(facts.spf_domain.data, "y.example"),
		"Received-SPF above");
	ok(reads(OURS "Received-SPF: softfail receiver=mx.ours; identity=helo; helo=h.example",
		   "192.0.2.1", "", TP_SPF_SOFTFAIL) &&
			!strcmp(facts.spf_domain.data, "h.example"),
		"under ours, about the HELO");
	ok(reads("Received-SPF: pass (evil.example: ok) receiver=evil.example\n" OURS, "192.0.2.1",
		   "", TP_SPF_UNKNOWN),
		"another server's is not believed");
	ok(reads("Received-SPF: pass (evil.example: mx.ours) receiver=evil.example;"
		 " x=\"receiver=mx.ours\"\n" OURS,
		   "192.0.2.1", "", TP_SPF_UNKNOWN),
		"whatever it says of us");
	ok(reads("Received-SPF: pass receiver=mx.ours; client-ip=198.51.100.7\n" OURS, "192.0.2.1",
		   "", TP_SPF_UNKNOWN),
		"nor one about another client");
	ok(reads(OURS "Received: from z by z.example\nReceived-SPF: pass receiver=mx.ours",
		   "192.0.2.1", "", TP_SPF_UNKNOWN),
		"nor one below the next Received");
	ok(reads(OURS "Authentication-Results: mx.ours; dkim=pass header.d=b;\n"
		      " spf=fail (not ours; spf=pass) smtp.mailfrom=a@b.example",
		   "192.0.2.1", "", TP_SPF_FAIL) &&
			!strcmp(facts.spf_domain.data, "b.example"),
		"Authentication-Results");
	ok(reads(OURS "Authentication-Results: mx.ours 1; spf=none smtp.helo=h", "192.0.2.1", "",
		   TP_SPF_NONE),
		"with a version");
	ok(reads(OURS "Authentication-Results: mx.ours; none\n"
		      "Authentication-Results: evil; spf=pass smtp.mailfrom=b",
		   "192.0.2.1", "", TP_SPF_UNKNOWN),
		"no result in ours, one in another's");
	ok(reads(OURS "Authentication-Results: mx.ours; spf=fail smtp.mailfrom=b\n"
		      "Authentication-Results: mx.ours; spf=pass smtp.mailfrom=b",
		   "192.0.2.1", "", TP_SPF_FAIL),
		"the first counts, a forged one lies below");
	ok(reads(OURS "Authentication-Results: (mx.ours) evil; spf=pass", "192.0.2.1", "",
		   TP_SPF_UNKNOWN),
		"a comment is no authserv-id");
	tp_facts_clear(&facts);
}

static void test_options_win(void)
{
	static const char mail[] =
		"Return-Path: <z@z>\nReceived-SPF: fail receiver=mx.ours\n" OURS "\n";
	struct tp_message_trust trust = { &hosts, &relays, &ids };

	tp_facts_clear(&facts);
	tp_facts_set_ip(&facts, "203.0.113.5", 11, &err);
	tp_facts_set_sender(&facts, "", 0, &err);
	tp_facts_set_spf(&facts, "pass", 4, &err);
	ok(!tp_facts_from_message(&facts, mail, strlen(mail), &trust, &err) &&
			!strcmp(facts.ip.data, "203.0.113.5") && !facts.sender.len &&
			facts.spf == TP_SPF_PASS && !strcmp(facts.helo.data, "e.example"),
		"what is known stays, what is missing is filled in");
}

int main(void)
{
	tp_strings_add(&hosts, "mx.ours", &err);
	tp_strings_add(&hosts, "mail.ours", &err);
	tp_strings_add(&relays, "10.0.0.0/8", &err);
	tp_strings_add(&ids, "mx.ours", &err);
	tp_facts_init(&facts);
	test_received();
	test_client();
	test_own_hosts();
	test_spf();
	test_spf_forged();
	test_options_win();
	tp_facts_release(&facts);
	tp_strings_release(&hosts);
	tp_strings_release(&relays);
	tp_strings_release(&ids);
	return done_testing();
}
