/* Merkle trees, leaf by leaf: see merkle.h. */
#include "archive/merkle.h"

static enum tp_status join(const unsigned char *left, const unsigned char *right,
	unsigned char *out, struct tp_error *err)
{
	unsigned char node[1 + 2 * TP_SHA256_BYTES] = { 0x01 };

	memcpy(node + 1, left, TP_SHA256_BYTES);
	memcpy(node + 1 + TP_SHA256_BYTES, right, TP_SHA256_BYTES);
	return tp_sha256(node, sizeof node, out, err);
}

enum tp_status tp_merkle_add(struct tp_merkle *tree, const char *id,
	const unsigned char sha256[TP_SHA256_BYTES], struct tp_error *err)
{
	unsigned char leaf[1 + TP_ID_LEN + TP_SHA256_BYTES] = { 0x00 };
	enum tp_status status;

	memcpy(leaf + 1, id, TP_ID_LEN);
	memcpy(leaf + 1 + TP_ID_LEN, sha256, TP_SHA256_BYTES);
	status = tp_sha256(leaf, sizeof leaf, tree->peaks[tree->depth++], err);
	/* Two full trees of one size become one, as carries run in a binary counter. */
	for (uint64_t n = tree->count++; !status && n & 1; n >>= 1) {
		tree->depth--;
		status = join(tree->peaks[tree->depth - 1], tree->peaks[tree->depth],
			tree->peaks[tree->depth - 1], err);
	}
	return status;
}

enum tp_status tp_merkle_root(
	const struct tp_merkle *tree, unsigned char root[TP_SHA256_BYTES], struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (!tree->count)
		return tp_sha256("", 0, root, err);
	memcpy(root, tree->peaks[tree->depth - 1], TP_SHA256_BYTES);
	for (unsigned i = tree->depth - 1; !status && i > 0; i--)
		status = join(tree->peaks[i - 1], root, root, err);
	return status;
}
