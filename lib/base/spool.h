/*
 * The message as one run of bytes, whatever stdin is. A regular file is mapped; a pipe is read
 * whole, into memory up to 1 MiB and past that into an unnamed file in $TMPDIR, then mapped. So
 * memory stays flat for a 2 GB message, and all of stdin is always read.
 */
#ifndef TP_BASE_SPOOL_H
#define TP_BASE_SPOOL_H

#include <stddef.h>

#include "base/error.h"

struct tp_spool {
	const char *data; /* never NULL */
	size_t len;
	void *map; /* private */
	size_t map_len;
	char *heap;
};

#define TP_SPOOL_INIT                                                                              \
	{                                                                                          \
		"", 0, NULL, 0, NULL                                                               \
	}

/* Reads from the file's present offset to its end. TP_IO. */
enum tp_status tp_spool_read(struct tp_spool *spool, int fd, struct tp_error *err);
/* The same of a message of which the header alone is wanted: keeps what comes before its first blank
 * line, and what was read with it, at most `most` bytes. The rest is read and thrown away, so that
 * the writer meets no closed pipe; nothing is written anywhere, however long it is. TP_IO, TP_NOMEM. */
enum tp_status tp_spool_read_header(
	struct tp_spool *spool, int fd, size_t most, struct tp_error *err);
/* TP_NOINPUT when it cannot be opened. */
enum tp_status tp_spool_open(struct tp_spool *spool, const char *path, struct tp_error *err);

/* Bytes of a file that were looked at count as our memory: now no more. They stay where they are, and are
 * read again when they are wanted. */
void tp_spool_forget(const struct tp_spool *spool);
void tp_spool_release(struct tp_spool *spool);

/* Something written piece by piece that becomes a spool, with the same limits. */
struct tp_spooler {
	char *heap;
	size_t len, cap;
	int fd; /* -1 while in memory */
};

#define TP_SPOOLER_INIT                                                                            \
	{                                                                                          \
		NULL, 0, 0, -1                                                                     \
	}

enum tp_status tp_spooler_add(
	struct tp_spooler *spooler, const void *bytes, size_t len, struct tp_error *err);
/* Hands the bytes over to *spool and empties the spooler. */
enum tp_status tp_spooler_finish(
	struct tp_spooler *spooler, struct tp_spool *spool, struct tp_error *err);
void tp_spooler_release(struct tp_spooler *spooler);

#endif
