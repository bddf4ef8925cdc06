/*
 * A growing run of bytes with a mandatory maximum: whatever a sender writes can never make us take
 * more memory than the caller allowed. The bytes are always followed by a NUL that is not counted,
 * so `buf.data` can be handed to functions that want a C string (mind NULs inside).
 *
 * A failed append is remembered (`buf.status`) and makes the later ones fail too, so that a run of
 * appends may be written without a check on each and asked once at the end (tp_buf_status).
 */
#ifndef TP_BASE_BUF_H
#define TP_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct tp_buf {
	char *data;            /* never NULL after the first successful append */
	size_t len;            /* bytes in use, the closing NUL not counted */
	size_t cap;            /* bytes allocated, the closing NUL counted */
	size_t max;            /* most bytes that `len` may ever reach */
	enum tp_status status; /* TP_OK, or why an append failed: TP_LIMIT, TP_NOMEM */
};

/* No memory is taken until the first append. */
#define TP_BUF_INIT(max_bytes)                                                                     \
	{                                                                                          \
		NULL, 0, 0, (max_bytes), TP_OK                                                     \
	}

void tp_buf_init(struct tp_buf *buf, size_t max_bytes);
void tp_buf_clear(struct tp_buf *buf);   /* empty, memory kept, a failure forgotten */
void tp_buf_release(struct tp_buf *buf); /* empty, memory given back, may be used again */

/* Appends; false when the maximum would be passed or memory fails (the content stays as it was). */
bool tp_buf_add(struct tp_buf *buf, const void *bytes, size_t len);
bool tp_buf_adds(struct tp_buf *buf, const char *string);
bool tp_buf_addc(struct tp_buf *buf, char byte);
bool tp_buf_addu(struct tp_buf *buf, uint64_t number); /* in decimal */
bool tp_buf_addf(struct tp_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for `len` more bytes: returns where they go, NULL on failure. After writing n <= len of
 * them the caller says tp_buf_grew(buf, n). */
char *tp_buf_reserve(struct tp_buf *buf, size_t len);
void tp_buf_grew(struct tp_buf *buf, size_t len);

/* Cuts to `len` bytes (at most what there is). */
void tp_buf_truncate(struct tp_buf *buf, size_t len);

/* The bytes as a C string: "" when nothing was ever added. Borrowed. */
const char *tp_buf_str(const struct tp_buf *buf);

/* Hands the bytes over to the caller, who frees them with free(); the buffer is empty afterwards.
 * Never NULL unless memory fails. */
char *tp_buf_detach(struct tp_buf *buf);

/* TP_OK, or why an earlier append failed, `what` naming the thing that was being built. */
enum tp_status tp_buf_status(const struct tp_buf *buf, const char *what, struct tp_error *err);

#endif
