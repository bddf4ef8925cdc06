/*
 * What the site wants for a recipient: the general settings, and what greylist.rcpts says otherwise
 * of its address, its domain or a domain above (`.example.org`), the nearest one alone.
 *
 *   greylist:
 *     rcpts:
 *       sales@example.org: {off: yes}
 *       example.org: {always: yes, open: 5m, close: 2h}
 *       .example.net: {threshold: 3}
 */
#ifndef TP_GREYLIST_SITE_H
#define TP_GREYLIST_SITE_H

#include "base/conf.h"
#include "greylist/window.h"

struct tp_wish {
	bool off;    /* never made to wait */
	bool always; /* without a doubt, too */
	int64_t threshold;
	struct tp_window window;
};

struct tp_site;

/* TP_CONFIG with file, line and column. */
enum tp_status tp_site_new(const struct tp_conf *conf, struct tp_site **site, struct tp_error *err);
void tp_site_free(struct tp_site *site);

/* Never NULL. `rcpt` may be "": the general settings. */
const struct tp_wish *tp_site_wish(const struct tp_site *site, const char *rcpt);

#endif
