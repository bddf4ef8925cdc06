/*
 * The words and `name=value` pairs of Received-SPF (RFC 7208 9.1) and Authentication-Results (RFC 8601
 * 2.2), one after the other. Senders choose parts of these fields (addresses, HELO names), and a server
 * writes them as quoted strings with escapes: a name that stands inside a quoted string or a comment
 * is nobody's word. So all who read such a field read it here, and nowhere by searching.
 */
#ifndef TP_GREYLIST_PAIRS_H
#define TP_GREYLIST_PAIRS_H

#include "base/buf.h"

struct tp_slice {
	const char *text;
	size_t len;
};

struct tp_pairs {
	const char *at, *end;
	bool broken; /* a quoted string or a comment had no end: it took the rest */
};

enum tp_pair_kind {
	TP_PAIR_END,
	TP_PAIR_SEMICOLON,
	TP_PAIR_COMMENT, /* value: what is between its parentheses */
	TP_PAIR_WORD,    /* value: the word */
	TP_PAIR_NAMED,   /* name and value; the value may be empty */
};

struct tp_pair {
	enum tp_pair_kind kind;
	struct tp_slice name, value; /* as they stand, quotes included */
};

/* The unfolded value of a field; it must live as long as the pairs are read. */
struct tp_pairs tp_pairs_of(const char *text, size_t len);
/* The next one; TP_PAIR_END at the end, and again then. Goes forward only. */
struct tp_pair tp_pairs_next(struct tp_pairs *pairs);

bool tp_slice_is(struct tp_slice slice, const char *word); /* without case */

/* Appends the value, quotes and escapes taken off when all of it is one quoted string. */
bool tp_slice_unquote(struct tp_slice value, struct tp_buf *out);

/* The domain of an address or a domain alone, in angle brackets perhaps: what follows the last `@` that
 * is not quoted. Empty when that is no host name: letters, digits, `-`, `_` and dots between them. */
struct tp_slice tp_slice_domain(struct tp_slice address);

#endif
