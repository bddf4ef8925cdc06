/* The life of links: see expiry.h. */
#include "drop/expiry.h"

#include "base/buf.h"
#include "base/units.h"

enum tp_status tp_expiry_check(const struct tp_conf *conf, int64_t life, struct tp_error *err)
{
	int64_t most = tp_conf_seconds(conf, "drop.max_expire");
	struct tp_buf asked = TP_BUF_INIT(64), allowed = TP_BUF_INIT(64);
	enum tp_status status;

	if (life <= 0)
		return tp_fail(err, TP_USAGE, "the link would have expired already");
	if (life <= most)
		return TP_OK;
	tp_duration_format(life, &asked);
	tp_duration_format(most, &allowed);
	status = tp_fail(err, TP_USAGE, "a life of %s is longer than drop.max_expire allows (%s)",
		tp_buf_str(&asked), tp_buf_str(&allowed));
	tp_buf_release(&asked);
	tp_buf_release(&allowed);
	return status;
}
