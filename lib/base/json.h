/*
 * JSON: a writer of single lines, and a reader (jansson) for what services answer and for lists of
 * links. Reading is bounded: at most 8 MiB and 64 levels.
 */
#ifndef TP_BASE_JSON_H
#define TP_BASE_JSON_H

#include <stdint.h>

#include "base/buf.h"

/* Appends `"key":` with a comma before it when the object has begun already (last byte not `{`). */
bool tp_json_key(struct tp_buf *out, const char *key);
/* Appends a string literal; invalid UTF-8 becomes U+FFFD. */
bool tp_json_string(struct tp_buf *out, const char *text, size_t len);
bool tp_json_pair(struct tp_buf *out, const char *key, const char *text); /* NULL text: null */
bool tp_json_pair_int(struct tp_buf *out, const char *key, int64_t number);
bool tp_json_pair_bool(struct tp_buf *out, const char *key, bool value);

struct tp_json; /* a document; owns its values */

/* TP_DATA with line and column when it is no JSON (RFC 8259), TP_LIMIT when too large. */
enum tp_status tp_json_parse(
	const char *text, size_t len, struct tp_json **doc, struct tp_error *err);
void tp_json_free(struct tp_json *doc);

/* The scalar at a JSON pointer (RFC 6901; "" is the document) as text: strings as they are, numbers
 * and booleans as JSON writes them. False when there is nothing, or an object, array or null there. */
bool tp_json_get(const struct tp_json *doc, const char *pointer, struct tp_buf *out);

/* Whatever is at the pointer, as one line of JSON. False when there is nothing. */
bool tp_json_raw(const struct tp_json *doc, const char *pointer, struct tp_buf *out);

#endif
