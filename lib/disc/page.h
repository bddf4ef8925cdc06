/*
 * The page that searches a disc: index.html, and the data it reads. It receives every mail once, in
 * order of arrival, and writes its files one after the other into a sink; nothing is kept in memory
 * that grows with the number of mails beyond a shard.
 *
 * The files: `index.html`, and in the folder `search` scripts of data that a classic <script src> can
 * load from file://, sharded. Names are at most 60 of a-z 0-9 . - and at most 100 files. The same
 * mails give the same bytes.
 */
#ifndef TP_DISC_PAGE_H
#define TP_DISC_PAGE_H

#include "archive/record.h"

struct tp_page_about {
	const char *serial;
	const char *language; /* en, fr, de, es: of the page when it opens */
};

/* Where the files go. One is open at a time; the next `begin`, or the end, closes it. */
struct tp_page_sink {
	void *context;
	enum tp_status (*begin)(void *context, const char *path, struct tp_error *err);
	enum tp_status (*add)(void *context, const void *bytes, size_t len, struct tp_error *err);
};

/* A mail: everything but `path` is the record's. Of it the page shows arrival, size, from (else
 * sender), to and rcpts, subject, and links to `path`, relative to index.html, ASCII that needs no
 * escaping. Texts of the record are whatever a sender wrote: any UTF-8, control characters, markup. */
struct tp_page_mail {
	const struct tp_record *record;
	const char *path;
};

struct tp_page;

/* `about` and `sink` are borrowed until tp_page_free. */
enum tp_status tp_page_new(const struct tp_page_about *about, const struct tp_page_sink *sink,
	struct tp_page **page, struct tp_error *err);
enum tp_status tp_page_add(
	struct tp_page *page, const struct tp_page_mail *mail, struct tp_error *err);
/* Writes what is left. */
enum tp_status tp_page_end(struct tp_page *page, struct tp_error *err);
void tp_page_free(struct tp_page *page);

/* Whole sectors of 2,048 bytes, and number, of all its files if it ended now: never less than they will
 * be, and not many more. Cheap: it is asked after every mail. */
uint64_t tp_page_sectors(const struct tp_page *page);
size_t tp_page_files(const struct tp_page *page);

#endif
