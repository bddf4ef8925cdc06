/*
 * Errors: one small closed set of statuses, one sentence for a human, one place that turns a status
 * into an exit code.
 *
 * A function that can fail returns `enum tp_status` and takes a `struct tp_error *` last. Zero is
 * success. On failure the error holds a whole sentence of the shape "what failed: why", without the
 * tool's name and without a newline; on success it is left alone. Libraries never print and never
 * exit. The text is kept inline so that "out of memory" can be reported without memory; a sentence
 * longer than the room ends in "..." and never in half a UTF-8 character.
 *
 * Rejected: errno (says why, never what), error objects on the heap (fail when memory fails),
 * printing where the error arises (the caller may have another way out).
 */
#ifndef TP_BASE_ERROR_H
#define TP_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/banned.h"

enum tp_status {
	TP_OK = 0,
	TP_NOTHING,     /* a search or a predicate that says no; not a failure */
	TP_USAGE,       /* the command line is wrong */
	TP_DATA,        /* the input is malformed beyond use */
	TP_LIMIT,       /* the input is larger or deeper than a set limit */
	TP_NOINPUT,     /* an input file cannot be opened */
	TP_UNAVAILABLE, /* a service or program said a lasting no */
	TP_CANTCREATE,  /* an output file or folder cannot be made */
	TP_IO,          /* reading or writing failed */
	TP_TEMPORARY,   /* trying again later may succeed */
	TP_DENIED,      /* the operating system or a service refused permission */
	TP_CONFIG,      /* the configuration is wrong */
	TP_NOMEM,       /* out of memory */
	TP_INTERNAL,    /* our own mistake, caught */
};

#define TP_ERROR_TEXT_MAX 1024

struct tp_error {
	enum tp_status status;
	char text[TP_ERROR_TEXT_MAX];
};

/* Fills *err (which may be NULL) and returns `status`, so that a failing line reads
 * `return tp_fail(err, TP_DATA, "part %s: bad encoding", path);` */
enum tp_status tp_fail(struct tp_error *err, enum tp_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with ": " and the text of errno at the end. errno also chooses a better status than the
 * one given where it is certain: ENOMEM gives TP_NOMEM, EACCES, EPERM and EROFS give TP_DENIED. */
enum tp_status tp_fail_errno(struct tp_error *err, enum tp_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "`prefix`: " before the sentence, for a caller that knows more. Returns err->status. */
enum tp_status tp_error_prefix(struct tp_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* True when the same call may succeed later without anybody mending anything. */
bool tp_status_is_temporary(enum tp_status status);

/* The exit code of a status: 0, 1, or one of sysexits.h (64 usage ... 78 configuration). */
int tp_status_exit_code(enum tp_status status);

#endif
