/* base/array: lists that grow. */
#include "base/array.h"
#include "tap.h"

#include <stdint.h>
#include <stdlib.h>

/* AddressSanitizer would end the process that asks for more than there is. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

int main(void)
{
	size_t count = 0, cap = 0, moves = 0, bad = 0;
	unsigned *list = NULL;

	while (count < 1000) {
		size_t before = cap;
		unsigned *room = tp_array_room(list, count, &cap, 3, sizeof *room);

		if (!room)
			return 99;
		bad += cap <= count || (before > count && (room != list || cap != before));
		moves += cap != before;
		list = room;
		list[count] = (unsigned)count;
		count++;
	}
	ok(!bad, "there is always room for one more, and it moves only when there was none");
	ok(cap == 1536 && moves == 10, "three at first, then twice as many: %zu in %zu moves", cap,
		moves);
	for (size_t i = 0; i < count; i++)
		bad += list[i] != i;
	ok(!bad, "items stay");
	count = cap;
	ok(!tp_array_room(list, count, &cap, 3, SIZE_MAX / cap) && cap == count,
		"without memory it says so, and nothing has changed");
	ok(list[999] == 999, "nor moved");
	free(list);
	return done_testing();
}
