/*
 * Writing the image: see image_parts.h. First the head, then batch by batch the mails that were read ahead
 * are proven, hashed for the ledger and written; nothing of a mail is written before it is proven.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "disc/image_parts.h"

#define BATCH_PIECES (TP_IMAGE_BATCH / TP_IMAGE_PIECE_BYTES)

/* --- the descriptor --------------------------------------------------------------------------- */

/* A pipe is opened again so that our end of it alone does not block: flags of the one that we were given
 * are shared with whoever gave it. */
static int open_again(int fd)
{
	char path[32];
	struct stat st;

	if (fstat(fd, &st) || !S_ISFIFO(st.st_mode))
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

static enum tp_status put(int fd, const unsigned char *bytes, size_t len, struct tp_error *err)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EAGAIN)
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
		else if (n < 0 && errno != EINTR)
			return tp_fail_errno(err, TP_IO, "stdout: cannot write");
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return TP_OK;
}

/* --- hashes ----------------------------------------------------------------------------------- */

/* Hashes pieces, two at a time. */
static void hash_pieces(struct tp_image *image, const void *const *pieces, size_t count)
{
	static const size_t len[2] = { TP_IMAGE_PIECE_BYTES, TP_IMAGE_PIECE_BYTES };
	unsigned char hash[2][TP_SHA256_BYTES];

	for (size_t i = 0; i < count; i += 2) {
		bool both = i + 1 < count;

		tp_sha256_two((const void *const[2]){ pieces[i], pieces[i + both] }, len, hash);
		tp_buf_add(&image->pieces, hash, both ? sizeof hash : sizeof hash[0]);
	}
}

/* Of pieces that cross the border of two batches the beginning is kept. At most a batch. */
static void hash_bytes(struct tp_image *image, const unsigned char *bytes, size_t len)
{
	const void *pieces[BATCH_PIECES + 1];
	size_t count = 0, more;

	if (image->begun_len) {
		more = TP_IMAGE_PIECE_BYTES - image->begun_len;
		more = more < len ? more : len;
		memcpy(image->begun + image->begun_len, bytes, more);
		image->begun_len += more;
		bytes += more;
		len -= more;
		if (image->begun_len < TP_IMAGE_PIECE_BYTES)
			return;
		pieces[count++] = image->begun;
	}
	for (; len >= TP_IMAGE_PIECE_BYTES; len -= TP_IMAGE_PIECE_BYTES) {
		pieces[count++] = bytes;
		bytes += TP_IMAGE_PIECE_BYTES;
	}
	hash_pieces(image, pieces, count);
	memcpy(image->begun, bytes, len);
	image->begun_len = len;
}

static enum tp_status hash_rest(struct tp_image *image, struct tp_error *err)
{
	unsigned char hash[TP_SHA256_BYTES];
	enum tp_status status = TP_OK;

	if (image->begun_len) {
		status = tp_sha256(image->begun, image->begun_len, hash, err);
		tp_buf_add(&image->pieces, hash, sizeof hash);
	}
	return status ? status : tp_buf_status(&image->pieces, "image", err);
}

/* --- the image -------------------------------------------------------------------------------- */

struct writing {
	int fd;
	tp_image_progress *progress; /* NULL: nobody asks */
	void *context;
};

static enum tp_status write_bytes(struct tp_image *image, const struct writing *w,
	const unsigned char *bytes, size_t len, struct tp_error *err)
{
	enum tp_status status;

	hash_bytes(image, bytes, len);
	status = tp_buf_status(&image->pieces, "image", err);
	if (!status)
		status = put(w->fd, bytes, len, err);
	if (status)
		return status;
	image->written += len / TP_SECTOR;
	if (w->progress)
		w->progress(w->context, image->written);
	return TP_OK;
}

/* What may fail behind the head comes before its last bytes are given, which may end the image. */
static enum tp_status write_head(
	struct tp_image *image, const struct writing *w, struct tp_error *err)
{
	unsigned char *bytes = malloc(TP_IMAGE_BATCH);
	enum tp_status status = bytes ? TP_OK : tp_fail(err, TP_NOMEM, "image: out of memory");
	uint64_t left = image->head;

	while (!status && left) {
		size_t n = TP_IMAGE_BATCH / TP_SECTOR;

		n = left < n ? (size_t)left : n;
		left -= n;
		status = tp_image_head_read(image, bytes, n, err);
		if (!status && !left)
			status = tp_image_head_end(image, err);
		if (!status)
			status = write_bytes(image, w, bytes, n * TP_SECTOR, err);
	}
	free(bytes);
	return status;
}

/* Reading it again by itself says where it is damaged. */
static enum tp_status say_bad(struct tp_image *image, uint32_t number, struct tp_error *err)
{
	struct tp_spool content;
	enum tp_status status = tp_source_content(image->source, number, &content, err);

	tp_spool_release(&content);
	if (!status)
		status = tp_fail(err, TP_DATA, "%.16s: read once, it is not what it was",
			tp_source_id(image->source, number));
	return status;
}

/* TP_NOTHING: all is written. *bad: the mail that is not what it was, with TP_DATA. */
static enum tp_status pass_batch(struct tp_image *image, const struct writing *w,
	const struct tp_ahead_mail **bad, struct tp_error *err)
{
	struct tp_ahead_batch *batch;
	enum tp_status status = tp_ahead_take(image->ahead, &batch, err);

	if (status)
		return status;
	*bad = tp_ahead_prove(batch);
	return *bad ? TP_DATA : write_bytes(image, w, batch->bytes, batch->len, err);
}

static enum tp_status write_mails(
	struct tp_image *image, const struct writing *w, struct tp_error *err)
{
	const struct tp_ahead_mail *bad = NULL;
	uint32_t number = 0;
	enum tp_status status = TP_OK;

	while (!status)
		status = pass_batch(image, w, &bad, err);
	number = bad ? bad->number : 0;
	tp_ahead_stop(image->ahead);
	image->ahead = NULL;
	if (bad)
		return say_bad(image, number, err);
	return status == TP_NOTHING ? TP_OK : status;
}

static enum tp_status write_all(
	struct tp_image *image, const struct writing *w, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	image->begun = malloc(TP_IMAGE_PIECE_BYTES);
	if (!image->begun)
		status = tp_fail(err, TP_NOMEM, "image: out of memory");
	if (!status)
		status = write_head(image, w, err);
	if (!status)
		status = write_mails(image, w, err);
	if (!status)
		status = hash_rest(image, err);
	if (!status && image->written != image->sectors)
		status = tp_fail(err, TP_INTERNAL, "%llu of %llu sectors were written",
			(unsigned long long)image->written, (unsigned long long)image->sectors);
	return status;
}

enum tp_status tp_image_write(struct tp_image *image, int fd, tp_image_progress *progress,
	void *context, struct tp_error *err)
{
	int again = open_again(fd);
	struct writing writing = { again >= 0 ? again : fd, progress, context };
	struct tp_error own;
	enum tp_status status;

	err = err ? err : &own;
	if (image->ahead)
		status = write_all(image, &writing, err);
	else
		status = tp_fail(err, TP_INTERNAL, "an image that was only planned is not written");
	if (again >= 0)
		close(again);
	return status;
}

const unsigned char *tp_image_pieces(const struct tp_image *image, size_t *count)
{
	*count = image->pieces.len / TP_SHA256_BYTES;
	return (const unsigned char *)image->pieces.data;
}

void tp_image_digest(const struct tp_image *image, unsigned char sha256[TP_SHA256_BYTES])
{
	tp_sha256(image->pieces.data, image->pieces.len, sha256, NULL);
}
