/* Reading messages, one or all: see view.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/blob.h"
#include "archive/view_parts.h"

/* --- reading --------------------------------------------------------------------------------- */

enum tp_status tp_view_record(struct tp_view *view, const struct tp_place *place,
	struct tp_record *record, struct tp_split *split, struct tp_error *err)
{
	struct tp_journal_reader *journal;
	struct tp_pack *pack;
	enum tp_status status;

	if (place->tier == TP_TIER_DISC)
		return tp_fail(err, TP_UNAVAILABLE, "it is on disc %u", place->disc);
	if (place->in_journal) {
		status = tp_view_journal(view, place->number, &journal, err);
		return status ? status : tp_journal_read(journal, place->at, record, split, err);
	}
	status = tp_view_pack(view, place->number, &pack, err);
	return status ? status : tp_pack_record(pack, place->at, record, split, err);
}

enum tp_status tp_view_shelf(
	struct tp_view *view, const struct tp_place *place, uint32_t *shelf, struct tp_error *err)
{
	struct tp_pack *pack;
	enum tp_status status;

	*shelf = 0;
	if (place->in_journal || place->tier == TP_TIER_DISC)
		return TP_OK;
	status = tp_view_pack(view, place->number, &pack, err);
	return status ? status : tp_pack_shelf(pack, place->at, shelf, err);
}

/* A message on its way: skeleton into the joiner, the joined bytes into hash and sink. */
struct passage {
	struct tp_archive *archive;
	struct tp_joiner *joiner;
	struct tp_sha256 *sha;
	tp_press_sink *sink;
	void *context;
};

static enum tp_status take_message(
	void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct passage *p = context;
	enum tp_status status = tp_sha256_add(p->sha, bytes, len, err);

	return status ? status : p->sink(p->context, bytes, len, err);
}

static enum tp_status take_skeleton(
	void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct passage *p = context;

	return tp_joiner_add(p->joiner, bytes, len, err);
}

static enum tp_status give_blob(void *context, const unsigned char sha256[TP_SHA256_BYTES],
	tp_press_sink *sink, void *sink_context, struct tp_error *err)
{
	struct passage *p = context;

	return tp_blob_read(p->archive, sha256, sink, sink_context, err);
}

static enum tp_status pass(
	struct tp_view *view, const struct tp_place *place, struct passage *p, struct tp_error *err)
{
	struct tp_journal_reader *journal;
	struct tp_pack *pack;
	enum tp_status status;

	if (place->in_journal) {
		status = tp_view_journal(view, place->number, &journal, err);
		if (!status)
			status = tp_journal_skeleton(journal, place->at, take_skeleton, p, err);
	} else {
		status = tp_view_pack(view, place->number, &pack, err);
		if (!status)
			status = tp_pack_skeleton(pack, place->at, take_skeleton, p, err);
	}
	return status ? status : tp_joiner_end(p->joiner, err);
}

static enum tp_status say_damaged(
	const struct tp_place *place, const char *id, struct tp_error *err)
{
	return tp_error_prefix(err, "%s: %s %u at %llu", *id ? id : "message",
		place->in_journal ? "journal" : "pack", place->number,
		(unsigned long long)place->at);
}

enum tp_status tp_view_content(struct tp_view *view, const struct tp_place *place,
	tp_press_sink *sink, void *context, struct tp_error *err)
{
	struct passage p = { .archive = view->archive, .sink = sink, .context = context };
	struct tp_record record = TP_RECORD_INIT;
	struct tp_split split = { NULL, 0, 0 };
	unsigned char sha256[TP_SHA256_BYTES];
	struct tp_error own;
	enum tp_status status;

	err = err ? err : &own;
	status = tp_view_record(view, place, &record, &split, err);
	if (!status)
		status = tp_sha256_new(&p.sha, err);
	if (!status)
		status = tp_joiner_new(&split, give_blob, &p, take_message, &p, &p.joiner, err);
	if (!status)
		status = pass(view, place, &p, err);
	if (!status)
		status = tp_sha256_end(p.sha, sha256, err);
	if (!status && memcmp(sha256, record.sha256, sizeof sha256))
		status = tp_fail(err, TP_DATA, "the bytes are not those that came");
	if (status == TP_DATA || status == TP_NOINPUT)
		status = say_damaged(place, record.id, err);
	tp_joiner_free(p.joiner);
	tp_sha256_free(p.sha);
	tp_split_release(&split);
	tp_record_release(&record);
	return status;
}

/* --- all of it ------------------------------------------------------------------------------- */

static enum tp_status walk_pack(struct tp_view *view, const struct tp_view_part *part,
	tp_view_each *each, void *context, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_split split = { NULL, 0, 0 };
	struct tp_pack *pack;
	enum tp_status status = tp_view_pack(view, part->number, &pack, err);

	for (size_t i = 0; !status && i < tp_pack_count(pack); i++) {
		struct tp_place place = { false, part->number, i, part->tier, 0 };

		status = tp_pack_record(pack, i, &record, &split, err);
		if (!status)
			status = each(context, &place, &record, &split, err);
		else if (status == TP_NOTHING)
			status = TP_OK;
		tp_split_release(&split);
		tp_record_release(&record);
	}
	return status;
}

static enum tp_status walk_journal(struct tp_view *view, const struct tp_view_part *part,
	tp_view_each *each, void *context, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_split split = { NULL, 0, 0 };
	struct tp_place place = { true, part->number, 0, TP_TIER_ONLINE, 0 };
	struct tp_journal_reader *journal;
	uint64_t torn;
	enum tp_status status = tp_view_journal(view, part->number, &journal, err);

	if (!status)
		tp_journal_rewind(journal);
	while (!status) {
		status = tp_journal_next(journal, NULL, &place.at, &torn, err);
		if (!status)
			status = tp_journal_read(journal, place.at, &record, &split, err);
		if (!status)
			status = each(context, &place, &record, &split, err);
		tp_split_release(&split);
		tp_record_release(&record);
	}
	return status == TP_NOTHING ? TP_OK : status;
}

enum tp_status tp_view_walk(struct tp_view *view, unsigned tiers, tp_view_each *each, void *context,
	struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < view->count; i++) {
		struct tp_view_part *part = &view->parts[i];

		if (!(tiers & 1u << part->tier))
			continue;
		if (part->kind == TP_SEGMENT_PACK)
			status = walk_pack(view, part, each, context, err);
		else if (part->kind == TP_SEGMENT_JOURNAL)
			status = walk_journal(view, part, each, context, err);
	}
	return status;
}

enum tp_status tp_view_walk_journals(
	struct tp_view *view, tp_view_each *each, void *context, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < view->count; i++)
		if (view->parts[i].kind == TP_SEGMENT_JOURNAL)
			status = walk_journal(view, &view->parts[i], each, context, err);
	return status;
}

/* Adds up the files of a folder and of the folders in it; what is not there is nothing. */
static enum tp_status add_folder(
	int above, const char *name, bool deep, uint64_t *bytes, struct tp_error *err)
{
	int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	enum tp_status status = TP_OK;
	struct dirent *entry;
	struct stat st;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT ? TP_OK : tp_fail_errno(err, TP_IO, "%s", name);
	}
	while (!status && (entry = readdir(stream))) {
		if (*entry->d_name == '.' || fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISREG(st.st_mode))
			*bytes += (uint64_t)st.st_size;
		else if (deep && S_ISDIR(st.st_mode))
			status = add_folder(fd, entry->d_name, false, bytes, err);
	}
	closedir(stream);
	return status;
}

enum tp_status tp_view_stored(
	struct tp_view *view, enum tp_tier tier, uint64_t *bytes, struct tp_error *err)
{
	int dir = view->archive->dir;
	enum tp_status status = TP_OK;

	*bytes = 0;
	if (tier == TP_TIER_CELLAR)
		return add_folder(dir, "cellar", false, bytes, err);
	if (tier != TP_TIER_ONLINE)
		return TP_OK;
	status = add_folder(dir, "pack", false, bytes, err);
	if (!status)
		status = add_folder(dir, "journal", false, bytes, err);
	return status ? status : add_folder(dir, "blob", true, bytes, err);
}
