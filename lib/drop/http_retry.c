/* Which failures pass by themselves, and trying again until they have: see http.h. */
#include <time.h>

#include "base/clock.h"
#include "base/diag.h"
#include "drop/http_once.h"

void tp_http_grace(struct tp_http *http, int64_t ms)
{
	struct tp_patience *patience = tp_http_patience(http);

	if (tp_patience_left_ms(patience) < ms)
		patience->until_ms = tp_monotonic_ms() + ms;
	patience->tries = 2;
}

/* Whether the same request may be sent again after this. */
static bool worth_again(const struct tp_http_request *request, enum tp_status status, bool sent,
	const struct tp_http_answer *answer)
{
	int code = answer->code;

	if (status)
		return status == TP_TEMPORARY && (request->again || !sent);
	if (code == 425 || code == 429 || code == 503)
		return true;
	return request->again && (code == 408 || (code >= 500 && code != 501 && code != 507));
}

static void say_again(const struct tp_http_request *request, enum tp_status status,
	const struct tp_http_answer *answer, const struct tp_error *why)
{
	if (status)
		tp_notice("%s; trying again", why->text);
	else
		tp_notice("%s: answered %d; trying again", request->what, answer->code);
}

static int64_t asked_wait_ms(const struct tp_http_answer *answer)
{
	struct tp_buf value = TP_BUF_INIT(1 << 16);
	int64_t ms = -1;

	if (tp_http_header(answer, "Retry-After", &value))
		ms = tp_retry_after_ms(tp_buf_str(&value), (int64_t)time(NULL));
	tp_buf_release(&value);
	return ms;
}

enum tp_status tp_http_send(struct tp_http *http, const struct tp_http_request *request,
	struct tp_http_answer *answer, struct tp_error *err)
{
	struct tp_patience *patience = tp_http_patience(http);
	struct tp_error why = { TP_OK, "" };
	enum tp_status status;
	bool sent = false;

	for (int number = 1;; number++) {
		if (!tp_patience_left_ms(patience))
			return tp_fail(err, TP_TEMPORARY, "%s: no time left%s%s", request->what,
				*why.text ? " after: " : "", why.text);
		status = tp_http_once(http, request, answer, &sent, &why);
		if (!worth_again(request, status, sent, answer))
			break;
		if (!tp_patience_wait(patience, number, asked_wait_ms(answer)))
			break;
		say_again(request, status, answer, &why);
	}
	if (status && err)
		*err = why;
	return status;
}
