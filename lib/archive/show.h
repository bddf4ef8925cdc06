/* Facts of a mail in the words that every list of the archive's tools uses. */
#ifndef TP_ARCHIVE_SHOW_H
#define TP_ARCHIVE_SHOW_H

#include "archive/archive.h"
#include "archive/record.h"

const char *tp_show_tier(enum tp_tier tier);

/* Appends 2005-07-01T09:30:00.123Z. */
void tp_show_arrival(int64_t arrival_ms, struct tp_buf *out);
/* Appends `today 16:01:21` or `2005-07-01 16:01:21`, local time; `now` is in seconds. */
void tp_show_local(int64_t arrival_ms, int64_t now, struct tp_buf *out);

/* Appends a text that a sender wrote, without control characters, and cut to so many columns of a
 * terminal (SIZE_MAX: never). */
void tp_show_text(const char *text, size_t columns, struct tp_buf *out);

/* Appends the member "recipients" and its list to a JSON object. */
void tp_show_recipients(const struct tp_strings *rcpts, struct tp_buf *out);

#endif
