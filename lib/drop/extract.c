/* Attachments as files, several at once: see extract.h. */
#include "drop/extract.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/parallel.h"
#include "drop/near.h"
#include "mime/content.h"

#define PUSH_BYTES ((uint64_t)2 << 20)

enum state { WAITING, RUNNING, DONE };

struct job {
	enum state state;
	enum tp_status status;
	struct tp_error err;
	struct tp_extract_file file;
};

struct tp_extractor {
	const struct tp_conf *conf;
	const char *data;
	const struct tp_extract_source *sources;
	struct job *jobs; /* beside the sources */
	size_t count;
	size_t begun; /* jobs that are RUNNING or DONE: always the first ones */
	size_t taken; /* files handed to the caller */
	size_t ahead; /* how far `begun` may run before `taken` */
	atomic_bool stop;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t threads[TP_PARALLEL_MAX];
	unsigned thread_count;
};

/* --- one file ---------------------------------------------------------------------------------- */

struct copy {
	const struct tp_extractor *x;
	int fd;
	bool near; /* the file is to become the store's as it is */
	struct tp_sha256 *sha;
	uint64_t size_bytes, pushed;
};

/* Sends what stands there on its way to the disk, once it is `step` bytes more, in whole steps. The
 * store will wait until all has arrived: the disk should work while we decode, not only then. */
static void push(struct copy *copy, uint64_t step)
{
	uint64_t len = (copy->size_bytes - copy->pushed) / step * step;

	if (!copy->near || !len)
		return;
	sync_file_range(copy->fd, (off_t)copy->pushed, (off_t)len, SYNC_FILE_RANGE_WRITE);
	copy->pushed += len;
}

static enum tp_status copy_piece(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct copy *copy = context;
	enum tp_status status = tp_sha256_add(copy->sha, bytes, len, err);

	if (atomic_load_explicit(&copy->x->stop, memory_order_relaxed))
		return tp_fail(err, TP_TEMPORARY, "the file is not needed any more");
	if (!status)
		status = tp_write_all(copy->fd, bytes, len, "temporary file", err);
	copy->size_bytes += len;
	push(copy, PUSH_BYTES);
	return status;
}

static enum tp_status extract(const struct tp_extractor *x, const struct tp_extract_source *source,
	struct tp_extract_file *file, struct tp_error *err)
{
	struct copy copy = { .x = x, .fd = -1 };
	unsigned char digest[TP_SHA256_BYTES];
	enum tp_status status = tp_near_tmpfile(x->conf, &copy.fd, &copy.near, err);

	if (!status)
		status = tp_sha256_new(&copy.sha, err);
	if (!status)
		status = tp_content_read(
			x->data, source->range, source->encoding, copy_piece, &copy, err);
	if (!status)
		status = tp_sha256_end(copy.sha, digest, err);
	tp_sha256_free(copy.sha);
	if (status) {
		if (copy.fd >= 0)
			close(copy.fd);
		return status;
	}
	push(&copy, 1);
	tp_hex(digest, sizeof digest, file->sha256);
	file->size_bytes = copy.size_bytes;
	file->fd = copy.fd;
	return TP_OK;
}

/* --- many, all under the lock but for the work itself ------------------------------------------ */

static void do_next(struct tp_extractor *x)
{
	struct job *job = &x->jobs[x->begun++];

	job->state = RUNNING;
	pthread_mutex_unlock(&x->lock);
	job->status = extract(x, &x->sources[job - x->jobs], &job->file, &job->err);
	pthread_mutex_lock(&x->lock);
	job->state = DONE;
	pthread_cond_broadcast(&x->changed);
}

static void *work(void *context)
{
	struct tp_extractor *x = context;

	pthread_mutex_lock(&x->lock);
	while (!x->stop && x->begun < x->count) {
		if (x->begun < x->taken + x->ahead)
			do_next(x);
		else
			pthread_cond_wait(&x->changed, &x->lock);
	}
	pthread_mutex_unlock(&x->lock);
	return NULL;
}

/* As many as there are processors: the caller, who starts uploads and waits for them, needs little of
 * any. Threads run ahead of him, so that none waits while he is busy. */
static void start_threads(struct tp_extractor *x)
{
	size_t wanted = tp_parallel_width();

	wanted = wanted < x->count ? wanted : x->count;
	pthread_mutex_lock(&x->lock);
	while (x->thread_count < wanted &&
		tp_thread_start(&x->threads[x->thread_count], work, x))
		x->thread_count++;
	x->ahead = x->thread_count ? 2 * (size_t)x->thread_count : 1;
	pthread_mutex_unlock(&x->lock);
}

enum tp_status tp_extract_begin(const struct tp_conf *conf, const char *data,
	const struct tp_extract_source *sources, size_t count, struct tp_extractor **extractor,
	struct tp_error *err)
{
	struct tp_extractor *x = calloc(1, sizeof *x);

	*extractor = NULL;
	if (x)
		x->jobs = calloc(count ? count : 1, sizeof *x->jobs);
	if (!x || !x->jobs) {
		free(x);
		return tp_fail(err, TP_NOMEM, "out of memory");
	}
	x->conf = conf;
	x->data = data;
	x->sources = sources;
	x->count = count;
	x->ahead = 1;
	for (size_t i = 0; i < count; i++)
		x->jobs[i].file.fd = -1;
	pthread_mutex_init(&x->lock, NULL);
	pthread_cond_init(&x->changed, NULL);
	start_threads(x);
	*extractor = x;
	return TP_OK;
}

enum tp_status tp_extract_next(
	struct tp_extractor *x, struct tp_extract_file *file, struct tp_error *err)
{
	struct job *job = &x->jobs[x->taken];

	pthread_mutex_lock(&x->lock);
	while (job->state != DONE) {
		if (!x->thread_count)
			do_next(x);
		else
			pthread_cond_wait(&x->changed, &x->lock);
	}
	x->taken++;
	pthread_cond_broadcast(&x->changed);
	pthread_mutex_unlock(&x->lock);
	*file = job->file;
	job->file.fd = -1;
	if (job->status && err)
		*err = job->err;
	return job->status;
}

void tp_extract_end(struct tp_extractor *x)
{
	if (!x)
		return;
	pthread_mutex_lock(&x->lock);
	x->stop = true;
	pthread_cond_broadcast(&x->changed);
	pthread_mutex_unlock(&x->lock);
	for (unsigned i = 0; i < x->thread_count; i++)
		pthread_join(x->threads[i], NULL);
	for (size_t i = 0; i < x->count; i++)
		if (x->jobs[i].file.fd >= 0)
			close(x->jobs[i].file.fd);
	pthread_cond_destroy(&x->changed);
	pthread_mutex_destroy(&x->lock);
	free(x->jobs);
	free(x);
}
