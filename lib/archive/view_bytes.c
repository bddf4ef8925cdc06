/* A message's bytes into memory: see view.h. */
#include "archive/view_parts.h"

struct target {
	char *bytes;
	size_t at, size;
};

static enum tp_status take(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct target *target = context;

	if (len > target->size - target->at)
		return tp_fail(err, TP_DATA, "the message is longer than it should be");
	memcpy(target->bytes + target->at, bytes, len);
	target->at += len;
	return TP_OK;
}

/* What cannot be had the short way is read the long one, which also says what is wrong with it. */
enum tp_status tp_view_bytes(struct tp_view *view, const struct tp_place *place, void *bytes,
	size_t size, unsigned char sha256[TP_SHA256_BYTES], bool *proven, struct tp_error *err)
{
	struct target target = { bytes, 0, size };
	struct tp_pack *pack;
	enum tp_status status;

	*proven = false;
	if (!place->in_journal && place->tier != TP_TIER_DISC &&
		!tp_view_pack(view, place->number, &pack, NULL) &&
		!tp_pack_bytes(pack, place->at, bytes, size, sha256, NULL))
		return TP_OK;
	*proven = true;
	status = tp_view_content(view, place, take, &target, err);
	if (!status && target.at != size)
		status = tp_fail(err, TP_DATA, "the message is shorter than it should be");
	return status;
}
