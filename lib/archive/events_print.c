/*
 * The event log for people and for programs: see events.h. In pieces, for the log may be longer than
 * memory: columns are as wide as a piece needs.
 */
#include "archive/events.h"
#include "base/json.h"
#include "base/table.h"
#include "base/tool.h"

#define AT_ONCE 1000 /* lines that are aligned together, and printed before more are read */

struct reading {
	bool json;
	struct tp_buf *out;
	struct tp_table table;
	uint64_t count;
};

static enum tp_status give(struct reading *reading, struct tp_error *err)
{
	enum tp_status status =
		tp_table_print(&reading->table, tp_stdout_is_terminal(), reading->out, err);

	tp_table_release(&reading->table);
	tp_table_init(&reading->table, "lllll");
	if (!status)
		status = tp_stdout_write(tp_buf_str(reading->out), reading->out->len, err);
	tp_buf_clear(reading->out);
	return status;
}

static enum tp_status take_event(void *context, const char *line, size_t len, struct tp_error *err)
{
	static const char *const members[] = { "/time", "/actor", "/event", "/id", "/note" };
	struct reading *reading = context;
	struct tp_json *doc;
	enum tp_status status;

	if (reading->count && reading->count % AT_ONCE == 0) {
		status = give(reading, err);
		if (status)
			return status;
	}
	reading->count++;
	if (reading->json) {
		tp_buf_add(reading->out, line, len);
		tp_buf_addc(reading->out, '\n');
		return TP_OK;
	}
	status = tp_json_parse(line, len, &doc, err);
	if (status)
		return status;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		struct tp_buf text = TP_BUF_INIT(1u << 20);

		tp_json_get(doc, members[i], &text);
		tp_table_cell(&reading->table, tp_buf_str(&text), text.len);
		tp_buf_release(&text);
	}
	tp_json_free(doc);
	return TP_OK;
}

enum tp_status tp_events_print(
	struct tp_archive *archive, bool json, struct tp_buf *out, struct tp_error *err)
{
	struct reading reading = { .json = json, .out = out };
	struct tp_error later;
	enum tp_status status, printed;

	tp_table_init(&reading.table, "lllll");
	status = tp_events_walk(archive, take_event, &reading, err);
	printed = !status || status == TP_DATA ? give(&reading, &later) : TP_OK;
	tp_table_release(&reading.table);
	if (!status && printed)
		return tp_fail(err, printed, "%s", later.text);
	if (!status && !reading.count)
		return tp_fail(err, TP_NOTHING, "no events");
	return status;
}
