/* The state as text: see exchange.h. */
#include "greylist/exchange.h"

#include <errno.h>
#include <inttypes.h>

#include "greylist/engine.h"

#define HEAD           "tubepost-greylist 1\n"
#define PIECE          ((size_t)64 << 10)
#define NUMBERS        7
#define MERGED_AT_ONCE 200
/* The year 9999: no time of ours is later, and sums of times stay far from overflow. */
#define TIME_MAX INT64_C(253402300799)

struct dump {
	struct tp_buf text;
	tp_exchange_write *write;
	void *context;
};

static enum tp_status flush(struct dump *dump, size_t keep, struct tp_error *err)
{
	enum tp_status status = tp_buf_status(&dump->text, "dump", err);

	if (!status && dump->text.len > keep) {
		status = dump->write(dump->context, dump->text.data, dump->text.len, err);
		tp_buf_clear(&dump->text);
	}
	return status;
}

static enum tp_status dump_entry(
	void *context, const char *text, const struct tp_entry *e, struct tp_error *err)
{
	struct dump *dump = context;

	if (e->kind == TP_STATE_MEMO)
		return TP_OK;
	tp_buf_addf(&dump->text,
		"%c\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64
		"\t%d\t",
		(char)e->kind, e->first, e->last, e->late, e->passed, e->count, e->until, e->word);
	tp_buf_adds(&dump->text, text);
	tp_buf_addc(&dump->text, '\n');
	return flush(dump, PIECE, err);
}

enum tp_status tp_state_dump(struct tp_state *state, int64_t now, tp_exchange_write *write,
	void *context, struct tp_error *err)
{
	struct dump dump = { TP_BUF_INIT((size_t)4 << 20), write, context };
	enum tp_status status;

	tp_buf_adds(&dump.text, HEAD);
	status = tp_state_walk(state, now, dump_entry, &dump, err);
	if (!status)
		status = flush(&dump, 0, err);
	tp_buf_release(&dump.text);
	return status;
}

/* --- reading --------------------------------------------------------------------------------- */

/* A number and the tab behind it. */
static bool take_number(const char **at, const char *end, int64_t *number)
{
	*number = 0;
	if (*at == end || **at < '0' || **at > '9')
		return false;
	for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
		*number = *number * 10 + (**at - '0');
		if (*number > TIME_MAX)
			return false;
	}
	return *at < end && *(*at)++ == '\t';
}

static bool is_text(const char *at, const char *end)
{
	if (at == end)
		return false;
	for (; at < end; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return false;
	return true;
}

/* One line without its end. */
static bool read_line(const char *at, const char *end, struct tp_entry *entry, struct tp_buf *text)
{
	int64_t numbers[NUMBERS];

	if (end - at < 2 || !strchr("kol", *at) || at[1] != '\t')
		return false;
	*entry = (struct tp_entry){ .kind = (enum tp_state_kind) * at };
	at += 2;
	for (int i = 0; i < NUMBERS; i++)
		if (!take_number(&at, end, &numbers[i]))
			return false;
	entry->first = numbers[0];
	entry->last = numbers[1];
	entry->late = numbers[2];
	entry->passed = numbers[3];
	entry->count = numbers[4];
	entry->until = numbers[5];
	entry->word = (int)numbers[6];
	if (numbers[6] > TP_WORD_LATE || !is_text(at, end))
		return false;
	tp_buf_clear(text);
	return tp_buf_add(text, at, (size_t)(end - at));
}

/* Calls tp_state_merge_entry for each line, or only looks at them (state NULL). */
static enum tp_status read_all(struct tp_state *state, const char *name, const char *data,
	size_t len, int64_t now, int64_t *count, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT((size_t)1 << 20);
	enum tp_status status = TP_OK;
	const char *at = data + strlen(HEAD), *end;

	*count = 0;
	for (; !status && at < data + len; at = end + 1, ++*count) {
		struct tp_entry entry;

		end = memchr(at, '\n', (size_t)(data + len - at));
		if (!end || !read_line(at, end, &entry, &text)) {
			status = tp_fail(err, TP_DATA, "%s: line %" PRId64 ": %s", name, *count + 2,
				end ? "no entry of a dump" : "cut short");
			break;
		}
		if (!state)
			continue;
		if (*count % MERGED_AT_ONCE == 0)
			status = tp_state_begin(state, true, err);
		if (!status) {
			status = tp_state_merge_entry(state, text.data, &entry, now, err);
			if (status)
				tp_state_end(state, false, NULL);
		}
		if (!status &&
			(*count % MERGED_AT_ONCE == MERGED_AT_ONCE - 1 || end + 1 == data + len))
			status = tp_state_end(state, true, err);
	}
	tp_buf_release(&text);
	return status;
}

enum tp_status tp_state_merge(struct tp_state *state, const char *name, const char *data,
	size_t len, int64_t now, int64_t *merged, struct tp_error *err)
{
	enum tp_status status;

	*merged = 0;
	if (len < strlen(HEAD) || memcmp(data, HEAD, strlen(HEAD)) != 0)
		return tp_fail(err, TP_DATA, "%s: no dump of greylist-check", name);
	status = read_all(NULL, name, data, len, now, merged, err);
	return status ? status : read_all(state, name, data, len, now, merged, err);
}
