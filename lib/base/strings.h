/* A list of strings that owns its strings. */
#ifndef TP_BASE_STRINGS_H
#define TP_BASE_STRINGS_H

#include <stddef.h>

#include "base/error.h"

struct tp_strings {
	char **list; /* NULL-terminated once anything was added */
	size_t count;
	size_t cap;
};

#define TP_STRINGS_INIT                                                                            \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

/* Copies `string` to the end. */
enum tp_status tp_strings_add(struct tp_strings *strings, const char *string, struct tp_error *err);
enum tp_status tp_strings_addf(struct tp_strings *strings, struct tp_error *err, const char *format,
	...) __attribute__((format(printf, 3, 4)));
bool tp_strings_has(const struct tp_strings *strings, const char *string);
void tp_strings_release(struct tp_strings *strings);

#endif
