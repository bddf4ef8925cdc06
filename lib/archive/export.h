/*
 * Mails on their way out of an archive: into an mbox (mboxrd), into a Maildir. The counterpart of
 * import.h.
 */
#ifndef TP_ARCHIVE_EXPORT_H
#define TP_ARCHIVE_EXPORT_H

#include "archive/record.h"
#include "base/spool.h"

/* Writes the mail to stdout as one of an mbox: a line `From SENDER DATE` (UTC), the mail with a `>` before
 * every line that is `From ` behind any number of `>`s, a line end when it has none at its end, an empty
 * line. `out` is a buffer of the caller's, empty before and behind. */
enum tp_status tp_export_mbox(struct tp_buf *out, const struct tp_record *record,
	const struct tp_spool *mail, struct tp_error *err);

/* A Maildir into which mails are delivered, each under a name made of arrival and id, so that it is
 * delivered once: what is in new or cur already, with whatever flags, is known when it is opened. */
struct tp_export_maildir {
	char *path;
	char (*ids)[TP_ID_LEN + 1]; /* that are there, sorted */
	size_t count, cap;
};

/* Makes the folders that are not there. To be closed in any case. TP_CANTCREATE, TP_IO. */
enum tp_status tp_export_maildir_open(
	struct tp_export_maildir *dir, const char *path, struct tp_error *err);
bool tp_export_maildir_has(const struct tp_export_maildir *dir, const char *id);
/* Writes aside, syncs, renames into new. */
enum tp_status tp_export_maildir_add(struct tp_export_maildir *dir, const struct tp_record *record,
	const struct tp_spool *mail, struct tp_error *err);
/* Syncs the folder: what was added is there for good. */
enum tp_status tp_export_maildir_settle(struct tp_export_maildir *dir, struct tp_error *err);
void tp_export_maildir_close(struct tp_export_maildir *dir);

#endif
