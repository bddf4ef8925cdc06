/*
 * The set of Content-IDs that the HTML of a mail refers to (RFC 2392): `cid:` URLs, found in
 * decoded HTML by plain search, percent-decoded. Searching all of the text, comments and styles
 * too, errs on the side of leaving a picture where it is.
 */
#ifndef TP_MIME_CID_H
#define TP_MIME_CID_H

#include "mime/tree.h"

struct tp_cids {
	struct tp_buf names; /* NUL-terminated, one after another */
	size_t *slots;	     /* hash table of offsets + 1 into names */
	size_t slot_count, count;
	uint64_t seed;
};

void tp_cids_init(struct tp_cids *cids);
/* Adds what the HTML part refers to; text beyond 998 bytes is no Content-ID. */
enum tp_status tp_cids_collect(struct tp_cids *cids, const char *data, struct tp_range body,
	enum tp_encoding encoding, struct tp_error *err);
/* `id` is the value of a Content-ID field, angle brackets and white space aside. */
bool tp_cids_has(const struct tp_cids *cids, const char *data, struct tp_range id);
void tp_cids_release(struct tp_cids *cids);

#endif
