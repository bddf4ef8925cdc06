/* What mails are called on a disc: see bag.h. */
#include "base/clock.h"
#include "base/fold.h"
#include "disc/bag.h"

#define SUFFIX     ".eml"
#define SECOND_MAX INT64_C(4102444799) /* 2099-12-31T23:59:59Z */

int64_t tp_bag_time(int64_t arrival_ms)
{
	int64_t seconds = arrival_ms / 1000 - (arrival_ms % 1000 < 0);

	if (seconds < 0)
		return 0;
	return seconds > SECOND_MAX ? SECOND_MAX : seconds;
}

struct tp_bag_date tp_bag_date(int64_t arrival_ms)
{
	int64_t seconds = tp_bag_time(arrival_ms), year;
	struct tp_bag_date date;
	int of_day = (int)(seconds % 86400);

	tp_civil_from_days(seconds / 86400, &year, &date.month, &date.day);
	date.year = (int)year;
	date.hour = of_day / 3600;
	date.minute = of_day / 60 % 60;
	date.second = of_day % 60;
	return date;
}

static bool is_plain(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

/* Folded, everything that is not a letter or digit a dash, but none at an end nor two in a row. */
static void add_subject(const char *subject, size_t room, struct tp_buf *out)
{
	struct tp_buf folded = TP_BUF_INIT(65536);
	size_t begin = out->len + 1, len = strlen(subject);
	bool gap = false;

	/* What is folded away must not cost more than it can give. */
	tp_fold(subject, len < 4096 ? len : 4096, &folded);
	for (size_t i = 0; i < folded.len && out->len < begin + room; i++) {
		if (!is_plain(folded.data[i])) {
			gap = true;
			continue;
		}
		if (out->len < begin)
			tp_buf_addc(out, '_');
		else if (gap)
			tp_buf_addc(out, '-');
		gap = false;
		if (out->len < begin + room)
			tp_buf_addc(out, folded.data[i]);
	}
	if (out->len > begin && out->data[out->len - 1] == '-')
		tp_buf_truncate(out, out->len - 1);
	if (folded.status && !out->status)
		out->status = folded.status;
	tp_buf_release(&folded);
}

/* Two digits each. */
static void add_digits(struct tp_buf *out, int a, int b, int c)
{
	char text[6] = { (char)('0' + a / 10), (char)('0' + a % 10), (char)('0' + b / 10),
		(char)('0' + b % 10), (char)('0' + c / 10), (char)('0' + c % 10) };

	tp_buf_add(out, text, sizeof text);
}

bool tp_bag_name(const struct tp_record *record, struct tp_buf *out)
{
	struct tp_bag_date date = tp_bag_date(record->arrival_ms);
	size_t begin = out->len;

	tp_buf_addu(out, (uint64_t)date.year / 100); /* 1970 to 2099 */
	add_digits(out, date.year % 100, date.month, date.day);
	tp_buf_addc(out, '-');
	add_digits(out, date.hour, date.minute, date.second);
	tp_buf_addc(out, '_');
	tp_buf_adds(out, record->id);
	/* The `_` before it counts, too. */
	add_subject(
		record->subject, TP_BAG_NAME_MAX - (out->len - begin) - 1 - strlen(SUFFIX), out);
	return tp_buf_adds(out, SUFFIX);
}
