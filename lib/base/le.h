/* Numbers as the formats on disk have them: little-endian. */
#ifndef TP_BASE_LE_H
#define TP_BASE_LE_H

#include <stdint.h>

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
