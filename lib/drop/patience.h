/*
 * How long an upload may take, and when to try again: one deadline for the whole run, and for each
 * request a number of tries with waits that double and are drawn at random (so that a hundred
 * filters do not come back to a sick server in the same second).
 *
 * The deadline is `drop.deadline` from the start of the program, or the Unix time in seconds in
 * TUBEPOST_DEADLINE when that comes first: detach-upload sets it for the uploader it runs, because
 * the mail program's own patience began with detach-upload. (Real time, never TUBEPOST_NOW.)
 */
#ifndef TP_DROP_PATIENCE_H
#define TP_DROP_PATIENCE_H

#include "base/conf.h"

struct tp_patience {
	int64_t until_ms; /* on tp_monotonic_ms() */
	int tries;        /* most attempts of one request */
};

/* TP_CONFIG when TUBEPOST_DEADLINE is no number. */
enum tp_status tp_patience_init(
	struct tp_patience *patience, const struct tp_conf *conf, struct tp_error *err);

/* Milliseconds until the deadline, 0 when it has passed. */
int64_t tp_patience_left_ms(const struct tp_patience *patience);

/* Waits before attempt number `attempt` + 1 (`attempt` from 1). `after_ms` is what the server asked
 * for (Retry-After), -1 when nothing. False, at once, when there are no tries left or the wait
 * would pass the deadline. */
bool tp_patience_wait(const struct tp_patience *patience, int attempt, int64_t after_ms);

/* The value of a Retry-After header (RFC 9110 10.2.3: seconds, or a date seen at Unix time
 * `now`) in milliseconds; -1 when it is neither. */
int64_t tp_retry_after_ms(const char *value, int64_t now);

#endif
