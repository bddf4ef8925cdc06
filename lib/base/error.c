/* Statuses and sentences: see error.h. */
#include "base/error.h"

#include <errno.h>
#include <sysexits.h>

/* Ends an overfull text in "...", without cutting a UTF-8 character in two. */
static void mark_cut(char *text)
{
	size_t at = TP_ERROR_TEXT_MAX - 4;

	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	memcpy(text + at, "...", 4);
}

__attribute__((format(printf, 2, 0))) static void write_text(
	struct tp_error *err, const char *format, va_list args)
{
	int n = vsnprintf(err->text, sizeof err->text, format, args);

	if (n < 0)
		err->text[0] = '\0';
	else if ((size_t)n >= sizeof err->text)
		mark_cut(err->text);
}

enum tp_status tp_fail(struct tp_error *err, enum tp_status status, const char *format, ...)
{
	va_list args;

	if (!err)
		return status;
	err->status = status;
	va_start(args, format);
	write_text(err, format, args);
	va_end(args);
	return status;
}

static enum tp_status status_of_errno(int code, enum tp_status otherwise)
{
	switch (code) {
	case ENOMEM:
		return TP_NOMEM;
	case EACCES:
	case EPERM:
	case EROFS:
		return TP_DENIED;
	default:
		return otherwise;
	}
}

/* Appends ": why" to the sentence, as far as there is room. */
static void append_reason(struct tp_error *err, const char *reason)
{
	size_t used = strlen(err->text);
	int n = snprintf(err->text + used, sizeof err->text - used, ": %s", reason);

	if (n < 0 || (size_t)n >= sizeof err->text - used)
		mark_cut(err->text);
}

enum tp_status tp_fail_errno(struct tp_error *err, enum tp_status status, const char *format, ...)
{
	int code = errno;
	va_list args;

	status = status_of_errno(code, status);
	if (!err)
		return status;
	err->status = status;
	va_start(args, format);
	write_text(err, format, args);
	va_end(args);
	append_reason(err, strerror(code));
	errno = code;
	return status;
}

enum tp_status tp_error_prefix(struct tp_error *err, const char *format, ...)
{
	char rest[TP_ERROR_TEXT_MAX];
	va_list args;

	if (!err) /* the caller who asks for no sentence keeps the status himself */
		return TP_INTERNAL;
	memcpy(rest, err->text, sizeof rest);
	va_start(args, format);
	write_text(err, format, args);
	va_end(args);
	append_reason(err, rest);
	return err->status;
}

bool tp_status_is_temporary(enum tp_status status)
{
	return status == TP_TEMPORARY || status == TP_IO || status == TP_NOMEM;
}

int tp_status_exit_code(enum tp_status status)
{
	static const int codes[] = {
		[TP_OK] = EX_OK,
		[TP_NOTHING] = 1,
		[TP_USAGE] = EX_USAGE,
		[TP_DATA] = EX_DATAERR,
		[TP_LIMIT] = EX_DATAERR,
		[TP_NOINPUT] = EX_NOINPUT,
		[TP_UNAVAILABLE] = EX_UNAVAILABLE,
		[TP_CANTCREATE] = EX_CANTCREAT,
		[TP_IO] = EX_IOERR,
		[TP_TEMPORARY] = EX_TEMPFAIL,
		[TP_DENIED] = EX_NOPERM,
		[TP_CONFIG] = EX_CONFIG,
		[TP_NOMEM] = EX_TEMPFAIL,
		[TP_INTERNAL] = EX_SOFTWARE,
	};

	return codes[status];
}
