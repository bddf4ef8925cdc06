/* Is it stored already: see known.h. */
#include "archive/known.h"

#include <sys/stat.h>
#include <time.h>

#include "archive/view.h"

struct slot {
	uint32_t number;
	struct tp_journal_reader *reader;
	bool trusted; /* and perhaps not durable yet */
};

struct tp_known {
	struct tp_archive *archive;
	struct tp_view *view; /* of the packs; NULL until it is needed */
	struct slot *slots;   /* journals that were looked at, by number */
	size_t count;
	struct timespec listed; /* the folder's mtime then; 0: list it again in any case */
};

enum tp_status tp_known_new(
	struct tp_archive *archive, struct tp_known **known, struct tp_error *err)
{
	*known = calloc(1, sizeof **known);
	if (!*known)
		return tp_fail(err, TP_NOMEM, "archive: out of memory");
	(*known)->archive = archive;
	return TP_OK;
}

void tp_known_forget(struct tp_known *known)
{
	for (size_t i = 0; i < known->count; i++)
		tp_journal_close(known->slots[i].reader);
	free(known->slots);
	known->slots = NULL;
	known->count = 0;
	known->listed = (struct timespec){ .tv_sec = 0 };
	tp_view_close(known->view);
	known->view = NULL;
}

void tp_known_free(struct tp_known *known)
{
	if (!known)
		return;
	tp_known_forget(known);
	free(known);
}

/* The slots anew for these journals, readers kept. */
static enum tp_status renew_slots(
	struct tp_known *known, const uint32_t *numbers, size_t count, struct tp_error *err)
{
	struct slot *slots = calloc(count + 1, sizeof *slots);
	size_t old = 0;

	if (!slots)
		return tp_fail(err, TP_NOMEM, "archive: out of memory");
	for (size_t i = 0; i < count; i++) {
		slots[i].number = numbers[i];
		for (; old < known->count && known->slots[old].number <= numbers[i]; old++) {
			if (known->slots[old].number == numbers[i])
				slots[i] = known->slots[old];
			else
				tp_journal_close(known->slots[old].reader);
		}
	}
	for (; old < known->count; old++)
		tp_journal_close(known->slots[old].reader);
	free(known->slots);
	known->slots = slots;
	known->count = count;
	return TP_OK;
}

static bool slots_are(const struct tp_known *known, const uint32_t *numbers, size_t count)
{
	if (known->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (known->slots[i].number != numbers[i])
			return false;
	return true;
}

/* True when the folder is as it was when it was listed. A change within a tick of the clock that
 * stamps files shows no other time: a stamp so young is not remembered. */
static bool is_listed(struct tp_known *known, struct timespec *stamp)
{
	struct timespec now;
	struct stat st;
	bool old;

	*stamp = (struct timespec){ .tv_sec = 0 };
	if (fstatat(known->archive->dir, "journal", &st, 0) || clock_gettime(CLOCK_REALTIME, &now))
		return false;
	old = st.st_mtim.tv_sec < now.tv_sec - 1 && st.st_mtim.tv_sec > 0;
	if (old)
		*stamp = st.st_mtim;
	return old && stamp->tv_sec == known->listed.tv_sec &&
	       stamp->tv_nsec == known->listed.tv_nsec;
}

static enum tp_status look_again(struct tp_known *known, struct tp_error *err)
{
	uint32_t *numbers = NULL;
	struct timespec stamp; /* taken before the listing */
	size_t count = 0;
	enum tp_status status;

	if (is_listed(known, &stamp))
		return TP_OK;
	status = tp_archive_numbers(known->archive, "journal", &numbers, &count, err);
	if (!status && !slots_are(known, numbers, count))
		status = renew_slots(known, numbers, count, err);
	if (!status)
		known->listed = stamp;
	free(numbers);
	return status;
}

/* The journal of a slot as it is now. TP_DATA: it cannot be read as one. */
static enum tp_status open_slot(struct tp_known *known, struct slot *slot, struct tp_journal *own,
	struct tp_journal_reader **reader, struct tp_error *err)
{
	enum tp_status status;

	*reader = slot->reader;
	if (own && tp_journal_number(own) == slot->number)
		*reader = tp_journal_look(own);
	else if (slot->reader)
		return tp_journal_refresh(slot->reader, err);
	else {
		status = tp_journal_open(known->archive, slot->number, &slot->reader, err);
		*reader = slot->reader;
		return status;
	}
	return TP_OK;
}

/* Asks one journal after the other, the youngest first: for the delivery, or (NULL) for place->id. */
static enum tp_status ask_journals(struct tp_known *known, struct tp_journal *own,
	const unsigned char *delivery, struct tp_known_place *place, struct tp_error *err)
{
	enum tp_status status;

	for (size_t i = known->count; i-- > 0;) {
		place->number = known->slots[i].number;
		status = open_slot(known, &known->slots[i], own, &place->reader, err);
		if (!status && delivery)
			status = tp_journal_find_delivery(
				place->reader, delivery, place->id, &place->offset, err);
		else if (!status)
			status = tp_journal_find(place->reader, place->id, &place->offset, err);
		/* What is in a journal that cannot be read counts as not stored. */
		if (status != TP_NOTHING && status != TP_DATA && status != TP_IO)
			return status;
	}
	return TP_NOTHING;
}

static enum tp_status open_view(struct tp_known *known, struct tp_error *err)
{
	return known->view ? TP_OK : tp_view_open(known->archive, &known->view, err);
}

enum tp_status tp_known_delivery(struct tp_known *known, struct tp_journal *own,
	const unsigned char delivery[TP_SHA256_BYTES], struct tp_known_place *place,
	struct tp_error *err)
{
	enum tp_status status = look_again(known, err);

	if (!status)
		status = ask_journals(known, own, delivery, place, err);
	if (status != TP_NOTHING)
		return status;
	place->reader = NULL;
	status = open_view(known, err);
	return status ? status : tp_view_find_sealed(known->view, delivery, place->id, err);
}

enum tp_status tp_known_content(struct tp_known *known, const char *id, tp_press_sink *sink,
	void *context, struct tp_error *err)
{
	struct tp_place place;
	enum tp_status status = tp_view_find_sealed_id(known->view, id, &place, err);

	if (status == TP_NOTHING)
		return tp_fail(err, TP_DATA, "message %s: the index knows it not", id);
	return status ? status : tp_view_content(known->view, &place, sink, context, err);
}

void tp_known_trust(struct tp_known *known, const struct tp_known_place *place)
{
	for (size_t i = 0; i < known->count; i++)
		if (known->slots[i].number == place->number && known->slots[i].reader)
			known->slots[i].trusted = true;
}

enum tp_status tp_known_settle(struct tp_known *known, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < known->count; i++) {
		if (known->slots[i].trusted)
			status = tp_journal_settle(known->slots[i].reader, err);
		known->slots[i].trusted = known->slots[i].trusted && status;
	}
	return status;
}

enum tp_status tp_known_id(
	struct tp_known *known, struct tp_journal *own, const char *id, struct tp_error *err)
{
	struct tp_known_place place;
	struct tp_place sealed;
	enum tp_status status;

	memcpy(place.id, id, sizeof place.id);
	status = ask_journals(known, own, NULL, &place, err);
	if (status != TP_NOTHING)
		return status;
	status = open_view(known, err);
	return status ? status : tp_view_find_sealed_id(known->view, id, &sealed, err);
}
