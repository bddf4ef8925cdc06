/* base/buf: growth, the maximum, remembered failure. */
#include "base/buf.h"
#include "tap.h"

static void test_growth(void)
{
	struct tp_buf buf = TP_BUF_INIT(1 << 20);
	bool good = true;

	ok(strlen(tp_buf_str(&buf)) == 0, "an empty buffer is an empty string");
	for (int i = 0; i < 10000; i++)
		good = tp_buf_addf(&buf, "%04d,", i) && good;
	ok(good && buf.len == 50000, "ten thousand appends all arrive");
	ok(!memcmp(buf.data + 49995, "9999,", 6), "in order, with a NUL behind the last");
	tp_buf_truncate(&buf, 3);
	ok(!strcmp(tp_buf_str(&buf), "000"), "cut to three bytes");
	tp_buf_release(&buf);
	ok(buf.data == NULL && buf.len == 0 && buf.max == 1 << 20, "released, and usable again");
}

static void test_maximum(void)
{
	struct tp_buf buf = TP_BUF_INIT(8);
	struct tp_error err;

	ok(tp_buf_adds(&buf, "12345678"), "a buffer fills up to its maximum");
	ok(!tp_buf_addc(&buf, '9'), "and takes not one byte more");
	ok(buf.len == 8 && !strcmp(buf.data, "12345678"), "what it had stays");
	ok(tp_buf_status(&buf, "test", &err) == TP_LIMIT, "the failure is a limit");
	ok(!strcmp(err.text, "test: larger than 8 bytes"), "and says which");
	tp_buf_truncate(&buf, 0);
	ok(!tp_buf_addc(&buf, 'x'), "a failure is remembered");
	tp_buf_clear(&buf);
	ok(tp_buf_addc(&buf, 'x'), "until the buffer is cleared");
	tp_buf_release(&buf);
}

/* What is formatted may fit into what there is, into what can be got, or not at all. */
static void test_formats(void)
{
	struct tp_buf buf = TP_BUF_INIT(100);
	char wanted[128] = "";
	size_t good = 0;

	for (int i = 0; i < 40; i++) {
		int n = i % 7 + 1;
		bool fits = strlen(wanted) + (size_t)n <= 100;

		good += tp_buf_addf(&buf, "%.*s", n, "abcdefgh") == fits;
		if (fits)
			memcpy(wanted + strlen(wanted), "abcdefgh", (size_t)n);
		good += !strcmp(tp_buf_str(&buf), wanted) && buf.len == strlen(wanted);
		if (!fits)
			buf.status = TP_OK;
	}
	ok(good == 80, "formats append all or nothing (%zu of 80)", good);
	tp_buf_clear(&buf);
	tp_buf_addu(&buf, 0);
	tp_buf_addc(&buf, ',');
	tp_buf_addu(&buf, 907);
	tp_buf_addc(&buf, ',');
	tp_buf_addu(&buf, UINT64_MAX);
	ok(!strcmp(buf.data, "0,907,18446744073709551615"), "numbers in decimal: %s", buf.data);
	tp_buf_release(&buf);
}

static void test_error_text(void)
{
	struct tp_error err;
	char name[3000];

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	ok(tp_fail(&err, TP_DATA, "%s", name) == TP_DATA, "the status comes back");
	ok(strlen(err.text) == TP_ERROR_TEXT_MAX - 1 &&
			!strcmp(err.text + TP_ERROR_TEXT_MAX - 4, "..."),
		"a sentence too long ends in dots");
	tp_fail(&err, TP_IO, "reading: disk on fire");
	tp_error_prefix(&err, "part %d", 2);
	ok(!strcmp(err.text, "part 2: reading: disk on fire"),
		"a prefix stands before the sentence");
}

int main(void)
{
	test_growth();
	test_maximum();
	test_formats();
	test_error_text();
	return done_testing();
}
