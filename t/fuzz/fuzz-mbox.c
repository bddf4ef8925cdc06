/*
 * Any bytes as an mbox file: messages lie in it one behind the other and do not overlap; none holds a
 * line that begins another; unquoted and not, there are as many.
 */
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "archive/import.h"
#include "archive/import_age.h"

struct met {
	size_t count, bytes, limit;
	bool unreadable, quoted;
};

static enum tp_status meet(void *context, const struct tp_import_mail *mail, struct tp_error *err)
{
	struct met *met = context;
	const char *end = mail->data + mail->len;
	size_t sender, sender_end;

	met->count++;
	met->bytes += mail->len;
	MUST(met->bytes <= met->limit);
	for (const char *at = mail->data; met->quoted && at && at < end;
		at = memchr(at, '\n', (size_t)(end - at)), at = at ? at + 1 : NULL) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((lf ? lf : end) - at);

		len -= len && at[len - 1] == '\r';
		MUST(tp_import_from_line(at, len, &sender, &sender_end) == TP_IMPORT_NO_LINE);
	}
	return TP_OK;
}

static enum tp_status pass(void *context, const char *name, const char *why, struct tp_error *err)
{
	((struct met *)context)->unreadable = true;
	return TP_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct met quoted = { .limit = len, .quoted = true }, plain = { .limit = len };
	struct tp_import import = { .context = &quoted, .mail = meet, .unreadable = pass };
	int fd = memfd_create("mbox", MFD_CLOEXEC);
	char path[64];

	MUST(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	MUST(!tp_import_mbox(path, &import, NULL));
	import.context = &plain;
	import.mboxrd = true;
	MUST(!tp_import_mbox(path, &import, NULL));
	MUST(quoted.count == plain.count && quoted.unreadable == plain.unreadable);
	close(fd);
	return 0;
}
