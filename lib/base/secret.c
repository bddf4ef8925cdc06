/* The site's secret: see secret.h. */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/hex.h"

static enum tp_status decode(const char *where, const struct tp_buf *text,
	unsigned char secret[TP_SECRET_BYTES], struct tp_error *err)
{
	if (!tp_unhex(tp_buf_str(text), secret, TP_SECRET_BYTES))
		return tp_fail(err, TP_CONFIG, "secret %s: not %d hexadecimal digits", where,
			2 * TP_SECRET_BYTES);
	return TP_OK;
}

static enum tp_status read_secret(
	const char *path, unsigned char secret[TP_SECRET_BYTES], struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(4096);
	enum tp_status status = tp_file_read_secret(path, &text, err);

	if (!status)
		status = decode(path, &text, secret, err);
	if (text.data)
		explicit_bzero(text.data, text.cap);
	tp_buf_release(&text);
	return status;
}

/* Writes a complete file under a name of its own, then links it to `path`: of several processes
 * that begin at once one wins and the others read the winner's. */
static enum tp_status make_secret(const char *path, struct tp_error *err)
{
	unsigned char bytes[TP_SECRET_BYTES];
	char text[2 * TP_SECRET_BYTES + 2], name[4096];
	enum tp_status status = tp_random(bytes, sizeof bytes, err);
	int fd, n = snprintf(name, sizeof name, "%s.XXXXXX", path);

	if (status)
		return status;
	if (n < 0 || (size_t)n >= sizeof name)
		return tp_fail(err, TP_CONFIG, "secret file %s: name too long", path);
	tp_hex(bytes, sizeof bytes, text);
	explicit_bzero(bytes, sizeof bytes);
	text[2 * TP_SECRET_BYTES] = '\n';
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "secret file %s", path);
	status = tp_write_all(fd, text, 2 * TP_SECRET_BYTES + 1, path, err);
	if (!status && fsync(fd))
		status = tp_fail_errno(err, TP_IO, "secret file %s: cannot sync", path);
	if (close(fd) && !status)
		status = tp_fail_errno(err, TP_IO, "secret file %s: cannot close", path);
	explicit_bzero(text, sizeof text);
	if (!status && link(name, path) && errno != EEXIST)
		status = tp_fail_errno(err, TP_CANTCREATE, "secret file %s", path);
	unlink(name);
	return status;
}

static enum tp_status load_or_make(const struct tp_buf *folder, const char *path,
	unsigned char secret[TP_SECRET_BYTES], struct tp_error *err)
{
	enum tp_status status;

	if (access(path, F_OK) == 0 || errno != ENOENT)
		return read_secret(path, secret, err);
	status = tp_mkdirs(tp_buf_str(folder), 0750, err);
	if (!status)
		status = make_secret(path, err);
	if (!status)
		status = tp_dir_sync(tp_buf_str(folder), err);
	return status ? status : read_secret(path, secret, err);
}

/* Which of the two that tp_conf_secret() looks at has given the secret. */
static const char *configured_by(const struct tp_conf *conf)
{
	const char *value = getenv("TUBEPOST_SECRET");

	return value && *value ? "TUBEPOST_SECRET" : tp_conf_str(conf, "secret_file");
}

enum tp_status tp_secret_load(
	const struct tp_conf *conf, unsigned char secret[TP_SECRET_BYTES], struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(65536), folder = TP_BUF_INIT(65536);
	enum tp_status status = tp_conf_secret(conf, "secret", &text, err);

	if (status == TP_OK) {
		status = decode(configured_by(conf), &text, secret, err);
	} else if (status == TP_NOTHING) {
		status = tp_conf_state_path(conf, NULL, &folder, err);
		tp_buf_clear(&text);
		if (!status)
			status = tp_conf_state_path(conf, "secret", &text, err);
		if (!status)
			status = load_or_make(&folder, tp_buf_str(&text), secret, err);
	}
	if (text.data)
		explicit_bzero(text.data, text.cap);
	tp_buf_release(&text);
	tp_buf_release(&folder);
	return status;
}
