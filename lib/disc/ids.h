/*
 * The mails of a disc by their ids: for who asks of each message of a pack whether it is on a disc. 20 bytes
 * a mail, as long as it is asked.
 */
#ifndef TP_DISC_IDS_H
#define TP_DISC_IDS_H

#include "archive/record.h"
#include "disc/ledger.h"

struct tp_disc_id {
	char id[TP_ID_LEN];
	uint32_t i; /* its number on the disc */
};

struct tp_disc_ids {
	struct tp_disc_id *list; /* by id */
	size_t count, cap;
};

/* TP_DATA: the disc's list is damaged; TP_NOINPUT: there is none; *ids is empty then. The caller releases
 * it. */
enum tp_status tp_disc_ids_load(struct tp_archive *archive, const struct tp_disc *disc,
	struct tp_disc_ids *ids, struct tp_error *err);
void tp_disc_ids_release(struct tp_disc_ids *ids);

/* NULL: not on that disc. `id` has TP_ID_LEN bytes. */
const struct tp_disc_id *tp_disc_ids_find(const struct tp_disc_ids *ids, const char *id);

#endif
