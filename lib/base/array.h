/* Lists in one piece of memory that grow by doubling, so that a million items are twenty moves. */
#ifndef TP_BASE_ARRAY_H
#define TP_BASE_ARRAY_H

#include <stddef.h>

/* The list of `count` items, with room behind them for one more: as it is, or moved to twice the room (at
 * first `least` items), which *cap then says. NULL when there is no memory: then the list is as it was. The
 * caller puts what comes back in its place:
 *
 *   struct foo *list = tp_array_room(x->list, x->count, &x->cap, 16, sizeof *list);
 *
 *   if (!list)
 *           return tp_fail(err, TP_NOMEM, "out of memory");
 *   x->list = list;
 *   x->list[x->count++] = ...
 */
void *tp_array_room(void *list, size_t count, size_t *cap, size_t least, size_t item_bytes);

#endif
