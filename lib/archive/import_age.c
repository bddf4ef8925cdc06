/* When a message arrived, by what its container says: see import_age.h. */
#include "archive/import_age.h"

#include <ctype.h>
#include <stdio.h>

#include "base/clock.h"
#include "mime/header.h"

#define HEADER_MAX ((size_t)64 * 1024) /* the topmost Received is not behind this */
#define DATE_MAX   128

static int64_t date_ms(const char *text)
{
	int64_t seconds;

	return tp_date_parse_rfc5322(text, &seconds, NULL) ? 0 : seconds * 1000;
}

int64_t tp_import_received(const char *data, size_t len)
{
	struct tp_range header = tp_header_block(data, len < HEADER_MAX ? len : HEADER_MAX);
	struct tp_buf value = TP_BUF_INIT(HEADER_MAX);
	struct tp_field field;
	const char *date;
	int64_t ms = 0;

	if (tp_header_find(data, header, "Received", &field) &&
		tp_header_unfold(data, field.value, &value)) {
		date = strrchr(tp_buf_str(&value), ';');
		if (date)
			ms = date_ms(date + 1);
	}
	tp_buf_release(&value);
	return ms;
}

int64_t tp_import_maildir_time(const char *file)
{
	int64_t seconds = 0;
	int digits = 0;

	for (; isdigit((unsigned char)file[digits]) && digits < 11; digits++)
		seconds = seconds * 10 + (file[digits] - '0');
	return digits >= 9 && file[digits] == '.' ? seconds * 1000 : 0;
}

/* --- mbox `From ` lines ----------------------------------------------------------------------- */

static bool is_weekday(const char *at)
{
	static const char days[] = "SunMonTueWedThuFriSat";

	for (int i = 0; i < 21; i += 3)
		if (!strncmp(at, days + i, 3) && (at[3] == ' ' || at[3] == ','))
			return true;
	return false;
}

struct date {
	char day[3], month[4], year[5], clock[9], zone[8];
};

static void keep(char *to, size_t room, const char *word, size_t len)
{
	if (!*to && len < room) {
		memcpy(to, word, len);
		to[len] = '\0';
	}
}

/* Each word says by its shape what it is. */
static void take_word(struct date *date, const char *word, size_t len)
{
	size_t digits = strspn(word, "0123456789");

	if (digits == len && len <= 2)
		keep(date->day, sizeof date->day, word, len);
	else if (digits == len && len == 4)
		keep(date->year, sizeof date->year, word, len);
	else if (digits && word[digits] == ':' && strspn(word, "0123456789:") == len)
		keep(date->clock, sizeof date->clock, word, len);
	else if (isalpha((unsigned char)*word) && !*date->month)
		keep(date->month, sizeof date->month, word, len < 3 ? len : 3);
	else
		keep(date->zone, sizeof date->zone, word, len);
}

/* Behind the day of the week: `Jul  8 12:08:34 2011`, `8 Jul 2011 12:08:34 +0200`, with a zone
 * before or after the year; and `remote from HOST`, of UUCP's days. */
static int64_t read_date(const char *at)
{
	struct date date = { .day = "" };
	char text[DATE_MAX];
	size_t len;

	for (; *(at += strspn(at, " ")); at += len) {
		len = strcspn(at, " ");
		if (len == 6 && !strncmp(at, "remote", 6))
			break;
		take_word(&date, at, len);
	}
	if (!*date.day || !*date.year || !*date.month || !*date.clock)
		return TP_IMPORT_NO_LINE;
	snprintf(text, sizeof text, "%s %s %s %s %s", date.day, date.month, date.year, date.clock,
		date.zone);
	return date_ms(text);
}

int64_t tp_import_from_line(const char *line, size_t len, size_t *sender, size_t *sender_end)
{
	char text[1024];
	size_t at, end;

	if (len < 5 || memcmp(line, "From ", 5) || len >= sizeof text)
		return TP_IMPORT_NO_LINE;
	memcpy(text, line, len);
	text[len] = '\0';
	for (at = 5; at < len && !(text[at - 1] == ' ' && is_weekday(text + at)); at++)
		;
	if (at >= len)
		return TP_IMPORT_NO_LINE;
	for (end = at; end > 5 && text[end - 1] == ' '; end--)
		;
	*sender = 5;
	*sender_end = end;
	return read_date(text + at + 4);
}
