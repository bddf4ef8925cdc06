/*
 * What fits on a disc: media, the room that error correction needs, and the size of an image before it
 * is made.
 *
 * The exact size of an image is libisofs's own (image.h), and what is printed is always that. But it is
 * known only when the whole tree stands, so a layout reckons along while mails are added and says
 * when the disc is full. It counts what libisofs 1.5 writes to the sector: ISO 9660 level 3 and
 * Joliet directories in whole sectors of records that never cross one, Rock Ridge in the records, path
 * tables, content in whole sectors. Should another version write more, the plan is made again with
 * that much less room.
 *
 * The cut is chronological: the oldest that fit, and nothing behind the first that does not, so that
 * the oldest leave first. (Best fit gains nothing: FIELD.md measured it.)
 */
#ifndef TP_DISC_PLAN_H
#define TP_DISC_PLAN_H

#include <stdint.h>

#include "base/buf.h"

#define TP_SECTOR 2048

/* --- media ------------------------------------------------------------------------------------ */

struct tp_medium {
	const char *name; /* as in --medium */
	uint64_t sectors;
};

/* A medium by its name, or a size in bytes as base/units.h reads it, rounded down to sectors. TP_USAGE:
 * neither, or less than a bag with one small mail takes. `name` of a size is "size". */
enum tp_status tp_medium_parse(const char *text, struct tp_medium *medium, struct tp_error *err);

/* Error correction by dvdisaster, RS03: an image is filled up to the size of the smallest medium that
 * dvdisaster knows and that it fits on, whose sectors are taken as 255 layers of equal length. So many hold
 * the image and two sectors of its own, one holds checksums, the rest, 8 to 170, error correction. */

/* The sectors that an image may have so that on this medium it gets at least `percent` of redundancy; all
 * of them for 0. TP_USAGE: no such percentage (1 to 200), or a medium that is too small for it. */
enum tp_status tp_ecc_room(
	const struct tp_medium *medium, unsigned percent, uint64_t *sectors, struct tp_error *err);

/* Sectors to be added to an image that has room on the medium, so that dvdisaster does not put it on a
 * smaller one, with less redundancy; mostly 0. */
uint64_t tp_ecc_tail(const struct tp_medium *medium, unsigned percent, uint64_t sectors);

/* --- reckoning along -------------------------------------------------------------------------- */

/* Folders and files as they are added; a folder's files one behind the other. */
struct tp_layout {
	uint64_t content;                 /* sectors */
	uint64_t folders;                 /* sectors of directory records, ISO 9660 */
	uint64_t joliet;                  /* the same of Joliet */
	uint64_t iso_paths, joliet_paths; /* bytes of path tables */
	uint64_t parent_bytes;            /* of the entries of folders, where their parents are */
	unsigned iso_used, joliet_used;   /* bytes in the last sector of the open folder */
};

/* The root folder is open afterwards. */
void tp_layout_init(struct tp_layout *layout);
/* A folder of that name is open from now on. Where its own entry stands is not followed: such
 * entries are few, and reckoned a little too large. */
void tp_layout_enter(struct tp_layout *layout, size_t name_len);
/* A file in the open folder. `name_len` as on the disc, 1 to 60. */
void tp_layout_file(struct tp_layout *layout, size_t name_len, uint64_t size_bytes);
/* Sectors of the whole image. */
uint64_t tp_layout_sectors(const struct tp_layout *layout);

/* --- the plan --------------------------------------------------------------------------------- */

/* A calendar month of arrivals (UTC). */
struct tp_plan_month {
	int year, month;
	uint64_t mails, bytes;
};

struct tp_disc_plan {
	char serial[8]; /* "" when none was taken yet */
	struct tp_medium medium;
	unsigned ecc_percent;
	uint64_t room;             /* sectors that the image may have */
	uint64_t sectors;          /* and has: exact */
	uint64_t mails, bytes;     /* of the mails as they came */
	int64_t first_ms, last_ms; /* least and greatest arrival; of no meaning without mails */
	uint64_t left_mails, left_bytes;
	struct tp_plan_month *months; /* in order; owned */
	size_t month_count;
};

void tp_disc_plan_release(struct tp_disc_plan *plan);
/* Counts a mail; they may come in any order. TP_NOMEM. */
enum tp_status tp_disc_plan_count(
	struct tp_disc_plan *plan, int64_t arrival_ms, uint64_t size_bytes, struct tp_error *err);
/* A line each, name and value parted by a tab: serial, medium, room, ecc, sectors, bytes (of the
 * image), mails, mail-bytes, first, last, a `month` line for each month, left. With `json` one object. */
bool tp_disc_plan_print(const struct tp_disc_plan *plan, bool json, struct tp_buf *out);

#endif
