/*
 * Writes the page of a disc into a folder: `make-page FOLDER SERIAL LANGUAGE <LIST`. A line of the list
 * is a mail, in order of arrival: milliseconds, size, envelope sender, From, To, envelope recipients
 * (parted by spaces), Subject, path, parted by tabs; \xNN is that byte. Prints the sectors and files
 * that the page reckoned before its end, and the bytes of each file as it was given.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "disc/page.h"

#define FIELDS 8

static const char *folder;
static FILE *file;
static struct tp_error err;

static int stop(void)
{
	fprintf(stderr, "make-page: %s\n", err.text);
	return 1;
}

static enum tp_status begin_file(void *context, const char *path, struct tp_error *why)
{
	char name[4096];

	if (file && fclose(file))
		return tp_fail_errno(why, TP_IO, "close");
	snprintf(name, sizeof name, "%s/%s", folder, path);
	file = fopen(name, "w");
	return file ? TP_OK : tp_fail_errno(why, TP_CANTCREATE, "%s", name);
}

static enum tp_status add(void *context, const void *bytes, size_t len, struct tp_error *why)
{
	return fwrite(bytes, 1, len, file) == len ? TP_OK : tp_fail_errno(why, TP_IO, "write");
}

static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		unsigned byte;

		if (text[0] == '\\' && text[1] == 'x' && sscanf(text + 2, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = 0;
}

static enum tp_status add_line(struct tp_page *page, char *line)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_page_mail mail = { .record = &record };
	char *fields[FIELDS], *rest = line, *rcpt;
	enum tp_status status = TP_OK;

	line[strcspn(line, "\n")] = 0;
	for (int i = 0; i < FIELDS; i++)
		fields[i] = rest ? strsep(&rest, "\t") : (char[]){ "" };
	for (int i = 2; i < FIELDS; i++)
		unescape(fields[i]);
	record.arrival_ms = strtoll(fields[0], NULL, 10);
	record.size_bytes = strtoull(fields[1], NULL, 10);
	record.sender = fields[2];
	record.from = fields[3];
	record.to = fields[4];
	while (!status && (rcpt = strsep(&fields[5], " ")))
		status = tp_strings_add(&record.rcpts, rcpt, &err);
	record.subject = fields[6];
	mail.path = fields[7];
	if (!status)
		status = tp_page_add(page, &mail, &err);
	tp_strings_release(&record.rcpts);
	return status;
}

int main(int argc, char **argv)
{
	struct tp_page_sink sink = { NULL, begin_file, add };
	struct tp_page_about about = { argc > 2 ? argv[2] : "", argc > 3 ? argv[3] : "" };
	struct tp_page *page;
	struct tp_buf search = TP_BUF_INIT(4096);
	char *line = NULL;
	size_t cap = 0;

	if (argc != 4)
		return 2;
	folder = argv[1];
	tp_buf_addf(&search, "%s/search", folder);
	if (tp_mkdirs(tp_buf_str(&search), 0755, &err) || tp_page_new(&about, &sink, &page, &err))
		return stop();
	while (getline(&line, &cap, stdin) > 0)
		if (add_line(page, line))
			return stop();
	printf("%" PRIu64 "\t%zu\n", tp_page_sectors(page), tp_page_files(page));
	if (tp_page_end(page, &err) || fclose(file))
		return stop();
	tp_page_free(page);
	tp_buf_release(&search);
	free(line);
	return 0;
}
