/*
 * The set of Content-IDs that the HTML of a mail refers to (RFC 2392): `cid:` URLs, found in
 * decoded HTML by plain search, percent-decoded. Searching all of the text, comments and styles
 * too, and comparing without case, errs on the side of leaving a picture where it is. NUL bytes are
 * passed over, so UTF-16 is searched like ASCII.
 */
#ifndef TP_MIME_CID_H
#define TP_MIME_CID_H

#include "mime/codec.h"

struct tp_cids {
	struct tp_buf names; /* NUL-terminated, one after another, at most 1 MiB */
	size_t *offsets;     /* into names; sorted by name once tp_cids_seal was called */
	size_t count, cap;
	bool overflow; /* more references than we keep: every Content-ID counts as referred to */
};

void tp_cids_init(struct tp_cids *cids);
/* Adds what the HTML part refers to; a reference beyond 998 bytes is none. */
enum tp_status tp_cids_collect(struct tp_cids *cids, const char *data, struct tp_range body,
	enum tp_encoding encoding, struct tp_error *err);
/* After the last collect, before the first question. */
void tp_cids_seal(struct tp_cids *cids);
/* `id` is the value of a Content-ID field; angle brackets and white space are looked through. */
bool tp_cids_has(const struct tp_cids *cids, const char *data, struct tp_range id);
void tp_cids_release(struct tp_cids *cids);

#endif
