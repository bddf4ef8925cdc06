/*
 * Encoded words (RFC 2047), found and taken apart. Private to mime/text.c.
 *
 * Ours and not GMime's, after a test: GMime 3.2.13 joins neighbouring base64 words before decoding
 * them and loses everything behind a padded one, and loading it costs more time than all the rest
 * of a small mail.
 */
#ifndef TP_MIME_WORD_H
#define TP_MIME_WORD_H

#include "base/buf.h"

struct tp_word {
	const char *begin; /* its `=?` */
	const char *end;   /* after its `?=` */
	const char *charset;
	size_t charset_len; /* without the language (RFC 2231 5) */
	const char *text;
	size_t text_len;
	char encoding; /* 'q' or 'b' */
};

/* The first encoded word in [p, end); false when there is none. Lenient where mail is: spaces
 * inside (RFC 2047 6.3 forbids them, filenames have them), words glued together, any length. */
bool tp_word_next(const char *p, const char *end, struct tp_word *word);

/* Appends the bytes that the word stands for, in its charset. */
bool tp_word_decode(const struct tp_word *word, struct tp_buf *out);

#endif
