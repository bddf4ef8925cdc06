/* Ids that a tool is given: as arguments, or in a list on stdin. */
#ifndef TP_ARCHIVE_ID_LIST_H
#define TP_ARCHIVE_ID_LIST_H

#include "archive/record.h"

/* Adds the ids of a command line, `-` being those on stdin: parted by NUL or any white space. TP_USAGE
 * names the first that is none. */
enum tp_status tp_id_list_take(
	struct tp_strings *ids, char *const *arguments, int count, struct tp_error *err);

#endif
