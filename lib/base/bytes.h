/* Numbers in files: little-endian whatever the machine, at any address. */
#ifndef TP_BASE_BYTES_H
#define TP_BASE_BYTES_H

#include <stdint.h>

static inline void tp_put32(unsigned char *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(value >> (8 * i));
}

static inline void tp_put64(unsigned char *to, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		to[i] = (unsigned char)(value >> (8 * i));
}

static inline uint32_t tp_get32(const unsigned char *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
	       (uint32_t)from[3] << 24;
}

static inline uint64_t tp_get64(const unsigned char *from)
{
	return (uint64_t)tp_get32(from) | (uint64_t)tp_get32(from + 4) << 32;
}

#endif
