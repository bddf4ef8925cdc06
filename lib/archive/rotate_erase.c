/*
 * Erasing whole packs: see rotate_state.h. The steps:
 *
 * 0. Nothing while a pack is missing, for it may use any attachment.
 * 1. An event for each pack, then the list of them into the state: from here on it will be finished by
 *    the next rotation.
 * 2. Which attachments others use: packs that stay are read once, for nobody else changes packs while
 *    we hold seal.lock; journals are read again under each exclusive lock, for puts go on between.
 * 3. Pack by pack: its attachments that nobody uses lose their names, a few under each lock, so that no
 *    put waits long, and are overwritten between the locks; then, under one lock, its index and its
 *    name. For as long as the pack is there, what has to go is known.
 * 4. Its bytes are overwritten (shred.h). The state forgets the list.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "archive/blob.h"
#include "archive/events.h"
#include "archive/missing.h"
#include "archive/pack.h"
#include "archive/rotate_state.h"
#include "archive/rotate_stock.h"
#include "archive/segment.h"
#include "archive/shred.h"
#include "base/hex.h"

#define BLOBS_AT_ONCE 64

struct erasing {
	struct tp_archive *archive;
	const struct tp_pack_list *leaving;
	struct tp_blob_set kept; /* attachments that stay */
	struct tp_pack *pack;    /* the one being erased */
	size_t at;               /* its next message */
};

/* --- before ----------------------------------------------------------------------------------- */

static enum tp_status note_pack(struct tp_archive *archive, uint32_t number, const char *event,
	const char *why, const char *actor, struct tp_error *err)
{
	struct tp_buf note = TP_BUF_INIT(65536);
	char hex[TP_SHA256_HEX] = "";
	size_t messages = 0;
	struct tp_pack *pack;
	enum tp_status status;

	status = tp_pack_open(archive, number, &pack, err);
	if (!status) {
		messages = tp_pack_count(pack);
		tp_hex(tp_pack_link(pack), TP_SHA256_BYTES, hex);
		tp_pack_close(pack);
	}
	/* One that was damaged since it was counted goes as well: all we know of it is its number. */
	if (status && status != TP_DATA)
		return status;
	tp_buf_addf(&note, "%s: pack %08u, %zu messages, link %s", why, number, messages, hex);
	status = tp_buf_status(&note, "event", err);
	if (!status)
		status = tp_event_add(archive, actor, event, NULL, note.data, err);
	tp_buf_release(&note);
	return status;
}

static enum tp_status add_kept(struct erasing *e, const char *folder, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(e->archive, folder, &numbers, &count, err);

	for (size_t i = 0; !status && i < count; i++)
		if (!tp_pack_list_has(e->leaving, numbers[i]))
			status = tp_blob_set_add_pack(&e->kept, e->archive, numbers[i], err);
	free(numbers);
	return status;
}

/* --- one pack --------------------------------------------------------------------------------- */

/* Takes the names of up to a few attachments of the pack's next messages. Under the exclusive lock. */
static enum tp_status drop_some(struct erasing *e, struct tp_error *err)
{
	struct tp_blob_folders folders = { { 0 } };
	enum tp_status status = tp_blob_set_add_journals(&e->kept, e->archive, err);
	size_t dropped = 0;

	for (; !status && dropped < BLOBS_AT_ONCE && e->at < tp_pack_count(e->pack); e->at++) {
		struct tp_split split = { .holes = NULL };

		status = tp_pack_record(e->pack, e->at, NULL, &split, err);
		for (size_t i = 0; !status && i < split.count; i++) {
			if (tp_blob_set_has(&e->kept, split.holes[i].sha256))
				continue;
			status = tp_blob_drop(e->archive, split.holes[i].sha256, &folders, err);
			dropped++;
		}
		tp_split_release(&split);
		/* What is damaged keeps its attachments from being found: archive-check tells. */
		if (status == TP_NOTHING || status == TP_DATA)
			status = TP_OK;
	}
	return status ? status : tp_blob_settle(e->archive, &folders, err);
}

static enum tp_status take_name(
	struct tp_archive *archive, uint32_t number, const char *gone, struct tp_error *err)
{
	char name[TP_ARCHIVE_NAME];
	enum tp_status status = tp_segment_drop(archive, TP_SEGMENT_PACK, number, err);

	if (status)
		return status;
	tp_archive_name("cellar", number, name);
	if (renameat(archive->dir, name, archive->dir, gone) && errno != ENOENT)
		return tp_fail_errno(err, TP_IO, "%s/%s: cannot rename", archive->path, name);
	return tp_archive_sync(archive, "cellar", err);
}

/* Attachments first, a few at a time; then the name. */
static enum tp_status empty_pack(
	struct erasing *e, uint32_t number, const char *gone, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	bool more = true;

	while (!status && more) {
		status = tp_archive_lock(e->archive, TP_HOLD_ALL, err);
		if (status)
			return status;
		if (e->pack)
			status = drop_some(e, err);
		more = e->pack && e->at < tp_pack_count(e->pack);
		if (!status && !more) {
			tp_pack_close(e->pack);
			e->pack = NULL;
			status = take_name(e->archive, number, gone, err);
		}
		tp_archive_unlock(e->archive);
		if (!status)
			status = tp_blob_shred_dropped(e->archive, err);
	}
	return status;
}

static enum tp_status erase_pack(struct erasing *e, uint32_t number, struct tp_error *err)
{
	struct tp_buf gone = TP_BUF_INIT(4096);
	char name[TP_ARCHIVE_NAME];
	enum tp_status status;

	tp_archive_name("cellar", number, name);
	tp_buf_addf(&gone, "%s.gone", name);
	status = tp_buf_status(&gone, "name", err);
	e->at = 0;
	e->pack = NULL;
	if (!status)
		status = tp_pack_open(e->archive, number, &e->pack, err);
	if (status == TP_DATA)
		status = TP_OK; /* nothing of it can be read: the file goes alone */
	if (!status)
		status = empty_pack(e, number, gone.data, err);
	tp_pack_close(e->pack);
	if (!status)
		status = tp_shred(e->archive, gone.data, err);
	tp_buf_release(&gone);
	return status;
}

/* --- all of them ------------------------------------------------------------------------------ */

static enum tp_status erase_all(struct erasing *e, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_packs_are_there(e->archive, err);

	if (!status)
		status = add_kept(e, "pack", err);
	if (!status)
		status = add_kept(e, "cellar", err);
	if (!status)
		status = tp_archive_numbers(e->archive, "cellar", &numbers, &count, err);
	for (size_t i = 0; !status && i < count; i++)
		if (tp_pack_list_has(e->leaving, numbers[i]))
			status = erase_pack(e, numbers[i], err);
	free(numbers);
	return status;
}

enum tp_status tp_rotate_decide(struct tp_archive *archive, struct tp_rotate_state *state,
	const char *event, const char *why, const char *actor, struct tp_error *err)
{
	enum tp_status status = tp_packs_are_there(archive, err);

	for (size_t i = 0; !status && i < state->leaving.count; i++)
		status = note_pack(archive, state->leaving.numbers[i], event, why, actor, err);
	return status ? status : tp_rotate_state_write(archive, state, err);
}

enum tp_status tp_rotate_erase_on(
	struct tp_archive *archive, struct tp_rotate_state *state, struct tp_error *err)
{
	struct erasing e = { .archive = archive, .leaving = &state->leaving };
	enum tp_status status = erase_all(&e, err);

	tp_blob_set_release(&e.kept);
	if (status)
		return status;
	tp_pack_list_release(&state->leaving);
	return tp_rotate_state_write(archive, state, err);
}
