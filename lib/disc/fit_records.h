/*
 * The records of a source's mails one after the other, read ahead by a thread: to find and decode one takes
 * about as long as it takes a bag to make name, line and row of it. Private to fit.c.
 */
#ifndef TP_DISC_FIT_RECORDS_H
#define TP_DISC_FIT_RECORDS_H

#include "disc/source.h"

struct tp_fit_records;

/* Of mails 0 to `count` - 1. Until it is stopped nobody else may ask the source for records or contents. */
enum tp_status tp_fit_records_start(struct tp_source *source, size_t count,
	struct tp_fit_records **records, struct tp_error *err);
/* The next one, borrowed until the next call. What reading it failed with comes in its place. */
enum tp_status tp_fit_records_next(
	struct tp_fit_records *records, const struct tp_record **record, struct tp_error *err);
/* Ends the thread wherever it is; NULL does nothing. */
void tp_fit_records_stop(struct tp_fit_records *records);

#endif
