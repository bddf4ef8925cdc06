/*
 * Sizes and durations as people write them.
 *
 * Sizes: `10`, `10K`, `10M`, `2G`, `1T` (powers of 1024; `KiB`, `MiB` mean the same), `10kB`,
 * `10MB`, `4.7GB` (powers of 1000). One decimal fraction is allowed; the result is rounded down to
 * a byte. Durations: `90s`, `2m`, `1h`, `30d`, `2w`, or a bare number of seconds; `1h30m` adds up
 * (`1h30` is refused: who can say 30 of what).
 */
#ifndef TP_BASE_UNITS_H
#define TP_BASE_UNITS_H

#include <stdint.h>

#include "base/buf.h"

/* TP_USAGE with a sentence that quotes the text when it is no size, or larger than 2^63 - 1. */
enum tp_status tp_size_parse(const char *text, uint64_t *bytes, struct tp_error *err);
enum tp_status tp_duration_parse(const char *text, int64_t *seconds, struct tp_error *err);

/* "0 B", "999 B", "1.5 KiB", "25 MiB": three significant digits at most, powers of 1024. */
bool tp_size_format(uint64_t bytes, struct tp_buf *out);

/* "45 s", "2 min", "1 h 30 min", "30 d": the two largest units. */
bool tp_duration_format(int64_t seconds, struct tp_buf *out);

#endif
