/* Numbers as the formats on disk have them: little-endian, and varints of seven bits a byte. */
#ifndef TP_BASE_LE_H
#define TP_BASE_LE_H

#include "base/buf.h"

static inline void tp_le_put32(unsigned char *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(value >> (8 * i));
}

static inline void tp_le_put64(unsigned char *to, uint64_t value)
{
	tp_le_put32(to, (uint32_t)value);
	tp_le_put32(to + 4, (uint32_t)(value >> 32));
}

static inline uint32_t tp_le_get32(const unsigned char *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
	       (uint32_t)from[3] << 24;
}

static inline uint64_t tp_le_get64(const unsigned char *from)
{
	return (uint64_t)tp_le_get32(from) | (uint64_t)tp_le_get32(from + 4) << 32;
}

/* Seven bits a byte, the low ones first; the top bit says that more follow. */
static inline bool tp_varint_add(struct tp_buf *out, uint64_t value)
{
	while (value >= 0x80) {
		tp_buf_addc(out, (char)(value | 0x80));
		value >>= 7;
	}
	return tp_buf_addc(out, (char)value);
}

/* Reads one from [*at, end) and steps behind it; false when there is none that fits 64 bits. */
static inline bool tp_varint_get(const unsigned char **at, const unsigned char *end,
	uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
		unsigned char byte = *(*at)++;

		if (shift == 63 && byte > 1)
			return false;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* Small numbers of either sign as small numbers: 0, -1, 1, -2 are 0, 1, 2, 3. */
static inline uint64_t tp_zigzag(int64_t value)
{
	return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t tp_unzigzag(uint64_t value)
{
	return (int64_t)((value >> 1) ^ (value & 1 ? UINT64_MAX : 0));
}

#endif
