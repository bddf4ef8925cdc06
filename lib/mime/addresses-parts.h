/* The two readers of address lists that addresses.c chooses from. Private to lib/mime and its tests. */
#ifndef TP_MIME_ADDRESSES_PARTS_H
#define TP_MIME_ADDRESSES_PARTS_H

#include "base/buf.h"

/* Reads an unfolded list written as nearly all are: `local@domain`, `Name <local@domain>`, `"Name"
 * <local@domain>`, all ASCII, parted by single commas. Appends what GMime would (text.h), and adds to
 * *count. False for anything else, whatever it may mean; *out is as it was then. */
bool tp_addresses_plain(const char *text, size_t len, struct tp_buf *out, size_t *count);

/* Reads any list, by GMime. */
enum tp_status tp_addresses_gmime(
	const char *text, struct tp_buf *out, size_t *count, struct tp_error *err);

#endif
