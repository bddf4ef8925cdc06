/* Writing a pack, piece by piece: see pack_out.h. */
#include "archive/pack_out.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "archive/shred.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/parallel.h"

#define THREADS_MAX 4 /* each takes some 30 MiB at level 19 */
#define TABLE_MAX   ((size_t)1 << 30)

enum tp_status tp_pack_out_begin(struct tp_pack_out *out, struct tp_archive *archive,
	const char *folder, uint32_t number, const char *suffix, int level, struct tp_error *err)
{
	unsigned char nothing[TP_PACK_HEADER] = { 0 };

	*out = (struct tp_pack_out){ .archive = archive, .level = level, .at = TP_PACK_HEADER };
	out->header.number = number;
	out->header.encrypted = archive->encrypted;
	out->name = tp_pack_name(folder, number, "");
	out->aside = tp_pack_name(folder, number, suffix);
	for (int i = 0; i < TP_PACK_BATCH; i++) {
		tp_buf_init(&out->jobs[i].raw, TP_PACK_BLOCK_BYTES);
		tp_buf_init(&out->jobs[i].stored, 2 * TP_PACK_BLOCK_BYTES);
	}
	tp_buf_init(&out->block_table, TABLE_MAX);
	tp_buf_init(&out->group_table, TABLE_MAX);
	tp_buf_init(&out->journal_table, TABLE_MAX);
	tp_pack_columns_init(&out->columns);
	out->fd = tp_create_at(
		archive->dir, out->aside.text, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (out->fd < 0)
		return tp_fail_errno(
			err, TP_CANTCREATE, "%s/%s: cannot create", archive->path, out->aside.text);
	return tp_write_all(out->fd, nothing, sizeof nothing, out->aside.text, err);
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Jobs that threads take one by one. */
struct team {
	struct tp_pack_out *out;
	atomic_uint next;
};

static void press(struct tp_pack_out *out, unsigned i)
{
	struct tp_pack_job *job = &out->jobs[i];

	if (job->copied)
		return;
	job->status = tp_pack_piece_press(out->archive, out->header.number, TP_PACK_BLOCK,
		out->header.blocks + i, &job->raw, job->level, &job->stored, &job->err);
	job->piece.raw_bytes = (uint32_t)job->raw.len;
	job->piece.stored_bytes = (uint32_t)job->stored.len;
	job->piece.crc = tp_crc32c(0, job->stored.data, job->stored.len);
}

static void work(struct team *team)
{
	unsigned i;

	while ((i = atomic_fetch_add(&team->next, 1)) < team->out->job_count)
		press(team->out, i);
}

static void *thread(void *context)
{
	work(context);
	return NULL;
}

/* Threads are help, and none is needed: the caller works, too. */
static void press_all(struct tp_pack_out *out)
{
	struct team team = { .out = out };
	pthread_t threads[THREADS_MAX];
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	long wanted = (processors < THREADS_MAX ? processors : THREADS_MAX) - 1;
	long begun = 0;

	atomic_init(&team.next, 0);
	if (wanted > (long)out->job_count - 1)
		wanted = (long)out->job_count - 1;
	while (begun < wanted && tp_thread_start(&threads[begun], thread, &team))
		begun++;
	work(&team);
	while (begun)
		pthread_join(threads[--begun], NULL);
}

static enum tp_status write_piece(struct tp_pack_out *out, const struct tp_buf *stored,
	struct tp_pack_piece *piece, struct tp_error *err)
{
	piece->at = out->at;
	out->at += stored->len;
	return tp_write_all(out->fd, stored->data, stored->len, out->aside.text, err);
}

static enum tp_status flush(struct tp_pack_out *out, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	press_all(out);
	for (unsigned i = 0; !status && i < out->job_count; i++) {
		struct tp_pack_job *job = &out->jobs[i];

		status = job->status;
		if (status) {
			if (err)
				*err = job->err;
			break;
		}
		status = write_piece(out, &job->stored, &job->piece, err);
		tp_pack_block_entry_add(&job->piece, &out->block_table);
		out->header.stream_bytes += job->piece.raw_bytes;
		out->header.blocks++;
	}
	out->job_count = 0;
	return status ? status : tp_buf_status(&out->block_table, "table of a pack", err);
}

static enum tp_status next_job(
	struct tp_pack_out *out, struct tp_pack_job **job, struct tp_error *err)
{
	enum tp_status status = out->job_count == TP_PACK_BATCH ? flush(out, err) : TP_OK;

	if (status)
		return status;
	*job = &out->jobs[out->job_count++];
	tp_buf_clear(&(*job)->raw);
	tp_buf_clear(&(*job)->stored);
	(*job)->status = TP_OK;
	(*job)->copied = false;
	(*job)->level = out->level;
	return TP_OK;
}

enum tp_status tp_pack_out_block(struct tp_pack_out *out, struct tp_buf **raw, struct tp_error *err)
{
	struct tp_pack_job *job = NULL;
	enum tp_status status = next_job(out, &job, err);

	*raw = job ? &job->raw : NULL;
	return status;
}

enum tp_status tp_pack_out_copy(struct tp_pack_out *out, const unsigned char *stored,
	const struct tp_pack_piece *piece, struct tp_error *err)
{
	struct tp_pack_job *job = NULL;
	enum tp_status status = next_job(out, &job, err);

	if (status)
		return status;
	tp_buf_add(&job->stored, stored, piece->stored_bytes);
	job->copied = true;
	job->piece = *piece;
	return tp_buf_status(&job->stored, "block of a pack", err);
}

enum tp_status tp_pack_out_blocks_end(struct tp_pack_out *out, struct tp_error *err)
{
	return out->job_count ? flush(out, err) : TP_OK;
}

/* --- directory and tables --------------------------------------------------------------------- */

static enum tp_status write_group(struct tp_pack_out *out, struct tp_error *err)
{
	struct tp_pack_group_place place = { .first = out->group_first };
	struct tp_buf raw = TP_BUF_INIT(TP_PACK_GROUP_MAX);
	struct tp_buf stored = TP_BUF_INIT(TP_PACK_GROUP_MAX);
	enum tp_status status = tp_pack_columns_join(&out->columns, &raw, err);

	if (!status)
		status = tp_pack_piece_press(out->archive, out->header.number, TP_PACK_GROUP,
			out->header.groups, &raw, out->level, &stored, err);
	if (!status) {
		place.piece.raw_bytes = (uint32_t)raw.len;
		place.piece.stored_bytes = (uint32_t)stored.len;
		place.piece.crc = tp_crc32c(0, stored.data, stored.len);
		memcpy(place.id, out->group_id, sizeof place.id);
		status = write_piece(out, &stored, &place.piece, err);
		tp_pack_group_entry_add(&place, &out->group_table);
	}
	out->header.groups++;
	out->group_first = out->header.messages;
	tp_pack_columns_clear(&out->columns);
	tp_buf_release(&raw);
	tp_buf_release(&stored);
	return status ? status : tp_buf_status(&out->group_table, "table of a pack", err);
}

enum tp_status tp_pack_out_entry(
	struct tp_pack_out *out, const struct tp_pack_entry *entry, struct tp_error *err)
{
	enum tp_status status;

	if (!out->columns.count)
		memcpy(out->group_id, entry->id, sizeof out->group_id);
	status = tp_pack_columns_add(&out->columns, entry, err);
	if (status)
		return status;
	out->header.messages++;
	if (out->columns.count < TP_PACK_GROUP_COUNT &&
		tp_pack_columns_bytes(&out->columns) < TP_PACK_GROUP_BYTES)
		return TP_OK;
	return write_group(out, err);
}

enum tp_status tp_pack_out_group_end(struct tp_pack_out *out, struct tp_error *err)
{
	return out->columns.count ? write_group(out, err) : TP_OK;
}

enum tp_status tp_pack_out_group_copy(struct tp_pack_out *out, const unsigned char *stored,
	const struct tp_pack_group_place *place, uint32_t count, struct tp_error *err)
{
	struct tp_pack_group_place copy = *place;
	enum tp_status status;

	copy.piece.at = out->at;
	out->at += place->piece.stored_bytes;
	status = tp_write_all(out->fd, stored, place->piece.stored_bytes, out->aside.text, err);
	tp_pack_group_entry_add(&copy, &out->group_table);
	out->header.groups++;
	out->header.messages += count;
	out->group_first = out->header.messages;
	return status ? status : tp_buf_status(&out->group_table, "table of a pack", err);
}

enum tp_status tp_pack_out_journal(struct tp_pack_out *out, uint32_t journal, struct tp_error *err)
{
	unsigned char bytes[4] = { (unsigned char)journal, (unsigned char)(journal >> 8),
		(unsigned char)(journal >> 16), (unsigned char)(journal >> 24) };

	tp_buf_add(&out->journal_table, bytes, sizeof bytes);
	out->header.journals++;
	return tp_buf_status(&out->journal_table, "table of a pack", err);
}

static enum tp_status write_table(
	struct tp_pack_out *out, const struct tp_buf *table, struct tp_error *err)
{
	out->header.tables_crc = tp_crc32c(out->header.tables_crc, table->data, table->len);
	out->at += table->len;
	return tp_write_all(out->fd, table->data, table->len, out->aside.text, err);
}

static enum tp_status write_header(struct tp_pack_out *out, struct tp_error *err)
{
	unsigned char bytes[TP_PACK_HEADER];

	tp_pack_header_write(&out->header, bytes);
	if (lseek(out->fd, 0, SEEK_SET) < 0)
		return tp_fail_errno(err, TP_IO, "%s: cannot seek", out->aside.text);
	return tp_write_all(out->fd, bytes, sizeof bytes, out->aside.text, err);
}

enum tp_status tp_pack_out_end(struct tp_pack_out *out, struct tp_error *err)
{
	enum tp_status status = tp_pack_out_group_end(out, err);

	out->header.tables_at = out->at;
	if (!status)
		status = write_table(out, &out->block_table, err);
	if (!status)
		status = write_table(out, &out->group_table, err);
	if (!status)
		status = write_table(out, &out->journal_table, err);
	out->header.file_bytes = out->at;
	if (!status)
		status = write_header(out, err);
	if (!status && fsync(out->fd))
		status = tp_fail_errno(err, TP_IO, "%s: cannot sync", out->aside.text);
	return status;
}

enum tp_status tp_pack_out_publish(struct tp_pack_out *out, struct tp_error *err)
{
	const char *slash = strchr(out->name.text, '/');
	struct tp_pack_name folder = out->name;

	if (renameat(out->archive->dir, out->aside.text, out->archive->dir, out->name.text))
		return tp_fail_errno(err, TP_IO, "%s: cannot rename", out->aside.text);
	out->aside.text[0] = 0;
	folder.text[slash - out->name.text] = 0;
	return tp_archive_sync(out->archive, folder.text, err);
}

void tp_pack_out_keep(struct tp_pack_out *out)
{
	out->aside.text[0] = 0;
}

void tp_pack_out_release(struct tp_pack_out *out)
{
	/* An eraser may have taken the name away; what was written since goes as well. */
	if (out->fd >= 0 && out->aside.text[0]) {
		tp_shred_file(out->fd, out->aside.text, NULL);
		unlinkat(out->archive->dir, out->aside.text, 0);
	}
	if (out->fd >= 0)
		close(out->fd);
	for (int i = 0; i < TP_PACK_BATCH; i++) {
		tp_buf_release(&out->jobs[i].raw);
		tp_buf_release(&out->jobs[i].stored);
	}
	tp_buf_release(&out->block_table);
	tp_buf_release(&out->group_table);
	tp_buf_release(&out->journal_table);
	tp_pack_columns_release(&out->columns);
	out->fd = -1;
}
