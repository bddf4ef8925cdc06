/* The policy protocol: requests into facts, from memory and from a pipe, and answers. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#include "greylist/policy.h"

#define HEAD "request=smtpd_access_policy\n"

static struct tp_facts facts;
static struct tp_error err;

/* --- from memory --- */

static enum tp_status parse(enum tp_policy_form form, const char *text)
{
	err.text[0] = '\0';
	return tp_policy_parse(form, text, strlen(text), &facts, &err);
}

static bool is(const struct tp_buf *value, const char *wanted)
{
	return !strcmp(tp_buf_str(value), wanted) && value->len == strlen(wanted);
}

static const char everything[] =
	HEAD "protocol_state=RCPT\nprotocol_name=ESMTP\n"
	     "helo_name=some.domain.test\nqueue_id=8045F2AB23\n"
	     "sender=foo@bar.test\nrecipient=bar@foo.test\n"
	     "recipient_count=0\nclient_address=192.0.2.3\n"
	     "client_name=another.domain.test\n"
	     "reverse_client_name=other.domain.test\n"
	     "instance=123.456.7\nsasl_method=\nsasl_username=\n"
	     "sasl_sender=\nsize=12345\nccert_subject=\netrn_domain=\n"
	     "stress=\nccert_pubkey_fingerprint=\nclient_port=1234\n"
	     "policy_context=\nserver_address=198.51.100.1\nserver_port=25\n";

static void what_postfix_says(void)
{
	ok(!parse(TP_POLICY_LOOP, everything), "a request of Postfix");
	ok(facts.has_ip && is(&facts.ip, "192.0.2.3"), "its address");
	ok(facts.has_sender && is(&facts.sender, "foo@bar.test"), "its sender");
	ok(facts.rcpt_count == 1 && !strcmp(tp_facts_next_rcpt(&facts, NULL), "bar@foo.test"),
		"its recipient");
	ok(is(&facts.helo, "some.domain.test"), "its HELO");
	ok(is(&facts.name, "another.domain.test"), "its name: the verified one");
	ok(!facts.authenticated && !facts.always && facts.spf == TP_SPF_UNKNOWN, "no more");
	ok(!parse(TP_POLICY_LOOP, HEAD "client_name=unknown\nreverse_client_name=o.test\n") &&
			is(&facts.name, "") && is(&facts.reverse, "o.test"),
		"the reverse name is never taken for a verified one");
	ok(!parse(TP_POLICY_LOOP, HEAD "reverse_client_name=o.test\nclient_name=a.test\n") &&
			is(&facts.name, "a.test"),
		"in any order");
	ok(!parse(TP_POLICY_LOOP, HEAD "client_address=unknown\nsender=\nrecipient=\n") &&
			!facts.has_ip && facts.has_sender && is(&facts.sender, "") &&
			!facts.rcpt_count,
		"a lost client, the null sender, no recipient in DATA");
	ok(!parse(TP_POLICY_LOOP, HEAD) && !facts.has_ip && !facts.has_sender, "nothing known");
	ok(!parse(TP_POLICY_LOOP, HEAD "sasl_username=alice\n") && facts.authenticated,
		"one of our users");
	ok(!parse(TP_POLICY_LOOP, HEAD "client_address=2001:db8:0::1\r\nsender=a@b\r\n") &&
			is(&facts.ip, "2001:db8::1") && is(&facts.sender, "a@b"),
		"CR before LF is no part of a value");
	ok(!parse(TP_POLICY_LOOP, HEAD "sender=a=b@c\nhelo_name==\n") &&
			is(&facts.sender, "a=b@c") && is(&facts.helo, "="),
		"a value may hold =");
	ok(!parse(TP_POLICY_LOOP, HEAD "sender=\xff\xc3\xa9@\x80\nhelo_name=\x01\x1b[2J\n") &&
			is(&facts.sender, "\xff\xc3\xa9@\x80"),
		"eight-bit and control bytes are no trouble");
	ok(!parse(TP_POLICY_LOOP, HEAD "ccert_subject=\x01\nccert_subject=x\n"),
		"what does not count may stand twice");
}

static void what_exim_says(void)
{
	ok(!parse(TP_POLICY_SINGLE,
		   "client_address=2001:db8::2\nsender=<a@b.test>\nrecipient=<x@y.test>\n"
		   "recipient=z@y.test\nspf=SoftFail\nspf_domain=b.test\ndoubt=dnslist=3\n"
		   "doubt=zen.test:127.0.0.4\ndoubt=\nalways=yes\nauthenticated=bob"),
		"a request of Exim, without a last line end");
	ok(is(&facts.sender, "a@b.test") && facts.rcpt_count == 2, "its addresses");
	ok(facts.spf == TP_SPF_SOFTFAIL && is(&facts.spf_domain, "b.test"), "its SPF result");
	ok(facts.doubts.count == 2 && tp_doubts_sum(&facts.doubts) == 4, "its doubts");
	ok(facts.always && facts.authenticated, "its wishes");
	ok(!parse(TP_POLICY_SINGLE, "always=no\nspf=strange\nspf_domain=\n") && !facts.always &&
			facts.spf == TP_SPF_UNKNOWN,
		"a result that is none is not known");
	ok(!parse(TP_POLICY_SINGLE, "future=x\nsender=a\n"), "names nobody knows");
}

static void trouble(void)
{
	static const struct {
		const char *text, *what, *said;
	} all[] = {
		{ "", "nothing", "" },
		{ "sender=a\n", "not Postfix's request", "request=" },
		{ "request=junk\nsender=a\n", "another service's request", "request=" },
		{ HEAD "sender\n", "a line without =", "name=value" },
		{ HEAD "=a\n", "a line without a name", "name=value" },
		{ HEAD "\r\nsender=a\n", "an empty line inside", "name=value" },
		{ HEAD HEAD, "a doubled request", "'request'" },
		{ HEAD "client_address=192.0.2.1\nclient_address=192.0.2.1\n", "a doubled address",
			"'client_address'" },
		{ HEAD "sender=a\nsize=1\nsender=a\n", "a doubled sender", "'sender'" },
		{ HEAD "sender=\nsender=\n", "a doubled null sender", "'sender'" },
		{ HEAD "sasl_username=\nsasl_username=x\n", "a doubled user", "'sasl_username'" },
		{ HEAD "sender=a\rb\n", "a CR inside", "sender" },
		{ HEAD "doubt=a\rb\n", "and in a doubt", "doubt" },
		{ HEAD "doubt==3\n", "a doubt without a reason", "doubt" },
		{ HEAD "always=perhaps\n", "neither yes nor no", "always" },
	};
	static const char nul[] = HEAD "helo_name=a\0b\n", late[] = HEAD "x=\0\n";

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		ok(parse(TP_POLICY_LOOP, all[i].text) == TP_DATA && strstr(err.text, all[i].said),
			"%s is trouble", all[i].what);
	ok(tp_policy_parse(TP_POLICY_LOOP, nul, sizeof nul - 1, &facts, &err) == TP_DATA,
		"so is a NUL");
	ok(tp_policy_parse(TP_POLICY_LOOP, late, sizeof late - 1, &facts, &err) == TP_DATA,
		"even in what nobody reads");
	ok(tp_policy_parse(TP_POLICY_LOOP, "", 0, &facts, NULL) == TP_DATA &&
			tp_policy_parse(TP_POLICY_LOOP, NULL, 0, &facts, NULL) == TP_DATA &&
			tp_policy_parse(TP_POLICY_LOOP, HEAD "sender=a\rb\n", 39, &facts, NULL),
		"nobody need ask why");
}

/* A request whose `name` has a value of `len` bytes. */
static enum tp_status with_long(const char *name, size_t len)
{
	struct tp_buf text = TP_BUF_INIT((size_t)16 << 20);
	enum tp_status status;

	tp_buf_addf(&text, HEAD "%s=", name);
	for (size_t i = 0; i < len; i++)
		tp_buf_addc(&text, 'a');
	tp_buf_addc(&text, '\n');
	status = tp_policy_parse(TP_POLICY_LOOP, text.data, text.len, &facts, &err);
	tp_buf_release(&text);
	return status;
}

static void limits(void)
{
	static const char *const counts[] = { "sender", "recipient", "helo_name", "client_name",
		"reverse_client_name", "spf_domain", "doubt", "client_address", "sasl_username" };

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		ok(with_long(counts[i], TP_FACT_MAX + 1) == TP_LIMIT && strstr(err.text, counts[i]),
			"%s: too long is trouble", counts[i]);
	ok(!with_long("sender", TP_FACT_MAX) && facts.sender.len == TP_FACT_MAX,
		"as long as may be");
	ok(!with_long("ccert_subject", 1 << 20), "what does not count may be longer");
	ok(with_long("x", TP_POLICY_REQUEST_MAX) == TP_LIMIT, "but not without end");
}

static void many_recipients(void)
{
	struct tp_buf text = TP_BUF_INIT((size_t)16 << 20);
	size_t count = 0;

	for (int i = 0; i < 10000; i++)
		tp_buf_addf(&text, "recipient=somebody-with-a-name-%d@example.test\n", i);
	ok(!tp_policy_parse(TP_POLICY_SINGLE, text.data, text.len, &facts, &err) &&
			facts.rcpt_count == 10000,
		"10,000 recipients");
	for (const char *r = NULL; (r = tp_facts_next_rcpt(&facts, r));)
		count++;
	ok(count == 10000, "all of them");
	tp_buf_release(&text);
}

/* --- from a pipe --- */

static struct tp_policy policy;
static int in[2], out[2];

static void connect_pipes(enum tp_policy_form form)
{
	if (pipe(in) || pipe(out))
		exit(99);
	tp_policy_init(&policy, form, in[0], out[1]);
}

static void disconnect(void)
{
	for (int i = 0; i < 2; i++) {
		close(in[i]);
		close(out[i]);
	}
	tp_policy_release(&policy);
}

static void send_text(const char *text)
{
	if (write(in[1], text, strlen(text)) != (ssize_t)strlen(text))
		exit(99);
}

static void hang_up(void)
{
	close(in[1]);
	in[1] = open("/dev/null", O_RDONLY);
}

static enum tp_status next(void)
{
	return tp_policy_read(&policy, &facts, &err);
}

static void loops(void)
{
	connect_pipes(TP_POLICY_LOOP);
	send_text(HEAD "sender=one\n\n" HEAD "sender=two\r\n\r\n" HEAD "sender=th");
	ok(!next() && is(&facts.sender, "one"), "the first request");
	ok(!next() && is(&facts.sender, "two"), "the second, already here");
	send_text("ree\n\n");
	ok(!next() && is(&facts.sender, "three"), "the third, in two pieces");
	send_text(HEAD "\n");
	ok(!next() && !facts.has_sender, "nothing stays of an earlier one");
	hang_up();
	ok(next() == TP_NOTHING && next() == TP_NOTHING, "the end");
	disconnect();

	connect_pipes(TP_POLICY_LOOP);
	send_text(HEAD "sender=one\n\n" HEAD "sender=half\n");
	hang_up();
	ok(!next() && next() == TP_DATA, "half a request is trouble");
	disconnect();

	connect_pipes(TP_POLICY_LOOP);
	hang_up();
	ok(next() == TP_NOTHING, "nobody asks: no trouble");
	disconnect();

	connect_pipes(TP_POLICY_LOOP);
	send_text("\n" HEAD "\n");
	ok(next() == TP_DATA, "an empty request is trouble");
	disconnect();

	connect_pipes(TP_POLICY_LOOP);
	close(in[0]);
	ok(next() == TP_IO, "nothing to read from");
	disconnect();
}

static void singles(void)
{
	connect_pipes(TP_POLICY_SINGLE);
	send_text("sender=one\nrecipient=a");
	hang_up();
	ok(!next() && is(&facts.sender, "one") && facts.rcpt_count == 1, "up to the end of file");
	ok(next() == TP_NOTHING, "and no other");
	disconnect();

	connect_pipes(TP_POLICY_SINGLE);
	send_text("sender=one\n\nsender=two\n\n");
	ok(!next() && is(&facts.sender, "one"), "up to a blank line, the connection still open");
	ok(next() == TP_NOTHING, "what follows is nobody's");
	disconnect();

	connect_pipes(TP_POLICY_SINGLE);
	hang_up();
	ok(next() == TP_DATA, "an empty request is trouble");
	disconnect();
}

/* A child writes `count` bytes of `text`, over and over, and hangs up. */
static pid_t flood(const char *text, size_t count)
{
	pid_t pid = fork();

	if (pid) {
		close(in[1]);
		in[1] = open("/dev/null", O_RDONLY);
		return pid;
	}
	signal(SIGPIPE, SIG_DFL);
	close(in[0]);
	for (size_t sent = 0, len = strlen(text); sent < count; sent += len)
		if (write(in[1], text, len) < 0)
			_exit(1);
	_exit(0);
}

static void floods(void)
{
	static const char request[] = HEAD "sender=a@b.test\n\n";
	size_t count = 0;
	pid_t pid;

	connect_pipes(TP_POLICY_LOOP);
	pid = flood("endless", (size_t)64 << 20);
	ok(next() == TP_LIMIT && policy.text.cap < TP_POLICY_REQUEST_MAX * 4,
		"a line without end is trouble, and takes no more memory than may be");
	disconnect();
	waitpid(pid, NULL, 0);

	connect_pipes(TP_POLICY_LOOP);
	pid = flood(request, sizeof request * 100000);
	while (!next() && is(&facts.sender, "a@b.test"))
		count++;
	ok(next() == TP_NOTHING && count >= 100000 && policy.text.cap < (size_t)1 << 20,
		"100,000 requests at once, each answered for itself");
	disconnect();
	waitpid(pid, NULL, 0);
}

static void answered(enum tp_policy_form form, const char *action, const char *wanted)
{
	char got[200] = "";

	connect_pipes(form);
	ok(!tp_policy_answer(&policy, action, &err) && read(out[0], got, sizeof got - 1) > 0 &&
			!strcmp(got, wanted),
		"answer: %.9s", action);
	disconnect();
}

/* --- and back --- */

static void written(void)
{
	struct tp_buf out_text = TP_BUF_INIT(1 << 16);
	static const char text[] = HEAD "client_address=192.0.2.3\nsender=\nrecipient=a@b\n"
					"recipient=<<c>>\nhelo_name=h\nclient_name=n\n"
					"reverse_client_name=r\nspf=fail\n"
					"spf_domain=d\ndoubt=x=2=-3\nalways=yes\n"
					"authenticated=yes\n\n";

	ok(!tp_policy_parse(TP_POLICY_LOOP, text, sizeof text - 2, &facts, &err) &&
			!tp_policy_write(&facts, &out_text, &err) && is(&out_text, text),
		"facts are written as they are read");
	tp_buf_add(&facts.helo, "a\nb", 3);
	ok(tp_policy_write(&facts, &out_text, &err) == TP_DATA && is(&out_text, text),
		"but not what would be another line");
	tp_buf_release(&out_text);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	tp_facts_init(&facts);
	what_postfix_says();
	what_exim_says();
	trouble();
	limits();
	many_recipients();
	loops();
	singles();
	floods();
	answered(TP_POLICY_LOOP, "dunno", "action=dunno\n\n");
	answered(TP_POLICY_LOOP, "450 4.7.1 throttle: early",
		"action=450 4.7.1 throttle: early\n\n");
	answered(TP_POLICY_LOOP, "two lines\n\naction=ok", "action=two lines  action=ok\n\n");
	answered(TP_POLICY_SINGLE, "250 pass: white", "250 pass: white\n");
	written();
	tp_facts_release(&facts);
	return done_testing();
}
