/* archive/events: lines are chained, torn ends go, changes show. */
#include "archive-tool.h"
#include "archive/events.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/hex.h"

static struct tp_archive *archive;
static struct tp_buf lines = TP_BUF_INIT(1 << 22), image = TP_BUF_INIT(1 << 23);

static enum tp_status gather(void *context, const char *line, size_t len, struct tp_error *why)
{
	unsigned *count = context;

	++*count;
	tp_buf_add(&lines, line, len);
	tp_buf_addc(&lines, '\n');
	return TP_OK;
}

/* How many lines a walk gives before it ends, and how. */
static unsigned walk(enum tp_status *status)
{
	unsigned count = 0;

	tp_buf_clear(&lines);
	*status = tp_events_walk(archive, gather, &count, &err);
	return count;
}

static void load(void)
{
	tp_buf_clear(&image);
	if (tp_file_read("box/events.log", &image, &err))
		exit(99);
}

static void store(const char *bytes, size_t len)
{
	int fd = open("box/events.log", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd))
		exit(99);
}

static void test_chain(void)
{
	unsigned char sha256[TP_SHA256_BYTES];
	char hex[TP_SHA256_HEX], *first;
	enum tp_status status;

	ok(walk(&status) == 0 && !status, "there are none in a new archive");
	setenv("TUBEPOST_NOW", "2005-07-01T09:30:00Z", 1);
	ok(!tp_event_add(archive, "Ann", "get", "0123456789abcdef", "a \"note\"\n\xff", &err) &&
			!tp_event_add(archive, NULL, "rotate", NULL, NULL, &err),
		"two are added");
	ok(walk(&status) == 2 && !status, "and found");
	ok(strstr(lines.data,
		   "{\"time\":\"2005-07-01T09:30:00Z\",\"actor\":\"Ann\",\"event\":\"get\","
		   "\"id\":\"0123456789abcdef\",\"note\":\"a \\\"note\\\"\\n\xef\xbf\xbd\","
		   "\"before\":\"\"}\n") == lines.data,
		"the first is as it should be");
	first = strchr(lines.data, '\n');
	tp_sha256(lines.data, (size_t)(first - lines.data), sha256, &err);
	tp_hex(sha256, sizeof sha256, hex);
	ok(strstr(first, "\"actor\":\"uid ") && strstr(first, "\"id\":null,\"note\":null") &&
			strstr(first, hex),
		"the second has the hash of the first");
}

/* A torn end of any length is no event, and goes. */
static void test_torn(void)
{
	enum tp_status status;
	unsigned bad = 0;
	size_t whole;

	load();
	whole = image.len;
	tp_event_add(archive, "Bob", "erase", "0123456789abcdef", "x", &err);
	load();
	for (size_t len = whole; len < image.len; len++) {
		store(image.data, len);
		bad += walk(&status) != 2 || status;
		bad += tp_event_add(archive, "Carl", "get", NULL, NULL, &err) != TP_OK ||
		       walk(&status) != 3 || status || !strstr(lines.data, "Carl");
	}
	ok(!bad, "cut at %zu places: the torn end is no event, and goes before the next",
		image.len - whole);
	store(image.data, image.len);
}

static void test_changes(void)
{
	enum tp_status status;
	unsigned bad = 0;
	char *second;

	for (int i = 0; i < 5; i++)
		tp_event_add(archive, "Dora", "get", "0123456789abcdef", NULL, &err);
	load();
	for (size_t i = 0; i + 1 < image.len; i += 3) {
		image.data[i] ^= 1;
		store(image.data, image.len);
		image.data[i] ^= 1;
		walk(&status);
		bad += status != TP_DATA &&
		       i < image.len - 300; /* nobody has hashed the last line */
	}
	ok(!bad, "a changed byte shows (%s)", err.text);
	second = strchr(image.data, '\n') + 1;
	store(second, image.len - (size_t)(second - image.data));
	ok(walk(&status) == 0 && status == TP_DATA && strstr(err.text, "events.log:1:"),
		"so does a missing first line: %s", err.text);
	store(image.data, image.len);
	ok(walk(&status) == 8 && !status, "as it was it is right");
}

static void test_at_once(void)
{
	enum tp_status status;
	int code, good = 0;

	for (int i = 0; i < 20; i++)
		if (!fork())
			_exit(tp_event_add(archive, "many", "get", NULL, NULL, &err) != TP_OK);
	while (wait(&code) > 0)
		good += WIFEXITED(code) && !WEXITSTATUS(code);
	ok(good == 20 && walk(&status) == 28 && !status, "twenty at once");
}

static char *long_note(size_t len)
{
	char *note = malloc(len + 1);

	memset(note, 'n', len);
	note[len] = '\0';
	return note;
}

static void test_long(void)
{
	char *note = long_note(100000);
	enum tp_status status;

	ok(!tp_event_add(archive, NULL, "erase", NULL, note, &err) &&
			!tp_event_add(archive, NULL, "erase", NULL, "short", &err) &&
			walk(&status) == 30 && !status,
		"a note of 100,000 bytes, and one behind it");
	free(note);
	archive->read_only = true;
	ok(tp_event_add(archive, NULL, "get", NULL, NULL, &err) == TP_DENIED,
		"nothing is written to what is read-only: %s", err.text);
}

static enum tp_status sum_up(void *context, uint32_t pack, struct tp_error *why)
{
	unsigned *packs = context;

	*packs = *packs * 10 + pack;
	return pack == 9 ? tp_fail(why, TP_LIMIT, "nine") : TP_OK;
}

/* The packs that left, as digits. */
static unsigned left(enum tp_status *status)
{
	unsigned packs = 0;

	*status = tp_events_left(archive, sum_up, &packs, &err);
	return packs;
}

static void add(const char *event, const char *id, const char *note)
{
	if (tp_event_add(archive, NULL, event, id, note, &err))
		exit(99);
}

/* Read a MiB at a time, of which the long notes let lines stand across the borders. */
static void test_left(void)
{
	char *note = long_note(700000);
	enum tp_status status;

	archive->read_only = false;
	ok(left(&status) == 0 && !status, "no pack has left");
	add("seal", NULL, "pack 00000001");
	add("rotate", NULL, "pack 00000002");
	add("erase", NULL, "pack 00000003");
	add("erase", "0123456789abcdef", "pack 00000004");
	for (int i = 0; i < 4; i++)
		add("get", NULL, note);
	add("release", NULL, "pack 00000005, disc 1");
	add("offer", NULL, "pack 6");
	for (int i = 0; i < 4; i++)
		add("get", NULL, note);
	add("erase", NULL, "pack 00000007");
	ok(left(&status) == 357 && !status, "those that did, and no other: %u", left(&status));
	load();
	image.data[5] ^= 1;
	store(image.data, image.len - 1);
	ok(left(&status) == 35 && !status, "no torn event counts, whatever the chain says");
	store(image.data, image.len);
	add("erase", NULL, "pack 00000009");
	add("erase", NULL, "pack 00000008");
	ok(left(&status) == 3579 && status == TP_LIMIT, "the caller can end it: %s", err.text);
	free(note);
}

int main(void)
{
	trash_make();
	archive = open_archive("box");
	test_chain();
	test_torn();
	test_changes();
	test_at_once();
	test_long();
	test_left();
	tp_archive_close(archive);
	tp_buf_release(&lines);
	tp_buf_release(&image);
	return done_testing();
}
