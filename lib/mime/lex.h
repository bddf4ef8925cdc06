/*
 * The words of structured header fields (RFC 5322 3.2, RFC 2045 5.1), shared by header.c, param.c
 * and codec.c; private to lib/mime. Every function moves *at forward and never past `end`.
 */
#ifndef TP_MIME_LEX_H
#define TP_MIME_LEX_H

#include "mime/tree.h"

static inline bool tp_lex_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool tp_lex_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline char tp_lex_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Skips white space, line endings and comments, which nest; an unclosed comment runs to `end`. */
void tp_lex_skip_cfws(const char *data, size_t *at, size_t end);

/* Skips the comment that opens at *at. */
void tp_lex_skip_comment(const char *data, size_t *at, size_t end);

/* Skips the quoted string that opens at *at; an unclosed one runs to `end`. */
void tp_lex_skip_quoted(const char *data, size_t *at, size_t end);

/* The token at *at: ASCII without controls, spaces and ()<>@,;:\"/[]?= ; empty when there is none.
 */
struct tp_range tp_lex_token(const char *data, size_t *at, size_t end);

#endif
