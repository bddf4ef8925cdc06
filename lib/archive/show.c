/* Facts of a mail in lists: see show.h. */
#include "archive/show.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"

const char *tp_show_tier(enum tp_tier tier)
{
	static const char *const names[] = { "online", "cellar", "disc" };

	return names[tier];
}

static int64_t seconds_of(int64_t ms)
{
	return ms / 1000 - (ms % 1000 < 0);
}

void tp_show_arrival(int64_t arrival_ms, struct tp_buf *out)
{
	int64_t seconds = seconds_of(arrival_ms);

	tp_date_rfc3339(seconds, out);
	tp_buf_truncate(out, out->len - 1);
	tp_buf_addf(out, ".%03dZ", (int)(arrival_ms - seconds * 1000));
}

static struct tm local(int64_t seconds)
{
	time_t at = (time_t)seconds;
	struct tm tm = { 0 };

	localtime_r(&at, &tm);
	return tm;
}

void tp_show_local(int64_t arrival_ms, int64_t now, struct tp_buf *out)
{
	struct tm tm = local(seconds_of(arrival_ms)), today = local(now);

	if (tm.tm_year == today.tm_year && tm.tm_yday == today.tm_yday)
		tp_buf_adds(out, "today");
	else
		tp_buf_addf(out, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	tp_buf_addf(out, " %02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Scrubbed first, so that what is measured is what is shown. */
void tp_show_text(const char *text, size_t columns, struct tp_buf *out)
{
	struct tp_buf clean = TP_BUF_INIT((size_t)64 << 20);
	size_t at = 0, used = 0, n = 1;
	const char *shown;

	tp_text_scrub(text, strlen(text), &clean);
	shown = tp_buf_str(&clean);
	if (!clean.status && columns != SIZE_MAX && tp_utf8_columns(shown, clean.len) > columns) {
		while (n && at < clean.len) {
			n = tp_utf8_next(shown + at, clean.len - at, NULL);
			used += tp_utf8_columns(shown + at, n);
			if (used >= columns)
				break;
			at += n;
		}
		tp_buf_truncate(&clean, at);
		tp_buf_adds(&clean, "…");
	}
	tp_buf_add(out, tp_buf_str(&clean), clean.len);
	tp_buf_release(&clean);
}

void tp_show_recipients(const struct tp_strings *rcpts, struct tp_buf *out)
{
	tp_json_key(out, "recipients");
	tp_buf_addc(out, '[');
	for (size_t i = 0; i < rcpts->count; i++) {
		tp_buf_adds(out, i ? "," : "");
		tp_json_string(out, rcpts->list[i], strlen(rcpts->list[i]));
	}
	tp_buf_addc(out, ']');
}
