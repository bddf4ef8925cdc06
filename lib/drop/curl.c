/* libcurl, opened late: see curl.h. */
#include "drop/curl.h"

#include "base/library.h"

#define CURL_FILE "libcurl.so.4"

static struct tp_curl loaded;

enum tp_status tp_curl_open(const struct tp_curl **curl, struct tp_error *err)
{
	static const struct tp_symbol all[] = {
		{ "curl_easy_init", &loaded.init },
		{ "curl_easy_cleanup", &loaded.cleanup },
		{ "curl_easy_reset", &loaded.reset },
		{ "curl_easy_setopt", &loaded.set },
		{ "curl_easy_perform", &loaded.perform },
		{ "curl_easy_getinfo", &loaded.get },
		{ "curl_easy_strerror", &loaded.explain },
		{ "curl_slist_append", &loaded.list_append },
		{ "curl_slist_free_all", &loaded.list_free },
		{ "curl_url", &loaded.url_new },
		{ "curl_url_cleanup", &loaded.url_free },
		{ "curl_url_get", &loaded.url_get },
		{ "curl_url_set", &loaded.url_set },
		{ "curl_free", &loaded.free },
	};
	enum tp_status status;

	*curl = &loaded;
	if (loaded.ready)
		return TP_OK;
	status = tp_library_open(
		CURL_FILE, "uploading needs libcurl", all, sizeof all / sizeof *all, err);
	loaded.ready = !status;
	return status;
}
