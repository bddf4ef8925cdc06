/* A folder of its own for a unit test that makes files, removed at the end; the test runs in it. */
#ifndef TP_T_TRASH_H
#define TP_T_TRASH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char trash_path[4096];

static void trash_remove(void)
{
	char command[9000];

	snprintf(command, sizeof command, "chmod -R u+rwx '%s'; rm -rf '%s'", trash_path,
		trash_path);
	if (chdir("/") || system(command))
		fprintf(stderr, "cannot remove %s\n", trash_path);
}

static void trash_make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(trash_path, sizeof trash_path, "%s/tubepost-unit.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(trash_path) || chdir(trash_path))
		exit(99);
	atexit(trash_remove);
}

/* Writes a file with this content and mode. */
__attribute__((unused)) static void trash_file(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(name, "w");

	if (!file || fputs(text, file) < 0 || fclose(file) || chmod(name, mode))
		exit(99);
}

/* How many names the folder holds. */
__attribute__((unused)) static int trash_count(const char *folder)
{
	char command[9000];
	int count = -1;
	FILE *pipe;

	snprintf(command, sizeof command, "ls -A '%s' | wc -l", folder);
	pipe = popen(command, "r");
	if (pipe && fscanf(pipe, "%d", &count) != 1)
		count = -1;
	if (pipe)
		pclose(pipe);
	return count;
}

#endif
