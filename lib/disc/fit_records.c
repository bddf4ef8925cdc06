/* Records read ahead: see fit_records.h. They lie in a ring, and are handed over in groups, so that the two
 * threads seldom meet. */
#include "disc/fit_records.h"

#include "base/parallel.h"

#define GROUP ((size_t)64)
#define RING  (4 * GROUP)

struct tp_fit_records {
	struct tp_source *source;
	size_t count;
	pthread_t thread;
	bool started;
	size_t next, there; /* the caller's: those before `there` can be taken */
	struct tp_record ring[RING];
	/* between the threads */
	pthread_mutex_t gate;
	pthread_cond_t changed;
	size_t filled, taken; /* records; those before `taken` are not looked at any more */
	bool ended, stopped;
	enum tp_status status; /* of the record number `filled`, when that is the end */
	struct tp_error err;
};

/* --- the reader's thread ---------------------------------------------------------------------- */

/* False: nobody wants more. */
static bool wait_for_room(struct tp_fit_records *r)
{
	bool stopped;

	pthread_mutex_lock(&r->gate);
	while (!r->stopped && r->filled - r->taken > RING - GROUP)
		pthread_cond_wait(&r->changed, &r->gate);
	stopped = r->stopped;
	pthread_mutex_unlock(&r->gate);
	return !stopped;
}

/* `more` records were read, and then it went as the status says. */
static void hand_over(
	struct tp_fit_records *r, size_t more, enum tp_status status, const struct tp_error *err)
{
	pthread_mutex_lock(&r->gate);
	r->filled += more;
	r->ended = status || r->filled == r->count;
	r->status = status;
	if (status)
		r->err = *err;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->gate);
}

static void *read_all(void *context)
{
	struct tp_fit_records *r = context;
	struct tp_error err = { TP_OK, "" };
	enum tp_status status = TP_OK;
	size_t at = 0;

	while (!status && at < r->count && wait_for_room(r)) {
		size_t n = 0, group = r->count - at < GROUP ? r->count - at : GROUP;

		while (!status && n < group) {
			status = tp_source_record(r->source, at, &r->ring[at % RING], &err);
			n += !status;
			at += !status;
		}
		hand_over(r, n, status, &err);
	}
	return NULL;
}

/* --- the caller's ----------------------------------------------------------------------------- */

enum tp_status tp_fit_records_start(struct tp_source *source, size_t count,
	struct tp_fit_records **records, struct tp_error *err)
{
	struct tp_fit_records *r = *records = calloc(1, sizeof *r);

	if (!r)
		return tp_fail(err, TP_NOMEM, "mails: out of memory");
	r->source = source;
	r->count = count;
	pthread_mutex_init(&r->gate, NULL);
	pthread_cond_init(&r->changed, NULL);
	r->started = tp_thread_start(&r->thread, read_all, r);
	if (r->started)
		return TP_OK;
	tp_fit_records_stop(r);
	*records = NULL;
	return tp_fail(err, TP_TEMPORARY, "mails: no thread can be started");
}

enum tp_status tp_fit_records_next(
	struct tp_fit_records *records, const struct tp_record **record, struct tp_error *err)
{
	struct tp_fit_records *r = records;

	/* A group is given back when it is behind us. */
	if (r->next % GROUP == 0) {
		pthread_mutex_lock(&r->gate);
		r->taken = r->next;
		pthread_cond_signal(&r->changed);
		while (!r->ended && r->filled < r->next + GROUP)
			pthread_cond_wait(&r->changed, &r->gate);
		r->there = r->filled;
		pthread_mutex_unlock(&r->gate);
	}
	if (r->next < r->there) {
		*record = &r->ring[r->next++ % RING];
		return TP_OK;
	}
	/* Less than a group: the thread has ended. */
	if (!r->status)
		return tp_fail(err, TP_INTERNAL, "mails: more are asked for than there are");
	return tp_fail(err, r->status, "%s", r->err.text);
}

void tp_fit_records_stop(struct tp_fit_records *records)
{
	if (!records)
		return;
	pthread_mutex_lock(&records->gate);
	records->stopped = true;
	pthread_cond_signal(&records->changed);
	pthread_mutex_unlock(&records->gate);
	if (records->started)
		pthread_join(records->thread, NULL);
	for (size_t i = 0; i < RING; i++)
		tp_record_release(&records->ring[i]);
	pthread_cond_destroy(&records->changed);
	pthread_mutex_destroy(&records->gate);
	free(records);
}
