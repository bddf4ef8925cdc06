/* mime/cid: what a text refers to, in every way of writing it. */
#include "mime/cid.h"
#include "tap.h"

static void refers(const char *html, size_t len, enum tp_encoding encoding, const char *id,
	bool want, const char *what)
{
	struct tp_error err = { TP_OK, "" };
	struct tp_cids cids;
	enum tp_status status;

	tp_cids_init(&cids);
	status = tp_cids_collect(&cids, html, (struct tp_range){ 0, len }, encoding, &err);
	tp_cids_seal(&cids);
	ok(!status && tp_cids_has(&cids, id, (struct tp_range){ 0, strlen(id) }) == want, "%s",
		what);
	tp_cids_release(&cids);
}

#define YES(html, id, what) refers(html, sizeof html - 1, TP_ENCODING_IDENTITY, id, true, what)
#define NO(html, id, what)  refers(html, sizeof html - 1, TP_ENCODING_IDENTITY, id, false, what)

static void test_writings(void)
{
	static const char soft[] = "<img src=3D\"cid:a=\n@b\">";

	YES("<img src=\"cid:a@b\">", "<a@b>", "in double quotes");
	YES("<img src='CID:a@b'>", " <a@b>\r\n", "in single quotes, the scheme in capitals");
	YES("<img src=cid:a@b>", "a@b", "bare, and an id without brackets");
	YES("<td style='background:url(cid:a@b)'>", "<a@b>", "in a style");
	YES("<td style=\"background:url(&quot;cid:a@b&quot;)\">", "<a@b>", "in quotes of quotes");
	YES("<img src=\"cid:a%40b\">", "<a@b>", "percent-encoded");
	YES("<img src=\"cid:a%4\">", "<a%4>", "a broken escape stands as it is");
	YES("<img src=\"cid:a&amp;b\">", "<a&b>", "an ampersand as HTML writes it");
	YES("<img src=\"cid:a&b\">", "<a&b>", "an ampersand as it should not be");
	YES("<img src=\"cid:A@B\">", "<a@b>", "in other letters");
	YES("ccid:a cicid:b", "<b>", "behind a false beginning");
	YES("cid:a", "<a>", "at the very end");
	YES("c\0i\0d\0:\0x\0\"\0", "<x>", "in UTF-16");
	NO("<img src=\"cid:a@b\">", "<a@bc>", "no longer id");
	NO("<img src=\"cid:a@bc\">", "<a@b>", "no shorter one");
	NO("<img src=\"cid:\">", "<>", "an empty one is none");
	NO("<img src=\"http://a@b\">", "<a@b>", "another scheme");
	refers(soft, sizeof soft - 1, TP_ENCODING_QP, "<a@b>", true,
		"through quoted-printable, cut by a soft line end");
}

/* An id with a NUL must not lead the comparison past the names that are kept. */
static void test_hostile(void)
{
	static const char id[] = "<a\0bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb>";
	struct tp_buf html = TP_BUF_INIT(8 << 20);
	struct tp_error err = { TP_OK, "" };
	struct tp_cids cids;

	tp_cids_init(&cids);
	ok(!tp_cids_collect(&cids, "cid:a", (struct tp_range){ 0, 5 }, TP_ENCODING_IDENTITY, &err),
		"one name");
	tp_cids_seal(&cids);
	ok(!tp_cids_has(&cids, id, (struct tp_range){ 0, sizeof id - 1 }), "an id with a NUL");
	tp_cids_release(&cids);

	for (int i = 0; i < 300000; i++)
		tp_buf_addf(&html, "cid:n%d ", i);
	ok(!tp_cids_collect(
		   &cids, html.data, (struct tp_range){ 0, html.len }, TP_ENCODING_IDENTITY, &err),
		"many names");
	tp_cids_seal(&cids);
	ok(cids.overflow && tp_cids_has(&cids, "<unknown>", (struct tp_range){ 0, 9 }),
		"with more names than are kept, every id counts as shown");
	tp_cids_release(&cids);

	tp_buf_clear(&html);
	tp_buf_adds(&html, "cid:");
	for (int i = 0; i < 100000; i++)
		tp_buf_adds(&html, "longname");
	tp_buf_adds(&html, " cid:short");
	ok(!tp_cids_collect(&cids, html.data, (struct tp_range){ 0, html.len },
		   TP_ENCODING_IDENTITY, &err) &&
			cids.count == 1,
		"an endless name is none, and what follows is read");
	tp_cids_release(&cids);
	tp_buf_release(&html);
}

int main(void)
{
	test_writings();
	test_hostile();
	return done_testing();
}
