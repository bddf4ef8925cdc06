/*
 * Text folded for finding: without case, accents and compatibility differences, so that `ete` finds
 * `Été` and `strasse` finds `Straße`. The only module that knows utf8proc.
 */
#ifndef TP_BASE_FOLD_H
#define TP_BASE_FOLD_H

#include "base/buf.h"

/* Appends the folded form of UTF-8 text: NFKD, marks removed, case folded; runs of white space and
 * control characters become one space; bytes that are no UTF-8 are left out. ASCII takes a fast way.
 * Folding is stable: fold(fold(x)) is fold(x), and a substring's fold is found in the fold of the
 * whole. */
bool tp_fold(const char *text, size_t len, struct tp_buf *out);

/* Where the needle begins in the haystack (both folded), SIZE_MAX when nowhere; an empty needle is
 * at 0. Vectorised: several bytes a cycle whatever the needle's length. */
size_t tp_fold_find(const char *hay, size_t hay_len, const char *needle, size_t needle_len);

#endif
