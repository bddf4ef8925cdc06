/* Upload items and results: see item.h. */
#include "drop/item.h"

#include <errno.h>
#include <unistd.h>

#include "base/hex.h"

#define BLOCK_BYTES (256 << 10)

static enum tp_status add_all(
	struct tp_sha256 *sha, const struct tp_drop_item *item, struct tp_error *err)
{
	char *block = malloc(BLOCK_BYTES);
	enum tp_status status = TP_OK;
	uint64_t at = 0;
	ssize_t n;

	if (!block)
		return tp_fail(err, TP_NOMEM, "reading the file: out of memory");
	while (!status && at < item->size_bytes) {
		n = pread(item->fd, block, BLOCK_BYTES, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			status = tp_fail_errno(err, TP_IO, "reading the file");
		else if (n == 0)
			status = tp_fail(err, TP_IO, "reading the file: it has become shorter");
		else
			status = tp_sha256_add(sha, block, (size_t)n, err);
		at += n > 0 ? (uint64_t)n : 0;
	}
	free(block);
	return status;
}

enum tp_status tp_drop_item_hash(struct tp_drop_item *item, struct tp_error *err)
{
	unsigned char digest[TP_SHA256_BYTES];
	struct tp_sha256 *sha = NULL;
	enum tp_status status;

	if (item->sha256[0])
		return TP_OK;
	status = tp_sha256_new(&sha, err);
	if (!status)
		status = add_all(sha, item, err);
	if (!status)
		status = tp_sha256_end(sha, digest, err);
	if (!status)
		tp_hex(digest, sizeof digest, item->sha256);
	tp_sha256_free(sha);
	return status;
}

void tp_drop_result_release(struct tp_drop_result *result)
{
	free(result->url);
	free(result->delete_url);
	free(result->note);
	*result = (struct tp_drop_result)TP_DROP_RESULT_INIT;
}
