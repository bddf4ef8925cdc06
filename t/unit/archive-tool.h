/* An archive for a unit test, made in its folder. */
#ifndef TP_T_ARCHIVE_TOOL_H
#define TP_T_ARCHIVE_TOOL_H

#include "archive/archive.h"
#include "tap.h"
#include "trash.h"

static struct tp_error err;

/* The archive in the folder `path`, made when it is not there: without it there is nothing to test. */
static struct tp_archive *open_archive(const char *path)
{
	struct tp_archive *archive = NULL;

	if (tp_archive_open(NULL, path, true, &archive, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(99);
	}
	return archive;
}

#endif
