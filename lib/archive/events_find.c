/*
 * What the event log says of one message: see events.h. Apart from the writing, for who only puts mail
 * has no use for a JSON parser.
 *
 * Every line of a log of a million events would be 200 MB to read for an id that was mistyped. So only
 * its end is looked at, some twenty thousand events: that something was erased is known from packs and
 * journals; this is for when and by whom. Refused: an index of erasures, one more file to keep true.
 */
#include "archive/events.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"

#define WINDOW ((size_t)4 << 20)

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

static void take_line(struct erasure *erasure, const char *line, size_t len)
{
	struct tp_json *event = NULL;

	if (tp_json_parse(line, len, &event, NULL))
		return;
	if (is(event, "/event", "erase") && is(event, "/id", erasure->id)) {
		tp_buf_clear(erasure->time);
		tp_buf_clear(erasure->actor);
		tp_json_get(event, "/time", erasure->time);
		tp_json_get(event, "/actor", erasure->actor);
	}
	tp_json_free(event);
}

static void look(struct erasure *erasure, const char *bytes, size_t len)
{
	size_t id_len = strlen(erasure->id), n;
	const char *at = bytes, *end = bytes + len, *line;

	while ((at = memmem(at, (size_t)(end - at), erasure->id, id_len)) &&
		line_around(bytes, len, at, &line, &n)) {
		take_line(erasure, line, n);
		at = line + n;
	}
}

/* The end of the log; a line that begins before it does not parse. */
static void read_end(struct tp_archive *archive, struct tp_buf *bytes)
{
	int fd = openat(archive->dir, "events.log", O_RDONLY | O_CLOEXEC);
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
	look(&erasure, tp_buf_str(&bytes), bytes.len);
	tp_buf_release(&bytes);
	return time->len > 0;
}
