/* Mails of an archive, and what all sources share: see source.h. */
#include <unistd.h>

#include "base/clock.h"
#include "disc/source_parts.h"

/* How long the archive is kept locked at a stretch. */
#define LEASE_MS 1000
/* Contents are read in the order of blocks: those that a mail may lie across suffice. */
#define KEPT_BLOCKS 3

struct tp_source *tp_source_new(tp_source_report *report, void *context, struct tp_error *err)
{
	struct tp_source *source = calloc(1, sizeof *source);

	if (!source) {
		tp_fail(err, TP_NOMEM, "mails: out of memory");
		return NULL;
	}
	source->report = report;
	source->report_context = context;
	source->facts = -1;
	source->mbox = (struct tp_spool)TP_SPOOL_INIT;
	pthread_mutex_init(&source->gate, NULL);
	return source;
}

void tp_source_bad(struct tp_source *source, const char *sentence)
{
	source->bad++;
	source->report(source->report_context, sentence);
}

enum tp_status tp_source_settle(const struct tp_source *source, struct tp_error *err)
{
	if (source->bad)
		return tp_fail(err, TP_DATA, "%llu mail%s cannot be packed: nothing is written",
			(unsigned long long)source->bad, source->bad == 1 ? "" : "s");
	if (!source->count)
		return tp_fail(err, TP_NOINPUT, "no mails: there is nothing to pack");
	return TP_OK;
}

void tp_source_close(struct tp_source *source)
{
	if (!source)
		return;
	tp_view_close(source->view);
	tp_spool_release(&source->mbox);
	if (source->facts >= 0)
		close(source->facts);
	tp_buf_release(&source->pending);
	tp_buf_release(&source->facts_read);
	pthread_mutex_destroy(&source->gate);
	free(source->mails);
	free(source);
}

/* --- the view --------------------------------------------------------------------------------- */

static void close_view(struct tp_source *source)
{
	if (source->view)
		source->reopened = true;
	tp_view_close(source->view);
	source->view = NULL;
}

enum tp_status tp_source_view(struct tp_source *source, struct tp_error *err)
{
	int64_t now = tp_monotonic_ms();
	enum tp_status status;

	if (source->view && now - source->opened_ms > LEASE_MS)
		close_view(source);
	if (source->view)
		return TP_OK;
	status = tp_view_open(source->archive, &source->view, err);
	source->opened_ms = now;
	return status;
}

void tp_source_pause(struct tp_source *source)
{
	pthread_mutex_lock(&source->gate);
	close_view(source);
	pthread_mutex_unlock(&source->gate);
}

static void name_id(const struct tp_source_mail *mail, char id[TP_ID_LEN + 1])
{
	memcpy(id, mail->id, TP_ID_LEN);
	id[TP_ID_LEN] = '\0';
}

/* Where it is now: a journal may have become a pack. Numbers in packs never change. */
enum tp_status tp_source_follow(struct tp_source *source, struct tp_source_mail *mail,
	struct tp_place *place, struct tp_error *err)
{
	char id[TP_ID_LEN + 1];
	enum tp_status status;

	*place = (struct tp_place){ mail->in_journal, mail->number, mail->at, TP_TIER_ONLINE, 0 };
	if (!mail->in_journal || !source->reopened)
		return TP_OK;
	name_id(mail, id);
	status = tp_view_find(source->view, id, place, err);
	if (!status && place->tier == TP_TIER_DISC)
		status = tp_fail(err, TP_NOTHING, "%s: left on a disc meanwhile", id);
	if (status)
		return status;
	mail->in_journal = place->in_journal;
	mail->number = place->number;
	mail->at = place->at;
	return TP_OK;
}

/* That a mail is gone is no quiet "nothing" here; and whatever fails, the mail is named. */
static enum tp_status said_loudly(
	const struct tp_source_mail *mail, enum tp_status status, struct tp_error *err)
{
	if (status == TP_NOTHING && err)
		err->status = TP_DATA;
	if (status && err && strncmp(err->text, mail->id, TP_ID_LEN))
		tp_error_prefix(err, "%.16s", mail->id);
	return status == TP_NOTHING ? TP_DATA : status;
}

/* --- ids -------------------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	const struct tp_source_mail *x = a, *y = b;

	return memcmp(x->id, y->id, TP_ID_LEN);
}

static void drop_doubles(struct tp_source *source)
{
	size_t kept = 0;

	for (size_t i = 0; i < source->count; i++) {
		struct tp_source_mail *mail = &source->mails[i];
		char said[64];

		if (!kept || memcmp(source->mails[kept - 1].id, mail->id, TP_ID_LEN)) {
			source->mails[kept++] = *mail;
			continue;
		}
		snprintf(said, sizeof said, "%.16s: listed twice, packed once", mail->id);
		source->report(source->report_context, said);
	}
	source->count = kept;
}

enum tp_status tp_source_archive(struct tp_archive *archive, const char *ids, size_t count,
	tp_source_report *report, void *context, struct tp_source **out, struct tp_error *err)
{
	struct tp_source *source = tp_source_new(report, context, err);
	enum tp_status status = TP_OK;

	*out = NULL;
	if (!source)
		return TP_NOMEM;
	source->archive = archive;
	archive->pack_cache_blocks = KEPT_BLOCKS;
	source->mails = calloc(count ? count : 1, sizeof *source->mails);
	if (!source->mails)
		status = tp_fail(err, TP_NOMEM, "mails: out of memory");
	for (size_t i = 0; !status && i < count; i++)
		memcpy(source->mails[i].id, ids + i * TP_ID_LEN, TP_ID_LEN);
	if (!status) {
		source->count = count;
		qsort(source->mails, count, sizeof *source->mails, compare_ids);
		drop_doubles(source);
		status = tp_source_locate(source, err);
	}
	if (!status)
		status = tp_source_settle(source, err);
	if (status)
		tp_source_close(source);
	else
		*out = source;
	return status;
}

/* --- mails ------------------------------------------------------------------------------------ */

size_t tp_source_count(const struct tp_source *source)
{
	return source->count;
}

uint64_t tp_source_size(const struct tp_source *source, size_t i)
{
	return source->mails[i].size_bytes;
}

const char *tp_source_id(const struct tp_source *source, size_t i)
{
	return source->mails[i].id;
}

enum tp_status tp_source_record(
	struct tp_source *source, size_t i, struct tp_record *record, struct tp_error *err)
{
	return tp_source_recall(source, &source->mails[i], record, NULL, NULL, err);
}

static enum tp_status take_bytes(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	return tp_spooler_add(context, bytes, len, err);
}

static enum tp_status archive_content(struct tp_source *source, struct tp_source_mail *mail,
	struct tp_spool *content, struct tp_error *err)
{
	struct tp_spooler spooler = TP_SPOOLER_INIT;
	struct tp_place place;
	enum tp_status status;

	pthread_mutex_lock(&source->gate);
	status = tp_source_view(source, err);
	if (!status)
		status = tp_source_follow(source, mail, &place, err);
	if (!status)
		status = tp_view_content(source->view, &place, take_bytes, &spooler, err);
	pthread_mutex_unlock(&source->gate);
	if (!status)
		status = tp_spooler_finish(&spooler, content, err);
	tp_spooler_release(&spooler);
	if (!status && content->len != mail->size_bytes)
		status = tp_fail(err, TP_DATA, "%.16s: %zu bytes instead of %u", mail->id,
			content->len, mail->size_bytes);
	return said_loudly(mail, status, err);
}

enum tp_status tp_source_content(
	struct tp_source *source, size_t i, struct tp_spool *content, struct tp_error *err)
{
	struct tp_source_mail *mail = &source->mails[i];

	*content = (struct tp_spool)TP_SPOOL_INIT;
	if (source->archive)
		return archive_content(source, mail, content, err);
	return tp_source_file_content(source, mail, content, err);
}

static enum tp_status archive_bytes(struct tp_source *source, struct tp_source_mail *mail,
	void *bytes, unsigned char sha256[TP_SHA256_BYTES], bool *proven, struct tp_error *err)
{
	struct tp_place place;
	enum tp_status status;

	pthread_mutex_lock(&source->gate);
	status = tp_source_view(source, err);
	if (!status)
		status = tp_source_follow(source, mail, &place, err);
	if (!status)
		status = tp_view_bytes(
			source->view, &place, bytes, mail->size_bytes, sha256, proven, err);
	pthread_mutex_unlock(&source->gate);
	return said_loudly(mail, status, err);
}

enum tp_status tp_source_bytes(struct tp_source *source, size_t i, void *bytes,
	unsigned char sha256[TP_SHA256_BYTES], bool *proven, struct tp_error *err)
{
	struct tp_source_mail *mail = &source->mails[i];
	struct tp_spool content = TP_SPOOL_INIT;
	enum tp_status status;

	if (source->archive)
		return archive_bytes(source, mail, bytes, sha256, proven, err);
	*proven = true;
	status = tp_source_file_content(source, mail, &content, err);
	if (!status)
		memcpy(bytes, content.data, mail->size_bytes);
	tp_spool_release(&content);
	return status;
}

static int compare_places(const void *a, const void *b, void *context)
{
	const struct tp_source_mail *mails = context;
	const struct tp_source_mail *x = &mails[*(const uint32_t *)a];
	const struct tp_source_mail *y = &mails[*(const uint32_t *)b];

	if (x->in_journal != y->in_journal)
		return x->in_journal ? 1 : -1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->shelf != y->shelf)
		return x->shelf < y->shelf ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

enum tp_status tp_source_order(
	struct tp_source *source, size_t count, uint32_t *order, struct tp_error *err)
{
	if (count > source->count)
		return tp_fail(err, TP_INTERNAL, "mails: more are asked for than there are");
	for (size_t i = 0; i < count; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, count, sizeof *order, compare_places, source->mails);
	return TP_OK;
}
