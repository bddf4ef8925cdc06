/*
 * Putting mail into an archive: stored, fsynced, the way back proven, then acknowledged.
 *
 * The order is: shared lock; the delivery's lock; is it there already; blobs; journal record; fsync;
 * the message read back from what was written and compared. A full journal is sealed afterwards by
 * a process of its own (archive-rotate --seal), so that no mail waits for it.
 */
#ifndef TP_ARCHIVE_PUT_H
#define TP_ARCHIVE_PUT_H

#include "archive/archive.h"
#include "archive/record.h"

struct tp_put_request {
	const char *data;
	size_t len;
	const char *sender;             /* NULL: from the header */
	const struct tp_strings *rcpts; /* empty: from the header */
	int64_t arrival_ms;             /* 0: now, unless */
	bool dated;                     /* it counts as it is: 0 is the beginning of 1970 */
	const char *actor;              /* NULL: "uid N" */
};

struct tp_put_result {
	char id[TP_ID_LEN + 1];
	bool known; /* that delivery was there already */
	/* It was there in a pack, under this id, and could not be read back: stored again. Else "" */
	char damaged[TP_ID_LEN + 1];
	uint64_t stored_bytes; /* newly written */
	uint32_t holes;        /* base64 bodies that were stored decoded */
};

enum tp_status tp_put(struct tp_archive *archive, const struct tp_put_request *request,
	struct tp_put_result *result, struct tp_error *err);

/* Many in a row: one journal is held, and what was put is durable and may be acknowledged when
 * tp_putter_flush returned. */
struct tp_putter;
enum tp_status tp_putter_new(
	struct tp_archive *archive, struct tp_putter **putter, struct tp_error *err);
enum tp_status tp_putter_put(struct tp_putter *putter, const struct tp_put_request *request,
	struct tp_put_result *result, struct tp_error *err);
enum tp_status tp_putter_flush(struct tp_putter *putter, struct tp_error *err);
/* Behind a flush, before a wait: lets go of the journal, too, so that a sealer may have it. */
void tp_putter_rest(struct tp_putter *putter);
void tp_putter_free(struct tp_putter *putter); /* what was not flushed may be there or not */

/* True when some journal became full within the last minutes: then sealing is due. (One that stays full is
 * damaged or cannot be sealed; the nightly rotation tries it again.) */
bool tp_put_wants_seal(struct tp_archive *archive);

#endif
