/* Prints all that is in the files below a folder: the bytes as they stand, and whatever decompresses
 * of every zstd frame in them. For tests that look for what should be nowhere. */
#include <ftw.h>
#include <stdio.h>

#include "archive/press.h"
#include "base/spool.h"

static enum tp_status print(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	fwrite(bytes, 1, len, stdout);
	return TP_OK;
}

static int show(const char *path, const struct stat *st, int type, struct FTW *where)
{
	static const char magic[] = "\x28\xb5\x2f\xfd";
	struct tp_spool file = TP_SPOOL_INIT;
	const char *at, *end;

	if (type != FTW_F)
		return 0;
	if (tp_spool_open(&file, path, NULL))
		return 1;
	end = file.data + file.len;
	printf("\n=== %s\n", path);
	fwrite(file.data, 1, file.len, stdout);
	for (at = file.data; (at = memmem(at, (size_t)(end - at), magic, 4)); at++) {
		printf("\n--- %s at %zu\n", path, (size_t)(at - file.data));
		tp_unpress_stream(at, (size_t)(end - at), print, NULL, NULL);
	}
	tp_spool_release(&file);
	return 0;
}

int main(int argc, char **argv)
{
	return argc == 2 ? nftw(argv[1], show, 16, FTW_PHYS) : 64;
}
