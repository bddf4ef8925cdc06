/*
 * Mail that is somewhere already: Maildirs, mbox files, lists of files. One message after the other,
 * in memory that does not grow with their number; what cannot be read is told and passed over.
 */
#ifndef TP_ARCHIVE_IMPORT_H
#define TP_ARCHIVE_IMPORT_H

#include <stdint.h>

#include "base/spool.h"

struct tp_import_mail {
	const char *name; /* for people: a file, or "FILE: message 3, byte 4711" */
	const char *data; /* the message's bytes; borrowed */
	size_t len;
	uint64_t begin;     /* where it stands in an mbox file; files: 0 */
	const char *sender; /* envelope sender, from an mbox `From ` line; NULL: not known */
	int64_t arrival_ms; /* as its container says; else the topmost Received; else its file's age */
};

struct tp_import {
	void *context;
	/* A message. What it returns but TP_OK ends the import. */
	enum tp_status (*mail)(
		void *context, const struct tp_import_mail *mail, struct tp_error *err);
	/* Something that is no message or cannot be read. */
	enum tp_status (*unreadable)(
		void *context, const char *name, const char *why, struct tp_error *err);
	/* The next message is being waited for, for who knows how long. May be NULL. */
	enum tp_status (*waiting)(void *context, struct tp_error *err);
	bool mboxrd; /* mbox: take one `>` from lines that begin with `>From `, `>>From ` and so on */
};

/* The messages of a Maildir, those in `new` first, then those in `cur` (one that a mail program moves
 * meanwhile is met there). Arrival is the time in the file's name. Folders inside (Maildir++) are
 * Maildirs of their own. TP_NOINPUT: there is none. */
enum tp_status tp_import_maildir(
	const char *folder, const struct tp_import *import, struct tp_error *err);

/* The messages of an mbox file (RFC 4155; "-": stdin): a `From ` line with a date in it begins each;
 * such a line and the blank line before the next are no part of the message. Content-Length is not
 * believed. TP_NOINPUT: it cannot be opened. */
enum tp_status tp_import_mbox(
	const char *path, const struct tp_import *import, struct tp_error *err);

/* The two halves of it, for who wants to keep the file open: what was read from a pipe cannot be read
 * again. The caller releases *mbox in any case. */
enum tp_status tp_import_mbox_open(const char *path, struct tp_spool *mbox, struct tp_error *err);
enum tp_status tp_import_mbox_from(const struct tp_spool *mbox, const char *path,
	const struct tp_import *import, struct tp_error *err);

/* The files whose names, each ended by a NUL, are in the file `list` ("-": stdin). Names that are slow
 * to come are waited for, without anything being held meanwhile. */
enum tp_status tp_import_files0(
	const char *list, const struct tp_import *import, struct tp_error *err);

#endif
