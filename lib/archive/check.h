/*
 * Looking into every corner of an archive: each record, hash and checksum of packs and journals, each
 * message put together from its skeleton and blobs, the chain of packs, the index segments against
 * the packs, the event log. One file is looked at at a time, under the shared lock, which is let go
 * between messages, too, when somebody waits: sealing, erasing and putting go on beside it. Memory:
 * some 100 bytes for each message of one pack.
 */
#ifndef TP_ARCHIVE_CHECK_H
#define TP_ARCHIVE_CHECK_H

#include "archive/archive.h"
#include "archive/salvage.h"

struct tp_check_count {
	uint64_t packs, journals, messages, erased, events;
	uint64_t discs;   /* by who checks what is known of them (disc/check.h) */
	uint64_t bytes;   /* of files that were read */
	uint64_t faults;  /* sentences */
	uint64_t touched; /* faults that name a message */
	uint64_t torn;    /* bytes at the ends of journals that nobody was ever told of */
	uint64_t aside;   /* files of damaged bytes that a rebuild has set aside */
};

struct tp_check {
	unsigned percent; /* of the contents are looked into, at random; 100: all. Records, tables,
			     chain and log are looked into in any case */
	void *context;
	/* A fault: the file (relative to the archive), the id of the message it touches ("" when none
	 * can be named), what is wrong. Called under the archive's lock: what it has to print waits
	 * for `progress`. */
	void (*fault)(void *context, const char *file, const char *id, const char *sentence);
	/* Before each file, without a lock: bytes looked at, and all there are. */
	void (*progress)(void *context, uint64_t done_bytes, uint64_t all_bytes);
	struct tp_check_count count;
};

/* TP_DATA when there was a fault; other failures are those of looking. */
enum tp_status tp_check_run(
	struct tp_archive *archive, struct tp_check *check, struct tp_error *err);

struct tp_rebuild_count {
	uint64_t segments; /* made */
	uint64_t orphans;  /* blobs that no message uses, removed */
};

/* Clears up what killed writers left, finishes an erasure, sets damaged bytes of journals aside and
 * seals the rest of these (salvage.h), makes all index segments again, removes blobs that nobody uses. A
 * pack that cannot be read whole keeps what index it has: it is the last that knows of its messages.
 * Waits for seal.lock. TP_DATA: all that was done, but a journal is beyond this. */
enum tp_status tp_check_rebuild(struct tp_archive *archive, struct tp_salvage *salvage,
	struct tp_rebuild_count *count, struct tp_error *err);

#endif
