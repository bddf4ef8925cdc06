/* The files of the folder `disc`: see files.h. */
#include "disc/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"

#define DIGITS 8

static const struct {
	enum tp_disc_file file;
	const char *suffix;
} suffixes[] = { { TP_DISC_FACTS, ".json" }, { TP_DISC_CONTENTS, ".tpd" },
	{ TP_DISC_INDEX, ".tpx" } };

#define SUFFIXES (sizeof suffixes / sizeof *suffixes)

void tp_disc_file_name(enum tp_disc_file file, uint32_t number, char name[TP_ARCHIVE_NAME])
{
	for (size_t i = 0; i < SUFFIXES; i++)
		if (suffixes[i].file == file)
			snprintf(name, TP_ARCHIVE_NAME, "disc/%08u%s", number, suffixes[i].suffix);
}

/* 0: none of ours. */
static unsigned parse(const char *name, uint32_t *number)
{
	*number = 0;
	for (size_t i = 0; i < DIGITS; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		*number = *number * 10 + (uint32_t)(name[i] - '0');
	}
	for (size_t i = 0; *number && i < SUFFIXES; i++)
		if (!strcmp(name + DIGITS, suffixes[i].suffix))
			return suffixes[i].file;
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct tp_disc_files *a = left, *b = right;

	return (a->number > b->number) - (a->number < b->number);
}

/* A row for each file becomes one for each disc. */
static size_t join(struct tp_disc_files *list, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(list, count, sizeof *list, compare);
	for (size_t i = 0; i < count; i++) {
		if (kept && list[kept - 1].number == list[i].number)
			list[kept - 1].has |= list[i].has;
		else
			list[kept++] = list[i];
	}
	return kept;
}

static enum tp_status read_all(
	DIR *dir, struct tp_disc_files **list, size_t *count, struct tp_error *err)
{
	struct dirent *entry;
	size_t cap = 0;

	while ((errno = 0, entry = readdir(dir))) {
		struct tp_disc_files one, *room;

		one.has = parse(entry->d_name, &one.number);
		if (!one.has)
			continue;
		room = tp_array_room(*list, *count, &cap, 64, sizeof *room);
		if (!room)
			return tp_fail(err, TP_NOMEM, "disc: out of memory");
		*list = room;
		(*list)[(*count)++] = one;
	}
	return errno ? tp_fail_errno(err, TP_IO, "disc: cannot read") : TP_OK;
}

enum tp_status tp_disc_files(struct tp_archive *archive, struct tp_disc_files **list, size_t *count,
	struct tp_error *err)
{
	int fd = openat(archive->dir, "disc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	enum tp_status status;

	*list = NULL;
	*count = 0;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT
			       ? TP_OK
			       : tp_fail_errno(err, TP_IO, "%s/disc: cannot read", archive->path);
	}
	status = read_all(dir, list, count, err);
	closedir(dir);
	*count = join(*list, *count);
	if (status) {
		free(*list);
		*list = NULL;
		*count = 0;
	}
	return status;
}
