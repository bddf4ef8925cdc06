/* base/units: every unit, the edges of 63 bits, what is refused, and what people read. */
#include "base/units.h"
#include "tap.h"

#define KIB (1ull << 10)
#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define TIB (1ull << 40)
#define TOP ((uint64_t)INT64_MAX)

static const struct {
	const char *text;
	uint64_t bytes;
} sizes[] = {
	{ "0", 0 },
	{ "10", 10 },
	{ "10B", 10 },
	{ "10K", 10 * KIB },
	{ "10k", 10 * KIB },
	{ "10KiB", 10 * KIB },
	{ "10kB", 10000 },
	{ "10KB", 10000 },
	{ "3M", 3 * MIB },
	{ "3m", 3 * MIB },
	{ "3MiB", 3 * MIB },
	{ "3MB", 3000000 },
	{ "2G", 2 * GIB },
	{ "2g", 2 * GIB },
	{ "2GiB", 2 * GIB },
	{ "2GB", 2000000000 },
	{ "1T", TIB },
	{ "1t", TIB },
	{ "1TiB", TIB },
	{ "1TB", 1000000000000 },
	{ "4.7GB", 4700000000 },
	{ "1.5K", 1536 },
	{ "0.5", 0 },
	{ "1.999999999", 1 },
	{ "0.0009765625K", 1 },
	{ "0.0009765624K", 0 },
	{ "0.9999999999999999999999999T", TIB - 1 },
	{ "007", 7 },
	{ "9223372036854775807", TOP },
	{ "9223372036854775807.9", TOP },
	{ "9007199254740991K", TOP - KIB + 1 },
	{ "8388607T", TOP - TIB + 1 },
	{ "8388607.9999999999999999999T", TOP },
};

static const char *const bad_sizes[] = { "", " ", "-1", "+1", " 1", "1 ", "1 M", "M", "1.", ".5",
	"1.M", "1e3", "0x10", "1MM", "1MiBB", "1Mb", "1mb", "1P", "1M2K", "1,5M", "1.5.5M",
	"9223372036854775808", "18446744073709551616", "99999999999999999999999",
	"9007199254740992K", "8388608T", "9223372037GB", "1\xc3\xa9", "NaN", "inf" };

static void test_sizes(void)
{
	enum tp_status status;
	struct tp_error err;
	uint64_t bytes;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		bytes = 77;
		status = tp_size_parse(sizes[i].text, &bytes, &err);
		ok(status == TP_OK && bytes == sizes[i].bytes, "size '%s' is %llu (%llu)",
			sizes[i].text, (unsigned long long)sizes[i].bytes,
			(unsigned long long)bytes);
	}
	for (size_t i = 0; i < sizeof bad_sizes / sizeof *bad_sizes; i++) {
		err.text[0] = '\0';
		bytes = 77;
		ok(tp_size_parse(bad_sizes[i], &bytes, &err) == TP_USAGE && bytes == 77 &&
				strstr(err.text, bad_sizes[i]),
			"size '%s' is refused, and quoted", bad_sizes[i]);
	}
}

static const struct {
	const char *text;
	int64_t seconds;
} durations[] = {
	{ "0", 0 },
	{ "90", 90 },
	{ "90s", 90 },
	{ "2m", 120 },
	{ "2min", 120 },
	{ "1h", 3600 },
	{ "30d", 2592000 },
	{ "2w", 1209600 },
	{ "1h30m", 5400 },
	{ "1d1h1m1s", 90061 },
	{ "1.5h", 5400 },
	{ "0.5", 0 },
	{ "9223372036854775807", INT64_MAX },
	{ "106751991167300d", INT64_MAX - 55807 },
	{ "106751991167300d55807s", INT64_MAX },
};

static const char *const bad_durations[] = { "", "-1", "1x", "s", "1 h", "1h ", "1h30", "1h30.5",
	"1h-1m", "1M", "1H", "9223372036854775808", "106751991167301d", "106751991167300d55808s",
	"1h30mm" };

static void test_durations(void)
{
	enum tp_status status;
	struct tp_error err;
	int64_t seconds;

	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		seconds = 77;
		status = tp_duration_parse(durations[i].text, &seconds, &err);
		ok(status == TP_OK && seconds == durations[i].seconds, "duration '%s' (%lld)",
			durations[i].text, (long long)seconds);
	}
	for (size_t i = 0; i < sizeof bad_durations / sizeof *bad_durations; i++)
		ok(tp_duration_parse(bad_durations[i], &seconds, &err) == TP_USAGE,
			"duration '%s' is refused", bad_durations[i]);
}

static void size_is(uint64_t bytes, const char *want)
{
	struct tp_buf out = TP_BUF_INIT(64);

	tp_size_format(bytes, &out);
	ok(!strcmp(tp_buf_str(&out), want), "%llu bytes read '%s' (%s)", (unsigned long long)bytes,
		want, tp_buf_str(&out));
	tp_buf_release(&out);
}

static void duration_is(int64_t seconds, const char *want)
{
	struct tp_buf out = TP_BUF_INIT(64);

	tp_duration_format(seconds, &out);
	ok(!strcmp(tp_buf_str(&out), want), "%lld seconds read '%s' (%s)", (long long)seconds, want,
		tp_buf_str(&out));
	tp_buf_release(&out);
}

/* What is shown is never off by more than half of its third digit. */
static void test_size_accuracy(void)
{
	static const char units[] = "BKMGTPE";
	struct tp_buf out = TP_BUF_INIT(64);
	uint64_t bytes = 1, bad = 0;

	for (int i = 0; i < 3000; i++, bytes = bytes * 1013 / 1000 + 1) {
		double shown, unit = 1;
		char *end;

		tp_buf_clear(&out);
		tp_size_format(bytes, &out);
		shown = strtod(out.data, &end);
		for (const char *u = strchr(units, end[1]); u && u > units; u--)
			unit *= 1024;
		if (shown * unit < (double)bytes * 0.994 || shown * unit > (double)bytes * 1.006 ||
			end - out.data > 4)
			bad++;
		if (bytes > TOP / 2)
			break;
	}
	ok(bad == 0, "sizes are shown with three digits, to half a per cent, from 1 B to 8 EiB");
	tp_buf_release(&out);
}

int main(void)
{
	struct tp_buf full = TP_BUF_INIT(3);

	test_sizes();
	test_durations();
	size_is(0, "0 B");
	size_is(1, "1 B");
	size_is(999, "999 B");
	size_is(1000, "0.98 KiB");
	size_is(1024, "1 KiB");
	size_is(1536, "1.5 KiB");
	size_is(10 * KIB, "10 KiB");
	size_is(100 * KIB, "100 KiB");
	size_is(25 * MIB, "25 MiB");
	size_is(1023 * KIB, "1 MiB");
	size_is(4700000000, "4.38 GiB");
	size_is(UINT64_MAX, "16 EiB");
	test_size_accuracy();
	duration_is(0, "0 s");
	duration_is(45, "45 s");
	duration_is(120, "2 min");
	duration_is(5400, "1 h 30 min");
	duration_is(86400 + 60, "1 d");
	duration_is(30 * 86400, "30 d");
	duration_is(90061, "1 d 1 h");
	duration_is(-90, "-1 min 30 s");
	duration_is(INT64_MAX, "106751991167300 d 15 h");
	duration_is(INT64_MIN, "-106751991167300 d 15 h");
	ok(!tp_size_format(25 * MIB, &full) && !tp_duration_format(5400, &full),
		"a buffer too small is a failure");
	tp_buf_release(&full);
	return done_testing();
}
