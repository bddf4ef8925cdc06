/*
 * Reading a disc back: see verify.h. A piece that a drive cannot read is a bad one, and the next is
 * tried: a scratch shall not keep anybody from knowing what else is lost.
 */
#include "disc/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "disc/contents.h"
#include "disc/image.h"
#include "disc/plan.h"

#define PIECE_BYTES   ((size_t)TP_IMAGE_PIECE * TP_SECTOR)
#define VOLUME_SECTOR 16 /* ECMA-119 8.4 */
#define VOLUME_LABEL  40

struct verifying {
	const struct tp_disc *disc;
	struct tp_disc_verify *verify;
	struct tp_contents *contents;
	const unsigned char *hashes;
	const char *path;
	int fd;
	bool ended;      /* the file is shorter than the image */
	uint64_t unread; /* pieces that the drive could not read */
	struct tp_sha256 *sha;
	unsigned char *bytes;
	bool *bad;   /* for each piece */
	bool *named; /* a mail in it was told of */
};

static size_t piece_bytes(const struct verifying *v, uint64_t piece)
{
	uint64_t left = v->disc->sectors - piece * TP_IMAGE_PIECE;

	return left < TP_IMAGE_PIECE ? (size_t)left * TP_SECTOR : PIECE_BYTES;
}

/* *whole: all of it was read. What cannot be read is passed over where the file can be sought in. */
static enum tp_status read_piece(
	struct verifying *v, uint64_t piece, size_t len, bool *whole, struct tp_error *err)
{
	size_t done = 0;

	*whole = false;
	while (!v->ended && done < len) {
		ssize_t n = tp_read(v->fd, v->bytes + done, len - done);

		if (n == 0)
			v->ended = true;
		if (n < 0 && errno == EIO &&
			lseek(v->fd, (off_t)(piece * PIECE_BYTES + len), SEEK_SET) >= 0) {
			v->unread++;
			return TP_OK;
		}
		if (n < 0)
			return tp_fail_errno(err, TP_IO, "%s: cannot read", v->path);
		done += (size_t)n;
	}
	*whole = done == len;
	return TP_OK;
}

/* The volume descriptor begins a piece, and a label that is another serial is the end of it: who has put the
 * wrong disc into the drive need not wait until all of it was read. */
static enum tp_status check_label(struct verifying *v, uint64_t piece, struct tp_error *err)
{
	char label[TP_SERIAL_LEN + 1] = "", serial[TP_SERIAL_LEN + 1];

	if (piece * TP_IMAGE_PIECE != VOLUME_SECTOR || memcmp(v->bytes, "\1CD001", 6) ||
		v->bytes[VOLUME_LABEL + TP_SERIAL_LEN] != ' ')
		return TP_OK;
	memcpy(label, v->bytes + VOLUME_LABEL, TP_SERIAL_LEN);
	if (!tp_serial_normalize(label, serial) || !strcmp(serial, v->disc->serial))
		return TP_OK;
	v->verify->is_other = true;
	return tp_fail(err, TP_DATA, "disc %s: %s is disc %s", v->disc->serial, v->path, serial);
}

static enum tp_status check_piece(struct verifying *v, uint64_t piece, struct tp_error *err)
{
	unsigned char sha256[TP_SHA256_BYTES];
	size_t len = piece_bytes(v, piece);
	bool whole;
	enum tp_status status = read_piece(v, piece, len, &whole, err);

	if (!status)
		status = tp_sha256_add(v->sha, v->bytes, whole ? len : 0, err);
	if (!status)
		status = tp_sha256_end(v->sha, sha256, err);
	if (!status &&
		(!whole || memcmp(sha256, v->hashes + piece * TP_SHA256_BYTES, TP_SHA256_BYTES))) {
		v->bad[piece] = true;
		v->verify->read.bad_pieces++;
		if (whole)
			status = check_label(v, piece, err);
	}
	if (!status && v->verify->progress)
		v->verify->progress(v->verify->context, piece * TP_IMAGE_PIECE + len / TP_SECTOR,
			v->disc->sectors);
	return status;
}

/* --- what is damaged -------------------------------------------------------------------------- */

static void tell(struct verifying *v, uint64_t piece, const struct tp_disc_mail *mail)
{
	struct tp_disc_fault fault = { .sector = piece * TP_IMAGE_PIECE,
		.sectors = piece_bytes(v, piece) / TP_SECTOR,
		.mail = mail };

	v->verify->fault(v->verify->context, &fault);
}

static enum tp_status look_at_mail(
	void *context, uint64_t i, const struct tp_disc_mail *mail, struct tp_error *err)
{
	struct verifying *v = context;
	uint64_t end = mail->sector + mail->sectors;
	bool any = false;

	for (uint64_t p = mail->sector / TP_IMAGE_PIECE;
		mail->sectors && p < v->verify->read.pieces && p * TP_IMAGE_PIECE < end; p++) {
		if (!v->bad[p])
			continue;
		v->named[p] = true;
		tell(v, p, mail);
		any = true;
	}
	v->verify->read.bad_mails += any;
	return TP_OK;
}

static enum tp_status name_faults(struct verifying *v, struct tp_error *err)
{
	enum tp_status status = tp_contents_walk(v->contents, look_at_mail, v, err);

	for (uint64_t p = 0; !status && p < v->verify->read.pieces; p++)
		if (v->bad[p] && !v->named[p])
			tell(v, p, NULL);
	return status;
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum tp_status count_mail(
	void *context, uint64_t i, const struct tp_disc_mail *mail, struct tp_error *err)
{
	uint64_t *mails = context;

	(void)i;
	(void)mail;
	(void)err;
	++*mails;
	return TP_OK;
}

/* All of what is known of the disc is looked at before anything is said about the disc itself: a list
 * that turns out to be damaged afterwards would keep its mails in the cellar, or their places unknown. */
static enum tp_status open_list(
	struct verifying *v, struct tp_archive *archive, struct tp_error *err)
{
	uint64_t mails = 0;
	size_t count = 0;
	enum tp_status status = tp_contents_open(archive, v->disc, &v->contents, err);

	if (!status)
		v->hashes = tp_contents_pieces(v->contents, &count);
	if (!status)
		status = tp_contents_walk(v->contents, count_mail, &mails, err);
	if (status)
		return status;
	if (mails != v->disc->mails ||
		count != (v->disc->sectors + TP_IMAGE_PIECE - 1) / TP_IMAGE_PIECE)
		return tp_fail(err, TP_DATA, "disc %s: its list is damaged", v->disc->serial);
	v->verify->read.pieces = count;
	return TP_OK;
}

/* Whatever path it has: what was opened says whether it is a device. Of a device the kernel may still have
 * what was in it before. */
static enum tp_status open_disc(struct verifying *v, struct tp_error *err)
{
	bool is_stdin = !strcmp(v->path, "-");
	struct stat st;

	v->fd = is_stdin ? dup(STDIN_FILENO) : open(v->path, O_RDONLY | O_CLOEXEC);
	if (v->fd < 0 || fstat(v->fd, &st))
		return tp_fail_errno(err, TP_NOINPUT, "%s", v->path);
	v->verify->read.device = !is_stdin && S_ISBLK(st.st_mode);
	if (v->verify->read.device)
		(void)posix_fadvise(v->fd, 0, 0, POSIX_FADV_DONTNEED);
	return TP_OK;
}

static enum tp_status prepare(struct verifying *v, struct tp_archive *archive, struct tp_error *err)
{
	enum tp_status status = open_list(v, archive, err);
	size_t count = v->verify->read.pieces;

	if (status)
		return status;
	v->bytes = malloc(PIECE_BYTES);
	v->bad = calloc(count + 1, sizeof *v->bad);
	v->named = calloc(count + 1, sizeof *v->named);
	if (!v->bytes || !v->bad || !v->named)
		return tp_fail(err, TP_NOMEM, "disc: out of memory");
	status = tp_sha256_new(&v->sha, err);
	return status ? status : open_disc(v, err);
}

static enum tp_status say_bad(const struct verifying *v, struct tp_error *err)
{
	const struct tp_disc_read *read = &v->verify->read;
	char unread[64] = "";

	if (v->unread)
		snprintf(unread, sizeof unread, ", %llu of which cannot be read",
			(unsigned long long)v->unread);
	return tp_fail(err, TP_DATA,
		"disc %s: %s %s; %llu of %llu pieces differ%s, with %llu mails", v->disc->serial,
		v->path, v->ended ? "ends too early" : "is not as it was made",
		(unsigned long long)read->bad_pieces, (unsigned long long)read->pieces, unread,
		(unsigned long long)read->bad_mails);
}

static enum tp_status conclude(struct verifying *v, struct tp_error *err)
{
	const struct tp_disc_read *read = &v->verify->read;
	enum tp_status status;

	if (!read->bad_pieces)
		return TP_OK;
	if (v->unread == read->pieces)
		return tp_fail(err, TP_IO, "disc %s: %s: nothing of it can be read",
			v->disc->serial, v->path);
	status = name_faults(v, err);
	return status ? status : say_bad(v, err);
}

enum tp_status tp_disc_verify(struct tp_archive *archive, const struct tp_disc *disc,
	const char *path, struct tp_disc_verify *verify, struct tp_error *err)
{
	struct verifying v = { .disc = disc, .verify = verify, .path = path, .fd = -1 };
	enum tp_status status;

	verify->read = (struct tp_disc_read){ .pieces = 0 };
	verify->is_other = false;
	status = prepare(&v, archive, err);
	for (uint64_t p = 0; !status && p < verify->read.pieces; p++)
		status = check_piece(&v, p, err);
	if (!status)
		status = conclude(&v, err);
	if (v.fd >= 0)
		close(v.fd);
	tp_contents_close(v.contents);
	tp_sha256_free(v.sha);
	free(v.bytes);
	free(v.bad);
	free(v.named);
	return status;
}
