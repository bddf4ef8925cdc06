/*
 * Reading ahead: see image_parts.h. A thread fills batches with mails, as many as there are slots, while the
 * caller's still makes the head, and later while it works on those that are full. Mails that lie in one
 * batch are read straight into it, and proven by whoever has less to do: here as long as nothing is taken
 * or half of the slots are full, else by the caller's thread. Those that do not are proven before
 * they are cut.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/parallel.h"
#include "disc/image_parts.h"

/* What is read before the head is there is time won; but memory that is new costs time, too. The head's tree
 * takes memory for each mail, so of many mails less is read. */
#define MOST_BYTES      ((size_t)36 << 20)
#define LESS_FOR_A_MAIL 64 /* bytes */
#define LEAST_SLOTS     4
#define HUGE_PAGE       ((size_t)2 << 20)

#define MAILS_MAX (TP_IMAGE_BATCH / TP_SECTOR) /* of a batch: none takes less than a sector */

/* Who waits that long for a free slot lets go of the archive: the image goes to a burner. */
#define STALL_MS 100

struct tp_ahead {
	struct tp_image *image;
	pthread_t thread;
	bool started;
	struct tp_ahead_batch *slots;
	size_t slot_count;
	unsigned char *bytes;         /* of all slots */
	struct tp_ahead_batch *batch; /* the one being filled */
	uint64_t left;                /* bytes of mails and tail that no full batch has */
	/* between the threads */
	pthread_mutex_t gate;
	pthread_cond_t changed;
	struct tp_ahead_batch *
		*spare; /* free slots: the one freed last, which a cache still has, goes first */
	size_t spare_count;
	struct tp_ahead_batch **queue; /* full ones in order, number k at k % slot_count */
	uint64_t filled, taken;        /* batches */
	struct tp_ahead_batch *held;   /* the one taken last; NULL: none */
	bool ended, stopped;
	enum tp_status status;
	struct tp_error err;
};

/* --- proof ------------------------------------------------------------------------------------ */

/* Hashes two texts; they may be the same. */
static bool is_proven(const struct tp_ahead_batch *batch, const struct tp_ahead_mail *a,
	const struct tp_ahead_mail *b, const struct tp_ahead_mail **bad)
{
	const void *const bytes[2] = { batch->bytes + a->at, batch->bytes + b->at };
	const size_t len[2] = { a->len, b->len };
	unsigned char hash[2][TP_SHA256_BYTES];

	tp_sha256_two(bytes, len, hash);
	*bad = memcmp(hash[0], a->sha256, sizeof hash[0]) ? a : b;
	return *bad == b && !memcmp(hash[1], b->sha256, sizeof hash[1]);
}

const struct tp_ahead_mail *tp_ahead_prove(struct tp_ahead_batch *batch)
{
	const struct tp_ahead_mail *bad;

	for (size_t i = 0; i < batch->mail_count; i += 2) {
		size_t other = i + 1 < batch->mail_count ? i + 1 : i;

		if (!is_proven(batch, &batch->mails[i], &batch->mails[other], &bad))
			return bad;
	}
	/* Nobody has to look again. */
	batch->mail_count = 0;
	return NULL;
}

/* --- the reader's thread ---------------------------------------------------------------------- */

/* True when a slot became free in time, or nobody wants more. */
static bool wait_shortly(struct tp_ahead *ahead)
{
	struct timespec until;
	int code = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += STALL_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (!code && !ahead->stopped && !ahead->spare_count)
		code = pthread_cond_timedwait(&ahead->changed, &ahead->gate, &until);
	return ahead->stopped || ahead->spare_count;
}

/* Waits for a slot that is free. TP_NOTHING: nobody wants more. */
static enum tp_status next_slot(struct tp_ahead *ahead)
{
	bool stopped;

	pthread_mutex_lock(&ahead->gate);
	if (!wait_shortly(ahead)) {
		pthread_mutex_unlock(&ahead->gate);
		tp_source_pause(ahead->image->source);
		pthread_mutex_lock(&ahead->gate);
	}
	while (!ahead->stopped && !ahead->spare_count)
		pthread_cond_wait(&ahead->changed, &ahead->gate);
	stopped = ahead->stopped;
	if (!stopped)
		ahead->batch = ahead->spare[--ahead->spare_count];
	pthread_mutex_unlock(&ahead->gate);
	if (stopped)
		return TP_NOTHING;
	ahead->batch->len = ahead->batch->mail_count = 0;
	return TP_OK;
}

static bool has_time(struct tp_ahead *ahead)
{
	bool has;

	pthread_mutex_lock(&ahead->gate);
	has = !ahead->taken || ahead->filled - ahead->taken >= ahead->slot_count / 2;
	pthread_mutex_unlock(&ahead->gate);
	return has;
}

/* A mail that is not what it was stays unproven: the caller finds it and says so. */
static void hand_over(struct tp_ahead *ahead)
{
	if (has_time(ahead))
		tp_ahead_prove(ahead->batch);
	ahead->left -= ahead->batch->len;
	pthread_mutex_lock(&ahead->gate);
	ahead->queue[ahead->filled++ % ahead->slot_count] = ahead->batch;
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
	enum tp_status status = ahead->left ? next_slot(ahead) : TP_OK;

	for (size_t k = 0; !status && k < image->mail_count; k++)
		status = read_mail(ahead, image->order[k], &err);
	if (!status)
		status = put(ahead, NULL, image->tail * TP_SECTOR);
	if (!status && ahead->left)
		status = tp_fail(&err, TP_INTERNAL, "the image is shorter than it was planned");
	tp_source_pause(image->source);
	pthread_mutex_lock(&ahead->gate);
	ahead->ended = true;
	ahead->status = status;
	ahead->err = err;
	pthread_cond_signal(&ahead->changed);
	pthread_mutex_unlock(&ahead->gate);
	return NULL;
}

/* --- the caller's ----------------------------------------------------------------------------- */

/* Slots that are not reached take no memory, for nothing is written there. */
static enum tp_status take_memory(struct tp_ahead *ahead, struct tp_error *err)
{
	size_t less = ahead->image->mail_count * LESS_FOR_A_MAIL;
	size_t slots = less < MOST_BYTES ? (MOST_BYTES - less) / TP_IMAGE_BATCH : 0;

	slots = slots > LEAST_SLOTS ? slots & ~(size_t)1 : LEAST_SLOTS;
	ahead->slots = calloc(slots, sizeof *ahead->slots);
	ahead->spare = calloc(slots, sizeof *ahead->spare);
	ahead->queue = calloc(slots, sizeof *ahead->queue);
	if (!ahead->slots || !ahead->spare || !ahead->queue)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	ahead->slot_count = ahead->spare_count = slots;
	/* In 4 KiB pages it would take longer to get that memory than to copy into it. */
	ahead->bytes = aligned_alloc(HUGE_PAGE, slots * TP_IMAGE_BATCH);
	if (!ahead->bytes)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	madvise(ahead->bytes, slots * TP_IMAGE_BATCH, MADV_HUGEPAGE);
	for (size_t i = 0; i < slots; i++) {
		struct tp_ahead_batch *slot = ahead->spare[i] = &ahead->slots[i];

		slot->bytes = ahead->bytes + i * TP_IMAGE_BATCH;
		slot->mails = malloc(MAILS_MAX * sizeof *slot->mails);
		if (!slot->mails)
			return tp_fail(err, TP_NOMEM, "image: out of memory");
	}
	return TP_OK;
}

/* Bytes behind the head. */
static uint64_t contents_of(const struct tp_image *image)
{
	uint64_t sectors = image->tail;

	for (size_t i = 0; i < image->mail_count; i++)
		sectors += tp_image_sectors_of(tp_source_size(image->source, i));
	return sectors * TP_SECTOR;
}

enum tp_status tp_ahead_start(struct tp_image *image, struct tp_ahead **out, struct tp_error *err)
{
	struct tp_ahead *ahead = calloc(1, sizeof *ahead);
	pthread_condattr_t attributes;
	enum tp_status status;

	*out = NULL;
	if (!ahead)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	ahead->image = image;
	ahead->left = contents_of(image);
	pthread_mutex_init(&ahead->gate, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&ahead->changed, &attributes);
	pthread_condattr_destroy(&attributes);
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
	struct tp_ahead *ahead, struct tp_ahead_batch **batch, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	pthread_mutex_lock(&ahead->gate);
	if (ahead->held) {
		ahead->spare[ahead->spare_count++] = ahead->held;
		ahead->held = NULL;
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
		*batch = ahead->held = ahead->queue[ahead->taken++ % ahead->slot_count];
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
	for (size_t i = 0; i < ahead->slot_count; i++) {
		free(ahead->slots[i].mails);
	}
	free(ahead->bytes);
	free(ahead->slots);
	free(ahead->spare);
	free(ahead->queue);
	pthread_cond_destroy(&ahead->changed);
	pthread_mutex_destroy(&ahead->gate);
	free(ahead);
}
