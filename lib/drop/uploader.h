/*
 * Running uploaders: programs that take a file's bytes on stdin and print its URL.
 *
 * Several run at once, each in a process group of its own, all under one deadline; what outlives
 * it is killed with its children. The bytes come as an unnamed file, so an uploader may seek in
 * them and try again. It reads, in its environment: TUBEPOST_ACTION (`upload`, or `send` when the
 * bytes are the description of a mail to be sent, see detach.h), TUBEPOST_NAME, _TYPE, _SIZE,
 * _SHA256, _EXPIRES (Unix seconds), _SENDER, _RECIPIENTS (commas), _KEY, _DEADLINE (Unix seconds).
 * It prints the URL as its only line, or one JSON object with `url` and perhaps `expires` (Unix
 * seconds or RFC 3339; null: never), `delete_url` and `note`, and exits 0. Its stderr is read by
 * us, never inherited: under Exim ours is the mail. What it leaves running behind it is not waited
 * for.
 *
 * One that fails does not end those that run beside it: their links are worth keeping for the next
 * attempt. No more are started, and the failure is told once all have ended.
 *
 * The program is the user's (run by sh) or our own drop-put. That uploading is a program of its
 * own keeps network libraries, and what may go wrong in them, away from the mail.
 */
#ifndef TP_DROP_UPLOADER_H
#define TP_DROP_UPLOADER_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/strings.h"
#include "drop/item.h"

struct tp_uploader {
	const char *command;       /* run by /bin/sh -c; NULL: program */
	struct tp_strings program; /* argv of the program, [0] its path */
	unsigned jobs;             /* at once, at least 1 */
	int64_t until_ms;          /* tp_monotonic_ms() when it must be over */
	int64_t deadline;          /* the same in Unix seconds, told to the programs */
};

/* One upload from start to end. */
struct tp_upload {
	struct tp_drop_item item;
	const char *label; /* for messages: "part 1.2"; never the sender's words */
	bool send;         /* it sends a mail and prints nothing: success is its exit code alone */
	struct tp_drop_result result;
	/* private */
	pid_t pid;
	int out, err, process;
	struct tp_buf said, complained;
};

#define TP_UPLOAD_JOBS_MAX 64

/* A pool of running uploads. */
struct tp_upload_pool {
	const struct tp_uploader *how;
	/* Called once for each upload that ended well, as soon as it did. */
	void (*done)(void *context, struct tp_upload *upload);
	void *context;
	/* private */
	struct tp_upload *running[TP_UPLOAD_JOBS_MAX];
	unsigned count;
	struct tp_error failure; /* the first; status TP_OK while there is none */
};

/* Starts `upload`, first waiting for a free place; an earlier upload's failure comes back here, and
 * nothing is started then. The upload must stay where it is until tp_uploads_wait returned, which
 * must be called in any case. */
enum tp_status tp_upload_start(
	struct tp_upload_pool *pool, struct tp_upload *upload, struct tp_error *err);

/* Waits for all that run, ends those that outlive the deadline, and returns the first failure. */
enum tp_status tp_uploads_wait(struct tp_upload_pool *pool, struct tp_error *err);

void tp_upload_release(struct tp_upload *upload);

/* What the settings say, before there is anything to upload: TP_CONFIG or TP_USAGE when
 * detach.jobs is none, or the store is a recipe that is not there, is wrong, or has settings it
 * does not know. */
enum tp_status tp_uploader_check(const struct tp_conf *conf, struct tp_error *err);

/* How `detach.uploader`, `detach.jobs` and, for our own drop-put (the one beside the running tool,
 * else the installed one), `drop.*` say to upload. `options` go to drop-put alone, NULL-terminated.
 * TP_CONFIG when there is no such program. Release how->program. */
enum tp_status tp_uploader_read(const struct tp_conf *conf, int64_t until_ms,
	const char *const *options, struct tp_uploader *how, struct tp_error *err);

#endif
