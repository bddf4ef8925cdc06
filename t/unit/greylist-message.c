/* greylist/message: what may be believed of a header, and Received fields as servers write them. */
#include "greylist/message.h"

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
		"IPv6:2001:db8::1", "rev.example", "", "mx.ours");
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
	test_spf();
	test_options_win();
	tp_facts_release(&facts);
	tp_strings_release(&hosts);
	tp_strings_release(&relays);
	tp_strings_release(&ids);
	return done_testing();
}
