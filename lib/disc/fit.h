/*
 * From mails to an image that fits: the oldest mails that a disc has room for, their bag, and the image
 * that is ready to be written.
 */
#ifndef TP_DISC_FIT_H
#define TP_DISC_FIT_H

#include "disc/bag.h"
#include "disc/image.h"
#include "disc/plan.h"
#include "disc/source.h"

struct tp_fit {
	struct tp_bag *bag;
	struct tp_image *image;
};

/* Of `plan`, medium, ecc_percent, room and serial are given, the rest is filled in. What does not fit are
 * the source's mails from number plan->mails on. `about` is borrowed by the bag. TP_LIMIT: a mail that no
 * such disc can hold, named, wherever it stands in the list: the next disc could not begin with
 * it, either. Without `write` it is a plan alone, and no mail is read. */
enum tp_status tp_fit_make(struct tp_source *source, const struct tp_bag_about *about,
	struct tp_disc_plan *plan, bool write, struct tp_fit *fit, struct tp_error *err);
void tp_fit_release(struct tp_fit *fit);

#endif
