/*
 * The bag: see bag.h. Two unlinked files take what is made: the manifest grows by a line a mail while the
 * page's files come one after the other.
 */
#include "disc/bag.h"

#include <inttypes.h>

#include "base/array.h"
#include "base/digest.h"
#include "base/hex.h"
#include "disc/bag_text.h"
#include "disc/page.h"
#include "disc/sign.h"
#include "disc/spill.h"

#define WALK_BYTES  ((size_t)64 << 10)
#define MANIFEST    "manifest-sha256.txt"
#define TAGMANIFEST "tagmanifest-sha256.txt"
#define SIGNATURE   TAGMANIFEST ".p7s"

struct tp_bag {
	const struct tp_bag_about *about;
	struct tp_layout layout; /* of the mails and their folders */
	struct tp_spill manifest, other;
	struct tp_sha256 *manifest_sha;
	struct tp_page *page;
	struct tp_page_about page_about;
	struct tp_page_sink sink;
	struct tp_bag_file *files;
	size_t file_count, file_cap;
	struct tp_sha256 *file_sha; /* of the last of them, while it is open */
	bool file_open;
	struct tp_buf tags;     /* lines of tagmanifest-sha256.txt */
	size_t signature_bytes; /* about: of nothing */
	unsigned char digest[TP_SHA256_BYTES];
	struct tp_bag_facts facts;
	int64_t year; /* the folder that is filled */
	int month;
	unsigned part, in_folder;
	char folder[TP_BAG_PATH_MAX];
};

/* --- the bag's own files ---------------------------------------------------------------------- */

static struct tp_bag_file *new_file(struct tp_bag *bag, const char *path, struct tp_error *err)
{
	struct tp_bag_file *file =
		tp_array_room(bag->files, bag->file_count, &bag->file_cap, 16, sizeof *file);

	if (!file)
		goto nomem;
	bag->files = file;
	file = &bag->files[bag->file_count];
	*file = (struct tp_bag_file){ .path = strdup(path) };
	if (!file->path)
		goto nomem;
	bag->file_count++;
	return file;
nomem:
	tp_fail(err, TP_NOMEM, "bag: out of memory");
	return NULL;
}

static enum tp_status add_tag(
	struct tp_bag *bag, struct tp_sha256 *sha, const char *path, struct tp_error *err)
{
	unsigned char hash[TP_SHA256_BYTES];
	char hex[TP_SHA256_HEX];
	enum tp_status status = tp_sha256_end(sha, hash, err);

	if (status)
		return status;
	tp_hex(hash, sizeof hash, hex);
	tp_buf_addf(&bag->tags, "%s  %s\n", hex, path);
	return tp_buf_status(&bag->tags, TAGMANIFEST, err);
}

static enum tp_status end_file(struct tp_bag *bag, struct tp_error *err)
{
	struct tp_bag_file *file;

	if (!bag->file_open)
		return TP_OK;
	bag->file_open = false;
	file = &bag->files[bag->file_count - 1];
	file->size_bytes = bag->other.len - file->begin;
	return add_tag(bag, bag->file_sha, file->path, err);
}

static enum tp_status begin_file(void *context, const char *path, struct tp_error *err)
{
	struct tp_bag *bag = context;
	enum tp_status status = end_file(bag, err);
	struct tp_bag_file *file;

	if (status)
		return status;
	file = new_file(bag, path, err);
	if (!file)
		return TP_NOMEM;
	file->begin = bag->other.len;
	bag->file_open = true;
	return TP_OK;
}

static enum tp_status add_bytes(void *context, const void *bytes, size_t len, struct tp_error *err)
{
	struct tp_bag *bag = context;
	enum tp_status status;

	if (!bag->file_open)
		return tp_fail(err, TP_INTERNAL, "bag: bytes without a file");
	status = tp_sha256_add(bag->file_sha, bytes, len, err);
	return status ? status : tp_spill_add(&bag->other, bytes, len, err);
}

static enum tp_status add_text(
	struct tp_bag *bag, const char *path, const struct tp_buf *text, struct tp_error *err)
{
	enum tp_status status = tp_buf_status(text, path, err);

	if (!status)
		status = begin_file(bag, path, err);
	if (!status)
		status = add_bytes(bag, tp_buf_str(text), text->len, err);
	return status ? status : end_file(bag, err);
}

/* --- mails ------------------------------------------------------------------------------------ */

static enum tp_status begin_page(struct tp_bag *bag, struct tp_error *err)
{
	bag->page_about = (struct tp_page_about){ bag->about->serial, bag->about->language };
	bag->sink = (struct tp_page_sink){ bag, begin_file, add_bytes };
	return tp_page_new(&bag->page_about, &bag->sink, &bag->page, err);
}

/* Also tells early whether certificate and key are good. */
static enum tp_status measure_signature(struct tp_bag *bag, struct tp_error *err)
{
	struct tp_buf signature = TP_BUF_INIT(1 << 20);
	enum tp_status status =
		tp_sign_cms(bag->about->certificate, bag->about->key, "", 0, &signature, err);

	bag->signature_bytes = signature.len;
	tp_buf_release(&signature);
	return status;
}

enum tp_status tp_bag_new(
	const struct tp_bag_about *about, struct tp_bag **out, struct tp_error *err)
{
	struct tp_bag *bag = calloc(1, sizeof *bag);
	enum tp_status status = TP_OK;

	*out = NULL;
	if (!bag)
		return tp_fail(err, TP_NOMEM, "bag: out of memory");
	bag->about = about;
	bag->manifest.fd = bag->other.fd = -1;
	bag->year = INT64_MIN;
	tp_buf_init(&bag->tags, 1 << 20);
	tp_layout_init(&bag->layout);
	tp_layout_enter(&bag->layout, strlen("data"));
	if (about->certificate)
		status = measure_signature(bag, err);
	if (!status)
		status = tp_spill_open(&bag->manifest, err);
	if (!status)
		status = tp_spill_open(&bag->other, err);
	if (!status)
		status = tp_sha256_new(&bag->manifest_sha, err);
	if (!status)
		status = tp_sha256_new(&bag->file_sha, err);
	if (!status)
		status = begin_page(bag, err);
	if (status)
		tp_bag_free(bag);
	else
		*out = bag;
	return status;
}

void tp_bag_free(struct tp_bag *bag)
{
	if (!bag)
		return;
	tp_page_free(bag->page);
	tp_sha256_free(bag->manifest_sha);
	tp_sha256_free(bag->file_sha);
	tp_spill_close(&bag->manifest);
	tp_spill_close(&bag->other);
	for (size_t i = 0; i < bag->file_count; i++)
		free(bag->files[i].path);
	free(bag->files);
	tp_buf_release(&bag->tags);
	free(bag);
}

/* Chooses the folder of the next mail. */
static void turn_folder(struct tp_bag *bag, int64_t arrival_ms)
{
	struct tp_bag_date date = tp_bag_date(arrival_ms);

	if (date.year != bag->year)
		tp_layout_enter(&bag->layout, 4);
	if (date.year != bag->year || date.month != bag->month) {
		bag->year = date.year;
		bag->month = date.month;
		bag->part = 1;
		bag->in_folder = 0;
		snprintf(bag->folder, sizeof bag->folder, "data/%04d/%02d", date.year, date.month);
		tp_layout_enter(&bag->layout, 2);
	} else if (bag->in_folder == TP_BAG_FOLDER_FILES) {
		bag->part++;
		bag->in_folder = 0;
		snprintf(bag->folder, sizeof bag->folder, "data/%04d/%02d-%03u", date.year,
			date.month, bag->part);
		tp_layout_enter(&bag->layout, 6);
	}
	bag->in_folder++;
}

static enum tp_status add_line(
	struct tp_bag *bag, const struct tp_record *record, const char *path, struct tp_error *err)
{
	char line[TP_SHA256_HEX + 2 + TP_BAG_PATH_MAX + 1];
	size_t len = TP_SHA256_HEX - 1, path_len = strlen(path);
	enum tp_status status;

	tp_hex(record->sha256, sizeof record->sha256, line);
	memcpy(line + len, "  ", 2);
	memcpy(line + len + 2, path, path_len);
	len += 2 + path_len;
	line[len++] = '\n';
	status = tp_sha256_add(bag->manifest_sha, line, len, err);
	return status ? status : tp_spill_add(&bag->manifest, line, len, err);
}

static void count(struct tp_bag *bag, const struct tp_record *record)
{
	if (!bag->facts.mails || record->arrival_ms < bag->facts.first_ms)
		bag->facts.first_ms = record->arrival_ms;
	if (!bag->facts.mails || record->arrival_ms > bag->facts.last_ms)
		bag->facts.last_ms = record->arrival_ms;
	bag->facts.mails++;
	bag->facts.bytes += record->size_bytes;
}

enum tp_status tp_bag_add(struct tp_bag *bag, const struct tp_record *record, struct tp_error *err)
{
	struct tp_buf path = TP_BUF_INIT(TP_BAG_PATH_MAX - 1);
	struct tp_page_mail mail = { .record = record };
	enum tp_status status;
	size_t folder_len;

	turn_folder(bag, record->arrival_ms);
	tp_buf_adds(&path, bag->folder);
	tp_buf_addc(&path, '/');
	folder_len = path.len;
	tp_bag_name(record, &path);
	status = tp_buf_status(&path, "name of a mail", err);
	if (status)
		goto out;
	mail.path = path.data;
	tp_layout_file(&bag->layout, path.len - folder_len, record->size_bytes);
	count(bag, record);
	status = add_line(bag, record, path.data, err);
	if (!status)
		status = tp_page_add(bag->page, &mail, err);
out:
	tp_buf_release(&path);
	return status;
}

/* Room for what is not there yet: texts, their directory entries, the hashes of the page's files. */
#define TEXTS_SECTORS 12
#define ENTRY_BYTES   450 /* of a file of the bag: in two folders, and its line in the tagmanifest */

uint64_t tp_bag_sectors(const struct tp_bag *bag)
{
	uint64_t files = tp_page_files(bag->page) + 8;

	return tp_layout_sectors(&bag->layout) + bag->manifest.len / TP_SECTOR + 1 +
	       tp_page_sectors(bag->page) + TEXTS_SECTORS + files * ENTRY_BYTES / TP_SECTOR + 4 +
	       (bag->signature_bytes ? bag->signature_bytes / TP_SECTOR + 2 : 0);
}

/* --- closing ---------------------------------------------------------------------------------- */

static enum tp_status add_readme(struct tp_bag *bag, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(65536);
	enum tp_status status;

	tp_bag_readme(bag->about, &bag->facts, &text);
	status = add_text(bag, "README.txt", &text, err);
	tp_buf_release(&text);
	return status;
}

static enum tp_status add_declarations(struct tp_bag *bag, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(65536);
	enum tp_status status;

	tp_buf_adds(&text, "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
	status = add_text(bag, "bagit.txt", &text, err);
	tp_buf_clear(&text);
	tp_bag_info(bag->about, &bag->facts, &text);
	if (!status)
		status = add_text(bag, "bag-info.txt", &text, err);
	tp_buf_release(&text);
	return status;
}

static enum tp_status add_manifest(struct tp_bag *bag, struct tp_error *err)
{
	enum tp_status status = tp_spill_flush(&bag->manifest, err);
	struct tp_bag_file *file;

	if (status)
		return status;
	file = new_file(bag, MANIFEST, err);
	if (!file)
		return TP_NOMEM;
	file->in_manifest = true;
	file->size_bytes = bag->manifest.len;
	return add_tag(bag, bag->manifest_sha, MANIFEST, err);
}

/* The tagmanifest is no tag of its own, and the signature is made of it. */
static enum tp_status add_tagmanifest(struct tp_bag *bag, struct tp_error *err)
{
	size_t len = bag->tags.len;
	struct tp_buf signature = TP_BUF_INIT(1 << 20);
	enum tp_status status = tp_sha256(bag->tags.data, len, bag->digest, err);

	if (!status && bag->about->certificate)
		status = tp_sign_cms(bag->about->certificate, bag->about->key, bag->tags.data, len,
			&signature, err);
	if (!status)
		status = begin_file(bag, TAGMANIFEST, err);
	if (!status)
		status = add_bytes(bag, bag->tags.data, len, err);
	if (!status)
		status = end_file(bag, err);
	if (!status && signature.len)
		status = add_text(bag, SIGNATURE, &signature, err);
	tp_buf_release(&signature);
	return status;
}

enum tp_status tp_bag_close(struct tp_bag *bag, struct tp_error *err)
{
	enum tp_status status = tp_page_end(bag->page, err);

	if (!status)
		status = end_file(bag, err);
	if (!status)
		status = add_readme(bag, err);
	if (!status)
		status = add_declarations(bag, err);
	if (!status)
		status = add_manifest(bag, err);
	if (!status)
		status = add_tagmanifest(bag, err);
	/* A shard's memory is of no more use, and libisofs will want much. */
	tp_page_free(bag->page);
	bag->page = NULL;
	return status ? status : tp_spill_flush(&bag->other, err);
}

/* --- a closed bag ----------------------------------------------------------------------------- */

size_t tp_bag_files(const struct tp_bag *bag, const struct tp_bag_file **files)
{
	*files = bag->files;
	return bag->file_count;
}

enum tp_status tp_bag_read(const struct tp_bag *bag, const struct tp_bag_file *file, uint64_t at,
	void *bytes, size_t len, struct tp_error *err)
{
	if (at > file->size_bytes || len > file->size_bytes - at)
		return tp_fail(err, TP_INTERNAL, "%s: read beyond its end", file->path);
	return tp_spill_read(file->in_manifest ? &bag->manifest : &bag->other, file->begin + at,
		bytes, len, err);
}

const unsigned char *tp_bag_digest(const struct tp_bag *bag)
{
	return bag->digest;
}

size_t tp_bag_mails(const struct tp_bag *bag)
{
	return bag->facts.mails;
}

/* Gives the lines in [bytes, bytes + len), which are whole. */
static enum tp_status give_lines(
	char *bytes, size_t len, size_t *i, tp_bag_each *each, void *context, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (char *at = bytes, *end; !status && at < bytes + len; at = end + 1) {
		end = memchr(at, '\n', (size_t)(bytes + len - at));
		if (!end)
			return tp_fail(err, TP_INTERNAL, "bag: half a line");
		*end = '\0';
		status = each(context, (*i)++, at + TP_SHA256_HEX - 1 + 2, err);
	}
	return status;
}

enum tp_status tp_bag_walk(
	const struct tp_bag *bag, tp_bag_each *each, void *context, struct tp_error *err)
{
	char *bytes = malloc(WALK_BYTES);
	enum tp_status status = bytes ? TP_OK : tp_fail(err, TP_NOMEM, "bag: out of memory");
	uint64_t at = 0;
	size_t i = 0;

	while (!status && at < bag->manifest.len) {
		uint64_t left = bag->manifest.len - at;
		size_t len = left < WALK_BYTES ? (size_t)left : WALK_BYTES;
		const char *last;

		status = tp_spill_read(&bag->manifest, at, bytes, len, err);
		last = status ? NULL : memrchr(bytes, '\n', len);
		if (last)
			status = give_lines(
				bytes, (size_t)(last - bytes) + 1, &i, each, context, err);
		else if (!status)
			status = tp_fail(err, TP_INTERNAL, "bag: a line without end");
		at += last ? (size_t)(last - bytes) + 1 : 0;
	}
	free(bytes);
	return status;
}
