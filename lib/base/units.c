/* Sizes and durations: see units.h. */
#include "base/units.h"

#include <ctype.h>

/* Units with the number of their base ones they hold; the longest spelling that fits is taken. */
struct unit {
	const char *name;
	uint64_t value;
};

static const struct unit size_units[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "K", 1ull << 10 },
	{ "KiB", 1ull << 10 },
	{ "kB", 1000 },
	{ "KB", 1000 },
	{ "M", 1ull << 20 },
	{ "MiB", 1ull << 20 },
	{ "MB", 1000000 },
	{ "G", 1ull << 30 },
	{ "GiB", 1ull << 30 },
	{ "GB", 1000000000 },
	{ "T", 1ull << 40 },
	{ "TiB", 1ull << 40 },
	{ "TB", 1000000000000 },
	{ "k", 1ull << 10 },
	{ "m", 1ull << 20 },
	{ "g", 1ull << 30 },
	{ "t", 1ull << 40 },
	{ NULL, 0 },
};

static const struct unit duration_units[] = {
	{ "", 1 },
	{ "s", 1 },
	{ "m", 60 },
	{ "min", 60 },
	{ "h", 3600 },
	{ "d", 86400 },
	{ "w", 7 * 86400 },
	{ NULL, 0 },
};

static const struct unit *find_unit(const struct unit *units, const char *name, size_t len)
{
	for (; units->name; units++)
		if (strlen(units->name) == len && !memcmp(units->name, name, len))
			return units;
	return NULL;
}

/* Adds digits to *number; false when it would pass 2^63 - 1. */
static bool read_digits(const char **text, uint64_t *number)
{
	for (; isdigit((unsigned char)**text); (*text)++) {
		uint64_t digit = (uint64_t)(**text - '0');

		if (*number > ((uint64_t)INT64_MAX - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	return true;
}

/* Reads one `NUMBER[.FRACTION]UNIT` and adds it to *total. */
static bool read_amount(const char **text, const struct unit *units, uint64_t *total)
{
	uint64_t whole = 0, fraction = 0, scale = 1, value;
	const struct unit *unit;
	size_t len = 0;

	if (!isdigit((unsigned char)**text) || !read_digits(text, &whole))
		return false;
	if (**text == '.') {
		if (!isdigit((unsigned char)*++*text))
			return false;
		for (; isdigit((unsigned char)**text); (*text)++) {
			if (scale >= 1000000000000000000)
				continue;
			fraction = fraction * 10 + (uint64_t)(**text - '0');
			scale *= 10;
		}
	}
	while (isalpha((unsigned char)(*text)[len]))
		len++;
	unit = find_unit(units, *text, len);
	if (!unit || whole > (uint64_t)INT64_MAX / unit->value)
		return false;
	*text += len;
	value = whole * unit->value + (uint64_t)((unsigned __int128)fraction * unit->value / scale);
	if (value > (uint64_t)INT64_MAX - *total)
		return false;
	*total += value;
	return true;
}

enum tp_status tp_size_parse(const char *text, uint64_t *bytes, struct tp_error *err)
{
	const char *at = text;
	uint64_t total = 0;

	if (!read_amount(&at, size_units, &total) || *at)
		return tp_fail(err, TP_USAGE, "'%s' is not a size (such as 10M or 4.7GB)", text);
	*bytes = total;
	return TP_OK;
}

enum tp_status tp_duration_parse(const char *text, int64_t *seconds, struct tp_error *err)
{
	const char *at = text;
	uint64_t total = 0;

	do {
		if (!read_amount(&at, duration_units, &total))
			goto bad;
	} while (*at);
	/* `1h30`: minutes to some, seconds to others. */
	if (isdigit((unsigned char)at[-1]) && text[strspn(text, "0123456789.")])
		goto bad;
	*seconds = (int64_t)total;
	return TP_OK;
bad:
	return tp_fail(err, TP_USAGE, "'%s' is not a duration (such as 90s, 2m, 1h or 30d)", text);
}

bool tp_size_format(uint64_t bytes, struct tp_buf *out)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned unit = 0;
	double value = (double)bytes;
	char number[32];
	size_t len;

	if (bytes < 1000)
		return tp_buf_addf(out, "%u B", (unsigned)bytes);
	for (; value >= 999.5 && unit < 6; unit++)
		value /= 1024;
	len = (size_t)snprintf(number, sizeof number, "%.*f",
		value < 9.995   ? 2
		: value < 99.95 ? 1
				: 0,
		value);
	if (strchr(number, '.')) {
		while (number[len - 1] == '0')
			len--;
		len -= number[len - 1] == '.';
	}
	return tp_buf_addf(out, "%.*s %s", (int)len, number, names[unit]);
}

bool tp_duration_format(int64_t seconds, struct tp_buf *out)
{
	static const struct {
		uint64_t value;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	uint64_t left = seconds < 0 ? -(uint64_t)seconds : (uint64_t)seconds;
	unsigned i = 0;

	if (seconds < 0 && !tp_buf_addc(out, '-'))
		return false;
	while (i < 3 && left < units[i].value)
		i++;
	if (!tp_buf_addf(
		    out, "%llu %s", (unsigned long long)(left / units[i].value), units[i].name))
		return false;
	left %= units[i].value;
	if (i == 3 || left < units[i + 1].value)
		return true;
	return tp_buf_addf(out, " %llu %s", (unsigned long long)(left / units[i + 1].value),
		units[i + 1].name);
}
