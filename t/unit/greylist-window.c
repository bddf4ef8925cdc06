/* greylist/window: every row of its table, and whole retry schedules of mail servers: what is
 * delivered, and after how long. */
#include "greylist/window.h"

#include "tap.h"

#define T0 INT64_C(1790000000)

static const struct tp_window window = {
	.open = 120, .close = 3600, .keep = 35 * 86400, .keep_waiting = 7 * 86400
};

static struct tp_entry entry;
static bool found;

/* One attempt `at` seconds after the first. */
static struct tp_step at(int64_t seconds)
{
	struct tp_step step = tp_window_try(&window, &entry, found, T0 + seconds);

	found = true;
	return step;
}

static void anew(void)
{
	found = false;
}

static void test_table(void)
{
	anew();
	ok(at(0).word == TP_WORD_FIRSTTRY, "never seen: firsttry");
	ok(at(5).word == TP_WORD_FIRSTTRY && entry.last == T0,
		"5 s later the same attempt hears the same word");
	ok(at(11).word == TP_WORD_EARLY, "11 s later it is early");
	ok(at(119).word == TP_WORD_EARLY && entry.first == T0, "119 s: early, first-seen stays");
	ok(at(120).word == TP_WORD_PASS && entry.passed == T0 + 120, "120 s: pass");
	ok(at(130).word == TP_WORD_PASS && !at(130).changed,
		"known afterwards, and nothing to write");
	ok(at(2 * 86400).changed, "a use after days is remembered");
	anew();
	at(0);
	ok(at(3600).word == TP_WORD_PASS, "3600 s: pass");
	anew();
	at(0);
	ok(at(3601).word == TP_WORD_LATE && entry.first == T0 + 3601,
		"3601 s: late, and the window begins anew");
	ok(at(3605).word == TP_WORD_LATE, "repeated at once: still late");
	ok(at(3650).word == TP_WORD_EARLY, "before it opens again: early");
	ok(at(3601 + 120).word == TP_WORD_PASS, "inside: pass");
	anew();
	at(0);
	at(10000);
	ok(at(20000).word == TP_WORD_PASS && !strcmp(at(20000).reason, "known"),
		"late a second time: pass");
	anew();
	at(0);
	at(115);
	ok(at(121).word == TP_WORD_PASS, "a repeat that is inside the window passes");
}

static void test_clock(void)
{
	struct tp_step step;

	anew();
	at(0);
	ok(at(-60).word == TP_WORD_EARLY && entry.first == T0, "a clock a minute behind: early");
	step = at(-86400);
	ok(step.word == TP_WORD_FIRSTTRY && entry.first == T0 - 86400,
		"a day behind: the future is not believed, it begins anew");
	ok(at(-86400 + 120).word == TP_WORD_PASS, "and passes by the clock that is");
	ok(at(-10 * 86400).word == TP_WORD_PASS, "what passed stays passed");
}

static void test_two_mx(void)
{
	anew();
	ok(at(0).word == TP_WORD_FIRSTTRY && at(1).word == TP_WORD_FIRSTTRY &&
			at(3).word == TP_WORD_FIRSTTRY,
		"three MX hosts in a row are one attempt");
	ok(at(300).word == TP_WORD_PASS, "and the next round passes");
	anew();
	at(0);
	ok(at(-5).word == TP_WORD_FIRSTTRY, "a host whose clock is five seconds behind, too");
}

/* Seconds until it passes; -1: never within five days. */
static int64_t deliver(int64_t (*next)(int64_t age, int tries), int64_t limit, int *tries)
{
	int64_t age = 0;

	anew();
	for (*tries = 1; age <= limit; ++*tries) {
		if (at(age).word == TP_WORD_PASS)
			return age;
		age = next(age, *tries);
	}
	return -1;
}

/* Postfix: the next try after as long as the message is old, between minimal_backoff_time and
 * maximal_backoff_time, found by a queue run every queue_run_delay. */
static int64_t postfix(int64_t age, int tries)
{
	int64_t wait = age < 300 ? 300 : age > 4000 ? 4000 : age;

	return (age + wait + 299) / 300 * 300;
}

/* The same with queue runs at another phase, and a message that is old already. */
static int64_t postfix_slow(int64_t age, int tries)
{
	return age + 4000;
}

/* Exim: F,2h,15m; G,16h,1h,1.5; F,4d,6h. */
static int64_t exim(int64_t age, int tries)
{
	static double gap;

	if (age < 7200)
		return age + 900;
	if (age < 57600) {
		gap = tries <= 9 ? 3600 : gap * 1.5;
		return age + (int64_t)gap;
	}
	return age + 6 * 3600;
}

/* What Exim does when the host has been failing for long: only the last rule is left. */
static int64_t exim_late(int64_t age, int tries)
{
	return age + 6 * 3600;
}

static int64_t sendmail(int64_t age, int tries)
{
	return age + 1800;
}

static int64_t daily(int64_t age, int tries)
{
	return age + 86400;
}

static int64_t impatient(int64_t age, int tries)
{
	return age + 15;
}

static void test_schedules(void)
{
	static const struct {
		const char *name;
		int64_t (*next)(int64_t age, int tries);
		int64_t wanted;
	} rows[] = {
		{ "Postfix's defaults", postfix, 300 },
		{ "Postfix at its longest back-off", postfix_slow, 8000 },
		{ "Exim's defaults", exim, 900 },
		{ "Exim, the last rule alone", exim_late, 12 * 3600 },
		{ "sendmail's half hour", sendmail, 1800 },
		{ "once a day", daily, 2 * 86400 },
		{ "every 15 seconds", impatient, 120 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int tries;
		int64_t took = deliver(rows[i].next, 5 * 86400, &tries);

		ok(took == rows[i].wanted, "%s: delivered after %lld s, at try %d", rows[i].name,
			(long long)took, tries);
	}
}

/* Whatever the gaps, the third try that is not early passes. */
static void test_no_lockout(void)
{
	int bad = 0;

	for (int64_t gap = 1; gap < 6 * 86400; gap += gap / 7 + 1) {
		int waits = 0;

		anew();
		for (int64_t age = 0; waits < 10 && at(age).word != TP_WORD_PASS; age += gap)
			waits += entry.word != TP_WORD_EARLY;
		bad += gap > TP_WINDOW_SAME && waits > 2;
	}
	ok(bad == 0, "no steady gap up to six days locks a sender out");
}

int main(void)
{
	test_table();
	test_clock();
	test_two_mx();
	test_schedules();
	test_no_lockout();
	return done_testing();
}
