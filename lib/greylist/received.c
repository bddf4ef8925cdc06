/*
 * A Received field (RFC 5321 4.4), as mail servers really write it:
 *
 *   Postfix    from HELO (NAME [IP]) (TLS) by HOST ...           (NAME may be `unknown`)
 *   sendmail   from HELO (USER@NAME [IP] (may be forged)) by HOST ...
 *   Exim       from NAME ([IP]:PORT helo=HELO) by HOST ...
 *              from NAME ([IP]) by HOST ...
 *              from [IP]:PORT (helo=HELO) by HOST ...
 *
 * HELO is the client's, and not every server keeps out what reads like more of the field. What counts
 * is therefore not the first token behind `from` but the server's own group: a parenthesis with a
 * name perhaps and an address in brackets, behind which nothing but comments stand before `by`. When
 * such groups follow one another, or one follows right behind `by HOST`, those before were the HELO.
 * Recipients and dates, which come later, choose nothing.
 */
#include <strings.h>

#include "base/ip.h"
#include "greylist/message.h"

#define GROUP_MAX 4096 /* longer ones are no server's, and each is looked through once */

/* [at, end) */
struct cursor {
	const char *at, *end;
};

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

static void skip_space(struct cursor *c)
{
	while (c->at < c->end && is_space(*c->at))
		c->at++;
}

/* Up to white space or one of `stops`. */
static struct cursor take_word(struct cursor *c, const char *stops)
{
	struct cursor word = { c->at, c->at };

	while (c->at < c->end && !is_space(*c->at) && !strchr(stops, *c->at))
		c->at++;
	word.end = c->at;
	return word;
}

static bool is_word(struct cursor word, const char *wanted)
{
	size_t len = strlen(wanted);

	return (size_t)(word.end - word.at) == len && !strncasecmp(word.at, wanted, len);
}

static void set(const char **text, size_t *len, struct cursor value)
{
	*text = value.at;
	*len = (size_t)(value.end - value.at);
}

/* Moves behind the parenthesis that opens at c->at, nested ones counted. False: it has no end. */
static bool skip_comment(struct cursor *c)
{
	const char *end = c->end - c->at > GROUP_MAX ? c->at + GROUP_MAX : c->end;
	size_t depth = 0;

	for (const char *at = c->at; at < end; at++) {
		depth += *at == '(';
		depth -= *at == ')';
		if (depth == 0) {
			c->at = at + 1;
			return true;
		}
	}
	return false;
}

/* `[IP]` with a port perhaps at c->at: moves behind it. */
static bool take_literal(struct cursor *c, struct cursor *ip)
{
	struct cursor inside = { c->at + 1, c->end };
	struct in6_addr unused;

	if (c->at == c->end || *c->at != '[')
		return false;
	*ip = take_word(&inside, "]()");
	if (inside.at == inside.end || *inside.at != ']')
		return false;
	c->at = inside.at + 1;
	if (c->at < c->end && *c->at == ':')
		for (c->at++; c->at < c->end && *c->at >= '0' && *c->at <= '9';)
			c->at++;
	inside = *ip;
	if (inside.end - inside.at > 5 && !strncasecmp(inside.at, "IPv6:", 5))
		inside.at += 5;
	return tp_ip_parse(inside.at, (size_t)(inside.end - inside.at), &unused);
}

/* --- the server's group ---------------------------------------------------------------------- */

struct group {
	struct cursor name, ip, helo;
	bool has_helo, forged;
};

/* What stands behind the address: Exim's `helo=`, sendmail's comment. */
static void read_tail(struct cursor tail, struct group *group)
{
	while (skip_space(&tail), tail.at < tail.end) {
		struct cursor word = tail;

		if (*tail.at == '(' && skip_comment(&tail)) {
			word = (struct cursor){ word.at + 1, tail.at - 1 };
			group->forged = group->forged || is_word(word, "may be forged");
			continue;
		}
		word = take_word(&tail, "");
		if (word.end - word.at < 5 || strncasecmp(word.at, "helo=", 5) || group->has_helo)
			continue;
		group->helo = (struct cursor){ word.at + 5, word.end };
		group->has_helo = true;
	}
}

/* A group at c->at: moves behind it. The cheap questions come first: a field may hold many `(`. */
static bool take_group(struct cursor *c, struct group *group)
{
	struct cursor inside = { c->at + 1, c->end }, all = *c;
	const char *at;

	*group = (struct group){ .has_helo = false };
	if (c->at == c->end || *c->at != '(')
		return false;
	skip_space(&inside);
	if (inside.at < inside.end && *inside.at != '[') {
		group->name = take_word(&inside, "()[");
		at = memrchr(group->name.at, '@', (size_t)(group->name.end - group->name.at));
		if (at)
			group->name.at = at + 1;
		skip_space(&inside);
	}
	if (!take_literal(&inside, &group->ip) || inside.at == inside.end ||
		(!is_space(*inside.at) && *inside.at != ')') || !skip_comment(&all))
		return false;
	inside.end = all.at - 1;
	read_tail(inside, group);
	c->at = all.at;
	return true;
}

/* Moves behind the comments at c->at; a group among them takes the place of the one at hand. */
static bool skip_comments(struct cursor *c, struct group *group)
{
	bool replaced = false;

	while (skip_space(c), c->at < c->end && *c->at == '(') {
		struct group other;

		if (take_group(c, &other)) {
			*group = other;
			replaced = true;
		} else if (!skip_comment(c)) {
			break;
		}
	}
	return replaced;
}

static bool take_by(struct cursor *c, struct cursor *host)
{
	struct cursor at = *c;

	skip_space(&at);
	if (!is_word(take_word(&at, "(;"), "by"))
		return false;
	skip_space(&at);
	*host = take_word(&at, "(;");
	if (host->at == host->end)
		return false;
	*c = at;
	return true;
}

/* The group that is followed by `by`; c is behind `from`. */
static bool find_group(struct cursor c, struct group *group, struct cursor *host)
{
	bool found = false;

	while (c.at < c.end && !found) {
		if (*c.at != '(' || !take_group(&c, group)) {
			c.at++;
			continue;
		}
		skip_comments(&c, group);
		found = take_by(&c, host);
	}
	while (found) {
		struct cursor next_host;
		struct group next;

		/* `by localhost (NAME [IP])` is amavis's way to write its name: no `by` follows. */
		if (!skip_comments(&c, &next) || !take_by(&c, &next_host))
			break;
		*group = next;
		*host = next_host;
	}
	return found;
}

/* --- the field ------------------------------------------------------------------------------- */

/* The text between `from` and the group, which is found by the address inside it. */
static struct cursor text_before(const char *begin, const struct group *group)
{
	struct cursor text = { begin, group->ip.at };

	while (text.end > text.at && text.end[-1] != '(')
		text.end--;
	text.end -= text.end > text.at;
	while (text.end > text.at && is_space(text.end[-1]))
		text.end--;
	return text;
}

static void take_names(const char *begin, const struct group *group, struct tp_received *received)
{
	struct cursor before = text_before(begin, group);

	set(&received->ip, &received->ip_len, group->ip);
	received->forged = group->forged;
	if (group->has_helo) { /* Exim's: the word before is the name */
		set(&received->helo, &received->helo_len, group->helo);
		set(&received->name, &received->name_len, before);
		return;
	}
	set(&received->helo, &received->helo_len, before);
	if (group->name.at)
		set(&received->name, &received->name_len, group->name);
}

/* Exim's form without a name: the address comes first, HELO in a comment. */
static bool read_nameless(struct cursor c, struct tp_received *received)
{
	struct group group = { .has_helo = false };
	struct cursor host, comment, all;

	if (!take_literal(&c, &group.ip))
		return false;
	skip_space(&c);
	comment = all = c;
	if (c.at < c.end && *c.at == '(' && skip_comment(&all)) {
		comment = (struct cursor){ comment.at + 1, all.at - 1 };
		read_tail(comment, &group);
		c = all;
	}
	if (!take_by(&c, &host))
		return false;
	set(&received->ip, &received->ip_len, group.ip);
	if (group.has_helo)
		set(&received->helo, &received->helo_len, group.helo);
	set(&received->by, &received->by_len, host);
	return true;
}

/* No client that can be told: still HELO and who wrote it. */
static void read_rest(struct cursor c, struct tp_received *received)
{
	struct cursor host;

	skip_space(&c);
	set(&received->helo, &received->helo_len, take_word(&c, "(;"));
	for (; c.at < c.end; c.at++)
		if (is_space(*c.at) && take_by(&c, &host)) {
			set(&received->by, &received->by_len, host);
			return;
		}
}

void tp_received_read(const char *value, size_t len, struct tp_received *received)
{
	struct cursor c = { value, value + len }, host;
	struct group group;

	*received = (struct tp_received){ .by = "", .helo = "", .name = "", .ip = "" };
	skip_space(&c);
	if (take_by(&c, &host)) { /* a mail of this host */
		set(&received->by, &received->by_len, host);
		return;
	}
	if (!is_word(take_word(&c, "(;"), "from"))
		return;
	skip_space(&c);
	if (find_group(c, &group, &host)) {
		take_names(c.at, &group, received);
		set(&received->by, &received->by_len, host);
	} else if (!read_nameless(c, received)) {
		read_rest(c, received);
	}
}
