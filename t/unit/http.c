/* drop/http, drop/patience, drop/disposition: what needs no server. */
#include "drop/http.h"

#include <unistd.h>

#include "base/clock.h"
#include "drop/disposition.h"
#include "drop/patience.h"
#include "tap.h"

static struct tp_error err;

static void test_retry_after(void)
{
	ok(tp_retry_after_ms("120", 0) == 120000, "seconds");
	ok(tp_retry_after_ms("Wed, 21 Oct 2015 07:28:00 GMT", 1445412470) == 10000, "a date");
	ok(tp_retry_after_ms("Wed, 21 Oct 2015 07:28:00 GMT", 1445412490) == 0, "a date gone by");
	ok(tp_retry_after_ms("soon", 0) == -1 && tp_retry_after_ms("", 0) == -1 &&
			tp_retry_after_ms("-5", 0) == -1,
		"neither");
	ok(tp_retry_after_ms("99999999999999999999", 0) != 0,
		"a number too large is no short wait");
}

static void test_patience(void)
{
	struct tp_patience patience = { tp_monotonic_ms() + 10000, 3 };
	int64_t begun = tp_monotonic_ms(), took;

	ok(tp_patience_wait(&patience, 1, -1), "a second try");
	took = tp_monotonic_ms() - begun;
	ok(took >= 124 && took < 2000, "after a wait: %lld ms", (long long)took);
	ok(!tp_patience_wait(&patience, 3, -1), "no fourth try of three");
	begun = tp_monotonic_ms();
	ok(!tp_patience_wait(&patience, 1, 20000) && tp_monotonic_ms() - begun < 1000,
		"no wait beyond the deadline, and at once");
}

static void test_headers(void)
{
	struct tp_http_answer answer = TP_HTTP_ANSWER_INIT;
	struct tp_buf value = TP_BUF_INIT(100);

	tp_buf_adds(&answer.headers, "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nX-ETag: b\r\nlocation:\t/x "
				     "y \r\nEmpty:\r\n\r\n");
	ok(tp_http_header(&answer, "etag", &value) && !strcmp(value.data, "\"a\""),
		"blind to case");
	tp_buf_clear(&value);
	ok(tp_http_header(&answer, "Location", &value) && !strcmp(value.data, "/x y"), "trimmed");
	tp_buf_clear(&value);
	ok(tp_http_header(&answer, "Empty", &value) && !value.len, "an empty one is there");
	ok(!tp_http_header(&answer, "Tag", &value), "a part of a name is none");
	tp_buf_release(&value);
	tp_http_answer_release(&answer);
}

static enum tp_status status_of(int code)
{
	struct tp_http_request request = { .what = "asking", .url = "https://u:secret@h:1/p?q" };
	struct tp_http_answer answer = TP_HTTP_ANSWER_INIT;

	answer.code = code;
	return tp_http_expect(&request, &answer, &err);
}

static void test_codes(void)
{
	ok(!status_of(200) && !status_of(204), "success");
	ok(status_of(401) == TP_DENIED && status_of(403) == TP_DENIED, "denied");
	ok(status_of(429) == TP_TEMPORARY && status_of(408) == TP_TEMPORARY &&
			status_of(500) == TP_TEMPORARY && status_of(507) == TP_TEMPORARY,
		"temporary");
	ok(status_of(404) == TP_UNAVAILABLE && status_of(302) == TP_UNAVAILABLE, "lasting");
	ok(!strcmp(err.text, "asking: h:1 answered 302"), "only the host is named: %s", err.text);
}

static void test_basic(void)
{
	struct tp_buf value = TP_BUF_INIT(1000);

	ok(!tp_http_basic("Aladdin", "open sesame", &value, &err) &&
			!strcmp(value.data, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
		"the example of RFC 7617");
	ok(tp_http_basic("a:b", "c", &value, &err) == TP_CONFIG, "no colon in a user");
	tp_buf_release(&value);
}

static void test_disposition(void)
{
	struct tp_buf value = TP_BUF_INIT(1000);

	tp_drop_disposition("plain name.txt", &value);
	ok(!strcmp(value.data, "attachment; filename=\"plain name.txt\""), "a plain name");
	tp_buf_clear(&value);
	tp_drop_disposition("a\"\\%41 € é.txt", &value);
	ok(!strcmp(value.data, "attachment; filename=\"a___41 _ _.txt\"; "
			       "filename*=UTF-8''a%22%5C%2541%20%E2%82%AC%20%C3%A9.txt"),
		"any name: %s", value.data);
	tp_buf_release(&value);
}

int main(void)
{
	test_retry_after();
	test_patience();
	test_headers();
	test_codes();
	test_basic();
	test_disposition();
	return done_testing();
}
