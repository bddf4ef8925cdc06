/* An archive that has a folder for discs and nothing else, for the fuzzers of what is in there. */
#ifndef TP_FUZZ_DISC_H
#define TP_FUZZ_DISC_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "fuzz.h"

static struct tp_archive archive;
static const char *disc_file; /* "disc/00000001.json": the only file */

static void remove_archive(void)
{
	unlinkat(archive.dir, disc_file, 0);
	unlinkat(archive.dir, "disc", AT_REMOVEDIR);
	rmdir(archive.path);
}

/* The first call makes the archive. */
static void write_disc_file(const char *name, const void *bytes, size_t len)
{
	static char path[] = "/tmp/tubepost-fuzz.XXXXXX";
	int fd;

	if (!archive.path) {
		MUST(mkdtemp(path));
		archive.path = path;
		archive.dir = open(path, O_RDONLY | O_DIRECTORY);
		archive.lock = -1;
		MUST(archive.dir >= 0 && !mkdirat(archive.dir, "disc", 0700));
		disc_file = name;
		atexit(remove_archive);
	}
	fd = openat(archive.dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	MUST(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && !close(fd));
}

#endif
