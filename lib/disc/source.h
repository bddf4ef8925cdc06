/*
 * Where the mails of a disc come from: the view of an archive, a Maildir, or an mbox file. The mails are
 * numbered in order of arrival. Records are read again when they are wanted; what is kept of each is its
 * id, size and place, some 48 bytes, for there may be half a million.
 *
 * Contents are asked for in another order: that in which they are cheapest to read. A pack's
 * blocks hold like beside like, not neighbours in time; read in that order, each block is decompressed
 * about once. Where content stands on the disc has nothing to do with where its name stands.
 *
 * The lock of an archive is not kept while a disc is written, which may take an hour at the burner's
 * pace: a sealer would wait for it, and new mail behind the sealer. tp_source_pause lets go, and
 * the next reading takes it again; a mail that went into a pack meanwhile is found there by its id, and
 * one that was erased meanwhile is an error.
 */
#ifndef TP_DISC_SOURCE_H
#define TP_DISC_SOURCE_H

#include "archive/archive.h"
#include "archive/record.h"
#include "base/spool.h"

struct tp_source;

/* Something about one mail, for people: an id that is nowhere, one that is there twice. */
typedef void tp_source_report(void *context, const char *sentence);

/* The mails of these ids: `count` of them, TP_ID_LEN bytes each, in proper form and in any order. A
 * duplicate is reported and counts once. Ids that are not in the archive, were erased, or are on a disc
 * already are reported one by one, and the outcome is TP_DATA. TP_NOINPUT: no ids. */
enum tp_status tp_source_archive(struct tp_archive *archive, const char *ids, size_t count,
	tp_source_report *report, void *context, struct tp_source **source, struct tp_error *err);

/* The mails of a Maildir or an mbox file (archive/import.h), each read once and hashed, described as
 * archive-put would. Copies of one mail that arrived in the same millisecond count once, which is
 * reported. What cannot be read is reported, and the outcome is TP_DATA: a disc has no silent holes.
 * TP_NOINPUT: nothing there. The files are read again for their content; one that a mail program gave
 * other flags meanwhile is found. */
enum tp_status tp_source_maildir(const char *folder, tp_source_report *report, void *context,
	struct tp_source **source, struct tp_error *err);
enum tp_status tp_source_mbox(const char *path, tp_source_report *report, void *context,
	struct tp_source **source, struct tp_error *err);

/* Keeps of a mailbox's mails those of these ids alone; the same mailbox gives the same ids. Ids that no mail
 * there has are reported one by one, and the outcome is TP_DATA; one that is there twice counts once. */
enum tp_status tp_source_choose(
	struct tp_source *source, const char *ids, size_t count, struct tp_error *err);

void tp_source_close(struct tp_source *source);

/* Reports what is wrong with one mail, which cannot be packed. */
void tp_source_bad(struct tp_source *source, const char *sentence);

/* --- mails, numbered from 0 in order of arrival ----------------------------------------------- */

size_t tp_source_count(const struct tp_source *source);
uint64_t tp_source_size(const struct tp_source *source, size_t i);  /* bytes as it came */
const char *tp_source_id(const struct tp_source *source, size_t i); /* TP_ID_LEN bytes, no NUL */

/* What is known of it, in place of what the initialised record held: id, arrival, size, sha256, sender,
 * rcpts, from, to, subject. Cheapest in order. */
enum tp_status tp_source_record(
	struct tp_source *source, size_t i, struct tp_record *record, struct tp_error *err);

/* The numbers 0 to `count` - 1 in the order in which their contents are cheapest to read. */
enum tp_status tp_source_order(
	struct tp_source *source, size_t count, uint32_t *order, struct tp_error *err);

/* All bytes of it, whole, and proven to be those that the record's size and SHA-256 are of: TP_DATA
 * when they are not, before anything is given. The caller releases *content in any case. */
enum tp_status tp_source_content(
	struct tp_source *source, size_t i, struct tp_spool *content, struct tp_error *err);

/* The same into memory, as many bytes as its size. *proven false: they were not checked yet, which is left
 * to the caller, who compares their SHA-256 with this one. */
enum tp_status tp_source_bytes(struct tp_source *source, size_t i, void *bytes,
	unsigned char sha256[TP_SHA256_BYTES], bool *proven, struct tp_error *err);

/* Lets go of the archive until the next call; may be called by another thread than the one that
 * reads, which it waits for. */
void tp_source_pause(struct tp_source *source);

#endif
