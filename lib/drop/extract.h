/*
 * Attachments as files: each is decoded into an unnamed file (drop/near.h) with its SHA-256, in one
 * pass over its bytes. Several are decoded at once, by as many threads as there are processors:
 * decoding, hashing and writing the files is most of what detaching costs. The caller does not
 * decode, for he would be late for the next file and the end of the last upload; only where no thread
 * can be started does he do all himself.
 *
 * The files come out in the order of the list, and only a few wait to be taken at any time, so the
 * room they need on the disk and the open files are bounded whatever the mail holds.
 */
#ifndef TP_DROP_EXTRACT_H
#define TP_DROP_EXTRACT_H

#include "base/conf.h"
#include "base/digest.h"
#include "mime/codec.h"

/* What to decode: a range of the message. */
struct tp_extract_source {
	struct tp_range range;
	enum tp_encoding encoding;
};

/* A decoded file. */
struct tp_extract_file {
	int fd; /* the caller's, who closes it */
	uint64_t size_bytes;
	char sha256[TP_SHA256_HEX];
};

struct tp_extractor;

/* Begins to decode. `data` and `sources` are borrowed until tp_extract_end. TP_NOMEM. */
enum tp_status tp_extract_begin(const struct tp_conf *conf, const char *data,
	const struct tp_extract_source *sources, size_t count, struct tp_extractor **extractor,
	struct tp_error *err);

/* Waits for the next file, from the first to the last. TP_IO and the like as the file's own. */
enum tp_status tp_extract_next(struct tp_extractor *extractor, struct tp_extract_file *file,
	struct tp_error *err);

/* Ends what still runs, half way if need be, and closes the files that nobody took. NULL is fine. */
void tp_extract_end(struct tp_extractor *extractor);

#endif
