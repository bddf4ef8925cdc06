/*
 * A message as a skeleton with holes: base64 bodies whose decoded content gives exactly the same
 * digits again leave a hole, and their contents go to blobs, each once whatever line width or line
 * ending it came with. The rest, byte for byte, is the skeleton.
 *
 * Exactness is decided here, hole by hole: lines all of one width but the last, one kind of line
 * ending, no byte outside the alphabet, padding right, unused bits zero. A body that begins so
 * leaves a hole as far as it is so; the rest of it stays in the skeleton. (And a put proves the whole
 * way back before it is acknowledged.)
 */
#ifndef TP_ARCHIVE_SPLIT_H
#define TP_ARCHIVE_SPLIT_H

#include "archive/press.h"
#include "base/digest.h"
#include "mime/tree.h"

/* Contents smaller than this stay where they are. */
#define TP_HOLE_MIN 1024

struct tp_hole {
	struct tp_range range; /* of the message: the digits and their line endings */
	uint64_t at;           /* offset in the skeleton */
	uint64_t size_bytes;   /* decoded */
	unsigned char sha256[TP_SHA256_BYTES]; /* of the decoded content */
	uint16_t width; /* digits a line, a multiple of 4; 0: all in one line */
	bool crlf;
	bool final_eol; /* the last line ends in one, too */
};

struct tp_split {
	struct tp_hole *holes; /* in order; owned */
	size_t count;
	uint64_t skeleton_bytes;
};

/* Finds the holes, and hashes them. Linear, memory flat. A message too odd for the part tree
 * (TP_LIMIT) simply has none. */
enum tp_status tp_split(const char *data, size_t len, struct tp_split *split, struct tp_error *err);
void tp_split_release(struct tp_split *split);

/* The list of holes as bytes, and back (TP_DATA). Ranges are not kept; decoding works them out. */
bool tp_split_encode(const struct tp_split *split, struct tp_buf *out);
enum tp_status tp_split_decode(
	const void *bytes, size_t len, struct tp_split *split, struct tp_error *err);

/* Puts a message together: takes the skeleton piece by piece, asks for each blob, gives the
 * message to `sink` in order. */
typedef enum tp_status tp_blob_reader(void *context, const unsigned char sha256[TP_SHA256_BYTES],
	tp_press_sink *sink, void *sink_context, struct tp_error *err);
struct tp_joiner;
enum tp_status tp_joiner_new(const struct tp_split *split, tp_blob_reader *blobs,
	void *blobs_context, tp_press_sink *sink, void *sink_context, struct tp_joiner **joiner,
	struct tp_error *err);
enum tp_status tp_joiner_add(
	struct tp_joiner *joiner, const char *bytes, size_t len, struct tp_error *err);
enum tp_status tp_joiner_end(struct tp_joiner *joiner, struct tp_error *err);
void tp_joiner_free(struct tp_joiner *joiner);

#endif
