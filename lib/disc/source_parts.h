/* What a source is made of. Private to source*.c. */
#ifndef TP_DISC_SOURCE_PARTS_H
#define TP_DISC_SOURCE_PARTS_H

#include <pthread.h>

#include "archive/view.h"
#include "disc/source.h"

/* A mail: 40 bytes, for there may be half a million. */
struct tp_source_mail {
	char id[TP_ID_LEN]; /* no NUL */
	uint64_t at;        /* in the pack or journal */
	uint32_t number;    /* of pack or journal */
	uint32_t size_bytes;
	uint32_t facts; /* where it stands in the file of that name */
	uint32_t shelf : 30;
	uint32_t in_journal : 1;
	uint32_t found : 1; /* while ids are looked up */
};

#define TP_SOURCE_SHELF_MAX 0x3fffffffu

struct tp_source {
	struct tp_source_mail *mails; /* in order of their ids, hence of arrival */
	size_t count;
	tp_source_report *report;
	void *report_context;
	uint64_t bad; /* mails that cannot be packed, reported already */
	/* an archive; `gate` guards what follows */
	pthread_mutex_t gate;
	struct tp_archive *archive;
	struct tp_view *view; /* NULL: not open now */
	int64_t opened_ms;
	bool reopened; /* journals may have become packs since the first look */
	/* what is known of each mail */
	int facts; /* -1: not begun */
	uint64_t facts_bytes;
	struct tp_buf pending, facts_read;
	/* files */
	size_t cap;
	struct tp_spool mbox;
	bool is_mbox;
};

/* Files larger than this are not read by every system. */
#define TP_SOURCE_MAIL_MAX ((uint64_t)0x7fffffff)

struct tp_source *tp_source_new(tp_source_report *report, void *context, struct tp_error *err);
/* TP_DATA when there was a bad one; TP_NOINPUT when there is nothing at all. */
enum tp_status tp_source_settle(const struct tp_source *source, struct tp_error *err);

/* Opens the archive's view when it is not open, or was for long: under the gate, or before there is
 * a second thread. */
enum tp_status tp_source_view(struct tp_source *source, struct tp_error *err);

/* Where it is now: a journal may have become a pack. The view is open. */
enum tp_status tp_source_follow(struct tp_source *source, struct tp_source_mail *mail,
	struct tp_place *place, struct tp_error *err);

/* Finds the place of every mail of an archive, of which only the ids are known. Those that cannot be packed
 * are reported. */
enum tp_status tp_source_locate(struct tp_source *source, struct tp_error *err);

/* Writes down what is known of a mail; `name` and `begin` are those of its file. For one thread. */
enum tp_status tp_source_keep(struct tp_source *source, const struct tp_record *record,
	const char *name, uint64_t begin, uint32_t *at, struct tp_error *err);
/* Reads it back into an initialised record; appends name and a NUL; name and begin may be NULL. */
enum tp_status tp_source_recall(struct tp_source *source, const struct tp_source_mail *mail,
	struct tp_record *record, struct tp_buf *name, uint64_t *begin, struct tp_error *err);

/* The content of a mail that is a file. */
enum tp_status tp_source_file_content(struct tp_source *source, const struct tp_source_mail *mail,
	struct tp_spool *content, struct tp_error *err);

#endif
