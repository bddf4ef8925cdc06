/* The upload ledger: see ledger.h. */
#include "drop/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/db.h"
#include "base/diag.h"
#include "base/file.h"

#define BUSY_MS             10000
#define PRUNED_AT_ONCE      32
#define KEPT_WITHOUT_EXPIRY (60 * 86400) /* long enough for any mail queue */

/* `until`: when the row may be forgotten; a link without expiry has one, too. */
static const char *const migrations[] = {
	"CREATE TABLE link (key TEXT PRIMARY KEY, url TEXT NOT NULL, delete_url TEXT,"
	" expires INTEGER NOT NULL, recorded INTEGER NOT NULL, until INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE INDEX link_until ON link (until);",
	NULL,
};

struct tp_ledger {
	struct tp_db *db;
	const struct tp_conf *conf;
	char *path;
	struct stat file; /* the one that was opened */
};

static enum tp_status open_db(struct tp_ledger *ledger, struct tp_error *err)
{
	if (stat(ledger->path, &ledger->file))
		ledger->file = (struct stat){ .st_ino = 0 };
	return tp_db_open(ledger->path, migrations, BUSY_MS, &ledger->db, err);
}

/* --- a damaged ledger --------------------------------------------------------------------------
 *
 * Waiting would not mend it, and every heavy mail would wait. So it is moved out of the way, whole,
 * and a new one begins. No row is taken over: what a damaged file says may be wrong, a wrong link
 * would be a lost attachment, and a lost row is only an upload more.
 */

/* PATH.damaged-20261121T042042Z, with a number behind when there is one already. */
static enum tp_status name_aside(const char *path, struct tp_buf *name, struct tp_error *err)
{
	struct tp_buf time = TP_BUF_INIT(64);
	unsigned number = 0;

	tp_date_rfc3339(tp_now(), &time);
	do {
		tp_buf_clear(name);
		tp_buf_addf(name, "%s.damaged-", path);
		for (size_t i = 0; i < time.len; i++)
			if (time.data[i] != '-' && time.data[i] != ':')
				tp_buf_addc(name, time.data[i]);
		if (number)
			tp_buf_addf(name, ".%u", number);
		number++;
	} while (!name->status && !access(tp_buf_str(name), F_OK));
	tp_buf_release(&time);
	return tp_buf_status(name, "name of the damaged ledger", err);
}

/* The log beside it goes first: whenever this ends half way, no new ledger meets an old log. */
static enum tp_status set_aside(
	const struct tp_ledger *ledger, const char *why, struct tp_error *err)
{
	static const char *const files[] = { "-wal", "-shm", "" };
	struct tp_buf name = TP_BUF_INIT(1 << 16), from = TP_BUF_INIT(1 << 16),
		      to = TP_BUF_INIT(1 << 16);
	enum tp_status status = name_aside(ledger->path, &name, err);

	for (size_t i = 0; !status && i < sizeof files / sizeof *files; i++) {
		tp_buf_clear(&from);
		tp_buf_clear(&to);
		tp_buf_addf(&from, "%s%s", ledger->path, files[i]);
		tp_buf_addf(&to, "%s%s", tp_buf_str(&name), files[i]);
		status = tp_buf_status(&to, "name of the damaged ledger", err);
		if (!status && rename(tp_buf_str(&from), tp_buf_str(&to)) &&
			(errno != ENOENT || !*files[i]))
			status = tp_fail_errno(
				err, TP_IO, "setting a damaged %s aside", ledger->path);
	}
	if (!status)
		tp_warn("%s; set aside as %s, and a new ledger begins: files that are already "
			"uploaded may be uploaded again",
			why, tp_buf_str(&name));
	tp_buf_release(&name);
	tp_buf_release(&from);
	tp_buf_release(&to);
	return status;
}

/* Opens a new ledger in place of the one that was found damaged, unless another process, which
 * found the same, has done so. `err` says what was found, and afterwards why that failed. */
static enum tp_status begin_anew(struct tp_ledger *ledger, struct tp_error *err)
{
	static const char *const keys[] = { "a damaged ledger" };
	struct tp_error why = *err;
	struct stat now;
	enum tp_status status;
	int lock;

	tp_db_close(ledger->db);
	ledger->db = NULL;
	status = tp_ledger_lock(ledger->conf, keys, 1, BUSY_MS, &lock, err);
	if (status)
		return status;
	if (!stat(ledger->path, &now) && now.st_dev == ledger->file.st_dev &&
		now.st_ino == ledger->file.st_ino)
		status = set_aside(ledger, why.text, err);
	if (!status)
		status = open_db(ledger, err);
	tp_ledger_unlock(lock);
	return status;
}

/* --- opening, finding, recording -------------------------------------------------------------- */

enum tp_status tp_ledger_open(
	const struct tp_conf *conf, struct tp_ledger **out, struct tp_error *err)
{
	struct tp_ledger *ledger = calloc(1, sizeof *ledger);
	struct tp_buf path = TP_BUF_INIT(1 << 16);
	enum tp_status status;

	*out = NULL;
	if (!ledger)
		return tp_fail(err, TP_NOMEM, "opening the upload ledger: out of memory");
	ledger->conf = conf;
	status = tp_conf_state_path(conf, "ledger.db", &path, err);
	ledger->path = tp_buf_detach(&path);
	if (!status && !ledger->path)
		status = tp_fail(err, TP_NOMEM, "opening the upload ledger: out of memory");
	if (!status)
		status = open_db(ledger, err);
	if (status == TP_DATA)
		status = begin_anew(ledger, err);
	if (status)
		tp_ledger_close(ledger);
	else
		*out = ledger;
	tp_buf_release(&path);
	return status;
}

void tp_ledger_close(struct tp_ledger *ledger)
{
	if (!ledger)
		return;
	tp_db_close(ledger->db);
	free(ledger->path);
	free(ledger);
}

static bool lives_long_enough(int64_t expires, int64_t recorded, int64_t now, int64_t asked)
{
	int64_t given = expires - recorded;
	int64_t wanted = asked - now;

	if (expires == 0)
		return true;
	if (wanted > given)
		wanted = given;
	return expires > now && expires - now >= wanted - wanted / 2;
}

static enum tp_status copy_row(
	struct tp_query *row, struct tp_drop_result *result, struct tp_error *err)
{
	const char *delete_url = tp_query_text(row, 1);

	result->url = strdup(tp_query_text(row, 0));
	result->delete_url = delete_url ? strdup(delete_url) : NULL;
	result->expires = tp_query_int(row, 2);
	if (result->url && (result->delete_url || !delete_url))
		return TP_OK;
	tp_drop_result_release(result);
	return tp_fail(err, TP_NOMEM, "reading the upload ledger: out of memory");
}

static enum tp_status find(struct tp_ledger *ledger, const char *key, int64_t now, int64_t expires,
	struct tp_drop_result *result, struct tp_error *err)
{
	struct tp_query *row = NULL;
	enum tp_status status;

	status = tp_db_query(ledger->db, &row, err,
		"SELECT url, delete_url, expires, recorded FROM link WHERE key = ?", "s", key);
	if (!status)
		status = tp_query_step(row, err);
	if (!status && !lives_long_enough(tp_query_int(row, 2), tp_query_int(row, 3), now, expires))
		status = TP_NOTHING;
	if (!status)
		status = copy_row(row, result, err);
	tp_query_free(row);
	return status;
}

enum tp_status tp_ledger_find(struct tp_ledger *ledger, const char *key, int64_t now,
	int64_t expires, struct tp_drop_result *result, struct tp_error *err)
{
	enum tp_status status;

	*result = (struct tp_drop_result)TP_DROP_RESULT_INIT;
	status = find(ledger, key, now, expires, result, err);
	if (status != TP_DATA)
		return status;
	status = begin_anew(ledger, err);
	return status ? status : find(ledger, key, now, expires, result, err);
}

static enum tp_status record(struct tp_ledger *ledger, const char *key,
	const struct tp_drop_result *result, int64_t now, struct tp_error *err)
{
	int64_t until = result->expires ? result->expires : now + KEPT_WITHOUT_EXPIRY;
	enum tp_status status;

	status = tp_db_run(ledger->db, err,
		"INSERT INTO link (key, url, delete_url, expires, recorded, until)"
		" VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET url = excluded.url,"
		" delete_url = excluded.delete_url, expires = excluded.expires,"
		" recorded = excluded.recorded, until = excluded.until",
		"sssiii", key, result->url, result->delete_url, result->expires, now, until);
	if (status)
		return status;
	return tp_db_run(ledger->db, err,
		"DELETE FROM link WHERE key IN"
		" (SELECT key FROM link WHERE until < ? ORDER BY until LIMIT ?)",
		"ii", now, (int64_t)PRUNED_AT_ONCE);
}

enum tp_status tp_ledger_record(struct tp_ledger *ledger, const char *key,
	const struct tp_drop_result *result, int64_t now, struct tp_error *err)
{
	enum tp_status status = record(ledger, key, result, now, err);

	if (status != TP_DATA)
		return status;
	status = begin_anew(ledger, err);
	return status ? status : record(ledger, key, result, now, err);
}

/* --- locks ------------------------------------------------------------------------------------ */

/* Where the key's byte is (FNV-1a, cut to what an offset can say). Two keys at one place would only
 * wait for each other. */
static int64_t place_of(const char *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
	return (int64_t)(hash >> 2);
}

static int by_number(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* Polled: the kernel's waiting form cannot be ended by a time without signals. */
static enum tp_status lock_byte(int fd, int64_t at, int64_t until_ms, struct tp_error *err)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
	useconds_t step = 1000;

	while (fcntl(fd, F_OFD_SETLK, &range)) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return tp_fail_errno(err, TP_IO, "locking the upload ledger");
		if (tp_monotonic_ms() >= until_ms)
			return tp_fail(err, TP_TEMPORARY,
				"locking the upload ledger: another process is uploading the same "
				"file");
		usleep(step);
		step = step < 64000 ? step * 2 : step;
	}
	return TP_OK;
}

static enum tp_status open_lock_file(const struct tp_conf *conf, int *fd, struct tp_error *err)
{
	struct tp_buf path = TP_BUF_INIT(1 << 16);
	enum tp_status status;

	status = tp_conf_state_path(conf, NULL, &path, err);
	if (!status)
		status = tp_mkdirs(tp_buf_str(&path), 0700, err);
	tp_buf_adds(&path, "/ledger.lock");
	if (!status)
		status = tp_buf_status(&path, "locking the upload ledger", err);
	if (!status) {
		*fd = open(tp_buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (*fd < 0)
			status = tp_fail_errno(err, errno == ENOSPC ? TP_TEMPORARY : TP_CANTCREATE,
				"opening %s", tp_buf_str(&path));
	}
	tp_buf_release(&path);
	return status;
}

enum tp_status tp_ledger_lock(const struct tp_conf *conf, const char *const *keys, size_t count,
	int64_t timeout_ms, int *lock, struct tp_error *err)
{
	int64_t until_ms = tp_monotonic_ms() + timeout_ms;
	int64_t *places = NULL;
	enum tp_status status;
	int fd = -1;

	*lock = -1;
	status = open_lock_file(conf, &fd, err);
	if (status)
		goto out;
	places = calloc(count ? count : 1, sizeof *places);
	if (!places) {
		status = tp_fail(err, TP_NOMEM, "locking the upload ledger: out of memory");
		goto out;
	}
	for (size_t i = 0; i < count; i++)
		places[i] = place_of(keys[i]);
	qsort(places, count, sizeof *places, by_number);
	for (size_t i = 0; !status && i < count; i++)
		status = lock_byte(fd, places[i], until_ms, err);
out:
	free(places);
	if (status)
		tp_ledger_unlock(fd);
	else
		*lock = fd;
	return status;
}

void tp_ledger_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}
