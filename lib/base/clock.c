/* The time and dates: see clock.h. */
#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
	"Sep", "Oct", "Nov", "Dec" };
static const char day_names[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };

static bool parse_calendar(const char *text, int64_t *seconds);

/* Unix seconds of the years 1 to 9999: the rest would overflow in somebody's sum. */
static bool parse_seconds(const char *text, int64_t *seconds)
{
	char *end;

	errno = 0;
	*seconds = strtoll(text, &end, 10);
	return !errno && end > text && !*end && *seconds >= -62135596800 &&
	       *seconds <= 253402300799;
}

int64_t tp_now_ms(void)
{
	const char *set = getenv("TUBEPOST_NOW");
	struct timespec now;
	int64_t seconds;

	/* Never tp_date_parse(): `today` and `7d` would ask for the time again, for ever. */
	if (set && *set && (parse_seconds(set, &seconds) || parse_calendar(set, &seconds)))
		return seconds * 1000;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t tp_now(void)
{
	int64_t ms = tp_now_ms();

	return ms / 1000 - (ms % 1000 < 0);
}

int64_t tp_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Both conversions count from 1 March of year 0, so that the leap day ends the year. */
int64_t tp_days_from_civil(int64_t year, int month, int day)
{
	int64_t era, year_of_era, day_of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	year_of_era = year - era * 400;
	day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

void tp_civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t era, day_of_era, year_of_era, day_of_year, shifted;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = days - era * 146097;
	year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	shifted = (5 * day_of_year + 2) / 153;
	*day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
	*month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

struct moment {
	int64_t days, year;
	int month, day, hour, minute, second;
};

static struct moment moment_of(int64_t seconds)
{
	struct moment m;
	int64_t of_day = seconds % 86400;

	m.days = seconds / 86400 - (of_day < 0);
	if (of_day < 0)
		of_day += 86400;
	tp_civil_from_days(m.days, &m.year, &m.month, &m.day);
	m.hour = (int)(of_day / 3600);
	m.minute = (int)(of_day / 60 % 60);
	m.second = (int)(of_day % 60);
	return m;
}

bool tp_date_rfc5322(int64_t seconds, struct tp_buf *out)
{
	struct moment m = moment_of(seconds);

	return tp_buf_addf(out, "%s, %02d %s %04lld %02d:%02d:%02d +0000",
		day_names[((m.days % 7) + 7) % 7], m.day, month_names[m.month - 1],
		(long long)m.year, m.hour, m.minute, m.second);
}

bool tp_date_rfc3339(int64_t seconds, struct tp_buf *out)
{
	struct moment m = moment_of(seconds);

	return tp_buf_addf(out, "%04lld-%02d-%02dT%02d:%02d:%02dZ", (long long)m.year, m.month,
		m.day, m.hour, m.minute, m.second);
}

static int days_in_month(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

static bool moment_is_valid(const struct moment *m)
{
	return m->month >= 1 && m->month <= 12 && m->day >= 1 &&
	       m->day <= days_in_month(m->year, m->month) && m->hour >= 0 && m->hour <= 23 &&
	       m->minute >= 0 && m->minute <= 59 && m->second >= 0 && m->second <= 60;
}

/* Reads `count` or fewer (at least `least`) decimal digits. */
static bool read_number(const char **text, int least, int most, int *number)
{
	int n = 0;

	*number = 0;
	for (; n < most && isdigit((unsigned char)**text); n++)
		*number = *number * 10 + *(*text)++ - '0';
	return n >= least;
}

static bool read_byte(const char **text, char byte)
{
	if (**text != byte)
		return false;
	(*text)++;
	return true;
}

/* `+01:00`, `-0530`, `Z`: minutes east of UTC. */
static bool read_zone(const char **text, int *minutes)
{
	int sign = **text == '-' ? -1 : 1, hour, minute;

	*minutes = 0;
	if (read_byte(text, 'Z') || read_byte(text, 'z'))
		return true;
	if (!read_byte(text, '+') && !read_byte(text, '-'))
		return false;
	if (!read_number(text, 2, 2, &hour))
		return false;
	read_byte(text, ':');
	if (!read_number(text, 2, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*minutes = sign * (hour * 60 + minute);
	return true;
}

static int64_t seconds_of(const struct moment *m, int zone_minutes)
{
	return tp_days_from_civil(m->year, m->month, m->day) * 86400 + m->hour * 3600 +
	       m->minute * 60 + m->second - (int64_t)zone_minutes * 60;
}

static int64_t local_seconds_of(const struct moment *m)
{
	struct tm tm = { .tm_year = (int)m->year - 1900,
		.tm_mon = m->month - 1,
		.tm_mday = m->day,
		.tm_hour = m->hour,
		.tm_min = m->minute,
		.tm_sec = m->second,
		.tm_isdst = -1 };

	return mktime(&tm);
}

static bool read_clock(const char **text, struct moment *m)
{
	if (!read_number(text, 1, 2, &m->hour) || !read_byte(text, ':') ||
		!read_number(text, 2, 2, &m->minute))
		return false;
	return !read_byte(text, ':') || read_number(text, 2, 2, &m->second);
}

static bool parse_calendar(const char *text, int64_t *seconds)
{
	struct moment m = { 0 };
	int year, zone;

	if (!read_number(&text, 4, 4, &year) || !read_byte(&text, '-') ||
		!read_number(&text, 2, 2, &m.month) || !read_byte(&text, '-') ||
		!read_number(&text, 2, 2, &m.day))
		return false;
	m.year = year;
	if (*text && *text != ' ' && *text != 'T' && *text != 't')
		return false;
	if (*text && (text++, !read_clock(&text, &m)))
		return false;
	if (!moment_is_valid(&m))
		return false;
	if (!*text) {
		*seconds = local_seconds_of(&m);
		return true;
	}
	if (read_byte(&text, '.'))
		while (isdigit((unsigned char)*text))
			text++;
	if (!read_zone(&text, &zone) || *text)
		return false;
	*seconds = seconds_of(&m, zone);
	return true;
}

/* Midnight, local time, of the day `days_ago` before today. */
static int64_t local_midnight(int days_ago)
{
	time_t now = (time_t)tp_now();
	struct tm tm;

	localtime_r(&now, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= days_ago;
	tm.tm_isdst = -1;
	return mktime(&tm);
}

enum tp_status tp_date_parse(const char *text, int64_t *seconds, struct tp_error *err)
{
	const char *at = text;
	int days;

	if (!strcmp(text, "today") || !strcmp(text, "yesterday")) {
		*seconds = local_midnight(*text == 'y');
		return TP_OK;
	}
	if (parse_calendar(text, seconds))
		return TP_OK;
	if (read_number(&at, 1, 6, &days) && read_byte(&at, 'd') && !*at) {
		*seconds = tp_now() - (int64_t)days * 86400;
		return TP_OK;
	}
	return tp_fail(err, TP_USAGE,
		"'%s' is not a date (such as 2005-07-01, '2005-07-01 9:30', today or 7d)", text);
}

/* Midnight, local time, of the day after the one that begins then: days of 23 and 25 hours exist. */
static int64_t next_midnight(int64_t midnight)
{
	time_t begin = (time_t)midnight;
	struct tm tm;

	localtime_r(&begin, &tm);
	tm.tm_mday++;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return mktime(&tm);
}

enum tp_status tp_date_parse_span(
	const char *text, int64_t *begin, int64_t *end, struct tp_error *err)
{
	enum tp_status status = tp_date_parse(text, begin, err);
	const char *first = strchr(text, ':');

	if (status)
		return status;
	if (first)
		*end = *begin + (first[3] == ':' ? 1 : 60);
	else if (strlen(text) > 1 && isdigit((unsigned char)*text) && text[strlen(text) - 1] == 'd')
		*end = *begin + 1;
	else
		*end = next_midnight(*begin);
	return TP_OK;
}

/* Skips white space and comments, which may be nested (RFC 5322 3.2.2). */
static const char *skip_cfws(const char *text)
{
	int depth = 0;

	for (; *text; text++) {
		if (*text == '\\' && depth && text[1])
			text++;
		else if (*text == '(')
			depth++;
		else if (*text == ')' && depth)
			depth--;
		else if (!depth && !isspace((unsigned char)*text))
			break;
	}
	return text;
}

/* The zones that old mail writes as words; any other word means "unknown", which is UTC (RFC 5322
 * 4.3). */
static int word_zone(const char *text)
{
	static const struct {
		char name[4];
		int hours;
	} zones[] = { { "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 }, { "MST", -7 },
		{ "MDT", -6 }, { "PST", -8 }, { "PDT", -7 } };

	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
		if (!strncasecmp(text, zones[i].name, 3) && !isalpha((unsigned char)text[3]))
			return zones[i].hours * 60;
	return 0;
}

static bool read_month(const char **text, int *month)
{
	for (*month = 1; *month <= 12; ++*month)
		if (!strncasecmp(*text, month_names[*month - 1], 3)) {
			*text += 3;
			return true;
		}
	return false;
}

enum tp_status tp_date_parse_rfc5322(const char *text, int64_t *seconds, struct tp_error *err)
{
	const char *at = skip_cfws(text), *comma = at;
	struct moment m = { 0 };
	int year, zone = 0;

	while (isalpha((unsigned char)*comma))
		comma++;
	if (comma > at && *skip_cfws(comma) == ',')
		at = skip_cfws(skip_cfws(comma) + 1);
	if (!read_number(&at, 1, 2, &m.day))
		goto bad;
	at = skip_cfws(at);
	if (!read_month(&at, &m.month))
		goto bad;
	at = skip_cfws(at);
	if (!read_number(&at, 2, 4, &year))
		goto bad;
	m.year = year < 50 ? year + 2000 : year < 1000 ? year + 1900 : year;
	at = skip_cfws(at);
	if (!read_clock(&at, &m) || !moment_is_valid(&m))
		goto bad;
	at = skip_cfws(at);
	if (isalpha((unsigned char)*at))
		zone = word_zone(at);
	else if (*at && !read_zone(&at, &zone))
		goto bad;
	*seconds = seconds_of(&m, zone);
	return TP_OK;
bad:
	return tp_fail(err, TP_DATA, "not an RFC 5322 date");
}
