/*
 * Fills a state of greylist-check with entries, for the measurements of large ones:
 *
 *   greylist-fill FILE COUNT NOW
 *
 * Keys look as real ones do: many networks, some senders, few recipients; all wait since NOW.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "greylist/state.h"

#define AT_ONCE 100000

/* A key and where it stands in the file, for to write them in that order is ten times faster. Seven
 * of ten first, then the others between them, so that pages are as full as after a life: those of a
 * file that was written from its beginning to its end would all be split by what comes next. */
struct place {
	int64_t number;
	uint32_t i;
};

static void key_of(uint32_t i, char *text, size_t room)
{
	snprintf(text, room, "%u.%u.%u.0/24 sender-%u@domain%u.example recipient%u@ours.example",
		10 + (i >> 16) % 200, i >> 8 & 255, i & 255, i % 7, i % 1000, i % 500);
}

static int by_number(const void *a, const void *b)
{
	const struct place *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

static struct place *places_of(uint32_t count, const struct tp_entry *entry)
{
	struct place *places = calloc(count + 1, sizeof *places);
	char text[160];

	for (uint32_t i = 0; places && i < count; i++) {
		key_of(i, text, sizeof text);
		places[i] = (struct place){ tp_state_number(text, entry), i };
	}
	if (places)
		qsort(places, count, sizeof *places, by_number);
	return places;
}

static enum tp_status fill(
	struct tp_state *state, uint32_t count, int64_t now, struct tp_error *err)
{
	struct tp_entry entry = {
		.kind = TP_STATE_KEY, .first = now, .last = now, .until = now + 7 * 86400, .word = 1
	};
	struct place *places = places_of(count, &entry);
	enum tp_status status = places ? TP_OK : tp_fail(err, TP_NOMEM, "out of memory");
	uint32_t written = 0;
	char text[160];

	for (uint64_t i = 0; !status && i < 2 * (uint64_t)count; i++) {
		uint32_t at = (uint32_t)(i % count);

		if ((at % 10 < 7) != (i < count))
			continue;
		key_of(places[at].i, text, sizeof text);
		if (written % AT_ONCE == 0)
			status = tp_state_begin(state, true, err);
		if (!status)
			status = tp_state_put(state, text, &entry, now, err);
		if (!status && (++written % AT_ONCE == 0 || written == count))
			status = tp_state_end(state, true, err);
	}
	free(places);
	return status;
}

int main(int argc, char **argv)
{
	struct tp_state *state;
	struct tp_error err;
	enum tp_status status;

	if (argc != 4)
		return 64;
	status = tp_state_open(argv[1], 10000, false, &state, &err);
	if (!status) {
		status = fill(state, (uint32_t)strtoul(argv[2], NULL, 10),
			strtoll(argv[3], NULL, 10), &err);
		tp_state_close(state);
	}
	if (status)
		fprintf(stderr, "greylist-fill: %s\n", err.text);
	return status ? 1 : 0;
}
