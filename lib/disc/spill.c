/* A file without a name, written in large pieces: see spill.h. */
#include "disc/spill.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"

#define PENDING_BYTES ((size_t)64 << 10)

enum tp_status tp_spill_open(struct tp_spill *spill, struct tp_error *err)
{
	tp_buf_init(&spill->pending, PENDING_BYTES * 2);
	return tp_tmpfile(&spill->fd, err);
}

enum tp_status tp_spill_flush(struct tp_spill *spill, struct tp_error *err)
{
	enum tp_status status = tp_write_all(
		spill->fd, tp_buf_str(&spill->pending), spill->pending.len, "temporary file", err);

	tp_buf_clear(&spill->pending);
	return status;
}

enum tp_status tp_spill_add(
	struct tp_spill *spill, const void *bytes, size_t len, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (spill->pending.len + len > PENDING_BYTES)
		status = tp_spill_flush(spill, err);
	spill->len += len;
	if (!status && len > PENDING_BYTES)
		return tp_write_all(spill->fd, bytes, len, "temporary file", err);
	if (!status && !tp_buf_add(&spill->pending, bytes, len))
		status = tp_buf_status(&spill->pending, "bag", err);
	return status;
}

enum tp_status tp_spill_read(
	const struct tp_spill *spill, uint64_t at, void *bytes, size_t len, struct tp_error *err)
{
	ssize_t n = tp_pread_all(spill->fd, bytes, len, at);

	if (n == (ssize_t)len)
		return TP_OK;
	errno = n < 0 ? errno : EIO;
	return tp_fail_errno(err, TP_IO, "temporary file: cannot read");
}

void tp_spill_close(struct tp_spill *spill)
{
	if (spill->fd >= 0)
		close(spill->fd);
	spill->fd = -1;
	tp_buf_release(&spill->pending);
}
