/*
 * The ledger of an archive's discs: what each holds, and what has become of it. dvd-pack writes the
 * first line of a disc's life (made), dvd-list the others.
 *
 * A serial is six capital letters without those that are taken for others or for digits (I O Q U V):
 * ABCDEFGHJKLMNPRSTWXYZ. It is the volume's label and what people write on the disc.
 *
 * Two files a disc, in the archive's folder `disc` (tubepost-archive(5)): NNNNNNNN.json, its facts and
 * dates, replaced whole at each step; and NNNNNNNN.tpd, the list of its mails and the hashes of its
 * image's pieces (contents.h), written once. Rejected: SQLite, whose write-ahead log does not go with
 * archives on NFS, and whose rows would have subjects in clear in an archive that has a key.
 *
 * The life: made, burnt, verified, shipped, received; or lost at any time. Steps may be left out, none is
 * taken back. When a disc has come as far as the archive's setting `after` says, the cellar lets go of
 * its mails, and what is needed to find them stays (archive/segment.h, TP_SEGMENT_DISC).
 *
 * A disc that was read back and is not as it was made is bad, whatever steps it has, until it is read
 * again and is. Lost or bad, no pack leaves the cellar for it.
 *
 * A disc that was only made (an image was written, and perhaps never burnt) may be made again
 * under its serial with the very same content; anything else under a serial that is taken is an error.
 */
#ifndef TP_DISC_LEDGER_H
#define TP_DISC_LEDGER_H

#include "archive/archive.h"
#include "base/digest.h"

#define TP_SERIAL_LEN 6

/* True for a serial; small letters are made capitals. */
bool tp_serial_normalize(const char *text, char serial[TP_SERIAL_LEN + 1]);
/* One by chance. */
enum tp_status tp_serial_new(char serial[TP_SERIAL_LEN + 1], struct tp_error *err);

enum tp_disc_step {
	TP_DISC_MADE,
	TP_DISC_BURNT,
	TP_DISC_VERIFIED,
	TP_DISC_SHIPPED,
	TP_DISC_RECEIVED,
	TP_DISC_LOST,
	TP_DISC_STEPS
};

/* A disc as the ledger knows it. */
struct tp_disc {
	uint32_t number; /* in the ledger, from 1; struct tp_place.disc */
	char serial[TP_SERIAL_LEN + 1];
	char medium[16];                        /* plan.h's name of it */
	uint64_t sectors;                       /* of the image */
	uint64_t mails, bytes;                  /* of the mails as they came */
	int64_t first_ms, last_ms;              /* arrivals */
	unsigned char content[TP_SHA256_BYTES]; /* tp_bag_digest */
	unsigned char image[TP_SHA256_BYTES];   /* tp_image_digest */
	int64_t when[TP_DISC_STEPS];            /* seconds; 0: not so far */
	int64_t left_at; /* when the cellar had let go of all its mails; 0: not so far */
	int64_t bad_at;  /* when it was read and was not as it was made; 0: never, or good since */
	bool bad_device; /* the device itself was: what a file holds says nothing about it any more */
};

/* "made", "burnt" ... as the ledger, the event log and dvd-list call them. */
extern const char *const tp_disc_words[TP_DISC_STEPS];

/* --- making one (dvd-pack) -------------------------------------------------------------------- */

struct tp_disc_making; /* a serial that nobody else can take while this is open */

/* Takes the serial before the image's first byte is written. `content` is tp_bag_digest. Nothing is
 * recorded yet, and a process that dies leaves nothing behind. TP_USAGE: a disc of that serial exists,
 * and is not one that was only made, of the same content; TP_TEMPORARY: another process is making it. */
enum tp_status tp_disc_reserve(struct tp_archive *archive, const char *serial,
	const unsigned char content[TP_SHA256_BYTES], struct tp_disc_making **making,
	struct tp_error *err);

/* The next mail of the disc, in order of arrival: where it stands (image.h). */
struct tp_disc_mail {
	const char *id;   /* 16 characters; NUL or not */
	const char *path; /* on the disc */
	uint64_t sector, sectors, size_bytes;
};
enum tp_status tp_disc_add(
	struct tp_disc_making *making, const struct tp_disc_mail *mail, struct tp_error *err);

/* Records the disc as made: complete and synced, or not at all. Of `disc` everything but number and
 * when is set; `pieces` are the hashes of its pieces (image.h). A disc made again keeps its number,
 * and what is recorded of mails and pieces is the new. TP_USAGE: it is not only made any more, for
 * something was recorded of it since it was reserved. */
enum tp_status tp_disc_made(struct tp_disc_making *making, const struct tp_disc *disc,
	const unsigned char *pieces, size_t piece_count, const char *actor, struct tp_error *err);

/* Lets go of the serial; NULL is fine. Without tp_disc_made before, nothing happened. */
void tp_disc_drop(struct tp_disc_making *making);

/* --- reading the ledger ----------------------------------------------------------------------- */

/* Gives every disc, in the order of their numbers; ends at the first `each` that fails, with its status. A
 * disc whose facts are damaged is passed over, and at the end TP_DATA names the first of them: whoever can
 * do without goes on. No lock is needed: a disc's facts are replaced whole. */
typedef enum tp_status tp_disc_each(
	void *context, const struct tp_disc *disc, struct tp_error *err);
enum tp_status tp_disc_walk(
	struct tp_archive *archive, tp_disc_each *each, void *context, struct tp_error *err);

/* One disc, by its serial (normalized) or its number. TP_NOTHING: there is none; TP_DATA: its facts are
 * damaged, or they may be those that are, for its list tells no serial, either. */
enum tp_status tp_disc_find(
	struct tp_archive *archive, const char *serial, struct tp_disc *disc, struct tp_error *err);
enum tp_status tp_disc_get(
	struct tp_archive *archive, uint32_t number, struct tp_disc *disc, struct tp_error *err);

/* The numbers of discs that are lost or bad: of a mail that is on another one as well, these are asked last
 * (tp_view_shun_discs). Those whose facts are damaged are not among them. The caller frees *numbers. */
enum tp_status tp_disc_doubtful(
	struct tp_archive *archive, uint32_t **numbers, size_t *count, struct tp_error *err);

/* The step that it has come to: the last one in the order of enum tp_disc_step. */
enum tp_disc_step tp_disc_state(const struct tp_disc *disc);
/* What dvd-list calls its state: the word of that step, or "bad" for one that is, and is not lost. */
const char *tp_disc_state_word(const struct tp_disc *disc);

/* Whether the cellar may let go of what is on it: it has come as far as the setting `after` says, and is
 * neither lost nor bad. verified means verified; received, received; burnt is also what was verified,
 * shipped or received without having been told of. */
bool tp_disc_is_good(const struct tp_archive *archive, const struct tp_disc *disc);

/* Whether what was read says something about the disc: what a device gave always does. A file, a pipe
 * or stdin may be the image that was never burnt, or what could be rescued of a disc that is dying: it
 * counts only when the disc was recorded as burnt, and neither as lost nor as bad by a device. `why`:
 * the sentence about what stands against it. */
bool tp_disc_counts(const struct tp_disc *disc, bool device, struct tp_error *why);

/* --- what becomes of a disc (dvd-list) -------------------------------------------------------- */

/* Records that a disc was burnt, verified, shipped, received or lost: the event first, then the fact. One
 * that is recorded already stays as it is. TP_NOTHING: no such disc. TP_USAGE: it was lost, or it is to be
 * verified and is bad: that takes reading it (tp_disc_mark_read). */
enum tp_status tp_disc_mark(struct tp_archive *archive, const char *serial, enum tp_disc_step step,
	const char *actor, struct tp_error *err);

/* What came out when a disc was read back that counts (tp_disc_counts). */
struct tp_disc_read {
	bool device;
	uint64_t pieces, bad_pieces; /* none of them bad: it is as it was made */
	uint64_t bad_mails;
};

/* Records it: verified, which takes back a loss or what was bad; or bad. `before` is the disc as it was when
 * reading began. TP_TEMPORARY: it was good, but something that this would take back was recorded meanwhile,
 * or the disc was made anew: nothing is recorded. */
enum tp_status tp_disc_mark_read(struct tp_archive *archive, const struct tp_disc *before,
	const struct tp_disc_read *read, const char *actor, struct tp_error *err);

/* Records that the cellar has let go of a disc's mails (release.h). */
enum tp_status tp_disc_mark_left(struct tp_archive *archive, uint32_t number, struct tp_error *err);

/* Nobody records anything of any disc until *fd is closed: for who decides by what the ledger says. Behind
 * seal.lock and the archive's lock, never before them. Who holds it records nothing himself, or he
 * would wait for himself. */
enum tp_status tp_disc_hold(struct tp_archive *archive, int *fd, struct tp_error *err);

#endif
