/*
 * drop-put: uploads one file and prints its link. The uploader that detach-upload runs; also useful
 * by hand. What is uploaded must have a known size and be readable twice (a retry sends it again),
 * so a pipe is first kept in an unnamed file, and a regular file is used where it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/tool.h"
#include "base/units.h"
#include "base/utf8.h"
#include "drop/expiry.h"
#include "drop/store.h"

#define BLOCK_BYTES    (256 << 10)
#define NAME_BYTES     200
#define DOCUMENT_BYTES (8 << 20)

static struct {
	const char *name, *type, *key, *sha256;
	const char *expire;
	bool json, send;
} opt;

/* The option, else the environment (an empty value is none). */
static const char *choose(const char *option, const char *variable)
{
	const char *value = option ? option : getenv(variable);

	return value && *value ? value : NULL;
}

/* --- the bytes -------------------------------------------------------------------------------- */

static enum tp_status copy_pipe(int from, int to, struct tp_error *err)
{
	char *block = malloc(BLOCK_BYTES);
	enum tp_status status = TP_OK;
	ssize_t n = 1;

	if (!block)
		return tp_fail(err, TP_NOMEM, "stdin: out of memory");
	while (!status && n) {
		n = tp_read(from, block, BLOCK_BYTES);
		if (n < 0)
			status = tp_fail_errno(err, TP_IO, "stdin: cannot read");
		else
			status = tp_write_all(to, block, (size_t)n, "temporary file", err);
	}
	free(block);
	return status;
}

/* stdin itself when it is a file at its beginning, else a copy in an unnamed file. */
static enum tp_status take_stdin(int *fd, uint64_t *size_bytes, struct tp_error *err)
{
	struct stat st;
	enum tp_status status;

	*fd = STDIN_FILENO;
	if (!fstat(STDIN_FILENO, &st) && S_ISREG(st.st_mode) &&
		lseek(STDIN_FILENO, 0, SEEK_CUR) == 0) {
		*size_bytes = (uint64_t)st.st_size;
		return TP_OK;
	}
	status = tp_tmpfile(fd, err);
	if (!status)
		status = copy_pipe(STDIN_FILENO, *fd, err);
	if (!status && fstat(*fd, &st))
		status = tp_fail_errno(err, TP_IO, "temporary file");
	if (!status)
		*size_bytes = (uint64_t)st.st_size;
	return status;
}

/* A size that the caller knew must be what came: a cut pipe must not become a link. */
static enum tp_status check_size(uint64_t size_bytes, struct tp_error *err)
{
	const char *said = choose(NULL, "TUBEPOST_SIZE");
	unsigned long long number;
	char *end;

	if (!said)
		return TP_OK;
	errno = 0;
	number = strtoull(said, &end, 10);
	if (errno || *end)
		return tp_fail(err, TP_USAGE, "TUBEPOST_SIZE: not a number of bytes: %s", said);
	if (number != size_bytes)
		return tp_fail(err, TP_DATA, "stdin: %llu bytes came, %llu were announced",
			(unsigned long long)size_bytes, number);
	return TP_OK;
}

/* --- what is said about them ------------------------------------------------------------------ */

static enum tp_status take_hash(struct tp_drop_item *item, struct tp_error *err)
{
	const char *said = choose(opt.sha256, "TUBEPOST_SHA256");
	unsigned char digest[TP_SHA256_BYTES];

	if (!said)
		return TP_OK;
	if (strlen(said) != TP_SHA256_HEX - 1 || !tp_unhex(said, digest, sizeof digest))
		return tp_fail(err, TP_USAGE, "--sha256: not 64 hexadecimal digits: %s", said);
	tp_hex(digest, sizeof digest, item->sha256);
	return TP_OK;
}

/* --expire from now, else the Unix time in TUBEPOST_EXPIRES, else the configuration's. */
static enum tp_status take_expiry(
	const struct tp_conf *conf, struct tp_drop_item *item, struct tp_error *err)
{
	int64_t now = tp_now();
	const char *until = opt.expire ? NULL : choose(NULL, "TUBEPOST_EXPIRES");
	int64_t life = tp_conf_seconds(conf, "drop.expire");
	enum tp_status status = TP_OK;
	char *end;

	if (opt.expire)
		status = tp_duration_parse(opt.expire, &life, err);
	if (status)
		return tp_error_prefix(err, "--expire");
	if (until) {
		errno = 0;
		life = strtoll(until, &end, 10) - now;
		if (errno || *end)
			return tp_fail(
				err, TP_USAGE, "TUBEPOST_EXPIRES: not a Unix time: %s", until);
	}
	item->expires = now + life;
	status = tp_expiry_check(conf, life, err);
	if (status && (opt.expire || until))
		return tp_error_prefix(err, opt.expire ? "--expire" : "TUBEPOST_EXPIRES");
	return status ? tp_conf_fail(conf, "drop.expire", err, "%s", err->text) : TP_OK;
}

static bool is_media_type(const char *type)
{
	const char *slash = strchr(type, '/');

	if (!slash || slash == type || !slash[1])
		return false;
	for (; *type; type++)
		if ((unsigned char)*type < 0x20 || (unsigned char)*type > 0x7e)
			return false;
	return true;
}

static enum tp_status describe(const struct tp_conf *conf, struct tp_drop_item *item,
	struct tp_buf *name, struct tp_error *err)
{
	const char *said = choose(opt.name, "TUBEPOST_NAME");
	enum tp_status status;

	if (!said)
		return tp_fail(err, TP_USAGE, "--name: the file needs a name");
	tp_name_safe(said, strlen(said), "file", NAME_BYTES, name);
	status = tp_buf_status(name, "--name", err);
	item->name = tp_buf_str(name);
	item->type = choose(opt.type, "TUBEPOST_TYPE");
	if (!item->type)
		item->type = "application/octet-stream";
	if (!status && !is_media_type(item->type))
		status = tp_fail(err, TP_USAGE, "--type: not a media type: %s", item->type);
	item->key = choose(opt.key, "TUBEPOST_KEY");
	item->sender = choose(NULL, "TUBEPOST_SENDER");
	item->recipients = choose(NULL, "TUBEPOST_RECIPIENTS");
	if (!status)
		status = take_hash(item, err);
	return status ? status : take_expiry(conf, item, err);
}

/* --- the work --------------------------------------------------------------------------------- */

static enum tp_status print(const struct tp_drop_item *item, const struct tp_drop_result *result,
	struct tp_buf *text, struct tp_error *err)
{
	if (result->note)
		tp_notice("%s", result->note);
	if (!opt.json) {
		tp_buf_addf(text, "%s\n", result->url);
		return tp_buf_status(text, "the link", err);
	}
	tp_buf_addc(text, '{');
	tp_json_pair(text, "url", result->url);
	tp_json_pair(text, "delete_url", result->delete_url);
	if (result->expires)
		tp_json_pair_int(text, "expires", result->expires);
	else
		tp_json_pair(text, "expires", NULL);
	tp_json_pair_int(text, "size", (int64_t)item->size_bytes);
	tp_json_pair(text, "sha256", item->sha256);
	tp_json_pair(text, "name", item->name);
	tp_json_pair(text, "note", result->note);
	tp_buf_adds(text, "}\n");
	return tp_buf_status(text, "the link", err);
}

static enum tp_status put(struct tp_run *run, struct tp_store *store, struct tp_error *err)
{
	struct tp_drop_result result = TP_DROP_RESULT_INIT;
	struct tp_buf name = TP_BUF_INIT(NAME_BYTES);
	struct tp_drop_item item = { .fd = -1 };
	enum tp_status status = describe(run->conf, &item, &name, err);

	if (!status)
		status = take_stdin(&item.fd, &item.size_bytes, err);
	if (!status)
		status = check_size(item.size_bytes, err);
	if (!status)
		status = tp_store_put(store, &item, &result, err);
	if (!status)
		status = print(&item, &result, &run->text, err);
	if (item.fd > STDERR_FILENO)
		close(item.fd);
	tp_drop_result_release(&result);
	tp_buf_release(&name);
	return status;
}

static enum tp_status send(struct tp_store *store, struct tp_error *err)
{
	struct tp_spool document = TP_SPOOL_INIT;
	enum tp_status status = tp_spool_read(&document, STDIN_FILENO, err);

	if (!status && document.len > DOCUMENT_BYTES)
		status = tp_fail(err, TP_LIMIT, "stdin: larger than %d bytes", DOCUMENT_BYTES);
	if (!status)
		status = tp_store_send(
			store, choose(opt.key, "TUBEPOST_KEY"), document.data, document.len, err);
	tp_spool_release(&document);
	return status;
}

static enum tp_status run(struct tp_run *run, struct tp_error *err)
{
	struct tp_store *store = NULL;
	enum tp_status status =
		tp_store_open(run->conf, tp_conf_str(run->conf, "drop.store"), &store, err);

	if (status)
		return status;
	status = opt.send ? send(store, err) : put(run, store, err);
	tp_store_close(store);
	return status;
}

static const struct tp_option options[] = {
	{ 'n', "name", "NAME", NULL, NULL, &opt.name, NULL,
		"name of the file for those who load it" },
	{ 's', "store", "STORE", "drop.store", NULL, NULL, NULL,
		"dir:PATH, webdav+https://..., s3://BUCKET/PREFIX or recipe:NAME" },
	{ 't', "type", "TYPE", NULL, NULL, &opt.type, NULL, "media type of the file" },
	{ 'e', "expire", "DURATION", NULL, NULL, &opt.expire, NULL, "life of the link" },
	{ 'k', "key", "KEY", NULL, NULL, &opt.key, NULL, "equal keys give the same link again" },
	{ 0, "sha256", "DIGEST", NULL, NULL, &opt.sha256, NULL,
		"digest of the bytes, trusted and not computed again" },
	{ 'b', "base-url", "URL", "drop.base_url", NULL, NULL, NULL,
		"where the store is published" },
	{ 'j', "json", NULL, NULL, &opt.json, NULL, NULL, "print an object instead of the link" },
	{ 0, "send", NULL, NULL, &opt.send, NULL, NULL,
		"hand a whole mail, described in JSON on stdin, to a recipe that can send" },
	{ 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	static const struct tp_tool tool = {
		.name = "drop-put",
		.summary = "upload a file and print its link",
		.operands = "",
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
