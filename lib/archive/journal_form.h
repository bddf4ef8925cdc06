/*
 * The bytes of a journal (tubepost-archive(5), "Journals"): its opening, the heads and tails of
 * records, and the trie that the heads make. Private to journal*.c.
 *
 *   opening  magic, version, number, flags, salt, CRC                      32 bytes
 *   record   head | facts | pieces of the skeleton | zeros to 8 bytes | tail
 *   head     magic, lengths, its own place, id, arrival, tag, siblings, CRC
 *   facts    u32 length of the record's bytes | those | the holes; with a key sealed as a whole
 *   piece    u32 length | a zstd frame of at most 1 MiB of skeleton; with a key sealed
 *   tail     CRC of the pieces and zeros, magic, the record's length again
 *
 * All numbers are little-endian. Every checksum is a CRC-32C that begins with the journal's random
 * salt: a mail that carries the bytes of a record can never be taken for one, for its sender does
 * not know the salt.
 */
#ifndef TP_ARCHIVE_JOURNAL_FORM_H
#define TP_ARCHIVE_JOURNAL_FORM_H

#include "archive/archive.h"
#include "archive/record.h"
#include "base/buf.h"
#include "base/le.h"

#define TP_JOURNAL_OPENING   32
#define TP_JOURNAL_TAIL      16
#define TP_JOURNAL_PIECE     ((size_t)1 << 20) /* of skeleton in a frame */
#define TP_JOURNAL_TAG_BITS  30
#define TP_JOURNAL_SIBLINGS  (TP_JOURNAL_TAG_BITS + 1)
#define TP_JOURNAL_HEAD_MIN  80
#define TP_JOURNAL_HEAD_MAX  (TP_JOURNAL_HEAD_MIN + 4 * TP_JOURNAL_SIBLINGS)
#define TP_JOURNAL_FACTS_MAX ((size_t)1 << 30)

struct tp_journal_opening {
	uint32_t number;
	bool sealed; /* encrypted */
	bool shut;   /* nobody appends any more */
	unsigned char salt[8];
};

void tp_journal_opening_write(
	const struct tp_journal_opening *opening, unsigned char bytes[TP_JOURNAL_OPENING]);
bool tp_journal_opening_read(
	const unsigned char bytes[TP_JOURNAL_OPENING], struct tp_journal_opening *opening);

struct tp_journal_head {
	uint32_t bytes; /* of the head */
	bool erased;
	uint64_t length; /* of the whole record, a multiple of 8 */
	uint64_t offset;
	uint64_t facts_bytes, pieces_bytes;
	int64_t arrival_ms;
	char id[TP_ID_LEN + 1];
	uint32_t tag;
	uint32_t facts_crc;
	/* [bit]: offset / 8 of the last record whose tag agrees with ours before that bit and not in
	 * it; [TP_JOURNAL_TAG_BITS]: of the last with the same tag; 0: none */
	uint32_t siblings[TP_JOURNAL_SIBLINGS];
};

/* Bytes of a head with these siblings: trailing empty ones are left out. */
uint32_t tp_journal_head_bytes(const uint32_t siblings[TP_JOURNAL_SIBLINGS]);
void tp_journal_head_write(const struct tp_journal_head *head,
	const struct tp_journal_opening *opening, unsigned char *bytes);

enum tp_head_state {
	TP_HEAD_WHOLE,
	TP_HEAD_SHORT, /* the bytes end before the head does, and are those of one as far as they go */
	TP_HEAD_BAD,
};
/* Reads the head of a record that begins at `offset` from the first `len` bytes of it. */
enum tp_head_state tp_journal_head_read(const unsigned char *bytes, size_t len, uint64_t offset,
	const struct tp_journal_opening *opening, struct tp_journal_head *head);

void tp_journal_tail_write(uint32_t crc, uint64_t length, unsigned char bytes[TP_JOURNAL_TAIL]);
bool tp_journal_tail_read(
	const unsigned char bytes[TP_JOURNAL_TAIL], uint32_t *crc, uint64_t *length);

/* The CRC that the journal's checksums begin with. */
uint32_t tp_journal_crc_begin(const struct tp_journal_opening *opening);

/* A delivery's tag: the 30 bits that its id ends in (tp_id_tail). */
uint32_t tp_journal_tag_of_delivery(const unsigned char delivery[TP_SHA256_BYTES]);

/* What a sealed piece is bound to. */
struct tp_journal_about {
	unsigned char bytes[32];
};
struct tp_journal_about tp_journal_about(const struct tp_journal_opening *opening, uint64_t offset,
	uint64_t piece); /* 0: facts; from 1: pieces of the skeleton */

/* --- a journal being read (journal_read.c, journal_walk.c), alone or while it is written -------- */

#define TP_JOURNAL_HEADS_KEPT 64                   /* a power of 2 */
#define TP_JOURNAL_AHEAD      ((size_t)256 * 1024) /* read at a time when walking */

struct tp_journal_reader {
	struct tp_archive *archive;
	int fd;
	bool begun;    /* it has its opening */
	uint64_t size; /* what lies behind it is not looked at */
	struct tp_journal_opening opening;
	const unsigned char *key; /* borrowed; NULL: not sealed, or we have none */
	uint64_t at;              /* where the walk goes on */
	struct tp_buf window;     /* bytes of the file from window_at on */
	uint64_t window_at;
	struct tp_buf plain, skeleton; /* one piece, opened; decompressed */
	/* heads read lately, by offset: to ask for a delivery and then append it is the same way twice */
	struct tp_journal_head heads[TP_JOURNAL_HEADS_KEPT];
};

/* Prepares for the file `fd`, which stays the caller's. TP_DATA: it does not begin as a journal of
 * that number. A file without an opening is an empty journal. */
enum tp_status tp_journal_reader_init(struct tp_journal_reader *reader, struct tp_archive *archive,
	int fd, uint32_t number, struct tp_error *err);
void tp_journal_reader_release(struct tp_journal_reader *reader);
/* The file has this size now; nothing that was read of it counts. */
void tp_journal_reader_resize(struct tp_journal_reader *reader, uint64_t size);

/* Up to `len` bytes at `offset`, borrowed until the next call; *got is less only at the file's end.
 * What is read beside them (`ahead` bytes in all) serves the calls that follow. TP_IO. */
enum tp_status tp_journal_fetch(struct tp_journal_reader *reader, uint64_t offset, size_t len,
	size_t ahead, const unsigned char **bytes, size_t *got, struct tp_error *err);
/* Exactly `len` bytes, or TP_DATA. */
enum tp_status tp_journal_fetch_all(struct tp_journal_reader *reader, uint64_t offset, size_t len,
	size_t ahead, const unsigned char **bytes, struct tp_error *err);

/* TP_DATA, with a sentence about that record. */
enum tp_status tp_journal_damaged(const struct tp_journal_reader *reader,
	const struct tp_journal_head *head, const char *what, struct tp_error *err);
/* The record's end, and the checksum that it names. */
enum tp_status tp_journal_check_tail(struct tp_journal_reader *reader,
	const struct tp_journal_head *head, uint32_t *crc, struct tp_error *err);

/* The head at `offset`. TP_DATA: there is none, or it is damaged. */
enum tp_status tp_journal_head_at(struct tp_journal_reader *reader, uint64_t offset,
	struct tp_journal_head *head, struct tp_error *err);
/* Offset of the last record when the file ends in a whole one, 0 when it has none. TP_NOTHING: it
 * ends in something else. */
enum tp_status tp_journal_last(
	struct tp_journal_reader *reader, uint64_t *last, struct tp_error *err);
/* Walks heads as tp_journal_next does, erased ones too. */
enum tp_status tp_journal_next_head(struct tp_journal_reader *reader, struct tp_journal_head *head,
	uint64_t *torn, struct tp_error *err);
/* The first of the 30 bits in which two tags differ; 30 when they are the same. */
unsigned tp_journal_first_difference(uint32_t a, uint32_t b);

#endif
