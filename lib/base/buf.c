/* Growing runs of bytes with a maximum: see buf.h. */
#include "base/buf.h"

void tp_buf_init(struct tp_buf *buf, size_t max_bytes)
{
	*buf = (struct tp_buf)TP_BUF_INIT(max_bytes);
}

void tp_buf_clear(struct tp_buf *buf)
{
	buf->len = 0;
	buf->status = TP_OK;
	if (buf->data)
		buf->data[0] = '\0';
}

void tp_buf_release(struct tp_buf *buf)
{
	free(buf->data);
	tp_buf_init(buf, buf->max);
}

/* The capacity for `need` bytes in all: doubled, so that appending n bytes one by one stays linear. */
static size_t next_capacity(const struct tp_buf *buf, size_t need)
{
	size_t cap = buf->cap < 64 ? 64 : buf->cap;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (cap - 1 > buf->max)
		cap = buf->max + 1;
	return cap;
}

char *tp_buf_reserve(struct tp_buf *buf, size_t len)
{
	size_t cap;
	char *grown;

	if (buf->status)
		return NULL;
	if (buf->max == SIZE_MAX || len > buf->max - buf->len) {
		buf->status = TP_LIMIT;
		return NULL;
	}
	if (buf->len + len + 1 > buf->cap) {
		cap = next_capacity(buf, buf->len + len + 1);
		grown = realloc(buf->data, cap);
		if (!grown) {
			buf->status = TP_NOMEM;
			return NULL;
		}
		buf->data = grown;
		buf->cap = cap;
		buf->data[buf->len] = '\0';
	}
	return buf->data + buf->len;
}

void tp_buf_grew(struct tp_buf *buf, size_t len)
{
	buf->len += len;
	buf->data[buf->len] = '\0';
}

bool tp_buf_add(struct tp_buf *buf, const void *bytes, size_t len)
{
	char *to = tp_buf_reserve(buf, len);

	if (!to)
		return false;
	if (len)
		memcpy(to, bytes, len);
	tp_buf_grew(buf, len);
	return true;
}

bool tp_buf_adds(struct tp_buf *buf, const char *string)
{
	return tp_buf_add(buf, string, strlen(string));
}

bool tp_buf_addc(struct tp_buf *buf, char byte)
{
	return tp_buf_add(buf, &byte, 1);
}

bool tp_buf_addu(struct tp_buf *buf, uint64_t number)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	return tp_buf_add(buf, digits + at, sizeof digits - at);
}

/* Most fits into what there is already, and is formatted once. */
bool tp_buf_addf(struct tp_buf *buf, const char *format, ...)
{
	size_t room = buf->status || !buf->data ? 0 : buf->cap - buf->len;
	char *to = room ? buf->data + buf->len : NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(to, room, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < room && (size_t)n <= buf->max - buf->len) {
		tp_buf_grew(buf, (size_t)n);
		return true;
	}
	if (room)
		*to = '\0';
	if (n < 0) {
		buf->status = TP_INTERNAL;
		return false;
	}
	to = tp_buf_reserve(buf, (size_t)n);
	if (!to)
		return false;
	va_start(args, format);
	vsnprintf(to, (size_t)n + 1, format, args);
	va_end(args);
	tp_buf_grew(buf, (size_t)n);
	return true;
}

void tp_buf_truncate(struct tp_buf *buf, size_t len)
{
	if (len >= buf->len)
		return;
	buf->len = len;
	buf->data[len] = '\0';
}

const char *tp_buf_str(const struct tp_buf *buf)
{
	return buf->data ? buf->data : "";
}

char *tp_buf_detach(struct tp_buf *buf)
{
	char *bytes = buf->data ? buf->data : calloc(1, 1);

	tp_buf_init(buf, buf->max);
	return bytes;
}

enum tp_status tp_buf_status(const struct tp_buf *buf, const char *what, struct tp_error *err)
{
	if (!buf->status)
		return TP_OK;
	if (buf->status == TP_LIMIT)
		return tp_fail(err, TP_LIMIT, "%s: larger than %zu bytes", what, buf->max);
	return tp_fail(err, TP_NOMEM, "%s: out of memory", what);
}
