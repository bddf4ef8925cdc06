/* libcurl, opened late: see curl.h. */
#include "drop/curl.h"

#include <dlfcn.h>

#define CURL_FILE "libcurl.so.4"

static struct tp_curl loaded;

static enum tp_status resolve(void *library, const char *name, void *pointer, struct tp_error *err)
{
	void *found = dlsym(library, name);

	if (!found)
		return tp_fail(err, TP_TEMPORARY, "%s: it has no %s", CURL_FILE, name);
	memcpy(pointer, &found, sizeof found); /* ISO C has no cast from data to function */
	return TP_OK;
}

static enum tp_status resolve_all(void *library, struct tp_curl *c, struct tp_error *err)
{
	const struct {
		const char *name;
		void *pointer;
	} all[] = {
		{ "curl_easy_init", &c->init },
		{ "curl_easy_cleanup", &c->cleanup },
		{ "curl_easy_reset", &c->reset },
		{ "curl_easy_setopt", &c->set },
		{ "curl_easy_perform", &c->perform },
		{ "curl_easy_getinfo", &c->get },
		{ "curl_easy_strerror", &c->explain },
		{ "curl_slist_append", &c->list_append },
		{ "curl_slist_free_all", &c->list_free },
		{ "curl_url", &c->url_new },
		{ "curl_url_cleanup", &c->url_free },
		{ "curl_url_get", &c->url_get },
		{ "curl_url_set", &c->url_set },
		{ "curl_free", &c->free },
	};
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < sizeof all / sizeof *all; i++)
		status = resolve(library, all[i].name, all[i].pointer, err);
	return status;
}

enum tp_status tp_curl_open(const struct tp_curl **curl, struct tp_error *err)
{
	struct tp_curl c = { .ready = true };
	enum tp_status status;
	void *library;

	*curl = &loaded;
	if (loaded.ready)
		return TP_OK;
	library = dlopen(CURL_FILE, RTLD_LAZY | RTLD_LOCAL);
	if (!library)
		return tp_fail(err, TP_TEMPORARY, "uploading needs libcurl: %s", dlerror());
	status = resolve_all(library, &c, err);
	if (status) {
		dlclose(library);
		return status;
	}
	loaded = c; /* for the life of the process: the libraries below it cannot be unloaded */
	return TP_OK;
}
