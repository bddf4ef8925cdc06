/* Work in pieces: see parallel.h. */
#include "base/parallel.h"

#include <sched.h>
#include <stdatomic.h>

#include "base/banned.h"

#define ALONE_BELOW ((size_t)4 << 20)
#define STACK       ((size_t)512 << 10)
#define TURNS       1024 /* a thread takes several pieces of very many */

struct crew {
	atomic_size_t next;
	size_t count;
	void (*work)(void *context, size_t i);
	void *context;
};

static void *run(void *argument)
{
	struct crew *crew = argument;
	size_t step = crew->count / TURNS + 1, from, to;

	while ((from = atomic_fetch_add(&crew->next, step)) < crew->count) {
		to = crew->count - from < step ? crew->count : from + step;
		for (size_t i = from; i < to; i++)
			crew->work(crew->context, i);
	}
	return NULL;
}

size_t tp_parallel_width(void)
{
	cpu_set_t set;

	/* It fails where there are more processors than fit, which is more than TP_PARALLEL_MAX. */
	if (sched_getaffinity(0, sizeof set, &set))
		return TP_PARALLEL_MAX;
	return CPU_COUNT(&set) < TP_PARALLEL_MAX ? (size_t)CPU_COUNT(&set) : TP_PARALLEL_MAX;
}

void tp_parallel(size_t count, size_t bytes, void (*work)(void *context, size_t i), void *context)
{
	struct crew crew = { 0, count, work, context };
	size_t wanted = count > 1 && bytes >= ALONE_BELOW ? tp_parallel_width() : 1;
	pthread_t helpers[TP_PARALLEL_MAX]; /* [0] is nobody: the caller */
	size_t started = 1;

	while (started < wanted && started < count &&
		tp_thread_start(&helpers[started], run, &crew))
		started++;
	run(&crew);
	while (started > 1)
		pthread_join(helpers[--started], NULL);
}

bool tp_thread_start(pthread_t *thread, void *(*begin)(void *), void *argument)
{
	pthread_attr_t attributes;
	bool started;

	if (pthread_attr_init(&attributes))
		return false;
	pthread_attr_setstacksize(&attributes, STACK);
	started = !pthread_create(thread, &attributes, begin, argument);
	pthread_attr_destroy(&attributes);
	return started;
}
