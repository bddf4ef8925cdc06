/* What DNS lists said: see dns_found.h. */
#include "greylist/dns_found.h"

#include <stdlib.h>
#include <string.h>

enum tp_status tp_dns_found_add(
	struct tp_dns_found *found, size_t zone, uint32_t answer, struct tp_error *err)
{
	if (found->count == found->cap) {
		size_t cap = found->cap ? found->cap * 2 : 8;
		struct tp_dns_listing *list = realloc(found->list, cap * sizeof *list);

		if (!list)
			return tp_fail(err, TP_NOMEM, "answers of DNS lists: out of memory");
		found->list = list;
		found->cap = cap;
	}
	found->list[found->count++] = (struct tp_dns_listing){ zone, answer };
	return TP_OK;
}

void tp_dns_found_release(struct tp_dns_found *found)
{
	free(found->list);
	*found = (struct tp_dns_found){ 0 };
}

static enum tp_status copy(
	struct tp_dns_found *to, const struct tp_dns_found *from, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	to->count = 0;
	for (size_t i = 0; !status && i < from->count; i++)
		status = tp_dns_found_add(to, from->list[i].zone, from->list[i].answer, err);
	return status;
}

/* Neighbours differ in the last bytes of an IPv4 address and in the middle of an IPv6 one. */
static size_t slot_of(const struct in6_addr *address)
{
	uint32_t hash = UINT32_C(0x811c9dc5);

	for (size_t i = 0; i < sizeof address->s6_addr; i++)
		hash = (hash ^ address->s6_addr[i]) * UINT32_C(0x01000193);
	return (hash ^ hash >> 16) % TP_DNS_CACHE_SLOTS;
}

enum tp_status tp_dns_cache_get(const struct tp_dns_cache *cache, const struct in6_addr *address,
	int64_t now, struct tp_dns_found *found, struct tp_error *err)
{
	const struct tp_dns_cached *slot = &cache->slots[slot_of(address)];

	if (!slot->since || slot->since > now || now - slot->since >= TP_DNS_CACHE_SECONDS ||
		memcmp(&slot->address, address, sizeof *address) != 0)
		return TP_NOTHING;
	return copy(found, &slot->found, err);
}

enum tp_status tp_dns_cache_put(struct tp_dns_cache *cache, const struct in6_addr *address,
	int64_t now, const struct tp_dns_found *found, struct tp_error *err)
{
	struct tp_dns_cached *slot = &cache->slots[slot_of(address)];
	enum tp_status status = copy(&slot->found, found, err);

	slot->address = *address;
	slot->since = status ? 0 : now;
	return status;
}

void tp_dns_cache_release(struct tp_dns_cache *cache)
{
	for (size_t i = 0; i < TP_DNS_CACHE_SLOTS; i++)
		tp_dns_found_release(&cache->slots[i].found);
}
