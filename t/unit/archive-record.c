/* archive/record: ids, the bytes of records, and what messages say of themselves. */
#include "archive/record.h"
#include "base/utf8.h"
#include "tap.h"

#include <string.h>

static struct tp_error err;

static void fill(struct tp_record *record)
{
	*record = (struct tp_record)TP_RECORD_INIT;
	record->arrival_ms = INT64_C(1121234567890);
	record->size_bytes = 123456;
	record->stored_bytes = 789;
	memset(record->sha256, 0x5a, sizeof record->sha256);
	record->sender = strdup("marie@example.org");
	record->actor = strdup("uid 1000");
	record->from = strdup("Marie \xc3\x89t\xc3\xa9 <marie@example.org>");
	record->to = strdup("jean@example.net, luc@example.net");
	record->subject = strdup("Facturation");
	tp_strings_add(&record->rcpts, "luc@example.net", &err);
	tp_strings_add(&record->rcpts, "jean@example.net", &err);
}

static bool equal(const struct tp_record *a, const struct tp_record *b)
{
	bool same = a->arrival_ms == b->arrival_ms && a->size_bytes == b->size_bytes &&
		    a->stored_bytes == b->stored_bytes && a->rcpts.count == b->rcpts.count &&
		    !memcmp(a->sha256, b->sha256, sizeof a->sha256) &&
		    !memcmp(a->delivery, b->delivery, sizeof a->delivery) &&
		    !strcmp(a->id, b->id) && !strcmp(a->sender, b->sender) &&
		    !strcmp(a->actor, b->actor) && !strcmp(a->from, b->from) &&
		    !strcmp(a->to, b->to) && !strcmp(a->subject, b->subject);

	for (size_t i = 0; same && i < a->rcpts.count; i++)
		same = !strcmp(a->rcpts.list[i], b->rcpts.list[i]);
	return same;
}

/* --- ids ------------------------------------------------------------------------------------- */

static void id_at(int64_t arrival_ms, char id[TP_ID_LEN + 1])
{
	struct tp_record record;

	fill(&record);
	record.arrival_ms = arrival_ms;
	tp_record_identify(&record, &err);
	memcpy(id, record.id, TP_ID_LEN + 1);
	tp_record_release(&record);
}

static void test_ids(void)
{
	static const int64_t times[] = { 0, 1, 31, 32, INT64_C(1121234567890),
		INT64_C(1121234567891), INT64_C(4000000000000), INT64_C(1) << 49 };
	char before[TP_ID_LEN + 1] = "", id[TP_ID_LEN + 1], again[TP_ID_LEN + 1];
	bool sorted = true, proper = true;

	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		id_at(times[i], id);
		sorted = sorted && strcmp(before, id) < 0;
		proper = proper && strlen(id) == TP_ID_LEN &&
			 strspn(id, "0123456789abcdefghjkmnpqrstvwxyz") == TP_ID_LEN &&
			 tp_id_normalize(id, again) && !strcmp(id, again);
		memcpy(before, id, sizeof before);
	}
	ok(sorted, "ids sort by arrival");
	ok(proper, "and have sixteen letters and ciphers that nobody misreads");
	id_at(-5, id);
	ok(!strncmp(id, "0000000000", 10), "before 1970 is 1970");
	id_at(INT64_MAX, id);
	ok(!strncmp(id, "zzzzzzzzzz", 10), "beyond the range is its end");
}

static void test_normalize(void)
{
	char id[TP_ID_LEN + 1];

	ok(tp_id_normalize("OIL0123456789ABC", id) && !strcmp(id, "0110123456789abc"),
		"misread letters are put right");
	ok(!tp_id_normalize("0110123456789ab", id), "fifteen are no id");
	ok(!tp_id_normalize("0110123456789abcd", id), "nor are seventeen");
	ok(!tp_id_normalize("0110123456789abu", id), "nor one with a letter that is not used");
	ok(!tp_id_normalize("", id) && !tp_id_normalize("../../etc/passwd", id),
		"nor what is no id at all");
}

/* The id of the same record with another sender or recipients. */
static void id_with(const char *sender, const char *const *rcpts, char id[TP_ID_LEN + 1])
{
	struct tp_record record;

	fill(&record);
	free(record.sender);
	record.sender = strdup(sender);
	tp_strings_release(&record.rcpts);
	for (; *rcpts; rcpts++)
		tp_strings_add(&record.rcpts, *rcpts, &err);
	tp_record_identify(&record, &err);
	memcpy(id, record.id, TP_ID_LEN + 1);
	tp_record_release(&record);
}

static void test_delivery(void)
{
	char a[TP_ID_LEN + 1], b[TP_ID_LEN + 1];

	id_with("s", (const char *const[]){ "x", "y", NULL }, a);
	id_with("s", (const char *const[]){ "y", "x", "y", NULL }, b);
	ok(!strcmp(a, b), "the order of recipients does not make another delivery");
	id_with("s", (const char *const[]){ "x", NULL }, b);
	ok(strcmp(a, b) != 0, "other recipients do");
	id_with("t", (const char *const[]){ "x", "y", NULL }, b);
	ok(strcmp(a, b) != 0, "so does another sender");
	id_with("sx", (const char *const[]){ "y", NULL }, a);
	id_with("s", (const char *const[]){ "xy", NULL }, b);
	ok(strcmp(a, b) != 0, "names do not run into one another");
}

/* --- bytes ----------------------------------------------------------------------------------- */

static void test_round_trip(void)
{
	struct tp_record record, back = TP_RECORD_INIT;
	struct tp_buf bytes = TP_BUF_INIT(1 << 24);

	fill(&record);
	tp_record_identify(&record, &err);
	ok(tp_record_encode(&record, &bytes) &&
			!tp_record_decode(bytes.data, bytes.len, &back, &err) &&
			equal(&record, &back),
		"a record comes back");
	for (int i = 0; i < 50000; i++)
		tp_strings_addf(&record.rcpts, &err, "user%d@example.com", i);
	record.arrival_ms = -1;
	tp_record_identify(&record, &err);
	tp_buf_clear(&bytes);
	ok(tp_record_encode(&record, &bytes) &&
			!tp_record_decode(bytes.data, bytes.len, &back, &err) &&
			equal(&record, &back),
		"so does one with 50,002 recipients, from 1969");
	tp_record_release(&record);
	tp_buf_clear(&bytes);
	ok(tp_record_encode(&record, &bytes) &&
			!tp_record_decode(bytes.data, bytes.len, &back, &err) && back.sender &&
			back.actor && back.from && back.to && back.subject,
		"of one with nothing in it all texts are there, and empty");
	tp_record_release(&back);
	tp_buf_release(&bytes);
}

static void test_damage(void)
{
	struct tp_record record, back = TP_RECORD_INIT;
	struct tp_buf bytes = TP_BUF_INIT(1 << 20);
	bool refused = true;

	fill(&record);
	tp_record_encode(&record, &bytes);
	for (size_t len = 0; len < bytes.len; len++)
		refused = refused && tp_record_decode(bytes.data, len, &back, &err) == TP_DATA &&
			  !back.sender;
	ok(refused, "a record cut short is damaged, and nothing of it is given");
	tp_buf_addc(&bytes, '\0');
	ok(tp_record_decode(bytes.data, bytes.len, &back, &err) == TP_DATA,
		"so is one with a byte behind it");
	tp_buf_truncate(&bytes, bytes.len - 1);
	memset(memmem(bytes.data, bytes.len, "Fact", 4), 0, 1);
	ok(tp_record_decode(bytes.data, bytes.len, &back, &err) == TP_DATA, "or a NUL in a text");
	bytes.data[0] = 2;
	ok(tp_record_decode(bytes.data, bytes.len, &back, &err) == TP_DATA &&
			strstr(err.text, "version 2"),
		"a version to come is named");
	tp_record_release(&record);
	tp_buf_release(&bytes);
}

/* --- describing ------------------------------------------------------------------------------ */

static void describe(struct tp_record *record, const char *message)
{
	if (tp_record_describe(record, message, strlen(message), &err))
		printf("# %s\n", err.text);
}

static void test_header(void)
{
	struct tp_record record = TP_RECORD_INIT;

	describe(&record, "From: =?iso-8859-1?Q?Ren=E9?= <rene@example.fr>\n"
			  "To: a@example.org,\n b@example.org\nCc: \"C, D\" <c@example.org>\n"
			  "To: e@example.org\nSubject: =?utf-8?B?w6l0w6k=?=\n\nSubject: body\n");
	ok(!strcmp(record.from, "Ren\xc3\xa9 <rene@example.fr>"), "From is decoded");
	ok(!strcmp(record.to, "a@example.org, b@example.org, \"C, D\" <c@example.org>, "
			      "e@example.org"),
		"To and Cc stand in one text, in order: %s", record.to);
	ok(!strcmp(record.subject, "\xc3\xa9t\xc3\xa9"), "Subject is decoded");
	ok(!strcmp(record.sender, "") && record.rcpts.count == 0, "no envelope is made up");
	tp_record_release(&record);
	describe(&record, "\nSubject: in the body\n");
	ok(!strcmp(record.subject, "") && !strcmp(record.from, "") && !strcmp(record.to, ""),
		"without a header all texts are empty");
	tp_record_release(&record);
	describe(&record, "");
	ok(record.size_bytes == 0 && !strcmp(record.subject, "") && record.sender,
		"so they are without a message");
	tp_record_release(&record);
	describe(&record, "Subject: a\r\n\r\nSubject: b\r\n");
	ok(!strcmp(record.subject, "a") && record.size_bytes == 26, "CRLF ends a header, too");
	tp_record_release(&record);
}

static void test_envelope(void)
{
	struct tp_record record = TP_RECORD_INIT;

	describe(&record, "Return-Path: <a@example.org>\nReturn-Path: <old@example.org>\n"
			  "Envelope-To: e@example.org\nX-Original-To: x@example.org\n"
			  "Delivered-To: d@example.org\nDelivered-To: old@example.org\n\n");
	ok(!strcmp(record.sender, "a@example.org"), "the topmost Return-Path is the sender");
	ok(record.rcpts.count == 1 && !strcmp(record.rcpts.list[0], "d@example.org"),
		"the topmost Delivered-To comes before other fields");
	tp_record_release(&record);
	describe(&record, "Return-Path: <>\nX-Original-To: x@example.org\nEnvelope-To: e@e\n\n");
	ok(!strcmp(record.sender, ""), "the null sender is the null sender");
	ok(record.rcpts.count == 1 && !strcmp(record.rcpts.list[0], "x@example.org"),
		"then X-Original-To");
	tp_record_release(&record);
	describe(&record, "Envelope-To: e@example.org, f@example.org\n\n");
	ok(record.rcpts.count == 2 && !strcmp(record.rcpts.list[1], "f@example.org"),
		"then Envelope-To, all of it");
	tp_record_release(&record);
	describe(&record, "Delivered-To: marie\n\n");
	ok(record.rcpts.count == 1 && !strcmp(record.rcpts.list[0], "marie"),
		"a local name is one");
	tp_record_release(&record);
	record.sender = strdup("");
	tp_strings_add(&record.rcpts, "given@example.org", &err);
	describe(&record, "Return-Path: <a@example.org>\nDelivered-To: d@example.org\n\n");
	ok(!strcmp(record.sender, "") && record.rcpts.count == 1 &&
			!strcmp(record.rcpts.list[0], "given@example.org"),
		"what was given stays, an empty sender too");
	tp_record_release(&record);
}

/* A header with `count` times `piece` in one field. */
static void describe_long(struct tp_record *record, const char *name, const char *piece, int count)
{
	struct tp_buf message = TP_BUF_INIT((size_t)1 << 26);

	tp_buf_addf(&message, "%s: ", name);
	for (int i = 0; i < count; i++)
		tp_buf_adds(&message, piece);
	tp_buf_adds(&message, "\n\nbody\n");
	describe(record, message.data);
	tp_buf_release(&message);
}

static void test_bounds(void)
{
	struct tp_record record = TP_RECORD_INIT;

	describe_long(&record, "Subject", "\xc3\xa9", 6000);
	ok(strlen(record.subject) <= 4096 && strlen(record.subject) > 4090 &&
			tp_utf8_valid(record.subject, strlen(record.subject)),
		"a long subject is cut at a character");
	tp_record_release(&record);
	describe_long(&record, "To", "someone@example.org,\n ", 500000);
	ok(record.to && strlen(record.to) <= 65536 && strlen(record.to) > 65500,
		"a field of 10 MB becomes a text of 64 KiB");
	tp_record_release(&record);
	describe_long(&record, "From", "\xff\xfe\x80", 3000);
	ok(record.from && strlen(record.from) <= 4096 &&
			tp_utf8_valid(record.from, strlen(record.from)),
		"bytes that are no text become one");
	tp_record_release(&record);
	describe_long(&record, "Cc", "a@b\nTo: c@d\nCc: ", 100000);
	ok(record.to && strlen(record.to) <= 65536, "200,000 fields stay in the bound");
	tp_record_release(&record);
}

int main(void)
{
	test_ids();
	test_normalize();
	test_delivery();
	test_round_trip();
	test_damage();
	test_header();
	test_envelope();
	test_bounds();
	return done_testing();
}
