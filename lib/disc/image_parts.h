/*
 * What an image is made of. Private to image*.c, which stand in a row:
 *
 *   image.c        the order of the mails, and where each begins
 *   image_tree.c   the tree, and with it the head of the image up to the first mail: libisofs
 *   image_stream.c what libisofs reads
 *   image_ahead.c  a thread that reads mails ahead, batch by batch, beginning before there is a head
 *   image_write.c  the caller's thread, which reads the head, proves what was read of mails and is not
 *                  proven yet, hashes all and writes it
 *
 * Mails do not pass through libisofs. It knows their sizes and writes down where they begin; but its
 * ring of single sectors, each with a lock and a signal, costs more than reading them. What stands
 * behind the head is simple: each mail in the given order, from a new sector on, then the tail.
 */
#ifndef TP_DISC_IMAGE_PARTS_H
#define TP_DISC_IMAGE_PARTS_H

#include "disc/image.h"

#define TP_IMAGE_PIECE_BYTES ((size_t)TP_IMAGE_PIECE * TP_SECTOR)
#define TP_IMAGE_BATCH       (32 * TP_IMAGE_PIECE_BYTES) /* read, hashed and written at once */

struct tp_image_tree; /* libisofs's part */

struct tp_image {
	const struct tp_bag *bag;
	struct tp_source *source;
	size_t mail_count;
	uint32_t *order; /* in which the mails' contents stand */
	uint32_t *
		begins; /* the sector of each mail; before the tree stands, its rank in the order */
	uint64_t sectors; /* of all, */
	uint64_t head;    /* of what is before the first mail, */
	uint64_t tail;    /* and of zeros behind the last */
	struct tp_image_tree *tree;
	struct tp_ahead *ahead; /* NULL: nothing is read ahead */
	struct tp_buf pieces;
	unsigned char *begun; /* a piece of which not all was written yet */
	size_t begun_len;
	uint64_t written; /* sectors */
};

static inline uint64_t tp_image_sectors_of(uint64_t bytes)
{
	return (bytes + TP_SECTOR - 1) / TP_SECTOR;
}

/* --- image_tree.c: for one thread at a time --------------------------------------------------- */

/* Makes image->tree: order, begins, which are ranks, and tail are there. Then image->sectors is, too. What
 * fails leaves it to be freed. */
enum tp_status tp_image_tree_new(
	struct tp_image *image, const char *serial, int64_t time, struct tp_error *err);
void tp_image_tree_free(struct tp_image_tree *tree);

/* The next `sectors` of the head, which has so many left. TP_IO, or what one of the bag's files failed
 * with. */
enum tp_status tp_image_head_read(
	struct tp_image *image, unsigned char *bytes, size_t sectors, struct tp_error *err);
/* When all of the head was read: makes sure that libisofs goes on with the first mail, and that the bag's
 * files were given whole; then the memory of the tree goes. */
enum tp_status tp_image_head_end(struct tp_image *image, struct tp_error *err);

/* --- image_ahead.c ---------------------------------------------------------------------------- */

struct tp_ahead;

/* A mail that lies in a batch and is not proven yet. */
struct tp_ahead_mail {
	uint32_t number;
	uint32_t at, len; /* in the batch */
	unsigned char sha256[TP_SHA256_BYTES];
};

struct tp_ahead_batch {
	unsigned char *bytes;
	size_t len; /* TP_IMAGE_BATCH, or what is left at the end */
	struct tp_ahead_mail *mails;
	size_t mail_count;
};

/* Starts reading: order and tail are there. */
enum tp_status tp_ahead_start(
	struct tp_image *image, struct tp_ahead **ahead, struct tp_error *err);
/* The next batch, in order, which is waited for; borrowed until the next call. TP_NOTHING: there are no
 * more. What reading failed with comes as soon as it failed. */
enum tp_status tp_ahead_take(
	struct tp_ahead *ahead, struct tp_ahead_batch **batch, struct tp_error *err);
/* The first mail of a batch that is not what it was; NULL: there is none, and the batch is proven. */
const struct tp_ahead_mail *tp_ahead_prove(struct tp_ahead_batch *batch);
/* Ends the thread wherever it is; NULL does nothing. */
void tp_ahead_stop(struct tp_ahead *ahead);

#endif
