/* Lists of reasons: see facts.h. */
#include <errno.h>
#include <limits.h>

#include "greylist/dns_list.h"
#include "greylist/facts.h"

static enum tp_status add_row(
	struct tp_doubts *doubts, size_t reason, int64_t weight, struct tp_error *err)
{
	struct tp_doubt *list = doubts->list;

	if (doubts->count == doubts->cap) {
		size_t cap = doubts->cap ? doubts->cap * 2 : 8;

		list = realloc(list, cap * sizeof *list);
		if (!list)
			return tp_fail(err, TP_NOMEM, "out of memory");
		doubts->list = list;
		doubts->cap = cap;
	}
	if (weight > TP_DOUBT_WEIGHT_MAX)
		weight = TP_DOUBT_WEIGHT_MAX;
	if (weight < -TP_DOUBT_WEIGHT_MAX)
		weight = -TP_DOUBT_WEIGHT_MAX;
	list[doubts->count++] = (struct tp_doubt){ reason, (int)weight };
	return TP_OK;
}

static enum tp_status add(struct tp_doubts *doubts, int64_t weight, const char *reason, size_t len,
	struct tp_error *err)
{
	size_t at = doubts->text.len;
	enum tp_status status;

	tp_buf_add(&doubts->text, reason, len);
	tp_buf_addc(&doubts->text, '\0');
	status = tp_buf_status(&doubts->text, "reasons to doubt", err);
	if (status)
		return status;
	tp_dns_hide_keys(doubts->text.data + at);
	tp_buf_truncate(&doubts->text, at + strlen(doubts->text.data + at) + 1);
	return add_row(doubts, at, weight, err);
}

enum tp_status tp_doubts_add(
	struct tp_doubts *doubts, int weight, struct tp_error *err, const char *format, ...)
{
	char reason[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(reason, sizeof reason, format, args);
	va_end(args);
	if (len < 0)
		return tp_fail(err, TP_INTERNAL, "reason to doubt: bad format");
	if ((size_t)len >= sizeof reason)
		len = sizeof reason - 1;
	return add(doubts, weight, reason, (size_t)len, err);
}

enum tp_status tp_doubts_parse(struct tp_doubts *doubts, const char *text, struct tp_error *err)
{
	const char *equals = strrchr(text, '=');
	size_t len = strlen(text);
	long weight = 1;

	if (equals && strspn(equals + 1, "+-0123456789") == strlen(equals + 1)) {
		char *end;
		long number;

		errno = 0;
		number = strtol(equals + 1, &end, 10);
		if (equals[1] && !*end) {
			weight = errno ? (equals[1] == '-' ? INT_MIN : INT_MAX) : number;
			len = (size_t)(equals - text);
		}
	}
	if (len == 0)
		return tp_fail(err, TP_DATA, "'%s' gives no reason", text);
	return add(doubts, weight, text, len, err);
}

const char *tp_doubts_reason(const struct tp_doubts *doubts, size_t i)
{
	return doubts->text.data + doubts->list[i].reason;
}

int64_t tp_doubts_sum(const struct tp_doubts *doubts)
{
	int64_t sum = 0;

	for (size_t i = 0; i < doubts->count; i++)
		sum += doubts->list[i].weight;
	return sum;
}

void tp_doubts_clear(struct tp_doubts *doubts)
{
	tp_buf_clear(&doubts->text);
	doubts->count = 0;
}

void tp_doubts_release(struct tp_doubts *doubts)
{
	tp_buf_release(&doubts->text);
	free(doubts->list);
	doubts->list = NULL;
	doubts->count = doubts->cap = 0;
}
