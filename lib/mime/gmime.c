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
		{ "internet_address_list_parse", &g->list_parse },
		{ "internet_address_list_length", &g->list_length },
		{ "internet_address_list_get_address", &g->list_get },
		{ "internet_address_group_get_type", &g->group_type },
		{ "internet_address_group_get_members", &g->group_members },
		{ "internet_address_mailbox_get_addr", &g->mailbox_addr },
		{ "g_type_check_instance_is_a", &g->is_a },
		{ "g_object_unref", &g->unref },
	};
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < sizeof all / sizeof *all; i++)
		status = resolve(library, all[i].name, all[i].pointer, err);
	return status;
}

enum tp_status tp_gmime_open(const struct tp_gmime **gmime, struct tp_error *err)
{
	struct tp_gmime g = { .ready = true };
	enum tp_status status;
	void *library;

	*gmime = &loaded;
	if (loaded.ready)
		return TP_OK;
	library = dlopen(GMIME_FILE, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return tp_fail(err, TP_TEMPORARY, "reading addresses needs GMime: %s", dlerror());
	status = resolve_all(library, &g, err);
	if (status) {
		dlclose(library);
		return status;
	}
	g.init();
	loaded = g; /* for the life of the process: GLib cannot be unloaded */
	return TP_OK;
}
