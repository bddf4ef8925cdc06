/* Proving a message by its hash: see proof.h. */
#include "archive/proof.h"

#include "archive/blob.h"

struct hashing {
	struct tp_sha256 *sha;
	uint64_t bytes;
};

static enum tp_status hash(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct hashing *hashing = context;

	hashing->bytes += len;
	return tp_sha256_add(hashing->sha, bytes, len, err);
}

static enum tp_status read_blob(void *context, const unsigned char sha256[TP_SHA256_BYTES],
	tp_press_sink *sink, void *sink_context, struct tp_error *err)
{
	return tp_blob_read(context, sha256, sink, sink_context, err);
}

static enum tp_status join(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	return tp_joiner_add(context, bytes, len, err);
}

static enum tp_status hash_joined(struct tp_archive *archive, const struct tp_split *split,
	tp_proof_source *skeleton, void *source, struct hashing *hashing, struct tp_error *err)
{
	struct tp_joiner *joiner = NULL;
	enum tp_status status =
		tp_joiner_new(split, read_blob, archive, hash, hashing, &joiner, err);

	if (!status)
		status = skeleton(source, join, joiner, err);
	if (!status)
		status = tp_joiner_end(joiner, err);
	tp_joiner_free(joiner);
	return status;
}

enum tp_status tp_prove(struct tp_archive *archive, const struct tp_record *record,
	const struct tp_split *split, tp_proof_source *skeleton, void *source, struct tp_error *err)
{
	struct hashing hashing = { NULL, 0 };
	unsigned char sha256[TP_SHA256_BYTES];
	enum tp_status status = tp_sha256_new(&hashing.sha, err);

	if (!status && split->count)
		status = hash_joined(archive, split, skeleton, source, &hashing, err);
	else if (!status)
		status = skeleton(source, hash, &hashing, err);
	if (!status)
		status = tp_sha256_end(hashing.sha, sha256, err);
	tp_sha256_free(hashing.sha);
	if (status)
		return status;
	if (hashing.bytes != record->size_bytes)
		return tp_fail(err, TP_DATA, "it gives %ju bytes, not %ju",
			(uintmax_t)hashing.bytes, (uintmax_t)record->size_bytes);
	if (memcmp(sha256, record->sha256, sizeof sha256))
		return tp_fail(err, TP_DATA, "its bytes do not give its SHA-256");
	return TP_OK;
}
