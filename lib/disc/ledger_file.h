/* The facts of a disc as a file: disc/NNNNNNNN.json, one JSON object. Private to lib/disc. */
#ifndef TP_DISC_LEDGER_FILE_H
#define TP_DISC_LEDGER_FILE_H

#include "disc/ledger.h"

/* Now, as the ledger writes it. A time before TP_LEDGER_EARLIEST is none: a clock that has just begun may
 * say 0, which means never, and one flipped bit in that 0 shall not be a step that a disc has come to. */
#define TP_LEDGER_EARLIEST 86400
int64_t tp_ledger_now(void);

/* TP_NOTHING: there is none; TP_DATA: damaged, with a sentence that says how to get on. */
enum tp_status tp_ledger_read(
	struct tp_archive *archive, uint32_t number, struct tp_disc *disc, struct tp_error *err);
/* True for what is wrong with a file of a disc, or with its disk, rather than with us. */
bool tp_ledger_is_damage(enum tp_status status);
/* Replaces it whole. Under the ledger's lock. */
enum tp_status tp_ledger_write(
	struct tp_archive *archive, const struct tp_disc *disc, struct tp_error *err);

#endif
