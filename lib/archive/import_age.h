/* When a message that is somewhere already arrived. Milliseconds since 1970; 0: it does not say. */
#ifndef TP_ARCHIVE_IMPORT_AGE_H
#define TP_ARCHIVE_IMPORT_AGE_H

#include <stddef.h>
#include <stdint.h>

/* The date of the topmost Received field: the last server's, behind the last `;` (RFC 5321 4.4). */
int64_t tp_import_received(const char *data, size_t len);

/* The seconds that a Maildir file's name begins with. */
int64_t tp_import_maildir_time(const char *file);

/* Reads an mbox `From ` line, line[0, len) without its end: `From ADDRESS DATE`, the date as
 * asctime(3) writes it (in UTC: the line cannot say), perhaps with a zone before or after the year.
 * False when it is none. [*sender, *sender_end) is the address, which may be empty. */
int64_t tp_import_from_line(const char *line, size_t len, size_t *sender, size_t *sender_end);
#define TP_IMPORT_NO_LINE INT64_MIN

#endif
