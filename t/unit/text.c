/* mime/text: what mail carries, as UTF-8. */
#include "mime/text.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "mime/addresses-parts.h"
#include "tap.h"

static struct tp_error err;

static struct tp_range whole(const char *text)
{
	return (struct tp_range){ 0, strlen(text) };
}

static void decodes(const char *value, const char *wanted, const char *what)
{
	struct tp_buf out = TP_BUF_INIT(1 << 20);
	enum tp_status status = tp_text_decode(value, whole(value), &out, &err);

	if (!ok(!status && !strcmp(tp_buf_str(&out), wanted), "%s", what))
		printf("# status %d, got \"%s\"\n", status, tp_buf_str(&out));
	tp_buf_release(&out);
}

static void test_subjects(void)
{
	decodes(" plain words", "plain words", "ASCII stays, trimmed");
	decodes(" folded\r\n\twords", "folded\twords", "folding goes, its white space stays");
	decodes("=?utf-8?q?caf=C3=A9_cr=C3=A8me?=", "caf\xc3\xa9 cr\xc3\xa8me", "Q words");
	decodes("=?ISO-8859-1?B?Y2Fm6Q==?=", "caf\xc3\xa9", "B words");
	decodes("Re: =?utf-8?q?=C3=A9?= et =?utf-8?q?=C3=A0?= fin", "Re: \xc3\xa9 et \xc3\xa0 fin",
		"words among text");
	decodes("=?utf-8?q?a?= =?utf-8?q?b?=\r\n =?utf-8?q?c?=", "abc",
		"white space between words goes");
	decodes("=?utf-8?b?w6k=?= =?utf-8?b?w6A=?=", "\xc3\xa9\xc3\xa0", "two B words");
	decodes("=?utf-8?q?caf=C3?= =?utf-8?q?=A9?=", "caf\xc3\xa9",
		"a character split between two words");
	decodes("=?utf-8?B?5pel5pys6g==?= =?utf-8?B?qp4=?=", "\xe6\x97\xa5\xe6\x9c\xac\xea\xaa\x9e",
		"a character split between two B words");
	decodes("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "\xe6\x97\xa5\xe6\x9c\xac",
		"ISO-2022-JP words");
	decodes("=?gb18030?B?1tDOxA==?=", "\xe4\xb8\xad\xe6\x96\x87", "GB18030 words");
	decodes("=?gb2312?B?1tDOxA==?=", "\xe4\xb8\xad\xe6\x96\x87", "GB2312 words");
	decodes("=?utf-8*fr?q?caf=C3=A9?=", "caf\xc3\xa9", "a language tag (RFC 2231 5)");
	decodes("2 =? 3", "2 =? 3", "what only begins like a word");
	decodes("=?utf-8?q?broken", "=?utf-8?q?broken", "a word that never ends");
}

static void test_raw(void)
{
	decodes("caf\xc3\xa9", "caf\xc3\xa9", "raw UTF-8");
	decodes("caf\xe9", "caf\xc3\xa9", "raw Latin-1");
	decodes("\x93quoted\x94 \x80", "\xe2\x80\x9cquoted\xe2\x80\x9d \xe2\x82\xac",
		"raw Windows-1252");
	decodes("a\x81z\xe9", "a\xef\xbf\xbdz\xc3\xa9", "a byte without meaning is U+FFFD");
	decodes("\x1b$BF|K\\\x1b(B!", "\xe6\x97\xa5\xe6\x9c\xac!", "raw ISO-2022-JP");
	decodes("\x1b$bogus", "\x1b$bogus", "an escape that is no Japanese");
	decodes("caf\xe9 =?utf-8?q?=C3=A9?=", "caf\xc3\xa9 \xc3\xa9", "raw Latin-1 beside a word");
	decodes("=?utf-8?q?=FF=FE?=", "\xef\xbf\xbd\xef\xbf\xbd",
		"a word that lies about its charset");
}

/* Whatever is in the words, what comes out is UTF-8. */
static void test_always_valid(void)
{
	static const char *const charsets[] = { "utf-8", "us-ascii", "iso-8859-15", "iso-2022-jp",
		"gb18030", "ucs-4", "utf-8)", "big5", "no-such-charset", "" };
	unsigned seed = 1;
	bool valid = true;

	for (size_t i = 0; i < 2000; i++) {
		struct tp_buf value = TP_BUF_INIT(4096), out = TP_BUF_INIT(1 << 20);

		tp_buf_addf(&value, "x =?%s?%c?", charsets[i % 10], i & 1 ? 'q' : 'b');
		for (size_t n = 0; n < 40; n++) {
			seed = seed * 1103515245 + 12345;
			tp_buf_addf(&value, i & 1 ? "=%02X" : "%c",
				i & 1 ? seed >> 16 & 0xff : 'A' + (seed >> 16) % 26);
		}
		tp_buf_adds(&value, "?= \xff\xc3");
		if (tp_text_decode(value.data, (struct tp_range){ 0, value.len }, &out, &err) ||
			!tp_utf8_valid(tp_buf_str(&out), out.len))
			valid = false;
		tp_buf_release(&value);
		tp_buf_release(&out);
	}
	ok(valid, "two thousand words of noise in ten charsets all give UTF-8");
}

static void names(const char *header, const char *wanted, const char *what)
{
	struct tp_buf out = TP_BUF_INIT(1 << 20);
	struct tp_part part = { .header = whole(header), .parent = TP_PART_NONE };
	struct tp_tree tree = { &part, 1, { 0, 0 } };
	enum tp_status status = tp_part_filename(&tree, header, 0, &out, &err);

	if (!ok(wanted ? !status && !strcmp(tp_buf_str(&out), wanted) : status == TP_NOTHING, "%s",
		    what))
		printf("# status %d, got \"%s\"\n", status, tp_buf_str(&out));
	tp_buf_release(&out);
}

static void test_filenames(void)
{
	names("Content-Disposition: attachment; filename=\"a b.pdf\"\n", "a b.pdf", "quoted");
	names("Content-Disposition: attachment; filename=\"=?utf-8?Q?=C3=A9t=C3=A9.pdf?=\"\n",
		"\xc3\xa9t\xc3\xa9.pdf", "RFC 2047 inside quotes");
	names("Content-Disposition: attachment;\n filename=\"=?utf-8?B?w6l0?=\n "
	      "=?utf-8?B?w6kucGRm?=\"\n",
		"\xc3\xa9t\xc3\xa9.pdf", "two words inside folded quotes");
	names("Content-Disposition: attachment; filename*=iso-8859-15'fr'prix%20%A4.pdf\n",
		"prix \xe2\x82\xac.pdf", "RFC 2231 with a charset");
	names("Content-Disposition: attachment; filename*0*=UTF-8''%C3%A9t%C3;\n"
	      " filename*1*=%A9%20; filename*2=\"long.pdf\"\n",
		"\xc3\xa9t\xc3\xa9 long.pdf", "continuations, a character split between two");
	names("Content-Disposition: attachment; filename*1=b.txt; filename*0=a\n", "ab.txt",
		"continuations out of order");
	names("Content-Disposition: attachment; filename=\"\xe9t\xe9.txt\"\n",
		"\xc3\xa9t\xc3\xa9.txt", "raw Latin-1");
	names("Content-Disposition: attachment; filename=\"\xc3\xa9.txt\"\n", "\xc3\xa9.txt",
		"raw UTF-8");
	names("Content-Type: image/png; name=\"x.png\"\nContent-Disposition: inline\n", "x.png",
		"the name of the Content-Type when there is no filename");
	names("Content-Disposition: attachment; filename*=UTF-8''%3D%3Fx%3Fq%3Fy%3F%3D\n",
		"=?x?q?y?=", "RFC 2231 is not read as RFC 2047 too");
	names("Content-Disposition: attachment; filename=\"\"\n", NULL, "an empty name is none");
	names("Content-Type: text/plain\n", NULL, "no name");
}

static void test_charsets(void)
{
	struct tp_buf out = TP_BUF_INIT(1 << 20);
	bool exact = false;

	ok(!tp_text_to_utf8("\0\x15\0\0\0\0\0a", 8, "UCS-4BE", &out, &exact, &err) && !exact &&
			tp_utf8_valid(out.data, out.len) && out.len > 1 &&
			out.data[out.len - 1] == 'a',
		"a number that is no character of Unicode");
	tp_buf_clear(&out);
	ok(!tp_text_to_utf8("\xa4", 1, "ISO-8859-15", &out, &exact, &err) && exact &&
			!strcmp(tp_buf_str(&out), "\xe2\x82\xac"),
		"ISO-8859-15 has the euro");
	tp_buf_clear(&out);
	ok(!tp_text_to_utf8("\x80", 1, "iso-8859-1", &out, &exact, &err) && exact &&
			!strcmp(tp_buf_str(&out), "\xe2\x82\xac"),
		"ISO-8859-1 is read as Windows-1252");
	tp_buf_clear(&out);
	ok(!tp_text_to_utf8("a\xff"
			    "b",
		   3, "utf-8", &out, &exact, &err) &&
			!exact &&
			!strcmp(tp_buf_str(&out), "a\xef\xbf\xbd"
						  "b"),
		"UTF-8 that is none: U+FFFD, and not exact");
	tp_buf_clear(&out);
	ok(!tp_text_to_utf8("\xe9", 1, "x-unheard-of", &out, &exact, &err) && !exact &&
			!strcmp(tp_buf_str(&out), "\xc3\xa9"),
		"an unknown charset is guessed");
	tp_buf_clear(&out);
	ok(!tp_text_to_utf8("a", 1, "../../../etc/passwd", &out, &exact, &err) && out.len == 1,
		"a path is no charset");
	tp_buf_clear(&out);
	ok(!tp_text_from_utf8("\xe6\x97\xa5", 3, "ISO-2022-JP", &out, &err) &&
			!strcmp(tp_buf_str(&out), "\x1b$BF|\x1b(B"),
		"to ISO-2022-JP and back to ASCII at the end");
	tp_buf_clear(&out);
	tp_buf_adds(&out, "kept");
	ok(tp_text_from_utf8("a\xe2\x82\xac", 4, "ISO-8859-1", &out, &err) == TP_NOTHING &&
			!strcmp(tp_buf_str(&out), "kept"),
		"what does not fit leaves the buffer as it was");
	ok(tp_text_from_utf8("\xc3\xa9", 2, "us-ascii", &out, &err) == TP_NOTHING,
		"nor into ASCII");
	ok(tp_text_from_utf8("a", 1, "nonsense", &out, &err) == TP_NOTHING, "nor into the unknown");
	ok(tp_text_holds_ascii("iso-8859-15") && tp_text_holds_ascii("iso-2022-jp") &&
			tp_text_holds_ascii("shift_jis") && tp_text_holds_ascii(""),
		"charsets that hold ASCII");
	ok(!tp_text_holds_ascii("utf-16") && !tp_text_holds_ascii("utf-7") &&
			!tp_text_holds_ascii("ibm037") && !tp_text_holds_ascii("hz-gb-2312"),
		"and those that do not");
	tp_buf_release(&out);
}

/* `wanted`: addresses joined by a bar. */
static void addresses(const char *value, const char *wanted, const char *what)
{
	struct tp_buf out = TP_BUF_INIT(1 << 20);
	size_t count = 0;
	enum tp_status status = tp_text_addresses(value, whole(value), &out, &count, &err);

	for (size_t i = 0; i < out.len; i++)
		if (!out.data[i])
			out.data[i] = i + 1 < out.len ? '|' : '\0';
	if (!ok(!status && !strcmp(tp_buf_str(&out), wanted), "%s", what))
		printf("# status %d, got \"%s\"\n", status, tp_buf_str(&out));
	tp_buf_release(&out);
}

static void test_addresses(void)
{
	addresses("a@x.org", "a@x.org", "a bare address");
	addresses(
		"A B <a@x.org>, \"C, D\" <c@x.org>", "a@x.org|c@x.org", "names, one with a comma");
	addresses("a@x.org (A (nested, b@x.org)), c@x.org", "a@x.org|c@x.org", "nested comments");
	addresses("Team: a@x.org, B <b@x.org>;, c@x.org", "a@x.org|b@x.org|c@x.org",
		"a group is opened");
	addresses("undisclosed-recipients:;", "", "an empty group");
	addresses("<@r1,@r2:a@x.org>", "a@x.org", "a route is dropped");
	addresses("\"a b\"@x.org", "\"a b\"@x.org", "a quoted local part");
	addresses("<>", "", "the null sender");
	addresses("=?utf-8?q?=C3=A9?= <a@x.org>", "a@x.org", "an encoded name");
	addresses("A <a@x.org>,\r\n\tB <b@x.org>", "a@x.org|b@x.org", "folded");
	addresses("A <a@x.org", "a@x.org", "an angle that never closes");
}

static uint64_t drawn = 88172645463325252u;

static unsigned draw(unsigned below)
{
	drawn ^= drawn << 13;
	drawn ^= drawn >> 7;
	drawn ^= drawn << 17;
	return (unsigned)((drawn >> 32) * below >> 32);
}

/* A list put together from pieces that belong there, and some that do not. */
static void add_list(struct tp_buf *out)
{
	static const char *const pieces[] = { "a@x.org", "Ann <a@x.org>",
		"\"B, b\" <b+c=d@y.x.org>", "J. Q. Public<j.q@localhost>",
		"=?utf-8?q?=C3=A9?= <e@x.org>", "'o'b' <o'b@x>", "<a@b>", ", ", ",", ", ", ",", " ",
		"\t", "a", "@", "x", ".", "<", ">", "\"", "xn--abc.org", "=?", "?=", "-", "_",
		"a.b.c@d.e.f", "1@2.3", "Ann Other <", ">, ", "!#$%&'*+-/=^_`{|}~@x.org", "\\", "(",
		")", ":", ";", "[", "]", "\xc3\xa9", "\xe9" };
	unsigned n = 1 + draw(6);

	for (unsigned i = 0; i < n; i++)
		tp_buf_adds(out, pieces[draw(draw(2) ? 12 : sizeof pieces / sizeof *pieces)]);
	if (draw(3) == 0 && out->len)
		out->data[draw((unsigned)out->len)] = (char)(1 + draw(127));
}

/* What is read without GMime is what GMime reads. */
static void test_plain_addresses(void)
{
	struct tp_buf text = TP_BUF_INIT(4096), plain = TP_BUF_INIT(4096), all = TP_BUF_INIT(4096);
	size_t differ = 0, taken = 0, n, m;

	for (unsigned round = 0; round < 1000000; round++) {
		tp_buf_clear(&text);
		tp_buf_clear(&plain);
		tp_buf_clear(&all);
		n = m = 0;
		add_list(&text);
		if (!tp_addresses_plain(text.data, text.len, &plain, &n))
			continue;
		taken++;
		tp_addresses_gmime(tp_buf_str(&text), &all, &m, &err);
		if (n == m && plain.len == all.len && !memcmp(plain.data, all.data, all.len))
			continue;
		if (differ++ < 10)
			printf("# %s: %s, GMime %s\n", text.data, plain.data, tp_buf_str(&all));
	}
	ok(taken > 30000, "%zu lists are read without GMime", taken);
	ok(differ == 0, "as GMime reads them (%zu are not)", differ);
	tp_buf_clear(&plain);
	tp_buf_adds(&plain, "x");
	ok(!tp_addresses_plain("a@x.org, b@", 11, &plain, &n) && plain.len == 1,
		"what is not plain leaves nothing behind");
	tp_buf_release(&text);
	tp_buf_release(&plain);
	tp_buf_release(&all);
}

/* Address lists as large as are read, of what GMime's parser finds hard: no deep recursion (a small
 * stack is what a thread or a sanitizer leaves), no time worse than linear. */
static void hostile_addresses(const char *piece, bool refused)
{
	struct tp_buf value = TP_BUF_INIT(2 * TP_TEXT_ADDRESSES_MAX), out = TP_BUF_INIT(64 << 20);
	int64_t start = tp_monotonic_ms();
	enum tp_status status;
	size_t count;

	while (value.len + strlen(piece) <= TP_TEXT_ADDRESSES_MAX)
		tp_buf_adds(&value, piece);
	status = tp_text_addresses(value.data, whole(value.data), &out, &count, &err);
	ok(status == (refused ? TP_LIMIT : TP_OK) && tp_monotonic_ms() - start < 2000,
		"64 KiB of '%s' as addresses: %s", piece, refused ? "refused" : "read");
	tp_buf_release(&value);
	tp_buf_release(&out);
}

/* The piece, its `@` replaced by a number. */
static void add_piece(struct tp_buf *out, const char *piece, unsigned number)
{
	for (; *piece; piece++)
		if (*piece == '@')
			tp_buf_addf(out, "%u", number);
		else
			tp_buf_addc(out, *piece);
}

/* 256 KiB of what may cost more than it should; one more byte is refused. */
static void hostile(const char *piece, const char *what)
{
	struct tp_buf value = TP_BUF_INIT(TP_TEXT_VALUE_MAX + 1), out = TP_BUF_INIT(64 << 20);
	size_t n = strlen(piece), count;
	int64_t start = tp_monotonic_ms(), took;

	for (size_t i = 0; value.len + n + 8 <= TP_TEXT_VALUE_MAX; i++)
		add_piece(&value, piece, (unsigned)i & 0xffff);
	tp_text_decode(value.data, (struct tp_range){ 0, value.len }, &out, &err);
	tp_text_addresses(value.data, (struct tp_range){ 0, value.len }, &out, &count, &err);
	took = tp_monotonic_ms() - start;
	ok(took < 5000, "%s: %d ms", what, (int)took);
	while (value.len < TP_TEXT_VALUE_MAX + 1)
		tp_buf_addc(&value, 'x');
	ok(tp_text_decode(value.data, (struct tp_range){ 0, value.len }, &out, &err) == TP_LIMIT,
		"one byte past the limit is refused");
	tp_buf_release(&value);
	tp_buf_release(&out);
}

int main(void)
{
	test_subjects();
	test_raw();
	test_always_valid();
	test_filenames();
	test_charsets();
	test_addresses();
	test_plain_addresses();
	hostile("=?utf-8?q?=C3=A9@?= ", "many words");
	hostile("=?utf-8?q?a?==?x@?b?YQ==?= ", "unknown charsets");
	hostile("=?iso-2022-jp?b?GyRC?= =?gb18030?b?1tA=?= ", "charsets that change");
	hostile("=?utf-8?q?", "words that never end");
	hostile("((((", "comments that never close");
	hostile("a:<\"(,", "groups, angles, quotes");
	hostile_addresses("a@x.org, ", false);
	hostile_addresses("((((", false);
	hostile_addresses("<a@b,\"x\"", false);
	hostile_addresses("\"a b\" <x@y> (c), ", false);
	hostile_addresses("a:b:c:", true);
	hostile_addresses("@a,@b:", true);
	return done_testing();
}
