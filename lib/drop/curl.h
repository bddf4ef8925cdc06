/*
 * The wall around libcurl: the functions of it that we use, opened when first needed. Private to
 * lib/drop; http.c alone uses it.
 *
 * Loading libcurl means loading TLS, Kerberos, LDAP, SSH and some twenty more, which takes several
 * times as long as all that drop-put does to put a file into a folder (HACKING.md, "Decisions").
 */
#ifndef TP_DROP_CURL_H
#define TP_DROP_CURL_H

#include "base/error.h"

#include <curl/curl.h>

/* Pointers typed after the library's own declarations, so that a changed signature is an error of
 * the compiler. */
struct tp_curl {
	__typeof__(&curl_easy_init) init;
	__typeof__(&curl_easy_cleanup) cleanup;
	__typeof__(&curl_easy_reset) reset;
	__typeof__(&curl_easy_setopt) set;
	__typeof__(&curl_easy_perform) perform;
	__typeof__(&curl_easy_getinfo) get;
	__typeof__(&curl_easy_strerror) explain;
	__typeof__(&curl_slist_append) list_append;
	__typeof__(&curl_slist_free_all) list_free;
	__typeof__(&curl_url) url_new;
	__typeof__(&curl_url_cleanup) url_free;
	__typeof__(&curl_url_get) url_get;
	__typeof__(&curl_url_set) url_set;
	__typeof__(&curl_free) free;
	bool ready;
};

/* The library, opened once. TP_TEMPORARY when it cannot be: mail waits until the installation is
 * mended. */
enum tp_status tp_curl_open(const struct tp_curl **curl, struct tp_error *err);

#endif
