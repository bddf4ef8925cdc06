/* A shard of the page's data: see shard.h. */
#include "disc/shard.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/utf8.h"

#define SHARD_MAX      ((size_t)1 << 31)
#define SLOTS          ((size_t)1 << 17)
#define PROBES         16 /* texts that a sender made to collide stand twice, and cost no time */
#define SHARED_MAX     1295
#define PATH_BYTES_MAX ((size_t)1 << 16)

static const char *const names_of[] = { "from", "to", "subject" };

enum tp_status tp_shard_init(struct tp_shard *shard, struct tp_error *err)
{
	*shard = (struct tp_shard){ .when = TP_BUF_INIT(SHARD_MAX),
		.size = TP_BUF_INIT(SHARD_MAX),
		.paths = TP_BUF_INIT(SHARD_MAX),
		.path = TP_BUF_INIT(PATH_BYTES_MAX) };
	for (int c = 0; c < TP_SHARD_COLUMNS; c++) {
		struct tp_shard_texts *column = &shard->columns[c];

		tp_buf_init(&column->rows, SHARD_MAX);
		tp_buf_init(&column->texts, SHARD_MAX);
		column->slots = calloc(SLOTS, sizeof *column->slots);
		if (!column->slots)
			return tp_fail(err, TP_NOMEM, "page: out of memory");
	}
	return TP_OK;
}

void tp_shard_release(struct tp_shard *shard)
{
	tp_buf_release(&shard->when);
	tp_buf_release(&shard->size);
	tp_buf_release(&shard->paths);
	for (int c = 0; c < TP_SHARD_COLUMNS; c++) {
		tp_buf_release(&shard->columns[c].rows);
		tp_buf_release(&shard->columns[c].texts);
		free(shard->columns[c].list);
		free(shard->columns[c].slots);
		shard->columns[c].list = NULL;
		shard->columns[c].slots = NULL;
	}
	tp_buf_release(&shard->path);
}

static void clear(struct tp_shard *shard)
{
	tp_buf_clear(&shard->when);
	tp_buf_clear(&shard->size);
	tp_buf_clear(&shard->paths);
	for (int c = 0; c < TP_SHARD_COLUMNS; c++) {
		tp_buf_clear(&shard->columns[c].rows);
		tp_buf_clear(&shard->columns[c].texts);
		shard->columns[c].count = 0;
		memset(shard->columns[c].slots, 0, SLOTS * sizeof *shard->columns[c].slots);
	}
	tp_buf_clear(&shard->path);
	shard->mails = 0;
}

/* --- texts ------------------------------------------------------------------------------------ */

/* What would end a line, a literal, or the reader's trust in what he sees: controls, of C1, too, and
 * line and paragraph separators are spaces. */
static bool is_space(uint32_t c)
{
	return c <= 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029;
}

/* How many bytes from `at` on are nothing but ASCII that stands for itself. */
static size_t plain_run(const char *text, size_t at, size_t len)
{
	size_t end = at;

	while (end < len && text[end] > ' ' && text[end] < 0x7f && text[end] != '"' &&
		text[end] != '\\')
		end++;
	return end - at;
}

/* Appends text as it stands in a literal of JavaScript; spaces that follow one another are one, as
 * in the browser. */
static void put_text(struct tp_buf *out, const char *text)
{
	size_t len = strlen(text), n, begin = out->len;
	uint32_t c;

	for (size_t i = 0; i < len; i += n) {
		n = plain_run(text, i, len);
		if (n) {
			tp_buf_add(out, text + i, n);
			continue;
		}
		n = tp_utf8_next(text + i, len - i, &c);
		if (!n) {
			tp_buf_adds(out, "\xef\xbf\xbd");
			n = 1;
		} else if (is_space(c)) {
			if (out->len > begin && out->data[out->len - 1] != ' ')
				tp_buf_addc(out, ' ');
		} else if (c == '"' || c == '\\') {
			tp_buf_addc(out, '\\');
			tp_buf_addc(out, (char)c);
		} else {
			tp_buf_add(out, text + i, n);
		}
	}
	if (out->len > begin && out->data[out->len - 1] == ' ')
		tp_buf_truncate(out, out->len - 1);
}

static uint64_t hash_of(const char *bytes, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* The slot of an equal text; else a free one; else NULL. */
static uint32_t *slot_of(struct tp_shard_texts *column, const struct tp_shard_text *text)
{
	for (size_t i = 0; i < PROBES; i++) {
		uint32_t *slot = &column->slots[(text->hash + i) & (SLOTS - 1)];
		const struct tp_shard_text *other = *slot ? &column->list[*slot - 1] : NULL;

		if (!other || (other->hash == text->hash && other->len == text->len &&
				      !memcmp(column->texts.data + other->at,
					      column->texts.data + text->at, text->len)))
			return slot;
	}
	return NULL;
}

static enum tp_status keep_text(
	struct tp_shard_texts *column, const struct tp_shard_text *text, struct tp_error *err)
{
	struct tp_shard_text *list =
		tp_array_room(column->list, column->count, &column->cap, 1024, sizeof *list);

	if (!list)
		return tp_fail(err, TP_NOMEM, "page: out of memory");
	column->list = list;
	column->list[column->count++] = *text;
	return TP_OK;
}

/* The text that was appended behind `begin` (a line end before it, if it is not the first) becomes the
 * row's; it goes again when the column has it already. */
static enum tp_status settle_text(
	struct tp_shard_texts *column, size_t begin, bool first, struct tp_error *err)
{
	size_t at = begin + (column->count ? 2 : 0), number = column->count;
	struct tp_shard_text text = { .at = at };
	enum tp_status status = tp_buf_status(&column->texts, "page", err);
	uint32_t *slot;

	if (status)
		return status;
	text.len = column->texts.len - at;
	text.hash = hash_of(tp_buf_str(&column->texts) + at, text.len);
	slot = slot_of(column, &text);
	if (slot && *slot) {
		number = *slot - 1;
		tp_buf_truncate(&column->texts, begin);
	} else {
		status = keep_text(column, &text, err);
		if (slot)
			*slot = (uint32_t)number + 1;
	}
	if (!first)
		tp_buf_addc(&column->rows, ',');
	tp_buf_addu(&column->rows, number);
	return status ? status : tp_buf_status(&column->rows, "page", err);
}

/* True when the header names the address already. */
static bool is_named(const char *header, const char *address)
{
	return *address && strcasestr(header, address);
}

static enum tp_status add_texts(
	struct tp_shard *shard, const struct tp_record *record, struct tp_error *err)
{
	const char *const headers[] = { record->from, record->to, record->subject };
	enum tp_status status = TP_OK;

	for (int c = 0; !status && c < TP_SHARD_COLUMNS; c++) {
		struct tp_shard_texts *column = &shard->columns[c];
		size_t begin = column->texts.len;
		bool beside = false;

		if (column->count)
			tp_buf_adds(&column->texts, "\\n");
		put_text(&column->texts, headers[c]);
		for (size_t i = 0;
			i < (c == TP_SHARD_TO ? record->rcpts.count : c == TP_SHARD_FROM); i++) {
			const char *address =
				c == TP_SHARD_TO ? record->rcpts.list[i] : record->sender;

			if (!*address || is_named(headers[c], address))
				continue;
			tp_buf_adds(&column->texts, beside ? ", " : "\\t");
			put_text(&column->texts, address);
			beside = true;
		}
		status = settle_text(column, begin, !shard->mails, err);
	}
	return status;
}

/* --- the rest --------------------------------------------------------------------------------- */

static enum tp_status add_path(struct tp_shard *shard, const char *path, struct tp_error *err)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	size_t shared = 0;

	if (shard->mails % TP_SHARD_RESTART)
		while (shared < SHARED_MAX && path[shared] &&
			path[shared] == shard->path.data[shared])
			shared++;
	if (shard->mails)
		tp_buf_adds(&shard->paths, "\\n");
	tp_buf_addc(&shard->paths, digits[shared / 36]);
	tp_buf_addc(&shard->paths, digits[shared % 36]);
	tp_buf_adds(&shard->paths, path + shared);
	tp_buf_clear(&shard->path);
	tp_buf_adds(&shard->path, path);
	return tp_buf_status(&shard->path, "page", err);
}

enum tp_status tp_shard_add(struct tp_shard *shard, const struct tp_record *record,
	const char *path, struct tp_error *err)
{
	enum tp_status status = add_texts(shard, record, err);
	int64_t when = shard->mails ? record->arrival_ms - shard->before_ms : record->arrival_ms;

	if (!status)
		status = add_path(shard, path, err);
	if (shard->mails) {
		tp_buf_addc(&shard->when, ',');
		tp_buf_addc(&shard->size, ',');
	}
	if (when < 0)
		tp_buf_addc(&shard->when, '-');
	tp_buf_addu(&shard->when, when < 0 ? 0 - (uint64_t)when : (uint64_t)when);
	tp_buf_addu(&shard->size, record->size_bytes);
	if (!shard->mails || record->arrival_ms < shard->first_ms)
		shard->first_ms = record->arrival_ms;
	if (!shard->mails || record->arrival_ms > shard->last_ms)
		shard->last_ms = record->arrival_ms;
	shard->before_ms = record->arrival_ms;
	shard->mails++;
	if (!status)
		status = tp_buf_status(&shard->when, "page", err);
	if (!status)
		status = tp_buf_status(&shard->size, "page", err);
	return status ? status : tp_buf_status(&shard->paths, "page", err);
}

uint64_t tp_shard_bytes(const struct tp_shard *shard)
{
	uint64_t bytes = 256 + shard->when.len + shard->size.len + shard->paths.len;

	for (int c = 0; c < TP_SHARD_COLUMNS; c++)
		bytes += shard->columns[c].rows.len + shard->columns[c].texts.len;
	return bytes;
}

/* --- writing ---------------------------------------------------------------------------------- */

struct writing {
	enum tp_status (*add)(void *context, const void *bytes, size_t len, struct tp_error *err);
	void *context;
	enum tp_status status;
	struct tp_error *err;
};

static void put(struct writing *w, const char *before, const struct tp_buf *buf)
{
	if (!w->status)
		w->status = w->add(w->context, before, strlen(before), w->err);
	if (!w->status && buf && buf->len)
		w->status = w->add(w->context, buf->data, buf->len, w->err);
}

enum tp_status tp_shard_write(struct tp_shard *shard, unsigned number,
	enum tp_status (*add)(void *context, const void *bytes, size_t len, struct tp_error *err),
	void *context, struct tp_error *err)
{
	struct writing w = { add, context, TP_OK, err };
	char text[64];

	snprintf(text, sizeof text, "tubepost.shard(%u,{\"when\":[", number);
	put(&w, text, &shard->when);
	put(&w, "],\n\"size\":[", &shard->size);
	for (int c = 0; c < TP_SHARD_COLUMNS; c++) {
		snprintf(text, sizeof text, "],\n\"%s\":[", names_of[c]);
		put(&w, text, &shard->columns[c].rows);
	}
	put(&w, "]", NULL);
	for (int c = 0; c < TP_SHARD_COLUMNS; c++) {
		snprintf(text, sizeof text, "%s,\n\"%ss\":\"", c ? "\"" : "", names_of[c]);
		put(&w, text, &shard->columns[c].texts);
	}
	put(&w, "\",\n\"paths\":\"", &shard->paths);
	put(&w, "\"});\n", NULL);
	clear(shard);
	return w.status;
}
