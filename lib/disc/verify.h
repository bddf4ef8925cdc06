/*
 * Reading a disc back: each of its sectors, in pieces, against the hashes that were taken when it was made.
 * No mail is needed for it, and no file system on the disc: what equals the image is the image.
 */
#ifndef TP_DISC_VERIFY_H
#define TP_DISC_VERIFY_H

#include "disc/ledger.h"

struct tp_disc_fault {
	uint64_t sector, sectors; /* what differs, or cannot be read */
	const struct tp_disc_mail
		*mail; /* that stands there, in part at least; NULL: no mail does */
};

struct tp_disc_verify {
	void *context;
	/* A piece that was looked at: sectors so far, and all there are. May be NULL. */
	void (*progress)(void *context, uint64_t sectors, uint64_t all);
	/* Each piece that is not as it was, with the mails in it: one call for each, or one without. */
	void (*fault)(void *context, const struct tp_disc_fault *fault);
	/* What came out. */
	struct tp_disc_read read;
	bool is_other; /* another disc by its label: nothing was learnt of this one */
};

/* Reads the device or file; "-" is stdin. What stands behind the image, such as dvdisaster's error
 * correction, is not looked at. TP_DATA: it is not as it was, or its label is another disc's serial, which is
 * told at once (is_other); or what is known of the disc is damaged, which is looked at first. TP_NOINPUT: it
 * cannot be opened. TP_IO: it cannot be read, not even in part. Where read.bad_pieces is not 0 and it is no
 * other disc, it is bad, whatever came back. */
enum tp_status tp_disc_verify(struct tp_archive *archive, const struct tp_disc *disc,
	const char *path, struct tp_disc_verify *verify, struct tp_error *err);

#endif
