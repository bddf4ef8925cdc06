/* disc/ledger, disc/contents: what is recorded of a disc comes back; serials; steps; damage. */
#include "archive-tool.h"
#include "disc/contents.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "disc/ledger_file.h"

#define MAILS 9000 /* three groups */

static struct tp_archive *archive;
static unsigned char pieces[3 * TP_SHA256_BYTES], content[TP_SHA256_BYTES] = { 7 };

static struct tp_disc facts(unsigned image)
{
	return (struct tp_disc){ .medium = "dvd",
		.sectors = 1100,
		.mails = MAILS,
		.bytes = 123456,
		.first_ms = -5,
		.last_ms = 1120210200123,
		.image = { (unsigned char)image } };
}

static enum tp_status make(const char *serial, uint64_t mails, unsigned image)
{
	struct tp_disc_making *making;
	struct tp_disc disc = facts(image);
	enum tp_status status = tp_disc_reserve(archive, serial, content, &making, &err);

	for (unsigned i = 0; !status && i < mails; i++) {
		char id[32], path[64];
		struct tp_disc_mail mail = { id, path, i, 1, i % 2000 };

		snprintf(id, sizeof id, "%016u", i);
		snprintf(path, sizeof path, "data/2005/07/mail-%u.eml", i);
		status = tp_disc_add(making, &mail, &err);
	}
	if (!status)
		status = tp_disc_made(making, &disc, pieces, 3, "ann", &err);
	tp_disc_drop(making);
	return status;
}

static void test_serials(void)
{
	char serial[TP_SERIAL_LEN + 1], other[TP_SERIAL_LEN + 1];

	ok(tp_serial_normalize("abcDEf", serial) && !strcmp(serial, "ABCDEF"), "small letters");
	ok(!tp_serial_normalize("ABCDE", serial) && !tp_serial_normalize("ABCDEFG", serial) &&
			!tp_serial_normalize("ABCDE1", serial) &&
			!tp_serial_normalize("ABCDEI", serial) &&
			!tp_serial_normalize("ABCDEO", serial),
		"no serials: too short, too long, a digit, look-alikes");
	ok(!tp_serial_new(serial, &err) && tp_serial_normalize(serial, other) &&
			!strcmp(serial, other),
		"one by chance is one");
	ok(!tp_serial_new(other, &err) && strcmp(serial, other), "the next is another");
}

struct seen {
	uint64_t count;
	bool right;
};

static enum tp_status see(
	void *context, uint64_t i, const struct tp_disc_mail *mail, struct tp_error *why)
{
	struct seen *seen = context;
	char id[32], path[64];

	snprintf(id, sizeof id, "%016u", (unsigned)i);
	snprintf(path, sizeof path, "data/2005/07/mail-%u.eml", (unsigned)i);
	seen->right = seen->right && seen->count == i && !strcmp(mail->id, id) &&
		      !strcmp(mail->path, path) && mail->sector == i && mail->sectors == 1 &&
		      mail->size_bytes == i % 2000;
	seen->count++;
	return TP_OK;
}

static void test_made(void)
{
	struct tp_disc disc;
	struct tp_contents *contents = NULL;
	struct seen seen = { 0, true };
	struct tp_buf path = TP_BUF_INIT(1024);
	size_t count = 0;

	setenv("TUBEPOST_NOW", "2005-07-01T09:30:00Z", 1);
	ok(tp_disc_find(archive, "ABCDEF", &disc, &err) == TP_NOTHING, "no disc");
	ok(!make("ABCDEF", MAILS, 1), "a disc is made");
	ok(!tp_disc_find(archive, "ABCDEF", &disc, &err), "and found");
	ok(disc.number == 1 && !strcmp(disc.medium, "dvd") && disc.sectors == 1100 &&
			disc.mails == MAILS && disc.bytes == 123456 && disc.first_ms == -5 &&
			disc.last_ms == 1120210200123 && disc.when[TP_DISC_MADE] == 1120210200 &&
			!disc.when[TP_DISC_BURNT] && tp_disc_state(&disc) == TP_DISC_MADE &&
			disc.content[0] == 7,
		"with its facts");
	ok(!tp_contents_open(archive, &disc, &contents, &err), "its list opens");
	ok(!memcmp(tp_contents_pieces(contents, &count), pieces, sizeof pieces) && count == 3,
		"the pieces are there");
	ok(!tp_contents_walk(contents, see, &seen, &err) && seen.count == MAILS && seen.right,
		"and every mail");
	ok(!tp_contents_path(contents, 8999, &path, &err) &&
			!strcmp(path.data, "data/2005/07/mail-8999.eml"),
		"one by its number");
	ok(tp_contents_path(contents, 9000, &path, &err) == TP_NOTHING, "none behind the last");
	tp_contents_close(contents);
	tp_buf_release(&path);
	ok(!make("BCDEFG", MAILS, 1) && !tp_disc_get(archive, 2, &disc, &err) &&
			!strcmp(disc.serial, "BCDEFG"),
		"the next has the next number");
}

static void test_again(void)
{
	struct tp_disc_making *first, *second;
	struct tp_disc disc;

	ok(make("CDEFGH", 5, 1) == TP_INTERNAL, "not the mails that it has");
	ok(tp_disc_find(archive, "CDEFGH", &disc, &err) == TP_NOTHING, "is not recorded");
	ok(!make("ABCDEF", MAILS, 9) && !tp_disc_find(archive, "ABCDEF", &disc, &err) &&
			disc.number == 1 && disc.image[0] == 9,
		"made again it keeps its number");
	content[0] = 8;
	ok(make("ABCDEF", MAILS, 9) == TP_USAGE, "other content under the same serial: %s",
		err.text);
	content[0] = 7;
	ok(!tp_disc_reserve(archive, "DEFGHJ", content, &first, &err), "a serial is reserved");
	ok(tp_disc_reserve(archive, "DEFGHJ", content, &second, &err) == TP_TEMPORARY && !second,
		"nobody else gets it");
	ok(!tp_disc_reserve(archive, "DEFGHK", content, &second, &err), "but another");
	tp_disc_drop(first);
	tp_disc_drop(second);
	ok(!tp_disc_reserve(archive, "DEFGHJ", content, &first, &err), "let go, it is free");
	tp_disc_drop(first);
}

/* Reads the disc as the ledger has it, and what the ledger has then. */
static enum tp_status read_back(struct tp_disc *disc, bool device, uint64_t bad)
{
	struct tp_disc_read read = { device, 3, bad, bad };
	enum tp_status status = tp_disc_find(archive, "ABCDEF", disc, &err);

	if (!status)
		status = tp_disc_mark_read(archive, disc, &read, "ann", &err);
	return status ? status : tp_disc_find(archive, "ABCDEF", disc, &err);
}

static bool is(const struct tp_disc *disc, const char *word)
{
	return !strcmp(tp_disc_state_word(disc), word);
}

static void test_steps(void)
{
	struct tp_disc disc;

	setenv("TUBEPOST_NOW", "2005-07-02T09:30:00Z", 1);
	ok(tp_disc_mark(archive, "ZZZZZZ", TP_DISC_BURNT, NULL, &err) == TP_NOTHING,
		"no such disc");
	ok(!tp_disc_mark(archive, "ABCDEF", TP_DISC_BURNT, "ann", &err), "burnt");
	setenv("TUBEPOST_NOW", "2005-07-03T09:30:00Z", 1);
	ok(!tp_disc_mark(archive, "ABCDEF", TP_DISC_BURNT, "ann", &err), "burnt again");
	ok(!tp_disc_find(archive, "ABCDEF", &disc, &err) &&
			disc.when[TP_DISC_BURNT] == 1120296600 &&
			tp_disc_state(&disc) == TP_DISC_BURNT,
		"keeps its day");
	ok(make("ABCDEF", MAILS, 9) == TP_USAGE, "a burnt one is not made again: %s", err.text);
	ok(!tp_disc_mark(archive, "ABCDEF", TP_DISC_LOST, "ann", &err), "lost");
	ok(tp_disc_mark(archive, "ABCDEF", TP_DISC_RECEIVED, "ann", &err) == TP_USAGE,
		"what is lost is not received");
	ok(!read_back(&disc, true, 0) && !disc.when[TP_DISC_LOST] &&
			tp_disc_state(&disc) == TP_DISC_VERIFIED,
		"found again");
	ok(!tp_disc_mark_left(archive, 1, &err) && !tp_disc_get(archive, 1, &disc, &err) &&
			disc.left_at == 1120383000,
		"its mails have left");
}

/* What counts as the disc, and what becomes of one that was read. */
static void test_reading(void)
{
	struct tp_disc disc = { .serial = "ABCDEF", .when = { 86400 } }, before;
	struct tp_disc_read good = { true, 3, 0, 0 };
	char verified[] = "verified", burnt[] = "burnt", received[] = "received";
	char *rule = archive->settings.after;

	ok(tp_disc_counts(&disc, true, NULL) && !tp_disc_counts(&disc, false, &err),
		"only a device counts: %s", err.text);
	disc.when[TP_DISC_RECEIVED] = 86400;
	ok(!tp_disc_counts(&disc, false, NULL), "nor has it been burnt by coming to somebody");
	disc.when[TP_DISC_BURNT] = 86400;
	ok(tp_disc_counts(&disc, false, NULL), "burnt: a file counts");
	disc.when[TP_DISC_LOST] = 86400;
	ok(tp_disc_counts(&disc, true, NULL) && !tp_disc_counts(&disc, false, &err),
		"lost: it does not: %s", err.text);
	disc.when[TP_DISC_LOST] = 0;
	disc.bad_at = 86400;
	ok(tp_disc_counts(&disc, false, NULL), "bad in a file: another one may be better");
	disc.bad_device = true;
	ok(tp_disc_counts(&disc, true, NULL) && !tp_disc_counts(&disc, false, &err),
		"bad in a drive: %s", err.text);

	archive->settings.after = verified;
	ok(!read_back(&disc, false, 0) && is(&disc, "verified") && tp_disc_is_good(archive, &disc),
		"good");
	before = disc;
	ok(!read_back(&disc, false, 2) && disc.bad_at && !disc.bad_device && is(&disc, "bad") &&
			disc.when[TP_DISC_VERIFIED] && !tp_disc_is_good(archive, &disc),
		"bad: it was verified, and is good for nothing");
	archive->settings.after = burnt;
	ok(!tp_disc_is_good(archive, &disc), "whatever the rule");
	archive->settings.after = received;
	ok(tp_disc_mark_read(archive, &before, &good, "ann", &err) == TP_TEMPORARY,
		"who began to read before does not take it back: %s", err.text);
	ok(tp_disc_mark(archive, "ABCDEF", TP_DISC_VERIFIED, "ann", &err) == TP_USAGE,
		"nor does one's word: %s", err.text);
	ok(!tp_disc_mark(archive, "ABCDEF", TP_DISC_RECEIVED, "ann", &err) &&
			!tp_disc_find(archive, "ABCDEF", &disc, &err) && is(&disc, "bad") &&
			!tp_disc_is_good(archive, &disc),
		"it may be received, and is bad");
	ok(!read_back(&disc, true, 1) && disc.bad_device, "in a drive, too");
	ok(!read_back(&disc, false, 1) && disc.bad_device, "a file changes nothing about that");
	ok(!read_back(&disc, true, 0) && !disc.bad_at && !disc.bad_device &&
			is(&disc, "received") && tp_disc_is_good(archive, &disc),
		"read again, and good");
	before = disc;
	ok(!tp_disc_mark(archive, "ABCDEF", TP_DISC_LOST, "ann", &err) &&
			tp_disc_mark_read(archive, &before, &good, "ann", &err) == TP_TEMPORARY &&
			!tp_disc_find(archive, "ABCDEF", &disc, &err) && is(&disc, "lost"),
		"lost while it was read: it is lost: %s", err.text);
	ok(!read_back(&disc, true, 1) && is(&disc, "lost") && disc.bad_at, "lost and bad");
	ok(!read_back(&disc, true, 0) && is(&disc, "received"), "found, and good");
	before = disc;
	before.image[0] ^= 1;
	ok(tp_disc_mark_read(archive, &before, &good, "ann", &err) == TP_TEMPORARY,
		"made anew while it was read: %s", err.text);
	archive->settings.after = rule;
}

/* A disc that somebody burns while it is made again stays burnt. */
static void test_burnt_meanwhile(void)
{
	struct tp_disc_making *making;
	struct tp_disc disc = facts(9), found;
	struct tp_disc_mail mail = { "0000000000000000", "data/a.eml", 1, 1, 1 };

	disc.mails = 1;
	if (tp_disc_reserve(archive, "EFGHJK", content, &making, &err) ||
		tp_disc_add(making, &mail, &err) ||
		tp_disc_made(making, &disc, pieces, 3, "ann", &err))
		exit(99);
	tp_disc_drop(making);
	ok(!tp_disc_reserve(archive, "EFGHJK", content, &making, &err) &&
			!tp_disc_add(making, &mail, &err),
		"a disc is made again");
	ok(!tp_disc_mark(archive, "EFGHJK", TP_DISC_BURNT, "ann", &err), "and burnt meanwhile");
	ok(tp_disc_made(making, &disc, pieces, 3, "ann", &err) == TP_USAGE, "that is refused: %s",
		err.text);
	ok(!tp_disc_find(archive, "EFGHJK", &found, &err) && found.when[TP_DISC_BURNT],
		"what was recorded stays");
	tp_disc_drop(making);
}

/* The facts with each bit flipped in turn: none makes a disc good that was not, or takes back that it is
 * bad or lost. */
static void test_flipped_facts(void)
{
	static const char name[] = "box/disc/00000003.json";
	unsigned better = 0, other = 0;
	struct tp_disc disc, flipped;
	struct stat st;
	int fd;

	if (tp_disc_mark(archive, "EFGHJK", TP_DISC_LOST, "ann", &err) ||
		tp_disc_find(archive, "EFGHJK", &disc, &err) || disc.number != 3)
		exit(99);
	disc.bad_at = 86400;
	disc.when[TP_DISC_BURNT] = 0;
	fd = tp_ledger_write(archive, &disc, &err) ? -1 : open(name, O_RDWR);
	if (fd < 0 || fstat(fd, &st))
		exit(99);
	for (off_t at = 0; at < st.st_size * 8; at++) {
		unsigned char byte;
		enum tp_status status;

		if (pread(fd, &byte, 1, at / 8) != 1)
			exit(99);
		byte ^= (unsigned char)(1U << at % 8);
		if (pwrite(fd, &byte, 1, at / 8) != 1)
			exit(99);
		status = tp_ledger_read(archive, 3, &flipped, &err);
		if (status && status != TP_DATA)
			other++;
		if (!status &&
			(!flipped.when[TP_DISC_LOST] || !flipped.bad_at ||
				flipped.when[TP_DISC_BURNT] || flipped.when[TP_DISC_VERIFIED] ||
				flipped.when[TP_DISC_RECEIVED]))
			better++;
		byte ^= (unsigned char)(1U << at % 8);
		if (pwrite(fd, &byte, 1, at / 8) != 1)
			exit(99);
	}
	close(fd);
	ok(!better && !other, "flipped bits make no disc better (%u, %u)", better, other);
}

/* Written before there were bad ones. */
static void test_older(void)
{
	struct tp_buf text = TP_BUF_INIT(65536);
	struct tp_disc disc;
	char *bad;

	if (tp_disc_get(archive, 3, &disc, &err) || disc.bad_at != 86400 ||
		tp_archive_file_read(archive, "disc/00000003.json", &text, &err))
		exit(99);
	bad = strstr(tp_buf_str(&text), ",\"bad\"");
	if (!bad)
		exit(99);
	tp_buf_truncate(&text, (size_t)(bad - text.data));
	tp_buf_adds(&text, "}\n");
	trash_file("box/disc/00000003.json", text.data, 0600);
	ok(!tp_disc_get(archive, 3, &disc, &err) && !disc.bad_at, "without `bad` it is not");
	tp_buf_truncate(&text, text.len - 2);
	tp_buf_adds(&text, ",\"bad_device\":0}\n");
	trash_file("box/disc/00000003.json", text.data, 0600);
	ok(tp_disc_get(archive, 3, &disc, &err) == TP_DATA, "half of it is damage: %s", err.text);
	tp_buf_release(&text);
	unlink("box/disc/00000003.json");
}

/* Every byte of the file flipped in turn (every 97th, for time): never a wrong list. */
static void test_damage(void)
{
	struct tp_disc disc;
	struct stat st;
	unsigned read_right = 0, refused = 0, other = 0;
	int fd = open("box/disc/00000001.tpd", O_RDWR);

	if (fd < 0 || fstat(fd, &st) || tp_disc_get(archive, 1, &disc, &err))
		exit(99);
	for (off_t at = 0; at < st.st_size; at += at < 80 ? 1 : 97) {
		struct tp_contents *contents = NULL;
		struct seen seen = { 0, true };
		unsigned char byte;
		enum tp_status status;

		if (pread(fd, &byte, 1, at) != 1)
			exit(99);
		byte ^= 16;
		if (pwrite(fd, &byte, 1, at) != 1)
			exit(99);
		status = tp_contents_open(archive, &disc, &contents, &err);
		if (!status)
			status = tp_contents_walk(contents, see, &seen, &err);
		tp_contents_close(contents);
		if (!status && seen.count == MAILS && seen.right)
			read_right++;
		else if (status == TP_DATA)
			refused++;
		else
			other++;
		byte ^= 16;
		if (pwrite(fd, &byte, 1, at) != 1)
			exit(99);
	}
	ok(refused > 50 && !other && read_right < 20,
		"flipped bytes: %u refused, %u without meaning", refused, read_right);
	if (ftruncate(fd, st.st_size - 1))
		exit(99);
	close(fd);
	ok(tp_disc_find(archive, "ABCDEF", &disc, &err) == TP_OK, "the facts are elsewhere");
	{
		struct tp_contents *contents;

		ok(tp_contents_open(archive, &disc, &contents, &err) == TP_DATA && !contents,
			"cut: %s", err.text);
	}
	trash_file("box/disc/00000002.json", "{\"number\":2}\n", 0600);
	ok(tp_disc_find(archive, "ABCDEF", &disc, &err) == TP_OK, "others' facts are damaged");
	ok(tp_disc_get(archive, 2, &disc, &err) == TP_DATA && strstr(err.text, "00000002.json"),
		"damaged facts: %s", err.text);
}

int main(void)
{
	trash_make();
	for (size_t i = 0; i < sizeof pieces; i++)
		pieces[i] = (unsigned char)i;
	archive = open_archive("box");
	test_serials();
	test_made();
	test_again();
	test_steps();
	test_reading();
	test_burnt_meanwhile();
	test_flipped_facts();
	test_older();
	test_damage();
	tp_archive_close(archive);
	return done_testing();
}
