/*
 * Header fields as ranges of the message, and the values that steer us.
 *
 * Walking and finding fields never copies. The structured values that decide how a mail is read
 * (Content-Type, Content-Transfer-Encoding, Content-Disposition, their parameters) are lexed here,
 * linearly and leniently, because hostile mail reaches this code first; what needs character sets
 * (RFC 2047 words, RFC 2231 values, raw 8-bit) is turned into UTF-8 by mime/text.h.
 */
#ifndef TP_MIME_HEADER_H
#define TP_MIME_HEADER_H

#include "mime/tree.h"

struct tp_field {
	struct tp_range name;  /* without the colon and white space before it */
	struct tp_range value; /* after the colon, as it stands, without the last line ending */
	struct tp_range whole; /* the field with its last line ending: what to cut to remove it */
};

/* True when a header line [at, end) opens a field: a name of visible bytes (RFC 5322 2.2; 8-bit ones
 * pass, RFC 6532), then white space perhaps, then a colon. */
bool tp_header_is_field(const char *data, size_t at, size_t end);

/* The header block of the message data[0, len), up to its first blank line, for who needs a field
 * or two and no part tree. */
struct tp_range tp_header_block(const char *data, size_t len);

/* Walks the fields of `header`; *at starts at header.begin and moves on. False at the end.
 * Lines that are no field (and an mbox `From ` line) are skipped. */
bool tp_header_next(const char *data, struct tp_range header, size_t *at, struct tp_field *field);

/* The first field of that name (compared without case). False when there is none. */
bool tp_header_find(
	const char *data, struct tp_range header, const char *name, struct tp_field *field);

/* True when the range equals `word`, case of ASCII letters aside. */
bool tp_range_is(const char *data, struct tp_range range, const char *word);

/* Appends the value unfolded (RFC 5322 2.2.3: line endings dropped), outer white space trimmed. */
bool tp_header_unfold(const char *data, struct tp_range value, struct tp_buf *out);

/* A media type, or a disposition: lower-cased words with anything that is not an RFC 2045 token
 * character refused. Types longer than 127 characters are not types (RFC 6838 4.2). */
struct tp_media_type {
	char type[128];
	char subtype[128];
};

/* Reads `type/subtype` at the head of a Content-Type value; false when there is none. */
bool tp_media_type_read(const char *data, struct tp_range value, struct tp_media_type *type);

/* Reads the Content-Type of a part, defaults applied (text/plain; message/rfc822 in a digest;
 * application/octet-stream for a field that is there and unreadable, RFC 2045 5.2 leaves it open). */
void tp_part_media_type(
	const struct tp_tree *tree, const char *data, uint32_t part, struct tp_media_type *type);

bool tp_media_type_is(
	const struct tp_media_type *type, const char *main, const char *sub); /* "*": any */

enum tp_disposition {
	TP_DISPOSITION_NONE,
	TP_DISPOSITION_INLINE,
	TP_DISPOSITION_ATTACHMENT, /* also any unknown word (RFC 2183 2.8) */
};

enum tp_disposition tp_part_disposition(
	const struct tp_tree *tree, const char *data, uint32_t part);

/* The raw value of a parameter of a structured field (`; name=value`), appended to *out. A
 * quoted-string is unquoted; a bare value runs to the next `;` (senders forget the quotes around
 * spaces), a comment at its end is dropped. The first of duplicates wins. RFC 2231 values `name*=`, or
 * else continuations `name*0=`, `name*1*=`, are joined and percent-decoded, and win over a plain
 * `name=` beside them; *charset (may be NULL) then gets the charset named, or stays as it was.
 * Returns TP_NOTHING when it is absent, TP_LIMIT past the buffer's maximum or past
 * TP_PARAM_SECTIONS_MAX continuations. */
#define TP_PARAM_SECTIONS_MAX 1000

enum tp_status tp_param_find(const char *data, struct tp_range value, const char *name,
	struct tp_buf *out, struct tp_buf *charset, struct tp_error *err);

#endif
