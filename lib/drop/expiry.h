/* How long links may live: one rule for every tool that gives links. */
#ifndef TP_DROP_EXPIRY_H
#define TP_DROP_EXPIRY_H

#include "base/conf.h"

/* TP_USAGE when a link of `life` seconds is not allowed: it must live, and no longer than
 * drop.max_expire. */
enum tp_status tp_expiry_check(const struct tp_conf *conf, int64_t life, struct tp_error *err);

#endif
