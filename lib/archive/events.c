/*
 * The event log: see events.h. A line is written by one write behind the last whole line and synced;
 * what a killed writer or a full disk left behind the last line end was never acknowledged, is no
 * event to readers, and goes before the next line comes. The first line's `before` is empty.
 *
 * The chain shows a line that was changed, put in or taken out. It cannot show that the last lines
 * were cut off; that is what archive-check's report, kept elsewhere, is for.
 */
#include "archive/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/json.h"

#define NAME      "events.log"
#define EVENT_MAX ((size_t)1 << 20)
#define STEP      ((size_t)4096) /* read backwards at a time */

static enum tp_status failed(struct tp_archive *archive, const char *what, struct tp_error *err)
{
	return tp_fail_errno(err, TP_IO, "%s/" NAME ": cannot %s", archive->path, what);
}

/* --- appending -------------------------------------------------------------------------------- */

/* Opens and locks the log; a new one's name is made to last by whoever finds it empty. */
static enum tp_status open_log(struct tp_archive *archive, int *fd, struct tp_error *err)
{
	*fd = tp_create_at(archive->dir, NAME, O_RDWR | O_CLOEXEC, 0640);
	if (*fd < 0)
		return failed(archive, "open", err);
	while (flock(*fd, LOCK_EX))
		if (errno != EINTR)
			return failed(archive, "lock", err);
	return TP_OK;
}

/* Where the last whole line ends, and that line without its end in *last. */
static enum tp_status find_last(struct tp_archive *archive, int fd, uint64_t *end,
	struct tp_buf *last, struct tp_error *err)
{
	struct stat st;
	size_t want = STEP;

	if (fstat(fd, &st))
		return failed(archive, "read", err);
	for (;; want *= 2) {
		uint64_t from = (uint64_t)st.st_size > want ? (uint64_t)st.st_size - want : 0;
		size_t len = (size_t)((uint64_t)st.st_size - from);
		char *bytes, *lf, *before;

		tp_buf_clear(last);
		bytes = tp_buf_reserve(last, len);
		if (!bytes)
			return tp_buf_status(last, NAME, err);
		if (pread(fd, bytes, len, (off_t)from) != (ssize_t)len)
			return failed(archive, "read", err);
		lf = len ? memrchr(bytes, '\n', len) : NULL;
		before = lf ? memrchr(bytes, '\n', (size_t)(lf - bytes)) : NULL;
		if (from && !before)
			continue;
		*end = lf ? from + (uint64_t)(lf - bytes) + 1 : 0;
		before = before ? before + 1 : bytes;
		len = lf ? (size_t)(lf - before) : 0;
		memmove(bytes, before, len);
		tp_buf_grew(last, len);
		return TP_OK;
	}
}

static void hash_line(const char *line, size_t len, char hex[TP_SHA256_HEX])
{
	unsigned char sha256[TP_SHA256_BYTES];

	hex[0] = '\0';
	if (!len)
		return;
	tp_sha256(line, len, sha256, NULL);
	tp_hex(sha256, sizeof sha256, hex);
}

static enum tp_status compose(const char *actor, const char *event, const char *id,
	const char *note, const char *before, struct tp_buf *line, struct tp_error *err)
{
	struct tp_buf time = TP_BUF_INIT(64);
	char uid[32];

	snprintf(uid, sizeof uid, "uid %lu", (unsigned long)getuid());
	tp_date_rfc3339(tp_now(), &time);
	tp_buf_addc(line, '{');
	tp_json_pair(line, "time", tp_buf_str(&time));
	tp_json_pair(line, "actor", actor ? actor : uid);
	tp_json_pair(line, "event", event);
	tp_json_pair(line, "id", id);
	tp_json_pair(line, "note", note);
	tp_json_pair(line, "before", before);
	tp_buf_adds(line, "}\n");
	tp_buf_release(&time);
	return tp_buf_status(line, "event", err);
}

/* Writes the line at `end`, cutting off what stands there; on failure it is as it was. */
static enum tp_status append(struct tp_archive *archive, int fd, uint64_t end,
	const struct tp_buf *line, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (ftruncate(fd, (off_t)end))
		return failed(archive, "cut", err);
	if (end == 0 && fsync(archive->dir) && errno != EINVAL)
		return failed(archive, "sync the folder of", err);
	if (lseek(fd, (off_t)end, SEEK_SET) < 0)
		return failed(archive, "write", err);
	status = tp_write_all(fd, line->data, line->len, NAME, err);
	if (!status && fdatasync(fd))
		status = failed(archive, "sync", err);
	if (status)
		(void)!ftruncate(fd, (off_t)end);
	return status;
}

enum tp_status tp_event_add(struct tp_archive *archive, const char *actor, const char *event,
	const char *id, const char *note, struct tp_error *err)
{
	struct tp_buf last = TP_BUF_INIT(2 * EVENT_MAX), line = TP_BUF_INIT(EVENT_MAX);
	char before[TP_SHA256_HEX];
	enum tp_status status;
	uint64_t end = 0;
	int fd = -1;

	if (archive->read_only)
		return tp_fail(err, TP_DENIED, "archive %s: read-only", archive->path);
	status = open_log(archive, &fd, err);
	if (!status)
		status = find_last(archive, fd, &end, &last, err);
	hash_line(tp_buf_str(&last), status ? 0 : last.len, before);
	if (!status)
		status = compose(actor, event, id, note, before, &line, err);
	if (!status)
		status = append(archive, fd, end, &line, err);
	if (fd >= 0)
		close(fd);
	tp_buf_release(&last);
	tp_buf_release(&line);
	return status;
}

/* --- walking ---------------------------------------------------------------------------------- */

struct walk {
	struct tp_archive *archive;
	tp_event_each *each;
	void *context;
	uint64_t number;
	char before[TP_SHA256_HEX];
};

/* A line ends in its `before`, so that no parser has to be trusted to find it. */
static bool is_chained(const struct walk *walk, const char *line, size_t len)
{
	char end[TP_SHA256_HEX + 16];
	size_t end_len = (size_t)snprintf(end, sizeof end, ",\"before\":\"%s\"}", walk->before);

	return len > end_len && *line == '{' && !memcmp(line + len - end_len, end, end_len);
}

static enum tp_status take_line(
	struct walk *walk, const char *line, size_t len, struct tp_error *err)
{
	walk->number++;
	if (!is_chained(walk, line, len))
		return tp_fail(err, TP_DATA, "%s/" NAME ":%llu: the chain is broken",
			walk->archive->path, (unsigned long long)walk->number);
	hash_line(line, len, walk->before);
	return walk->each(walk->context, line, len, err);
}

static enum tp_status walk_lines(struct walk *walk, FILE *file, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	/* What has no line end is no event yet. */
	while (!status && (len = getline(&line, &cap, file)) > 0 && line[len - 1] == '\n')
		status = take_line(walk, line, (size_t)len - 1, err);
	if (!status && ferror(file))
		status = failed(walk->archive, "read", err);
	free(line);
	return status;
}

enum tp_status tp_events_walk(
	struct tp_archive *archive, tp_event_each *each, void *context, struct tp_error *err)
{
	struct walk walk = { .archive = archive, .each = each, .context = context };
	int fd = openat(archive->dir, NAME, O_RDONLY | O_CLOEXEC);
	enum tp_status status;
	FILE *file;

	if (fd < 0 && errno == ENOENT)
		return TP_OK;
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file) {
		status = failed(archive, "read", err);
		if (fd >= 0)
			close(fd);
		return status;
	}
	status = walk_lines(&walk, file, err);
	fclose(file);
	return status;
}
