/* disc/plan, bag: media, the room for error correction, names of mails, months. */
#include "disc/bag.h"
#include "tap.h"

#include <inttypes.h>
#include <string.h>

static void medium_is(const char *text, uint64_t sectors)
{
	struct tp_error err = { TP_OK, "" };
	struct tp_medium medium = { "", 0 };
	enum tp_status status = tp_medium_parse(text, &medium, &err);

	if (sectors)
		ok(!status && medium.sectors == sectors, "%s: %" PRIu64 " sectors", text, sectors);
	else
		ok(status == TP_USAGE, "%s: %s", text, err.text);
}

static void room_is(const char *text, unsigned percent, uint64_t sectors)
{
	struct tp_error err = { TP_OK, "" };
	struct tp_medium medium;
	uint64_t room = 0;
	enum tp_status status = tp_medium_parse(text, &medium, &err);

	if (!status)
		status = tp_ecc_room(&medium, percent, &room, &err);
	ok(sectors ? !status && room == sectors : status == TP_USAGE,
		"%s with %u %%: %" PRIu64 " sectors", text, percent, room);
}

/* Where dvdisaster 0.79.5 goes from one number of roots, or one medium, to the next was tried out. */
static void tail_is(const char *text, unsigned percent, uint64_t sectors, uint64_t tail)
{
	struct tp_medium medium;
	uint64_t is;

	tp_medium_parse(text, &medium, NULL);
	is = tp_ecc_tail(&medium, percent, sectors);
	ok(is == tail, "%s with %u %%, %" PRIu64 " sectors: a tail of %" PRIu64, text, percent,
		sectors, is);
}

static void name_is(int64_t arrival_ms, const char *subject, const char *expected)
{
	struct tp_record record = { .arrival_ms = arrival_ms, .subject = (char *)subject };
	struct tp_buf name = TP_BUF_INIT(1024);

	memcpy(record.id, "00x08b4rvrbxt9yg", TP_ID_LEN + 1);
	ok(tp_bag_name(&record, &name) && !strcmp(tp_buf_str(&name), expected) &&
			name.len <= TP_BAG_NAME_MAX,
		"%.40s: %s", subject, tp_buf_str(&name));
	tp_buf_release(&name);
}

static void months(void)
{
	struct tp_disc_plan plan = { .room = 1 };
	struct tp_buf out = TP_BUF_INIT(65536);

	/* 1969-12-31, 1900-12-31 (before 1970 mails come in any order), 1969-12-31, 2005-06-30 23:59:59.999,
	 * 2005-07-01 00:00, 2005-07-31 */
	tp_disc_plan_count(&plan, -1, 1, NULL);
	tp_disc_plan_count(&plan, INT64_C(-2177539200000), 10, NULL);
	tp_disc_plan_count(&plan, -2, 20, NULL);
	tp_disc_plan_count(&plan, INT64_C(1120175999999), 2, NULL);
	tp_disc_plan_count(&plan, INT64_C(1120176000000), 3, NULL);
	tp_disc_plan_count(&plan, INT64_C(1122768000000), 4, NULL);
	plan.medium.name = "size";
	tp_disc_plan_print(&plan, false, &out);
	ok(strstr(tp_buf_str(&out),
		   "\nmonth\t1900-12\t1\t10\nmonth\t1969-12\t2\t21\n"
		   "month\t2005-06\t1\t2\nmonth\t2005-07\t2\t7\nleft\t0\t0\n") != NULL,
		"months are those of UTC, in order");
	ok(strstr(tp_buf_str(&out), "\nmails\t6\t40\nfirst\t1900-12-31T00:00:00Z\n"
				    "last\t2005-07-31T00:00:00Z\n") != NULL,
		"and so are the first and the last");
	tp_buf_release(&out);
	tp_disc_plan_release(&plan);
}

int main(void)
{
	medium_is("dvd", 2294921);
	medium_is("dvd+r", 2295104);
	medium_is("dvd-r", 2298496);
	medium_is("dvd-dl", 4173824);
	medium_is("bd", 11826176);
	medium_is("4.7GB", 2294921);
	medium_is("1M", 512);
	medium_is("100k", 0);
	medium_is("8T", 0);
	medium_is("cd-r", 0);
	medium_is("", 0);
	room_is("dvd", 0, 2294921);
	room_is("700M", 20, 0);
	room_is("359424k", 20, 0);
	room_is("718848k", 20, 297297);
	room_is("dvd", 20, 211 * 9000 - 2);
	room_is("dvd+r", 20, 211 * 9000 - 2);
	room_is("dvd", 1, 246 * 9000 - 2);
	room_is("dvd", 200, 84 * 9000 - 2);
	room_is("dvd", 201, 0);
	room_is("bd", 15, 220 * UINT64_C(46377) - 2);
	tail_is("dvd", 20, 297297, 0);
	tail_is("dvd", 20, 297298, 346613 - 297298);
	tail_is("dvd", 20, 346612, 1);
	tail_is("dvd", 20, 346613, 0);
	tail_is("718848k", 20, 297000, 0);
	tail_is("dvd", 0, 340000, 0);

	name_is(INT64_C(1120210200123), "Invoice 17",
		"20050701-093000_00x08b4rvrbxt9yg_invoice-17.eml");
	name_is(INT64_C(1120210200123), "", "20050701-093000_00x08b4rvrbxt9yg.eml");
	name_is(INT64_C(1120210200123), "???", "20050701-093000_00x08b4rvrbxt9yg.eml");
	name_is(INT64_C(1120210200123), "\xc3\x89t\xc3\xa9 \xc3\xa0 Li\xc3\xa8ge",
		"20050701-093000_00x08b4rvrbxt9yg_ete-a-liege.eml");
	name_is(INT64_C(1120210200123), "../..\\a\x01:\xf0\x9f\x98\x80 b",
		"20050701-093000_00x08b4rvrbxt9yg_a-b.eml");
	name_is(INT64_C(1120210200123), "abcdefghijklmnopqrstuvwxyz",
		"20050701-093000_00x08b4rvrbxt9yg_abcdefghijklmnopqr.eml");
	name_is(INT64_C(1120210200123), "abcdefghijklmnopq - xyz",
		"20050701-093000_00x08b4rvrbxt9yg_abcdefghijklmnopq.eml");
	name_is(-5000, "x", "19700101-000000_00x08b4rvrbxt9yg_x.eml");
	name_is(INT64_MAX, "x", "20991231-235959_00x08b4rvrbxt9yg_x.eml");
	months();
	return done_testing();
}
