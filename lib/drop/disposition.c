/* Content-Disposition: see disposition.h. */
#include "drop/disposition.h"

#include "base/utf8.h"

/* One `_` a character, not one a byte. */
static bool is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

bool tp_drop_disposition(const char *name, struct tp_buf *out)
{
	bool plain = true;

	tp_buf_adds(out, "attachment; filename=\"");
	for (const char *at = name; *at; at++) {
		unsigned char c = (unsigned char)*at;
		bool fits = c >= 0x20 && c < 0x7f && !strchr("\"\\%", c);

		plain = plain && fits;
		if (fits)
			tp_buf_addc(out, *at);
		else if (!is_continuation(c))
			tp_buf_addc(out, '_');
	}
	tp_buf_addc(out, '"');
	if (plain)
		return out->status == TP_OK;
	tp_buf_adds(out, "; filename*=UTF-8''");
	return tp_percent_encode(name, strlen(name), "!#$&+^`|", out);
}
