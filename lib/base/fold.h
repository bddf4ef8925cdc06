/*
 * Text folded for finding: without case, accents and compatibility differences, so that `ete` finds
 * `Été` and `strasse` finds `Straße`. The only module that knows utf8proc.
 */
#ifndef TP_BASE_FOLD_H
#define TP_BASE_FOLD_H

#include "base/buf.h"

/* What tp_fold gives may change with the library and with this number: an index says which made it. */
#define TP_FOLD_VERSION 1
uint32_t tp_fold_version(void);

/* Appends the folded form of UTF-8 text: NFKD, marks removed, case folded; runs of white space and
 * control characters become one space; bytes that are no UTF-8, and characters that cannot be seen
 * (zero-width ones, soft hyphens), are left out. Letters that Unicode does not take apart are written
 * as people do who lack the key (`œ` oe, `ø` o, `ł` l), typographic quotes and dashes as ASCII's.
 * ASCII takes a fast way. Folding is stable: fold(fold(x)) is fold(x), and a substring's fold is found
 * in the fold of the whole. A line end (`\n`) never comes out: lists of folded texts may use it. */
bool tp_fold(const char *text, size_t len, struct tp_buf *out);

/* Where the needle begins in the haystack (both folded), SIZE_MAX when nowhere; an empty needle is
 * at 0. Vectorised: several bytes a cycle whatever the needle's length. */
size_t tp_fold_find(const char *hay, size_t hay_len, const char *needle, size_t needle_len);

/* The same for a needle that is looked for many times; `bytes` is borrowed. */
struct tp_needle {
	const char *bytes;
	size_t len;
	size_t rare, other; /* places of its two rarest bytes: what is looked at first */
};
void tp_needle_init(struct tp_needle *needle, const char *bytes, size_t len);
size_t tp_needle_find(const struct tp_needle *needle, const char *hay, size_t hay_len);

#endif
