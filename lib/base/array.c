/* Lists that grow: see array.h. */
#include "base/array.h"

#include "base/banned.h"

void *tp_array_room(void *list, size_t count, size_t *cap, size_t least, size_t item_bytes)
{
	size_t wanted = *cap ? 2 * *cap : least;
	void *larger;

	if (count < *cap)
		return list;
	larger = reallocarray(list, wanted, item_bytes);
	if (larger)
		*cap = wanted;
	return larger;
}
