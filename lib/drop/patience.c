/* Deadline and back-off: see patience.h. */
#include "drop/patience.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/digest.h"

#define FIRST_WAIT_MS   250
#define LONGEST_WAIT_MS 8000

enum tp_status tp_patience_init(
	struct tp_patience *patience, const struct tp_conf *conf, struct tp_error *err)
{
	int64_t left_ms = tp_conf_seconds(conf, "drop.deadline") * 1000;
	const char *text = getenv("TUBEPOST_DEADLINE");
	struct timespec now;
	long long until;
	char *end;

	if (text && *text) {
		errno = 0;
		until = strtoll(text, &end, 10);
		if (errno || *end || until < 0 || until > INT64_MAX / 2000)
			return tp_fail(err, TP_CONFIG,
				"TUBEPOST_DEADLINE: not a Unix time in seconds: %s", text);
		clock_gettime(CLOCK_REALTIME, &now);
		until = until * 1000 - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
		if (until < left_ms)
			left_ms = until;
	}
	patience->until_ms = tp_monotonic_ms() + left_ms;
	patience->tries = (int)tp_conf_int(conf, "drop.tries");
	return TP_OK;
}

int64_t tp_patience_left_ms(const struct tp_patience *patience)
{
	int64_t left = patience->until_ms - tp_monotonic_ms();

	return left > 0 ? left : 0;
}

/* Between half and the whole of the doubled step; without random bytes, the whole. */
static int64_t drawn_wait(int attempt)
{
	int64_t step = FIRST_WAIT_MS;
	unsigned short random;

	while (--attempt > 0 && step < LONGEST_WAIT_MS)
		step *= 2;
	if (tp_random(&random, sizeof random, NULL))
		return step;
	return step / 2 + random % (step / 2 + 1);
}

bool tp_patience_wait(const struct tp_patience *patience, int attempt, int64_t after_ms)
{
	int64_t wait = drawn_wait(attempt);
	struct timespec rest;

	if (after_ms > wait)
		wait = after_ms;
	if (attempt >= patience->tries || wait >= tp_patience_left_ms(patience))
		return false;
	rest.tv_sec = wait / 1000;
	rest.tv_nsec = wait % 1000 * 1000000;
	while (nanosleep(&rest, &rest) && errno == EINTR)
		;
	return true;
}

int64_t tp_retry_after_ms(const char *value, int64_t now)
{
	int64_t seconds = 0, when;
	const char *at = value;

	while (*at >= '0' && *at <= '9' && seconds < INT32_MAX)
		seconds = seconds * 10 + (*at++ - '0');
	if (at != value && !*at)
		return seconds * 1000;
	if (tp_date_parse_rfc5322(value, &when, NULL))
		return -1;
	return when > now ? (when - now) * 1000 : 0;
}
