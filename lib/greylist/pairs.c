/* Words and name=value pairs: see pairs.h. */
#include "greylist/pairs.h"

#include <strings.h>

struct tp_pairs tp_pairs_of(const char *text, size_t len)
{
	return (struct tp_pairs){ text, text + len, false };
}

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static void skip_space(struct tp_pairs *pairs)
{
	while (pairs->at < pairs->end && is_space(*pairs->at))
		pairs->at++;
}

/* Moves from an opening quote behind the closing one. */
static void skip_quoted(struct tp_pairs *pairs)
{
	for (pairs->at++; pairs->at < pairs->end; pairs->at++) {
		if (*pairs->at == '"') {
			pairs->at++;
			return;
		}
		if (*pairs->at == '\\' && pairs->at + 1 < pairs->end)
			pairs->at++;
	}
	pairs->broken = true;
}

/* The same from an opening parenthesis; what is between is returned. */
static struct tp_slice take_comment(struct tp_pairs *pairs)
{
	const char *begin = ++pairs->at;
	size_t depth = 1;

	for (; pairs->at < pairs->end; pairs->at++) {
		depth += *pairs->at == '(';
		depth -= *pairs->at == ')';
		if (depth == 0) {
			pairs->at++;
			return (struct tp_slice){ begin, (size_t)(pairs->at - 1 - begin) };
		}
		if (*pairs->at == '\\' && pairs->at + 1 < pairs->end)
			pairs->at++;
	}
	pairs->broken = true;
	return (struct tp_slice){ begin, (size_t)(pairs->at - begin) };
}

static void skip_comments(struct tp_pairs *pairs)
{
	skip_space(pairs);
	while (pairs->at < pairs->end && *pairs->at == '(') {
		take_comment(pairs);
		skip_space(pairs);
	}
}

/* Up to white space, a semicolon, a comment or, in a name, an equals sign; quoted strings whole. */
static struct tp_slice take_word(struct tp_pairs *pairs, bool is_name)
{
	const char *begin = pairs->at;

	while (pairs->at < pairs->end && !is_space(*pairs->at) && *pairs->at != ';' &&
		*pairs->at != '(' && !(is_name && *pairs->at == '=')) {
		if (*pairs->at == '"')
			skip_quoted(pairs);
		else
			pairs->at++;
	}
	return (struct tp_slice){ begin, (size_t)(pairs->at - begin) };
}

struct tp_pair tp_pairs_next(struct tp_pairs *pairs)
{
	struct tp_pair pair = { .kind = TP_PAIR_END };
	struct tp_pairs behind;

	skip_space(pairs);
	if (pairs->at == pairs->end)
		return pair;
	if (*pairs->at == '(') {
		pair.kind = TP_PAIR_COMMENT;
		pair.value = take_comment(pairs);
		return pair;
	}
	if (*pairs->at == ';') {
		pair.kind = TP_PAIR_SEMICOLON;
		pairs->at++;
		return pair;
	}
	pair.kind = TP_PAIR_WORD;
	pair.value = take_word(pairs, true);
	behind = *pairs;
	skip_comments(&behind);
	if (behind.at == behind.end || *behind.at != '=')
		return pair;
	*pairs = behind;
	pairs->at++;
	skip_comments(pairs);
	pair.kind = TP_PAIR_NAMED;
	pair.name = pair.value;
	pair.value = take_word(pairs, false);
	return pair;
}

bool tp_slice_is(struct tp_slice slice, const char *word)
{
	return slice.len == strlen(word) && !strncasecmp(slice.text, word, slice.len);
}

bool tp_slice_unquote(struct tp_slice value, struct tp_buf *out)
{
	struct tp_pairs one = tp_pairs_of(value.text, value.len);

	if (value.len && *value.text == '"')
		skip_quoted(&one);
	if (value.len < 2 || *value.text != '"' || one.broken || one.at < one.end)
		return tp_buf_add(out, value.text, value.len);
	for (const char *at = value.text + 1; at < value.text + value.len - 1; at++) {
		at += *at == '\\';
		if (!tp_buf_addc(out, *at))
			return false;
	}
	return true;
}

static bool is_host_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

static bool is_host(struct tp_slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		bool dot = name.text[i] == '.' && i > 0 && name.text[i - 1] != '.';

		if (!dot && !is_host_byte(name.text[i]))
			return false;
	}
	return true;
}

struct tp_slice tp_slice_domain(struct tp_slice address)
{
	struct tp_slice none = { "", 0 };
	struct tp_pairs pairs;

	if (address.len >= 2 && *address.text == '<' && address.text[address.len - 1] == '>') {
		address.text++;
		address.len -= 2;
	}
	pairs = tp_pairs_of(address.text, address.len);
	while (pairs.at < pairs.end) {
		if (*pairs.at == '"') {
			skip_quoted(&pairs);
			continue;
		}
		if (*pairs.at++ == '@')
			address = (struct tp_slice){ pairs.at, (size_t)(pairs.end - pairs.at) };
	}
	return !pairs.broken && address.len && is_host(address) ? address : none;
}
