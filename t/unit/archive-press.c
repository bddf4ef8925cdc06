/* archive/press: frames of every size come back, whole or as a stream; damage is
 * TP_DATA. */
#include "archive/press.h"
#include "tap.h"

#include <string.h>

static struct tp_error err;
static char *text;
#define TEXT ((size_t)3 << 20)

/* Lines that look like mail: much alike, never equal. */
static void make_text(void)
{
	size_t at = 0;
	uint32_t state = 1;

	text = malloc(TEXT + 100);
	while (at < TEXT) {
		state = state * 1664525u + 1013904223u;
		at += (size_t)snprintf(text + at, 100,
			"Received: from host%u.example (10.0.%u.%u)\n", state >> 20,
			state >> 8 & 255, state >> 16 & 255);
	}
}

static bool is_text(const struct tp_buf *out, size_t len)
{
	return out->len == len && (!len || !memcmp(out->data, text, len));
}

static enum tp_status gather(void *context, const char *bytes, size_t len, struct tp_error *e)
{
	return tp_buf_add(context, bytes, len) ? TP_OK : tp_buf_status(context, "test", e);
}

static void test_frame(size_t len, int level)
{
	struct tp_buf frame = TP_BUF_INIT(1 << 24), out = TP_BUF_INIT(1 << 24);

	ok(!tp_press(text, len, level, &frame, &err) &&
			!tp_unpress(frame.data, frame.len, &out, &err) && is_text(&out, len),
		"%zu bytes at level %d", len, level);
	tp_buf_clear(&out);
	ok(!tp_unpress_stream(frame.data, frame.len, gather, &out, &err) && is_text(&out, len),
		"the same as a stream");
	tp_buf_release(&frame);
	tp_buf_release(&out);
}

static void test_damage(void)
{
	struct tp_buf frame = TP_BUF_INIT(1 << 20), out = TP_BUF_INIT(1 << 20);
	bool refused = true, same = true;
	enum tp_status status;
	size_t whole;

	tp_press(text, 2000, 3, &frame, &err);
	for (size_t bit = 0; bit < 8 * frame.len; bit++) {
		frame.data[bit / 8] = (char)(frame.data[bit / 8] ^ 1 << bit % 8);
		tp_buf_clear(&out);
		status = tp_unpress(frame.data, frame.len, &out, &err);
		/* A bit that means nothing may flip; the bytes may not. */
		refused = refused && (status == TP_DATA || status == TP_LIMIT || !status);
		same = same && (status ? out.len == 0 : is_text(&out, 2000));
		tp_buf_clear(&out);
		status = tp_unpress_stream(frame.data, frame.len, gather, &out, &err);
		same = same && (status == TP_DATA || (!status && is_text(&out, 2000)) ||
				       status == TP_LIMIT);
		frame.data[bit / 8] = (char)(frame.data[bit / 8] ^ 1 << bit % 8);
	}
	ok(refused && same, "a flipped bit is found, or changes nothing");
	whole = frame.len;
	for (frame.len = 0, refused = true; frame.len < whole; frame.len++) {
		tp_buf_clear(&out);
		refused = refused && tp_unpress(frame.data, frame.len, &out, &err) == TP_DATA &&
			  tp_unpress_stream(frame.data, frame.len, gather, &out, &err) == TP_DATA;
	}
	ok(refused, "a frame cut short is damaged");
	tp_buf_addc(&frame, '!');
	tp_buf_clear(&out);
	ok(tp_unpress(frame.data, frame.len, &out, &err) == TP_DATA &&
			tp_unpress_stream(frame.data, frame.len, gather, &out, &err) == TP_DATA,
		"so is one with a byte behind it");
	tp_buf_release(&frame);
	tp_buf_release(&out);
}

static enum tp_status refuse(void *context, const char *bytes, size_t len, struct tp_error *e)
{
	++*(int *)context;
	return tp_fail(e, TP_TEMPORARY, "enough");
}

static void test_limits(void)
{
	struct tp_buf frame = TP_BUF_INIT(1 << 24), out = TP_BUF_INIT(999), tiny = TP_BUF_INIT(20);
	int calls = 0;

	tp_press(text, 1000, 3, &frame, &err);
	ok(tp_unpress(frame.data, frame.len, &out, &err) == TP_LIMIT && out.cap == 0,
		"more than the buffer may hold is refused before memory is taken");
	ok(tp_press(text, 1000, 3, &tiny, &err) == TP_LIMIT && tiny.len == 0,
		"a frame that has no room is a limit");
	tp_buf_clear(&frame);
	tp_press(text, TEXT, 3, &frame, &err);
	ok(tp_unpress_stream(frame.data, frame.len, refuse, &calls, &err) == TP_TEMPORARY &&
			calls == 1 && !strcmp(err.text, "enough"),
		"a sink that has enough ends it");
	tp_buf_release(&frame);
	tp_buf_release(&out);
	tp_buf_release(&tiny);
}

int main(void)
{
	make_text();
	test_frame(0, 3);
	test_frame(1, 3);
	test_frame(100, 1);
	test_frame(TEXT, 3);
	test_frame(300000, 19);
	test_damage();
	test_limits();
	free(text);
	return done_testing();
}
