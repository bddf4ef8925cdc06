/* Facts from a message's header: see message.h. */
#include "greylist/message.h"

#include <strings.h>
#include <unistd.h>

#include "greylist/white.h"
#include "mime/header.h"

#define VALUE_MAX ((size_t)64 << 10) /* longer fields say nothing */

struct reader {
	struct tp_facts *facts;
	const struct tp_message_trust *trust;
	struct tp_white *relays;
	struct tp_buf value; /* of the field at hand, unfolded */
	char host[256];      /* our own name when none is set */
	bool found;          /* the Received field that counts was met */
	bool had_received;   /* any was */
	bool over;           /* the field behind it was, too: the rest is the sender's */
	bool had_spf;        /* a trusted result was met, or none is looked for */
	bool has_ip, has_helo, has_name; /* known before: they stay */
};

static bool same_name(const char *text, size_t len, const char *name)
{
	if (len && text[len - 1] == '.')
		len--;
	return strlen(name) == len && !strncasecmp(text, name, len);
}

static bool in_list(const struct tp_strings *list, const char *text, size_t len)
{
	for (size_t i = 0; i < list->count; i++)
		if (same_name(text, len, list->list[i]))
			return true;
	return false;
}

static bool is_ours(const struct reader *r, const char *host, size_t len)
{
	if (r->trust->hosts->count)
		return in_list(r->trust->hosts, host, len);
	return *r->host && same_name(host, len, r->host);
}

/* What cannot be taken is not there; only memory matters. */
static enum tp_status only_memory(
	enum tp_status status, const struct tp_error *why, struct tp_error *err)
{
	if (status != TP_NOMEM)
		return TP_OK;
	*err = *why;
	return status;
}

/* --- Received, Return-Path ------------------------------------------------------------------- */

static enum tp_status take_client(
	struct reader *r, const struct tp_received *received, struct tp_error *err)
{
	struct tp_facts *facts = r->facts;
	struct tp_error why;
	enum tp_status status = TP_OK;

	if (!r->has_ip && received->ip_len)
		status = tp_facts_set_ip(facts, received->ip, received->ip_len, &why);
	status = only_memory(status, &why, err);
	if (!status && !r->has_helo && received->helo_len)
		status = only_memory(
			tp_facts_set_helo(facts, received->helo, received->helo_len, &why), &why,
			err);
	if (!status && !r->has_name && received->name_len)
		status = only_memory(
			tp_facts_set_name(facts, received->name, received->name_len, &why), &why,
			err);
	return status;
}

/* True when the field's client is one of our own machines: then the next field counts. */
static bool is_relay(const struct reader *r, const struct tp_received *received)
{
	struct tp_facts client;
	bool relay;

	tp_facts_init(&client);
	relay = received->ip_len &&
		!tp_facts_set_ip(&client, received->ip, received->ip_len, NULL) &&
		tp_white_has_ip(r->relays, &client.address);
	tp_facts_release(&client);
	return relay;
}

static enum tp_status take_received(struct reader *r, struct tp_error *err)
{
	struct tp_received received;

	r->had_received = true;
	if (r->found) {
		r->over = true;
		return TP_OK;
	}
	tp_received_read(r->value.data, r->value.len, &received);
	if (!is_ours(r, received.by, received.by_len)) {
		r->over = true;
		return TP_OK;
	}
	if (is_relay(r, &received))
		return TP_OK;
	r->found = true;
	return take_client(r, &received, err);
}

static enum tp_status take_return_path(struct reader *r, struct tp_error *err)
{
	const char *open = memchr(tp_buf_str(&r->value), '<', r->value.len);
	const char *close = open ? strrchr(open, '>') : NULL;
	struct tp_error why;

	if (r->facts->has_sender || r->had_received || !close)
		return TP_OK;
	return only_memory(
		tp_facts_set_sender(r->facts, open, (size_t)(close + 1 - open), &why), &why, err);
}

/* --- SPF ------------------------------------------------------------------------------------- */

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

static size_t word_len(const char *text)
{
	return strcspn(text, " \t;()\"");
}

/* Overwrites comments by spaces, nested ones too; quoted strings keep theirs. */
static void blank_comments(char *text, size_t len)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		bool escaped = text[i] == '\\' && i + 1 < len && (depth || quoted);

		if (!depth && text[i] == '"')
			quoted = !quoted;
		if (!quoted && text[i] == '(')
			depth++;
		if (depth) {
			depth -= text[i] == ')';
			text[i] = ' ';
			if (escaped)
				text[i + 1] = ' ';
		}
		i += escaped;
	}
}

/* The value of `key=` in text (as it stands behind white space or `;`), quotes taken off. *len 0:
 * none. */
static const char *value_of(const char *text, const char *key, size_t *len)
{
	size_t key_len = strlen(key);

	*len = 0;
	for (const char *at = text; (at = strcasestr(at, key)); at += key_len) {
		const char *value = at + key_len;

		if (at != text && !is_space(at[-1]) && at[-1] != ';')
			continue;
		value += strspn(value, " \t");
		if (*value == '"') {
			*len = strcspn(value + 1, "\"");
			return value + 1;
		}
		*len = strcspn(value, " \t;");
		return value;
	}
	return "";
}

/* The domain of an address or a domain alone. */
static enum tp_status take_domain(
	struct reader *r, const char *text, size_t len, struct tp_error *err)
{
	const char *at = len ? memrchr(text, '@', len) : NULL;
	struct tp_error why;

	if (len && *text == '<') {
		text++;
		len--;
	}
	if (len && text[len - 1] == '>')
		len--;
	if (at) {
		len -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	if (len == 0)
		return TP_OK;
	return only_memory(tp_facts_set_spf_domain(r->facts, text, len, &why), &why, err);
}

static enum tp_status take_result(
	struct reader *r, const char *word, size_t len, struct tp_error *err)
{
	struct tp_error why;

	r->had_spf = true;
	return only_memory(tp_facts_set_spf(r->facts, word, len, &why), &why, err);
}

/* `receiver=`, else the first word of the comment behind the result. */
static bool spf_is_trusted(const struct reader *r, const char *value, const char *plain)
{
	size_t len;
	const char *receiver = value_of(plain, "receiver=", &len);

	if (len && in_list(r->trust->trust, receiver, len))
		return true;
	if (len && *receiver != '<') /* some write `receiver=<UNKNOWN>` */
		return false;
	value += word_len(value);
	value += strspn(value, " \t");
	if (*value != '(')
		return false;
	value++;
	return in_list(r->trust->trust, value, strcspn(value, ": \t)"));
}

static bool is_other_client(const struct reader *r, const char *plain)
{
	struct tp_facts other;
	size_t len;
	const char *ip = value_of(plain, "client-ip=", &len);
	bool is_other;

	if (!len || !r->facts->has_ip)
		return false;
	tp_facts_init(&other);
	is_other = tp_facts_set_ip(&other, ip, len, NULL) ||
		   memcmp(&other.address, &r->facts->address, sizeof other.address) != 0;
	tp_facts_release(&other);
	return is_other;
}

static enum tp_status take_received_spf(struct reader *r, struct tp_error *err)
{
	const char *value = tp_buf_str(&r->value), *domain;
	char *plain = strdup(value);
	enum tp_status status = TP_OK;
	size_t len;

	if (!plain)
		return tp_fail(err, TP_NOMEM, "out of memory");
	blank_comments(plain, strlen(plain));
	if (spf_is_trusted(r, value, plain) && !is_other_client(r, plain)) {
		status = take_result(r, value, word_len(value), err);
		domain = value_of(plain, "identity=", &len);
		if (len == 4 && !strncasecmp(domain, "helo", 4))
			domain = value_of(plain, "helo=", &len);
		else
			domain = value_of(plain, "envelope-from=", &len);
		if (!status)
			status = take_domain(r, domain, len, err);
	}
	free(plain);
	return status;
}

static enum tp_status take_auth_results(struct reader *r, struct tp_error *err)
{
	char *text = r->value.data, *method;
	enum tp_status status;
	const char *domain;
	size_t len;

	blank_comments(text, r->value.len);
	text += strspn(text, " \t");
	if (!in_list(r->trust->trust, text, word_len(text)))
		return TP_OK;
	for (method = strchr(text, ';'); method; method = strchr(method, ';')) {
		char *end;

		method += 1 + strspn(method + 1, " \t");
		if (strncasecmp(method, "spf", 3))
			continue;
		domain = value_of(method, "spf=", &len);
		if (!len || domain > method + strcspn(method, ";"))
			continue;
		end = method + strcspn(method, ";");
		*end = '\0';
		status = take_result(r, domain, len, err);
		domain = value_of(method, "smtp.mailfrom=", &len);
		if (!len)
			domain = value_of(method, "smtp.helo=", &len);
		return status ? status : take_domain(r, domain, len, err);
	}
	return TP_OK;
}

/* --- the header ------------------------------------------------------------------------------ */

static enum tp_status take_field(
	struct reader *r, const char *data, const struct tp_field *field, struct tp_error *err)
{
	enum tp_status (*take)(struct reader *, struct tp_error *) = NULL;

	if (tp_range_is(data, field->name, "Received"))
		take = take_received;
	else if (tp_range_is(data, field->name, "Return-Path"))
		take = take_return_path;
	else if (r->had_spf)
		take = NULL;
	else if (tp_range_is(data, field->name, "Received-SPF"))
		take = take_received_spf;
	else if (tp_range_is(data, field->name, "Authentication-Results"))
		take = take_auth_results;
	if (!take)
		return TP_OK;
	tp_buf_clear(&r->value);
	tp_header_unfold(data, field->value, &r->value);
	if (r->value.status == TP_NOMEM)
		return tp_buf_status(&r->value, "header field", err);
	if (r->value.status || (r->value.len && memchr(r->value.data, '\0', r->value.len)) ||
		!r->value.len) {
		/* Such a Received is nobody's of ours. */
		r->over = r->over || take == take_received;
		return TP_OK;
	}
	return take(r, err);
}

static enum tp_status read_header(
	struct reader *r, const char *data, size_t len, struct tp_error *err)
{
	struct tp_range header = tp_header_block(data, len);
	enum tp_status status = TP_OK;
	size_t at = header.begin;
	struct tp_field field;

	r->found = r->had_received = r->over = false;
	while (!status && !r->over && tp_header_next(data, header, &at, &field))
		status = take_field(r, data, &field, err);
	return status;
}

enum tp_status tp_facts_from_message(struct tp_facts *facts, const char *data, size_t len,
	const struct tp_message_trust *trust, struct tp_error *err)
{
	static const struct tp_strings none = TP_STRINGS_INIT;
	struct reader r = { .facts = facts,
		.trust = trust,
		.has_ip = facts->has_ip,
		.has_helo = facts->helo.len,
		.has_name = facts->name.len,
		.had_spf = true };
	enum tp_status status;

	tp_buf_init(&r.value, VALUE_MAX);
	if (gethostname(r.host, sizeof r.host - 1))
		r.host[0] = '\0';
	status = tp_white_new(trust->relays, &none, true, &r.relays, err);
	if (!status)
		status = read_header(&r, data, len, err);
	/* SPF results stand above the Received field, too, and are compared with the client that it
	 * tells: so they are read once that is known. */
	r.had_spf = facts->spf != TP_SPF_UNKNOWN;
	if (!status && !r.had_spf && trust->trust->count)
		status = read_header(&r, data, len, err);
	tp_white_free(r.relays);
	tp_buf_release(&r.value);
	return status;
}
