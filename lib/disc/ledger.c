/*
 * The ledger: see ledger.h. What writes to it takes the lock of the folder `disc`, and a serial that is
 * being made has a lock of its own; both are the kernel's, on bytes of disc/lock, as in archive/lock.c:
 *
 *   byte 0       the one who writes
 *   byte 16 + n  the serial that is number n of all that can be
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/events.h"
#include "archive/shred.h"
#include "base/clock.h"
#include "base/hex.h"
#include "disc/contents.h"
#include "disc/files.h"
#include "disc/ledger_file.h"

#define BYTE_WRITER  0
#define BYTE_SERIALS 16

struct tp_disc_making {
	struct tp_archive *archive;
	char serial[TP_SERIAL_LEN + 1];
	unsigned char content[TP_SHA256_BYTES];
	uint32_t number; /* of a disc that is made again; 0: a new one */
	int lock;
	struct tp_contents_out *out;
};

/* --- locks ------------------------------------------------------------------------------------ */

static enum tp_status open_lock(struct tp_archive *archive, int *fd, struct tp_error *err)
{
	*fd = -1;
	if (archive->read_only)
		return tp_fail(err, TP_DENIED, "archive %s: read-only", archive->path);
	if (!mkdirat(archive->dir, "disc", 0750)) {
		enum tp_status status = tp_archive_sync(archive, ".", err);

		if (status)
			return status;
	} else if (errno != EEXIST) {
		return tp_fail_errno(err, TP_CANTCREATE, "%s/disc", archive->path);
	}
	*fd = openat(archive->dir, "disc/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (*fd < 0)
		return tp_fail_errno(err, TP_CANTCREATE, "%s/disc/lock", archive->path);
	return TP_OK;
}

/* TP_TEMPORARY without a sentence: somebody has it, and we shall not wait. */
static enum tp_status lock_byte(int fd, off_t byte, bool wait, struct tp_error *err)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
	};

	while (fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock)) {
		if (!wait && (errno == EAGAIN || errno == EACCES))
			return TP_TEMPORARY;
		if (errno != EINTR)
			return tp_fail_errno(err, TP_IO, "disc/lock: cannot lock");
	}
	return TP_OK;
}

enum tp_status tp_disc_hold(struct tp_archive *archive, int *fd, struct tp_error *err)
{
	enum tp_status status = open_lock(archive, fd, err);

	if (!status)
		status = lock_byte(*fd, BYTE_WRITER, true, err);
	/* What writers left that were killed goes with the next. */
	if (!status)
		status = tp_shred_all(archive, "disc", ".json.new", err);
	return status ? status : tp_shred_all(archive, "disc", ".tpd.new", err);
}

static off_t byte_of(const char *serial)
{
	off_t n = 0;

	for (size_t i = 0; i < TP_SERIAL_LEN; i++)
		n = n * 26 + (serial[i] - 'A');
	return BYTE_SERIALS + n;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* A disc whose facts are damaged, and how. */
typedef void bad_disc(void *context, uint32_t number, const struct tp_error *why);

static enum tp_status walk(struct tp_archive *archive, tp_disc_each *each, bad_disc *bad,
	void *context, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	struct tp_disc disc;
	enum tp_status status = tp_archive_numbers(archive, "disc", &numbers, &count, err);

	for (size_t i = 0; !status && i < count; i++) {
		struct tp_error why;

		status = tp_ledger_read(archive, numbers[i], &disc, &why);
		if (!status) {
			status = each(context, &disc, err);
		} else if (tp_ledger_is_damage(status)) {
			bad(context, numbers[i], &why);
			status = TP_OK;
		} else
			tp_fail(err, status, "%s", why.text);
	}
	free(numbers);
	return status;
}

struct walking {
	tp_disc_each *each;
	void *context;
	struct tp_error bad; /* the first */
};

static enum tp_status pass_on(void *context, const struct tp_disc *disc, struct tp_error *err)
{
	struct walking *w = context;

	return w->each(w->context, disc, err);
}

static void note_bad(void *context, uint32_t number, const struct tp_error *why)
{
	struct walking *w = context;

	if (!w->bad.status)
		w->bad = *why;
}

enum tp_status tp_disc_walk(
	struct tp_archive *archive, tp_disc_each *each, void *context, struct tp_error *err)
{
	struct walking w = { .each = each, .context = context };
	enum tp_status status = walk(archive, pass_on, note_bad, &w, err);

	return status || !w.bad.status ? status : tp_fail(err, TP_DATA, "%s", w.bad.text);
}

struct wanted {
	struct tp_archive *archive;
	const char *serial;
	struct tp_disc *disc;
	bool found;
	struct tp_error doubt; /* it may be one that cannot be read */
};

static enum tp_status look(void *context, const struct tp_disc *disc, struct tp_error *err)
{
	struct wanted *wanted = context;

	if (strcmp(disc->serial, wanted->serial))
		return TP_OK;
	*wanted->disc = *disc;
	wanted->found = true;
	return TP_OK;
}

/* Another one's list says so. */
static void doubt(void *context, uint32_t number, const struct tp_error *why)
{
	struct wanted *wanted = context;
	char serial[TP_SERIAL_LEN + 1];

	if (tp_contents_serial(wanted->archive, number, serial) && strcmp(serial, wanted->serial))
		return;
	wanted->doubt = *why;
}

enum tp_status tp_disc_find(
	struct tp_archive *archive, const char *serial, struct tp_disc *disc, struct tp_error *err)
{
	struct wanted wanted = { .archive = archive, .serial = serial, .disc = disc };
	enum tp_status status = walk(archive, look, doubt, &wanted, err);

	if (!status && !wanted.found && wanted.doubt.status)
		status = tp_fail(err, TP_DATA, "%s", wanted.doubt.text);
	else if (!status && !wanted.found)
		status = tp_fail(err, TP_NOTHING, "there is no disc %s", serial);
	return status;
}

enum tp_status tp_disc_get(
	struct tp_archive *archive, uint32_t number, struct tp_disc *disc, struct tp_error *err)
{
	return tp_ledger_read(archive, number, disc, err);
}

struct doubtful {
	uint32_t *numbers;
	size_t count;
};

static enum tp_status add_doubtful(void *context, const struct tp_disc *disc, struct tp_error *err)
{
	struct doubtful *d = context;
	uint32_t *larger;

	if (!disc->when[TP_DISC_LOST] && !disc->bad_at)
		return TP_OK;
	larger = reallocarray(d->numbers, d->count + 1, sizeof *larger);
	if (!larger)
		return tp_fail(err, TP_NOMEM, "disc: out of memory");
	d->numbers = larger;
	d->numbers[d->count++] = disc->number;
	return TP_OK;
}

enum tp_status tp_disc_doubtful(
	struct tp_archive *archive, uint32_t **numbers, size_t *count, struct tp_error *err)
{
	struct doubtful d = { NULL, 0 };
	struct tp_error why;
	enum tp_status status = tp_disc_walk(archive, add_doubtful, &d, &why);

	*numbers = d.numbers;
	*count = d.count;
	return status && status != TP_DATA ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

enum tp_disc_step tp_disc_state(const struct tp_disc *disc)
{
	int step = TP_DISC_STEPS - 1;

	while (step > TP_DISC_MADE && !disc->when[step])
		step--;
	return (enum tp_disc_step)step;
}

/* --- what the facts mean ---------------------------------------------------------------------- */

const char *tp_disc_state_word(const struct tp_disc *disc)
{
	if (disc->bad_at && !disc->when[TP_DISC_LOST])
		return "bad";
	return tp_disc_words[tp_disc_state(disc)];
}

bool tp_disc_is_good(const struct tp_archive *archive, const struct tp_disc *disc)
{
	const int64_t *when = disc->when;

	if (when[TP_DISC_LOST] || disc->bad_at)
		return false;
	if (!strcmp(archive->settings.after, "received"))
		return when[TP_DISC_RECEIVED];
	if (!strcmp(archive->settings.after, "verified"))
		return when[TP_DISC_VERIFIED];
	return when[TP_DISC_BURNT] || when[TP_DISC_VERIFIED] || when[TP_DISC_SHIPPED] ||
	       when[TP_DISC_RECEIVED];
}

bool tp_disc_counts(const struct tp_disc *disc, bool device, struct tp_error *why)
{
	if (device)
		return true;
	if (disc->when[TP_DISC_LOST])
		tp_fail(why, TP_NOTHING, "%s is recorded as lost", disc->serial);
	else if (!disc->when[TP_DISC_BURNT])
		tp_fail(why, TP_NOTHING, "%s was never recorded as burnt", disc->serial);
	else if (disc->bad_at && disc->bad_device)
		tp_fail(why, TP_NOTHING, "%s was bad in a drive, and is to be read there",
			disc->serial);
	else
		return true;
	return false;
}

/* --- making one ------------------------------------------------------------------------------- */

/* An image may be written again under its serial as long as nobody said that it became a disc. */
static bool is_only_made(const struct tp_disc *disc)
{
	return tp_disc_state(disc) == TP_DISC_MADE && !disc->bad_at && !disc->left_at;
}

static enum tp_status say_taken(const struct tp_disc *disc, struct tp_error *err)
{
	if (!is_only_made(disc))
		return tp_fail(err, TP_USAGE, "disc %s exists, and was %s", disc->serial,
			tp_disc_state_word(disc));
	return tp_fail(err, TP_USAGE, "disc %s exists, with other mails", disc->serial);
}

/* What the ledger says of the serial: nothing yet, or what may be made again. */
static enum tp_status look_up_serial(struct tp_disc_making *m, struct tp_error *err)
{
	struct tp_disc disc;
	enum tp_status status = tp_disc_find(m->archive, m->serial, &disc, err);

	m->number = 0;
	if (status == TP_NOTHING)
		return TP_OK;
	if (status)
		return status;
	if (!is_only_made(&disc) || memcmp(disc.content, m->content, sizeof disc.content))
		return say_taken(&disc, err);
	m->number = disc.number;
	return TP_OK;
}

static enum tp_status take_serial(struct tp_disc_making *m, struct tp_error *err)
{
	enum tp_status status = lock_byte(m->lock, byte_of(m->serial), false, err);

	if (status == TP_TEMPORARY)
		return tp_fail(
			err, TP_TEMPORARY, "disc %s: another process is making it", m->serial);
	return status ? status : look_up_serial(m, err);
}

enum tp_status tp_disc_reserve(struct tp_archive *archive, const char *serial,
	const unsigned char content[TP_SHA256_BYTES], struct tp_disc_making **making,
	struct tp_error *err)
{
	struct tp_disc_making *m = calloc(1, sizeof *m);
	enum tp_status status = TP_OK;

	*making = NULL;
	if (!m)
		return tp_fail(err, TP_NOMEM, "disc: out of memory");
	m->archive = archive;
	m->lock = -1;
	memcpy(m->content, content, sizeof m->content);
	if (!tp_serial_normalize(serial, m->serial))
		status = tp_fail(err, TP_USAGE, "'%s' is no serial", serial);
	if (!status)
		status = open_lock(archive, &m->lock, err);
	if (!status)
		status = take_serial(m, err);
	if (!status)
		status = tp_contents_out_new(archive, m->serial, &m->out, err);
	if (status)
		tp_disc_drop(m);
	else
		*making = m;
	return status;
}

enum tp_status tp_disc_add(
	struct tp_disc_making *making, const struct tp_disc_mail *mail, struct tp_error *err)
{
	return tp_contents_out_add(making->out, mail, err);
}

/* The list alone is what a process left that died before its disc was recorded: it is overwritten. */
static enum tp_status choose_number(struct tp_disc_making *m, struct tp_error *err)
{
	struct tp_disc_files *files = NULL;
	size_t count = 0;
	enum tp_status status = TP_OK;
	uint32_t last = 0;

	if (m->number)
		return TP_OK;
	status = tp_disc_files(m->archive, &files, &count, err);
	for (size_t i = 0; i < count; i++)
		if (files[i].has & (TP_DISC_FACTS | TP_DISC_INDEX))
			last = files[i].number;
	m->number = last + 1;
	free(files);
	return status;
}

static enum tp_status note_made(struct tp_disc_making *m, const struct tp_disc *disc,
	const char *actor, struct tp_error *err)
{
	char note[256], hex[TP_SHA256_HEX];

	tp_hex(disc->image, TP_SHA256_BYTES, hex);
	snprintf(note, sizeof note, "disc %s, %llu messages, image %s", m->serial,
		(unsigned long long)disc->mails, hex);
	return tp_event_add(m->archive, actor, "made", NULL, note, err);
}

/* The image took its time, and what was recorded meanwhile is not to be forgotten: the ledger is asked
 * again by who may write to it. */
static enum tp_status record(struct tp_disc_making *m, const struct tp_disc *disc,
	const unsigned char *pieces, size_t piece_count, const char *actor, struct tp_error *err)
{
	struct tp_disc fact = *disc;
	enum tp_status status = look_up_serial(m, err);

	if (!status)
		status = choose_number(m, err);
	if (!status)
		status = tp_contents_out_finish(
			m->out, m->number, disc->image, pieces, piece_count, err);
	if (!status)
		status = note_made(m, disc, actor, err);
	if (status)
		return status;
	fact.number = m->number;
	memcpy(fact.serial, m->serial, sizeof fact.serial);
	memcpy(fact.content, m->content, sizeof fact.content);
	memset(fact.when, 0, sizeof fact.when);
	fact.when[TP_DISC_MADE] = tp_ledger_now();
	fact.left_at = fact.bad_at = 0;
	fact.bad_device = false;
	return tp_ledger_write(m->archive, &fact, err);
}

enum tp_status tp_disc_made(struct tp_disc_making *making, const struct tp_disc *disc,
	const unsigned char *pieces, size_t piece_count, const char *actor, struct tp_error *err)
{
	int fd;
	enum tp_status status;

	if (tp_contents_out_mails(making->out) != disc->mails)
		return tp_fail(err, TP_INTERNAL, "disc %s: not as many mails as were added",
			making->serial);
	status = tp_disc_hold(making->archive, &fd, err);
	if (!status)
		status = record(making, disc, pieces, piece_count, actor, err);
	if (fd >= 0)
		close(fd);
	return status;
}

void tp_disc_drop(struct tp_disc_making *making)
{
	if (!making)
		return;
	tp_contents_out_free(making->out);
	if (making->lock >= 0)
		close(making->lock);
	free(making);
}
