/* base/parallel: every piece once, few and many, alone and together. */
#include "base/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define MANY 100000

static atomic_uchar calls[MANY];
static atomic_bool met;
static pthread_t first;

static void call(void *context, size_t i)
{
	*(atomic_size_t *)context += 1;
	calls[i]++;
}

/* The first piece waits until the second was begun, which takes another thread. */
static void meet(void *context, size_t i)
{
	if (i == 1)
		met = true;
	for (int tries = 0; i == 0 && !met && tries < 100000; tries++)
		usleep(100);
}

static void note_thread(void *context, size_t i)
{
	if (!pthread_equal(pthread_self(), first))
		*(bool *)context = false;
}

static void each_once(size_t count, size_t bytes)
{
	atomic_size_t sum = 0;
	size_t wrong = 0;

	memset(calls, 0, sizeof calls);
	tp_parallel(count, bytes, call, &sum);
	for (size_t i = 0; i < MANY; i++)
		wrong += calls[i] != (i < count);
	ok(sum == count && !wrong, "%zu pieces of %zu bytes: each once", count, bytes);
}

int main(void)
{
	bool alone = true;

	each_once(0, 0);
	each_once(0, SIZE_MAX);
	each_once(1, SIZE_MAX);
	each_once(3, 10);
	each_once(3, SIZE_MAX);
	each_once(MANY, 10);
	each_once(MANY, SIZE_MAX);
	first = pthread_self();
	tp_parallel(MANY, 1 << 20, note_thread, &alone);
	ok(alone, "a little work is done by the caller alone");
	ok(tp_parallel_width() >= 1, "%zu at once", tp_parallel_width());
	if (tp_parallel_width() > 1) {
		tp_parallel(2, SIZE_MAX, meet, NULL);
		ok(met, "much of it by several");
	} else {
		skip("much of it by several", "one processor");
	}
	return done_testing();
}
