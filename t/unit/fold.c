/* base/fold: what folds to what; stable and found in the whole for every character of Unicode; the
 * vectorised search against memmem. */
#include "base/fold.h"
#include "base/utf8.h"
#include "tap.h"

static void folds(const char *text, const char *want)
{
	struct tp_buf out = TP_BUF_INIT(4096);
	bool done = tp_fold(text, strlen(text), &out);

	ok(done && !strcmp(tp_buf_str(&out), want), "folds to '%s' (%s)", want, tp_buf_str(&out));
	tp_buf_release(&out);
}

static void test_texts(void)
{
	folds("", "");
	folds("Facture 2005", "facture 2005");
	folds("Été", "ete");
	folds("E\xcc\x81t\xc3\xa9", "ete");
	folds("Straße", "strasse");
	folds("STRASSE", "strasse");
	folds("ΣΊΣΥΦΟΣ", "σισυφοσ");
	folds("σίσυφος", "σισυφοσ");
	folds("İstanbul Iğdır", "istanbul igdir");
	folds("Œuvre Ærø Łódź Ðorđe Þór", "oeuvre aero lodz dorde thor");
	folds("ﬁn Ⅷ ℡ ①", "fin viii tel 1");
	folds("Ｆｕｌｌ　Ｗｉｄｔｈ", "full width");
	folds("l’été – “x”", "l'ete - \"x\"");
	folds("a \t\r\n  b", "a b");
	folds("a\x01\x7f\xc2\x85z", "a z");
	folds(" a ", " a ");
	folds("fac\xc2\xadtu\xe2\x80\x8bre", "facture");
	folds("a\xff\xfe"
	      "b \xc3",
		"ab ");
	folds("a \xff b", "a b");
	folds("ПРИВЕТ Ёлка", "привет елка");
	folds("日本語", "日本語");
	folds("ﷺ", "صلى الله عليه وسلم");
	folds("This text of more than sixteen bytes, ÉCRIT en deux LANGUES",
		"this text of more than sixteen bytes, ecrit en deux langues");
}

static void test_every_character(void)
{
	struct tp_buf text = TP_BUF_INIT(64), once = TP_BUF_INIT(1024), twice = TP_BUF_INIT(1024);
	struct tp_buf whole = TP_BUF_INIT(1024);
	uint32_t unstable = 0, lost = 0, ends = 0;

	for (uint32_t c = 1; c < 0x110000; c++) {
		if (c >= 0xd800 && c < 0xe000)
			continue;
		tp_buf_clear(&text), tp_buf_clear(&once), tp_buf_clear(&twice);
		tp_buf_clear(&whole);
		tp_utf8_put(c, &text);
		tp_fold(text.data, text.len, &once);
		tp_fold(tp_buf_str(&once), once.len, &twice);
		unstable += strcmp(tp_buf_str(&once), tp_buf_str(&twice)) != 0;
		ends += strchr(tp_buf_str(&once), '\n') != NULL;
		tp_buf_clear(&text);
		tp_buf_adds(&text, "xé ");
		tp_utf8_put(c, &text);
		tp_buf_adds(&text, "\xcc\x81 Z");
		tp_fold(text.data, text.len, &whole);
		lost += tp_fold_find(whole.data, whole.len, tp_buf_str(&once), once.len) ==
			SIZE_MAX;
	}
	ok(unstable == 0, "folding what is folded changes nothing (%u characters)", unstable);
	ok(lost == 0, "every character is found in a text around it (%u are not)", lost);
	ok(ends == 0, "no line end comes out");
	tp_buf_release(&text), tp_buf_release(&once), tp_buf_release(&twice);
	tp_buf_release(&whole);
}

static void test_limit(void)
{
	struct tp_buf out = TP_BUF_INIT(3);

	ok(!tp_fold("abcd", 4, &out) && out.status == TP_LIMIT, "the buffer's limit is kept");
	tp_buf_release(&out);
}

/* The second method: memmem of the C library. */
static void test_finding(void)
{
	static const char letters[] = "aaaab@. \xc3\xa9";
	static char hay[400];
	uint32_t seed = 1, wrong = 0, hits = 0;

	for (int round = 0; round < 60000; round++) {
		char needle[40];
		size_t len, n;
		const char *want;

		seed = seed * 1664525 + 1013904223;
		len = seed >> 8 & 255;
		seed = seed * 1664525 + 1013904223;
		n = (seed >> 8) % (round % 2 ? 6 : 40);
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			hay[i] = letters[(seed >> 16) % (sizeof letters - 1)];
		}
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			needle[i] = letters[(seed >> 16) % (sizeof letters - 1)];
		}
		if (round % 3 == 0 && len > n)
			memcpy(needle, hay + seed % (len - n), n);
		want = memmem(hay, len, needle, n);
		hits += want != NULL;
		wrong += tp_fold_find(hay, len, needle, n) !=
			 (want ? (size_t)(want - hay) : SIZE_MAX);
	}
	ok(wrong == 0 && hits > 20000, "the search is memmem's (%u hits, %u wrong)", hits, wrong);
	ok(tp_fold_find("", 0, "", 0) == 0, "an empty needle is at 0");
	ok(tp_fold_find("abc", 3, "abcd", 4) == SIZE_MAX, "a long one nowhere");
}

int main(void)
{
	test_texts();
	test_every_character();
	test_limit();
	test_finding();
	return done_testing();
}
