/* Looking into what is known of discs: see check.h. */
#include "disc/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/chunk.h"
#include "base/array.h"
#include "disc/check_told.h"
#include "disc/contents.h"
#include "disc/files.h"
#include "disc/image.h"
#include "disc/ledger_file.h"
#include "disc/plan.h"

#define MAILS_FIRST ((size_t)4096)
#define FAULTS_MAX  100 /* rows of one index that are told of */

/* A mail of the list. */
struct entry {
	char id[TP_ID_LEN];
	uint64_t size_bytes;
	bool seen; /* in the index */
};

struct checking {
	struct tp_archive *archive;
	struct tp_check *check;
	struct tp_told told;
	bool silent; /* the first look */
	bool faulty;
	/* the disc being looked at */
	const struct tp_disc_files *files;
	char file[TP_ARCHIVE_NAME];
	struct tp_disc disc; /* its serial is "" when the facts cannot be read */
	struct entry *entries;
	size_t count, cap;
	uint64_t bytes;
	bool listed; /* the entries are those of the disc */
};

/* --- telling ---------------------------------------------------------------------------------- */

static void look_at(struct checking *c, enum tp_disc_file file)
{
	struct stat st;

	tp_disc_file_name(file, c->files->number, c->file);
	if (c->silent && !fstatat(c->archive->dir, c->file, &st, 0))
		c->check->count.bytes += (uint64_t)st.st_size;
}

static void fault(struct checking *c, const char *id, const char *sentence)
{
	c->faulty = true;
	if (c->silent)
		return;
	c->check->count.faults++;
	c->check->count.touched += *id != 0;
	c->check->fault(c->check->context, c->file, id, sentence);
}

/* What is wrong with a file is a fault; what keeps us from looking ends the check. */
static enum tp_status judge(
	struct checking *c, enum tp_status status, const struct tp_error *why, struct tp_error *err)
{
	if (!status)
		return TP_OK;
	if (!tp_ledger_is_damage(status))
		return tp_fail(err, status, "%s", why->text);
	fault(c, "", why->text);
	return TP_OK;
}

/* --- the list --------------------------------------------------------------------------------- */

static enum tp_status take_mail(
	void *context, uint64_t i, const struct tp_disc_mail *mail, struct tp_error *err)
{
	struct checking *c = context;
	struct entry *list =
		tp_array_room(c->entries, c->count, &c->cap, MAILS_FIRST, sizeof *list);
	char id[TP_ID_LEN + 1];

	if (!list)
		return tp_fail(err, TP_NOMEM, "disc: out of memory");
	c->entries = list;
	if (!tp_id_normalize(mail->id, id))
		return tp_fail(err, TP_DATA, "mail %llu has no id", (unsigned long long)i);
	if (mail->sector > c->disc.sectors || mail->sectors > c->disc.sectors - mail->sector ||
		mail->sectors < (mail->size_bytes + TP_SECTOR - 1) / TP_SECTOR)
		fault(c, id, "it stands where the image has no room for it");
	memcpy(c->entries[c->count].id, id, TP_ID_LEN);
	c->entries[c->count].seen = false;
	c->entries[c->count++].size_bytes = mail->size_bytes;
	c->bytes += mail->size_bytes;
	return TP_OK;
}

static enum tp_status compare_list(
	struct checking *c, struct tp_contents *contents, struct tp_error *err)
{
	size_t pieces;
	enum tp_status status = tp_contents_walk(contents, take_mail, c, err);

	if (status)
		return status;
	tp_contents_pieces(contents, &pieces);
	if (pieces != (c->disc.sectors + TP_IMAGE_PIECE - 1) / TP_IMAGE_PIECE)
		return tp_fail(err, TP_DATA, "it has not as many pieces as the image");
	if (c->count != c->disc.mails || c->bytes != c->disc.bytes)
		return tp_fail(err, TP_DATA, "it has other mails than the disc");
	c->listed = true;
	return TP_OK;
}

static enum tp_status check_list(struct checking *c, struct tp_error *err)
{
	struct tp_contents *contents = NULL;
	struct tp_error why;
	enum tp_status status;

	look_at(c, TP_DISC_CONTENTS);
	c->count = 0;
	c->bytes = 0;
	c->listed = false;
	if (!c->disc.serial[0])
		return TP_OK;
	if (!(c->files->has & TP_DISC_CONTENTS)) {
		fault(c, "",
			"missing: the disc cannot be verified, nor its mails named by their paths");
		return TP_OK;
	}
	status = tp_contents_open(c->archive, &c->disc, &contents, &why);
	if (!status)
		status = compare_list(c, contents, &why);
	tp_contents_close(contents);
	return judge(c, status, &why, err);
}

/* --- the index -------------------------------------------------------------------------------- */

static void check_row(struct checking *c, const struct tp_rows *rows, size_t i, size_t *told)
{
	uint64_t at = rows->at[i];
	char id[TP_ID_LEN + 1];
	const char *what = NULL;

	tp_id_make(rows->arrival_ms[i], rows->tail[i], id);
	if (at >= c->count || memcmp(c->entries[at].id, id, TP_ID_LEN))
		what = "it is not the mail that the disc's list has in its place";
	else if (c->entries[at].seen)
		what = "it is there twice";
	else if (!rows->erased[i] && c->entries[at].size_bytes != rows->size_bytes[i])
		what = "the disc's list has another size of it";
	if (at < c->count)
		c->entries[at].seen = true;
	if (what && (*told)++ < FAULTS_MAX)
		fault(c, id, what);
}

static enum tp_status compare_rows(
	struct checking *c, struct tp_segment *segment, struct tp_error *err)
{
	struct tp_chunk *chunk;
	enum tp_status status = tp_chunk_new(&chunk, err);
	size_t told = 0;

	for (size_t i = 0; !status && i < tp_segment_chunks(segment); i++) {
		struct tp_rows rows;

		tp_chunk_turn(chunk, segment, i);
		status = tp_chunk_rows(chunk, &rows, err);
		for (size_t r = 0; !status && r < rows.count; r++)
			check_row(c, &rows, r, &told);
	}
	tp_chunk_free(chunk);
	return status;
}

static enum tp_status read_index(struct checking *c, struct tp_error *err)
{
	struct tp_segment *segment = NULL;
	enum tp_status status =
		tp_segment_open_kind(c->archive, TP_SEGMENT_DISC, c->files->number, &segment, err);

	if (!status)
		status = tp_segment_verify(segment, err);
	if (!status && c->listed)
		status = compare_rows(c, segment, err);
	if (!status && c->disc.left_at && tp_segment_rows(segment) < c->disc.mails)
		status = tp_fail(err, TP_DATA, "it has %llu of %llu mails, though all have left",
			(unsigned long long)tp_segment_rows(segment),
			(unsigned long long)c->disc.mails);
	tp_segment_close(segment);
	return status;
}

static enum tp_status check_index(struct checking *c, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status;

	look_at(c, TP_DISC_INDEX);
	if (c->files->has & TP_DISC_INDEX) {
		status = read_index(c, &why);
		return judge(c, status == TP_NOINPUT ? TP_DATA : status, &why, err);
	}
	if (c->disc.left_at || tp_told_has_left(&c->told, c->disc.serial))
		fault(c, "", "missing: what has left for the disc is not found");
	return TP_OK;
}

/* --- a disc ----------------------------------------------------------------------------------- */

static enum tp_status check_facts(struct checking *c, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = TP_OK;

	look_at(c, TP_DISC_FACTS);
	memset(&c->disc, 0, sizeof c->disc);
	if (c->files->has & TP_DISC_FACTS)
		status = tp_ledger_read(c->archive, c->files->number, &c->disc, &why);
	else if (c->files->has & TP_DISC_INDEX)
		fault(c, "", "missing: mails have left for that disc");
	if (status)
		c->disc.serial[0] = '\0';
	status = judge(c, status == TP_NOTHING ? TP_DATA : status, &why, err);
	/* The list tells what disc it is. */
	if (!status && c->disc.serial[0])
		tp_told_found(&c->told, c->disc.serial);
	else if (!status && c->faulty) {
		char serial[TP_SERIAL_LEN + 1];

		if (tp_contents_serial(c->archive, c->files->number, serial))
			tp_told_found(&c->told, serial);
	}
	return status;
}

static enum tp_status look(struct checking *c, struct tp_error *err)
{
	enum tp_status status = check_facts(c, err);

	if (!status)
		status = check_list(c, err);
	return status ? status : check_index(c, err);
}

/* Whoever records a disc replaces its list and then its facts; the second look waits for him, where we
 * may lock. */
static enum tp_status check_disc(struct checking *c, struct tp_error *err)
{
	enum tp_status status;
	int fd = -1;

	c->silent = true;
	c->faulty = false;
	status = look(c, err);
	if (status || !c->faulty)
		return status;
	if (!c->archive->read_only)
		status = tp_disc_hold(c->archive, &fd, err);
	c->silent = c->faulty = false;
	if (!status)
		status = look(c, err);
	if (fd >= 0)
		close(fd);
	return status;
}

static void tell_unknown(void *context, const char *serial)
{
	struct checking *c = context;
	char sentence[128];

	c->silent = false;
	snprintf(c->file, sizeof c->file, "disc");
	snprintf(sentence, sizeof sentence,
		"the event log tells of disc %s, and there are no facts of it", serial);
	fault(c, "", sentence);
}

enum tp_status tp_disc_check(
	struct tp_archive *archive, struct tp_check *check, struct tp_error *err)
{
	struct checking c = { .archive = archive, .check = check };
	uint64_t before = check->count.faults;
	struct tp_disc_files *files = NULL;
	size_t count = 0;
	enum tp_status status = tp_told_read(archive, &c.told, err);

	if (!status)
		status = tp_disc_files(archive, &files, &count, err);
	for (size_t i = 0; !status && i < count; i++) {
		c.files = &files[i];
		check->progress(check->context, check->count.bytes, check->count.bytes);
		status = check_disc(&c, err);
		check->count.discs += (files[i].has & TP_DISC_FACTS) != 0;
	}
	if (!status)
		tp_told_unknown(&c.told, tell_unknown, &c);
	tp_told_release(&c.told);
	free(c.entries);
	free(files);
	if (!status && check->count.faults > before)
		status = tp_fail(err, TP_DATA, "archive %s: damaged", archive->path);
	return status;
}

/* --- a look ----------------------------------------------------------------------------------- */

static enum tp_status look_for_index(
	void *context, const struct tp_disc *disc, struct tp_error *err)
{
	struct tp_archive *archive = context;
	char name[TP_ARCHIVE_NAME];

	tp_disc_file_name(TP_DISC_INDEX, disc->number, name);
	if (!disc->left_at || !faccessat(archive->dir, name, F_OK, 0))
		return TP_OK;
	return tp_fail(err, TP_DATA,
		"disc %s: %s/%s is missing; take it from a copy of the archive", disc->serial,
		archive->path, name);
}

enum tp_status tp_disc_index_is_there(struct tp_archive *archive, struct tp_error *err)
{
	struct tp_disc_files *files = NULL;
	size_t count = 0;
	enum tp_status status = tp_disc_files(archive, &files, &count, err);

	for (size_t i = 0; !status && i < count; i++) {
		struct tp_disc disc;

		if (files[i].has & TP_DISC_INDEX ||
			tp_ledger_read(archive, files[i].number, &disc, NULL))
			continue;
		status = look_for_index(archive, &disc, err);
	}
	free(files);
	return status;
}

void tp_disc_name(struct tp_archive *archive, uint32_t number, char name[16])
{
	struct tp_disc disc;
	char serial[TP_SERIAL_LEN + 1];

	if (!tp_ledger_read(archive, number, &disc, NULL))
		snprintf(name, 16, "%s", disc.serial);
	else if (tp_contents_serial(archive, number, serial))
		snprintf(name, 16, "%s", serial);
	else
		snprintf(name, 16, "%u", number);
}
