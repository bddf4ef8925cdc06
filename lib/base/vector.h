/*
 * Sixteen bytes at once, in the vectors of GNU C that gcc and clang turn into whatever the machine
 * has. Plain loops were tried: gcc makes vectors of them and clang does not, and the scan is then
 * ten times slower. Wider vectors gain nothing, memory is the limit.
 */
#ifndef TP_BASE_VECTOR_H
#define TP_BASE_VECTOR_H

#include "base/banned.h"

#include <stdbool.h>
#include <stdint.h>

#define TP_VECTOR_SIZE 16

/* Comparisons give 0xff or 0 in each byte. */
typedef unsigned char tp_vector __attribute__((vector_size(TP_VECTOR_SIZE)));

/* For comparisons: as bytes with a sign they take one instruction, without they take two. */
typedef signed char tp_vector_signed __attribute__((vector_size(TP_VECTOR_SIZE)));

static inline tp_vector tp_vector_load(const void *bytes)
{
	tp_vector vector;

	memcpy(&vector, bytes, sizeof vector);
	return vector;
}

static inline bool tp_vector_any(tp_vector vector)
{
	uint64_t halves[2];

	memcpy(halves, &vector, sizeof halves);
	return halves[0] | halves[1];
}

#endif
