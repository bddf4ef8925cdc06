/* GMime, opened late: see gmime.h. */
#include "mime/gmime.h"

#include "base/library.h"

#define GMIME_FILE "libgmime-3.0.so.0"

static struct tp_gmime loaded;

enum tp_status tp_gmime_open(const struct tp_gmime **gmime, struct tp_error *err)
{
	static const struct tp_symbol all[] = {
		{ "g_mime_init", &loaded.init },
		{ "internet_address_list_parse", &loaded.list_parse },
		{ "internet_address_list_length", &loaded.list_length },
		{ "internet_address_list_get_address", &loaded.list_get },
		{ "internet_address_group_get_type", &loaded.group_type },
		{ "internet_address_group_get_members", &loaded.group_members },
		{ "internet_address_mailbox_get_addr", &loaded.mailbox_addr },
		{ "g_type_check_instance_is_a", &loaded.is_a },
		{ "g_object_unref", &loaded.unref },
	};
	enum tp_status status;

	*gmime = &loaded;
	if (loaded.ready)
		return TP_OK;
	status = tp_library_open(
		GMIME_FILE, "reading addresses needs GMime", all, sizeof all / sizeof *all, err);
	if (!status)
		loaded.init();
	loaded.ready = !status;
	return status;
}
