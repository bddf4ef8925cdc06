/*
 * What becomes of a disc: see ledger.h. The event comes first, then the fact, both while the ledger is held:
 * a process that is killed between them has told nobody that it was done.
 */
#include <string.h>
#include <unistd.h>

#include "archive/events.h"
#include "disc/ledger_file.h"

/* Under the lock. */
static enum tp_status write_step(struct tp_archive *archive, struct tp_disc *disc,
	enum tp_disc_step step, const char *note, const char *actor, struct tp_error *err)
{
	enum tp_status status = tp_event_add(archive, actor, tp_disc_words[step], NULL, note, err);

	if (status)
		return status;
	disc->when[step] = tp_ledger_now();
	return tp_ledger_write(archive, disc, err);
}

static enum tp_status mark(struct tp_archive *archive, struct tp_disc *disc, enum tp_disc_step step,
	const char *actor, struct tp_error *err)
{
	char note[64];

	if (disc->when[TP_DISC_LOST] && step != TP_DISC_LOST)
		return tp_fail(err, TP_USAGE, "disc %s is lost: when it is found, verify it",
			disc->serial);
	if (disc->bad_at && step == TP_DISC_VERIFIED)
		return tp_fail(err, TP_USAGE, "disc %s is bad: when it is mended, verify it",
			disc->serial);
	if (disc->when[step])
		return TP_OK;
	snprintf(note, sizeof note, "disc %s", disc->serial);
	return write_step(archive, disc, step, note, actor, err);
}

enum tp_status tp_disc_mark(struct tp_archive *archive, const char *serial, enum tp_disc_step step,
	const char *actor, struct tp_error *err)
{
	struct tp_disc disc;
	int fd;
	enum tp_status status = tp_disc_hold(archive, &fd, err);

	if (!status)
		status = tp_disc_find(archive, serial, &disc, err);
	if (!status)
		status = mark(archive, &disc, step, actor, err);
	if (fd >= 0)
		close(fd);
	return status;
}

static enum tp_status mark_bad(struct tp_archive *archive, struct tp_disc *disc,
	const struct tp_disc_read *read, const char *actor, struct tp_error *err)
{
	enum tp_status status;
	char note[160];

	if (disc->bad_at && (disc->bad_device || !read->device))
		return TP_OK;
	snprintf(note, sizeof note, "disc %s, %llu of %llu pieces differ, with %llu mails",
		disc->serial, (unsigned long long)read->bad_pieces,
		(unsigned long long)read->pieces, (unsigned long long)read->bad_mails);
	status = tp_event_add(archive, actor, "bad", NULL, note, err);
	if (status)
		return status;
	if (!disc->bad_at)
		disc->bad_at = tp_ledger_now();
	disc->bad_device = read->device;
	return tp_ledger_write(archive, disc, err);
}

static enum tp_status mark_good(
	struct tp_archive *archive, struct tp_disc *disc, const char *actor, struct tp_error *err)
{
	bool lost = disc->when[TP_DISC_LOST], bad = disc->bad_at;
	char note[64];

	if (disc->when[TP_DISC_VERIFIED] && !lost && !bad)
		return TP_OK;
	snprintf(note, sizeof note, "disc %s%s%s", disc->serial, lost ? ", found" : "",
		bad ? ", good again" : "");
	disc->when[TP_DISC_LOST] = disc->bad_at = 0;
	disc->bad_device = false;
	return write_step(archive, disc, TP_DISC_VERIFIED, note, actor, err);
}

/* What was read is older than what was recorded meanwhile. */
static enum tp_status check_still(
	const struct tp_disc *disc, const struct tp_disc *before, struct tp_error *err)
{
	const char *what = NULL;

	if (disc->when[TP_DISC_LOST] != before->when[TP_DISC_LOST])
		what = "recorded as lost or found";
	else if (disc->bad_at != before->bad_at || disc->bad_device != before->bad_device)
		what = "read by another";
	return what ? tp_fail(err, TP_TEMPORARY,
			      "disc %s was %s while it was read: nothing is recorded; verify it "
			      "again",
			      disc->serial, what)
		    : TP_OK;
}

static enum tp_status mark_read(struct tp_archive *archive, struct tp_disc *disc,
	const struct tp_disc *before, const struct tp_disc_read *read, const char *actor,
	struct tp_error *err)
{
	enum tp_status status;

	if (disc->number != before->number ||
		memcmp(disc->image, before->image, sizeof disc->image))
		return tp_fail(err, TP_TEMPORARY,
			"disc %s was made anew while it was read: nothing is recorded",
			disc->serial);
	if (read->bad_pieces)
		return mark_bad(archive, disc, read, actor, err);
	status = check_still(disc, before, err);
	return status ? status : mark_good(archive, disc, actor, err);
}

enum tp_status tp_disc_mark_read(struct tp_archive *archive, const struct tp_disc *before,
	const struct tp_disc_read *read, const char *actor, struct tp_error *err)
{
	struct tp_disc disc;
	int fd;
	enum tp_status status = tp_disc_hold(archive, &fd, err);

	if (!status)
		status = tp_disc_find(archive, before->serial, &disc, err);
	if (!status)
		status = mark_read(archive, &disc, before, read, actor, err);
	if (fd >= 0)
		close(fd);
	return status;
}

enum tp_status tp_disc_mark_left(struct tp_archive *archive, uint32_t number, struct tp_error *err)
{
	struct tp_disc disc;
	int fd;
	enum tp_status status = tp_disc_hold(archive, &fd, err);

	if (!status)
		status = tp_ledger_read(archive, number, &disc, err);
	if (!status && !disc.left_at) {
		disc.left_at = tp_ledger_now();
		status = tp_ledger_write(archive, &disc, err);
	}
	if (fd >= 0)
		close(fd);
	return status;
}
