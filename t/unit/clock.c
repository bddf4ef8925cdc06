/* base/clock: the calendar against the C library's over ten thousand years, dates read and written,
 * the time that tests inject. */
#include "base/clock.h"
#include "tap.h"

#include <errno.h>

/* The second method: timegm and gmtime_r of the C library. */
static void test_calendar(void)
{
	int64_t wrong = 0, year;
	int month, day;

	for (int64_t days = -719528; days <= 2932896; days++) { /* years 0 to 9999 */
		time_t seconds = (time_t)(days * 86400);
		struct tm tm;

		gmtime_r(&seconds, &tm);
		tp_civil_from_days(days, &year, &month, &day);
		wrong += year != tm.tm_year + 1900 || month != tm.tm_mon + 1 || day != tm.tm_mday;
		wrong += tp_days_from_civil(year, month, day) != days;
	}
	ok(wrong == 0, "every day of the years 0 to 9999 is the C library's");
	for (int64_t days = -400000000; days < 400000000; days += 99991) {
		tp_civil_from_days(days, &year, &month, &day);
		wrong += tp_days_from_civil(year, month, day) != days;
	}
	ok(wrong == 0, "and a million years each way come back");
}

/* The second method for the texts: strftime in the C locale. */
static void test_writing(void)
{
	struct tp_buf out = TP_BUF_INIT(128);
	int wrong = 0;

	for (int64_t seconds = -62135596800; seconds < 253402300800; seconds += 86400 * 13 + 4711) {
		time_t t = (time_t)seconds;
		struct tm tm;
		char want[64];
		int64_t back = 0;

		gmtime_r(&t, &tm);
		strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S +0000", &tm);
		tp_buf_clear(&out);
		tp_date_rfc5322(seconds, &out);
		/* strftime does not pad a year below 1000. */
		wrong += tm.tm_year >= -900 && strcmp(out.data, want);
		wrong += tm.tm_year >= -900 &&
			 (tp_date_parse_rfc5322(out.data, &back, NULL) || back != seconds);
		tp_buf_clear(&out);
		tp_date_rfc3339(seconds, &out);
		wrong += tp_date_parse(out.data, &back, NULL) || back != seconds;
	}
	ok(wrong == 0, "dates are written as strftime writes them, and read back");
	tp_buf_clear(&out);
	tp_date_rfc3339(INT64_MIN, &out);
	tp_buf_addc(&out, ' ');
	tp_date_rfc3339(INT64_MAX, &out);
	ok(!strcmp(tp_buf_str(&out), "-292277022657-01-27T08:29:52Z 292277026596-12-04T15:30:07Z"),
		"what no calendar reaches is no other day: %s", tp_buf_str(&out));
	tp_buf_release(&out);
}

static void date_is(const char *text, int64_t want)
{
	struct tp_error err = { TP_OK, "" };
	int64_t got = -77;
	enum tp_status status = tp_date_parse(text, &got, &err);

	ok(status == TP_OK && got == want, "'%s' is %lld (%lld %s)", text, (long long)want,
		(long long)got, err.text);
}

static void date_is_bad(const char *text)
{
	struct tp_error err = { TP_OK, "" };
	int64_t got;

	ok(tp_date_parse(text, &got, &err) == TP_USAGE && strstr(err.text, text), "'%s' is no date",
		text);
}

static void mail_date_is(const char *text, int64_t want)
{
	int64_t got = -77;
	enum tp_status status = tp_date_parse_rfc5322(text, &got, NULL);

	ok(status == TP_OK && got == want, "'%s' is %lld (%lld)", text, (long long)want,
		(long long)got);
}

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static void test_reading(void)
{
	static const char *const bad[] = { "", "2005", "2005-7-1", "2005-13-01", "2005-00-10",
		"2005-01-00", "2005-01-32", "2005-04-31", "2005-02-29", "1900-02-29", "2100-02-29",
		"2005-07-01 24:00", "2005-07-01 9:60", "2005-07-01 9", "2005-07-01 9:3",
		"2005-07-01T09:30:61Z", "2005-07-01T09:30:00+24:00", "2005-07-01T09:30:00+01:60",
		"2005-07-01T09:30:00 Z", "2005-07-01x", "2005-07-01Z", "2005-07-01+01:00",
		" 2005-07-01", "2005-07-01 ", "2005-07-01T", "tomorrow", "Today", "7", "d", "-7d",
		"7d ", "1234567d", "7w" };

	date_is("2005-07-01", 1120176000);
	date_is("2005-07-01 9:30", 1120176000 + 34200);
	date_is("2005-07-01 09:30:15", 1120176000 + 34215);
	date_is("2005-07-01T09:30:15Z", 1120176000 + 34215);
	date_is("2005-07-01t09:30:15z", 1120176000 + 34215);
	date_is("2005-07-01T09:30:15.999999999Z", 1120176000 + 34215);
	date_is("2005-07-01T09:30:15+02:00", 1120176000 + 34215 - 7200);
	date_is("2005-07-01T09:30:15-0530", 1120176000 + 34215 + 19800);
	date_is("2000-02-29", 951782400);
	date_is("2016-12-31T23:59:60Z", 1483228800);
	date_is("0001-01-01", -62135596800);
	date_is("9999-12-31T23:59:59Z", 253402300799);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		date_is_bad(bad[i]);

	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	date_is("2005-07-01", 1120176000 - 7200);
	date_is("2005-01-01 9:30", 1104537600 + 34200 - 3600);
	date_is("2005-07-01T09:30:15Z", 1120176000 + 34215);
	setenv("TUBEPOST_NOW", "2026-03-29T12:00:00+02:00", 1); /* the day of 23 hours */
	date_is("today", 1774738800);
	date_is("yesterday", 1774738800 - 86400);
	setenv("TUBEPOST_NOW", "2026-03-30T01:00:00+02:00", 1);
	date_is("today", 1774738800 + 82800);
	date_is("yesterday", 1774738800);
	set_zone("UTC");
}

static void test_mail_dates(void)
{
	static const char *const bad[] = { "", "Fri", "Fri, ", "21", "21 Nov", "21 Nov 2026",
		"21 Nov 2026 9", "32 Nov 2026 09:30:00 +0000", "21 Nox 2026 09:30:00 +0000",
		"21 Nov 2026 25:30:00 +0000", "29 Feb 2025 09:30 +0000", "21 Nov 20261 09:30 +0000",
		"21 Nov 2026 09:30 +2400", "21 Nov 2026 09:30 +01", "21 Nov 2026 09:30 !",
		"Fri 21 Nov 2026 09:30 +0000" };
	const int64_t want = 1795253400; /* 2026-11-21T09:30:00Z */
	int64_t got;

	mail_date_is("Sat, 21 Nov 2026 09:30:00 +0000", want);
	mail_date_is("21 Nov 2026 09:30 +0000", want);
	mail_date_is("Sat,21 Nov 2026 10:30:00 +0100 (CET)", want);
	mail_date_is(
		" (a (nested \\) one)) Sat (x) , 21 (y) Nov (z) 2026 09:30:00 (w) -0000", want);
	mail_date_is("21 nov 26 09:30:00 GMT", want);
	mail_date_is("21 NOV 126 09:30:00 UT", want);
	mail_date_is("21 Nov 2026 04:30:00 EST", want);
	mail_date_is("21 Nov 2026 02:30:00 pdt (summer)", want);
	mail_date_is("21 Nov 2026 09:30:00 ESTX", want);
	mail_date_is("21 Nov 2026 09:30:00", want);
	ok(!tp_date_parse_rfc5322("21 Nov 2026\r\n 09:30:00\r\n +0000", &got, NULL) && got == want,
		"a folded date");
	mail_date_is("1 Jan 50 00:00:00 Z", -631152000);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(tp_date_parse_rfc5322(bad[i], &got, NULL) == TP_DATA, "'%s' is no mail date",
			bad[i]);
}

static void test_now(void)
{
	static const char *const ignored[] = { "", "today", "yesterday", "7d", "soon", "12x",
		"9223372036854775807", "99999999999999999999", "253402300800", "-62135596801" };
	int64_t before = tp_monotonic_ms();

	setenv("TUBEPOST_NOW", "1234567890", 1);
	ok(tp_now() == 1234567890, "TUBEPOST_NOW as Unix seconds");
	date_is("7d", 1234567890 - 7 * 86400);
	date_is("0d", 1234567890);
	setenv("TUBEPOST_NOW", "-5", 1);
	ok(tp_now() == -5, "before 1970, too");
	setenv("TUBEPOST_NOW", "2009-02-13T23:31:30Z", 1);
	ok(tp_now() == 1234567890, "TUBEPOST_NOW as RFC 3339");
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
		int64_t real = (int64_t)time(NULL), now;

		setenv("TUBEPOST_NOW", ignored[i], 1);
		now = tp_now();
		ok(now >= real && now <= real + 60, "TUBEPOST_NOW='%s' is ignored", ignored[i]);
	}
	unsetenv("TUBEPOST_NOW");
	ok(tp_monotonic_ms() >= before, "the clock for deadlines does not go back");
}

int main(void)
{
	set_zone("UTC");
	test_calendar();
	test_writing();
	test_reading();
	test_mail_dates();
	test_now();
	return done_testing();
}
