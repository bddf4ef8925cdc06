/*
 * Building segments: rows are gathered until a chunk is full, put in order of arrival, and laid down
 * as the sections they will be in the file. Everything is in memory until it is written: some 200
 * bytes a message, of one pack.
 */
#include "archive/press.h"
#include "archive/segment_builder.h"
#include "base/array.h"
#include "base/crc32c.h"
#include "base/fold.h"

/* A chunk also ends when its texts are this long, whatever its rows: a reader's buffers stay small. */
#define CHUNK_TEXT  ((size_t)4 << 20)
#define PRESS_LEVEL 9
#define BYTES_MAX   ((size_t)1 << 40)

enum tp_status tp_segment_builder_new(struct tp_segment_builder **builder, struct tp_error *err)
{
	struct tp_segment_builder *b = calloc(1, sizeof *b);

	*builder = b;
	if (!b)
		return tp_fail(err, TP_NOMEM, "out of memory");
	tp_buf_init(&b->shown, BYTES_MAX);
	tp_buf_init(&b->folded, BYTES_MAX);
	tp_buf_init(&b->frame, BYTES_MAX);
	tp_buf_init(&b->out, BYTES_MAX);
	b->rows = calloc(TP_SEGMENT_CHUNK, sizeof *b->rows);
	b->column = calloc(TP_COLUMNS, sizeof *b->column);
	if (!b->rows || !b->column) {
		tp_segment_builder_free(b);
		*builder = NULL;
		return tp_fail(err, TP_NOMEM, "out of memory");
	}
	for (size_t i = 0; i < TP_COLUMNS; i++)
		tp_buf_init(&b->column[i].bytes, BYTES_MAX);
	return TP_OK;
}

void tp_segment_builder_free(struct tp_segment_builder *builder)
{
	if (!builder)
		return;
	for (size_t i = 0; builder->column && i < TP_COLUMNS; i++)
		tp_buf_release(&builder->column[i].bytes);
	free(builder->column);
	free(builder->rows);
	tp_buf_release(&builder->shown);
	tp_buf_release(&builder->folded);
	tp_buf_release(&builder->frame);
	tp_buf_release(&builder->out);
	free(builder->laid);
	free(builder->frames);
	free(builder->deliveries);
	free(builder);
}

/* --- texts ----------------------------------------------------------------------------------- */

/* The number of a text in its column, put there when it is new. */
static bool find_text(struct tp_build_column *column, const struct tp_buf *text, uint16_t *number)
{
	uint32_t hash = tp_crc32c(0, tp_buf_str(text), text->len);
	size_t slot = hash % TP_COLUMN_SLOTS;

	for (; column->slot[slot]; slot = (slot + 1) % TP_COLUMN_SLOTS) {
		uint32_t t = column->slot[slot] - 1u;
		uint32_t begin = column->offset[t], len = column->offset[t + 1] - begin;

		if (column->hash[t] == hash && len == text->len + 1 &&
			!memcmp(column->bytes.data + begin, tp_buf_str(text), text->len)) {
			*number = (uint16_t)t;
			return true;
		}
	}
	tp_buf_add(&column->bytes, tp_buf_str(text), text->len);
	if (!tp_buf_addc(&column->bytes, '\n'))
		return false;
	*number = (uint16_t)column->count;
	column->hash[column->count] = hash;
	column->slot[slot] = (uint16_t)(column->count + 1);
	column->offset[++column->count] = (uint32_t)column->bytes.len;
	return true;
}

/* Appends `text` folded behind what is there and a tab, unless it is found there already. */
static void add_piece(struct tp_buf *out, const char *text, bool look)
{
	size_t before = out->len, begin = before + (before > 0);

	if (!*text)
		return;
	if (before)
		tp_buf_addc(out, '\t');
	tp_fold(text, strlen(text), out);
	if (out->status || !before)
		return;
	if (out->len == begin || (look && tp_fold_find(out->data, before, out->data + begin,
						  out->len - begin) != SIZE_MAX))
		tp_buf_truncate(out, before);
}

/* Looking each of very many recipients up in what is there would cost the square of their number. */
#define LOOK_RCPTS 64

static void fold_column(struct tp_buf *out, const struct tp_record *record, size_t column)
{
	tp_buf_clear(out);
	if (column == 0) {
		add_piece(out, record->from, true);
		add_piece(out, record->sender, true);
	} else if (column == 1) {
		add_piece(out, record->to, true);
		for (size_t i = 0; i < record->rcpts.count; i++)
			add_piece(out, record->rcpts.list[i], record->rcpts.count <= LOOK_RCPTS);
	} else {
		add_piece(out, record->subject, true);
	}
}

/* --- rows ------------------------------------------------------------------------------------ */

static void put_number(struct tp_buf *out, uint32_t number)
{
	unsigned char bytes[4];

	tp_le_put32(bytes, number);
	tp_buf_add(out, bytes, sizeof bytes);
}

static void put_text(struct tp_buf *out, const char *text)
{
	size_t len = strlen(text);

	put_number(out, (uint32_t)len);
	tp_buf_add(out, text, len);
}

/* So many recipients that nobody will look at them all are found all the same, and the first of them
 * are shown. */
#define RCPTS_SHOWN ((size_t)4 << 20)

static size_t rcpts_shown(const struct tp_strings *rcpts)
{
	size_t bytes = 0, i = 0;

	while (i < rcpts->count && bytes < RCPTS_SHOWN)
		bytes += strlen(rcpts->list[i++]);
	return i;
}

static void put_shown(struct tp_buf *out, const struct tp_record *record)
{
	size_t rcpts = rcpts_shown(&record->rcpts);

	put_text(out, record->from);
	put_text(out, record->to);
	put_text(out, record->subject);
	put_text(out, record->sender);
	put_number(out, (uint32_t)rcpts);
	for (size_t i = 0; i < rcpts; i++)
		put_text(out, record->rcpts.list[i]);
}

static bool is_full(const struct tp_segment_builder *b)
{
	size_t bytes = b->shown.len;

	for (size_t i = 0; i < TP_COLUMNS; i++)
		bytes += b->column[i].bytes.len;
	return b->count == TP_SEGMENT_CHUNK || bytes > CHUNK_TEXT;
}

enum tp_status tp_segment_builder_add_at(struct tp_segment_builder *b,
	const struct tp_record *record, bool erased, uint64_t at, struct tp_error *err)
{
	static char empty[] = "";
	struct tp_record bare = { .sender = empty, .from = empty, .to = empty, .subject = empty };
	const struct tp_record *texts = erased ? &bare : record;
	struct tp_build_row *row = &b->rows[b->count];

	*row = (struct tp_build_row){ .arrival_ms = record->arrival_ms,
		.size_bytes = erased ? 0 : record->size_bytes,
		.at = at,
		.erased = erased,
		.tail = tp_id_tail(record->id),
		.shown = b->shown.len };
	row->prefix = tp_segment_prefix(record->delivery);
	put_shown(&b->shown, texts);
	row->shown_len = b->shown.len - row->shown;
	for (size_t i = 0; i < TP_COLUMNS; i++) {
		fold_column(&b->folded, texts, i);
		if (b->folded.status || !find_text(&b->column[i], &b->folded, &row->text[i]))
			return tp_fail(err, TP_NOMEM, "index: out of memory");
	}
	if (b->shown.status)
		return tp_buf_status(&b->shown, "index", err);
	b->count++;
	b->added++;
	return is_full(b) ? tp_segment_builder_lay(b, err) : TP_OK;
}

enum tp_status tp_segment_builder_add(struct tp_segment_builder *builder,
	const struct tp_record *record, bool erased, struct tp_error *err)
{
	return tp_segment_builder_add_at(builder, record, erased, builder->added, err);
}

/* --- laying down a chunk --------------------------------------------------------------------- */

static int compare_rows(const void *a, const void *b)
{
	const struct tp_build_row *x = a, *y = b;

	if (x->arrival_ms != y->arrival_ms)
		return x->arrival_ms < y->arrival_ms ? -1 : 1;
	return x->tail < y->tail ? -1 : x->tail > y->tail;
}

static void begin_piece(const struct tp_segment_builder *b, struct tp_piece *piece)
{
	piece->at = b->out.len;
}

static void end_piece(const struct tp_segment_builder *b, struct tp_piece *piece)
{
	piece->plain = (uint32_t)(b->out.len - piece->at);
}

static void put_number64(struct tp_buf *out, uint64_t number)
{
	unsigned char bytes[8];

	tp_le_put64(bytes, number);
	tp_buf_add(out, bytes, sizeof bytes);
}

static void lay_rows(struct tp_segment_builder *b, struct tp_laid *laid)
{
	struct tp_piece *piece = &laid->section[TP_SECTION_ROWS];

	begin_piece(b, piece);
	for (size_t i = 0; i < b->count; i++)
		put_number64(&b->out, (uint64_t)b->rows[i].arrival_ms);
	for (size_t i = 0; i < b->count; i++)
		put_number64(&b->out, b->rows[i].size_bytes);
	for (size_t i = 0; i < b->count; i++)
		put_number64(&b->out, b->rows[i].at);
	for (size_t i = 0; i < b->count; i++)
		put_number(&b->out, b->rows[i].tail);
	for (size_t i = 0; i < b->count; i++)
		tp_buf_addc(&b->out, (char)b->rows[i].erased);
	end_piece(b, piece);
}

static void lay_column(struct tp_segment_builder *b, struct tp_laid *laid, size_t number)
{
	struct tp_piece *piece = &laid->section[TP_SECTION_FROM + number];
	struct tp_build_column *column = &b->column[number];

	begin_piece(b, piece);
	put_number(&b->out, column->count);
	for (uint32_t i = 0; i <= column->count; i++)
		put_number(&b->out, column->offset[i]);
	for (size_t i = 0; i < b->count; i++) {
		uint16_t text = b->rows[i].text[number];

		tp_buf_addc(&b->out, (char)(text & 255));
		tp_buf_addc(&b->out, (char)(text >> 8));
	}
	tp_buf_add(&b->out, column->bytes.data, column->bytes.len);
	end_piece(b, piece);
	tp_buf_clear(&column->bytes);
	column->count = 0;
	memset(column->slot, 0, sizeof column->slot);
}

static enum tp_status lay_frame(
	struct tp_segment_builder *b, size_t begin, size_t end, struct tp_error *err)
{
	struct tp_piece *piece, *frames = tp_array_room(b->frames, b->frame_count, &b->frame_cap,
					64, sizeof *frames);
	enum tp_status status;

	if (!frames)
		return tp_fail(err, TP_NOMEM, "index: out of memory");
	b->frames = frames;
	tp_buf_clear(&b->frame);
	for (size_t i = begin; i < end; i++)
		tp_buf_add(&b->frame, b->shown.data + b->rows[i].shown, b->rows[i].shown_len);
	status = tp_buf_status(&b->frame, "index", err);
	if (status)
		return status;
	piece = &b->frames[b->frame_count++];
	begin_piece(b, piece);
	status = tp_press(b->frame.data, b->frame.len, PRESS_LEVEL, &b->out, err);
	end_piece(b, piece);
	return status;
}

static enum tp_status lay_frames(
	struct tp_segment_builder *b, struct tp_laid *laid, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	laid->first_frame = b->frame_count;
	for (size_t i = 0; !status && i < b->count; i += TP_SEGMENT_GROUP) {
		size_t end = i + TP_SEGMENT_GROUP < b->count ? i + TP_SEGMENT_GROUP : b->count;

		status = lay_frame(b, i, end, err);
		laid->frames++;
	}
	return status ? status : tp_buf_status(&b->out, "index", err);
}

static enum tp_status note_deliveries(struct tp_segment_builder *b, struct tp_error *err)
{
	for (size_t i = 0; i < b->count; i++) {
		struct tp_delivery_row *deliveries;

		if (b->rows[i].erased)
			continue;
		deliveries = tp_array_room(
			b->deliveries, b->delivery_count, &b->delivery_cap, 64, sizeof *deliveries);
		if (!deliveries)
			return tp_fail(err, TP_NOMEM, "index: out of memory");
		b->deliveries = deliveries;
		b->deliveries[b->delivery_count++] = (struct tp_delivery_row){ b->rows[i].prefix,
			(uint32_t)(b->laid_count << TP_SEGMENT_ROW_BITS | i) };
	}
	return TP_OK;
}

static void note_range(const struct tp_segment_builder *b, struct tp_chunk_range *range)
{
	*range = (struct tp_chunk_range){ (uint32_t)b->count, b->rows[0].arrival_ms,
		b->rows[b->count - 1].arrival_ms, UINT64_MAX, 0 };
	for (size_t i = 0; i < b->count; i++) {
		uint64_t size = b->rows[i].size_bytes;

		range->least_bytes = size < range->least_bytes ? size : range->least_bytes;
		range->most_bytes = size > range->most_bytes ? size : range->most_bytes;
	}
}

enum tp_status tp_segment_builder_lay(struct tp_segment_builder *b, struct tp_error *err)
{
	struct tp_laid *laid;
	enum tp_status status;

	if (b->count == 0)
		return TP_OK;
	if (b->laid_count >> (32 - TP_SEGMENT_ROW_BITS))
		return tp_fail(err, TP_LIMIT, "index: too many messages in one pack");
	laid = tp_array_room(b->laid, b->laid_count, &b->laid_cap, 64, sizeof *laid);
	if (!laid)
		return tp_fail(err, TP_NOMEM, "index: out of memory");
	b->laid = laid;
	qsort(b->rows, b->count, sizeof *b->rows, compare_rows);
	laid = &b->laid[b->laid_count];
	*laid = (struct tp_laid){ .frames = 0 };
	note_range(b, &laid->range);
	lay_rows(b, laid);
	for (size_t i = 0; i < TP_COLUMNS; i++)
		lay_column(b, laid, i);
	status = lay_frames(b, laid, err);
	if (!status)
		status = note_deliveries(b, err);
	b->laid_count++;
	b->count = 0;
	tp_buf_clear(&b->shown);
	return status;
}
