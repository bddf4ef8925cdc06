/*
 * Finding the holes of a message: see split.h. A hole is the longest run of regular base64 lines that
 * a part's body begins with, after blank lines; whatever follows (a list's footer, a line cut in two)
 * stays in the skeleton, so most damaged bodies still leave a hole.
 *
 * Two passes over a body, one for its shape and one to decode and hash what has the shape: the second
 * never has to take back what it hashed. That a line holds digits and nothing else is seen from
 * what decoding gives: n digits give n / 4 * 3 bytes if and only if nothing was passed over.
 */
#include "archive/split.h"

#include "archive/wire.h"
#include "base/array.h"
#include "mime/content.h"

#define WIDTH_MAX  65532u
#define PIECE      ((size_t)96 * 1024) /* digits decoded at once; a multiple of 4 */
#define SIZE_LIMIT (UINT64_C(1) << 56)
#define FLAG_CRLF  1u
#define FLAG_FINAL 2u

struct finder {
	const char *data;
	struct tp_split *split;
	size_t cap, removed; /* bytes in the holes so far */
	struct tp_sha256 *sha;
	char *scratch; /* room for PIECE digits decoded */
};

struct line {
	size_t begin, end; /* without its ending */
	size_t next;
	bool crlf, ended;
};

static struct line line_at(const char *data, size_t at, size_t end)
{
	const char *lf = memchr(data + at, '\n', end - at);
	struct line line = { .begin = at, .end = end, .next = end };

	if (!lf)
		return line;
	line.ended = true;
	line.end = (size_t)(lf - data);
	line.next = line.end + 1;
	line.crlf = line.end > at && data[line.end - 1] == '\r';
	line.end -= line.crlf;
	return line;
}

/* --- shape ------------------------------------------------------------------------------------ */

static bool is_digits(struct finder *f, size_t at, size_t end)
{
	struct tp_decoder decoder;

	for (size_t n; at < end; at += n) {
		n = end - at < PIECE ? end - at : PIECE;
		tp_decoder_init(&decoder, TP_ENCODING_BASE64);
		if (tp_decoder_feed(&decoder, f->data + at, n, f->scratch) != n / 4 * 3)
			return false;
	}
	return true;
}

/* True for digits that may end in padding, with no bit that decoding would drop. */
static bool is_last_line(struct finder *f, const struct line *line)
{
	struct tp_range tail = { line->end - 4, line->end };

	return line->end - line->begin >= 4 && (line->end - line->begin) % 4 == 0 &&
	       !memchr(f->data + tail.begin, '\r', 4) && tp_codec_base64_is_clean(f->data, tail) &&
	       is_digits(f, line->begin, tail.begin);
}

/* The range, width and line ending of the hole that begins at `at`, if one does. */
static void measure(struct finder *f, size_t at, size_t end, struct tp_hole *hole)
{
	struct line line = line_at(f->data, at, end);
	size_t width = line.end - line.begin, lines = 0;
	bool last;

	hole->range.begin = hole->range.end = at;
	hole->crlf = line.crlf;
	if (width == 0 || width % 4)
		return;
	for (;; line = line_at(f->data, line.next, end)) {
		size_t len = line.end - line.begin;

		last = len != width || !is_digits(f, line.begin, line.end);
		if (last && (len > width || !is_last_line(f, &line)))
			break;
		lines++;
		hole->final_eol = line.ended && line.crlf == hole->crlf;
		hole->range.end = hole->final_eol ? line.next : line.end;
		if (last || !hole->final_eol || line.next == end || width > WIDTH_MAX)
			break;
	}
	hole->width = lines > 1 ? (uint16_t)width : 0;
}

/* --- holes ------------------------------------------------------------------------------------ */

/* The bytes that a hole takes in the message; sizes are below 2^56, so nothing overflows. */
static uint64_t encoded_bytes(const struct tp_hole *hole)
{
	uint64_t digits = (hole->size_bytes + 2) / 3 * 4;
	uint64_t lines = hole->width ? (digits + hole->width - 1) / hole->width : 1;

	return digits + (lines - !hole->final_eol) * (1u + hole->crlf);
}

struct hashing {
	struct tp_sha256 *sha;
	uint64_t size;
};

static enum tp_status hash_piece(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct hashing *hashing = context;

	hashing->size += len;
	return tp_sha256_add(hashing->sha, bytes, len, err);
}

static enum tp_status hash_content(struct finder *f, struct tp_hole *hole, struct tp_error *err)
{
	struct hashing hashing = { .sha = f->sha };
	enum tp_status status = tp_content_read(
		f->data, hole->range, TP_ENCODING_BASE64, hash_piece, &hashing, err);

	if (!status)
		status = tp_sha256_end(f->sha, hole->sha256, err);
	hole->size_bytes = hashing.size;
	return status;
}

static enum tp_status add_hole(struct finder *f, const struct tp_hole *hole, struct tp_error *err)
{
	struct tp_split *split = f->split;
	struct tp_hole *holes =
		tp_array_room(split->holes, split->count, &f->cap, 8, sizeof *holes);

	if (!holes)
		return tp_fail(err, TP_NOMEM, "attachments: out of memory");
	split->holes = holes;
	split->holes[split->count] = *hole;
	split->holes[split->count++].at = hole->range.begin - f->removed;
	f->removed += tp_range_len(hole->range);
	return TP_OK;
}

static enum tp_status split_part(struct finder *f, struct tp_range body, struct tp_error *err)
{
	struct tp_hole hole = { .size_bytes = 0 };
	size_t at = body.begin;
	enum tp_status status;

	while (at < body.end && (f->data[at] == '\n' || f->data[at] == '\r'))
		at++;
	measure(f, at, body.end, &hole);
	if (tp_range_len(hole.range) < TP_HOLE_MIN)
		return TP_OK;
	status = hash_content(f, &hole, err);
	/* Were the shape misjudged, the sizes would tell; then the bytes stay where they are. */
	if (status || hole.size_bytes < TP_HOLE_MIN ||
		encoded_bytes(&hole) != tp_range_len(hole.range))
		return status;
	return add_hole(f, &hole, err);
}

static enum tp_status split_parts(
	struct finder *f, const struct tp_tree *tree, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (uint32_t i = 0; !status && i < tree->count; i++) {
		const struct tp_part *part = &tree->parts[i];

		if (part->kind != TP_PART_LEAF || part->encoding != TP_ENCODING_BASE64 ||
			tp_range_len(part->body) < TP_HOLE_MIN)
			continue;
		if (!f->scratch)
			f->scratch = malloc(tp_decoder_bound(PIECE));
		if (!f->scratch)
			return tp_fail(err, TP_NOMEM, "attachments: out of memory");
		if (!f->sha)
			status = tp_sha256_new(&f->sha, err);
		if (!status)
			status = split_part(f, part->body, err);
	}
	return status;
}

enum tp_status tp_split(const char *data, size_t len, struct tp_split *split, struct tp_error *err)
{
	struct finder f = { .data = data, .split = split };
	struct tp_tree tree;
	enum tp_status status;

	*split = (struct tp_split){ .skeleton_bytes = len };
	status = tp_tree_scan(&tree, data, len, &tp_tree_default_limits, err);
	if (status)
		return status == TP_LIMIT ? TP_OK : status;
	status = split_parts(&f, &tree, err);
	split->skeleton_bytes = len - f.removed;
	tp_tree_release(&tree);
	tp_sha256_free(f.sha);
	free(f.scratch);
	if (status)
		tp_split_release(split);
	return status;
}

void tp_split_release(struct tp_split *split)
{
	free(split->holes);
	*split = (struct tp_split){ .skeleton_bytes = 0 };
}

/* --- bytes -------------------------------------------------------------------------------------
 * number of skeleton bytes, number of holes, and of each: number of skeleton bytes since the hole
 * before, number of decoded bytes, 32 SHA-256, number width, number flags (1 CRLF, 2 final line
 * ending).
 */

bool tp_split_encode(const struct tp_split *split, struct tp_buf *out)
{
	uint64_t before = 0;

	tp_wire_put(out, split->skeleton_bytes);
	tp_wire_put(out, split->count);
	for (size_t i = 0; i < split->count; i++) {
		const struct tp_hole *hole = &split->holes[i];

		tp_wire_put(out, hole->at - before);
		tp_wire_put(out, hole->size_bytes);
		tp_buf_add(out, hole->sha256, TP_SHA256_BYTES);
		tp_wire_put(out, hole->width);
		tp_wire_put(out, (hole->crlf ? FLAG_CRLF : 0) | (hole->final_eol ? FLAG_FINAL : 0));
		before = hole->at;
	}
	return !out->status;
}

/* Reads one hole; `before` is the one before it, or NULL. False when it cannot be. */
static bool get_hole(
	struct tp_wire *wire, const struct tp_hole *before, uint64_t skeleton, struct tp_hole *hole)
{
	uint64_t at = before ? before->at : 0, delta = tp_wire_get(wire), width, flags;
	const void *sha256;

	hole->size_bytes = tp_wire_get(wire);
	sha256 = tp_wire_take(wire, TP_SHA256_BYTES);
	width = tp_wire_get(wire);
	flags = tp_wire_get(wire);
	if (wire->bad || delta > skeleton - at || hole->size_bytes == 0 ||
		hole->size_bytes > SIZE_LIMIT || width > WIDTH_MAX || width % 4 ||
		flags > (FLAG_CRLF | FLAG_FINAL))
		return false;
	hole->at = at + delta;
	memcpy(hole->sha256, sha256, TP_SHA256_BYTES);
	hole->width = (uint16_t)width;
	hole->crlf = flags & FLAG_CRLF;
	hole->final_eol = flags & FLAG_FINAL;
	/* Before this hole stand the skeleton up to it and all of the holes before. */
	hole->range.begin = (before ? before->range.end - before->at : 0) + hole->at;
	hole->range.end = hole->range.begin + encoded_bytes(hole);
	return hole->range.begin >= hole->at && hole->range.end < SIZE_MAX / 4;
}

enum tp_status tp_split_decode(
	const void *bytes, size_t len, struct tp_split *split, struct tp_error *err)
{
	struct tp_wire wire = tp_wire_of(bytes, len);
	uint64_t skeleton = tp_wire_get(&wire), count = tp_wire_get(&wire);
	bool good = !wire.bad && skeleton <= SIZE_LIMIT &&
		    count <= (uint64_t)(wire.end - wire.at) / (TP_SHA256_BYTES + 4);

	*split = (struct tp_split){ .skeleton_bytes = skeleton };
	if (good && count > 0) {
		split->holes = calloc((size_t)count, sizeof *split->holes);
		if (!split->holes)
			return tp_fail(err, TP_NOMEM, "attachments: out of memory");
	}
	for (; good && split->count < count; split->count++)
		good = get_hole(&wire, split->count ? &split->holes[split->count - 1] : NULL,
			skeleton, &split->holes[split->count]);
	if (good && wire.at == wire.end)
		return TP_OK;
	tp_split_release(split);
	return tp_fail(err, TP_DATA, "list of attachments: damaged");
}
