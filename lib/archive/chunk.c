/* One chunk of a segment: see chunk.h. */
#include "archive/chunk.h"

#include <endian.h>
#include <unistd.h>

#include "archive/press.h"
#include "archive/segment_form.h"

struct tp_chunk {
	struct tp_segment *segment; /* NULL before the first turn */
	size_t number;
	int fd;              /* of segment, kept for its next chunks; -1: not opened */
	bool fd_is_segments; /* who closes it; he may be gone by the time that we are freed */
	bool have[TP_SECTIONS];
	struct tp_buf section[TP_SECTIONS];
	struct tp_buf scratch;
	/* the frame that was opened last: lists ask for neighbours */
	size_t group; /* SIZE_MAX: none */
	struct tp_buf frame, shown;
	size_t next, next_at; /* a row of it, and where it begins in `shown` */
};

enum tp_status tp_chunk_new(struct tp_chunk **chunk, struct tp_error *err)
{
	struct tp_chunk *c = calloc(1, sizeof *c);

	*chunk = c;
	if (!c)
		return tp_fail(err, TP_NOMEM, "out of memory");
	c->fd = -1;
	c->group = SIZE_MAX;
	for (size_t i = 0; i < TP_SECTIONS; i++)
		tp_buf_init(&c->section[i], TP_SEGMENT_PIECE_MAX);
	tp_buf_init(&c->scratch, TP_SEGMENT_PIECE_MAX);
	tp_buf_init(&c->frame, TP_SEGMENT_PIECE_MAX);
	tp_buf_init(&c->shown, TP_SEGMENT_FRAME_MAX);
	return TP_OK;
}

static void close_file(struct tp_chunk *chunk)
{
	if (chunk->fd >= 0 && !chunk->fd_is_segments)
		close(chunk->fd);
	chunk->fd = -1;
}

void tp_chunk_free(struct tp_chunk *chunk)
{
	if (!chunk)
		return;
	close_file(chunk);
	for (size_t i = 0; i < TP_SECTIONS; i++)
		tp_buf_release(&chunk->section[i]);
	tp_buf_release(&chunk->scratch);
	tp_buf_release(&chunk->frame);
	tp_buf_release(&chunk->shown);
	free(chunk);
}

void tp_chunk_turn(struct tp_chunk *chunk, struct tp_segment *segment, size_t number)
{
	if (chunk->segment != segment) {
		close_file(chunk);
		chunk->segment = segment;
	} else if (chunk->number == number) {
		return;
	}
	chunk->number = number;
	chunk->group = SIZE_MAX;
	memset(chunk->have, 0, sizeof chunk->have);
}

static enum tp_status read_piece(struct tp_chunk *chunk, const struct tp_piece *piece,
	struct tp_buf *out, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (chunk->fd < 0) {
		status = tp_segment_file(chunk->segment, &chunk->fd, err);
		chunk->fd_is_segments = chunk->fd == chunk->segment->fd;
	}
	if (!status)
		status = tp_segment_piece(
			chunk->segment, chunk->fd, piece, &chunk->scratch, out, err);
	return status;
}

/* Says in *fresh whether the section came from the disk just now, and has to be looked over. */
static enum tp_status need(
	struct tp_chunk *chunk, size_t section, bool *fresh, struct tp_error *err)
{
	const struct tp_segment_chunk_entry *entry = &chunk->segment->chunks[chunk->number];
	enum tp_status status;

	*fresh = !chunk->have[section];
	if (!*fresh)
		return TP_OK;
	status = read_piece(chunk, &entry->section[section], &chunk->section[section], err);
	chunk->have[section] = status == TP_OK;
	return status;
}

static enum tp_status damaged(struct tp_chunk *chunk, size_t section, struct tp_error *err)
{
	chunk->have[section] = false;
	return tp_fail(
		err, TP_DATA, "%s: chunk %zu is damaged", chunk->segment->name, chunk->number);
}

static size_t rows_of(const struct tp_chunk *chunk)
{
	return chunk->segment->chunks[chunk->number].range.count;
}

/* Files are little-endian; on such machines these loops are nothing. */
static void host64(uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		words[i] = le64toh(words[i]);
}

static void host32(uint32_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		words[i] = le32toh(words[i]);
}

static void host16(uint16_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		words[i] = le16toh(words[i]);
}

/* --- columns --------------------------------------------------------------------------------- */

enum tp_status tp_chunk_rows(struct tp_chunk *chunk, struct tp_rows *rows, struct tp_error *err)
{
	struct tp_buf *buf = &chunk->section[TP_SECTION_ROWS];
	size_t n = rows_of(chunk);
	uint64_t *words;
	uint32_t *tails;
	bool fresh;
	enum tp_status status = need(chunk, TP_SECTION_ROWS, &fresh, err);

	if (status)
		return status;
	if (buf->len != n * 29)
		return damaged(chunk, TP_SECTION_ROWS, err);
	words = (uint64_t *)(void *)buf->data;
	tails = (uint32_t *)(words + 3 * n);
	if (fresh)
		host64(words, 3 * n);
	if (fresh)
		host32(tails, n);
	*rows = (struct tp_rows){ n, (const int64_t *)words, words + n, words + 2 * n, tails,
		(const uint8_t *)(tails + n) };
	return TP_OK;
}

/* Eight numbers of a row's text at once: the sign says that one is not below `count`. */
typedef int16_t eight __attribute__((vector_size(16)));

static bool rows_are_below(const uint16_t *of_row, size_t rows, size_t count)
{
	eight most = (eight){ 0 } + (int16_t)(count - 1), bad = { 0 }, v;
	uint64_t halves[2];
	size_t i = 0;
	bool sound = true;

	for (; rows - i >= 8; i += 8) {
		memcpy(&v, of_row + i, sizeof v);
		bad |= v | (most - v);
	}
	for (; i < rows; i++)
		sound &= of_row[i] < count;
	bad = bad < 0;
	memcpy(halves, &bad, sizeof halves);
	return sound && !(halves[0] | halves[1]);
}

static bool texts_are_sound(const struct tp_texts *texts, size_t rows, size_t bytes)
{
	bool sound =
		texts->count > 0 && texts->offset[0] == 0 && texts->offset[texts->count] == bytes;

	for (size_t i = 0; i < texts->count; i++)
		sound &= texts->offset[i + 1] > texts->offset[i];
	return sound && rows_are_below(texts->of_row, rows, texts->count);
}

/* u32 count | u32 offset[count + 1] | u16 of_row[rows] | bytes */
enum tp_status tp_chunk_texts(
	struct tp_chunk *chunk, enum tp_column column, struct tp_texts *texts, struct tp_error *err)
{
	size_t section = TP_SECTION_FROM + (size_t)column, n = rows_of(chunk), front;
	struct tp_buf *buf = &chunk->section[section];
	uint32_t *words;
	bool fresh;
	enum tp_status status = need(chunk, section, &fresh, err);

	if (status)
		return status;
	words = (uint32_t *)(void *)buf->data;
	if (buf->len < 8)
		return damaged(chunk, section, err);
	if (fresh)
		host32(words, 1);
	texts->count = words[0];
	front = 4 * (texts->count + 2) + 2 * n;
	if (texts->count > TP_SEGMENT_CHUNK || buf->len < front)
		return damaged(chunk, section, err);
	texts->offset = words + 1;
	texts->of_row = (const uint16_t *)(words + texts->count + 2);
	texts->bytes = buf->data + front;
	if (!fresh)
		return TP_OK;
	host32(words + 1, texts->count + 1);
	host16((uint16_t *)(void *)(words + texts->count + 2), n);
	return texts_are_sound(texts, n, buf->len - front) ? TP_OK : damaged(chunk, section, err);
}

/* --- what is shown --------------------------------------------------------------------------- */

static enum tp_status need_group(struct tp_chunk *chunk, size_t group, struct tp_error *err)
{
	struct tp_buf *list = &chunk->section[TP_SECTION_FRAMES];
	struct tp_piece piece;
	enum tp_status status;
	bool fresh;

	if (chunk->group == group)
		return TP_OK;
	chunk->group = SIZE_MAX;
	status = need(chunk, TP_SECTION_FRAMES, &fresh, err);
	if (status)
		return status;
	if (list->len < (group + 1) * TP_SEGMENT_FRAME_ENTRY)
		return damaged(chunk, TP_SECTION_FRAMES, err);
	piece = tp_piece_get((unsigned char *)list->data + group * TP_SEGMENT_FRAME_ENTRY);
	status = read_piece(chunk, &piece, &chunk->frame, err);
	tp_buf_clear(&chunk->shown);
	if (!status)
		status = tp_unpress(chunk->frame.data, chunk->frame.len, &chunk->shown, err);
	if (status == TP_LIMIT)
		return damaged(chunk, TP_SECTION_FRAMES, err);
	if (!status)
		chunk->group = group;
	chunk->next = group * TP_SEGMENT_GROUP;
	chunk->next_at = 0;
	return status;
}

struct cursor {
	const unsigned char *at, *end;
};

static bool take_number(struct cursor *c, uint32_t *number)
{
	if (c->end - c->at < 4)
		return false;
	*number = tp_le_get32(c->at);
	c->at += 4;
	return true;
}

/* The next text, copied unless `copy` is NULL. */
static bool take_text(struct cursor *c, char **copy)
{
	uint32_t len;

	if (!take_number(c, &len) || len > (size_t)(c->end - c->at))
		return false;
	if (copy) {
		*copy = strndup((const char *)c->at, len);
		if (!*copy)
			return false;
	}
	c->at += len;
	return true;
}

static bool take_rcpts(struct cursor *c, struct tp_strings *rcpts)
{
	uint32_t count;
	char *text;
	bool done = take_number(c, &count);

	for (uint32_t i = 0; done && i < count; i++) {
		text = NULL;
		done = take_text(c, rcpts ? &text : NULL);
		if (done && rcpts)
			done = !tp_strings_add(rcpts, text, NULL);
		free(text);
	}
	return done;
}

static bool take_shown(struct cursor *c, struct tp_record *record)
{
	return take_text(c, record ? &record->from : NULL) &&
	       take_text(c, record ? &record->to : NULL) &&
	       take_text(c, record ? &record->subject : NULL) &&
	       take_text(c, record ? &record->sender : NULL) &&
	       take_rcpts(c, record ? &record->rcpts : NULL);
}

enum tp_status tp_chunk_record(
	struct tp_chunk *chunk, size_t row, struct tp_record *record, struct tp_error *err)
{
	const unsigned char *begin;
	struct tp_rows rows;
	struct cursor c;
	size_t at;
	enum tp_status status;

	tp_record_release(record);
	*record = (struct tp_record)TP_RECORD_INIT;
	status = tp_chunk_rows(chunk, &rows, err);
	if (!status)
		status = need_group(chunk, row / TP_SEGMENT_GROUP, err);
	if (status)
		return status;
	tp_id_make(rows.arrival_ms[row], rows.tail[row], record->id);
	record->arrival_ms = rows.arrival_ms[row];
	record->size_bytes = rows.size_bytes[row];
	begin = (const unsigned char *)chunk->shown.data;
	c.end = begin + chunk->shown.len;
	/* Rows are mostly asked for in their order; another one is reached from the first. */
	at = chunk->next <= row ? chunk->next : row - row % TP_SEGMENT_GROUP;
	c.at = begin + (chunk->next <= row ? chunk->next_at : 0);
	for (; at < row; at++)
		if (!take_shown(&c, NULL))
			return damaged(chunk, TP_SECTION_FRAMES, err);
	if (!take_shown(&c, record))
		return damaged(chunk, TP_SECTION_FRAMES, err);
	chunk->next = row + 1;
	chunk->next_at = (size_t)(c.at - begin);
	return TP_OK;
}
