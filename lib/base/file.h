/*
 * Files that survive: whole reads with a limit, writes that are complete or not there, locks.
 * Every function that makes a file durable syncs the file and the folder that names it.
 */
#ifndef TP_BASE_FILE_H
#define TP_BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"

/* Writes all of it, whatever the kernel cuts, interrupts or (non-blocking) puts off. TP_IO. `what`
 * names the target. */
enum tp_status tp_write_all(
	int fd, const void *bytes, size_t len, const char *what, struct tp_error *err);

/* Reads a file into *out (up to its maximum: TP_LIMIT). TP_NOINPUT when it cannot be opened. */
enum tp_status tp_file_read(const char *path, struct tp_buf *out, struct tp_error *err);

/* The `_at` functions go by a folder that is open, as openat(2) does: it may be renamed, and another
 * made in its place, without our following the name there. `what` names the file in errors. */
enum tp_status tp_file_read_at(
	int dir, const char *name, const char *what, struct tp_buf *out, struct tp_error *err);

/* The same for a secret: one trailing line end is dropped; a file that others may read, or that is
 * empty, is refused (TP_CONFIG). */
enum tp_status tp_file_read_secret(const char *path, struct tp_buf *out, struct tp_error *err);

/* read(2) that waits where a non-blocking descriptor would not, and is not interrupted. */
ssize_t tp_read(int fd, void *bytes, size_t len);

/* pread(2) that is not interrupted and comes back with less than `len` only where the file ends, for the
 * caller to say what that means; -1 (errno) also when some of it was read. */
ssize_t tp_pread_all(int fd, void *bytes, size_t len, uint64_t at);

/* Makes the folder and those above it, with `mode` (umask aside), each synced into the one above.
 * Existing ones are fine. TP_CANTCREATE. */
enum tp_status tp_mkdirs(const char *path, mode_t mode, struct tp_error *err);

/* openat(2) with O_CREAT and mkdirat(2). What root makes in somebody's folder is given to the owner of
 * `dir`, so that he can go on with it; a file that was there is opened (unless O_EXCL says not) and
 * stays whose it is. What replaces a file and what locks one do the same by the folder of its name. */
int tp_create_at(int dir, const char *name, int flags, mode_t mode);
int tp_mkdir_at(int dir, const char *name, mode_t mode);

/* Opens an unnamed temporary file for reading and writing in $TMPDIR, else /tmp; close-on-exec. */
enum tp_status tp_tmpfile(int *fd, struct tp_error *err);

/* Replaces `path` by these bytes: temporary file beside it, fsync, rename, fsync of the folder.
 * At any moment the path holds the old content or the new, whole. */
enum tp_status tp_file_replace(
	const char *path, const void *bytes, size_t len, mode_t mode, struct tp_error *err);

/* The two halves of it, for who has something long to do in between that the second must not come before,
 * and wants to know at once whether there is a place and room for the file: staging writes it beside its
 * name, durable; putting it in its place is all that is left. The caller releases *staged in any case,
 * which removes what was not put. */
struct tp_staged {
	int folder;                /* -1: nothing is staged */
	struct tp_buf aside, name; /* in the folder */
};
#define TP_STAGED_INIT                                                                             \
	{                                                                                          \
		.folder = -1                                                                       \
	}
enum tp_status tp_file_stage_at(struct tp_staged *staged, int dir, const char *name,
	const char *what, const void *bytes, size_t len, mode_t mode, struct tp_error *err);
enum tp_status tp_file_put(struct tp_staged *staged, const char *what, struct tp_error *err);
void tp_staged_release(struct tp_staged *staged);

/* The same by the folder, for who holds a lock that keeps every other writer of that file away: the file
 * beside it is NAME.new, so that what a killed writer left goes when the next one comes. */
enum tp_status tp_file_replace_at(int dir, const char *name, const char *what, const void *bytes,
	size_t len, mode_t mode, struct tp_error *err);

/* Syncs the folder, so that names made, moved or removed in it survive a power cut. */
enum tp_status tp_dir_sync(const char *path, struct tp_error *err);

/* Takes an exclusive lock on the file (made when missing; nobody may ever remove it), waiting at most
 * `timeout_ms` (-1 for ever): TP_TEMPORARY when another holds it. Closing *fd, or dying, lets go.
 */
enum tp_status tp_lock_at(int dir, const char *name, const char *what, int64_t timeout_ms, int *fd,
	struct tp_error *err);

#endif
