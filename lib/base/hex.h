/* Bytes as lower-case hexadecimal digits. Apart from digest.h so that nobody loads OpenSSL for it. */
#ifndef TP_BASE_HEX_H
#define TP_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>

/* Writes 2 * len digits and a NUL. */
void tp_hex(const unsigned char *bytes, size_t len, char *out);
/* Reads exactly 2 * len digits ending in a NUL; false when it is anything else. */
bool tp_unhex(const char *text, unsigned char *bytes, size_t len);

#endif
