/* Uploading what leaves a mail: see detach.h. The stubs are written by restub.c. */
#include "drop/detach.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/secret.h"
#include "drop/ledger.h"
#include "drop/near.h"
#include "drop/uploader.h"
#include "mime/content.h"
#include "mime/header.h"

/* What one call of tp_detach_upload works with. */
struct work {
	struct tp_detach *detach;
	unsigned char secret[TP_SECRET_BYTES];
	int64_t now, expires;
	struct tp_buf identity; /* of message and destination, part of every key */
	struct tp_ledger *ledger;
	struct tp_uploader how;
	struct tp_upload_pool pool;
	struct tp_upload *uploads; /* beside the links */
	char (*keys)[TP_SHA256_HEX];
	char (*labels)[32];
	bool *known; /* the ledger had it */
};

static void add_field(struct tp_buf *out, const struct tp_detach *detach, const char *name)
{
	struct tp_field field;

	if (tp_header_find(detach->data, detach->tree->parts[0].header, name, &field))
		tp_header_unfold(detach->data, field.value, out);
	tp_buf_addc(out, '\0');
}

/* The message is known by its Message-ID, or by what a retry cannot change either; the destination
 * by what chooses it. */
static enum tp_status identify(struct work *w, struct tp_error *err)
{
	static const char *const places[] = { "drop.store", "drop.base_url", "drop.expire",
		"detach.uploader", NULL };
	const struct tp_detach *detach = w->detach;
	struct tp_field field;

	add_field(&w->identity, detach, "Message-ID");
	if (!tp_header_find(detach->data, detach->tree->parts[0].header, "Message-ID", &field)) {
		add_field(&w->identity, detach, "Date");
		add_field(&w->identity, detach, "From");
		add_field(&w->identity, detach, "Subject");
	}
	for (int i = 0; places[i]; i++) {
		const char *value = tp_conf_str(detach->conf, places[i]);

		tp_buf_adds(&w->identity, value ? value : "");
		tp_buf_addc(&w->identity, '\0');
	}
	return tp_buf_status(&w->identity, "message identity", err);
}

static enum tp_status make_key(const struct work *w, const char *purpose,
	const struct tp_plan_item *item, const char *sha256, char key[TP_SHA256_HEX],
	struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(1u << 20);
	unsigned char mac[TP_SHA256_BYTES];
	enum tp_status status;

	tp_buf_add(&text, w->identity.data, w->identity.len);
	tp_buf_addf(&text, "%s%c", purpose, '\0');
	if (item)
		tp_buf_addf(&text, "%s%c%s%c%s", sha256, '\0', item->name, '\0', item->type);
	status = tp_buf_status(&text, "upload key", err);
	if (!status)
		status = tp_hmac_sha256(w->secret, sizeof w->secret, text.data, text.len, mac, err);
	if (!status)
		tp_hex(mac, sizeof mac, key);
	tp_buf_release(&text);
	return status;
}

/* --- one file ----------------------------------------------------------------------------------
 */

struct copy {
	int fd;
	struct tp_sha256 *sha;
	uint64_t size;
};

static enum tp_status copy_piece(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct copy *copy = context;
	enum tp_status status = tp_sha256_add(copy->sha, bytes, len, err);

	copy->size += len;
	return status ? status : tp_write_all(copy->fd, bytes, len, "temporary file", err);
}

/* Decodes an item into an unnamed file, with its digest: one pass over the bytes. */
static enum tp_status extract(const struct tp_detach *detach, const struct tp_plan_item *item,
	struct tp_drop_item *out, struct tp_error *err)
{
	const struct tp_part *part = &detach->tree->parts[item->part];
	struct tp_range whole = { part->header.begin, part->body.end };
	struct copy copy = { -1, NULL, 0 };
	unsigned char digest[TP_SHA256_BYTES];
	enum tp_status status = tp_near_tmpfile(detach->conf, &copy.fd, err);

	if (!status)
		status = tp_sha256_new(&copy.sha, err);
	if (!status && item->decision == TP_WRAPPED)
		status = tp_content_read(
			detach->data, whole, TP_ENCODING_IDENTITY, copy_piece, &copy, err);
	else if (!status)
		status = tp_content_read(
			detach->data, part->body, part->encoding, copy_piece, &copy, err);
	if (!status)
		status = tp_sha256_end(copy.sha, digest, err);
	tp_sha256_free(copy.sha);
	if (status) {
		if (copy.fd >= 0)
			close(copy.fd);
		return status;
	}
	tp_hex(digest, sizeof digest, out->sha256);
	out->size_bytes = copy.size;
	out->fd = copy.fd;
	return TP_OK;
}

/* Extracts, asks the ledger, and starts the upload when it has no answer. */
static enum tp_status send_one(
	struct work *w, const struct tp_plan_item *item, size_t n, struct tp_error *err)
{
	struct tp_upload *upload = &w->uploads[n];
	struct tp_drop_item *file = &upload->item;
	enum tp_status status = extract(w->detach, item, file, err);

	if (status)
		return status;
	file->name = item->name;
	file->type = item->type;
	file->expires = w->expires;
	file->sender = w->detach->sender;
	file->recipients = w->detach->recipients;
	file->key = w->keys[n];
	upload->label = w->labels[n];
	status = make_key(w, "file", item, file->sha256, w->keys[n], err);
	if (!status)
		status = tp_ledger_find(
			w->ledger, file->key, w->now, w->expires, &upload->result, err);
	if (status == TP_OK)
		w->known[n] = true;
	else if (status == TP_NOTHING)
		status = tp_upload_start(&w->pool, upload, err);
	close(file->fd);
	file->fd = -1;
	return status;
}

/* --- all files ---------------------------------------------------------------------------------
 */

static enum tp_status send_all(struct work *w, struct tp_error *err)
{
	const struct tp_plan *plan = w->detach->plan;
	enum tp_status status = TP_OK;
	struct tp_error later;
	size_t n = 0;

	for (size_t i = 0; !status && i < plan->count; i++) {
		struct tp_buf path = TP_BUF_INIT(1u << 16);

		if (plan->items[i].decision == TP_STAYS)
			continue;
		tp_tree_path(w->detach->tree, plan->items[i].part, &path);
		snprintf(w->labels[n], sizeof *w->labels, "part %.20s", tp_buf_str(&path));
		tp_buf_release(&path);
		status = send_one(w, &plan->items[i], n++, err);
	}
	if (status)
		tp_uploads_cancel(&w->pool);
	else
		status = tp_uploads_wait(&w->pool, err);
	/* What has its link is remembered, whatever became of the others. */
	for (size_t i = 0; i < n; i++)
		if (w->uploads[i].result.url && !w->known[i] &&
			tp_ledger_record(
				w->ledger, w->keys[i], &w->uploads[i].result, w->now, &later))
			tp_warn("%s", later.text);
	return status;
}

static enum tp_status keep_link(const struct work *w, const struct tp_plan_item *item,
	struct tp_upload *upload, struct tp_link *link, struct tp_error *err)
{
	const struct tp_detach *detach = w->detach;
	struct tp_buf id = TP_BUF_INIT(1024);
	struct tp_field field;

	*link = (struct tp_link)TP_LINK_INIT;
	link->size_bytes = upload->item.size_bytes;
	link->expires = upload->result.expires;
	memcpy(link->sha256, upload->item.sha256, sizeof link->sha256);
	link->url = upload->result.url;
	upload->result.url = NULL;
	link->name = strdup(item->name);
	link->type = strdup(item->type);
	if (tp_header_find(
		    detach->data, detach->tree->parts[item->part].header, "Content-ID", &field) &&
		tp_header_unfold(detach->data, field.value, &id) && id.len > 2)
		link->content_id = tp_buf_detach(&id);
	tp_buf_release(&id);
	if (!link->name || !link->type)
		return tp_fail(err, TP_NOMEM, "out of memory");
	if (upload->result.note)
		tp_notice("%s: %s", upload->label, upload->result.note);
	tp_notice("%s: %llu bytes, sha256 %s: %s", upload->label,
		(unsigned long long)link->size_bytes, link->sha256,
		w->known[upload - w->uploads] ? "link known from an earlier run" : "uploaded");
	return TP_OK;
}

static enum tp_status keep_links(struct work *w, struct tp_error *err)
{
	const struct tp_plan *plan = w->detach->plan;
	enum tp_status status = TP_OK;

	for (size_t i = 0, n = 0; !status && i < plan->count; i++) {
		if (plan->items[i].decision == TP_STAYS)
			continue;
		status = keep_link(w, &plan->items[i], &w->uploads[n], &w->detach->links[n], err);
		n++;
	}
	return status;
}

static enum tp_status make_room(struct work *w, struct tp_error *err)
{
	size_t n = w->detach->plan->leaving;

	w->detach->links = calloc(n, sizeof *w->detach->links);
	w->detach->link_count = n;
	w->uploads = calloc(n, sizeof *w->uploads);
	w->keys = calloc(n, sizeof *w->keys);
	w->labels = calloc(n, sizeof *w->labels);
	w->known = calloc(n, sizeof *w->known);
	if (!w->detach->links || !w->uploads || !w->keys || !w->labels || !w->known)
		return tp_fail(err, TP_NOMEM, "out of memory");
	return TP_OK;
}

/* Holding a lock on the message, so that the same mail in two processes is uploaded by one. */
static enum tp_status send_locked(struct work *w, struct tp_error *err)
{
	char lock_key[TP_SHA256_HEX];
	const char *keys[] = { lock_key };
	enum tp_status status = make_key(w, "lock", NULL, NULL, lock_key, err);
	int64_t patience = w->detach->until_ms - tp_monotonic_ms();
	int lock = -1;

	if (!status)
		status = tp_ledger_lock(
			w->detach->conf, keys, 1, patience > 0 ? patience : 0, &lock, err);
	if (status)
		return status;
	status = send_all(w, err);
	tp_ledger_unlock(lock);
	return status;
}

static void release_work(struct work *w)
{
	for (size_t i = 0; w->uploads && i < w->detach->link_count; i++)
		tp_upload_release(&w->uploads[i]);
	free(w->uploads);
	free(w->keys);
	free(w->labels);
	free(w->known);
	tp_ledger_close(w->ledger);
	tp_strings_release(&w->how.program);
	tp_buf_release(&w->identity);
	explicit_bzero(w->secret, sizeof w->secret);
}

enum tp_status tp_detach_upload(struct tp_detach *detach, struct tp_error *err)
{
	static const char *const options[] = { "--json", NULL };
	struct work w = { .detach = detach, .identity = TP_BUF_INIT(1u << 20) };
	enum tp_status status;

	w.now = tp_now();
	w.expires = w.now + tp_conf_seconds(detach->conf, "drop.expire");
	w.pool.how = &w.how;
	status = make_room(&w, err);
	if (!status)
		status = tp_secret_load(detach->conf, w.secret, err);
	if (!status)
		status = identify(&w, err);
	if (!status)
		status = tp_uploader_read(detach->conf, detach->until_ms, options, &w.how, err);
	if (!status)
		status = tp_ledger_open(detach->conf, &w.ledger, err);
	if (!status)
		status = send_locked(&w, err);
	if (!status)
		status = keep_links(&w, err);
	release_work(&w);
	if (status)
		tp_detach_release(detach);
	return status;
}

void tp_detach_release(struct tp_detach *detach)
{
	for (size_t i = 0; detach->links && i < detach->link_count; i++)
		tp_link_release(&detach->links[i]);
	free(detach->links);
	free(detach->sender);
	free(detach->recipients);
	detach->sender = detach->recipients = NULL;
	detach->links = NULL;
	detach->link_count = 0;
}
