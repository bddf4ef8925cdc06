/*
 * Shared libraries that are opened when they are first needed: linking one that a run does not use costs
 * more than all that most runs do. The module that knows the library has its functions in a struct,
 * each typed after the library's own declaration, so that a changed signature is an error of the
 * compiler:
 *
 *   static struct { __typeof__(&foo_open) open; } foo;
 *   static const struct tp_symbol symbols[] = { { "foo_open", &foo.open } };
 */
#ifndef TP_BASE_LIBRARY_H
#define TP_BASE_LIBRARY_H

#include <stddef.h>

#include "base/error.h"

struct tp_symbol {
	const char *name;
	void *pointer; /* to a pointer to a function */
};

/* Opens `file` ("libfoo.so.2") for the life of the process and fills all pointers. Its caller asks once.
 * TP_TEMPORARY when the library is not there, has no such function, or memory ends; the sentence begins
 * with `what` ("DNS lists need c-ares"). */
enum tp_status tp_library_open(const char *file, const char *what, const struct tp_symbol *symbols,
	size_t count, struct tp_error *err);

#endif
