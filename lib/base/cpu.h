/*
 * What the processor can do, as the C library found out when the process began. Not
 * __builtin_cpu_supports(), which asks the processor again: a virtual machine answers that slowly.
 */
#ifndef TP_BASE_CPU_H
#define TP_BASE_CPU_H

#include <stdbool.h>

#if defined(__x86_64__) && defined(__has_include)
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>

static inline bool tp_cpu_has_crc32(void)
{
	return CPU_FEATURE_ACTIVE(SSE4_2);
}

static inline bool tp_cpu_has_sha256(void)
{
	return CPU_FEATURE_ACTIVE(SHA) && CPU_FEATURE_ACTIVE(SSE4_1) && CPU_FEATURE_ACTIVE(SSSE3);
}

static inline bool tp_cpu_has_avx2(void)
{
	return CPU_FEATURE_ACTIVE(AVX2);
}

#define TP_CPU_KNOWN 1
#endif
#endif

#ifndef TP_CPU_KNOWN
static inline bool tp_cpu_has_crc32(void)
{
	return false;
}

static inline bool tp_cpu_has_sha256(void)
{
	return false;
}

static inline bool tp_cpu_has_avx2(void)
{
	return false;
}
#endif

#endif
