/* Keys of uploads: see upload_key.h. */
#include "drop/upload_key.h"

#include "base/hex.h"
#include "mime/header.h"

/* Adds a value with its length, so that none can lend bytes to its neighbour. */
static enum tp_status add(
	struct tp_sha256 *sha, const void *bytes, size_t len, struct tp_error *err)
{
	char length[32];
	int n = snprintf(length, sizeof length, "%zu:", len);
	enum tp_status status = tp_sha256_add(sha, length, (size_t)n, err);

	return status ? status : tp_sha256_add(sha, bytes, len, err);
}

static enum tp_status add_field(struct tp_sha256 *sha, const struct tp_tree *tree, const char *data,
	const char *name, struct tp_error *err)
{
	struct tp_field field;

	if (!tp_header_find(data, tree->parts[0].header, name, &field))
		return add(sha, "", 0, err);
	return add(sha, data + field.value.begin, tp_range_len(field.value), err);
}

static enum tp_status add_message(
	struct tp_sha256 *sha, const struct tp_tree *tree, const char *data, struct tp_error *err)
{
	static const char *const known_by[] = { "Date", "From", "Subject", NULL };
	enum tp_status status = add_field(sha, tree, data, "Message-ID", err);
	struct tp_field field;

	if (tp_header_find(data, tree->parts[0].header, "Message-ID", &field))
		return status;
	for (int i = 0; !status && known_by[i]; i++)
		status = add_field(sha, tree, data, known_by[i], err);
	return status;
}

static enum tp_status add_destination(
	struct tp_sha256 *sha, const struct tp_conf *conf, struct tp_error *err)
{
	static const char *const chosen_by[] = { "drop.store", "drop.base_url", "detach.uploader",
		NULL };
	int64_t life = tp_conf_seconds(conf, "drop.expire");
	enum tp_status status = add(sha, &life, sizeof life, err);

	for (int i = 0; !status && chosen_by[i]; i++) {
		const char *value = tp_conf_str(conf, chosen_by[i]);

		status = add(sha, value ? value : "", value ? strlen(value) : 0, err);
	}
	return status;
}

enum tp_status tp_upload_keys_init(struct tp_upload_keys *keys, const struct tp_conf *conf,
	const struct tp_tree *tree, const char *data, struct tp_error *err)
{
	struct tp_sha256 *sha = NULL;
	enum tp_status status = tp_secret_load(conf, keys->secret, err);

	if (!status)
		status = tp_sha256_new(&sha, err);
	if (!status)
		status = add_message(sha, tree, data, err);
	if (!status)
		status = add_destination(sha, conf, err);
	if (!status)
		status = tp_sha256_end(sha, keys->scope, err);
	tp_sha256_free(sha);
	return status;
}

void tp_upload_keys_clear(struct tp_upload_keys *keys)
{
	explicit_bzero(keys, sizeof *keys);
}

enum tp_status tp_upload_key(const struct tp_upload_keys *keys, const char *purpose,
	const char *const *facts, char key[TP_SHA256_HEX], struct tp_error *err)
{
	unsigned char text[2 * TP_SHA256_BYTES], mac[TP_SHA256_BYTES];
	struct tp_sha256 *sha = NULL;
	enum tp_status status = tp_sha256_new(&sha, err);

	if (!status)
		status = add(sha, purpose, strlen(purpose), err);
	for (; !status && *facts; facts++)
		status = add(sha, *facts, strlen(*facts), err);
	memcpy(text, keys->scope, sizeof keys->scope);
	if (!status)
		status = tp_sha256_end(sha, text + TP_SHA256_BYTES, err);
	if (!status)
		status = tp_hmac_sha256(
			keys->secret, sizeof keys->secret, text, sizeof text, mac, err);
	if (!status)
		tp_hex(mac, sizeof mac, key);
	tp_sha256_free(sha);
	return status;
}
