/*
 * Fitting mails on a disc: see fit.h. The bag reckons along while mails are added. When the disc
 * is full it is made once more with those that fit: a page and a manifest cannot give back their last
 * mail, and a disc that is full is the rarer case. What libisofs then says is final.
 */
#include "disc/fit.h"

/* More than what the frame, the texts and the page of one mail take. */
#define LEAST_BESIDE 64

static void forget_mails(struct tp_disc_plan *plan)
{
	tp_disc_plan_release(plan);
	plan->mails = plan->bytes = plan->left_mails = plan->left_bytes = plan->sectors = 0;
}

/* Adds mails 0 to `limit` - 1 as long as they fit into `room` sectors. */
static enum tp_status fill(struct tp_source *source, size_t limit, uint64_t room,
	struct tp_bag *bag, struct tp_disc_plan *plan, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < limit; i++) {
		status = tp_source_record(source, i, &record, err);
		if (!status)
			status = tp_bag_add(bag, &record, err);
		if (status || tp_bag_sectors(bag) > room)
			break;
		status = tp_disc_plan_count(plan, record.arrival_ms, record.size_bytes, err);
	}
	tp_record_release(&record);
	return status;
}

static enum tp_status make_image(struct tp_source *source, const struct tp_bag_about *about,
	struct tp_disc_plan *plan, struct tp_fit *fit, struct tp_error *err)
{
	int64_t time = tp_bag_time(plan->last_ms);
	enum tp_status status =
		tp_image_new(fit->bag, source, about->serial, time, 0, &fit->image, err);
	uint64_t tail;

	if (status)
		return status;
	tail = tp_ecc_tail(&plan->medium, plan->ecc_percent, tp_image_sectors(fit->image));
	if (tail) {
		tp_image_free(fit->image);
		status =
			tp_image_new(fit->bag, source, about->serial, time, tail, &fit->image, err);
	}
	if (!status)
		plan->sectors = tp_image_sectors(fit->image);
	return status;
}

/* Either the image is made, or *limit and *room are what to try next. */
static enum tp_status attempt(struct tp_source *source, const struct tp_bag_about *about,
	struct tp_disc_plan *plan, size_t *limit, uint64_t *room, struct tp_fit *fit,
	struct tp_error *err)
{
	enum tp_status status = tp_bag_new(about, &fit->bag, err);

	forget_mails(plan);
	if (!status)
		status = fill(source, *limit, *room, fit->bag, plan, err);
	if (status || plan->mails < *limit) {
		*limit = plan->mails;
		tp_fit_release(fit);
		return status;
	}
	status = tp_bag_close(fit->bag, err);
	if (!status)
		status = make_image(source, about, plan, fit, err);
	if (status)
		return status;
	if (plan->sectors > plan->room) {
		uint64_t over = plan->sectors - plan->room;

		*room -= over < *room ? over : *room;
		tp_fit_release(fit);
	}
	return TP_OK;
}

static void name_too_large(struct tp_source *source, size_t i, uint64_t room)
{
	char said[160];

	snprintf(said, sizeof said,
		"%.16s: %llu bytes do not fit on a disc with room for %llu sectors",
		tp_source_id(source, i), (unsigned long long)tp_source_size(source, i),
		(unsigned long long)room);
	tp_source_bad(source, said);
}

static enum tp_status refuse(size_t count, struct tp_error *err)
{
	return tp_fail(err, TP_LIMIT, "%zu mail%s larger than the disc: nothing is written", count,
		count == 1 ? " is" : "s are");
}

/* Each is named, for all of them have to be taken from the list. */
static enum tp_status check_sizes(struct tp_source *source, uint64_t room, struct tp_error *err)
{
	size_t count = 0;

	for (size_t i = 0; i < tp_source_count(source); i++)
		if (tp_source_size(source, i) / TP_SECTOR + LEAST_BESIDE > room) {
			name_too_large(source, i, room);
			count++;
		}
	return count ? refuse(count, err) : TP_OK;
}

enum tp_status tp_fit_make(struct tp_source *source, const struct tp_bag_about *about,
	struct tp_disc_plan *plan, struct tp_fit *fit, struct tp_error *err)
{
	size_t limit = tp_source_count(source);
	uint64_t room = plan->room;
	enum tp_status status = check_sizes(source, room, err);

	*fit = (struct tp_fit){ NULL, NULL };
	while (!status && !fit->image) {
		status = attempt(source, about, plan, &limit, &room, fit, err);
		if (!status && !limit) {
			name_too_large(source, 0, plan->room);
			status = refuse(1, err);
		}
	}
	if (status)
		tp_fit_release(fit);
	for (size_t i = plan->mails; !status && i < tp_source_count(source); i++) {
		plan->left_mails++;
		plan->left_bytes += tp_source_size(source, i);
	}
	return status;
}

void tp_fit_release(struct tp_fit *fit)
{
	tp_image_free(fit->image);
	tp_bag_free(fit->bag);
	*fit = (struct tp_fit){ NULL, NULL };
}
