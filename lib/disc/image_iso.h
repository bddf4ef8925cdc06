/* What libisofs is given of an image. Private to image_tree.c and image_stream.c. */
#ifndef TP_DISC_IMAGE_ISO_H
#define TP_DISC_IMAGE_ISO_H

#include <pthread.h>
#include <stdint.h>

#define LIBISOFS_WITHOUT_LIBBURN
#include <libisofs/libisofs.h>

#include "disc/image_parts.h"

/* What stands behind a stream: its address says which. */
struct tp_image_slot {
	struct tp_image_tree *tree;
};

struct tp_image_folder; /* the one that is being filled */

struct tp_image_tree {
	struct tp_image *image;
	const struct tp_bag_file *files;
	size_t file_count;
	struct tp_image_slot *slots; /* mails, then files */
	int64_t time;
	IsoImage *iso;
	struct burn_source *burn;
	struct tp_image_folder *folder; /* NULL when the tree stands */
	/* the file that is being given, in the writer's thread */
	uint64_t at;
	/* files that were given whole, empty ones not counted, and the first failure: for both threads */
	pthread_mutex_t gate;
	uint64_t given;
	enum tp_status status;
	struct tp_error err;
};

/* The stream of slot i, which ends with its last reference. NULL: no memory. */
IsoStream *tp_image_stream(struct tp_image_tree *tree, size_t i);

/* What a mail's stream gives in place of its bytes: which mail it is, and zeros. */
void tp_image_stamp(size_t i, unsigned char *bytes, size_t len);

#endif
