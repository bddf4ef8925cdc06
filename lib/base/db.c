/*
 * State in SQLite: see db.h.
 *
 * The file is made by us before SQLite sees it, because SQLite's own mode follows the umask; the
 * -wal and -shm files take the mode of the database. Turning a new file to WAL is the one step for
 * which SQLite does not wait when another process does the same, so that one is tried again here.
 */
#include "base/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/library.h"

#define LIBRARY "libsqlite3.so.0"

/* Opened with the first database: a mail that nobody doubts needs none. */
static struct {
	__typeof__(&sqlite3_config) config;
	__typeof__(&sqlite3_errmsg) errmsg;
	__typeof__(&sqlite3_exec) exec;
	__typeof__(&sqlite3_wal_autocheckpoint) wal_autocheckpoint;
	__typeof__(&sqlite3_db_config) db_config;
	__typeof__(&sqlite3_extended_result_codes) extended_result_codes;
	__typeof__(&sqlite3_busy_timeout) busy_timeout;
	__typeof__(&sqlite3_open_v2) open_v2;
	__typeof__(&sqlite3_db_readonly) db_readonly;
	__typeof__(&sqlite3_close) close;
	__typeof__(&sqlite3_bind_text) bind_text;
	__typeof__(&sqlite3_bind_int64) bind_int64;
	__typeof__(&sqlite3_bind_blob64) bind_blob64;
	__typeof__(&sqlite3_prepare_v2) prepare_v2;
	__typeof__(&sqlite3_prepare_v3) prepare_v3;
	__typeof__(&sqlite3_bind_parameter_count) bind_parameter_count;
	__typeof__(&sqlite3_finalize) finalize;
	__typeof__(&sqlite3_step) step;
	__typeof__(&sqlite3_reset) reset;
	__typeof__(&sqlite3_column_text) column_text;
	__typeof__(&sqlite3_column_int64) column_int64;
	bool ready;
} sqlite;

static enum tp_status open_library(struct tp_error *err)
{
	static const struct tp_symbol all[] = {
		{ "sqlite3_config", &sqlite.config },
		{ "sqlite3_errmsg", &sqlite.errmsg },
		{ "sqlite3_exec", &sqlite.exec },
		{ "sqlite3_wal_autocheckpoint", &sqlite.wal_autocheckpoint },
		{ "sqlite3_db_config", &sqlite.db_config },
		{ "sqlite3_extended_result_codes", &sqlite.extended_result_codes },
		{ "sqlite3_busy_timeout", &sqlite.busy_timeout },
		{ "sqlite3_open_v2", &sqlite.open_v2 },
		{ "sqlite3_db_readonly", &sqlite.db_readonly },
		{ "sqlite3_close", &sqlite.close },
		{ "sqlite3_bind_text", &sqlite.bind_text },
		{ "sqlite3_bind_int64", &sqlite.bind_int64 },
		{ "sqlite3_bind_blob64", &sqlite.bind_blob64 },
		{ "sqlite3_prepare_v2", &sqlite.prepare_v2 },
		{ "sqlite3_prepare_v3", &sqlite.prepare_v3 },
		{ "sqlite3_bind_parameter_count", &sqlite.bind_parameter_count },
		{ "sqlite3_finalize", &sqlite.finalize },
		{ "sqlite3_step", &sqlite.step },
		{ "sqlite3_reset", &sqlite.reset },
		{ "sqlite3_column_text", &sqlite.column_text },
		{ "sqlite3_column_int64", &sqlite.column_int64 },
	};
	enum tp_status status = TP_OK;

	if (sqlite.ready)
		return TP_OK;
	status = tp_library_open(
		LIBRARY, "the state needs SQLite", all, sizeof all / sizeof *all, err);
	/* Nobody asks how much memory it has, and counting takes a lock for each allocation. */
	if (!status)
		sqlite.config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite.ready = !status;
	return status;
}

struct tp_db {
	sqlite3 *handle;
	char *path;
	struct tp_db_options options;
	dev_t device; /* of the file, as it was just before it was opened */
	ino_t inode;
};

struct tp_query {
	struct tp_db *db;
	sqlite3_stmt *statement;
};

static enum tp_status status_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
		return TP_TEMPORARY;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return TP_DATA;
	case SQLITE_IOERR:
	case SQLITE_PROTOCOL:
		return TP_IO;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return TP_DENIED;
	case SQLITE_CANTOPEN:
		return TP_CANTCREATE;
	case SQLITE_NOMEM:
		return TP_NOMEM;
	default:
		return TP_INTERNAL;
	}
}

static enum tp_status fail(struct tp_db *db, int code, struct tp_error *err)
{
	const char *why = sqlite.errmsg(db->handle);

	return tp_fail(err, status_of(code), "%s: %s", db->path, why);
}

static enum tp_status make_folder(const char *path, struct tp_error *err)
{
	const char *slash = strrchr(path, '/');
	enum tp_status status;
	char *folder;

	if (!slash || slash == path)
		return TP_OK;
	folder = strndup(path, (size_t)(slash - path));
	if (!folder)
		return tp_fail(err, TP_NOMEM, "%s: out of memory", path);
	status = tp_mkdirs(folder, 0700, err);
	free(folder);
	return status;
}

/* The folder above, and an empty file of mode 0600 when there is none yet. */
static enum tp_status make_file(const char *path, struct tp_error *err)
{
	enum tp_status status = make_folder(path, err);
	int fd;

	if (status)
		return status;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return tp_fail_errno(
			err, errno == ENOSPC ? TP_TEMPORARY : TP_CANTCREATE, "opening %s", path);
	close(fd);
	return TP_OK;
}

/* Runs what may be refused at once because another process opens the same new file. */
static int exec_patiently(struct tp_db *db, const char *sql)
{
	int64_t until = tp_monotonic_ms() + db->options.busy_ms;
	int code = sqlite.exec(db->handle, sql, NULL, NULL, NULL);

	while ((code & 0xff) == SQLITE_BUSY && tp_monotonic_ms() < until) {
		usleep(5000);
		code = sqlite.exec(db->handle, sql, NULL, NULL, NULL);
	}
	return code;
}

static enum tp_status read_version(struct tp_db *db, int64_t *version, struct tp_error *err)
{
	struct tp_query *query = NULL;
	enum tp_status status = tp_db_query(db, &query, err, "PRAGMA user_version", "");

	if (!status)
		status = tp_query_step(query, err);
	if (!status)
		*version = tp_query_int(query, 0);
	tp_query_free(query);
	return status;
}

/* Everything from the file's version to the newest, inside one transaction: a second process that
 * waited for it finds the work done. */
static enum tp_status migrate(
	struct tp_db *db, const char *const *migrations, int64_t newest, struct tp_error *err)
{
	enum tp_status status = tp_db_exec(db, "BEGIN IMMEDIATE", err);
	int64_t version = 0;
	char pragma[64];

	if (status)
		return status;
	status = read_version(db, &version, err);
	for (; !status && version < newest; version++)
		status = tp_db_exec(db, migrations[version], err);
	if (!status) {
		snprintf(pragma, sizeof pragma, "PRAGMA user_version=%lld", (long long)version);
		status = tp_db_exec(db, pragma, err);
	}
	if (!status)
		return tp_db_exec(db, "COMMIT", err);
	tp_db_exec(db, "ROLLBACK", NULL);
	return status;
}

/* What the file's user asked for beyond the usual. */
static int set_options(struct tp_db *db)
{
	const struct tp_db_options *options = &db->options;
	char pragma[64];
	int code = exec_patiently(
		db, options->relaxed ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL");

	if (!code)
		code = sqlite.db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, (int *)NULL);
	if (!code && options->log_pages)
		code = sqlite.wal_autocheckpoint(db->handle, options->log_pages);
	if (!code && options->keep_log)
		code = sqlite.db_config(
			db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	if (!code && options->cache_kib) {
		snprintf(pragma, sizeof pragma, "PRAGMA cache_size=-%d", options->cache_kib);
		code = sqlite.exec(db->handle, pragma, NULL, NULL, NULL);
	}
	return code;
}

static enum tp_status set_up(struct tp_db *db, const char *const *migrations, struct tp_error *err)
{
	int64_t newest = 0, version = 0;
	enum tp_status status;
	int code;

	while (migrations[newest])
		newest++;
	sqlite.extended_result_codes(db->handle, 1);
	sqlite.busy_timeout(db->handle, db->options.busy_ms);
	code = exec_patiently(db, "PRAGMA journal_mode=WAL");
	if (!code)
		code = set_options(db);
	if (code)
		return fail(db, code, err);
	status = read_version(db, &version, err);
	if (status)
		return status;
	if (version > newest)
		return tp_fail(err, TP_CONFIG,
			"%s: made by a later version of tubepost (schema %lld, this one knows "
			"%lld)",
			db->path, (long long)version, (long long)newest);
	return version < newest ? migrate(db, migrations, newest, err) : TP_OK;
}

enum tp_status tp_db_open(const char *path, const char *const *migrations, int busy_ms,
	struct tp_db **out, struct tp_error *err)
{
	struct tp_db_options options = { .busy_ms = busy_ms };

	return tp_db_open_with(path, migrations, &options, out, err);
}

enum tp_status tp_db_open_with(const char *path, const char *const *migrations,
	const struct tp_db_options *options, struct tp_db **out, struct tp_error *err)
{
	enum tp_status status = open_library(err);
	struct tp_db *db;
	struct stat st;
	int code;

	*out = NULL;
	if (!status && stat(path, &st)) {
		status = make_file(path, err);
		if (!status && stat(path, &st))
			status = tp_fail_errno(err, TP_CANTCREATE, "opening %s", path);
	}
	if (status)
		return status;
	db = calloc(1, sizeof *db);
	if (!db || !(db->path = strdup(path))) {
		free(db);
		return tp_fail(err, TP_NOMEM, "%s: out of memory", path);
	}
	db->options = *options;
	db->device = st.st_dev;
	db->inode = st.st_ino;
	code = sqlite.open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (!code && sqlite.db_readonly(db->handle, NULL) == 1)
		code = SQLITE_READONLY;
	if (code) {
		/* The system's own reason is a better one, when it has any. */
		status = make_file(path, err);
		if (!status)
			status = fail(db, code, err);
	} else {
		status = set_up(db, migrations, err);
	}
	if (status) {
		tp_db_close(db);
		return status;
	}
	*out = db;
	return TP_OK;
}

void tp_db_close(struct tp_db *db)
{
	if (!db)
		return;
	sqlite.close(db->handle);
	free(db->path);
	free(db);
}

void tp_db_set_busy(struct tp_db *db, int busy_ms)
{
	if (busy_ms == db->options.busy_ms)
		return;
	db->options.busy_ms = busy_ms;
	sqlite.busy_timeout(db->handle, busy_ms);
}

bool tp_db_is_gone(const struct tp_db *db)
{
	struct stat st;

	return stat(db->path, &st) || st.st_dev != db->device || st.st_ino != db->inode;
}

enum tp_status tp_db_exec(struct tp_db *db, const char *sql, struct tp_error *err)
{
	int code = sqlite.exec(db->handle, sql, NULL, NULL, NULL);

	return code ? fail(db, code, err) : TP_OK;
}

static int bind(
	sqlite3_stmt *statement, const char *types, sqlite3_destructor_type keep, va_list args)
{
	int code = SQLITE_OK;
	const void *bytes;

	for (int at = 1; *types && !code; types++, at++) {
		switch (*types) {
		case 's':
			bytes = va_arg(args, const char *);
			code = sqlite.bind_text(statement, at, bytes, -1, keep);
			break;
		case 'i':
			code = sqlite.bind_int64(statement, at, va_arg(args, int64_t));
			break;
		case 'b':
			bytes = va_arg(args, const void *);
			code = sqlite.bind_blob64(statement, at, bytes, va_arg(args, size_t), keep);
			break;
		default:
			code = SQLITE_MISUSE;
		}
	}
	return code;
}

static enum tp_status prepare(struct tp_db *db, struct tp_query **out, struct tp_error *err,
	const char *sql, const char *types, va_list args)
{
	struct tp_query *query = calloc(1, sizeof *query);
	enum tp_status status;
	int code;

	*out = NULL;
	if (!query)
		return tp_fail(err, TP_NOMEM, "%s: out of memory", db->path);
	query->db = db;
	code = sqlite.prepare_v2(db->handle, sql, -1, &query->statement, NULL);
	if (!code && sqlite.bind_parameter_count(query->statement) != (int)strlen(types))
		code = SQLITE_MISUSE;
	if (!code)
		code = bind(query->statement, types, SQLITE_TRANSIENT, args);
	if (code) {
		status = fail(db, code, err);
		tp_query_free(query);
		return status;
	}
	*out = query;
	return TP_OK;
}

enum tp_status tp_db_query(struct tp_db *db, struct tp_query **query, struct tp_error *err,
	const char *sql, const char *types, ...)
{
	enum tp_status status;
	va_list args;

	va_start(args, types);
	status = prepare(db, query, err, sql, types, args);
	va_end(args);
	return status;
}

enum tp_status tp_query_step(struct tp_query *query, struct tp_error *err)
{
	int code = sqlite.step(query->statement);

	if (code == SQLITE_ROW)
		return TP_OK;
	if (code == SQLITE_DONE)
		return TP_NOTHING;
	return fail(query->db, code, err);
}

enum tp_status tp_db_prepare(
	struct tp_db *db, struct tp_query **out, struct tp_error *err, const char *sql)
{
	struct tp_query *query = calloc(1, sizeof *query);
	int code;

	*out = NULL;
	if (!query)
		return tp_fail(err, TP_NOMEM, "%s: out of memory", db->path);
	query->db = db;
	code = sqlite.prepare_v3(
		db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &query->statement, NULL);
	if (code) {
		tp_query_free(query);
		return fail(db, code, err);
	}
	*out = query;
	return TP_OK;
}

enum tp_status tp_query_again(struct tp_query *query, struct tp_error *err, const char *types, ...)
{
	va_list args;
	int code;

	sqlite.reset(query->statement);
	va_start(args, types);
	code = bind(query->statement, types, SQLITE_STATIC, args);
	va_end(args);
	return code ? fail(query->db, code, err) : TP_OK;
}

void tp_query_reset(struct tp_query *query)
{
	if (query)
		sqlite.reset(query->statement);
}

const char *tp_query_text(struct tp_query *query, int column)
{
	return (const char *)sqlite.column_text(query->statement, column);
}

int64_t tp_query_int(struct tp_query *query, int column)
{
	return sqlite.column_int64(query->statement, column);
}

void tp_query_free(struct tp_query *query)
{
	if (!query)
		return;
	sqlite.finalize(query->statement);
	free(query);
}

enum tp_status tp_db_run(
	struct tp_db *db, struct tp_error *err, const char *sql, const char *types, ...)
{
	struct tp_query *query = NULL;
	enum tp_status status;
	va_list args;

	va_start(args, types);
	status = prepare(db, &query, err, sql, types, args);
	va_end(args);
	if (!status) {
		status = tp_query_step(query, err);
		if (status == TP_NOTHING)
			status = TP_OK;
	}
	tp_query_free(query);
	return status;
}
