/* mime/edit: edits in any order give what a naive editor gives, and overlaps are caught. */
#include "mime/edit.h"
#include "tap.h"

#include <stdint.h>

#include "base/buf.h"

static struct tp_error err;

static enum tp_status to_buf(void *context, const char *bytes, size_t len, struct tp_error *why)
{
	struct tp_buf *out = context;

	return tp_buf_add(out, bytes, len) ? TP_OK : tp_buf_status(out, "result", why);
}

static void result_is(struct tp_edits *edits, const char *data, const char *want, const char *what)
{
	struct tp_buf out = TP_BUF_INIT(1000);
	size_t len = strlen(data);
	bool good = !tp_edits_settle(edits, len, &err) &&
		    !tp_edits_apply(edits, data, len, to_buf, &out, &err);

	ok(good && !strcmp(tp_buf_str(&out), want) && out.len == tp_edits_result_len(edits, len),
		"%s: '%s'", what, tp_buf_str(&out));
	tp_buf_release(&out);
	tp_edits_release(edits);
}

static void replace(struct tp_edits *edits, size_t begin, size_t end, const char *text)
{
	if (tp_edits_replace(edits, (struct tp_range){ begin, end }, text, strlen(text), &err))
		exit(99);
}

static void insert(struct tp_edits *edits, size_t at, const char *text)
{
	if (tp_edits_insert(edits, at, text, strlen(text), &err))
		exit(99);
}

static void test_cases(void)
{
	struct tp_edits e = TP_EDITS_INIT;

	result_is(&e, "", "", "nothing in nothing");
	result_is(&e, "abc", "abc", "no edit");
	insert(&e, 0, "x");
	result_is(&e, "", "x", "into nothing");
	replace(&e, 0, 3, "");
	result_is(&e, "abc", "", "all of it");
	insert(&e, 3, "2");
	insert(&e, 0, "1");
	insert(&e, 3, "3");
	result_is(&e, "abc", "1abc23", "at both ends, in the order asked for");
	replace(&e, 1, 2, "B");
	insert(&e, 1, "<");
	insert(&e, 2, ">");
	insert(&e, 1, "<");
	result_is(&e, "abc", "a<<B>c", "insertions stand before a replacement at their place");
	replace(&e, 2, 4, "");
	replace(&e, 0, 2, "yy");
	result_is(&e, "abcd", "yy", "side by side");
	tp_edits_remove(&e, (struct tp_range){ 1, 2 }, &err);
	replace(&e, 2, 2, "+");
	result_is(&e, "abc", "a+c", "an empty range inserts");
}

static void refused(struct tp_edits *edits, size_t len, const char *what)
{
	ok(tp_edits_settle(edits, len, &err) == TP_INTERNAL, "%s: %s", what, err.text);
	tp_edits_release(edits);
}

static void test_overlaps(void)
{
	struct tp_edits e = TP_EDITS_INIT;

	replace(&e, 0, 2, "x");
	replace(&e, 1, 3, "y");
	refused(&e, 5, "overlapping");
	replace(&e, 1, 3, "x");
	replace(&e, 1, 3, "y");
	refused(&e, 5, "twice the same");
	replace(&e, 0, 4, "x");
	insert(&e, 2, "y");
	refused(&e, 5, "an insertion inside a replacement");
	replace(&e, 4, 6, "x");
	refused(&e, 5, "past the end");
	insert(&e, 6, "x");
	refused(&e, 5, "an insertion past the end");
	replace(&e, 3, 2, "x");
	refused(&e, 5, "backwards");
	replace(&e, SIZE_MAX - 1, SIZE_MAX, "x");
	refused(&e, 5, "far past the end");
}

static uint64_t state = 99;

static size_t below(size_t limit)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(state >> 33) % limit;
}

/* The naive editor: an array of what becomes of each byte, and of each gap before one. */
static void test_random(void)
{
	int wrong = 0;

	for (int round = 0; round < 20000; round++) {
		static const char data[] = "0123456789";
		char gap[11][40] = { "" }, became[10][16];
		struct tp_edits edits = TP_EDITS_INIT;
		struct tp_buf out = TP_BUF_INIT(1000), want = TP_BUF_INIT(1000);
		bool taken[10] = { false };

		for (int i = 0; i < 10; i++)
			snprintf(became[i], sizeof became[i], "%d", i);
		for (size_t n = below(8); n > 0; n--) {
			size_t begin = below(11), end = begin + below(11 - begin);
			bool free_range = true, inside = begin > 0 && begin < 10;
			char text[3] = { (char)('a' + (int)below(26)), '\0', '\0' };

			for (size_t i = begin; i < end; i++)
				free_range = free_range && !taken[i] && (i == begin || !*gap[i]);
			/* A gap in the middle of a replaced range is gone. */
			inside = inside && begin == end && became[begin][0] == '-';
			if (!free_range || inside)
				continue;
			replace(&edits, begin, end, text);
			if (begin == end) {
				size_t used = strlen(gap[begin]);

				snprintf(gap[begin] + used, sizeof gap[begin] - used, "%s", text);
				continue;
			}
			for (size_t i = begin; i < end; i++) {
				taken[i] = true;
				snprintf(
					became[i], sizeof became[i], "%s", i == begin ? text : "-");
			}
		}
		for (int i = 0; i <= 10; i++) {
			tp_buf_adds(&want, gap[i]);
			if (i < 10 && became[i][0] != '-')
				tp_buf_adds(&want, became[i]);
		}
		wrong += tp_edits_settle(&edits, 10, &err) ||
			 tp_edits_apply(&edits, data, 10, to_buf, &out, &err) ||
			 strcmp(tp_buf_str(&out), tp_buf_str(&want)) ||
			 out.len != tp_edits_result_len(&edits, 10);
		tp_buf_release(&out);
		tp_buf_release(&want);
		tp_edits_release(&edits);
	}
	ok(wrong == 0, "20000 random lists of edits come out as a naive editor has them");
}

/* A sink that fails is not called again. */
static enum tp_status fail_second(
	void *context, const char *bytes, size_t len, struct tp_error *why)
{
	int *calls = context;

	return ++*calls == 2 ? tp_fail(why, TP_IO, "full") : TP_OK;
}

int main(void)
{
	struct tp_edits e = TP_EDITS_INIT;
	int calls = 0;

	test_cases();
	test_overlaps();
	test_random();
	insert(&e, 1, "x");
	insert(&e, 2, "y");
	ok(!tp_edits_settle(&e, 3, &err) &&
			tp_edits_apply(&e, "abc", 3, fail_second, &calls, &err) == TP_IO &&
			calls == 2,
		"stops where the sink fails");
	tp_edits_release(&e);
	return done_testing();
}
