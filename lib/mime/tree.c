/*
 * The part tree: see tree.h for what it promises.
 *
 * The scanner alternates between two things: read the header block where a part begins, and look
 * for the next line that delimits an open multipart. Which parts are open is the chain of parents
 * above the current part, so closing is walking up; every part is opened and closed once. Lines of
 * bodies are not looked at one by one: only those that begin with two dashes can matter, and the
 * search for them (find_dashes) is a loop that compilers turn into vector code.
 */
#include "mime/tree.h"

#include "mime/boundary.h"
#include "mime/codec.h"
#include "mime/header.h"
#include "mime/lex.h"
#include "base/vector.h"

const struct tp_tree_limits tp_tree_default_limits = {
	.parts = 500000,
	.depth = 4096,
	.header_bytes = (size_t)64 << 20,
};

struct scanner {
	struct tp_tree *tree;
	uint32_t cap;
	uint32_t current; /* the innermost open part */
	const char *data;
	size_t len;
	size_t at; /* always the beginning of a line, or the end */
	const struct tp_tree_limits *limits;
	struct tp_error *err;
	struct tp_boundaries open;
};

/* A line that delimits an open multipart. */
struct delimiter {
	uint32_t part;
	bool closing;
	size_t begin; /* of the line */
	size_t end;   /* just past its line ending */
};

static size_t line_end(const struct scanner *s, size_t at)
{
	const char *lf = memchr(s->data + at, '\n', s->len - at);

	return lf ? (size_t)(lf - s->data) + 1 : s->len;
}

/* True when the line at `at` delimits an open multipart. */
static bool delimiter_at(const struct scanner *s, size_t at, struct delimiter *found)
{
	size_t end;

	if (!s->open.count || s->len - at < 3 || s->data[at] != '-' || s->data[at + 1] != '-')
		return false;
	found->begin = at;
	found->end = line_end(s, at);
	for (end = found->end; end > at + 2 && tp_lex_is_space(s->data[end - 1]);)
		end--;
	found->part =
		tp_boundaries_match(&s->open, s->data + at + 2, end - at - 2, &found->closing);
	return found->part != TP_PART_NONE;
}

#define BLOCK (8 * TP_VECTOR_SIZE)

/* True when some byte of p[0, BLOCK) is a line feed with two dashes behind it. Most bodies have no
 * dash for long stretches (base64 has none at all), so that one question is asked first. */
static bool block_has_dashes(const char *p)
{
	tp_vector any = { 0 };

	for (size_t i = 0; i < BLOCK; i += TP_VECTOR_SIZE)
		any |= (tp_vector)(tp_vector_load(p + i + 1) == '-');
	if (!tp_vector_any(any))
		return false;
	any ^= any;
	for (size_t i = 0; i < BLOCK; i += TP_VECTOR_SIZE)
		any |= (tp_vector)((tp_vector_load(p + i) == '\n') &
				   (tp_vector_load(p + i + 1) == '-') &
				   (tp_vector_load(p + i + 2) == '-'));
	return tp_vector_any(any);
}

/* The first line at or behind `at` that begins with two dashes and does not begin at `at` itself;
 * the end of the message without one. */
static size_t find_dashes(const char *data, size_t at, size_t len)
{
	while (len - at >= BLOCK + 2 && !block_has_dashes(data + at))
		at += BLOCK;
	for (; at + 2 < len; at++) {
		if (data[at] == '\n' && data[at + 1] == '-' && data[at + 2] == '-')
			return at + 1;
	}
	return len;
}

/* The next delimiter at or behind s->at; false when the message ends without one. */
static bool next_delimiter(const struct scanner *s, struct delimiter *found)
{
	size_t at = s->at;

	if (!s->open.count)
		return false;
	while (at < s->len) {
		if (delimiter_at(s, at, found))
			return true;
		at = find_dashes(s->data, at, s->len);
	}
	return false;
}

static bool is_blank_line(const struct scanner *s, size_t at)
{
	return s->data[at] == '\n' ||
	       (s->data[at] == '\r' && s->len - at >= 2 && s->data[at + 1] == '\n');
}

/* True for the `From ` line that mbox files leave, and its quoted form. */
static bool is_from_line(const struct scanner *s, size_t at)
{
	at += s->data[at] == '>';
	return s->len - at >= 5 && !memcmp(s->data + at, "From ", 5);
}

/* Just past the header block that begins at s->at: a blank line or a delimiter ends it. Lines that
 * are no field are passed over, as mail readers do (they are often one long field, badly folded),
 * but when the first is none there is no header at all. */
static size_t header_end(const struct scanner *s)
{
	struct delimiter unused;
	size_t at = s->at;
	size_t end;

	if (at < s->len && !is_from_line(s, at) &&
		!tp_header_is_field(s->data, at, line_end(s, at)))
		return at;
	for (; at < s->len && !is_blank_line(s, at); at = end) {
		if (delimiter_at(s, at, &unused))
			return at;
		end = line_end(s, at);
	}
	return at;
}

/* Just past a blank line at `at`, or `at`. */
static size_t skip_blank_line(const struct scanner *s, size_t at)
{
	if (at == s->len || !is_blank_line(s, at))
		return at;
	return at + (s->data[at] == '\r' ? 2 : 1);
}

static enum tp_status out_of_memory(const struct scanner *s)
{
	return tp_fail(s->err, TP_NOMEM, "message structure: out of memory");
}

static bool grow(struct scanner *s)
{
	uint32_t cap = s->cap ? s->cap * 2 : 4;
	struct tp_part *parts;

	if (cap > s->limits->parts)
		cap = s->limits->parts;
	parts = realloc(s->tree->parts, cap * sizeof *parts);
	if (!parts)
		return false;
	s->tree->parts = parts;
	s->cap = cap;
	return true;
}

/* Ties a new part to its parent and to the sibling before it, which is `previous`. */
static void link_part(struct tp_tree *tree, uint32_t index, uint32_t previous)
{
	struct tp_part *part = &tree->parts[index];
	struct tp_part *parent;

	part->next = TP_PART_NONE;
	part->ordinal = 1;
	if (part->parent == TP_PART_NONE)
		return;
	parent = &tree->parts[part->parent];
	part->depth = parent->depth + 1;
	part->ordinal = ++parent->children;
	if (previous != TP_PART_NONE)
		tree->parts[previous].next = index;
}

/* Opens a part that begins at s->at, child of `parent`, and makes it the current one. */
static enum tp_status open_part(struct scanner *s, uint32_t parent, uint32_t previous)
{
	struct tp_tree *tree = s->tree;

	if (tree->count == s->limits->parts)
		return tp_fail(s->err, TP_LIMIT, "message structure: more than %u parts (byte %zu)",
			s->limits->parts, s->at);
	if (parent != TP_PART_NONE && tree->parts[parent].depth >= s->limits->depth)
		return tp_fail(s->err, TP_LIMIT,
			"message structure: nested more than %u deep (byte %zu)", s->limits->depth,
			s->at);
	if (tree->count == s->cap && !grow(s))
		return out_of_memory(s);
	tree->parts[tree->count] = (struct tp_part){ .parent = parent };
	link_part(tree, tree->count, previous);
	s->current = tree->count++;
	return TP_OK;
}

/* The two fields that steer the scan; an empty range where there is none. */
struct steering {
	struct tp_range type;
	struct tp_range encoding;
	bool has_type;
};

static struct steering find_steering(const char *data, struct tp_range header)
{
	struct steering found = { 0 };
	struct tp_field field;
	size_t at = header.begin;
	bool has_encoding = false;

	while (tp_header_next(data, header, &at, &field)) {
		if (!found.has_type && tp_range_is(data, field.name, "content-type")) {
			found.type = field.value;
			found.has_type = true;
		} else if (!has_encoding &&
			   tp_range_is(data, field.name, "content-transfer-encoding")) {
			found.encoding = field.value;
			has_encoding = true;
		}
	}
	return found;
}

static bool is_message(const struct tp_media_type *type)
{
	return tp_media_type_is(type, "message", "rfc822") ||
	       tp_media_type_is(type, "message", "global") ||
	       tp_media_type_is(type, "message", "rfc2822") ||
	       tp_media_type_is(type, "message", "news");
}

/* Makes the current part a multipart if the field has a boundary that can be used. */
static enum tp_status open_multipart(struct scanner *s, struct tp_range field)
{
	struct tp_buf boundary = TP_BUF_INIT(TP_BOUNDARY_MAX);
	struct tp_error ignored;
	enum tp_status status;

	status = tp_param_find(s->data, field, "boundary", &boundary, NULL, &ignored);
	if (status == TP_NOMEM)
		status = out_of_memory(s);
	else if (status)
		status = TP_OK;
	else {
		while (boundary.len && tp_lex_is_space(boundary.data[boundary.len - 1]))
			boundary.len--;
		if (boundary.len) {
			s->tree->parts[s->current].kind = TP_PART_MULTIPART;
			if (!tp_boundaries_push(&s->open, s->current, boundary.data, boundary.len))
				status = out_of_memory(s);
		}
	}
	tp_buf_release(&boundary);
	return status;
}

/* True when nothing stands between s->at and what ends the current part. */
static bool body_is_empty(const struct scanner *s)
{
	struct delimiter unused;

	return s->at == s->len || delimiter_at(s, s->at, &unused);
}

/* Finds out what the current part is, from its header. */
static enum tp_status classify(struct scanner *s)
{
	struct tp_part *part = &s->tree->parts[s->current];
	struct steering steering = find_steering(s->data, part->header);
	struct tp_media_type type;
	bool encoded;

	part->default_type = !steering.has_type;
	tp_part_media_type(s->tree, s->data, s->current, &type);
	part->digest = tp_media_type_is(&type, "multipart", "digest");
	part->encoding = (uint8_t)tp_codec_encoding_of(s->data, steering.encoding);
	encoded = part->encoding != TP_ENCODING_IDENTITY && part->encoding != TP_ENCODING_UNKNOWN;
	if (is_message(&type) && !encoded && !body_is_empty(s))
		part->kind = TP_PART_MESSAGE;
	if (tp_media_type_is(&type, "multipart", "*"))
		return open_multipart(s, steering.type);
	return TP_OK;
}

/* Reads the header block of the current part, and of the message in it, and of the one in that. */
static enum tp_status read_part(struct scanner *s)
{
	enum tp_status status;
	struct tp_part *part;

	for (;;) {
		part = &s->tree->parts[s->current];
		part->header = (struct tp_range){ s->at, header_end(s) };
		if (tp_range_len(part->header) > s->limits->header_bytes)
			return tp_fail(s->err, TP_LIMIT,
				"message structure: header of more than %zu bytes (byte %zu)",
				s->limits->header_bytes, s->at);
		s->at = skip_blank_line(s, part->header.end);
		part->body = (struct tp_range){ s->at, s->at };
		status = classify(s);
		if (status || s->tree->parts[s->current].kind != TP_PART_MESSAGE)
			return status;
		status = open_part(s, s->current, TP_PART_NONE);
		if (status)
			return status;
	}
}

/* Where a body ends that a delimiter at `at` follows: before the line ending in front of it. */
static size_t before_line_ending(const struct scanner *s, size_t at)
{
	if (at > 0 && s->data[at - 1] == '\n')
		at--;
	if (at > 0 && s->data[at - 1] == '\r' && s->data[at] == '\n')
		at--;
	return at;
}

/* Ends a part where `end` says; a part that begins behind it is empty and ends where it begins.
 * Returns where it ended. */
static size_t end_part(struct tp_part *part, size_t end)
{
	if (end < part->header.begin)
		end = part->header.begin;
	if (end < part->header.end)
		part->header.end = end;
	if (end < part->body.begin)
		part->body.begin = end;
	part->body.end = end;
	return end;
}

/* Ends the current part and those around it, up to but not `above`, which is the current one then.
 * Returns the last one that was ended: a child of `above`, or TP_PART_NONE. */
static uint32_t close_parts(struct scanner *s, uint32_t above, size_t end)
{
	uint32_t last = TP_PART_NONE;

	while (s->current != above) {
		last = s->current;
		end = end_part(&s->tree->parts[last], end);
		if (tp_boundaries_innermost(&s->open) == last)
			tp_boundaries_pop(&s->open);
		s->current = s->tree->parts[last].parent;
	}
	return last;
}

/* Acts on a delimiter: *begins says whether a part begins behind it. */
static enum tp_status take_delimiter(struct scanner *s, const struct delimiter *found, bool *begins)
{
	uint32_t last = close_parts(s, found->part, before_line_ending(s, found->begin));

	s->at = found->end;
	*begins = !found->closing;
	if (!found->closing)
		return open_part(s, found->part, last);
	s->tree->parts[found->part].closed = true;
	tp_boundaries_pop(&s->open);
	return TP_OK;
}

static enum tp_status scan(struct scanner *s)
{
	struct delimiter found;
	enum tp_status status;
	bool begins = true;

	status = open_part(s, TP_PART_NONE, TP_PART_NONE);
	while (!status && begins) {
		status = read_part(s);
		begins = false;
		while (!status && !begins && next_delimiter(s, &found))
			status = take_delimiter(s, &found, &begins);
	}
	if (!status)
		close_parts(s, TP_PART_NONE, s->len);
	return status;
}

enum tp_status tp_tree_scan(struct tp_tree *tree, const char *data, size_t len,
	const struct tp_tree_limits *limits, struct tp_error *err)
{
	struct scanner s = { .tree = tree, .data = data, .len = len, .limits = limits, .err = err };
	enum tp_status status;

	*tree = (struct tp_tree){ 0 };
	tp_boundaries_init(&s.open);
	if (len >= 5 && !memcmp(data, "From ", 5))
		s.at = line_end(&s, 0);
	tree->envelope.end = s.at;
	status = scan(&s);
	tp_boundaries_release(&s.open);
	if (status)
		tp_tree_release(tree);
	return status;
}

void tp_tree_release(struct tp_tree *tree)
{
	free(tree->parts);
	*tree = (struct tp_tree){ 0 };
}

uint32_t tp_tree_subtree_end(const struct tp_tree *tree, uint32_t part)
{
	for (; part != TP_PART_NONE; part = tree->parts[part].parent) {
		if (tree->parts[part].next != TP_PART_NONE)
			return tree->parts[part].next;
	}
	return tree->count;
}

/* True when the part has a number of its own in a path: all but the multipart that is the body of a
 * message. */
static bool is_numbered(const struct tp_tree *tree, uint32_t part)
{
	const struct tp_part *p = &tree->parts[part];

	if (p->kind != TP_PART_MULTIPART)
		return true;
	return p->parent != TP_PART_NONE && tree->parts[p->parent].kind != TP_PART_MESSAGE;
}

static size_t digits(uint32_t number)
{
	size_t n = 1;

	while (number >= 10) {
		number /= 10;
		n++;
	}
	return n;
}

/* Writes `number` so that it ends before text[end]; returns where it begins. */
static size_t put_number(char *text, size_t end, uint32_t number)
{
	do
		text[--end] = (char)('0' + number % 10);
	while (number /= 10);
	return end;
}

/* The way up gives the numbers from the last to the first, so the length is counted first and the
 * text is then written from its end. */
bool tp_tree_path(const struct tp_tree *tree, uint32_t part, struct tp_buf *out)
{
	size_t len = 0;
	size_t at;
	char *text;

	for (uint32_t i = part; i != TP_PART_NONE; i = tree->parts[i].parent) {
		if (i == part || is_numbered(tree, i))
			len += digits(tree->parts[i].ordinal) + 1;
	}
	text = tp_buf_reserve(out, --len);
	if (!text)
		return false;
	at = len;
	for (uint32_t i = part; i != TP_PART_NONE; i = tree->parts[i].parent) {
		if (i != part && !is_numbered(tree, i))
			continue;
		if (i != part)
			text[--at] = '.';
		at = put_number(text, at, is_numbered(tree, i) ? tree->parts[i].ordinal : 0);
	}
	tp_buf_grew(out, len);
	return true;
}

bool tp_tree_name(const struct tp_tree *tree, uint32_t part, struct tp_buf *out)
{
	if (tree->parts[part].depth > TP_TREE_NAME_DEPTH)
		return tp_buf_addf(out, "#%u", part + 1);
	return tp_tree_path(tree, part, out);
}
