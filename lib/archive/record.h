/*
 * What an archive knows of one message beside its content. The same bytes stand in journals and in
 * the directories of packs; tubepost-archive(5) has them byte by byte.
 */
#ifndef TP_ARCHIVE_RECORD_H
#define TP_ARCHIVE_RECORD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/strings.h"

/* An id: 16 characters of 0-9 a-z without i l o u (Crockford's base32, lower case), so that a double
 * click selects it and nobody misreads it. Ten of them are the arrival in milliseconds, six come from
 * the delivery's hash: ids sort by arrival. */
#define TP_ID_LEN 16

struct tp_record {
	char id[TP_ID_LEN + 1];
	int64_t arrival_ms;    /* milliseconds since 1970 */
	uint64_t size_bytes;   /* of the message as it came */
	uint64_t stored_bytes; /* what it takes, shared blobs not counted; 0 when not known yet */
	unsigned char sha256[TP_SHA256_BYTES];   /* of the message as it came */
	unsigned char delivery[TP_SHA256_BYTES]; /* of sha256, sender and sorted recipients */
	char *sender;                            /* envelope; "" is the null sender; never NULL */
	struct tp_strings rcpts;                 /* envelope */
	char *from, *to, *subject; /* decoded UTF-8: From; To and Cc; Subject. Never NULL */
	char *actor;               /* who put it: "uid 1000", or what --actor said */
};

#define TP_RECORD_INIT                                                                             \
	{                                                                                          \
		.arrival_ms = 0                                                                    \
	}

void tp_record_release(struct tp_record *record);

/* Fills delivery and id from the other fields. Two deliveries that arrive in one millisecond may get
 * the same id, once in 2^30: whoever puts them moves the arrival on. */
enum tp_status tp_record_identify(struct tp_record *record, struct tp_error *err);

/* True for what looks like an id; case of letters and the usual misreadings (O for 0, I and L for
 * 1) are forgiven and written back in their proper form. */
bool tp_id_normalize(const char *text, char id[TP_ID_LEN + 1]);

/* An id in its proper form from what it is made of, and back: the arrival and the first 30 bits of
 * the delivery's hash. Of arrivals before 1970 or after 37600 an id has only the nearest. */
void tp_id_make(int64_t arrival_ms, uint32_t tail, char id[TP_ID_LEN + 1]);
uint32_t tp_id_tail(const char *id);
int64_t tp_id_arrival(const char *id);

/* Appends the record's bytes; reads them back into an initialised record, in place of
 * what it held. Decoding trusts nothing: TP_DATA when lengths or texts are not what they should be. */
bool tp_record_encode(const struct tp_record *record, struct tp_buf *out);
enum tp_status tp_record_decode(
	const void *bytes, size_t len, struct tp_record *record, struct tp_error *err);

/* Fills from, to, subject from the message's header, size and sha256 from its bytes; also sender when
 * it is NULL (Return-Path, else "") and rcpts when there are none (the topmost Delivered-To, else
 * X-Original-To, else Envelope-To). Texts are bounded: 4 KiB of From and Subject, 64 KiB of To and
 * Cc, cut at a character. Envelope recipients are not. */
enum tp_status tp_record_describe(
	struct tp_record *record, const char *data, size_t len, struct tp_error *err);

#endif
