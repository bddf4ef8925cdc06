/*
 * CRC-32C (Castagnoli; RFC 3720 12.1): the checksum of records and files. Found fast (the processor
 * has an instruction for it) and good at what disks do to bytes; it is no protection against people.
 */
#ifndef TP_BASE_CRC32C_H
#define TP_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of bytes that come behind others whose checksum is `before` (0: of none), so that
 * tp_crc32c(tp_crc32c(0, a), b) is that of a and b together. */
uint32_t tp_crc32c(uint32_t before, const void *bytes, size_t len);

/* The same without the processor's help; for the tests, which compare. */
uint32_t tp_crc32c_plain(uint32_t before, const void *bytes, size_t len);

#endif
