/*
 * The site's secret: 32 random bytes that seal stubs and make upload keys unguessable. Read from
 * `secret_file`, else from STATE/secret, which is made on first use (mode 0600, complete or not
 * there, one winner when several processes begin at once). Hosts that share a ledger, or where one
 * detaches and another injects, share the file.
 */
#ifndef TP_BASE_SECRET_H
#define TP_BASE_SECRET_H

#include "base/conf.h"

#define TP_SECRET_BYTES 32

enum tp_status tp_secret_load(
	const struct tp_conf *conf, unsigned char secret[TP_SECRET_BYTES], struct tp_error *err);

#endif
