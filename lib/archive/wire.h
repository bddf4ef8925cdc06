/*
 * Numbers and texts as bytes, the way records and lists of holes have them: whole numbers as
 * little-endian base 128 (seven bits a byte, the top bit says that more follow), in their shortest
 * form; texts as their length and their bytes. Reading trusts nothing: what does not fit sets `bad`
 * and gives nothing from then on, to be asked once at the end.
 */
#ifndef TP_ARCHIVE_WIRE_H
#define TP_ARCHIVE_WIRE_H

#include <stdint.h>

#include "base/buf.h"

#define TP_WIRE_NUMBER_MAX 10 /* bytes of the longest number */

static inline bool tp_wire_put(struct tp_buf *out, uint64_t number)
{
	unsigned char bytes[TP_WIRE_NUMBER_MAX];
	size_t n = 0;

	for (; number > 127; number >>= 7)
		bytes[n++] = (unsigned char)(number | 128);
	bytes[n++] = (unsigned char)number;
	return tp_buf_add(out, bytes, n);
}

static inline bool tp_wire_put_text(struct tp_buf *out, const void *bytes, size_t len)
{
	return tp_wire_put(out, len) && tp_buf_add(out, bytes, len);
}

struct tp_wire {
	const unsigned char *at, *end;
	bool bad;
};

static inline struct tp_wire tp_wire_of(const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	return (struct tp_wire){ .at = at, .end = at + len };
}

/* The next `len` bytes, borrowed; NULL when there are not so many. */
static inline const void *tp_wire_take(struct tp_wire *wire, uint64_t len)
{
	const unsigned char *at = wire->at;

	if (wire->bad || len > (uint64_t)(wire->end - at)) {
		wire->bad = true;
		return NULL;
	}
	wire->at += len;
	return at;
}

static inline uint64_t tp_wire_get(struct tp_wire *wire)
{
	uint64_t number = 0;

	for (unsigned shift = 0; shift < 64 && !wire->bad && wire->at < wire->end; shift += 7) {
		unsigned char byte = *wire->at++;

		number |= (uint64_t)(byte & 127) << shift;
		if (byte & 128)
			continue;
		/* One number, one form; and nothing above 64 bits. */
		if ((shift && !byte) || (shift == 63 && byte > 1))
			break;
		return number;
	}
	wire->bad = true;
	return 0;
}

/* The next text as a C string of its own, NULL when there is none; NUL inside is bad. */
static inline char *tp_wire_get_text(struct tp_wire *wire, bool *nomem)
{
	uint64_t len = tp_wire_get(wire);
	const char *bytes = tp_wire_take(wire, len);
	char *text;

	if (!bytes || memchr(bytes, 0, (size_t)len)) {
		wire->bad = true;
		return NULL;
	}
	text = strndup(bytes, (size_t)len);
	if (!text)
		*nomem = true;
	return text;
}

#endif
