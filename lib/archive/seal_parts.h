/* What a sealer is about: which journals, and which messages in them. Private to seal*.c. */
#ifndef TP_ARCHIVE_SEAL_PARTS_H
#define TP_ARCHIVE_SEAL_PARTS_H

#include "archive/chain.h"
#include "archive/journal.h"
#include "archive/pack.h"
#include "archive/salvage.h"
#include "archive/seal.h"

/* A journal that is to be sealed. */
struct tp_seal_due {
	uint32_t number;
	uint64_t bytes;
	struct tp_journal *held;
	struct tp_journal_reader *reader;
	bool bad; /* left as it is */
};

/* A message in one of them. */
struct tp_seal_item {
	char id[TP_ID_LEN + 1];
	unsigned char delivery[8]; /* its beginning; enough to tell two of one id apart */
	uint32_t due;
	uint64_t offset;
};

struct tp_sealing {
	struct tp_archive *archive;
	struct tp_seal_report *report;
	struct tp_salvage *salvage; /* NULL: damaged journals are left */
	struct tp_seal_due *dues;
	size_t due_count;
	size_t first, end; /* the ones that make this pack */
	struct tp_seal_item *items;
	size_t count, cap;
	struct tp_chain chain;
	int lock; /* seal.lock; -1: let go */
	int level;
	struct tp_pack_writer *writer;
	struct tp_error damage; /* the first damaged journal's; status TP_OK: none */
};

/* Holds the journals that are due (all: those that are not full, too; when salvaging those that are
 * damaged, and no others). */
enum tp_status tp_seal_find_due(struct tp_sealing *s, bool all, struct tp_error *err);

/* What the journals first to end have now, in order of ids, each message once. A damaged one is left
 * out; when salvaging, its damaged bytes are set aside and the rest counts. */
enum tp_status tp_seal_list(struct tp_sealing *s, struct tp_error *err);

/* Not this journal: what it has of this pack goes out of it again. TP_DATA. */
enum tp_status tp_seal_leave(struct tp_sealing *s, uint32_t index, const struct tp_error *why);

#endif
