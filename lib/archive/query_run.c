/*
 * Running a query: chunks in order of arrival, threads that take the next one each, a heap of the
 * best hits so far. See query.h.
 */
#include "archive/query_run.h"

#include <pthread.h>
#include <sched.h>

#include "base/diag.h"
#include "base/parallel.h"

#define THREADS_MAX 4
/* Chunks that one thread looks through before others are started: most pages are full by then, and a
 * thread costs as much as looking through a chunk. */
#define ALONE 4
/* Matches that are passed over at once: what skipping may keep in memory. */
#define SKIP_AT_ONCE 65536
/* A segment may be damaged, and so may the one that is made for it, but not for ever. */
#define MENDS_MAX 1000

struct tp_search {
	struct tp_view *view;
	struct tp_compiled compiled;
	struct tp_scan *scan; /* the first thread's, and for showing */
	bool begun;           /* hits up to `last` were given */
	struct tp_hit last;
	uint64_t given;
};

/* One run: everything that threads share. */
struct run {
	struct tp_search *search;
	const struct tp_span **order;
	size_t count;
	bool all; /* all matches are counted: no chunk may be left out */
	pthread_mutex_t mutex;
	/* behind the mutex */
	size_t next;
	struct tp_hit *hits; /* a heap, the worst at its head, until it is sorted at the end */
	size_t most, hit_count;
	uint64_t total;
	enum tp_status status;
	struct tp_error err;
	const struct tp_span *damaged;
};

enum tp_status tp_search_new(struct tp_view *view, const struct tp_query_terms *terms,
	struct tp_search **search, struct tp_error *err)
{
	struct tp_search *q = calloc(1, sizeof *q);
	enum tp_status status;

	*search = NULL;
	if (!q)
		return tp_fail(err, TP_NOMEM, "query: out of memory");
	q->view = view;
	status = tp_compile(terms, &q->compiled, err);
	if (!status)
		status = tp_scan_new(&q->compiled, &q->scan, err);
	if (status)
		tp_search_free(q);
	else
		*search = q;
	return status;
}

enum tp_status tp_search_renew(struct tp_search *search, struct tp_error *err)
{
	/* No chunk of a segment that is gone may stay in use. */
	tp_scan_free(search->scan);
	search->scan = NULL;
	return tp_scan_new(&search->compiled, &search->scan, err);
}

void tp_search_free(struct tp_search *search)
{
	if (!search)
		return;
	tp_scan_free(search->scan);
	tp_compiled_release(&search->compiled);
	free(search);
}

/* --- order ----------------------------------------------------------------------------------- */

static int by_number(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* In order of arrival; what arrived in the same millisecond by id, and then by place. */
static int compare_hits(const struct tp_hit *a, const struct tp_hit *b)
{
	int order = a->arrival_ms < b->arrival_ms ? -1 : a->arrival_ms > b->arrival_ms;

	if (!order)
		order = memcmp(a->id, b->id, TP_ID_LEN);
	if (!order)
		order = by_number(a->place.in_journal, b->place.in_journal);
	if (!order)
		order = by_number(a->place.tier == TP_TIER_DISC, b->place.tier == TP_TIER_DISC);
	if (!order)
		order = by_number(a->place.number, b->place.number);
	return order ? order : by_number(a->place.at, b->place.at);
}

static bool comes_first(const struct run *run, const struct tp_hit *a, const struct tp_hit *b)
{
	int order = compare_hits(a, b);

	return run->search->compiled.asked->oldest_first ? order < 0 : order > 0;
}

/* --- the heap of hits ------------------------------------------------------------------------ */

static void swap_hits(struct tp_hit *a, struct tp_hit *b)
{
	struct tp_hit other = *a;

	*a = *b;
	*b = other;
}

/* The hit at `at` goes down past those that are worse. */
static void sink_hit(const struct run *run, size_t at, size_t count)
{
	for (;;) {
		size_t worst = at, child = 2 * at + 1;

		for (size_t c = child; c < child + 2 && c < count; c++)
			if (comes_first(run, &run->hits[worst], &run->hits[c]))
				worst = c;
		if (worst == at)
			return;
		swap_hits(&run->hits[at], &run->hits[worst]);
		at = worst;
	}
}

static void add_hit(struct run *run, const struct tp_hit *hit)
{
	size_t at;

	if (run->hit_count == run->most) {
		if (run->most && comes_first(run, hit, &run->hits[0])) {
			run->hits[0] = *hit;
			sink_hit(run, 0, run->hit_count);
		}
		return;
	}
	at = run->hit_count++;
	run->hits[at] = *hit;
	while (at && comes_first(run, &run->hits[(at - 1) / 2], &run->hits[at])) {
		swap_hits(&run->hits[at], &run->hits[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

static void sort_hits(struct run *run)
{
	for (size_t count = run->hit_count; count > 1; count--) {
		swap_hits(&run->hits[0], &run->hits[count - 1]);
		sink_hit(run, 0, count - 1);
	}
}

/* --- chunks ---------------------------------------------------------------------------------- */

static const struct tp_chunk_range *range_of(const struct tp_span *span)
{
	return tp_segment_range(span->segment, span->chunk);
}

static int newest_first(const void *a, const void *b)
{
	int64_t x = range_of(*(const struct tp_span *const *)a)->last_ms;
	int64_t y = range_of(*(const struct tp_span *const *)b)->last_ms;

	return x > y ? -1 : x < y;
}

static int oldest_first(const void *a, const void *b)
{
	int64_t x = range_of(*(const struct tp_span *const *)a)->first_ms;
	int64_t y = range_of(*(const struct tp_span *const *)b)->first_ms;

	return x < y ? -1 : x > y;
}

/* All of the chunk comes before what was given last. */
static bool was_given(const struct run *run, const struct tp_chunk_range *range)
{
	const struct tp_search *search = run->search;

	if (!search->begun || run->all)
		return false;
	return search->compiled.asked->oldest_first ? range->last_ms < search->last.arrival_ms
						    : range->first_ms > search->last.arrival_ms;
}

static enum tp_status order_chunks(struct run *run, struct tp_error *err)
{
	struct tp_search *search = run->search;
	const struct tp_span *spans;
	size_t count;
	enum tp_status status =
		tp_view_spans(search->view, search->compiled.asked->tiers, &spans, &count, err);

	if (status)
		return status;
	run->order = calloc(count + 1, sizeof(const struct tp_span *));
	if (!run->order)
		return tp_fail(err, TP_NOMEM, "query: out of memory");
	for (size_t i = 0; i < count; i++)
		if (tp_scan_may_match(&search->compiled, range_of(&spans[i])) &&
			!was_given(run, range_of(&spans[i])))
			run->order[run->count++] = &spans[i];
	if (run->count)
		qsort(run->order, run->count, sizeof(const struct tp_span *),
			search->compiled.asked->oldest_first ? oldest_first : newest_first);
	return TP_OK;
}

/* The page is full, and this chunk and those behind it hold nothing that comes before its last. */
static bool is_done(const struct run *run, const struct tp_span *span)
{
	const struct tp_hit *worst = &run->hits[0];

	if (run->all || run->hit_count < run->most)
		return false;
	if (run->most == 0)
		return true;
	return run->search->compiled.asked->oldest_first
		       ? range_of(span)->first_ms > worst->arrival_ms
		       : range_of(span)->last_ms < worst->arrival_ms;
}

/* The next chunk to look through, NULL when there is none. */
static const struct tp_span *take_chunk(struct run *run)
{
	const struct tp_span *span = NULL;

	pthread_mutex_lock(&run->mutex);
	if (!run->status && run->next < run->count && !is_done(run, run->order[run->next]))
		span = run->order[run->next++];
	pthread_mutex_unlock(&run->mutex);
	return span;
}

static void describe_hit(struct run *run, const struct tp_span *span, const struct tp_rows *rows,
	size_t row, struct tp_hit *hit)
{
	hit->arrival_ms = rows->arrival_ms[row];
	hit->size_bytes = rows->size_bytes[row];
	hit->span = *span;
	hit->row = (uint32_t)row;
	tp_id_make(hit->arrival_ms, rows->tail[row], hit->id);
	tp_view_place(run->search->view, span, rows->at[row], &hit->place);
}

/* What was given last has gone from its journal into a pack since. */
static bool is_last_moved(const struct tp_search *search, const struct tp_hit *hit)
{
	return search->last.place.in_journal && !hit->place.in_journal &&
	       hit->place.tier != TP_TIER_DISC && !memcmp(search->last.id, hit->id, TP_ID_LEN);
}

/* In the wanted order, so that the first hit that comes too late ends it. */
static void add_hits(struct run *run, const struct tp_span *span, const struct tp_scan *scan,
	const struct tp_rows *rows)
{
	const struct tp_search *search = run->search;
	bool forward = search->compiled.asked->oldest_first;
	struct tp_hit hit;

	pthread_mutex_lock(&run->mutex);
	run->total += scan->live_count;
	for (size_t i = 0; i < rows->count; i++) {
		size_t row = forward ? i : rows->count - 1 - i;

		if (!scan->live[row])
			continue;
		describe_hit(run, span, rows, row, &hit);
		if (search->begun &&
			(!comes_first(run, &search->last, &hit) || is_last_moved(search, &hit)))
			continue;
		if (run->hit_count == run->most &&
			(!run->most || !comes_first(run, &hit, &run->hits[0])))
			break;
		add_hit(run, &hit);
	}
	pthread_mutex_unlock(&run->mutex);
}

static bool is_of_disc(const struct run *run, const struct tp_span *span)
{
	struct tp_place place;

	tp_view_place(run->search->view, span, 0, &place);
	return place.disc;
}

static void note_failure(struct run *run, const struct tp_span *span, enum tp_status status,
	const struct tp_error *err)
{
	pthread_mutex_lock(&run->mutex);
	if (!run->status) {
		run->status = status;
		run->err = *err;
		run->damaged = status == TP_DATA || (status == TP_IO && is_of_disc(run, span))
				       ? span
				       : NULL;
	}
	pthread_mutex_unlock(&run->mutex);
}

/* What another disc has is listed there. */
static void pass_over(struct tp_scan *scan, const struct tp_span *span, const struct tp_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		if (scan->live[i] && span->hidden[i]) {
			scan->live[i] = 0;
			scan->live_count--;
		}
}

/* Looks through at most `most` chunks. */
static void look_through(struct run *run, struct tp_scan *scan, size_t most)
{
	const struct tp_span *span;
	struct tp_error err = { TP_OK, "" };
	struct tp_rows rows;
	enum tp_status status;

	while (most-- > 0 && (span = take_chunk(run))) {
		status = tp_scan_chunk(scan, span, &rows, &err);
		if (!status && scan->live_count && span->hidden)
			pass_over(scan, span, &rows);
		if (status)
			note_failure(run, span, status, &err);
		else if (scan->live_count)
			add_hits(run, span, scan, &rows);
	}
}

/* --- threads --------------------------------------------------------------------------------- */

static void *help(void *context)
{
	struct run *run = context;
	struct tp_scan *scan;

	/* Without a helper the others do it all. */
	if (!tp_scan_new(&run->search->compiled, &scan, NULL)) {
		look_through(run, scan, SIZE_MAX);
		tp_scan_free(scan);
	}
	return NULL;
}

static size_t processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set))
		return 1;
	return (size_t)CPU_COUNT(&set);
}

static void look_together(struct run *run)
{
	pthread_t threads[THREADS_MAX];
	size_t count = 0, wanted = processors();

	look_through(run, run->search->scan, ALONE);
	wanted = wanted < THREADS_MAX ? wanted : THREADS_MAX;
	if (run->status || run->count - run->next <= ALONE || is_done(run, run->order[run->next]))
		wanted = 1;
	while (count + 1 < wanted && tp_thread_start(&threads[count], help, run))
		count++;
	look_through(run, run->search->scan, SIZE_MAX);
	while (count > 0)
		pthread_join(threads[--count], NULL);
}

/* --------------------------------------------------------------------------------------------- */

static enum tp_status run_once(struct run *run, struct tp_error *err)
{
	enum tp_status status = order_chunks(run, err);

	run->next = run->hit_count = 0;
	run->total = 0;
	run->status = TP_OK;
	run->damaged = NULL;
	if (!status) {
		look_together(run);
		status = run->status;
		if (status && err)
			*err = run->err;
	}
	if (!status)
		sort_hits(run);
	return status;
}

/* A cache is made again; what is known of a disc is not, and is left out. */
static enum tp_status mend(struct run *run, struct tp_error *err)
{
	struct tp_view *view = run->search->view;
	enum tp_status status = tp_search_renew(run->search, err);

	if (status)
		return status;
	if (is_of_disc(run, run->damaged)) {
		tp_view_leave_out(view, run->damaged, &run->err);
		return TP_OK;
	}
	tp_warn("%s: made again", run->err.text);
	return tp_view_mend(view, run->damaged, err);
}

/* Until no segment turns out damaged. */
static enum tp_status run_and_mend(struct run *run, struct tp_error *err)
{
	enum tp_status status = run_once(run, err);

	for (int i = 0; status && run->damaged && i < MENDS_MAX; i++) {
		status = mend(run, err);
		free(run->order);
		run->order = NULL;
		run->count = 0;
		if (!status)
			status = run_once(run, err);
	}
	return status;
}

enum tp_status tp_search_next(struct tp_search *search, struct tp_hit *hits, size_t most,
	size_t *count, uint64_t *total, struct tp_error *err)
{
	struct run run = { .search = search,
		.all = total != NULL,
		.hits = hits,
		.most = most,
		.mutex = PTHREAD_MUTEX_INITIALIZER };
	enum tp_status status = run_and_mend(&run, err);

	free(run.order);
	pthread_mutex_destroy(&run.mutex);
	*count = status ? 0 : run.hit_count;
	if (status)
		return status;
	if (total)
		*total = run.total;
	if (*count) {
		search->last = hits[*count - 1];
		search->begun = true;
	}
	return TP_OK;
}

enum tp_status tp_search_skip(struct tp_search *search, uint64_t skip, struct tp_error *err)
{
	size_t most = skip < SKIP_AT_ONCE ? (size_t)skip : SKIP_AT_ONCE, count = most;
	struct tp_hit *hits = calloc(most + 1, sizeof *hits);
	enum tp_status status = TP_OK;

	if (!hits)
		return tp_fail(err, TP_NOMEM, "query: out of memory");
	while (!status && skip > 0 && count == most) {
		most = skip < SKIP_AT_ONCE ? (size_t)skip : SKIP_AT_ONCE;
		status = tp_search_next(search, hits, most, &count, NULL, err);
		skip -= count;
	}
	free(hits);
	return status;
}

enum tp_status tp_search_show(struct tp_search *search, const struct tp_hit *hit,
	struct tp_record *record, struct tp_error *err)
{
	tp_chunk_turn(search->scan->chunk, hit->span.segment, hit->span.chunk);
	return tp_chunk_record(search->scan->chunk, hit->row, record, err);
}
