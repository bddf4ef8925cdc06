/*
 * The image: ISO 9660 level 3 with Joliet and Rock Ridge, by libisofs, in one pass to a descriptor. The
 * one module that knows libisofs. Built without it, every call is TP_UNAVAILABLE and says so.
 *
 * Sizes are known before the first byte and cannot change; mails are read ahead by a thread, in the
 * order in which they stand. libisofs fills up silently what a content is short of, so no mail is left
 * to it: each is whole and proven before its first byte is written, and the first failure ends the image.
 *
 * The same bag gives the same bytes: owner, modes and all times are fixed, nothing is taken from the
 * clock, the process or the file system.
 *
 * Memory: libisofs needs some 700 bytes a mail for its trees until the first mail is written. Of contents up
 * to 36 MiB are read ahead, less of more mails (4 MiB of half a million), and a mail that is larger than
 * 1 MiB stands in an unlinked file until it is proven.
 */
#ifndef TP_DISC_IMAGE_H
#define TP_DISC_IMAGE_H

#include "disc/bag.h"
#include "disc/source.h"

/* Image bytes are hashed in pieces of so many sectors, the last being shorter, so that whoever reads a
 * disc back can say where it is damaged: those that a DVD loses together (ECMA-267's ECC block), so that
 * a scratch names few mails that are whole. */
#define TP_IMAGE_PIECE 16

struct tp_image;

/* Puts the tree together: the mails of a closed bag, which are the source's first ones, and the bag's
 * own files. Both are borrowed. `time` (seconds) is that of folders, texts and volume; `tail` sectors of
 * zeros are added at the end. With `write` a thread begins to read the mails: until the image is freed or
 * written the source is asked for ids and sizes alone. */
enum tp_status tp_image_new(const struct tp_bag *bag, struct tp_source *source, const char *serial,
	int64_t time, uint64_t tail, bool write, struct tp_image **image, struct tp_error *err);
void tp_image_free(struct tp_image *image);

/* Exactly what tp_image_write writes. */
uint64_t tp_image_sectors(const struct tp_image *image);

/* Where the content of mail i begins, and how many sectors it takes (0: it is empty). */
void tp_image_place(const struct tp_image *image, size_t i, uint64_t *sector, uint64_t *sectors);

/* Writes it to a descriptor, once; it was made for that. TP_IO: the descriptor failed; TP_DATA: a mail is
 * not what it was; and what reading fails with. The bytes written are no image then. */
typedef void tp_image_progress(void *context, uint64_t sectors);
enum tp_status tp_image_write(struct tp_image *image, int fd, tp_image_progress *progress,
	void *context, struct tp_error *err);

/* After that: the SHA-256 of each piece, one behind the other, and of all of them. Borrowed. */
const unsigned char *tp_image_pieces(const struct tp_image *image, size_t *count);
void tp_image_digest(const struct tp_image *image, unsigned char sha256[TP_SHA256_BYTES]);

#endif
