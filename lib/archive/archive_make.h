/* Making an archive, and the words in its file `format`. Private to archive.c and archive_make.c. */
#ifndef TP_ARCHIVE_ARCHIVE_MAKE_H
#define TP_ARCHIVE_ARCHIVE_MAKE_H

#include "archive/archive.h"

/* `format` is a line "tubepost-archive 1"; and, when there is a key, one "encrypted " with the digits
 * of tp_archive_key_check. */
#define TP_ARCHIVE_FORMAT     "tubepost-archive "
#define TP_ARCHIVE_VERSION    "1"
#define TP_ARCHIVE_ENCRYPTED  "encrypted "
#define TP_ARCHIVE_FORMAT_MAX 4096

/* Writes 32 digits that tell the key from another, and nothing about it. */
#define TP_ARCHIVE_CHECK 33
enum tp_status tp_archive_key_check(
	const unsigned char key[TP_CIPHER_KEY], char hex[TP_ARCHIVE_CHECK], struct tp_error *err);

/* Makes an archive in the open, empty folder, `format` last. TP_CANTCREATE: something else is in it;
 * TP_DATA: an archive that lost its `format`. */
enum tp_status tp_archive_make(struct tp_archive *archive, struct tp_error *err);

/* Of a folder without `format`: TP_DATA when it has packs, journals or other numbered files. */
enum tp_status tp_archive_has_lost_format(struct tp_archive *archive, struct tp_error *err);

#endif
