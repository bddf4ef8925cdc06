/* The mails of a disc by their ids: see ids.h. */
#include "disc/ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "disc/contents.h"

#define FIRST 4096

/* Room grows with what the list really has: the ledger's number of mails is only a number. */
static enum tp_status add(
	void *context, uint64_t i, const struct tp_disc_mail *mail, struct tp_error *err)
{
	struct tp_disc_ids *ids = context;
	struct tp_disc_id *list =
		tp_array_room(ids->list, ids->count, &ids->cap, FIRST, sizeof *list);

	if (!list)
		return tp_fail(err, TP_NOMEM, "disc: out of memory");
	ids->list = list;
	memcpy(ids->list[ids->count].id, mail->id, TP_ID_LEN);
	ids->list[ids->count++].i = (uint32_t)i;
	return TP_OK;
}

static int compare(const void *left, const void *right)
{
	return memcmp(left, right, TP_ID_LEN);
}

enum tp_status tp_disc_ids_load(struct tp_archive *archive, const struct tp_disc *disc,
	struct tp_disc_ids *ids, struct tp_error *err)
{
	struct tp_contents *contents = NULL;
	enum tp_status status;

	*ids = (struct tp_disc_ids){ .list = NULL };
	status = tp_contents_open(archive, disc, &contents, err);
	if (!status)
		status = tp_contents_walk(contents, add, ids, err);
	tp_contents_close(contents);
	if (!status && ids->count != disc->mails)
		status = tp_fail(err, TP_DATA,
			"disc %s: its list has other mails than the ledger says", disc->serial);
	if (status)
		tp_disc_ids_release(ids);
	else if (ids->count)
		qsort(ids->list, ids->count, sizeof *ids->list, compare);
	return status;
}

void tp_disc_ids_release(struct tp_disc_ids *ids)
{
	free(ids->list);
	*ids = (struct tp_disc_ids){ .list = NULL };
}

const struct tp_disc_id *tp_disc_ids_find(const struct tp_disc_ids *ids, const char *id)
{
	if (!ids->count)
		return NULL;
	return bsearch(id, ids->list, ids->count, sizeof *ids->list, compare);
}
