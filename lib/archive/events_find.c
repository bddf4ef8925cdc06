/* What the event log says of one message: see events.h. Apart from the writing, for who only puts mail
 * has no use for a JSON parser. */
#include "archive/events.h"

#include "base/json.h"

struct erasure {
	const char *id;
	struct tp_buf *time, *actor;
};

static bool is(const struct tp_json *event, const char *pointer, const char *value)
{
	struct tp_buf text = TP_BUF_INIT(65536);
	bool same = tp_json_get(event, pointer, &text) && !strcmp(tp_buf_str(&text), value);

	tp_buf_release(&text);
	return same;
}

static enum tp_status take_line(void *context, const char *line, size_t len, struct tp_error *err)
{
	struct erasure *erasure = context;
	struct tp_json *event = NULL;

	(void)err;
	if (!memmem(line, len, erasure->id, strlen(erasure->id)) ||
		tp_json_parse(line, len, &event, NULL))
		return TP_OK;
	if (is(event, "/event", "erase") && is(event, "/id", erasure->id)) {
		tp_buf_clear(erasure->time);
		tp_buf_clear(erasure->actor);
		tp_json_get(event, "/time", erasure->time);
		tp_json_get(event, "/actor", erasure->actor);
	}
	tp_json_free(event);
	return TP_OK;
}

bool tp_event_find_erasure(
	struct tp_archive *archive, const char *id, struct tp_buf *time, struct tp_buf *actor)
{
	struct erasure erasure = { .id = id, .time = time, .actor = actor };

	tp_events_walk(archive, take_line, &erasure, NULL);
	return time->len > 0;
}
