/* GMime, opened late: see gmime.h. */
#include "mime/gmime.h"

#include <dlfcn.h>

#define GMIME_FILE "libgmime-3.0.so.0"

static struct tp_gmime loaded;

static enum tp_status resolve(void *library, const char *name, void *pointer, struct tp_error *err)
{
	void *found = dlsym(library, name);

	if (!found)
		return tp_fail(err, TP_TEMPORARY, "%s: it has no %s", GMIME_FILE, name);
	memcpy(pointer, &found, sizeof found); /* ISO C has no cast from data to function */
	return TP_OK;
}

static enum tp_status resolve_all(void *library, struct tp_gmime *g, struct tp_error *err)
{
	const struct {
		const char *name;
		void *pointer;
	} all[] = {
		{ "g_mime_init", &g->init },
		{ "g_mime_parser_options_new", &g->parser_options_new },
		{ "g_mime_parser_options_set_fallback_charsets", &g->set_fallback_charsets },
		{ "g_mime_utils_header_decode_text", &g->header_decode_text },
		{ "g_free", &g->free },
	};
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < sizeof all / sizeof *all; i++)
		status = resolve(library, all[i].name, all[i].pointer, err);
	return status;
}

enum tp_status tp_gmime_open(const struct tp_gmime **gmime, struct tp_error *err)
{
	static const char *fallback[] = { "utf-8", "windows-1252", NULL };
	struct tp_gmime g = { 0 };
	enum tp_status status;
	void *library;

	*gmime = &loaded;
	if (loaded.options)
		return TP_OK;
	library = dlopen(GMIME_FILE, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return tp_fail(err, TP_TEMPORARY, "decoding a header needs GMime: %s", dlerror());
	status = resolve_all(library, &g, err);
	if (status) {
		dlclose(library);
		return status;
	}
	g.init();
	g.options = g.parser_options_new();
	g.set_fallback_charsets(g.options, fallback);
	loaded = g; /* for the life of the process: GLib cannot be unloaded */
	return TP_OK;
}
