/*
 * What is to be erased: messages, their places, the blobs they use, and who else uses those. Private
 * to erase*.c.
 */
#ifndef TP_ARCHIVE_ERASE_PLAN_H
#define TP_ARCHIVE_ERASE_PLAN_H

#include "archive/view.h"

/* A blob that may go. */
struct tp_erase_blob {
	unsigned char sha256[TP_SHA256_BYTES];
	uint64_t in_packs;    /* holes in packs that are filled from it, those to be erased, too */
	uint64_t in_journals; /* the same in journals, counted anew each time */
	bool removed;
};

struct tp_erase_item {
	char id[TP_ID_LEN + 1];
	bool in_journal;
	uint32_t number; /* of the pack or journal */
	uint64_t at;     /* index, or offset */
	bool recorded;   /* its event is in the log: an earlier erasure began with it */
	bool done;       /* and it says that it is erased, perhaps not to its end */
	bool lost;       /* the pack's directory does not say where it is */
	size_t *blobs;   /* the blobs of its holes, one for each hole */
	size_t blob_count;
};

struct tp_erase_plan {
	struct tp_archive *archive;
	struct tp_erase_item *items; /* by place, once tp_erase_plan_settle was called */
	size_t count, cap;
	struct tp_erase_blob *blobs; /* by hash, then too */
	size_t blob_count, blob_cap;
	bool begun;      /* the file is there, perhaps with nothing that is left to be done */
	bool keep_blobs; /* who else uses them is not certain */
	bool collect; /* what blobs some of them used is not known: unused ones are to be found */
};

void tp_erase_plan_release(struct tp_erase_plan *plan);

/* Adds a message that is at `place`. */
enum tp_status tp_erase_plan_add(struct tp_erase_plan *plan, struct tp_view *view, const char *id,
	const struct tp_place *place, struct tp_error *err);
/* The same of one that the directory of a pack does not tell any more: all messages of all parts of it
 * that cannot be read. `asked`: ids that may be among them; they get sorted. */
enum tp_status tp_erase_plan_add_lost(struct tp_erase_plan *plan, uint32_t number,
	char (*asked)[TP_ID_LEN + 1], size_t count, struct tp_error *err);
enum tp_status tp_erase_plan_add_item(struct tp_erase_plan *plan, const char *id, bool in_journal,
	uint32_t number, uint64_t at, struct tp_erase_item **item, struct tp_error *err);
/* What does not keep others from being erased. */
bool tp_erase_is_damage(enum tp_status status);
/* Adds what an interrupted erasure had begun, from the file `erasing`; what is on a disc by now is only told
 * of. */
enum tp_status tp_erase_plan_load(
	struct tp_erase_plan *plan, struct tp_view *view, struct tp_error *err);
/* Writes the file, or removes it. */
enum tp_status tp_erase_plan_save(const struct tp_erase_plan *plan, struct tp_error *err);
enum tp_status tp_erase_plan_forget(const struct tp_erase_plan *plan, struct tp_error *err);
/* Sorts, and makes double items one. */
enum tp_status tp_erase_plan_settle(struct tp_erase_plan *plan, struct tp_error *err);

/* Counts who uses the blobs: in packs (once, for packs stay as they are under seal.lock), in journals
 * (whenever it matters, under the exclusive lock). */
enum tp_status tp_erase_count_packs(
	struct tp_erase_plan *plan, struct tp_view *view, struct tp_error *err);
enum tp_status tp_erase_count_journals(struct tp_erase_plan *plan, struct tp_error *err);

/* Erases the items of a settled plan from `begin` on that go together: those of one pack, or of all
 * journals. *end: where the next begin. Under seal.lock, once the plan is saved. */
enum tp_status tp_erase_unit(
	struct tp_erase_plan *plan, size_t begin, size_t *end, struct tp_error *err);

#endif
