/*
 * Damaged bytes of journals, set aside. A journal that has bytes which are no whole record (a torn
 * write, a bad sector, somebody else's program) cannot be sealed as it is, and may hold mail that was
 * acknowledged. Nobody touches it by himself: as long as it is there, a copy of it can mend it.
 * archive-check --rebuild gives that up: each damaged range is copied to
 *
 *   damaged/journal-NNNNNNNN-at-OFFSET    (with .2, .3... where that is taken by other bytes)
 *
 * durably, an event says so, and only then the sound records become a pack and the journal goes. The
 * tools never read these files, never change and never remove them; while there are any, attachments
 * that no message uses stay, too, for the damaged bytes may have named them.
 */
#ifndef TP_ARCHIVE_SALVAGE_H
#define TP_ARCHIVE_SALVAGE_H

#include "archive/archive.h"
#include "archive/journal.h"

struct tp_salvage {
	void *context;
	const char *actor; /* for the event log; NULL: the uid */
	/* A range was set aside: a sentence with place, length, message (where it has a name) and file. */
	void (*kept)(void *context, const char *sentence);
	uint64_t ranges, bytes; /* so far */
};

struct tp_damage {
	uint32_t journal;
	uint64_t offset, bytes;
	const char *why; /* the sentence of who met it: has place and length */
};

/* TP_TEMPORARY while an erasure is not finished: what it has half overwritten would look damaged, and
 * be kept. Under seal.lock. */
enum tp_status tp_salvage_begin(struct tp_archive *archive, struct tp_error *err);

/* TP_OK: something in the journal is damaged (and all of it can be read). TP_NOTHING: no. TP_DATA: its
 * beginning is. TP_NOINPUT. */
enum tp_status tp_salvage_needs(struct tp_archive *archive, uint32_t journal, struct tp_error *err);
/* TP_OK when the record at `offset` gives its facts and its skeleton. */
enum tp_status tp_salvage_look(
	struct tp_journal_reader *reader, uint64_t offset, struct tp_error *err);

/* Copies it aside, durable when it returns TP_OK. May be repeated. */
enum tp_status tp_salvage_keep(struct tp_archive *archive, struct tp_salvage *salvage,
	const struct tp_damage *damage, struct tp_error *err);

/* True when these very bytes lie in damaged/. */
bool tp_salvage_has(struct tp_archive *archive, const struct tp_damage *damage);

/* How many files lie in damaged/. */
enum tp_status tp_salvage_count(
	const struct tp_archive *archive, uint64_t *files, struct tp_error *err);

#endif
