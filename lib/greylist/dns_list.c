/*
 * DNS lists as settings name them: see dns_list.h. Everything is checked when it is read, so that
 * asking cannot meet a name that is none.
 */
#include "greylist/dns_list.h"

#include <arpa/inet.h>
#include <ctype.h>

#include "base/ip.h"
#include "greylist/facts.h"

#define LOOPBACK_NET 0x7f000000u
#define ERROR_NET    0x7fffff00u
#define ANSWERS_MAX  256

/* --- zones --- */

static bool is_label_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

static bool is_zone(const char *zone, size_t len)
{
	size_t label = 0;

	if (len == 0 || len > TP_DNS_ZONE_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (zone[i] == '.' && label > 0)
			label = 0;
		else if (!is_label_byte(zone[i]) || ++label > 63)
			return false;
	}
	return label > 0;
}

static enum tp_status read_zone(
	const char *text, size_t len, struct tp_dns_list *list, struct tp_error *err)
{
	if (len > 0 && text[len - 1] == '.')
		len--;
	if (!is_zone(text, len))
		return tp_fail(err, TP_CONFIG, "DNS list '%s': that is no zone", text);
	list->zone = strndup(text, len);
	if (!list->zone)
		return tp_fail(err, TP_NOMEM, "DNS list '%s': out of memory", text);
	for (char *c = list->zone; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 'a' - 'A') : *c;
	return TP_OK;
}

void tp_dns_hide_keys(char *text)
{
	char *out = text;

	while (*text) {
		bool digit = false;
		size_t run = 0;

		for (; isalnum((unsigned char)text[run]); run++)
			digit = digit || (text[run] >= '0' && text[run] <= '9');
		if (run >= TP_DNS_KEY_MIN && (digit || text[run] == '.')) {
			memcpy(out, "***", 3);
			out += 3;
			text += run;
			continue;
		}
		run += run == 0;
		memmove(out, text, run);
		out += run;
		text += run;
	}
	*out = '\0';
}

/* --- answers and weights --- */

/* Reads digits at **at up to `max`; *at moves behind them. */
static bool read_number(const char **at, const char *end, uint32_t max, uint32_t *number)
{
	uint32_t value = 0;
	const char *c = *at;

	for (; c < end && *c >= '0' && *c <= '9'; c++) {
		value = value * 10 + (uint32_t)(*c - '0');
		if (value > max)
			return false;
	}
	*number = value;
	if (c == *at)
		return false;
	*at = c;
	return true;
}

static bool read_octets(const char *at, const char *end, struct tp_dns_range *range)
{
	uint32_t first, last;

	if (!read_number(&at, end, 255, &first))
		return false;
	last = first;
	if (at < end && *at == '-') {
		at++;
		if (!read_number(&at, end, 255, &last))
			return false;
	}
	range->first = LOOPBACK_NET + first;
	range->last = LOOPBACK_NET + last;
	return at == end && first <= last;
}

static bool read_network(const char *at, const char *end, struct tp_dns_range *range)
{
	uint32_t address = 0, bits = 32, octet, mask;

	for (int i = 0; i < 4; i++) {
		if (i > 0 && (at == end || *at++ != '.'))
			return false;
		if (!read_number(&at, end, 255, &octet))
			return false;
		address = address << 8 | octet;
	}
	if (at < end && *at == '/') {
		at++;
		if (!read_number(&at, end, 32, &bits))
			return false;
	}
	if (at != end || bits < 8 || address >> 24 != LOOPBACK_NET >> 24)
		return false;
	mask = bits == 32 ? 0 : UINT32_MAX >> bits;
	range->first = address & ~mask;
	range->last = address | mask;
	return true;
}

static enum tp_status read_answers(const char *text, const char *at, const char *end,
	struct tp_dns_list *list, struct tp_error *err)
{
	list->answers = calloc(ANSWERS_MAX, sizeof *list->answers);
	if (!list->answers)
		return tp_fail(err, TP_NOMEM, "DNS list '%s': out of memory", text);
	for (;;) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		const char *stop = comma ? comma : end;
		struct tp_dns_range *range = &list->answers[list->answer_count];

		if (list->answer_count == ANSWERS_MAX)
			return tp_fail(err, TP_CONFIG, "DNS list '%s': too many answers", text);
		if (!read_octets(at, stop, range) && !read_network(at, stop, range))
			return tp_fail(err, TP_CONFIG,
				"DNS list '%s': '%.*s' is no answer of a list (2, 4-11, "
				"127.0.0.0/24)",
				text, (int)(stop - at), at);
		list->answer_count++;
		if (!comma)
			return TP_OK;
		at = comma + 1;
	}
}

static enum tp_status read_weight(
	const char *text, const char *at, struct tp_dns_list *list, struct tp_error *err)
{
	const char *end = at + strlen(at);
	uint32_t weight;

	if (!read_number(&at, end, TP_DOUBT_WEIGHT_MAX, &weight) || at != end || weight == 0)
		return tp_fail(err, TP_CONFIG, "DNS list '%s': a weight is a number from 1 to %d",
			text, TP_DOUBT_WEIGHT_MAX);
	list->weight = (int)weight;
	return TP_OK;
}

enum tp_status tp_dns_list_parse(
	const char *text, bool welcome, struct tp_dns_list *list, struct tp_error *err)
{
	const char *equals = strrchr(text, '=');
	const char *end = equals ? equals : text + strlen(text);
	const char *slash = memchr(text, '/', (size_t)(end - text));
	struct tp_error unused;
	enum tp_status status;

	if (!err)
		err = &unused;
	*list = (struct tp_dns_list){ .weight = 1, .welcome = welcome };
	status = read_zone(text, (size_t)((slash ? slash : end) - text), list, err);
	if (!status && slash)
		status = read_answers(text, slash + 1, end, list, err);
	if (!status && equals)
		status = read_weight(text, equals + 1, list, err);
	if (welcome)
		list->weight = -list->weight;
	if (status)
		tp_dns_hide_keys(err->text);
	return status;
}

void tp_dns_list_release(struct tp_dns_list *list)
{
	free(list->zone);
	free(list->answers);
	*list = (struct tp_dns_list){ 0 };
}

enum tp_dns_answer tp_dns_answer_kind(uint32_t answer)
{
	if (answer >> 8 == ERROR_NET >> 8)
		return TP_DNS_ERROR;
	return answer >> 24 == LOOPBACK_NET >> 24 ? TP_DNS_LISTING : TP_DNS_STRANGE;
}

bool tp_dns_list_counts(const struct tp_dns_list *list, uint32_t answer)
{
	if (tp_dns_answer_kind(answer) != TP_DNS_LISTING)
		return false;
	if (!list->answers)
		return answer != LOOPBACK_NET + 1;
	for (size_t i = 0; i < list->answer_count; i++)
		if (answer >= list->answers[i].first && answer <= list->answers[i].last)
			return true;
	return false;
}

/* --- names --- */

bool tp_dns_name(const struct in6_addr *address, bool nibbles, const char *zone, struct tp_buf *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = address->s6_addr;

	if (!nibbles)
		return tp_buf_addf(out, "%u.%u.%u.%u.%s", b[15], b[14], b[13], b[12], zone);
	for (int i = 15; i >= 0; i--) {
		const char two[] = { digits[b[i] & 15], '.', digits[b[i] >> 4], '.' };

		tp_buf_add(out, two, sizeof two);
	}
	return tp_buf_adds(out, zone);
}

bool tp_dns_answer_text(uint32_t answer, struct tp_buf *out)
{
	return tp_buf_addf(out, "%u.%u.%u.%u", answer >> 24, answer >> 16 & 255, answer >> 8 & 255,
		answer & 255);
}

/* --- addresses --- */

static bool is_public_v4(uint32_t a)
{
	static const struct {
		uint32_t network;
		int bits;
	} closed[] = {
		{ 0x00000000u, 8 },                       /* this network */
		{ 0x0a000000u, 8 },                       /* RFC 1918 */
		{ 0x64400000u, 10 },                      /* RFC 6598 */
		{ LOOPBACK_NET, 8 }, { 0xa9fe0000u, 16 }, /* link-local */
		{ 0xac100000u, 12 },                      /* RFC 1918 */
		{ 0xc0a80000u, 16 },                      /* RFC 1918 */
		{ 0xe0000000u, 3 },                       /* multicast and what is beyond */
	};

	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
		if ((a ^ closed[i].network) >> (32 - closed[i].bits) == 0)
			return false;
	return true;
}

bool tp_dns_is_public(const struct in6_addr *address)
{
	uint32_t low;

	if (tp_ip_is_v4(address)) {
		memcpy(&low, address->s6_addr + 12, sizeof low);
		return is_public_v4(ntohl(low));
	}
	return !IN6_IS_ADDR_UNSPECIFIED(address) && !IN6_IS_ADDR_LOOPBACK(address) &&
	       !IN6_IS_ADDR_LINKLOCAL(address) && !IN6_IS_ADDR_MULTICAST(address) &&
	       (address->s6_addr[0] & 0xfe) != 0xfc; /* RFC 4193 */
}
