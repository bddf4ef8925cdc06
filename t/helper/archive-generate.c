/*
 * A large archive to search in, for t/perf: index segments of as many messages as asked for, written
 * directly, over packs that are empty files (finding never reads them). Ten years of mail to a
 * company: senders by Zipf's law among some hundred thousand people and newsletters, subjects of
 * words by Zipf's law with ticket numbers and replies, several recipients at times.
 *
 *   archive-generate ARCHIVE MESSAGES
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/query.h"
#include "archive/segment.h"

#define PER_PACK 13000 /* mails of a full journal, about, on real mail */
#define SENDERS  400000
#define STAFF    3000
#define WORDS    20000
#define BEGIN_MS 1072915200000 /* 2004-01-01 */
#define YEARS    10

static uint64_t seed = 88172645463325252u;

static uint64_t dice(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

static double unit(void)
{
	return (double)(dice() >> 11) / 9007199254740992.0;
}

/* 1 to n, k about half as often as k / 2: every power of two is as likely as any other. */
static uint32_t zipf(uint32_t n)
{
	for (;;) {
		uint32_t power = UINT32_C(1) << dice() % 32;
		uint32_t k = power + (uint32_t)(dice() % power);

		if (k <= n)
			return k;
	}
}

static uint32_t mix(uint32_t number, uint32_t salt)
{
	uint64_t x = (number + 0x9e3779b97f4a7c15u * (salt + 1)) * 0xbf58476d1ce4e5b9u;

	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(x >> 32);
}

/* A word that follows from a number: two to four syllables, some with accents. */
static void add_word(struct tp_buf *out, uint32_t number, uint32_t salt, bool capital)
{
	static const char *const heads[] = { "b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s",
		"t", "v", "br", "ch", "st", "gr", "pl", "tr", "" };
	static const char *const tails[] = { "a", "e", "i", "o", "u", "é", "an", "en", "er", "on",
		"ou", "al", "el", "is", "è", "in", "or", "ar", "ie", "et" };
	uint32_t bits = mix(number, salt), count = 2 + bits % 3;
	size_t begin = out->len;

	for (uint32_t i = 0; i < count; i++) {
		bits = mix(bits, i);
		tp_buf_adds(out, heads[bits % 20]);
		tp_buf_adds(out, tails[bits / 20 % 20]);
	}
	if (capital && out->data[begin] >= 'a' && out->data[begin] <= 'z')
		out->data[begin] = (char)(out->data[begin] - 'a' + 'A');
}

static void add_domain(struct tp_buf *out, uint32_t person)
{
	static const char *const common[] = { "gmail.com", "yahoo.fr", "hotmail.com", "belga.com",
		"skynet.be", "orange.fr", "free.fr", "gmx.de" };
	static const char *const tops[] = { "com", "be", "fr", "net", "org", "co.uk", "de", "eu" };
	uint32_t domain = mix(person, 7) % 3 ? mix(person, 8) % (SENDERS / 8) : UINT32_MAX;

	if (domain == UINT32_MAX) {
		tp_buf_adds(out, common[mix(person, 9) % 8]);
		return;
	}
	for (const char *top = tops[mix(domain, 10) % 8];; top = NULL) {
		struct tp_buf word = TP_BUF_INIT(64);

		add_word(&word, domain, 11, false);
		for (size_t i = 0; i < word.len; i++)
			if ((unsigned char)word.data[i] < 0x80)
				tp_buf_addc(out, word.data[i]);
		tp_buf_release(&word);
		tp_buf_addf(out, ".%s", top);
		break;
	}
}

/* first.last@domain, ASCII alone; newsletters have a bounce address of their own for each mail. */
static void add_address(struct tp_buf *out, uint32_t person)
{
	struct tp_buf name = TP_BUF_INIT(256);

	add_word(&name, mix(person, 1) % 2000, 2, false);
	tp_buf_addc(&name, mix(person, 3) % 4 ? '.' : '_');
	add_word(&name, mix(person, 4) % 30000, 5, false);
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.data[i] < 0x80)
			tp_buf_addc(out, name.data[i]);
	tp_buf_addc(out, '@');
	add_domain(out, person);
	tp_buf_release(&name);
}

static void add_person(struct tp_buf *out, uint32_t person)
{
	add_word(out, mix(person, 1) % 2000, 2, true);
	tp_buf_addc(out, ' ');
	add_word(out, mix(person, 4) % 30000, 5, true);
	tp_buf_adds(out, " <");
	add_address(out, person);
	tp_buf_addc(out, '>');
}

static void add_staff(struct tp_buf *out, uint32_t person, bool full)
{
	if (full) {
		add_word(out, mix(person, 21) % 800, 2, true);
		tp_buf_addc(out, ' ');
		add_word(out, mix(person, 22) % 3000, 5, true);
		tp_buf_adds(out, " <");
	}
	tp_buf_addf(out, "user%u@company.example", person);
	tp_buf_adds(out, full ? ">" : "");
}

static void add_subject(struct tp_buf *out)
{
	static const char *const openings[] = { "Re: ", "Re: ", "RE: ", "Fwd: ", "TR: ", "", "", "",
		"", "[intranet] ", "Facture ", "Invoice ", "" };
	uint32_t count = 2 + (uint32_t)(dice() % 6);

	tp_buf_adds(out, openings[dice() % 13]);
	for (uint32_t i = 0; i < count; i++) {
		tp_buf_adds(out, i ? " " : "");
		add_word(out, zipf(WORDS), 31, i == 0);
	}
	if (dice() % 4 == 0)
		tp_buf_addf(out, " #%u", (uint32_t)(dice() % 900000) + 100000);
	if (dice() % 10 == 0)
		tp_buf_adds(out, " - facturation");
}

static char *take(struct tp_buf *text)
{
	char *bytes = tp_buf_detach(text);

	tp_buf_init(text, 65536);
	return bytes;
}

static void make_record(struct tp_record *record, uint64_t number, uint64_t messages)
{
	struct tp_buf text = TP_BUF_INIT(65536);
	uint32_t person = zipf(SENDERS), to = zipf(STAFF), more = dice() % 5 ? 0 : 1 + dice() % 4;
	double years = (double)number / (double)messages * YEARS;

	tp_record_release(record);
	record->arrival_ms =
		BEGIN_MS + (int64_t)(years * 365.25 * 86400000) + (int64_t)(dice() % 60000);
	record->size_bytes = 1500 + (uint64_t)(2000 / (unit() + 0.0005));
	for (size_t i = 0; i < TP_SHA256_BYTES; i += 8) {
		uint64_t bits = dice();

		memcpy(record->sha256 + i, &bits, 8);
	}
	add_person(&text, person);
	record->from = take(&text);
	if (mix(person, 40) % 20 == 0)
		tp_buf_addf(&text, "bounce-%u-%u@", (uint32_t)dice(), to);
	if (text.len)
		add_domain(&text, person);
	else
		add_address(&text, person);
	record->sender = take(&text);
	add_staff(&text, to, dice() % 2);
	for (uint32_t i = 0; i < more; i++) {
		tp_buf_adds(&text, ", ");
		add_staff(&text, zipf(STAFF), dice() % 2);
	}
	record->to = take(&text);
	add_staff(&text, to, false);
	tp_strings_add(&record->rcpts, text.data, NULL);
	tp_buf_release(&text);
	tp_buf_init(&text, 65536);
	add_subject(&text);
	record->subject = take(&text);
	record->actor = strdup("uid 0");
	tp_record_identify(record, NULL);
}

static void fail(const char *what, const struct tp_error *err)
{
	fprintf(stderr, "archive-generate: %s: %s\n", what, err->text);
	exit(1);
}

static void make_pack(struct tp_archive *archive, uint32_t number, uint64_t first, uint64_t end,
	uint64_t messages)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_segment_builder *builder;
	char name[TP_ARCHIVE_NAME];
	struct tp_error err;
	int fd;

	if (tp_segment_builder_new(&builder, &err))
		fail("builder", &err);
	for (uint64_t i = first; i < end; i++) {
		make_record(&record, i, messages);
		if (tp_segment_builder_add(builder, &record, false, &err))
			fail("builder", &err);
	}
	if (tp_segment_builder_write(builder, archive, number, &err))
		fail("segment", &err);
	tp_segment_builder_free(builder);
	tp_record_release(&record);
	tp_archive_name("pack", number, name);
	fd = openat(archive->dir, name, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || close(fd))
		fail(name, &err);
}

int main(int argc, char **argv)
{
	struct tp_archive *archive;
	struct tp_conf *conf;
	struct tp_error err = { TP_OK, "" };
	uint64_t messages = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	uint32_t number = 0;

	if (!messages) {
		fprintf(stderr, "usage: archive-generate ARCHIVE MESSAGES\n");
		return 2;
	}
	if (tp_conf_load("/dev/null", &conf, &err) ||
		tp_archive_open(conf, argv[1], true, &archive, &err))
		fail(argv[1], &err);
	for (uint64_t i = 0; i < messages; i += PER_PACK)
		make_pack(archive, ++number, i, i + PER_PACK < messages ? i + PER_PACK : messages,
			messages);
	tp_archive_close(archive);
	tp_conf_free(conf);
	return 0;
}
