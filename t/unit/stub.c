/* mime/stub: what is rendered is read again, sealed; what is not ours is told apart. */
#include "mime/stub.h"

#include "mime/tree.h"
#include "tap.h"

static struct tp_error err;
static const unsigned char secret[32] = "one secret";
static const unsigned char other[32] = "another secret";

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static size_t longest_line(const char *text)
{
	size_t most = 0;

	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		most = n > most ? n : most;
	}
	return most;
}

/* Renders into a message of one part and reads it again. */
static enum tp_status round_trip(
	const struct tp_link *link, const char *eol, struct tp_buf *mail, struct tp_link *back)
{
	struct tp_buf fields = TP_BUF_INIT(1 << 20), body = TP_BUF_INIT(1 << 20);
	struct tp_tree tree;
	enum tp_status status = tp_stub_render(link, secret, eol, &fields, &body, &err);

	if (!status) {
		tp_buf_addf(mail, "%s%s%s", fields.data, eol, body.data);
		tp_tree_scan(&tree, mail->data, mail->len, &tp_tree_default_limits, &err);
		status = tp_stub_parse(&tree, mail->data, 0, back, &err);
		tp_tree_release(&tree);
	}
	tp_buf_release(&fields);
	tp_buf_release(&body);
	return status;
}

static void trip(const char *name, const char *url, const char *what)
{
	struct tp_link link = TP_LINK_INIT, back;
	struct tp_buf mail = TP_BUF_INIT(1 << 20);
	enum tp_status status;
	bool ascii = true;

	link.name = (char *)name;
	link.url = (char *)url;
	link.type = (char *)"application/PDF";
	link.size_bytes = 24600000123;
	link.expires = 1797724800;
	memset(link.sha256, 'b', 64);
	status = round_trip(&link, "\r\n", &mail, &back);
	if (!ok(!status && same(back.name, name) && same(back.url, url) &&
			    same(back.type, "application/pdf") &&
			    back.size_bytes == link.size_bytes && back.expires == link.expires &&
			    same(back.sha256, link.sha256),
		    "%s: everything comes back", what))
		printf("# status %d name %s url %s\n", status, status ? "" : back.name,
			status ? "" : back.url);
	for (size_t i = 0; i < mail.len; i++)
		ascii = ascii && (unsigned char)mail.data[i] < 0x80;
	ok(ascii && longest_line(mail.data) <= 78, "%s: ASCII, in short lines", what);
	ok(tp_stub_verify(&back, secret, &err) == TP_OK, "%s: the seal is right", what);
	ok(tp_stub_verify(&back, other, &err) == TP_NOTHING, "%s: and wrong under another secret",
		what);
	tp_link_release(&back);
	tp_buf_release(&mail);
}

/* One fact changed after sealing. */
static void test_forgery(void)
{
	static const char *const changes[][2] = { { "dl.example.org", "dl.exampl3.org" },
		{ "x.pdf", "y.pdf" }, { "size=5", "size=6" }, { "2026", "2027" },
		{ "application/pdf", "application/zip" }, { "bbbb", "bbab" } };
	struct tp_link link = TP_LINK_INIT, back;
	struct tp_buf mail = TP_BUF_INIT(1 << 20);

	link.name = (char *)"x.pdf";
	link.url = (char *)"https://dl.example.org/x";
	link.type = (char *)"application/pdf";
	link.size_bytes = 5;
	link.expires = 1797724800;
	memset(link.sha256, 'b', 64);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct tp_tree tree;
		char *at;

		tp_buf_clear(&mail);
		round_trip(&link, "\n", &mail, &back);
		tp_link_release(&back);
		at = strstr(mail.data, changes[i][0]);
		memcpy(at, changes[i][1], strlen(changes[i][1]));
		tp_tree_scan(&tree, mail.data, mail.len, &tp_tree_default_limits, &err);
		ok(!tp_stub_parse(&tree, mail.data, 0, &back, &err) &&
				tp_stub_verify(&back, secret, &err) == TP_NOTHING,
			"%s changed: the seal breaks", changes[i][0]);
		tp_link_release(&back);
		tp_tree_release(&tree);
	}
	tp_buf_release(&mail);
}

/* The status of reading a message written by somebody else. */
static enum tp_status read_foreign(const char *mail, struct tp_link *link)
{
	struct tp_tree tree;
	enum tp_status status;

	tp_tree_scan(&tree, mail, strlen(mail), &tp_tree_default_limits, &err);
	status = tp_stub_parse(&tree, mail, 0, link, &err);
	tp_tree_release(&tree);
	return status;
}

static void test_foreign(void)
{
	struct tp_link link;

	ok(!read_foreign("Content-type: message/external-body; access-type=URL;\n"
			 "  URL=\"http://www.foo.com/file\"\n\nContent-type: text/html\n"
			 "Content-Transfer-Encoding: binary\n\nTHIS IS NOT REALLY THE BODY!\n",
		   &link) &&
			same(link.url, "http://www.foo.com/file") && !link.seal[0],
		"the example of RFC 2017 is read, and not ours");
	tp_link_release(&link);
	ok(read_foreign("Content-Type: message/external-body; access-type=ANON-FTP; site=x\n\n\n",
		   &link) == TP_NOTHING,
		"another access-type is no link");
	ok(read_foreign("Content-Type: message/external-body; access-type=URL\n\n\n", &link) ==
			TP_NOTHING,
		"nor is one without a URL");
	ok(read_foreign("Content-Type: message/external-body; access-type=URL; "
			"URL=\"javascript:alert(1)\"\n\n\n",
		   &link) == TP_NOTHING,
		"nor one whose URL runs");
	ok(read_foreign("Content-Type: text/plain; access-type=URL; URL=\"http://x/\"\n\n\n",
		   &link) == TP_NOTHING,
		"nor another type");
	ok(!read_foreign("Content-Type: message/external-body; access-type=URL; URL=\"http://x/\"\n"
			 "\nX-Tubepost-Seal: short\n",
		   &link) &&
			link.seal[0] && tp_stub_verify(&link, secret, &err) == TP_NOTHING,
		"a malformed seal is a seal, and wrong");
	tp_link_release(&link);
	ok(!tp_link_url_is_safe(" https://x/", false) && !tp_link_url_is_safe("//x/", false) &&
			!tp_link_url_is_safe("DATA:x", false) &&
			!tp_link_url_is_safe("file:///x", true) &&
			tp_link_url_is_safe("HTTPS://x/", true),
		"which URLs are safe");
}

int main(void)
{
	trip("x.pdf", "https://dl.example.org/x", "plain");
	trip("Rapport annuel 2026 d\xc3\xa9"
	     "finitif \xe6\x97\xa5\xe6\x9c\xac.pdf",
		"https://dl.example.org/t/abcdefghijklmnopqrstuvwxyz0123456789/a%20b.pdf?x=1&y=2#z",
		"long URL, any script");
	trip("a\"b\\c\r\nBcc: x@y\t=?utf-8?q?x?= %41''.exe", "https://x/", "a hostile name");
	trip(" spaces  at both ends ", "https://x/", "spaces");
	test_forgery();
	test_foreign();
	return done_testing();
}
