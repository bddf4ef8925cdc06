/* Links as if everything that a plan lets go had been uploaded: digest and size are the real ones. */
#ifndef TP_T_FAKE_LINKS_H
#define TP_T_FAKE_LINKS_H

#include "base/digest.h"
#include "base/hex.h"
#include "drop/detach.h"
#include "mime/content.h"

struct fake_digest {
	struct tp_sha256 *sha;
	uint64_t size;
};

static enum tp_status fake_piece(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct fake_digest *digest = context;

	digest->size += len;
	return tp_sha256_add(digest->sha, bytes, len, err);
}

static void fake_link(
	const struct tp_detach *detach, const struct tp_plan_item *item, struct tp_link *link)
{
	const struct tp_part *part = &detach->tree->parts[item->part];
	bool whole = item->decision == TP_WRAPPED;
	struct tp_range range = { whole ? part->header.begin : part->body.begin, part->body.end };
	unsigned char bytes[TP_SHA256_BYTES];
	struct fake_digest digest = { NULL, 0 };

	*link = (struct tp_link)TP_LINK_INIT;
	if (tp_sha256_new(&digest.sha, NULL) ||
		tp_content_read(detach->data, range,
			whole ? TP_ENCODING_IDENTITY : (enum tp_encoding)part->encoding, fake_piece,
			&digest, NULL) ||
		tp_sha256_end(digest.sha, bytes, NULL))
		abort();
	tp_sha256_free(digest.sha);
	tp_hex(bytes, sizeof bytes, link->sha256);
	link->size_bytes = digest.size;
	link->expires = 1797000000;
	link->url = strdup("https://drop.example/t/0123456789abcdef0123456789abcdef/file");
	link->name = strdup(item->name);
	link->type = strdup(item->type);
}

/* Fills detach->links; to be released with tp_detach_release. */
static void fake_links(struct tp_detach *detach)
{
	detach->links = calloc(detach->plan->leaving + 1, sizeof *detach->links);
	for (size_t i = 0; i < detach->plan->count; i++)
		if (detach->plan->items[i].decision != TP_STAYS)
			fake_link(detach, &detach->plan->items[i],
				&detach->links[detach->link_count++]);
}

#endif
