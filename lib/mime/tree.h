/*
 * The part tree: where every part of a message begins and ends (RFC 2046, RFC 5322).
 *
 * One pass over the mapped message finds, for each part, the half-open byte ranges of its header
 * block and of its body. Nothing is decoded, copied or re-serialised; every offset counts bytes
 * from the start of the message. Parts stand in one array in the order they begin, so a parent's
 * index is always below its children's and walking the tree needs no recursion.
 *
 * A hostile message costs linear time: boundaries of the open multiparts are looked up in a hash
 * table, whatever the depth, and memory is sizeof(struct tp_part) a part plus the open levels.
 *
 * What counts as a delimiter: a line that is `--`, the boundary of an open multipart and white
 * space only, `--` before the white space for the closing one. The innermost multipart with that
 * boundary owns it, and what is open inside is closed with it (RFC 2046 5.1.2). LF ends a line,
 * CRLF does; a bare CR is a byte like others, and so is NUL. An encoded multipart is read as if it
 * were not (RFC 2045 6.4 forbids it, everybody reads it); an encoded message is a leaf, its bytes
 * are digits.
 *
 * Rejected: GMime's own tree. It takes 1.3 GB for a million parts and is not linear in depth; it
 * is the second opinion in the tests (t/t0101-tree-gmime.sh) and reads values, never structure. The
 * ranges equal MimeKit's offset files in every part (t/t0102-tree-offsets.sh), but for the line
 * ending between two messages of an mbox file, which is not ours to see: we read one message.
 */
#ifndef TP_MIME_TREE_H
#define TP_MIME_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* Bytes [begin, end) of the message. */
struct tp_range {
	size_t begin;
	size_t end;
};

static inline size_t tp_range_len(struct tp_range range)
{
	return range.end - range.begin;
}

enum tp_encoding {
	TP_ENCODING_IDENTITY, /* 7bit, 8bit, binary, or none given (RFC 2045 6.2) */
	TP_ENCODING_BASE64,
	TP_ENCODING_QP,
	TP_ENCODING_UU,      /* x-uuencode, uuencode, x-uue */
	TP_ENCODING_UNKNOWN, /* another word: the bytes stand as they are (RFC 2045 6.4) */
};

enum tp_part_kind {
	TP_PART_LEAF,
	TP_PART_MULTIPART, /* multipart with a usable boundary; its children lie in its body */
	TP_PART_MESSAGE, /* message/rfc822, global, rfc2822 or news, not encoded, not empty: its one
			    child, the message inside, is its whole body */
};

#define TP_PART_NONE UINT32_MAX

struct tp_part {
	struct tp_range header; /* the fields, up to but not with the blank line; of a message
				   inside also the mbox line that some programs leave before them */
	struct tp_range body;   /* after the blank line; without the line ending that belongs to
				   the boundary that follows (RFC 2046 5.1.1), so that cutting
				   [header.begin, body.end) leaves the delimiters whole. A blank
				   line right before a delimiter is that line ending: no body */
	uint32_t parent;        /* index, TP_PART_NONE for the root */
	uint32_t next;          /* next sibling, or TP_PART_NONE */
	uint32_t ordinal;       /* 1 for the first child of its parent */
	uint32_t children;      /* how many; the first child of part i is part i + 1 */
	uint16_t depth;         /* 0 for the root */
	uint8_t kind;           /* enum tp_part_kind */
	uint8_t encoding;       /* enum tp_encoding */
	bool closed;            /* multipart: its closing delimiter was seen */
	bool default_type;      /* no Content-Type: text/plain, or message/rfc822 in a digest */
	bool digest;            /* multipart/digest: its children are messages by default */
};

struct tp_tree {
	struct tp_part *parts; /* owned; parts[0] is the message itself */
	uint32_t count;
	struct tp_range envelope; /* a leading mbox `From ` line, empty when there is none */
};

/* Each limit has its own error, TP_LIMIT, naming the limit and the offset. */
struct tp_tree_limits {
	uint32_t parts;
	uint16_t depth;
	size_t header_bytes; /* of one header block */
};

extern const struct tp_tree_limits tp_tree_default_limits;

/* A boundary is usable when it is not empty and at most this long: with its four dashes it fits in
 * the longest line of mail (RFC 5322 2.1.1). RFC 2046 allows 70; programs that sent more exist.
 * White space at its end is dropped, for lines lose theirs on their way (RFC 2046 5.1.1 forbids
 * it). */
#define TP_BOUNDARY_MAX 994

/* Scans data[0, len). On success the caller owns *tree and gives it back with tp_tree_release; on
 * failure (TP_LIMIT, TP_NOMEM) there is nothing to release. There is no malformed message: what
 * breaks the rules is read as mail programs read it (no closing delimiter: the part runs to its
 * parent's end; no blank line: the body is empty; a line of a header that is no field is passed
 * over; a first line that is no field: there is no header). */
enum tp_status tp_tree_scan(struct tp_tree *tree, const char *data, size_t len,
	const struct tp_tree_limits *limits, struct tp_error *err);
void tp_tree_release(struct tp_tree *tree);

/* Index just past the last part of the subtree of `part` (so that [part, end) is the subtree). */
uint32_t tp_tree_subtree_end(const struct tp_tree *tree, uint32_t part);

/* Appends the part's path as IMAP numbers it (RFC 3501 6.4.5): "1.2". A message inside part 2 that
 * is no multipart is "2.1"; the multipart of such a message, which IMAP has no number for, is
 * "2.0", and its parts "2.1", "2.2"; likewise "0" for the root of a multipart message, else "1". */
bool tp_tree_path(const struct tp_tree *tree, uint32_t part, struct tp_buf *out);

/* The part's name in lists and logs: its path, or, more than TP_TREE_NAME_DEPTH levels down,
 * where a path is of no use to anybody and a list of paths would grow with the square of the
 * mail, its place among all parts: "#1789", the whole message being #1. */
#define TP_TREE_NAME_DEPTH 32
bool tp_tree_name(const struct tp_tree *tree, uint32_t part, struct tp_buf *out);

#endif
