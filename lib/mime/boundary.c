/* The open boundaries: see boundary.h. */
#include "mime/boundary.h"

#include <sys/random.h>

struct tp_boundary_level {
	uint64_t hash;
	size_t text; /* where the boundary begins in open->text */
	uint32_t len;
	uint32_t part;
	uint32_t below; /* next in the bucket, further out: index + 1 */
};

#define PRIME ((UINT64_C(1) << 61) - 1)

/* The point where polynomials are taken, from 2 to the prime. Tools scan in one thread. */
static uint64_t hash_key(void)
{
	static uint64_t key;
	uint64_t drawn;

	if (key)
		return key;
	/* Before the kernel has randomness, the place of the stack must do. */
	if (getrandom(&drawn, sizeof drawn, GRND_NONBLOCK) != (ssize_t)sizeof drawn)
		drawn = (uint64_t)(uintptr_t)&drawn * UINT64_C(0x9e3779b97f4a7c15);
	key = drawn % (PRIME - 2) + 2;
	return key;
}

/* a * b modulo the prime, where 2^61 is 1: what is above bit 61 is added below. */
static uint64_t multiply(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	uint64_t sum = (uint64_t)(product & PRIME) + (uint64_t)(product >> 61);

	sum = (sum & PRIME) + (sum >> 61);
	return sum >= PRIME ? sum - PRIME : sum;
}

static uint64_t hash_of(const char *text, size_t len)
{
	uint64_t key = hash_key();
	uint64_t hash = len;
	uint64_t word;

	/* Seven bytes at a time stay below the prime. */
	for (size_t i = 0; i < len; i += 7) {
		word = 0;
		memcpy(&word, text + i, len - i < 7 ? len - i : 7);
		hash = multiply(hash + word, key);
	}
	return hash;
}

void tp_boundaries_init(struct tp_boundaries *open)
{
	memset(open, 0, sizeof *open);
	tp_buf_init(&open->text, SIZE_MAX - 1);
}

void tp_boundaries_release(struct tp_boundaries *open)
{
	free(open->levels);
	tp_buf_release(&open->text);
	tp_boundaries_init(open);
}

static bool grow(struct tp_boundaries *open)
{
	uint32_t cap = open->cap ? open->cap * 2 : 8;
	struct tp_boundary_level *levels = realloc(open->levels, cap * sizeof *levels);

	if (!levels)
		return false;
	open->levels = levels;
	open->cap = cap;
	return true;
}

bool tp_boundaries_push(struct tp_boundaries *open, uint32_t part, const char *boundary, size_t len)
{
	struct tp_boundary_level *level;
	uint32_t *bucket;

	if (open->count == open->cap && !grow(open))
		return false;
	level = &open->levels[open->count];
	level->hash = hash_of(boundary, len);
	level->text = open->text.len;
	level->len = (uint32_t)len;
	level->part = part;
	if (!tp_buf_add(&open->text, boundary, len))
		return false;
	bucket = &open->buckets[level->hash % TP_BOUNDARY_BUCKETS];
	level->below = *bucket;
	*bucket = ++open->count;
	if (len > open->longest)
		open->longest = len;
	return true;
}

/* The innermost level is the first of its bucket, as later ones were put in front. */
void tp_boundaries_pop(struct tp_boundaries *open)
{
	const struct tp_boundary_level *level = &open->levels[--open->count];

	open->buckets[level->hash % TP_BOUNDARY_BUCKETS] = level->below;
	tp_buf_truncate(&open->text, level->text);
}

uint32_t tp_boundaries_innermost(const struct tp_boundaries *open)
{
	return open->count ? open->levels[open->count - 1].part : TP_PART_NONE;
}

/* Index + 1 of the innermost level with that boundary, 0 without any. */
static uint32_t find(const struct tp_boundaries *open, const char *text, size_t len)
{
	const struct tp_boundary_level *level;
	uint64_t hash;
	uint32_t i;

	if (len == 0 || len > open->longest)
		return 0;
	hash = hash_of(text, len);
	for (i = open->buckets[hash % TP_BOUNDARY_BUCKETS]; i; i = level->below) {
		level = &open->levels[i - 1];
		if (level->hash == hash && level->len == len &&
			!memcmp(open->text.data + level->text, text, len))
			return i;
	}
	return 0;
}

/* A boundary may itself end in two dashes, so both readings are looked up and the inner one wins.
 */
uint32_t tp_boundaries_match(
	const struct tp_boundaries *open, const char *text, size_t len, bool *closing)
{
	uint32_t as_delimiter = find(open, text, len);
	uint32_t as_closing = 0;

	if (len > 2 && text[len - 1] == '-' && text[len - 2] == '-')
		as_closing = find(open, text, len - 2);
	*closing = as_closing > as_delimiter;
	if (!as_closing && !as_delimiter)
		return TP_PART_NONE;
	return open->levels[(*closing ? as_closing : as_delimiter) - 1].part;
}
