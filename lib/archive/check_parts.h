/* What the parts of a check share. Private to check*.c. */
#ifndef TP_ARCHIVE_CHECK_PARTS_H
#define TP_ARCHIVE_CHECK_PARTS_H

#include "archive/check.h"
#include "archive/pack.h"
#include "archive/proof.h"

/* A journal that was looked at, how many messages were in it, and the id of the last ("": none). */
struct tp_checked_journal {
	uint32_t number;
	uint64_t messages;
	char last[TP_ID_LEN + 1];
};

struct tp_checking {
	struct tp_archive *archive;
	struct tp_check *check;
	char file[TP_ARCHIVE_NAME]; /* being looked at */
	uint64_t all_bytes;
	uint32_t *left; /* packs that the log says are gone, in no order */
	size_t left_count, left_cap;
	struct tp_checked_journal *journals;
	size_t journal_count, journal_cap;
};

/* What is looked at now: a numbered file of a folder, or (number 0) a file by its name. */
void tp_check_look_at(struct tp_checking *c, const char *folder, uint32_t number);
void tp_check_fault(struct tp_checking *c, const char *id, const struct tp_error *why);
/* True for what is a fault of the archive (or of its disk) rather than of looking. */
bool tp_check_is_fault(enum tp_status status);
/* True for so many in a hundred, at random. */
bool tp_check_is_chosen(const struct tp_checking *c);

enum tp_status tp_check_journal(struct tp_checking *c, uint32_t number, struct tp_error *err);
/* Remembers what a journal counted for, and takes it back when a pack turns out to have replaced it:
 * then its messages are met twice, and count once. A journal that is still there is compared with that
 * pack, message by message (spent.h). */
enum tp_status tp_check_note_journal(
	struct tp_checking *c, const struct tp_checked_journal *journal, struct tp_error *err);
enum tp_status tp_check_forget_journals(
	struct tp_checking *c, struct tp_pack *pack, struct tp_error *err);
/* The log's chain, and c->left. */
enum tp_status tp_check_events(struct tp_checking *c, struct tp_error *err);
/* The log, too, for it says which packs are gone. */
enum tp_status tp_check_packs(struct tp_checking *c, struct tp_error *err);
/* The segment of an intact pack against it. */
enum tp_status tp_check_index(struct tp_checking *c, struct tp_pack *pack, struct tp_error *err);
/* Names the messages [first, first + count) of a pack whose directory cannot be read, by its index;
 * when that is no help, none. */
void tp_check_name_by_index(struct tp_checking *c, uint32_t number, uint64_t first, uint64_t count,
	const struct tp_error *why);

#endif
