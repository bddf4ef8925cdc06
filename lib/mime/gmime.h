/*
 * The wall around GMime: the few functions of it that we use, opened when first needed. Private to
 * lib/mime; no other file includes a GMime header.
 *
 * Loading libgmime means loading GLib, GIO, GPGME and a dozen more, which takes longer than
 * everything else that a tool does to a small mail (HACKING.md, "Decisions"). Most mails hold no
 * encoded word at all, so the library is opened by the first value that needs it.
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
	__typeof__(&g_mime_parser_options_new) parser_options_new;
	__typeof__(&g_mime_parser_options_set_fallback_charsets) set_fallback_charsets;
	__typeof__(&g_mime_utils_header_decode_text) header_decode_text;
	__typeof__(&g_free) free;
	GMimeParserOptions *options; /* raw 8-bit: UTF-8, then Windows-1252 */
};

/* The library, opened and initialised once. TP_TEMPORARY when it cannot be opened: mail waits until
 * the installation is mended. */
enum tp_status tp_gmime_open(const struct tp_gmime **gmime, struct tp_error *err);

#endif
