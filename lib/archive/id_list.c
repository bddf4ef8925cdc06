/* Ids from arguments and lists: see id_list.h. */
#include "archive/id_list.h"

#include <unistd.h>

#include "base/spool.h"

static enum tp_status add_id(struct tp_strings *ids, const char *text, struct tp_error *err)
{
	char id[TP_ID_LEN + 1];

	if (!tp_id_normalize(text, id))
		return tp_fail(err, TP_USAGE, "'%s' is not an id", text);
	return tp_strings_add(ids, id, err);
}

static enum tp_status read_ids(struct tp_strings *ids, struct tp_error *err)
{
	struct tp_spool list = TP_SPOOL_INIT;
	struct tp_buf word = TP_BUF_INIT(1024);
	enum tp_status status = tp_spool_read(&list, STDIN_FILENO, err);

	for (size_t i = 0; !status && i <= list.len; i++) {
		char byte = i < list.len ? list.data[i] : '\n';

		if (byte && !strchr(" \t\r\n", byte)) {
			tp_buf_addc(&word, byte);
			continue;
		}
		status = word.status ? tp_fail(err, TP_USAGE, "what is on stdin is no list of ids")
				     : TP_OK;
		if (!status && word.len)
			status = add_id(ids, word.data, err);
		tp_buf_clear(&word);
	}
	tp_buf_release(&word);
	tp_spool_release(&list);
	return status;
}

enum tp_status tp_id_list_take(
	struct tp_strings *ids, char *const *arguments, int count, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (int i = 0; !status && i < count; i++)
		status = strcmp(arguments[i], "-") ? add_id(ids, arguments[i], err)
						   : read_ids(ids, err);
	return status;
}
