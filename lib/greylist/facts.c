/* What is known of an attempt: see facts.h. */
#include "greylist/facts.h"

#include <strings.h>

#include "base/ip.h"

#define RCPTS_ROOM ((size_t)64 << 20)

void tp_facts_init(struct tp_facts *facts)
{
	*facts = (struct tp_facts){ .doubts = TP_DOUBTS_INIT };
	tp_buf_init(&facts->ip, INET6_ADDRSTRLEN);
	tp_buf_init(&facts->sender, TP_FACT_MAX);
	tp_buf_init(&facts->helo, TP_FACT_MAX);
	tp_buf_init(&facts->name, TP_FACT_MAX);
	tp_buf_init(&facts->reverse, TP_FACT_MAX);
	tp_buf_init(&facts->spf_domain, TP_FACT_MAX);
	tp_buf_init(&facts->rcpts, RCPTS_ROOM);
	tp_buf_init(&facts->listings, (size_t)1 << 20);
}

static struct tp_buf *const *bufs_of(struct tp_facts *facts, struct tp_buf *list[9])
{
	list[0] = &facts->ip;
	list[1] = &facts->sender;
	list[2] = &facts->helo;
	list[3] = &facts->name;
	list[4] = &facts->reverse;
	list[5] = &facts->spf_domain;
	list[6] = &facts->rcpts;
	list[7] = &facts->listings;
	list[8] = NULL;
	return list;
}

void tp_facts_clear(struct tp_facts *facts)
{
	struct tp_buf *list[9];

	for (struct tp_buf *const *buf = bufs_of(facts, list); *buf; buf++)
		tp_buf_clear(*buf);
	tp_doubts_clear(&facts->doubts);
	facts->has_ip = facts->has_sender = facts->authenticated = facts->always = false;
	facts->has_listings = false;
	facts->spf = TP_SPF_UNKNOWN;
	facts->rcpt_count = 0;
}

void tp_facts_release(struct tp_facts *facts)
{
	struct tp_buf *list[9];

	for (struct tp_buf *const *buf = bufs_of(facts, list); *buf; buf++)
		tp_buf_release(*buf);
	tp_doubts_release(&facts->doubts);
	tp_facts_clear(facts);
}

/* What may stand on a line of its own; `what` begins the sentence. */
static enum tp_status check(const char *what, const char *text, size_t len, struct tp_error *err)
{
	if (len > TP_FACT_MAX)
		return tp_fail(err, TP_LIMIT, "%s: longer than %d bytes", what, TP_FACT_MAX);
	if (len && (memchr(text, '\0', len) || memchr(text, '\n', len) || memchr(text, '\r', len)))
		return tp_fail(err, TP_DATA, "%s: holds a NUL or a line end", what);
	return TP_OK;
}

static enum tp_status set(
	struct tp_buf *buf, const char *what, const char *text, size_t len, struct tp_error *err)
{
	enum tp_status status = check(what, text, len, err);

	if (status)
		return status;
	tp_buf_clear(buf);
	tp_buf_add(buf, text, len);
	return tp_buf_status(buf, what, err);
}

static bool skip(const char **text, size_t *len, const char *word)
{
	size_t n = strlen(word);

	if (*len < n || strncasecmp(*text, word, n))
		return false;
	*text += n;
	*len -= n;
	return true;
}

static bool read_address(const char *text, size_t len, struct in6_addr *address)
{
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	skip(&text, &len, "IPv6:");
	return tp_ip_parse(text, len, address);
}

enum tp_status tp_facts_set_ip(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err)
{
	struct in6_addr address;
	char shown[TP_IP_TEXT_MAX];

	if (!read_address(text, len, &address))
		return tp_fail(err, TP_DATA, "'%.*s' is no IP address", (int)(len > 80 ? 80 : len),
			len ? text : "");
	facts->address = address;
	facts->has_ip = true;
	tp_ip_text(&address, shown);
	return set(&facts->ip, "IP address", shown, strlen(shown), err);
}

static void strip_brackets(const char **text, size_t *len)
{
	if (*len >= 2 && (*text)[0] == '<' && (*text)[*len - 1] == '>') {
		*text += 1;
		*len -= 2;
	}
}

enum tp_status tp_facts_set_sender(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err)
{
	enum tp_status status;

	strip_brackets(&text, &len);
	status = set(&facts->sender, "sender", text, len, err);
	if (!status)
		facts->has_sender = true;
	return status;
}

enum tp_status tp_facts_add_rcpt(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err)
{
	size_t before = facts->rcpts.len;
	enum tp_status status;

	strip_brackets(&text, &len);
	if (len == 0)
		return TP_OK;
	status = check("recipient", text, len, err);
	if (status)
		return status;
	if (facts->rcpt_count == TP_FACT_RCPTS_MAX)
		return tp_fail(err, TP_LIMIT, "more than %d recipients", TP_FACT_RCPTS_MAX);
	tp_buf_add(&facts->rcpts, text, len);
	tp_buf_addc(&facts->rcpts, '\0');
	status = tp_buf_status(&facts->rcpts, "recipients", err);
	if (status)
		tp_buf_truncate(&facts->rcpts, before);
	else
		facts->rcpt_count++;
	return status;
}

enum tp_status tp_facts_set_helo(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err)
{
	return set(&facts->helo, "HELO name", text, len, err);
}

static enum tp_status set_host(
	struct tp_buf *buf, const char *what, const char *text, size_t len, struct tp_error *err)
{
	if (len == 7 && !strncasecmp(text, "unknown", len))
		len = 0;
	if (len && text[len - 1] == '.')
		len--;
	return set(buf, what, text, len, err);
}

enum tp_status tp_facts_set_name(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err)
{
	return set_host(&facts->name, "verified name", text, len, err);
}

enum tp_status tp_facts_set_reverse(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err)
{
	return set_host(&facts->reverse, "reverse name", text, len, err);
}

/* In the order of enum tp_spf; behind it other words for the same. */
static const struct {
	const char *name;
	enum tp_spf spf;
} spf_words[] = {
	{ "unknown", TP_SPF_UNKNOWN },
	{ "none", TP_SPF_NONE },
	{ "neutral", TP_SPF_NEUTRAL },
	{ "pass", TP_SPF_PASS },
	{ "fail", TP_SPF_FAIL },
	{ "softfail", TP_SPF_SOFTFAIL },
	{ "temperror", TP_SPF_TEMPERROR },
	{ "permerror", TP_SPF_PERMERROR },
	{ "error", TP_SPF_TEMPERROR },
	{ "hardfail", TP_SPF_FAIL },
	{ "err_temp", TP_SPF_TEMPERROR },
	{ "err_perm", TP_SPF_PERMERROR },
};

enum tp_status tp_facts_set_spf(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err)
{
	if (len == 0) {
		facts->spf = TP_SPF_UNKNOWN;
		return TP_OK;
	}
	for (size_t i = 0; i < sizeof spf_words / sizeof *spf_words; i++)
		if (strlen(spf_words[i].name) == len &&
			!strncasecmp(spf_words[i].name, text, len)) {
			facts->spf = spf_words[i].spf;
			return TP_OK;
		}
	return tp_fail(err, TP_DATA, "'%.*s' is no SPF result", (int)(len > 80 ? 80 : len), text);
}

enum tp_status tp_facts_set_spf_domain(
	struct tp_facts *facts, const char *text, size_t len, struct tp_error *err)
{
	return set(&facts->spf_domain, "SPF domain", text, len, err);
}

const char *tp_spf_name(enum tp_spf spf)
{
	return spf_words[spf].name;
}

const char *tp_facts_next_rcpt(const struct tp_facts *facts, const char *previous)
{
	const char *next = previous ? previous + strlen(previous) + 1 : facts->rcpts.data;

	return facts->rcpt_count && next < facts->rcpts.data + facts->rcpts.len ? next : NULL;
}
