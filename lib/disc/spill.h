/*
 * A file without a name that is written from begin to end, and read anywhere when it is whole: what a disc
 * has beside its mails, of which there may be more than memory should hold. Private to bag.c.
 */
#ifndef TP_DISC_SPILL_H
#define TP_DISC_SPILL_H

#include <stdint.h>

#include "base/buf.h"

struct tp_spill {
	int fd;
	uint64_t len; /* what is pending counted */
	struct tp_buf pending;
};

/* Not open; fine for tp_spill_close. */
#define TP_SPILL_INIT                                                                              \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* In TMPDIR. TP_IO, TP_CANTCREATE. */
enum tp_status tp_spill_open(struct tp_spill *spill, struct tp_error *err);
/* Appends. TP_IO, TP_NOMEM. */
enum tp_status tp_spill_add(
	struct tp_spill *spill, const void *bytes, size_t len, struct tp_error *err);
/* After the last bytes, before the first are read. */
enum tp_status tp_spill_flush(struct tp_spill *spill, struct tp_error *err);
/* Bytes [at, at + len), which must be there. */
enum tp_status tp_spill_read(
	const struct tp_spill *spill, uint64_t at, void *bytes, size_t len, struct tp_error *err);
/* One with fd -1 is not open, and fine. */
void tp_spill_close(struct tp_spill *spill);

#endif
