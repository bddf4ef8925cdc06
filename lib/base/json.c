/* JSON: see json.h. The writer is ours (a few lines, no tree); the reader is jansson's, which keeps
 * its depth on the stack, so depth is counted before it sees a byte. */
#include "base/json.h"

#include <jansson.h>

#include "base/utf8.h"

#define TEXT_MAX  (8 << 20)
#define DEPTH_MAX 64

struct tp_json {
	json_t *root;
};

bool tp_json_key(struct tp_buf *out, const char *key)
{
	if (out->len && out->data[out->len - 1] != '{')
		tp_buf_addc(out, ',');
	tp_json_string(out, key, strlen(key));
	return tp_buf_addc(out, ':');
}

static bool add_escaped(struct tp_buf *out, unsigned char c)
{
	switch (c) {
	case '"':
		return tp_buf_adds(out, "\\\"");
	case '\\':
		return tp_buf_adds(out, "\\\\");
	case '\n':
		return tp_buf_adds(out, "\\n");
	case '\r':
		return tp_buf_adds(out, "\\r");
	case '\t':
		return tp_buf_adds(out, "\\t");
	default:
		return c < 0x20 || c == 0x7f ? tp_buf_addf(out, "\\u%04x", c)
					     : tp_buf_addc(out, (char)c);
	}
}

bool tp_json_string(struct tp_buf *out, const char *text, size_t len)
{
	size_t n;

	tp_buf_addc(out, '"');
	for (size_t i = 0; i < len; i += n) {
		n = tp_utf8_next(text + i, len - i, NULL);
		if (n > 1) {
			tp_buf_add(out, text + i, n);
		} else if (n == 1) {
			add_escaped(out, (unsigned char)text[i]);
		} else {
			tp_buf_adds(out, "\xef\xbf\xbd");
			n = 1;
		}
	}
	return tp_buf_addc(out, '"');
}

bool tp_json_pair(struct tp_buf *out, const char *key, const char *text)
{
	tp_json_key(out, key);
	return text ? tp_json_string(out, text, strlen(text)) : tp_buf_adds(out, "null");
}

bool tp_json_pair_int(struct tp_buf *out, const char *key, int64_t number)
{
	tp_json_key(out, key);
	return tp_buf_addf(out, "%lld", (long long)number);
}

bool tp_json_pair_bool(struct tp_buf *out, const char *key, bool value)
{
	tp_json_key(out, key);
	return tp_buf_adds(out, value ? "true" : "false");
}

/* The deepest nesting of brackets outside of strings; right for all that is JSON, harmless for the
 * rest. */
static size_t depth_of(const char *text, size_t len)
{
	size_t depth = 0, deepest = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (quoted) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				quoted = false;
		} else if (text[i] == '"') {
			quoted = true;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > deepest)
				deepest = depth;
		} else if ((text[i] == '}' || text[i] == ']') && depth) {
			depth--;
		}
	}
	return deepest;
}

enum tp_status tp_json_parse(
	const char *text, size_t len, struct tp_json **doc, struct tp_error *err)
{
	json_error_t why;

	*doc = NULL;
	if (len > TEXT_MAX)
		return tp_fail(err, TP_LIMIT, "reading JSON: larger than %d bytes", TEXT_MAX);
	if (depth_of(text, len) > DEPTH_MAX)
		return tp_fail(err, TP_LIMIT, "reading JSON: deeper than %d levels", DEPTH_MAX);
	*doc = calloc(1, sizeof **doc);
	if (!*doc)
		return tp_fail(err, TP_NOMEM, "reading JSON: out of memory");
	(*doc)->root = json_loadb(text, len, JSON_DECODE_ANY, &why);
	if ((*doc)->root)
		return TP_OK;
	free(*doc);
	*doc = NULL;
	if (json_error_code(&why) == json_error_out_of_memory)
		return tp_fail(err, TP_NOMEM, "reading JSON: out of memory");
	/* Not why.text: it quotes the input. */
	return tp_fail(
		err, TP_DATA, "reading JSON: line %d, column %d: not JSON", why.line, why.column);
}

void tp_json_free(struct tp_json *doc)
{
	if (!doc)
		return;
	json_decref(doc->root);
	free(doc);
}

/* An array index is digits without a leading zero (RFC 6901 section 4). */
static const json_t *array_item(const json_t *array, const char *token)
{
	size_t index = 0;

	if (!*token || (*token == '0' && token[1]))
		return NULL;
	for (; *token; token++) {
		if (*token < '0' || *token > '9' || index > TEXT_MAX)
			return NULL;
		index = index * 10 + (size_t)(*token - '0');
	}
	return json_array_get(array, index);
}

/* Reads one token behind a slash, `~0` and `~1` undone; returns where the next begins. */
static const char *next_token(const char *pointer, struct tp_buf *token)
{
	tp_buf_clear(token);
	for (pointer++; *pointer && *pointer != '/'; pointer++) {
		if (*pointer == '~' && (pointer[1] == '0' || pointer[1] == '1'))
			tp_buf_addc(token, *++pointer == '0' ? '~' : '/');
		else
			tp_buf_addc(token, *pointer);
	}
	return pointer;
}

static const json_t *find(const struct tp_json *doc, const char *pointer)
{
	struct tp_buf token = TP_BUF_INIT(TEXT_MAX);
	const json_t *at = doc->root;

	while (at && *pointer) {
		if (*pointer != '/') {
			at = NULL;
			break;
		}
		pointer = next_token(pointer, &token);
		if (token.status)
			at = NULL;
		else if (json_is_object(at))
			at = json_object_get(at, tp_buf_str(&token));
		else
			at = json_is_array(at) ? array_item(at, tp_buf_str(&token)) : NULL;
	}
	tp_buf_release(&token);
	return at;
}

static int append(const char *bytes, size_t len, void *out)
{
	return tp_buf_add(out, bytes, len) ? 0 : -1;
}

static bool dump(const json_t *value, struct tp_buf *out)
{
	return !json_dump_callback(
		value, append, out, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
}

bool tp_json_get(const struct tp_json *doc, const char *pointer, struct tp_buf *out)
{
	const json_t *at = find(doc, pointer);

	if (!at || json_is_object(at) || json_is_array(at) || json_is_null(at))
		return false;
	if (json_is_string(at))
		return tp_buf_add(out, json_string_value(at), json_string_length(at));
	return dump(at, out);
}

bool tp_json_raw(const struct tp_json *doc, const char *pointer, struct tp_buf *out)
{
	const json_t *at = find(doc, pointer);

	return at && dump(at, out);
}
