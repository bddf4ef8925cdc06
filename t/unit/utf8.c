/* base/utf8: all characters and all malformed beginnings against the C library's decoder and
 * against the grammar of RFC 3629; scrubbing; names of files. */
#include "base/utf8.h"
#include "tap.h"

#include <locale.h>

static void test_all_characters(void)
{
	struct tp_buf out = TP_BUF_INIT(16);
	int wrong = 0, wrong_put = 0;

	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		bool surrogate = c >= 0xd800 && c <= 0xdfff;
		uint32_t got = 0x7fffffff;
		size_t n;

		tp_buf_clear(&out);
		tp_utf8_put(c, &out);
		n = tp_utf8_next(out.data, out.len, &got);
		wrong += n != out.len || got != (surrogate ? 0xfffd : c);
		for (size_t cut = 0; cut < out.len; cut++)
			wrong += tp_utf8_next(out.data, cut, &got) != 0;
		wrong_put += out.len != (surrogate            ? 3u
						: c < 0x80    ? 1u
						: c < 0x800   ? 2u
						: c < 0x10000 ? 3u
							      : 4u);
	}
	ok(wrong == 0, "every character comes back, and is none when cut short");
	ok(wrong_put == 0, "each in its shortest form");
	tp_buf_clear(&out);
	tp_utf8_put(0x110000, &out);
	tp_utf8_put(0xffffffff, &out);
	ok(!strcmp(tp_buf_str(&out), "\xef\xbf\xbd\xef\xbf\xbd"), "beyond the last is U+FFFD");
	tp_buf_release(&out);
}

/* RFC 3629 section 4, as ranges of the second byte. */
static size_t by_grammar(const unsigned char *s)
{
	unsigned low = 0x80, high = 0xbf;
	size_t need;

	if (s[0] < 0x80)
		return 1;
	need = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
	       : s[0] >= 0xe0 && s[0] <= 0xef ? 3
	       : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
					      : 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	if (s[0] == 0xed)
		high = 0x9f;
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f;
	if (need && (s[1] < low || s[1] > high))
		return 0;
	for (size_t i = 2; i < need; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return need;
}

static void test_all_bytes(void)
{
	static const unsigned char last[] = { 0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xff };
	long wrong = 0, seen = 0;

	for (unsigned first = 0; first < 256; first++)
		for (unsigned second = 0; second < 256; second++)
			for (size_t i = 0; i < sizeof last; i++)
				for (size_t j = 0; j < sizeof last; j++) {
					unsigned char s[4] = { (unsigned char)first,
						(unsigned char)second, last[i], last[j] };

					seen++;
					wrong += tp_utf8_next((char *)s, 4, NULL) != by_grammar(s);
				}
	ok(wrong == 0, "%ld runs of four bytes are told as RFC 3629 tells them", seen);
	ok(tp_utf8_valid("", 0) && tp_utf8_valid("\xc3\xa9t\xc3\xa9", 5), "valid text");
	ok(!tp_utf8_valid("\xc3\xa9t\xc3", 4) && !tp_utf8_valid("\xe9t\xe9", 3), "invalid text");
}

static void scrub_is(const char *text, size_t len, const char *want)
{
	struct tp_buf out = TP_BUF_INIT(4096);

	tp_text_scrub(text, len, &out);
	ok(!strcmp(tp_buf_str(&out), want), "scrubbed: %s", want);
	tp_buf_release(&out);
}

#define SCRUB(text, want) scrub_is(text, sizeof(text) - 1, want)
#define R                 "\xef\xbf\xbd"

static void test_scrub(void)
{
	struct tp_buf out = TP_BUF_INIT(1 << 23);
	int wrong = 0;

	SCRUB("", "");
	SCRUB("a\tb\r\nc", "a b  c");
	SCRUB("\033[31mred\033[0m", R "[31mred" R "[0m");
	SCRUB("a\0b\x07\x7f", "a" R "b" R R);
	SCRUB("\xc2\x9b"
	      "31m",
		R "31m"); /* C1: CSI in one character */
	SCRUB("\xe2\x80\xae"
	      "fdp.exe",
		R "fdp.exe"); /* right-to-left override */
	SCRUB("a\xe2\x80\xa8"
	      "b",
		"a" R "b"); /* line separator */
	SCRUB("\xe9t\xe9", R "t" R);
	SCRUB("\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa6",
		"\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa6");
	for (uint32_t c = 0; c <= 0x10ffff; c++)
		tp_utf8_put(c, &out);
	{
		struct tp_buf clean = TP_BUF_INIT(1 << 24);

		tp_text_scrub(out.data, out.len, &clean);
		wrong += !tp_utf8_valid(clean.data, clean.len);
		for (size_t i = 0; i < clean.len; i++)
			wrong += (unsigned char)clean.data[i] < 0x20 || clean.data[i] == 0x7f;
		tp_buf_release(&clean);
	}
	ok(wrong == 0, "of all characters no control comes through");
	tp_buf_release(&out);
}

static void name_is(const char *text, size_t len, const char *want)
{
	struct tp_buf out = TP_BUF_INIT(4096);
	bool done;

	tp_buf_adds(&out, "dir/");
	done = tp_name_safe(text, len, "file.bin", 40, &out);
	ok(done && !strcmp(out.data + 4, want), "name '%s' (%s)", want, tp_buf_str(&out) + 4);
	tp_buf_release(&out);
}

#define NAME(text, want) name_is(text, sizeof(text) - 1, want)

static void test_names(void)
{
	NAME("report.pdf", "report.pdf");
	NAME("r\xc3\xa9sum\xc3\xa9 final.pdf", "r\xc3\xa9sum\xc3\xa9 final.pdf");
	NAME("../../etc/passwd", "passwd");
	NAME("C:\\Users\\x\\invoice.doc", "invoice.doc");
	NAME("a/b\\c/d.txt", "d.txt");
	NAME("..", "file.bin");
	NAME("", "file.bin");
	NAME("/", "file.bin");
	NAME("dir/", "file.bin");
	NAME(" . .", "file.bin");
	NAME("\xe2\x80\xae\xe2\x80\x8b", "file.bin");
	NAME(".bashrc", "bashrc");
	NAME("-rf", "rf");
	NAME("\xe2\x80\x8f.-x", "x");
	NAME("a. . ", "a");
	NAME("x\r\nBcc: y", "x__Bcc_ y");
	NAME("a\0b", "a_b");
	NAME("q\"*<>?|`$'", "q________'");
	NAME("photo\xe2\x80\xaegpj.exe", "photogpj.exe");
	NAME("\xe9t\xe9.txt", "_t_.txt");
	NAME("con", "_con");
	NAME("CON.pdf", "_CON.pdf");
	NAME("Lpt1.tar.gz", "_Lpt1.tar.gz");
	NAME("nul.", "_nul");
	NAME("con1", "con1");
	NAME("com1x", "com1x");
	NAME("console.log", "console.log");
	NAME("0123456789012345678901234567890123456789",
		"0123456789012345678901234567890123456789");
	NAME("0123456789012345678901234567890123456789.pdf",
		"012345678901234567890123456789012345.pdf");
	NAME("01234567890123456789012345678901234567.extension_too_long",
		"01234567890123456789012345678901234567.e");
	NAME("012345678901234567890123456789012345678\xc3\xa9",
		"012345678901234567890123456789012345678");
	NAME("01234567890123456789012345678901234\xc3\xa9"
	     "01.pdf",
		"01234567890123456789012345678901234.pdf");
	NAME("0123456789012345678901234567890123456  x.a",
		"0123456789012345678901234567890123456 .a");
}

/* Whatever the bytes, the promises of the header hold. */
static void test_any_name(void)
{
	uint64_t state = 42;
	int wrong = 0;

	for (int round = 0; round < 200000; round++) {
		static const char alphabet[] = "..  --/\\conCON1a\xc3\xa9\"\n\x80\xe2\xae\x00\xff:";
		struct tp_buf out = TP_BUF_INIT(256);
		char name[24];
		size_t len = 0, limit;

		state = state * 6364136223846793005u + 1442695040888963407u;
		limit = 9 + (state >> 40) % 12;
		for (uint64_t bits = state >> 3; len < sizeof name && bits; bits /= sizeof alphabet)
			name[len++] = alphabet[bits % sizeof alphabet];
		if (!tp_name_safe(name, len, "fallback", limit, &out) || out.len == 0 ||
			out.len > limit || !tp_utf8_valid(out.data, out.len) ||
			strpbrk(out.data, "/\\\"\n:") || strlen(out.data) != out.len ||
			strchr(". -", out.data[0]) || strchr(". ", out.data[out.len - 1]))
			wrong++;
		tp_buf_release(&out);
	}
	ok(wrong == 0, "200000 names made of the worst bytes are all safe");
}

static void test_percent(void)
{
	struct tp_buf out = TP_BUF_INIT(4096);
	char all[256];
	size_t plain = 0;

	tp_percent_encode("a b/\xc3\xa9%?", 8, "/", &out);
	ok(!strcmp(out.data, "a%20b/%C3%A9%25%3F"), "percent-encoded: %s", out.data);
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	tp_buf_clear(&out);
	tp_percent_encode(all, sizeof all, "", &out);
	for (size_t i = 0; i < out.len; i += out.data[i] == '%' ? 3 : 1)
		plain += out.data[i] != '%';
	ok(plain == 66 && out.len == 66 + 190 * 3, "of all bytes the 66 unreserved ones stay");
	ok(strstr(out.data, "%00%01") != NULL, "NUL is encoded like others");
	tp_buf_release(&out);
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	test_all_characters();
	test_all_bytes();
	test_scrub();
	test_names();
	test_any_name();
	test_percent();
	ok(tp_utf8_columns("abc", 3) == 3, "columns of ASCII");
	ok(tp_utf8_columns("\xc3\xa9t\xc3\xa9", 5) == 3, "columns of accents");
	ok(tp_utf8_columns("\xe6\x97\xa5\xe6\x9c\xac", 6) == 4, "columns of wide characters");
	ok(tp_utf8_columns("e\xcc\x81", 3) == 1, "columns of a combining accent");
	ok(tp_utf8_columns("\xe9\x01", 2) == 2, "what is invalid or a control counts one");
	return done_testing();
}
