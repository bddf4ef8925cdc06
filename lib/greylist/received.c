/*
 * A Received field (RFC 5321 4.4), as mail servers really write it:
 *
 *   Postfix, sendmail   from HELO (NAME [IP]) by HOST ...        (NAME may be `unknown`)
 *   Exim                from NAME ([IP] helo=HELO) by HOST ...
 *                       from [IP] (helo=HELO) by HOST ...
 *                       from NAME ([IP]:PORT helo=[IP]) by HOST ...
 *
 * The client's address is the last bracketed one inside the parentheses behind `from`, else the one
 * right behind it: what stands in parentheses is the server's, HELO is the client's.
 */
#include <strings.h>

#include "greylist/message.h"

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

/* The next word, or a whole comment with its parentheses (nested ones counted). */
static bool next_token(struct cursor *c, struct cursor *token)
{
	size_t depth = 0;

	skip_space(c);
	*token = (struct cursor){ c->at, c->at };
	for (; c->at < c->end; c->at++) {
		if (*c->at == '(')
			depth++;
		else if (*c->at == ')' && depth > 0)
			depth--;
		else if (depth == 0 && (is_space(*c->at) || *c->at == ';'))
			break;
		if (*c->at == ')' && depth == 0 && *token->at == '(') {
			c->at++;
			break;
		}
	}
	token->end = c->at;
	if (token->end == token->at && c->at < c->end)
		c->at++; /* a semicolon */
	return token->end > token->at;
}

static bool is_word(const struct cursor *token, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(token->end - token->at) == len && !strncasecmp(token->at, word, len);
}

static void set(const char **text, size_t *len, const char *at, const char *end)
{
	*text = at;
	*len = (size_t)(end - at);
}

/* `[IP]` at c->at: sets the address and moves behind the bracket. */
static bool take_literal(struct cursor *c, struct tp_received *received)
{
	const char *close;

	if (c->at >= c->end || *c->at != '[')
		return false;
	close = memchr(c->at, ']', (size_t)(c->end - c->at));
	if (!close)
		return false;
	set(&received->ip, &received->ip_len, c->at + 1, close);
	c->at = close + 1;
	return true;
}

/* Inside the parentheses behind `from`. Postfix's name stands before the address; of Exim's words
 * only `helo=` is of interest. */
static void read_comment(struct cursor inside, struct tp_received *received, bool *has_helo)
{
	while (inside.at < inside.end) {
		const char *begin;

		skip_space(&inside);
		if (take_literal(&inside, received))
			continue;
		if (inside.at < inside.end && *inside.at == '[')
			return; /* not closed, nor is any behind it */
		begin = inside.at;
		while (inside.at < inside.end && !is_space(*inside.at) && *inside.at != '[')
			inside.at++;
		if (inside.at - begin >= 5 && !strncasecmp(begin, "helo=", 5)) {
			/* `helo=[IP]`: the brackets belong to it. */
			while (inside.at < inside.end && !is_space(*inside.at))
				inside.at++;
			set(&received->helo, &received->helo_len, begin + 5, inside.at);
			*has_helo = true;
		} else if (!received->name_len && inside.at > begin && *begin != '(' &&
			   !memchr(begin, '=', (size_t)(inside.at - begin))) {
			set(&received->name, &received->name_len, begin, inside.at);
		}
	}
}

static void read_from(struct cursor *c, struct tp_received *received)
{
	struct cursor word, comment;
	struct cursor before = *c;
	bool has_helo = false;

	if (!next_token(c, &word))
		return;
	before = *c;
	if (next_token(c, &comment) && *comment.at == '(') {
		struct cursor inside = { comment.at + 1, comment.end };

		if (inside.end > inside.at && inside.end[-1] == ')')
			inside.end--;
		read_comment(inside, received, &has_helo);
	} else {
		*c = before;
	}
	if (has_helo || *word.at == '[') {
		/* Exim's: the word is the name, unless it is the address. */
		if (*word.at == '[' && !received->ip_len)
			take_literal(&word, received);
		else if (*word.at != '[')
			set(&received->name, &received->name_len, word.at, word.end);
	} else {
		set(&received->helo, &received->helo_len, word.at, word.end);
	}
}

void tp_received_read(const char *value, size_t len, struct tp_received *received)
{
	struct cursor c = { value, value + len }, token;

	*received = (struct tp_received){ .by = "", .helo = "", .name = "", .ip = "" };
	while (c.at < c.end) {
		if (!next_token(&c, &token))
			continue;
		if (is_word(&token, "from") && !received->helo_len && !received->ip_len &&
			!received->by_len) {
			read_from(&c, received);
		} else if (is_word(&token, "by") && !received->by_len && next_token(&c, &token)) {
			set(&received->by, &received->by_len, token.at, token.end);
			return;
		}
	}
}
