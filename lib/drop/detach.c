/* Uploading what leaves a mail: see detach.h. The stubs are written by restub.c. */
#include "drop/detach.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "drop/extract.h"
#include "drop/ledger.h"
#include "drop/upload_key.h"
#include "drop/uploader.h"
#include "mime/header.h"

/* A file on its way. */
struct sending {
	char key[TP_SHA256_HEX];
	char label[32]; /* "part 1.2" */
	bool known;     /* the ledger had it */
	size_t twin;    /* 1 + the earlier file of this mail that is the same; 0: none */
};

/* What one call of tp_detach_upload works with. */
struct work {
	struct tp_detach *detach;
	struct tp_upload_keys keys;
	int64_t now, expires;
	struct tp_ledger *ledger;
	struct tp_uploader how;
	struct tp_upload_pool pool;
	struct tp_upload *uploads; /* beside the links */
	struct sending *files;     /* likewise */
	struct tp_extract_source *sources;
	struct tp_extractor *extractor;
};

/* --- one file --------------------------------------------------------------------------------- */

/* What to decode of an item: its content, or all of a part that leaves whole. */
static struct tp_extract_source source_of(
	const struct tp_detach *detach, const struct tp_plan_item *item)
{
	const struct tp_part *part = &detach->tree->parts[item->part];
	struct tp_range whole = { part->header.begin, part->body.end };

	if (item->decision == TP_WRAPPED)
		return (struct tp_extract_source){ whole, TP_ENCODING_IDENTITY };
	return (struct tp_extract_source){ part->body, (enum tp_encoding)part->encoding };
}

/* The same file twice in one mail is uploaded once. Few files leave a mail (detach.max_files). */
static size_t find_twin(const struct work *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(w->files[i].key, w->files[n].key))
			return i + 1;
	return 0;
}

/* Asks the ledger, and starts the upload when it has no answer. */
static enum tp_status find_or_start(struct work *w, size_t n, struct tp_error *err)
{
	struct tp_upload *upload = &w->uploads[n];
	struct sending *file = &w->files[n];
	enum tp_status status;

	file->twin = find_twin(w, n);
	if (file->twin)
		return TP_OK;
	status = tp_ledger_find(w->ledger, file->key, w->now, w->expires, &upload->result, err);
	file->known = status == TP_OK;
	return status == TP_NOTHING ? tp_upload_start(&w->pool, upload, err) : status;
}

static enum tp_status send_one(
	struct work *w, const struct tp_plan_item *item, size_t n, struct tp_error *err)
{
	struct tp_upload *upload = &w->uploads[n];
	struct tp_drop_item *file = &upload->item;
	const char *const facts[] = { file->sha256, item->name, item->type, NULL };
	struct tp_extract_file bytes;
	enum tp_status status = tp_extract_next(w->extractor, &bytes, err);

	if (status)
		return status;
	file->fd = bytes.fd;
	file->size_bytes = bytes.size_bytes;
	memcpy(file->sha256, bytes.sha256, sizeof file->sha256);
	file->name = item->name;
	file->type = item->type;
	file->expires = w->expires;
	file->sender = w->detach->sender;
	file->recipients = w->detach->recipients;
	file->key = w->files[n].key;
	upload->label = w->files[n].label;
	status = tp_upload_key(&w->keys, "file", facts, w->files[n].key, err);
	if (!status)
		status = find_or_start(w, n, err);
	close(file->fd);
	file->fd = -1;
	return status;
}

/* --- all files -------------------------------------------------------------------------------- */

/* What has its link is remembered at once, whatever becomes of the others, or of us. */
static void remember(void *context, struct tp_upload *upload)
{
	struct work *w = context;
	struct tp_error err;

	if (tp_ledger_record(w->ledger, upload->item.key, &upload->result, w->now, &err))
		tp_warn("%s", err.text);
}

static void label(const struct work *w, uint32_t part, struct sending *file)
{
	struct tp_buf path = TP_BUF_INIT(1u << 16);

	tp_tree_name(w->detach->tree, part, &path);
	snprintf(file->label, sizeof file->label, "part %.20s", tp_buf_str(&path));
	tp_buf_release(&path);
}

/* First of all, so that the attachments are decoded while the ledger is opened and locked. */
static enum tp_status begin_extraction(struct work *w, struct tp_error *err)
{
	const struct tp_plan *plan = w->detach->plan;
	size_t n = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].decision != TP_STAYS)
			w->sources[n++] = source_of(w->detach, &plan->items[i]);
	return tp_extract_begin(
		w->detach->conf, w->detach->data, w->sources, n, &w->extractor, err);
}

static enum tp_status send_all(struct work *w, struct tp_error *err)
{
	const struct tp_plan *plan = w->detach->plan;
	enum tp_status status = TP_OK, waited;
	size_t n = 0;

	for (size_t i = 0; !status && i < plan->count; i++) {
		if (plan->items[i].decision == TP_STAYS)
			continue;
		label(w, plan->items[i].part, &w->files[n]);
		status = send_one(w, &plan->items[i], n++, err);
	}
	waited = tp_uploads_wait(&w->pool, status ? NULL : err);
	return status ? status : waited;
}

static enum tp_status keep_link(const struct work *w, const struct tp_plan_item *item,
	const struct tp_upload *upload, struct tp_link *link, struct tp_error *err)
{
	const struct tp_detach *detach = w->detach;
	const struct sending *file = &w->files[upload - w->uploads];
	const struct tp_drop_result *result =
		file->twin ? &w->uploads[file->twin - 1].result : &upload->result;
	struct tp_buf id = TP_BUF_INIT(1024);
	struct tp_field field;

	*link = (struct tp_link)TP_LINK_INIT;
	link->size_bytes = upload->item.size_bytes;
	link->expires = result->expires;
	memcpy(link->sha256, upload->item.sha256, sizeof link->sha256);
	link->url = strdup(result->url);
	link->name = strdup(item->name);
	link->type = strdup(item->type);
	if (tp_header_find(
		    detach->data, detach->tree->parts[item->part].header, "Content-ID", &field) &&
		tp_header_unfold(detach->data, field.value, &id) && id.len > 2)
		link->content_id = tp_buf_detach(&id);
	tp_buf_release(&id);
	if (!link->url || !link->name || !link->type)
		return tp_fail(err, TP_NOMEM, "out of memory");
	if (upload->result.note)
		tp_notice("%s: %s", upload->label, upload->result.note);
	tp_notice("%s: %llu bytes, sha256 %s: %s", upload->label,
		(unsigned long long)link->size_bytes, link->sha256,
		file->twin    ? "the same as an earlier part"
		: file->known ? "link known from an earlier run"
			      : "uploaded");
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
	w->files = calloc(n, sizeof *w->files);
	w->sources = calloc(n, sizeof *w->sources);
	if (!w->detach->links || !w->uploads || !w->files || !w->sources)
		return tp_fail(err, TP_NOMEM, "out of memory");
	return TP_OK;
}

/* Holding a lock on the message, so that the same mail in two processes is uploaded by one. */
static enum tp_status send_locked(struct work *w, struct tp_error *err)
{
	static const char *const no_facts[] = { NULL };
	char lock_key[TP_SHA256_HEX];
	const char *keys[] = { lock_key };
	enum tp_status status = tp_upload_key(&w->keys, "lock", no_facts, lock_key, err);
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
	tp_extract_end(w->extractor);
	for (size_t i = 0; w->uploads && i < w->detach->link_count; i++)
		tp_upload_release(&w->uploads[i]);
	free(w->uploads);
	free(w->files);
	free(w->sources);
	tp_ledger_close(w->ledger);
	tp_strings_release(&w->how.program);
	tp_upload_keys_clear(&w->keys);
}

enum tp_status tp_detach_upload(struct tp_detach *detach, struct tp_error *err)
{
	static const char *const options[] = { "--json", NULL };
	struct work w = { .detach = detach };
	enum tp_status status;

	w.now = tp_now();
	w.expires = w.now + tp_conf_seconds(detach->conf, "drop.expire");
	w.pool = (struct tp_upload_pool){ .how = &w.how, .done = remember, .context = &w };
	status = make_room(&w, err);
	if (!status)
		status = begin_extraction(&w, err);
	if (!status)
		status =
			tp_upload_keys_init(&w.keys, detach->conf, detach->tree, detach->data, err);
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
