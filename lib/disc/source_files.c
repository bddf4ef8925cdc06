/*
 * Mails of a Maildir or an mbox file: see source.h. Each is read once to know what it is. When its
 * content is wanted it is read again, and must be the same.
 */
#include <dirent.h>

#include "archive/import.h"
#include "base/array.h"
#include "disc/source_parts.h"

/* --- reading them once ------------------------------------------------------------------------ */

static enum tp_status add_mail(struct tp_source *source, const struct tp_record *record,
	const struct tp_import_mail *mail, struct tp_error *err)
{
	struct tp_source_mail *list =
		tp_array_room(source->mails, source->count, &source->cap, 1024, sizeof *list);
	struct tp_source_mail *added;

	if (!list)
		return tp_fail(err, TP_NOMEM, "mails: out of memory");
	source->mails = list;
	added = &source->mails[source->count++];
	*added = (struct tp_source_mail){ .size_bytes = (uint32_t)mail->len };
	memcpy(added->id, record->id, TP_ID_LEN);
	return tp_source_keep(source, record, mail->name, mail->begin, &added->facts, err);
}

static enum tp_status take_mail(
	void *context, const struct tp_import_mail *mail, struct tp_error *err)
{
	struct tp_source *source = context;
	struct tp_record record = TP_RECORD_INIT;
	struct tp_buf said = TP_BUF_INIT(1 << 20);
	enum tp_status status = TP_OK;

	if (mail->len > TP_SOURCE_MAIL_MAX) {
		tp_buf_addf(&said, "%s: larger than 2 GiB", mail->name);
		tp_source_bad(source, tp_buf_str(&said));
		goto out;
	}
	record.arrival_ms = mail->arrival_ms;
	record.actor = strdup("");
	record.sender = mail->sender ? strdup(mail->sender) : NULL;
	if (!record.actor || (mail->sender && !record.sender))
		status = tp_fail(err, TP_NOMEM, "mails: out of memory");
	if (!status)
		status = tp_record_describe(&record, mail->data, mail->len, err);
	if (!status)
		status = tp_record_identify(&record, err);
	if (!status)
		status = add_mail(source, &record, mail, err);
out:
	tp_record_release(&record);
	tp_buf_release(&said);
	return status;
}

static enum tp_status take_unreadable(
	void *context, const char *name, const char *why, struct tp_error *err)
{
	struct tp_buf said = TP_BUF_INIT(1 << 20);

	tp_buf_addf(&said, "%s: %s", name, why);
	tp_source_bad(context, tp_buf_str(&said));
	tp_buf_release(&said);
	return TP_OK;
}

/* --- reading them again ----------------------------------------------------------------------- */

static enum tp_status check(const struct tp_spool *content, const struct tp_record *record,
	const char *name, struct tp_error *err)
{
	unsigned char hash[TP_SHA256_BYTES];
	enum tp_status status = tp_sha256(content->data, content->len, hash, err);

	if (!status &&
		(content->len != record->size_bytes || memcmp(hash, record->sha256, sizeof hash)))
		status = tp_fail(err, TP_DATA, "%s: changed since it was planned", name);
	return status;
}

/* A mailbox is mapped whole, and as large as a disc: what was looked at shall not look like our memory. */
#define FORGET_BYTES ((uint64_t)4 << 20)

static enum tp_status find_content(struct tp_source *source, const struct tp_source_mail *mail,
	const char *name, uint64_t begin, struct tp_spool *content, struct tp_error *err)
{
	if (begin > source->mbox.len || mail->size_bytes > source->mbox.len - begin)
		return tp_fail(err, TP_DATA, "%s: changed since it was planned", name);
	source->looked_at += mail->size_bytes;
	if (source->looked_at > FORGET_BYTES) {
		tp_spool_forget(&source->mbox);
		source->looked_at = 0;
	}
	content->data = source->mbox.data + begin;
	content->len = mail->size_bytes;
	return TP_OK;
}

/* Looks in a folder of a Maildir for the mail whose file's name begins with these bytes: what stands
 * behind them are its flags. Appends its path. */
static bool find_in(const char *folder, const char *base, size_t len, struct tp_buf *path)
{
	DIR *stream = opendir(folder);
	struct dirent *entry;
	bool found = false;

	while (stream && !found && (entry = readdir(stream)))
		if (!strncmp(entry->d_name, base, len) &&
			(!entry->d_name[len] || entry->d_name[len] == ':'))
			found = tp_buf_addf(path, "%s/%s", folder, entry->d_name);
	if (stream)
		closedir(stream);
	return found;
}

/* Somebody has read it meanwhile: the file has another name, or went from `new` to `cur`. */
static bool find_moved(const char *path, struct tp_buf *now)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t len = strcspn(base, ":"), folder_len = slash ? (size_t)(slash - path) : 0;
	struct tp_buf folder = TP_BUF_INIT(1 << 20);
	bool found = slash && tp_buf_add(&folder, path, folder_len) &&
		     find_in(folder.data, base, len, now);

	if (!found && folder.len >= 4 && !strcmp(folder.data + folder.len - 4, "/new")) {
		tp_buf_truncate(&folder, folder.len - 3);
		found = tp_buf_adds(&folder, "cur") && find_in(folder.data, base, len, now);
	}
	tp_buf_release(&folder);
	return found;
}

static enum tp_status open_file(const char *path, struct tp_spool *content, struct tp_error *err)
{
	struct tp_buf now = TP_BUF_INIT(1 << 20);
	enum tp_status status = tp_spool_open(content, path, err);

	if (status == TP_NOINPUT && find_moved(path, &now))
		status = tp_spool_open(content, now.data, err);
	tp_buf_release(&now);
	return status;
}

enum tp_status tp_source_file_content(struct tp_source *source, const struct tp_source_mail *mail,
	struct tp_spool *content, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_buf name = TP_BUF_INIT(1 << 20);
	uint64_t begin = 0;
	enum tp_status status = tp_source_recall(source, mail, &record, &name, &begin, err);

	if (!status && source->is_mbox)
		status = find_content(source, mail, tp_buf_str(&name), begin, content, err);
	else if (!status)
		status = open_file(tp_buf_str(&name), content, err);
	if (!status)
		status = check(content, &record, tp_buf_str(&name), err);
	tp_buf_release(&name);
	tp_record_release(&record);
	return status;
}

/* --- order ------------------------------------------------------------------------------------ */

static int compare_ids(const void *a, const void *b)
{
	const struct tp_source_mail *x = a, *y = b;
	int order = memcmp(x->id, y->id, TP_ID_LEN);

	return order ? order : (x->facts > y->facts) - (x->facts < y->facts);
}

/* A delivery that stands there twice is dropped; another that happened to get the same id moves on by
 * a millisecond, as archive-put moves it. */
static enum tp_status part_two(struct tp_source *source, const struct tp_source_mail *kept,
	struct tp_source_mail *mail, bool *drop, struct tp_error *err)
{
	struct tp_record first = TP_RECORD_INIT, second = TP_RECORD_INIT;
	struct tp_buf name = TP_BUF_INIT(1 << 20);
	uint64_t begin;
	enum tp_status status = tp_source_recall(source, kept, &first, NULL, NULL, err);

	if (!status)
		status = tp_source_recall(source, mail, &second, &name, &begin, err);
	*drop = !status && !memcmp(first.delivery, second.delivery, TP_SHA256_BYTES);
	if (*drop) {
		tp_buf_truncate(&name, name.len - 1); /* the NUL */
		tp_buf_adds(&name, ": a copy, packed once");
		source->report(source->report_context, tp_buf_str(&name));
	} else if (!status) {
		second.arrival_ms++;
		status = tp_record_identify(&second, err);
		memcpy(mail->id, second.id, TP_ID_LEN);
		if (!status)
			status = tp_source_keep(
				source, &second, tp_buf_str(&name), begin, &mail->facts, err);
	}
	tp_buf_release(&name);
	tp_record_release(&first);
	tp_record_release(&second);
	return status;
}

static enum tp_status sort(struct tp_source *source, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	bool moved = true;

	while (!status && moved) {
		size_t kept = 0;

		moved = false;
		if (source->count)
			qsort(source->mails, source->count, sizeof *source->mails, compare_ids);
		for (size_t i = 0; !status && i < source->count; i++) {
			struct tp_source_mail *mail = &source->mails[i];
			bool drop = false;

			if (kept && !memcmp(source->mails[kept - 1].id, mail->id, TP_ID_LEN)) {
				status = part_two(
					source, &source->mails[kept - 1], mail, &drop, err);
				moved = moved || !drop;
			}
			if (!drop)
				source->mails[kept++] = *mail;
		}
		source->count = kept;
	}
	return status;
}

static enum tp_status finish(struct tp_source *source, enum tp_status status,
	struct tp_source **out, struct tp_error *err)
{
	if (!status)
		status = sort(source, err);
	if (!status)
		status = tp_source_settle(source, err);
	if (status)
		tp_source_close(source);
	else
		*out = source;
	return status;
}

enum tp_status tp_source_maildir(const char *folder, tp_source_report *report, void *context,
	struct tp_source **out, struct tp_error *err)
{
	struct tp_source *source = tp_source_new(report, context, err);
	struct tp_import import = {
		.context = source, .mail = take_mail, .unreadable = take_unreadable
	};
	enum tp_status status;

	*out = NULL;
	if (!source)
		return TP_NOMEM;
	status = tp_import_maildir(folder, &import, err);
	return finish(source, status, out, err);
}

enum tp_status tp_source_mbox(const char *path, tp_source_report *report, void *context,
	struct tp_source **out, struct tp_error *err)
{
	struct tp_source *source = tp_source_new(report, context, err);
	struct tp_import import = {
		.context = source, .mail = take_mail, .unreadable = take_unreadable
	};
	enum tp_status status;

	*out = NULL;
	if (!source)
		return TP_NOMEM;
	source->is_mbox = true;
	status = tp_import_mbox_open(path, &source->mbox, err);
	if (!status)
		status = tp_import_mbox_from(&source->mbox, path, &import, err);
	tp_spool_forget(&source->mbox);
	return finish(source, status, out, err);
}

/* --- a choice of them ------------------------------------------------------------------------- */

static int compare_wanted(const void *a, const void *b)
{
	return memcmp(a, b, TP_ID_LEN);
}

/* Both are sorted: one pass. */
static void keep_wanted(struct tp_source *source, const char *ids, size_t count)
{
	size_t kept = 0, at = 0;
	char said[64];

	for (size_t i = 0; i < count; i++) {
		const char *id = ids + i * TP_ID_LEN;

		if (i && !memcmp(id - TP_ID_LEN, id, TP_ID_LEN)) {
			snprintf(said, sizeof said, "%.16s: listed twice, packed once", id);
			source->report(source->report_context, said);
			continue;
		}
		while (at < source->count && memcmp(source->mails[at].id, id, TP_ID_LEN) < 0)
			at++;
		if (at < source->count && !memcmp(source->mails[at].id, id, TP_ID_LEN)) {
			source->mails[kept++] = source->mails[at++];
			continue;
		}
		snprintf(said, sizeof said, "%.16s: not in the mailbox", id);
		tp_source_bad(source, said);
	}
	source->count = kept;
}

enum tp_status tp_source_choose(
	struct tp_source *source, const char *ids, size_t count, struct tp_error *err)
{
	char *wanted = malloc(count ? count * TP_ID_LEN : 1);

	if (!wanted)
		return tp_fail(err, TP_NOMEM, "list of ids: out of memory");
	if (count) {
		memcpy(wanted, ids, count * TP_ID_LEN);
		qsort(wanted, count, TP_ID_LEN, compare_wanted);
	}
	keep_wanted(source, wanted, count);
	free(wanted);
	return tp_source_settle(source, err);
}
