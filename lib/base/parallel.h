/*
 * Work that falls into pieces which need nothing of each other, done by as many threads as there are
 * processors. The caller is one of them, so it is done, only later, where no thread can be started.
 */
#ifndef TP_BASE_PARALLEL_H
#define TP_BASE_PARALLEL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Calls work(context, i) once for each i in [0, count), in no order, and returns when all are done.
 * `bytes` is how much will be read in all: below a few MiB to start a thread would cost more than it
 * gains, and the caller works alone. */
void tp_parallel(size_t count, size_t bytes, void (*work)(void *context, size_t i), void *context);

#define TP_PARALLEL_MAX 8

/* How many threads of ours can run at once: the processors that we may use, from 1 to
 * TP_PARALLEL_MAX. */
size_t tp_parallel_width(void);

/* Starts a thread of ours, which is to be joined. Its stack is small: nothing here recurses, and the C
 * library keeps the stacks of threads that ended, which count as memory. */
bool tp_thread_start(pthread_t *thread, void *(*begin)(void *), void *argument);

#endif
