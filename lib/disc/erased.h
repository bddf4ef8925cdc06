/*
 * Erasing beside discs: nothing can be erased on a disc, so who erases is told which discs have the
 * mail, and who makes a disc asks, before it is recorded, whether all of its mails are still there. The
 * order closes the gap: the disc is recorded under the shared lock under which that was asked, and an
 * eraser asks the ledger when he has erased, which takes the exclusive lock. So one of the two learns of
 * the other.
 */
#ifndef TP_DISC_ERASED_H
#define TP_DISC_ERASED_H

#include "archive/view.h"
#include "disc/ledger.h"
#include "disc/source.h"

/* Whether the first `count` mails of the source are all still in the archive, or on another disc. An erasure
 * that was interrupted is finished first. *view holds the shared lock from then on; the caller records
 * the disc and closes it, in any case. TP_DATA: some were erased, each of which is reported. */
enum tp_status tp_disc_confirm(struct tp_archive *archive, const struct tp_source *source,
	size_t count, tp_source_report *report, void *context, struct tp_view **view,
	struct tp_error *err);

/* Gives every disc that has one of these ids, lost ones, too. TP_DATA at the end: of some disc that cannot be
 * told. */
typedef void tp_disc_has(
	void *context, const struct tp_disc *disc, const struct tp_disc_mail *mail);
enum tp_status tp_disc_holding(struct tp_archive *archive, const char *const *ids, size_t count,
	tp_disc_has *each, void *context, struct tp_error *err);

#endif
