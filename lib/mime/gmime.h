/*
 * The wall around GMime: the few functions of it that we use, opened when first needed. Private to
 * lib/mime; no other file includes a GMime header.
 *
 * Loading libgmime means loading GLib, GIO, GPGME and a dozen more, which takes longer than
 * everything else that a tool does to a small mail (HACKING.md, "Decisions"). Few mails need it, so
 * the library is opened by the first value that does.
 */
#ifndef TP_MIME_GMIME_H
#define TP_MIME_GMIME_H

#include "base/error.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#include <gmime/gmime.h>
#pragma GCC diagnostic pop

/* Pointers typed after the library's own declarations, so that a changed signature is an error of
 * the compiler. */
struct tp_gmime {
	__typeof__(&g_mime_init) init;
	__typeof__(&internet_address_list_parse) list_parse;
	__typeof__(&internet_address_list_length) list_length;
	__typeof__(&internet_address_list_get_address) list_get;
	__typeof__(&internet_address_group_get_type) group_type;
	__typeof__(&internet_address_group_get_members) group_members;
	__typeof__(&internet_address_mailbox_get_addr) mailbox_addr;
	__typeof__(&g_type_check_instance_is_a) is_a;
	__typeof__(&g_object_unref) unref;
	bool ready;
};

/* The library, opened and initialised once. TP_TEMPORARY when it cannot be opened: mail waits until
 * the installation is mended. */
enum tp_status tp_gmime_open(const struct tp_gmime **gmime, struct tp_error *err);

#endif
