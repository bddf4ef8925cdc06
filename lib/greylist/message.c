/* Facts from a message's header: see message.h. */
#include "greylist/message.h"

#include <strings.h>
#include <unistd.h>

#include "base/ip.h"
#include "greylist/pairs.h"
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
	bool from_own;       /* those met came from machines of ours */
	bool over;           /* the field behind it was, too: the rest is the sender's */
	bool had_spf; /* a result was met that counts or ends the search, or none is looked for */
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

/* The system's name is often the first label alone, and mail programs write it with its domain, or the
 * other way round: one of both may lack the domain. */
static bool is_system(const char *name, const char *host, size_t len)
{
	size_t label = strcspn(name, "."), first = 0;

	if (!*name || (label == 9 && !strncasecmp(name, "localhost", 9)))
		return false;
	if (same_name(host, len, name))
		return true;
	while (first < len && host[first] != '.')
		first++;
	return (first == len || !name[label]) && first == label && !strncasecmp(host, name, label);
}

static bool is_ours(const struct reader *r, const char *host, size_t len)
{
	if (r->trust->hosts->count)
		return in_list(r->trust->hosts, host, len);
	return is_system(r->host, host, len);
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

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* --- Received, Return-Path ------------------------------------------------------------------- */

static enum tp_status take_client(
	struct reader *r, const struct tp_received *received, struct tp_error *err)
{
	enum tp_status (*set_name)(struct tp_facts *, const char *, size_t, struct tp_error *);
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
	set_name = received->forged ? tp_facts_set_reverse : tp_facts_set_name;
	if (!status && !r->has_name && received->name_len)
		status = only_memory(
			set_name(facts, received->name, received->name_len, &why), &why, err);
	return status;
}

/* One of our relays, or this very machine: a content filter that gives a mail back does so by
 * loopback. */
static bool is_own_address(const struct reader *r, const struct in6_addr *address)
{
	bool loopback =
		tp_ip_is_v4(address) ? address->s6_addr[12] == 127 : IN6_IS_ADDR_LOOPBACK(address);

	return loopback || tp_white_has_ip(r->relays, address);
}

/* True when the field's client is one of our own machines: then the next field counts. */
static bool is_relay(const struct reader *r, const struct tp_received *received)
{
	struct tp_facts client;
	bool relay;

	tp_facts_init(&client);
	relay = received->ip_len &&
		!tp_facts_set_ip(&client, received->ip, received->ip_len, NULL) &&
		is_own_address(r, &client.address);
	tp_facts_release(&client);
	return relay;
}

/* A content filter that says `by localhost` of a mail that came and went by loopback. */
static bool is_local_filter(const struct reader *r, const struct tp_received *received)
{
	return r->from_own && is_relay(r, received) &&
	       (same_name(received->by, received->by_len, "localhost") ||
		       same_name(received->by, received->by_len, "localhost.localdomain"));
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
	if (!is_ours(r, received.by, received.by_len) && !is_local_filter(r, &received)) {
		r->over = true;
		return TP_OK;
	}
	if (is_relay(r, &received)) {
		r->from_own = true;
		return TP_OK;
	}
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

/* What a Received-SPF field says; the first of each name counts. */
struct spf_field {
	struct tp_slice result, server, receiver, client_ip, identity, helo, envelope_from;
};

static void keep_first(struct tp_slice *slot, struct tp_slice value)
{
	if (!slot->text)
		*slot = value;
}

/* The server in a comment: its first word, up to a colon. */
static struct tp_slice first_word(struct tp_slice comment)
{
	const char *end = comment.text + comment.len, *at;

	while (comment.text < end && is_space(*comment.text))
		comment.text++;
	for (at = comment.text; at < end && !is_space(*at) && *at != ':';)
		at++;
	return (struct tp_slice){ comment.text, (size_t)(at - comment.text) };
}

static struct spf_field read_spf_field(const char *value, size_t len)
{
	struct tp_pairs pairs = tp_pairs_of(value, len);
	struct spf_field field = { .result = { NULL, 0 } };
	const struct {
		const char *name;
		struct tp_slice *slot;
	} names[] = {
		{ "receiver", &field.receiver },
		{ "client-ip", &field.client_ip },
		{ "identity", &field.identity },
		{ "helo", &field.helo },
		{ "envelope-from", &field.envelope_from },
	};
	struct tp_pair pair;

	for (size_t n = 0; (pair = tp_pairs_next(&pairs)).kind != TP_PAIR_END; n++) {
		if (n == 0 && pair.kind == TP_PAIR_WORD)
			field.result = pair.value;
		if (n == 1 && pair.kind == TP_PAIR_COMMENT)
			field.server = first_word(pair.value);
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (pair.kind == TP_PAIR_NAMED && tp_slice_is(pair.name, names[i].name))
				keep_first(names[i].slot, pair.value);
	}
	return field;
}

/* A name in a field is ours to believe. */
static bool is_trusted(const struct reader *r, struct tp_slice name)
{
	struct tp_buf plain = TP_BUF_INIT(VALUE_MAX);
	bool trusted = name.len && tp_slice_unquote(name, &plain) &&
		       in_list(r->trust->trust, tp_buf_str(&plain), plain.len);

	tp_buf_release(&plain);
	return trusted;
}

/* `receiver=`, else the first word of the comment behind the result. */
static bool spf_is_trusted(const struct reader *r, const struct spf_field *field)
{
	/* Some write `receiver=<UNKNOWN>`. */
	if (field->receiver.len && *field->receiver.text != '<')
		return is_trusted(r, field->receiver);
	return is_trusted(r, field->server);
}

static bool read_client(struct tp_slice value, struct tp_facts *client)
{
	struct tp_buf plain = TP_BUF_INIT(VALUE_MAX);
	bool is_read = tp_slice_unquote(value, &plain) &&
		       !tp_facts_set_ip(client, tp_buf_str(&plain), plain.len, NULL);

	tp_buf_release(&plain);
	return is_read;
}

/* What one of our machines found out about another one: passed over. */
static bool is_about_relay(const struct reader *r, const struct spf_field *field)
{
	struct tp_facts client;
	bool is;

	tp_facts_init(&client);
	is = field->client_ip.len && read_client(field->client_ip, &client) &&
	     is_own_address(r, &client.address);
	tp_facts_release(&client);
	return is;
}

static bool is_other_client(const struct reader *r, const struct spf_field *field)
{
	struct tp_facts client;
	bool is_other;

	if (!field->client_ip.len || !r->facts->has_ip)
		return false;
	tp_facts_init(&client);
	is_other = !read_client(field->client_ip, &client) ||
		   memcmp(&client.address, &r->facts->address, sizeof client.address) != 0;
	tp_facts_release(&client);
	return is_other;
}

/* The domain of an address or a domain alone; one that cannot be read is left to the sender's. */
static enum tp_status take_domain(struct reader *r, struct tp_slice value, struct tp_error *err)
{
	struct tp_buf plain = TP_BUF_INIT(VALUE_MAX);
	enum tp_status status = TP_OK;
	struct tp_error why;
	struct tp_slice domain;

	tp_slice_unquote(value, &plain);
	status = only_memory(tp_buf_status(&plain, "SPF domain", &why), &why, err);
	domain = tp_slice_domain((struct tp_slice){ tp_buf_str(&plain), plain.len });
	if (!status && domain.len)
		status = only_memory(
			tp_facts_set_spf_domain(r->facts, domain.text, domain.len, &why), &why,
			err);
	tp_buf_release(&plain);
	return status;
}

static enum tp_status take_result(
	struct reader *r, struct tp_slice result, struct tp_slice domain, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status =
		only_memory(tp_facts_set_spf(r->facts, result.text, result.len, &why), &why, err);

	return status || !domain.len ? status : take_domain(r, domain, err);
}

/* The first one about a client that is not ours ends the search, believed or not: our server puts its
 * own on top, so what lies below is the sender's, whatever name it bears. */
static enum tp_status take_received_spf(struct reader *r, struct tp_error *err)
{
	struct spf_field field = read_spf_field(tp_buf_str(&r->value), r->value.len);
	struct tp_slice domain = field.envelope_from;

	if (is_about_relay(r, &field))
		return TP_OK;
	r->had_spf = true;
	if (!spf_is_trusted(r, &field) || is_other_client(r, &field))
		return TP_OK;
	if (tp_slice_is(field.identity, "helo"))
		domain = field.helo;
	return take_result(r, field.result, domain, err);
}

/* The first SPF result in a field of ours, with the properties behind it up to the semicolon. */
static enum tp_status take_auth_results(struct reader *r, struct tp_error *err)
{
	struct tp_pairs pairs = tp_pairs_of(tp_buf_str(&r->value), r->value.len);
	struct tp_slice result = { NULL, 0 }, sender = { NULL, 0 }, helo = { NULL, 0 };
	struct tp_pair pair;
	bool begins = false; /* a method does */

	while ((pair = tp_pairs_next(&pairs)).kind == TP_PAIR_COMMENT)
		;
	if (pair.kind != TP_PAIR_WORD || !is_trusted(r, pair.value))
		return TP_OK;
	while ((pair = tp_pairs_next(&pairs)).kind != TP_PAIR_END) {
		if (pair.kind == TP_PAIR_SEMICOLON && result.text)
			break;
		if (pair.kind == TP_PAIR_NAMED && begins && tp_slice_is(pair.name, "spf"))
			result = pair.value;
		if (pair.kind == TP_PAIR_NAMED && result.text &&
			tp_slice_is(pair.name, "smtp.mailfrom"))
			keep_first(&sender, pair.value);
		if (pair.kind == TP_PAIR_NAMED && result.text &&
			tp_slice_is(pair.name, "smtp.helo"))
			keep_first(&helo, pair.value);
		if (pair.kind != TP_PAIR_COMMENT)
			begins = pair.kind == TP_PAIR_SEMICOLON;
	}
	/* What cannot be read to its end may have hidden the result: none below counts. */
	r->had_spf = result.text || pairs.broken;
	if (!result.text)
		return TP_OK;
	return take_result(r, result, sender.len ? sender : helo, err);
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
		/* Such a Received is nobody's of ours; below such a Received-SPF none counts. */
		r->over = r->over || take == take_received;
		r->had_spf = r->had_spf || take == take_received_spf;
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

	r->found = r->had_received = r->from_own = r->over = false;
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
