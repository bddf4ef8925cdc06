/*
 * A set of short byte strings that is filled once and then asked: white lists of any length, at the
 * cost of one probe a question. Strings lie behind each other in one run of bytes.
 */
#ifndef TP_GREYLIST_WORDSET_H
#define TP_GREYLIST_WORDSET_H

#include "base/buf.h"

struct tp_wordset {
	struct tp_buf bytes; /* length as two bytes, string; again */
	uint32_t *slots;     /* offset + 1 into bytes; 0: free */
	size_t count, size;  /* size: a power of two, or 0 */
};

#define TP_WORDSET_INIT                                                                            \
	{                                                                                          \
		TP_BUF_INIT(UINT32_MAX - 1), NULL, 0, 0                                            \
	}

/* Adds a string of at most 65,535 bytes; one that is there already changes nothing. TP_NOMEM,
 * TP_LIMIT. */
enum tp_status tp_wordset_add(
	struct tp_wordset *set, const void *bytes, size_t len, struct tp_error *err);
bool tp_wordset_has(const struct tp_wordset *set, const void *bytes, size_t len);
void tp_wordset_release(struct tp_wordset *set);

#endif
