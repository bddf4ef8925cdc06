/*
 * Reading ahead: see image_parts.h. A thread fills batches, as many as there are slots, while the caller's
 * works on those that are full. Mails that lie in one batch are read straight into it and proven by the
 * caller's thread, for hashing costs about as much as decompressing, and there are two processors.
 * Those that do not are proven here, before they are cut.
 */
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "disc/image_parts.h"

#define SLOTS     4
#define MAILS_MAX (TP_IMAGE_BATCH / TP_SECTOR) /* of a batch: none takes less than a sector */

struct tp_ahead {
	struct tp_image *image;
	pthread_t thread;
	bool started;
	struct tp_ahead_batch slots[SLOTS];
	struct tp_ahead_batch *batch; /* the one being filled */
	uint64_t left;                /* bytes of the image that no full batch has */
	/* between the threads */
	pthread_mutex_t gate;
	pthread_cond_t changed;
	uint64_t filled, taken; /* batches; the one taken last is still looked at */
	bool held, ended, stopped;
	enum tp_status status;
	struct tp_error err;
};

/* --- the reader's thread ---------------------------------------------------------------------- */

/* Waits for a slot that is free. TP_NOTHING: nobody wants more. */
static enum tp_status next_slot(struct tp_ahead *ahead)
{
	bool stopped;

	pthread_mutex_lock(&ahead->gate);
	while (!ahead->stopped && ahead->filled - ahead->taken + ahead->held == SLOTS)
		pthread_cond_wait(&ahead->changed, &ahead->gate);
	stopped = ahead->stopped;
	pthread_mutex_unlock(&ahead->gate);
	ahead->batch = &ahead->slots[ahead->filled % SLOTS];
	ahead->batch->len = ahead->batch->mail_count = 0;
	return stopped ? TP_NOTHING : TP_OK;
}

static void hand_over(struct tp_ahead *ahead)
{
	ahead->left -= ahead->batch->len;
	pthread_mutex_lock(&ahead->gate);
	ahead->filled++;
	pthread_cond_signal(&ahead->changed);
	pthread_mutex_unlock(&ahead->gate);
}

static size_t room(const struct tp_ahead *ahead)
{
	return TP_IMAGE_BATCH - ahead->batch->len;
}

/* So many bytes were put behind batch->len, where there was room for them. */
static enum tp_status grew(struct tp_ahead *ahead, size_t len)
{
	ahead->batch->len += len;
	if (room(ahead) && ahead->batch->len < ahead->left)
		return TP_OK;
	hand_over(ahead);
	return ahead->left ? next_slot(ahead) : TP_OK;
}

/* Zeros when bytes is NULL. */
static enum tp_status put(struct tp_ahead *ahead, const char *bytes, uint64_t len)
{
	enum tp_status status = TP_OK;

	while (!status && len) {
		size_t n = len < room(ahead) ? (size_t)len : room(ahead);
		unsigned char *to = ahead->batch->bytes + ahead->batch->len;

		if (bytes)
			memcpy(to, bytes, n);
		else
			memset(to, 0, n);
		bytes = bytes ? bytes + n : NULL;
		len -= n;
		status = grew(ahead, n);
	}
	return status;
}

static enum tp_status read_head(struct tp_ahead *ahead, struct tp_error *err)
{
	uint64_t left = ahead->image->head;
	enum tp_status status = TP_OK;

	while (!status && left) {
		size_t n = room(ahead) / TP_SECTOR;

		n = left < n ? (size_t)left : n;
		left -= n;
		/* What may fail behind it comes before the batch that ends the image is given. */
		status = tp_image_head_read(
			ahead->image, ahead->batch->bytes + ahead->batch->len, n, err);
		if (!status && !left)
			status = tp_image_head_end(ahead->image, err);
		if (!status)
			status = grew(ahead, n * TP_SECTOR);
	}
	return status;
}

/* A mail that may lie in several batches, or in none. */
static enum tp_status read_proven(struct tp_ahead *ahead, size_t i, struct tp_error *err)
{
	struct tp_spool content;
	enum tp_status status = tp_source_content(ahead->image->source, i, &content, err);
	uint64_t padded = tp_image_sectors_of(content.len) * TP_SECTOR;

	if (!status && content.len != tp_source_size(ahead->image->source, i))
		status = tp_fail(err, TP_INTERNAL, "image: a mail has changed its size");
	if (!status)
		status = put(ahead, content.data, content.len);
	if (!status)
		status = put(ahead, NULL, padded - content.len);
	tp_spool_release(&content);
	return status;
}

static enum tp_status read_mail(struct tp_ahead *ahead, size_t i, struct tp_error *err)
{
	uint64_t size = tp_source_size(ahead->image->source, i);
	uint64_t padded = tp_image_sectors_of(size) * TP_SECTOR;
	unsigned char *to = ahead->batch->bytes + ahead->batch->len;
	struct tp_ahead_mail *mail;
	bool proven = false;
	enum tp_status status;

	if (!size || padded > room(ahead))
		return read_proven(ahead, i, err);
	mail = &ahead->batch->mails[ahead->batch->mail_count];
	*mail = (struct tp_ahead_mail){
		.number = (uint32_t)i, .at = (uint32_t)ahead->batch->len, .len = (uint32_t)size
	};
	status = tp_source_bytes(ahead->image->source, i, to, mail->sha256, &proven, err);
	if (status)
		return status;
	ahead->batch->mail_count += !proven;
	memset(to + size, 0, (size_t)(padded - size));
	return grew(ahead, (size_t)padded);
}

static void *read_all(void *context)
{
	struct tp_ahead *ahead = context;
	const struct tp_image *image = ahead->image;
	struct tp_error err = { TP_OK, "" };
	enum tp_status status = next_slot(ahead);

	if (!status)
		status = read_head(ahead, &err);
	for (size_t k = 0; !status && k < image->mail_count; k++)
		status = read_mail(ahead, image->order[k], &err);
	if (!status)
		status = put(ahead, NULL, image->tail * TP_SECTOR);
	if (!status && ahead->left)
		status = tp_fail(&err, TP_INTERNAL, "the image is shorter than it was planned");
	pthread_mutex_lock(&ahead->gate);
	ahead->ended = true;
	ahead->status = status;
	ahead->err = err;
	pthread_cond_signal(&ahead->changed);
	pthread_mutex_unlock(&ahead->gate);
	return NULL;
}

/* --- the caller's ----------------------------------------------------------------------------- */

static enum tp_status take_memory(struct tp_ahead *ahead, struct tp_error *err)
{
	for (int i = 0; i < SLOTS; i++) {
		struct tp_ahead_batch *slot = &ahead->slots[i];

		slot->bytes = malloc(TP_IMAGE_BATCH);
		slot->mails = calloc(MAILS_MAX, sizeof *slot->mails);
		if (!slot->bytes || !slot->mails)
			return tp_fail(err, TP_NOMEM, "image: out of memory");
	}
	return TP_OK;
}

enum tp_status tp_ahead_start(struct tp_image *image, struct tp_ahead **out, struct tp_error *err)
{
	struct tp_ahead *ahead = calloc(1, sizeof *ahead);
	enum tp_status status;

	*out = NULL;
	if (!ahead)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	ahead->image = image;
	ahead->left = image->sectors * TP_SECTOR;
	pthread_mutex_init(&ahead->gate, NULL);
	pthread_cond_init(&ahead->changed, NULL);
	status = take_memory(ahead, err);
	ahead->started = !status && tp_thread_start(&ahead->thread, read_all, ahead);
	if (!status && !ahead->started)
		status = tp_fail(err, TP_TEMPORARY, "image: no thread can be started");
	if (status)
		tp_ahead_stop(ahead);
	else
		*out = ahead;
	return status;
}

enum tp_status tp_ahead_take(
	struct tp_ahead *ahead, const struct tp_ahead_batch **batch, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	pthread_mutex_lock(&ahead->gate);
	if (ahead->held) {
		ahead->held = false;
		pthread_cond_signal(&ahead->changed);
	}
	while (!ahead->ended && ahead->filled == ahead->taken)
		pthread_cond_wait(&ahead->changed, &ahead->gate);
	if (ahead->status) {
		status = ahead->status;
		*err = ahead->err;
	} else if (ahead->filled == ahead->taken) {
		status = TP_NOTHING;
	} else {
		*batch = &ahead->slots[ahead->taken++ % SLOTS];
		ahead->held = true;
	}
	pthread_mutex_unlock(&ahead->gate);
	return status;
}

void tp_ahead_stop(struct tp_ahead *ahead)
{
	if (!ahead)
		return;
	pthread_mutex_lock(&ahead->gate);
	ahead->stopped = true;
	pthread_cond_signal(&ahead->changed);
	pthread_mutex_unlock(&ahead->gate);
	if (ahead->started)
		pthread_join(ahead->thread, NULL);
	for (int i = 0; i < SLOTS; i++) {
		free(ahead->slots[i].bytes);
		free(ahead->slots[i].mails);
	}
	pthread_cond_destroy(&ahead->changed);
	pthread_mutex_destroy(&ahead->gate);
	free(ahead);
}
