/*
 * Lists of links: from the stubs of a mail, or from a file with one JSON object a line.
 */
#ifndef TP_MIME_LINKS_H
#define TP_MIME_LINKS_H

#include "mime/stub.h"

struct tp_links {
	struct tp_link *list; /* owned, with their strings */
	size_t count;
	size_t cap;
};

#define TP_LINKS_INIT                                                                              \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

/* Moves *link to the end of the list; *link is empty afterwards, on failure too. */
enum tp_status tp_links_add(struct tp_links *links, struct tp_link *link, struct tp_error *err);
void tp_links_release(struct tp_links *links);

/* Reads JSON lines: an object each, with url (needed), name, type, size (bytes), sha256, expires
 * (Unix seconds or RFC 3339); other keys are ignored, so are empty lines. TP_DATA with `name` and
 * the line's number when a line is no such thing. */
enum tp_status tp_links_read(const char *text, size_t len, const char *name, struct tp_links *links,
	struct tp_error *err);

#endif
