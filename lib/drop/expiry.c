/* The life of links: see expiry.h. */
#include "drop/expiry.h"

enum tp_status tp_expiry_check(const struct tp_conf *conf, int64_t life, struct tp_error *err)
{
	int64_t most = tp_conf_seconds(conf, "drop.max_expire");

	if (life <= 0)
		return tp_fail(err, TP_USAGE, "the link would have expired already");
	if (life > most)
		return tp_fail(err, TP_USAGE,
			"a life of %lld s is longer than drop.max_expire allows (%lld s)",
			(long long)life, (long long)most);
	return TP_OK;
}
