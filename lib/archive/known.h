/*
 * Is that delivery stored already, is that id taken? The question that every put asks first, in
 * packs (through their index segments) and in journals (through their tries). Private to put.c.
 *
 * Asked under the delivery's lock, so that no other process can be storing it meanwhile. Packs stay
 * as they are while the shared lock is held; journals of other writers grow, and are looked at anew
 * each time.
 */
#ifndef TP_ARCHIVE_KNOWN_H
#define TP_ARCHIVE_KNOWN_H

#include "archive/archive.h"
#include "archive/journal.h"
#include "archive/record.h"

struct tp_known;

enum tp_status tp_known_new(
	struct tp_archive *archive, struct tp_known **known, struct tp_error *err);
void tp_known_free(struct tp_known *known);

/* The shared lock was let go in between: packs and journals may have come and gone. */
void tp_known_forget(struct tp_known *known);

struct tp_known_place {
	struct tp_journal_reader *reader; /* NULL: it is in a pack. Borrowed until the next call */
	uint32_t number;                  /* of the journal */
	uint64_t offset;
	char id[TP_ID_LEN + 1];
};

/* Looks for the delivery, `own` (may be NULL) being the journal that we hold. TP_NOTHING. */
enum tp_status tp_known_delivery(struct tp_known *known, struct tp_journal *own,
	const unsigned char delivery[TP_SHA256_BYTES], struct tp_known_place *place,
	struct tp_error *err);

/* We are about to answer for the record at that place: tp_known_settle makes all such durable. */
void tp_known_trust(struct tp_known *known, const struct tp_known_place *place);
enum tp_status tp_known_settle(struct tp_known *known, struct tp_error *err);

/* Gives the message that tp_known_delivery found in a pack, checked against its hash (TP_DATA). */
enum tp_status tp_known_content(struct tp_known *known, const char *id, tp_press_sink *sink,
	void *context, struct tp_error *err);

/* TP_OK: a message has that id. TP_NOTHING: it is free. Journals are those that the question for the
 * delivery has just seen. */
enum tp_status tp_known_id(
	struct tp_known *known, struct tp_journal *own, const char *id, struct tp_error *err);

#endif
