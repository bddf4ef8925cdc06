/*
 * mbox files: see import.h. The file is mapped and walked line by line; what was read is given back to
 * the kernel as we go, so that a mailbox larger than memory is no matter. A message is given where it
 * stands; only one whose lines are unquoted is copied.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/import.h"
#include "archive/import_age.h"
#include "base/buf.h"
#include "base/spool.h"
#include "mime/header.h"

struct mbox {
	const struct tp_import *import;
	const char *path, *data;
	size_t len;
	uint64_t count;
	struct tp_buf name, sender, unquoted;
	size_t released; /* what the kernel may have forgotten */
};

/* The byte behind the line that begins at `at`. */
static size_t line_end(const struct mbox *mbox, size_t at)
{
	const char *lf = memchr(mbox->data + at, '\n', mbox->len - at);

	return lf ? (size_t)(lf - mbox->data) + 1 : mbox->len;
}

/* What the `From ` line at `at` says, or TP_IMPORT_NO_LINE. */
static int64_t from_line(const struct mbox *mbox, size_t at, size_t *sender, size_t *sender_end)
{
	size_t end;

	if (mbox->len - at < 5 || memcmp(mbox->data + at, "From ", 5))
		return TP_IMPORT_NO_LINE;
	end = line_end(mbox, at);
	while (end > at && (mbox->data[end - 1] == '\n' || mbox->data[end - 1] == '\r'))
		end--;
	return tp_import_from_line(mbox->data + at, end - at, sender, sender_end);
}

/* Where the message that begins at `begin` ends: at the next `From ` line, or the file's end. */
static size_t message_end(const struct mbox *mbox, size_t begin)
{
	size_t at = begin, sender, sender_end;

	/* A `From ` line may follow at once: then the message is empty. */
	while (at < mbox->len && from_line(mbox, at, &sender, &sender_end) == TP_IMPORT_NO_LINE) {
		const char *next = memmem(mbox->data + at, mbox->len - at, "\nFrom ", 6);

		at = next ? (size_t)(next - mbox->data) + 1 : mbox->len;
	}
	return at;
}

/* Without the blank line that parts it from what follows. */
static size_t without_blank(const struct mbox *mbox, size_t begin, size_t end)
{
	const char *data = mbox->data;

	if (end - begin >= 2 && data[end - 1] == '\n' && data[end - 2] == '\n')
		return end - 1;
	if (end - begin >= 3 && !memcmp(data + end - 3, "\n\r\n", 3))
		return end - 2;
	return end;
}

/* Takes a `>` from lines that are `>`s and `From `, if there is one. */
static enum tp_status unquote(struct mbox *mbox, struct tp_import_mail *mail, struct tp_error *err)
{
	const char *at = mail->data, *end = at + mail->len, *copied = at, *quote;

	tp_buf_clear(&mbox->unquoted);
	for (; at < end; at = memchr(at, '\n', (size_t)(end - at)), at = at ? at + 1 : end) {
		for (quote = at; quote < end && *quote == '>'; quote++)
			;
		if (quote == at || end - quote < 5 || memcmp(quote, "From ", 5))
			continue;
		tp_buf_add(&mbox->unquoted, copied, (size_t)(at - copied));
		copied = at + 1;
	}
	if (copied == mail->data)
		return TP_OK;
	tp_buf_add(&mbox->unquoted, copied, (size_t)(end - copied));
	mail->data = tp_buf_str(&mbox->unquoted);
	mail->len = mbox->unquoted.len;
	return tp_buf_status(&mbox->unquoted, mbox->path, err);
}

/* The `From ` line's address is the envelope sender only where no Return-Path says it better: programs
 * that export mail make one up. Words such as MAILER-DAEMON and `-` stand for nobody. */
static const char *choose_sender(
	struct mbox *mbox, const struct tp_import_mail *mail, size_t sender, size_t sender_end)
{
	struct tp_range header = tp_header_block(mail->data, mail->len);
	struct tp_field field;

	tp_buf_clear(&mbox->sender);
	tp_buf_add(&mbox->sender, mbox->data + sender, sender_end - sender);
	if (!memchr(tp_buf_str(&mbox->sender), '@', mbox->sender.len))
		return NULL;
	return tp_header_find(mail->data, header, "Return-Path", &field) ? NULL : mbox->sender.data;
}

static void release_pages(struct mbox *mbox, size_t until)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), begin = mbox->released;

	until = (size_t)((uintptr_t)(mbox->data + until) / page * page - (uintptr_t)mbox->data);
	if (until < begin || until - begin < (size_t)16 << 20)
		return;
	begin = (size_t)(((uintptr_t)(mbox->data + begin) + page - 1) / page * page -
			 (uintptr_t)mbox->data);
	madvise((void *)(uintptr_t)(mbox->data + begin), until - begin, MADV_DONTNEED);
	mbox->released = until;
}

/* The message whose `From ` line is at `at`; *at moves behind it. */
static enum tp_status give_message(struct mbox *mbox, size_t *at, struct tp_error *err)
{
	size_t sender = 0, sender_end = 0, begin = line_end(mbox, *at);
	size_t end = message_end(mbox, begin);
	struct tp_import_mail mail = { .arrival_ms = from_line(mbox, *at, &sender, &sender_end) };
	enum tp_status status;

	tp_buf_clear(&mbox->name);
	tp_buf_addf(&mbox->name, "%s: message %llu, byte %zu", mbox->path,
		(unsigned long long)++mbox->count, begin);
	mail.name = tp_buf_str(&mbox->name);
	mail.data = mbox->data + begin;
	mail.begin = begin;
	mail.len = without_blank(mbox, begin, end) - begin;
	mail.sender = choose_sender(mbox, &mail, *at + sender, *at + sender_end);
	*at = end;
	status = mbox->import->mboxrd ? unquote(mbox, &mail, err) : TP_OK;
	if (!status && !mail.arrival_ms)
		mail.arrival_ms = tp_import_received(mail.data, mail.len);
	if (!status)
		status = mbox->import->mail(mbox->import->context, &mail, err);
	release_pages(mbox, end);
	return status;
}

/* A pipe that has a name waits for ever when nobody writes to it; one that we were given is under /dev. */
enum tp_status tp_import_mbox_open(const char *path, struct tp_spool *mbox, struct tp_error *err)
{
	struct stat st;

	*mbox = (struct tp_spool)TP_SPOOL_INIT;
	if (!strcmp(path, "-"))
		return tp_spool_read(mbox, STDIN_FILENO, err);
	if (!stat(path, &st) && S_ISFIFO(st.st_mode) && strncmp(path, "/dev/", 5) &&
		strncmp(path, "/proc/", 6))
		return tp_fail(
			err, TP_NOINPUT, "%s: a named pipe; redirect it to /dev/stdin", path);
	return tp_spool_open(mbox, path, err);
}

enum tp_status tp_import_mbox_from(const struct tp_spool *spool, const char *path,
	const struct tp_import *import, struct tp_error *err)
{
	struct mbox mbox = { .import = import,
		.path = strcmp(path, "-") ? path : "stdin",
		.data = spool->data,
		.len = spool->len };
	size_t sender, sender_end, at = 0;
	enum tp_status status = TP_OK;

	tp_buf_init(&mbox.name, 1 << 20);
	tp_buf_init(&mbox.sender, 1 << 16);
	tp_buf_init(&mbox.unquoted, SIZE_MAX / 2);
	if (mbox.len && from_line(&mbox, 0, &sender, &sender_end) == TP_IMPORT_NO_LINE)
		status = import->unreadable(import->context, mbox.path,
			"not an mbox file: no `From ` line at its head", err);
	else
		while (!status && at < mbox.len)
			status = give_message(&mbox, &at, err);
	tp_buf_release(&mbox.name);
	tp_buf_release(&mbox.sender);
	tp_buf_release(&mbox.unquoted);
	return status;
}

enum tp_status tp_import_mbox(
	const char *path, const struct tp_import *import, struct tp_error *err)
{
	struct tp_spool mbox;
	enum tp_status status = tp_import_mbox_open(path, &mbox, err);

	if (!status)
		status = tp_import_mbox_from(&mbox, path, import, err);
	tp_spool_release(&mbox);
	return status;
}
