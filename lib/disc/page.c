/*
 * The page that searches a disc: see page.h. Its own files come first (page_files.h), then a script
 * of data each time a shard is full (shard.h), and at the end search/about.js, which says what
 * scripts there are, of which times, so that the page loads those alone that a search needs.
 *
 * A shard is 50,000 mails or 8 MiB: some 5 MB that a browser reads in a tenth of a second, and the first
 * page of mails needs one of them. So that there are never more than a hundred files, later shards
 * are larger: twice as large after 24 of them, and so on.
 */
#include "disc/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "disc/page_files.h"
#include "disc/shard.h"

#define SECTOR      2048
#define SHARD_MAILS ((size_t)50000)
#define SHARD_BYTES ((uint64_t)8 << 20)
#define GROW_AFTER  24 /* shards */
#define GROW_MOST   3  /* times; after that the last shard takes all that comes */
#define SHARDS_MAX  96
#define ABOUT_MAX   8192

struct tp_page {
	const struct tp_page_about *about;
	const struct tp_page_sink *sink;
	struct tp_shard shard;
	unsigned shards; /* written */
	uint64_t mails;
	uint64_t sectors;   /* of the files written */
	uint64_t open;      /* bytes of the one being written */
	struct tp_buf list; /* of shards, for about.js */
};

/* --- files ------------------------------------------------------------------------------------ */

static uint64_t in_sectors(uint64_t bytes)
{
	return (bytes + SECTOR - 1) / SECTOR;
}

static enum tp_status add_bytes(void *context, const void *bytes, size_t len, struct tp_error *err)
{
	struct tp_page *p = context;

	p->open += len;
	return p->sink->add(p->sink->context, bytes, len, err);
}

static enum tp_status begin(struct tp_page *p, const char *path, struct tp_error *err)
{
	p->sectors += in_sectors(p->open);
	p->open = 0;
	return p->sink->begin(p->sink->context, path, err);
}

static enum tp_status write_fixed(struct tp_page *p, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < TP_PAGE_FILES; i++) {
		status = begin(p, tp_page_fixed[i].path, err);
		if (!status)
			status = add_bytes(
				p, tp_page_fixed[i].text, strlen(tp_page_fixed[i].text), err);
	}
	return status;
}

static enum tp_status write_shard(struct tp_page *p, struct tp_error *err)
{
	char path[64];
	enum tp_status status;

	tp_buf_addf(&p->list, "%s[%zu,%" PRId64 ",%" PRId64 "]", p->shards ? ",\n" : "",
		p->shard.mails, p->shard.first_ms, p->shard.last_ms);
	p->shards++;
	snprintf(path, sizeof path, "search/mails-%03u.js", p->shards);
	status = begin(p, path, err);
	if (!status)
		status = tp_shard_write(&p->shard, p->shards, add_bytes, p, err);
	return status ? status : tp_buf_status(&p->list, "page", err);
}

/* --- mails ------------------------------------------------------------------------------------ */

enum tp_status tp_page_new(const struct tp_page_about *about, const struct tp_page_sink *sink,
	struct tp_page **page, struct tp_error *err)
{
	struct tp_page *p = calloc(1, sizeof *p);
	enum tp_status status;

	*page = NULL;
	if (!p)
		return tp_fail(err, TP_NOMEM, "page: out of memory");
	p->about = about;
	p->sink = sink;
	tp_buf_init(&p->list, ABOUT_MAX);
	status = tp_shard_init(&p->shard, err);
	if (!status)
		status = write_fixed(p, err);
	if (status)
		tp_page_free(p);
	else
		*page = p;
	return status;
}

static bool is_full(const struct tp_page *p)
{
	unsigned times = p->shards / GROW_AFTER < GROW_MOST ? p->shards / GROW_AFTER : GROW_MOST;

	return p->shards + 1 < SHARDS_MAX &&
	       (p->shard.mails >= SHARD_MAILS << times ||
		       tp_shard_bytes(&p->shard) >= SHARD_BYTES << times);
}

enum tp_status tp_page_add(
	struct tp_page *page, const struct tp_page_mail *mail, struct tp_error *err)
{
	enum tp_status status = tp_shard_add(&page->shard, mail->record, mail->path, err);

	page->mails++;
	if (!status && is_full(page))
		status = write_shard(page, err);
	return status;
}

static enum tp_status write_about(struct tp_page *p, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(2 * ABOUT_MAX);
	enum tp_status status = begin(p, "search/about.js", err);

	tp_buf_adds(&text, "tubepost.about({");
	tp_json_pair(&text, "serial", p->about->serial);
	tp_json_pair(&text, "language", p->about->language);
	tp_json_pair_int(&text, "mails", (int64_t)p->mails);
	tp_buf_addf(&text, ",\"shards\":[%s]});\n", tp_buf_str(&p->list));
	if (!status)
		status = tp_buf_status(&text, "page", err);
	if (!status)
		status = add_bytes(p, text.data, text.len, err);
	tp_buf_release(&text);
	return status;
}

enum tp_status tp_page_end(struct tp_page *page, struct tp_error *err)
{
	enum tp_status status = page->shard.mails ? write_shard(page, err) : TP_OK;

	return status ? status : write_about(page, err);
}

void tp_page_free(struct tp_page *page)
{
	if (!page)
		return;
	tp_shard_release(&page->shard);
	tp_buf_release(&page->list);
	free(page);
}

/* --- sizes ------------------------------------------------------------------------------------ */

uint64_t tp_page_sectors(const struct tp_page *page)
{
	uint64_t sectors = page->sectors + in_sectors(page->open);

	if (page->shard.mails)
		sectors += in_sectors(tp_shard_bytes(&page->shard));
	/* about.js: names, numbers, and what a shard's line may take */
	return sectors + in_sectors(256 + page->list.len + 80);
}

size_t tp_page_files(const struct tp_page *page)
{
	return TP_PAGE_FILES + page->shards + (page->shard.mails != 0) + 1;
}
