/*
 * Streams: what libisofs reads for content, in its writer's thread, one at a time and in order. The
 * bag's files are given to it. Mails are not: it knows their sizes, and is ended at the first
 * (image_parts.h).
 */
#ifdef TP_HAVE_LIBISOFS

#include <stdlib.h>
#include <string.h>

#include "disc/image_iso.h"

static struct tp_image_tree *tree_of(IsoStream *stream)
{
	return ((struct tp_image_slot *)stream->data)->tree;
}

static size_t slot_of(IsoStream *stream)
{
	return (size_t)((struct tp_image_slot *)stream->data - tree_of(stream)->slots);
}

static int note_failure(struct tp_image_tree *tree, const struct tp_error *err)
{
	pthread_mutex_lock(&tree->gate);
	if (!tree->status) {
		tree->status = err->status;
		tree->err = *err;
	}
	pthread_mutex_unlock(&tree->gate);
	return ISO_FILE_READ_ERROR;
}

/* NULL: it is a mail's. */
static const struct tp_bag_file *file_of(IsoStream *stream)
{
	const struct tp_image_tree *tree = tree_of(stream);
	size_t i = slot_of(stream), mails = tree->image->mail_count;

	return i < mails ? NULL : &tree->files[i - mails];
}

static off_t stream_size(IsoStream *stream)
{
	const struct tp_bag_file *file = file_of(stream);

	return (off_t)(file ? file->size_bytes
			    : tp_source_size(tree_of(stream)->image->source, slot_of(stream)));
}

static int stream_open(IsoStream *stream)
{
	tree_of(stream)->at = 0;
	return 1;
}

static int stream_close(IsoStream *stream)
{
	struct tp_image_tree *tree = tree_of(stream);
	const struct tp_bag_file *file = file_of(stream);

	/* Empty ones may be opened or not. */
	pthread_mutex_lock(&tree->gate);
	if (file && file->size_bytes && tree->at == file->size_bytes)
		tree->given++;
	pthread_mutex_unlock(&tree->gate);
	return 1;
}

void tp_image_stamp(size_t i, unsigned char *bytes, size_t len)
{
	char text[32] = "";

	memset(bytes, 0, len);
	snprintf(text, sizeof text, "mail %zu", i);
	memcpy(bytes, text, len < sizeof text ? len : sizeof text);
}

static int stream_read(IsoStream *stream, void *bytes, size_t count)
{
	struct tp_image_tree *tree = tree_of(stream);
	const struct tp_bag_file *file = file_of(stream);
	uint64_t left = (uint64_t)stream_size(stream) - tree->at;
	struct tp_error err;

	if (count > left)
		count = (size_t)left;
	if (!file)
		tp_image_stamp(slot_of(stream), bytes, count);
	else if (tp_bag_read(tree->image->bag, file, tree->at, bytes, count, &err))
		return note_failure(tree, &err);
	tree->at += count;
	return (int)count;
}

static int stream_is_repeatable(IsoStream *stream)
{
	return 1;
}

/* What has one identity is stored once. */
static void stream_id(IsoStream *stream, unsigned *fs_id, dev_t *dev, ino_t *ino)
{
	*fs_id = 0x7470;
	*dev = 1;
	*ino = slot_of(stream) + 1;
}

/* Quicker than asking both for their identity and size. */
static int stream_compare(IsoStream *a, IsoStream *b)
{
	return (a->data > b->data) - (a->data < b->data);
}

static void stream_free(IsoStream *stream)
{
}

static int stream_update_size(IsoStream *stream)
{
	return 1;
}

static IsoStream *stream_input(IsoStream *stream, int flag)
{
	return NULL;
}

static IsoStreamIface streams = {
	.version = 3,
	.type = { 'u', 's', 'e', 'r' },
	.open = stream_open,
	.close = stream_close,
	.get_size = stream_size,
	.read = stream_read,
	.is_repeatable = stream_is_repeatable,
	.get_id = stream_id,
	.free = stream_free,
	.update_size = stream_update_size,
	.get_input_stream = stream_input,
	.cmp_ino = stream_compare,
};

IsoStream *tp_image_stream(struct tp_image_tree *tree, size_t i)
{
	IsoStream *stream = malloc(sizeof *stream);

	tree->slots[i].tree = tree;
	if (stream)
		*stream = (IsoStream){ .class = &streams, .refcount = 1, .data = &tree->slots[i] };
	return stream;
}

#endif
