/* A set of byte strings: see wordset.h. Open addressing, at most half full. */
#include "greylist/wordset.h"

static uint64_t hash_of(const unsigned char *bytes, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash ^ (hash >> 32);
}

static const unsigned char *string_at(const struct tp_wordset *set, uint32_t slot, size_t *len)
{
	const unsigned char *at = (const unsigned char *)set->bytes.data + slot - 1;

	*len = (size_t)at[0] << 8 | at[1];
	return at + 2;
}

/* The slot that holds the string, or the free one where it belongs. */
static size_t place_of(const struct tp_wordset *set, const void *bytes, size_t len)
{
	size_t at = hash_of(bytes, len) & (set->size - 1);

	for (; set->slots[at]; at = (at + 1) & (set->size - 1)) {
		size_t have;
		const unsigned char *string = string_at(set, set->slots[at], &have);

		if (have == len && !memcmp(string, bytes, len))
			break;
	}
	return at;
}

static enum tp_status grow(struct tp_wordset *set, struct tp_error *err)
{
	struct tp_wordset larger = *set;

	larger.size = set->size ? set->size * 2 : 64;
	larger.slots = calloc(larger.size, sizeof *larger.slots);
	if (!larger.slots)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (size_t i = 0; i < set->size; i++) {
		size_t len;
		const unsigned char *string;

		if (!set->slots[i])
			continue;
		string = string_at(set, set->slots[i], &len);
		larger.slots[place_of(&larger, string, len)] = set->slots[i];
	}
	free(set->slots);
	*set = larger;
	return TP_OK;
}

enum tp_status tp_wordset_add(
	struct tp_wordset *set, const void *bytes, size_t len, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	size_t at, offset = set->bytes.len;

	if (len > UINT16_MAX)
		return tp_fail(err, TP_LIMIT, "longer than %d bytes", UINT16_MAX);
	if (2 * (set->count + 1) > set->size)
		status = grow(set, err);
	if (status)
		return status;
	at = place_of(set, bytes, len);
	if (set->slots[at])
		return TP_OK;
	tp_buf_addc(&set->bytes, (char)(len >> 8));
	tp_buf_addc(&set->bytes, (char)(len & 0xff));
	tp_buf_add(&set->bytes, bytes, len);
	status = tp_buf_status(&set->bytes, "list", err);
	if (status)
		return status;
	set->slots[at] = (uint32_t)offset + 1;
	set->count++;
	return TP_OK;
}

bool tp_wordset_has(const struct tp_wordset *set, const void *bytes, size_t len)
{
	return set->size && set->slots[place_of(set, bytes, len)];
}

void tp_wordset_release(struct tp_wordset *set)
{
	tp_buf_release(&set->bytes);
	free(set->slots);
	set->slots = NULL;
	set->count = set->size = 0;
}
