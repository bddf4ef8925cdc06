/*
 * Attempts on record: lines that a running server's requests are written to, and that a policy is
 * tried on before anybody turns it on.
 *
 * A line an attempt: the attributes of a policy request (greylist/policy.h) parted by tabs, among them
 * `time=` (Unix seconds or RFC 3339); a `#` begins a comment line. What DNS lists said when the attempt
 * was recorded stands behind as `listed=ZONE/ANSWER`, again for each answer, or as `listed=`: a replay
 * believes that, by the weights of today, and asks nobody. A last line without its end is being written
 * by somebody and is left out, with a warning.
 */
#ifndef TP_GREYLIST_REPLAY_H
#define TP_GREYLIST_REPLAY_H

#include "greylist/engine.h"

/* Appends the attempt to the file as one line, in one write, so that many may record at once. */
enum tp_status tp_record_attempt(
	const char *path, const struct tp_facts *facts, int64_t now, struct tp_error *err);

/* Decides about all attempts data[0, len) in their order, each at its own time, and appends to *out a
 * line for each that would have waited (`TIME<TAB>WORD<TAB>CLIENT<TAB>SENDER<TAB>RECIPIENTS`, as a
 * number when there are several) and a summary (`name<TAB>number`). `name` is what to call the record.
 * TP_DATA with the line that is no attempt. The engine's state should be an empty one. */
enum tp_status tp_replay(struct tp_engine *engine, const char *name, const char *data, size_t len,
	struct tp_buf *out, struct tp_error *err);

#endif
