/*
 * The bag: what stands on a disc beside the mails, and what everything is called. BagIt 1.0 (RFC 8493):
 *
 *   bagit.txt                     version and encoding
 *   bag-info.txt                  serial, counts, span of time
 *   manifest-sha256.txt           SHA-256 of every mail; what `sha256sum -c` reads
 *   tagmanifest-sha256.txt        SHA-256 of everything else but the signature
 *   tagmanifest-sha256.txt.p7s    detached CMS signature of it, PEM, when there is a key: as the
 *                                 manifest's hash is in it, it covers the whole disc
 *   README.txt                    what this is and how to prove it, in the archive's language and English
 *   index.html, search/...        the page (page.h)
 *   data/YYYY/MM/NAME.eml         the mails as they came; of a month's mails beyond 2,000 the next
 *                                 2,000 in data/YYYY/MM-002, and so on: larger folders are slow
 *
 * A mail's name is <arrival>_<id>_<subject>.eml: arrival in UTC as 20050701-093000, so that a
 * disc made twice is the same wherever it is made; the subject folded to a-z, 0-9 and dashes. At
 * most 55 characters (each costs five bytes of memory a mail), all of them allowed everywhere, so that
 * Joliet, Rock Ridge and every system show the same name. Nothing on the disc tells when it was made,
 * for the same reason. Names and folders know the years 1970 to 2099, and a mail from outside has the
 * nearest in its own; the page, README.txt and the plan say when it came.
 *
 * Everything here is made before the image's first byte, into unlinked files: sizes must be known, and
 * a manifest of half a million mails is 70 MB.
 */
#ifndef TP_DISC_BAG_H
#define TP_DISC_BAG_H

#include "archive/record.h"
#include "disc/plan.h"

#define TP_BAG_NAME_MAX     55
#define TP_BAG_FOLDER_FILES 2000
#define TP_BAG_PATH_MAX     96 /* of a mail's path, its NUL counted */

struct tp_bag_about {
	const char *serial;      /* six letters */
	const char *language;    /* en, fr, de, es */
	const char *contact;     /* address of the archive's people; NULL: none */
	const char *certificate; /* files of the signer, PEM; NULL: no signature */
	const char *key;
};

struct tp_bag;

/* `about` is borrowed until the bag is freed. */
enum tp_status tp_bag_new(
	const struct tp_bag_about *about, struct tp_bag **bag, struct tp_error *err);
void tp_bag_free(struct tp_bag *bag);

/* Adds the next mail, which did not arrive before those added already; those before 1970 come first, in
 * any order. */
enum tp_status tp_bag_add(struct tp_bag *bag, const struct tp_record *record, struct tp_error *err);
/* Sectors of the image if no mail came any more; never less than it will have (of plan.h's
 * certainty). */
uint64_t tp_bag_sectors(const struct tp_bag *bag);

/* Finishes page, manifests and texts, and signs. No mail can be added any more. */
enum tp_status tp_bag_close(struct tp_bag *bag, struct tp_error *err);

/* --- a closed bag ----------------------------------------------------------------------------- */

/* A file beside the mails. */
struct tp_bag_file {
	char *path;
	uint64_t size_bytes;
	uint64_t begin;   /* private: where it is kept, */
	bool in_manifest; /* and in which file */
};

size_t tp_bag_files(const struct tp_bag *bag, const struct tp_bag_file **files);
/* Reads the bytes [at, at + len) of one of them, which it has; may be called by any thread. TP_IO. */
enum tp_status tp_bag_read(const struct tp_bag *bag, const struct tp_bag_file *file, uint64_t at,
	void *bytes, size_t len, struct tp_error *err);

/* SHA-256 of tagmanifest-sha256.txt: one hash that stands for all that is on the disc, signature
 * aside. */
const unsigned char *tp_bag_digest(const struct tp_bag *bag);

size_t tp_bag_mails(const struct tp_bag *bag);
/* Gives the path of every mail, in the order in which they were added: `data/2005/07/....eml`. */
typedef enum tp_status tp_bag_each(void *context, size_t i, const char *path, struct tp_error *err);
enum tp_status tp_bag_walk(
	const struct tp_bag *bag, tp_bag_each *each, void *context, struct tp_error *err);

/* --- names ------------------------------------------------------------------------------------ */

/* Appends the name of a mail. */
bool tp_bag_name(const struct tp_record *record, struct tp_buf *out);

/* The time that a mail's files and folders bear: its arrival in seconds, kept within what ISO 9660 can
 * write on every system (1970 to 2099). */
int64_t tp_bag_time(int64_t arrival_ms);

/* The same as a date (UTC). */
struct tp_bag_date {
	int year, month, day, hour, minute, second;
};
struct tp_bag_date tp_bag_date(int64_t arrival_ms);

#endif
