/* What the event log tells of discs, for a check. Private to check*.c. */
#ifndef TP_DISC_CHECK_TOLD_H
#define TP_DISC_CHECK_TOLD_H

#include "disc/ledger.h"

struct tp_told_disc {
	char serial[TP_SERIAL_LEN + 1];
	bool left;  /* packs left for it: its index was written before */
	bool found; /* in the ledger */
};

struct tp_told {
	struct tp_told_disc *discs;
	size_t count, cap;
};

/* Discs that something has become of; that one was made says nothing, for its event comes before its facts.
 * A log that cannot be read whole tells what stands before the damage, which archive/check.h names. */
enum tp_status tp_told_read(struct tp_archive *archive, struct tp_told *told, struct tp_error *err);
void tp_told_release(struct tp_told *told);

bool tp_told_has_left(const struct tp_told *told, const char *serial);
void tp_told_found(struct tp_told *told, const char *serial);
/* Gives those that were not found. */
typedef void tp_told_each(void *context, const char *serial);
void tp_told_unknown(const struct tp_told *told, tp_told_each *each, void *context);

#endif
