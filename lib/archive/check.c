/* Checking an archive: see check.h. */
#include "archive/check_parts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/blob.h"
#include "archive/erase.h"
#include "archive/events.h"
#include "archive/journal.h"
#include "archive/seal.h"
#include "archive/spent.h"
#include "archive/split.h"
#include "base/array.h"

void tp_check_look_at(struct tp_checking *c, const char *folder, uint32_t number)
{
	if (number)
		tp_archive_name(folder, number, c->file);
	else
		snprintf(c->file, sizeof c->file, "%s", folder);
}

void tp_check_fault(struct tp_checking *c, const char *id, const struct tp_error *why)
{
	c->check->count.faults++;
	c->check->count.touched += *id != 0;
	c->check->fault(c->check->context, c->file, id, why->text);
}

bool tp_check_is_fault(enum tp_status status)
{
	return status == TP_DATA || status == TP_LIMIT || status == TP_IO;
}

bool tp_check_is_chosen(const struct tp_checking *c)
{
	unsigned char dice[2];

	return c->check->percent >= 100 || tp_random(dice, sizeof dice, NULL) ||
	       (dice[0] << 8 | dice[1]) % 100u < c->check->percent;
}

/* --- the event log ---------------------------------------------------------------------------- */

static enum tp_status note_left(struct tp_checking *c, uint32_t number, struct tp_error *err)
{
	uint32_t *left = tp_array_room(c->left, c->left_count, &c->left_cap, 64, sizeof *left);

	if (!left)
		return tp_fail(err, TP_NOMEM, "out of memory");
	c->left = left;
	c->left[c->left_count++] = number;
	return TP_OK;
}

static enum tp_status look_at_event(
	void *context, const char *line, size_t len, struct tp_error *err)
{
	struct tp_checking *c = context;
	uint32_t number;

	c->check->count.events++;
	return tp_event_is_leaving(line, len, &number) ? note_left(c, number, err) : TP_OK;
}

enum tp_status tp_check_events(struct tp_checking *c, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status;

	tp_check_look_at(c, "events.log", 0);
	status = tp_events_walk(c->archive, look_at_event, c, &why);
	if (tp_check_is_fault(status)) {
		tp_check_fault(c, "", &why);
		return TP_OK;
	}
	return status && status != TP_NOINPUT ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

/* Whoever erases holds seal.lock: what is begun there is being finished. Without the right to lock, what
 * we see has to do. */
static void check_pending(struct tp_checking *c)
{
	struct tp_error why;
	int fd = -1;
	bool pending = !tp_erase_pending(c->archive, NULL);

	if (pending && tp_seal_lock(c->archive, false, &fd, NULL) == TP_TEMPORARY)
		return;
	pending = pending && !tp_erase_pending(c->archive, NULL);
	if (fd >= 0)
		close(fd);
	if (!pending)
		return;
	tp_check_look_at(c, "erasing", 0);
	tp_fail(&why, TP_DATA, "an erasure was interrupted; archive-check --rebuild finishes it");
	tp_check_fault(c, "", &why);
}

/* --- journals --------------------------------------------------------------------------------- */

enum tp_status tp_check_note_journal(
	struct tp_checking *c, const struct tp_checked_journal *journal, struct tp_error *err)
{
	struct tp_checked_journal *journals =
		tp_array_room(c->journals, c->journal_count, &c->journal_cap, 64, sizeof *journals);

	if (!journals)
		return tp_fail(err, TP_NOMEM, "out of memory");
	c->journals = journals;
	c->journals[c->journal_count++] = *journal;
	return TP_OK;
}

/* One that the pack seems to have replaced, and that is still there, holds nothing else. */
static enum tp_status compare_journal(
	struct tp_checking *c, uint32_t number, struct tp_pack *pack, struct tp_error *err)
{
	struct tp_journal_reader *reader;
	struct tp_error why, where;
	enum tp_status status = tp_journal_open(c->archive, number, &reader, &why);

	if (!status)
		status = tp_spent_prove(c->archive, reader, pack, &why);
	tp_journal_close(reader);
	if (status == TP_NOTHING) {
		tp_fail(&where, TP_DATA, "it replaced journal %08u: %s", number, why.text);
		tp_check_fault(c, "", &where);
	}
	if (!status || status == TP_NOTHING || status == TP_NOINPUT || tp_check_is_fault(status))
		return TP_OK;
	return tp_fail(err, status, "%s", why.text);
}

static bool has_last(struct tp_pack *pack, const struct tp_checked_journal *journal)
{
	size_t i;

	return !*journal->last || !tp_pack_find(pack, journal->last, &i, NULL);
}

enum tp_status tp_check_forget_journals(
	struct tp_checking *c, struct tp_pack *pack, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t k = 0; !status && k < c->journal_count; k++) {
		const struct tp_checked_journal *journal = &c->journals[k];

		if (!tp_spent_is_listed(pack, journal->number) || !has_last(pack, journal))
			continue;
		status = compare_journal(c, journal->number, pack, err);
		c->check->count.journals--;
		c->check->count.messages -= journal->messages;
		c->journals[k--] = c->journals[--c->journal_count];
	}
	return status;
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum tp_status add_sizes(struct tp_checking *c, const char *folder, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(c->archive, folder, &numbers, &count, err);
	char name[TP_ARCHIVE_NAME];
	struct stat st;

	for (size_t i = 0; i < count; i++) {
		tp_archive_name(folder, numbers[i], name);
		if (!fstatat(c->archive->dir, name, &st, 0))
			c->all_bytes += (uint64_t)st.st_size;
	}
	free(numbers);
	return status;
}

static enum tp_status check_journals(struct tp_checking *c, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = tp_archive_numbers(c->archive, "journal", &numbers, &count, err);

	for (size_t i = 0; !status && i < count; i++) {
		c->check->progress(c->check->context, c->check->count.bytes, c->all_bytes);
		status = tp_archive_lock(c->archive, TP_HOLD_READ, err);
		if (status)
			break;
		status = tp_check_journal(c, numbers[i], err);
		tp_archive_unlock(c->archive);
	}
	free(numbers);
	return status;
}

/* Journals first: what is sealed meanwhile is met again in its pack, and not missed. */
enum tp_status tp_check_run(
	struct tp_archive *archive, struct tp_check *check, struct tp_error *err)
{
	struct tp_checking c = { .archive = archive, .check = check };
	enum tp_status status = tp_archive_need_key(archive, err);

	check->count = (struct tp_check_count){ 0 };
	if (!status)
		status = add_sizes(&c, "journal", err);
	if (!status)
		status = add_sizes(&c, "pack", err);
	if (!status)
		status = add_sizes(&c, "cellar", err);
	if (!status)
		status = check_journals(&c, err);
	if (!status)
		status = tp_check_packs(&c, err);
	if (!status)
		status = tp_salvage_count(archive, &check->count.aside, err);
	if (!status)
		check_pending(&c);
	free(c.left);
	free(c.journals);
	if (!status && check->count.faults)
		status = tp_fail(err, TP_DATA, "archive %s: damaged", archive->path);
	return status;
}
