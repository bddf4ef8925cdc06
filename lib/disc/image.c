/*
 * The image: see image.h. What is in which order, and where; image_parts.h says who does the rest.
 */
#include <stdlib.h>

#include "disc/image_parts.h"

/* Contents with the same weight would stand in any order: each has its own, which is its rank. */
static enum tp_status rank(struct tp_image *image, struct tp_error *err)
{
	size_t mails = image->mail_count ? image->mail_count : 1;
	enum tp_status status;

	image->order = calloc(mails, sizeof *image->order);
	image->begins = calloc(mails, sizeof *image->begins);
	if (!image->order || !image->begins)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	status = tp_source_order(image->source, image->mail_count, image->order, err);
	for (size_t i = 0; !status && i < image->mail_count; i++)
		image->begins[image->order[i]] = (uint32_t)i;
	return status;
}

/* Where each mail begins, now that the size of the image is known: contents are the end of it. */
static void place(struct tp_image *image)
{
	uint64_t sector = image->sectors - image->tail;

	for (size_t k = image->mail_count; k-- > 0;) {
		sector -= tp_image_sectors_of(tp_source_size(image->source, image->order[k]));
		image->begins[image->order[k]] = (uint32_t)sector;
	}
	image->head = sector;
}

enum tp_status tp_image_new(const struct tp_bag *bag, struct tp_source *source, const char *serial,
	int64_t time, uint64_t tail, bool write, struct tp_image **out, struct tp_error *err)
{
	struct tp_image *image = calloc(1, sizeof *image);
	enum tp_status status;

	*out = NULL;
	if (!image)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	image->bag = bag;
	image->source = source;
	image->tail = tail;
	image->mail_count = tp_bag_mails(bag);
	tp_buf_init(&image->pieces, SIZE_MAX / 2);
	status = rank(image, err);
	if (!status && write)
		status = tp_ahead_start(image, &image->ahead, err);
	if (!status)
		status = tp_image_tree_new(image, serial, time, err);
	if (!status)
		place(image);
	if (status)
		tp_image_free(image);
	else
		*out = image;
	return status;
}

void tp_image_free(struct tp_image *image)
{
	if (!image)
		return;
	tp_ahead_stop(image->ahead);
	tp_image_tree_free(image->tree);
	tp_buf_release(&image->pieces);
	free(image->order);
	free(image->begins);
	free(image->begun);
	free(image);
}

uint64_t tp_image_sectors(const struct tp_image *image)
{
	return image->sectors;
}

void tp_image_place(const struct tp_image *image, size_t i, uint64_t *sector, uint64_t *sectors)
{
	*sector = image->begins[i];
	*sectors = tp_image_sectors_of(tp_source_size(image->source, i));
}
