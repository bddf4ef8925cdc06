/*
 * An archive: a folder with every mail that was put into it.
 *
 *   archive.yaml            its settings (tubepost-archive(5))
 *   format                  "tubepost-archive 1"; with a key, how to know it again
 *   journal/NNNNNNNN.tpj    mail as it arrives, a record a message, fsynced one by one
 *   pack/NNNNNNNN.tpp       sealed mail, immutable, compressed together; Merkle root, chained
 *   cellar/NNNNNNNN.tpp     packs that left for the cellar, moved by one rename
 *   blob/ab/SHA256.tpb      decoded attachments, each content once, shared by all messages
 *   index/NNNNNNNN.tpx      for finding; a cache of the pack of that number, made again from it
 *   events.log              what was done, hash-chained
 *   lock                    see below
 *
 * The truth is in journals, packs and blobs. A message is acknowledged when its record and its blobs
 * are fsynced; it is visible to readers from then on, and never half.
 *
 * Locks, all of them the kernel's (of open file descriptions, by byte, so that they hold on NFS, too),
 * so that a killed process leaves none behind:
 *   lock, shared      get, find, check; and apart from them put: what exists will not be taken away
 *   lock, all of it   the short last step of seal, rotate, erase, when old files go and new ones come
 *   lock, one byte    the delivery being put (chosen by its hash): one of two equal puts stores it
 *   a journal         its one writer
 *   seal.lock         who changes what is sealed: erasers, rotators, a sealer at both ends of his work
 *   sealing.lock      the one sealer
 * Who waits for all of it is not overtaken by those who come later to share; but he shuts putters out
 * for moments only, and only once no reader is left: no put ever waits for a reader (lock.c).
 */
#ifndef TP_ARCHIVE_ARCHIVE_H
#define TP_ARCHIVE_ARCHIVE_H

#include <stdint.h>

#include "base/cipher.h"
#include "base/conf.h"

enum tp_tier { TP_TIER_ONLINE, TP_TIER_CELLAR, TP_TIER_DISC };

#define TP_ARCHIVE_NUMBER_MAX UINT32_C(99999999)

/* archive.yaml, read and checked (defaults where it is silent). */
struct tp_archive_settings {
	uint64_t size_bytes;    /* tiroir 2 GB, malle 5 GB, armoire 10 GB, or a size: armoire */
	bool may_erase;         /* for room: only where archive.yaml says a size */
	uint64_t disc_bytes;    /* 4.7 GB */
	bool subscribe;         /* discs are offered: yes */
	int64_t answer_seconds; /* how long an offer waits for an answer: 14 days */
	char *after;            /* burnt, verified or received: when the cellar lets go: verified */
	char *language;         /* en, fr, de, es: en */
	char *contact, *sender; /* addresses of notices; NULL: none */
	struct tp_strings skip; /* `Header: pattern` rules of --skip-spam (PCRE2) */
	uint64_t journal_bytes; /* a journal this large is sealed: 32 MiB */
	char *key_file;         /* encryption at rest, absolute path; NULL: none */
};

struct tp_archive {
	char *path;
	int dir;  /* the folder */
	int lock; /* open description of `lock`; -1: read-only, and it cannot be opened */
	unsigned lock_depth,
		lock_exclusive; /* locks held, and which of them (from 1) is exclusive */
	bool lock_put;          /* the shared one is a putter's */
	bool read_only;
	bool encrypted; /* the archive was made with a key */
	bool has_key;   /* and we have it */
	unsigned char key[TP_CIPHER_KEY];
	struct tp_archive_settings settings;
	struct tp_pack_cache *pack_cache; /* pack_cache.c's; NULL until it is needed */
	unsigned pack_cache_blocks;       /* kept at most; 0: as many as is usual */
};

/* Opens the archive at `path` (NULL: the setting `archive.path`, else STATE/archive). `make` makes a
 * new one where there is nothing, or an archive.yaml alone. TP_NOINPUT: there is none; TP_CANTCREATE:
 * something else is in its place; TP_DATA: a format we do not know; TP_CONFIG: archive.yaml, or a key
 * that is not this archive's; TP_DENIED. A key file that is not there or not for us leaves has_key
 * false: who needs it asks tp_archive_need_key. */
enum tp_status tp_archive_open(const struct tp_conf *conf, const char *path, bool make,
	struct tp_archive **archive, struct tp_error *err);
void tp_archive_close(struct tp_archive *archive);

/* TP_OK when what is in the archive can be read; TP_CONFIG "archive PATH is encrypted: no key: ...". */
enum tp_status tp_archive_need_key(const struct tp_archive *archive, struct tp_error *err);

enum tp_archive_hold {
	TP_HOLD_READ = false, /* shared, by who reads */
	TP_HOLD_ALL = true,   /* by one alone; only for who holds seal.lock */
	TP_HOLD_PUT,          /* shared, by who puts mail: he waits for no reader */
};

/* Waits. Locks nest: each has its tp_archive_unlock, the last taken going first, and close lets go of
 * all. Within a shared one the other kind is had already, for either keeps what exists from being
 * taken away. */
enum tp_status tp_archive_lock(
	struct tp_archive *archive, enum tp_archive_hold hold, struct tp_error *err);
void tp_archive_unlock(struct tp_archive *archive);

/* True when somebody waits until those who read let go: who reads for long does, between one message
 * and the next (tp_view_pause). No reader may hold the lock while he writes to a pipe or asks a
 * person: who reads there may never come. */
bool tp_archive_is_wanted(const struct tp_archive *archive);
/* Another number whenever somebody had the archive for himself since: files may have gone, moved or
 * changed. Under a lock. */
uint64_t tp_archive_stamp(const struct tp_archive *archive);

/* The lock of one delivery, on *fd beside those that it has already; -1: on a new one, which the caller
 * closes to let go of all, in any case. TP_TEMPORARY: another has it, and we shall not `wait`. Who
 * holds one may not wait for a second: two who did so would wait for each other. */
enum tp_status tp_archive_lock_delivery(struct tp_archive *archive,
	const unsigned char delivery[32], bool wait, int *fd, struct tp_error *err);

/* The name of a numbered file within the archive: "journal/00000012.tpj". */
#define TP_ARCHIVE_NAME 32
void tp_archive_name(const char *folder, uint32_t number, char name[TP_ARCHIVE_NAME]);

/* The archive's small files, whole: `chain`, `rotation` and their like (lib/base/file.h). They go by the
 * folder that was opened, as all else does, never by its path: whoever renames the archive while it is
 * worked on, and makes another in its place, finds nothing of the old one in the new. Errors name
 * PATH/NAME. Reading appends to *out and gives TP_NOINPUT when there is none; who replaces one holds the
 * lock of its writers (seal.lock, in `disc` disc/lock), for the file beside it is always NAME.new; a lock
 * waits for ever or gives TP_TEMPORARY. */
enum tp_status tp_archive_file_read(
	struct tp_archive *archive, const char *name, struct tp_buf *out, struct tp_error *err);
enum tp_status tp_archive_file_replace(struct tp_archive *archive, const char *name,
	const struct tp_buf *text, struct tp_error *err);
enum tp_status tp_archive_file_lock(
	struct tp_archive *archive, const char *name, bool wait, int *fd, struct tp_error *err);

/* The numbers of the files in one of the folders (`journal`, `pack`, `cellar`, `index`), ascending;
 * other names there are passed over. The caller frees *numbers. */
enum tp_status tp_archive_numbers(struct tp_archive *archive, const char *folder,
	uint32_t **numbers, size_t *count, struct tp_error *err);

#endif
