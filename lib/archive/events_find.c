/*
 * What the event log says of one message, and which packs it says left: see events.h. Apart from the
 * writing, for who only puts mail has no use for a JSON parser; it is given only lines that say the id,
 * or that they have none.
 *
 * Every line of a log of a million events would be 200 MB to read for an id that was mistyped. So for a
 * message only the end is looked at, some twenty thousand events: that something was erased is known
 * from packs and journals; this is for when and by whom. Refused: an index of erasures, one more file to
 * keep true. Packs that left are looked for in all of it, for each of them counts.
 */
#include "archive/events.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

#define NAME    "events.log"
#define WINDOW  ((size_t)4 << 20)
#define AT_ONCE ((size_t)1 << 20)

/* --- lines ------------------------------------------------------------------------------------ */

/* The line that the hit is in; false when it does not end in the window. */
static bool line_around(
	const char *bytes, size_t len, const char *hit, const char **line, size_t *n)
{
	const char *before = memrchr(bytes, '\n', (size_t)(hit - bytes));
	const char *end = memchr(hit, '\n', len - (size_t)(hit - bytes));

	*line = before ? before + 1 : bytes;
	*n = end ? (size_t)(end - *line) : 0;
	return end;
}

typedef enum tp_status take(void *context, const char *line, size_t len, struct tp_error *err);

/* Gives the whole lines, without their ends, that the needle is in. */
static enum tp_status look(const char *bytes, size_t len, const char *needle, take *take_line,
	void *context, struct tp_error *err)
{
	size_t needle_len = strlen(needle), n;
	const char *at = bytes, *end = bytes + len, *line;
	enum tp_status status = TP_OK;

	while (!status && (at = memmem(at, (size_t)(end - at), needle, needle_len)) &&
		line_around(bytes, len, at, &line, &n)) {
		status = take_line(context, line, n, err);
		at = line + n;
	}
	return status;
}

/* --- a message -------------------------------------------------------------------------------- */

struct erasure {
	const char *id;
	struct tp_buf *time, *actor;
};

static bool is(const struct tp_json *event, const char *pointer, const char *value)
{
	struct tp_buf text = TP_BUF_INIT(65536);
	bool same = tp_json_get(event, pointer, &text) && !strcmp(tp_buf_str(&text), value);

	tp_buf_release(&text);
	return same;
}

static enum tp_status take_erasure(
	void *context, const char *line, size_t len, struct tp_error *err)
{
	const struct erasure *erasure = context;
	struct tp_json *event = NULL;

	if (tp_json_parse(line, len, &event, NULL))
		return TP_OK;
	if (is(event, "/event", "erase") && is(event, "/id", erasure->id)) {
		tp_buf_clear(erasure->time);
		tp_buf_clear(erasure->actor);
		tp_json_get(event, "/time", erasure->time);
		tp_json_get(event, "/actor", erasure->actor);
	}
	tp_json_free(event);
	return TP_OK;
}

/* The end of the log; a line that begins before it does not parse. */
static void read_end(struct tp_archive *archive, struct tp_buf *bytes)
{
	int fd = openat(archive->dir, NAME, O_RDONLY | O_CLOEXEC);
	struct stat st;
	off_t from;
	ssize_t n;
	char *room;

	if (fd >= 0 && !fstat(fd, &st)) {
		from = st.st_size > (off_t)WINDOW ? st.st_size - (off_t)WINDOW : 0;
		room = tp_buf_reserve(bytes, (size_t)(st.st_size - from));
		n = room ? pread(fd, room, (size_t)(st.st_size - from), from) : 0;
		tp_buf_grew(bytes, n > 0 ? (size_t)n : 0);
	}
	if (fd >= 0)
		close(fd);
}

bool tp_event_find_erasure(
	struct tp_archive *archive, const char *id, struct tp_buf *time, struct tp_buf *actor)
{
	struct erasure erasure = { .id = id, .time = time, .actor = actor };
	struct tp_buf bytes = TP_BUF_INIT(WINDOW);

	read_end(archive, &bytes);
	look(tp_buf_str(&bytes), bytes.len, id, take_erasure, &erasure, NULL);
	tp_buf_release(&bytes);
	return time->len > 0;
}

/* --- packs that left -------------------------------------------------------------------------- */

/* The eight digits behind "pack ". */
static bool parse_pack(const char *note, uint32_t *number)
{
	const char *pack = strstr(note, "pack ");
	char *end;

	if (!pack || strspn(pack + 5, "0123456789") != 8)
		return false;
	*number = (uint32_t)strtoul(pack + 5, &end, 10);
	return true;
}

bool tp_event_is_leaving(const char *line, size_t len, uint32_t *pack)
{
	struct tp_buf event = TP_BUF_INIT(4096), id = TP_BUF_INIT(4096),
		      note = TP_BUF_INIT(1 << 20);
	struct tp_json *doc = NULL;
	bool leaving;

	if (!memmem(line, len, "pack ", 5) || tp_json_parse(line, len, &doc, NULL))
		return false;
	leaving = tp_json_get(doc, "/event", &event) && !tp_json_get(doc, "/id", &id) &&
		  tp_json_get(doc, "/note", &note) && strcmp(event.data, "seal") &&
		  strcmp(event.data, "rotate") && parse_pack(note.data, pack);
	tp_json_free(doc);
	tp_buf_release(&event);
	tp_buf_release(&id);
	tp_buf_release(&note);
	return leaving;
}

struct left {
	tp_event_left *each;
	void *context;
};

static enum tp_status take_leaving(
	void *context, const char *line, size_t len, struct tp_error *err)
{
	const struct left *left = context;
	uint32_t number;

	return tp_event_is_leaving(line, len, &number) ? left->each(left->context, number, err)
						       : TP_OK;
}

/* Adds what the file has next. *more: that was something. */
static enum tp_status read_on(int fd, struct tp_buf *bytes, bool *more, struct tp_error *err)
{
	char *room = tp_buf_reserve(bytes, AT_ONCE);
	ssize_t n;

	if (!room)
		return tp_buf_status(bytes, NAME, err);
	n = tp_read(fd, room, AT_ONCE);
	if (n < 0)
		return tp_fail_errno(err, TP_IO, NAME ": cannot read");
	tp_buf_grew(bytes, (size_t)n);
	*more = n > 0;
	return TP_OK;
}

enum tp_status tp_events_left(
	struct tp_archive *archive, tp_event_left *each, void *context, struct tp_error *err)
{
	struct left left = { each, context };
	int fd = openat(archive->dir, NAME, O_RDONLY | O_CLOEXEC);
	struct tp_buf bytes = TP_BUF_INIT(64 * AT_ONCE);
	enum tp_status status = TP_OK;
	bool more = true;

	if (fd < 0)
		return errno == ENOENT ? TP_OK : tp_fail_errno(err, TP_IO, NAME);
	while (!status && more) {
		const char *end;
		size_t len;

		status = read_on(fd, &bytes, &more, err);
		end = status || !bytes.len ? NULL : memrchr(bytes.data, '\n', bytes.len);
		if (!end)
			continue;
		len = (size_t)(end - bytes.data) + 1;
		/* Events about a pack have no id. */
		status = look(bytes.data, len, "\"id\":null", take_leaving, &left, err);
		memmove(bytes.data, bytes.data + len, bytes.len - len);
		bytes.len -= len;
	}
	close(fd);
	tp_buf_release(&bytes);
	return status;
}
