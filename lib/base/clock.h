/*
 * The time, and dates as mail, logs and people write them. Seconds are Unix seconds.
 *
 * Every tool asks tp_now(), never the system: TUBEPOST_NOW in the environment (Unix seconds, or
 * RFC 3339, years 1 to 9999) sets another time, for tests and for replaying the past; anything else
 * in it is ignored.
 */
#ifndef TP_BASE_CLOCK_H
#define TP_BASE_CLOCK_H

#include <stdint.h>

#include "base/buf.h"

int64_t tp_now(void);
int64_t tp_now_ms(void); /* the same in milliseconds; .000 when TUBEPOST_NOW set it */

/* Milliseconds that only ever grow, for deadlines; not touched by TUBEPOST_NOW. */
int64_t tp_monotonic_ms(void);

/* "Fri, 21 Nov 2026 09:30:00 +0000" (RFC 5322 3.3, always English, UTC). */
bool tp_date_rfc5322(int64_t seconds, struct tp_buf *out);
/* "2026-11-21T09:30:00Z" (RFC 3339, UTC). */
bool tp_date_rfc3339(int64_t seconds, struct tp_buf *out);

/* Reads `2005-07-01`, `2005-07-01 9:30[:15]` (local time), RFC 3339, `today`, `yesterday`, `7d`
 * (ago). TP_USAGE when it is none of them or no such day exists. */
enum tp_status tp_date_parse(const char *text, int64_t *seconds, struct tp_error *err);

/* The same as a span [*begin, *end): a day without a time of day is all of it, a minute without seconds
 * is sixty of them, a second is one; `7d` is that second. */
enum tp_status tp_date_parse_span(
	const char *text, int64_t *begin, int64_t *end, struct tp_error *err);

/* Reads an RFC 5322 date ("1 Dec 2026 10:00:00 +0100", day of week and comments optional, a missing
 * or unknown zone is UTC, obsolete zones and years as in 4.3). TP_DATA when it is none. */
enum tp_status tp_date_parse_rfc5322(const char *text, int64_t *seconds, struct tp_error *err);

/* Days since 1970-01-01 of a Gregorian date, and back (proleptic, any year). */
int64_t tp_days_from_civil(int64_t year, int month, int day);
void tp_civil_from_days(int64_t days, int64_t *year, int *month, int *day);

#endif
