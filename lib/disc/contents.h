/*
 * What a disc holds: disc/NNNNNNNN.tpd, the list of its mails, and where each stands, and the hashes of
 * its image's pieces. With them a disc can be read back and compared without the mails, and a mail
 * that left can be named by its path. tubepost-archive(5) has the bytes.
 *
 * The list is written in groups of 4,096 mails, each one zstd frame, sealed when the archive has a key, for
 * paths hold subjects. It grows in an unlinked file while a disc is planned, and gets its name when the
 * disc is made.
 */
#ifndef TP_DISC_CONTENTS_H
#define TP_DISC_CONTENTS_H

#include "disc/ledger.h"

/* --- writing ---------------------------------------------------------------------------------- */

struct tp_contents_out;
enum tp_status tp_contents_out_new(struct tp_archive *archive, const char *serial,
	struct tp_contents_out **out, struct tp_error *err);
/* TP_USAGE: an id that is none, or a path without end. */
enum tp_status tp_contents_out_add(
	struct tp_contents_out *out, const struct tp_disc_mail *mail, struct tp_error *err);
/* Writes the file aside, syncs it and gives it its name. `image` is the digest of the image that the
 * pieces are of. */
enum tp_status tp_contents_out_finish(struct tp_contents_out *out, uint32_t number,
	const unsigned char image[TP_SHA256_BYTES], const unsigned char *pieces, size_t piece_count,
	struct tp_error *err);
uint64_t tp_contents_out_mails(const struct tp_contents_out *out);
void tp_contents_out_free(struct tp_contents_out *out);

/* --- reading ---------------------------------------------------------------------------------- */

struct tp_contents;
/* TP_NOINPUT: there is none; TP_DATA: damaged, of another number of mails than the ledger says, or of another
 * image: a disc was being made again when that was cut short, and has to be made once more. TP_CONFIG: no
 * key. What is allocated is bounded by the file's size. */
enum tp_status tp_contents_open(struct tp_archive *archive, const struct tp_disc *disc,
	struct tp_contents **contents, struct tp_error *err);
void tp_contents_close(struct tp_contents *contents);

/* The hashes of the image's pieces, TP_SHA256_BYTES each. Borrowed. */
const unsigned char *tp_contents_pieces(const struct tp_contents *contents, size_t *count);

/* Gives every mail, in order of arrival; its texts end in a NUL and are good until `each` returns. */
typedef enum tp_status tp_contents_each(
	void *context, uint64_t i, const struct tp_disc_mail *mail, struct tp_error *err);
enum tp_status tp_contents_walk(
	struct tp_contents *contents, tp_contents_each *each, void *context, struct tp_error *err);

/* Appends the path of mail i. TP_NOTHING: it has fewer. */
enum tp_status tp_contents_path(
	struct tp_contents *contents, uint64_t i, struct tp_buf *path, struct tp_error *err);

/* The serial in the front of a list, for a disc whose facts are damaged. False: that cannot be read,
 * either. */
bool tp_contents_serial(
	struct tp_archive *archive, uint32_t number, char serial[TP_SERIAL_LEN + 1]);

/* Where a mail is that left for a disc (struct tp_place has number and i): fills *disc, and appends the
 * path on the disc, or nothing when its list cannot be read. TP_NOTHING: no such disc. */
enum tp_status tp_disc_where(struct tp_archive *archive, uint32_t number, uint64_t i,
	struct tp_disc *disc, struct tp_buf *path, struct tp_error *err);

#endif
