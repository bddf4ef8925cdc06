/*
 * The bytes of disc/NNNNNNNN.tpd (tubepost-archive(5), "Discs"). Private to contents*.c.
 *
 *   header    72 bytes
 *   groups    32 bits each: length in the file, mails, CRC-32C of what is in the file; then the piece
 *   pieces    32 bytes each
 *
 * A group's plain bytes, a mail behind the other: id (16), varints of sector, sectors, size, text path.
 */
#ifndef TP_DISC_CONTENTS_FORM_H
#define TP_DISC_CONTENTS_FORM_H

#include <stdio.h>

#include "archive/record.h"
#include "base/crc32c.h"
#include "base/le.h"
#include "disc/contents.h"

#define TP_CONTENTS_MAGIC      "tpdisc01"
#define TP_CONTENTS_HEADER     72
#define TP_CONTENTS_SEALED     1u   /* flags */
#define TP_CONTENTS_GROUP      4096 /* mails */
#define TP_CONTENTS_GROUP_HEAD 12
#define TP_CONTENTS_PLAIN_MAX  ((size_t)16 << 20)
#define TP_CONTENTS_PATH_MAX   1024

struct tp_contents_header {
	char serial[TP_SERIAL_LEN];
	bool sealed;
	uint32_t pieces;
	uint64_t mails;
	uint64_t pieces_at; /* behind the groups; the pieces end the file */
	unsigned char image[TP_SHA256_BYTES];
	uint32_t crc; /* of the pieces */
};

static inline void tp_contents_name(uint32_t number, char name[64])
{
	snprintf(name, 64, "disc/%08u.tpd", number);
}

/* What a sealed group is bound to. */
struct tp_contents_about {
	unsigned char bytes[16];
};

static inline struct tp_contents_about tp_contents_about(const char *serial, uint32_t group)
{
	struct tp_contents_about about;

	memcpy(about.bytes, "tpdisc", 6);
	memcpy(about.bytes + 6, serial, TP_SERIAL_LEN);
	tp_le_put32(about.bytes + 12, group);
	return about;
}

#endif
