/*
 * Blocks that were decompressed and may be wanted again: whoever reads all messages of a pack in
 * order of arrival finds them spread over its blocks. One cache an archive, not one a pack, so that
 * memory does not grow with the number of packs that are open.
 */
#include "archive/pack_in.h"

#define SLOTS 24 /* of 2 MiB at most */

struct slot {
	const struct tp_pack *pack; /* NULL: empty */
	uint32_t index;
	uint64_t used; /* when, on the cache's own clock */
	struct tp_buf bytes;
};

struct tp_pack_cache {
	uint64_t clock;
	struct slot slots[SLOTS];
};

struct tp_buf *tp_pack_cache_get(
	struct tp_archive *archive, const struct tp_pack *pack, uint32_t index)
{
	struct tp_pack_cache *cache = archive->pack_cache;
	unsigned slots = archive->pack_cache_blocks ? archive->pack_cache_blocks : SLOTS;
	struct slot *oldest;

	if (!cache) {
		cache = archive->pack_cache = calloc(1, sizeof *cache);
		if (!cache)
			return NULL;
	}
	oldest = &cache->slots[0];
	for (unsigned i = 0; i < slots && i < SLOTS; i++) {
		struct slot *slot = &cache->slots[i];

		if (slot->pack == pack && slot->index == index) {
			slot->used = ++cache->clock;
			return &slot->bytes;
		}
		if (slot->used < oldest->used)
			oldest = slot;
	}
	tp_buf_clear(&oldest->bytes);
	oldest->bytes.max = TP_PACK_BLOCK_BYTES;
	oldest->pack = pack;
	oldest->index = index;
	oldest->used = ++cache->clock;
	return &oldest->bytes;
}

void tp_pack_cache_drop(struct tp_archive *archive, const struct tp_pack *pack)
{
	struct tp_pack_cache *cache = archive->pack_cache;

	for (int i = 0; cache && i < SLOTS; i++)
		if (cache->slots[i].pack == pack) {
			cache->slots[i].pack = NULL;
			cache->slots[i].used = 0;
			tp_buf_clear(&cache->slots[i].bytes);
		}
}

void tp_pack_cache_free(struct tp_pack_cache *cache)
{
	for (int i = 0; cache && i < SLOTS; i++)
		tp_buf_release(&cache->slots[i].bytes);
	free(cache);
}
