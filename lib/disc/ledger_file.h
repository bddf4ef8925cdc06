/* The facts of a disc as a file: disc/NNNNNNNN.json, one JSON object. Private to lib/disc. */
#ifndef TP_DISC_LEDGER_FILE_H
#define TP_DISC_LEDGER_FILE_H

#include "disc/ledger.h"

/* TP_NOTHING: there is none; TP_DATA: damaged, with a sentence that says how to get on. */
enum tp_status tp_ledger_read(
	struct tp_archive *archive, uint32_t number, struct tp_disc *disc, struct tp_error *err);
/* True for what is wrong with a file of a disc, or with its disk, rather than with us. */
bool tp_ledger_is_damage(enum tp_status status);
/* The lock of who writes in the folder `disc`: held until *fd is closed, which may be -1 after a failure. */
enum tp_status tp_discs_lock(struct tp_archive *archive, int *fd, struct tp_error *err);
/* Replaces it whole. Under that lock. */
enum tp_status tp_ledger_write(
	struct tp_archive *archive, const struct tp_disc *disc, struct tp_error *err);

#endif
