/*
 * Writing the image: see image_parts.h. Batch by batch what was read ahead is proven, hashed for the
 * ledger and written; nothing of a mail is written before it is proven.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "disc/image_parts.h"

/* A consumer that takes nothing for so long is a burner: nobody shall wait for it. */
#define STALL_MS 100

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

/* While nothing can be written the archive is not kept waiting. */
static void wait_for_room(struct tp_image *image, int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	while (poll(&poll_fd, 1, STALL_MS) == 0)
		tp_source_pause(image->source);
}

static enum tp_status put(struct tp_image *image, int fd, const unsigned char *bytes, size_t len,
	struct tp_error *err)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EAGAIN)
			wait_for_room(image, fd);
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

/* Hashes two texts; they may be the same. */
static bool is_proven(const struct tp_ahead_batch *batch, const struct tp_ahead_mail *a,
	const struct tp_ahead_mail *b, const struct tp_ahead_mail **bad)
{
	const void *const bytes[2] = { batch->bytes + a->at, batch->bytes + b->at };
	const size_t len[2] = { a->len, b->len };
	unsigned char hash[2][TP_SHA256_BYTES];

	tp_sha256_two(bytes, len, hash);
	*bad = memcmp(hash[0], a->sha256, sizeof hash[0]) ? a : b;
	return *bad == b && !memcmp(hash[1], b->sha256, sizeof hash[1]);
}

/* The first mail that is not what it was; NULL: there is none. */
static const struct tp_ahead_mail *find_bad(const struct tp_ahead_batch *batch)
{
	const struct tp_ahead_mail *bad;

	for (size_t i = 0; i < batch->mail_count; i += 2) {
		size_t other = i + 1 < batch->mail_count ? i + 1 : i;

		if (!is_proven(batch, &batch->mails[i], &batch->mails[other], &bad))
			return bad;
	}
	return NULL;
}

static void hash_pieces(struct tp_image *image, const struct tp_ahead_batch *batch)
{
	unsigned char hash[2][TP_SHA256_BYTES];

	for (size_t at = 0; at < batch->len; at += 2 * TP_IMAGE_PIECE_BYTES) {
		size_t left = batch->len - at, first = TP_IMAGE_PIECE_BYTES, second = first;

		first = left < first ? left : first;
		second = left - first < second ? left - first : second;
		tp_sha256_two(
			(const void *const[2]){ batch->bytes + at, batch->bytes + at + first },
			(const size_t[2]){ first, second }, hash);
		tp_buf_add(&image->pieces, hash, second ? sizeof hash : sizeof hash[0]);
	}
}

/* --- the image -------------------------------------------------------------------------------- */

static enum tp_status write_batch(
	struct tp_image *image, int fd, const struct tp_ahead_batch *batch, struct tp_error *err)
{
	enum tp_status status;

	hash_pieces(image, batch);
	status = tp_buf_status(&image->pieces, "image", err);
	if (!status)
		status = put(image, fd, batch->bytes, batch->len, err);
	if (!status)
		image->written += batch->len / TP_SECTOR;
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
static enum tp_status pass_batch(struct tp_image *image, int fd, struct tp_ahead *ahead,
	const struct tp_ahead_mail **bad, struct tp_error *err)
{
	const struct tp_ahead_batch *batch;
	enum tp_status status = tp_ahead_take(ahead, &batch, err);

	if (status)
		return status;
	*bad = find_bad(batch);
	return *bad ? TP_DATA : write_batch(image, fd, batch, err);
}

static enum tp_status write_all(struct tp_image *image, int fd, tp_image_progress *progress,
	void *context, struct tp_error *err)
{
	const struct tp_ahead_mail *bad = NULL;
	struct tp_ahead *ahead = NULL;
	uint32_t number = 0;
	enum tp_status status = tp_ahead_start(image, &ahead, err);

	while (!status) {
		status = pass_batch(image, fd, ahead, &bad, err);
		if (!status && progress)
			progress(context, image->written);
	}
	number = bad ? bad->number : 0;
	tp_ahead_stop(ahead);
	if (bad)
		return say_bad(image, number, err);
	return status == TP_NOTHING ? TP_OK : status;
}

enum tp_status tp_image_write(struct tp_image *image, int fd, tp_image_progress *progress,
	void *context, struct tp_error *err)
{
	int again = open_again(fd);
	struct tp_error own;
	enum tp_status status;

	err = err ? err : &own;
	status = write_all(image, again >= 0 ? again : fd, progress, context, err);
	if (!status && image->written != image->sectors)
		status = tp_fail(err, TP_INTERNAL, "%llu of %llu sectors were written",
			(unsigned long long)image->written, (unsigned long long)image->sectors);
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
