/*
 * The ledger of an archive's discs: what each holds, and what has become of it. dvd-pack writes the
 * first line of a disc's life (made), dvd-list the others.
 *
 * A serial is six capital letters without those that are taken for others or for digits (I O Q U V):
 * ABCDEFGHJKLMNPRSTWXYZ. It is the volume's label and what people write on the disc.
 *
 * The life: made, burnt, verified, shipped, received; or lost at any time. Steps may be left out, none is
 * taken back. When a disc has come as far as the archive's setting `after` says, the cellar lets go of
 * its mails, and what is needed to find them stays (archive/segment.h, TP_SEGMENT_DISC).
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
	char medium[16];	   /* plan.h's name of it */
	uint64_t sectors;	   /* of the image */
	uint64_t mails, bytes;	   /* of the mails as they came */
	int64_t first_ms, last_ms; /* arrivals */
	unsigned char content[TP_SHA256_BYTES]; /* tp_bag_digest */
	unsigned char image[TP_SHA256_BYTES];	/* tp_image_digest */
	int64_t when[TP_DISC_STEPS]; /* seconds; 0: not so far */
};

/* --- making one (dvd-pack) ---------------------------------------------------------------------- */

struct tp_disc_making; /* a serial that nobody else can take while this is open */

/* Takes the serial before the image's first byte is written. `content` is tp_bag_digest. Nothing is
 * recorded yet, and a process that dies leaves nothing behind. TP_USAGE: a disc of that serial exists,
 * and is not one that was only made, of the same content; TP_TEMPORARY: another process is making it. */
enum tp_status tp_disc_reserve(struct tp_archive *archive, const char *serial,
	const unsigned char content[TP_SHA256_BYTES], struct tp_disc_making **making,
	struct tp_error *err);

/* The next mail of the disc, in order of arrival: where it stands (image.h). */
struct tp_disc_mail {
	const char *id;	  /* 16 characters; NUL or not */
	const char *path; /* on the disc */
	uint64_t sector, sectors, size_bytes;
};
enum tp_status tp_disc_add(
	struct tp_disc_making *making, const struct tp_disc_mail *mail, struct tp_error *err);

/* Records the disc as made: complete and synced, or not at all. Of `disc` everything but number and
 * when is set; `pieces` are the hashes of its pieces (image.h). A disc made again keeps its number,
 * and what is recorded of mails and pieces is the new. */
enum tp_status tp_disc_made(struct tp_disc_making *making, const struct tp_disc *disc,
	const unsigned char *pieces, size_t piece_count, const char *actor, struct tp_error *err);

/* Lets go of the serial; NULL is fine. Without tp_disc_made before, nothing happened. */
void tp_disc_drop(struct tp_disc_making *making);

#endif
