/* Shared libraries, opened late: see library.h. */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

enum tp_status tp_library_open(const char *file, const char *what, const struct tp_symbol *symbols,
	size_t count, struct tp_error *err)
{
	void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL);

	if (!library)
		return tp_fail(err, TP_TEMPORARY, "%s: %s", what, dlerror());
	for (size_t i = 0; i < count; i++) {
		void *found = dlsym(library, symbols[i].name);

		if (!found) {
			dlclose(library);
			return tp_fail(
				err, TP_TEMPORARY, "%s: %s has no %s", what, file, symbols[i].name);
		}
		memcpy(symbols[i].pointer, &found, sizeof found); /* ISO C has no such cast */
	}
	return TP_OK;
}
