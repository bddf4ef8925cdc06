/*
 * Our part tree of the files named, for the tests that compare it with others.
 *
 *   tree-dump FILE...        as tree-gmime does: a line a part with depth, ordinal, type, and for
 * leaves body begin, body end and decoded size ("- -" for an empty body) tree-dump -r FILE... all
 * ranges: path, kind, header begin and end, body begin and end, size tree-dump -m FILE...     one
 * line a file: parts, deepest level, milliseconds, KiB of memory that the scan took beyond the
 * mapped file; the process's own peak, so one file a run -f FROM-LENGTH           first, what to
 * cut off the front: "FROM,LENGTH" bytes of each file
 */
#include "mime/codec.h"
#include "mime/header.h"
#include "mime/tree.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const kinds[] = { "leaf", "multipart", "message" };

static uint64_t size_of(const struct tp_part *part, const char *data)
{
	return tp_codec_decoded_size(data, part->body, part->encoding);
}

static void dump_like_gmime(const struct tp_tree *tree, const char *data)
{
	struct tp_media_type type;

	for (uint32_t i = 0; i < tree->count; i++) {
		const struct tp_part *part = &tree->parts[i];

		tp_part_media_type(tree, data, i, &type);
		printf("%u %u %s/%s", part->depth, part->ordinal, type.type, type.subtype);
		if (part->kind != TP_PART_LEAF || tp_media_type_is(&type, "multipart", "*"))
			puts(" - - -");
		else if (tp_range_len(part->body) == 0)
			puts(" - - 0");
		else
			printf(" %zu %zu %ju\n", part->body.begin, part->body.end,
				(uintmax_t)size_of(part, data));
	}
}

static void dump_ranges(const struct tp_tree *tree, const char *data)
{
	struct tp_buf path = TP_BUF_INIT(1 << 20);

	for (uint32_t i = 0; i < tree->count; i++) {
		const struct tp_part *part = &tree->parts[i];

		tp_buf_clear(&path);
		tp_tree_path(tree, i, &path);
		printf("%s %s %zu %zu %zu %zu %ju\n", tp_buf_str(&path), kinds[part->kind],
			part->header.begin, part->header.end, part->body.begin, part->body.end,
			(uintmax_t)size_of(part, data));
	}
	tp_buf_release(&path);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static void dump_measure(const struct tp_tree *tree, const char *data, double begun)
{
	unsigned deepest = 0;
	uint64_t size = 0;
	struct rusage usage;
	double spent;

	for (uint32_t i = 0; i < tree->count; i++) {
		if (tree->parts[i].depth > deepest)
			deepest = tree->parts[i].depth;
		if (tree->parts[i].kind == TP_PART_LEAF)
			size += size_of(&tree->parts[i], data);
	}
	spent = now() - begun;
	getrusage(RUSAGE_SELF, &usage);
	printf("%u %u %.1f %ld %ju\n", tree->count, deepest, spent, usage.ru_maxrss,
		(uintmax_t)size);
}

static int dump_file(const char *path, char how, size_t from, size_t length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct tp_tree tree;
	struct tp_error err;
	struct stat status;
	const char *data = "";
	double begun;

	if (fd < 0 || fstat(fd, &status)) {
		perror(path);
		return 66;
	}
	if (status.st_size > 0)
		data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		return 74;
	if (length > (size_t)status.st_size - from)
		length = (size_t)status.st_size - from;
	begun = now();
	if (tp_tree_scan(&tree, data + from, length, &tp_tree_default_limits, &err)) {
		printf("== %s\n! %s\n", path, err.text);
		return 65;
	}
	if (how != 'm')
		printf("== %s\n", path);
	if (how == 'm')
		dump_measure(&tree, data + from, begun);
	else if (how == 'r')
		dump_ranges(&tree, data + from);
	else
		dump_like_gmime(&tree, data + from);
	tp_tree_release(&tree);
	if (status.st_size > 0)
		munmap((void *)(uintptr_t)data, (size_t)status.st_size);
	return 0;
}

int main(int argc, char **argv)
{
	size_t from = 0;
	size_t length = SIZE_MAX;
	char how = 'g';
	int failed = 0;
	int option;

	while ((option = getopt(argc, argv, "rmf:")) != -1) {
		if (option == 'f') {
			char *rest;

			from = strtoull(optarg, &rest, 10);
			length = strtoull(rest + (*rest == ','), NULL, 10);
		} else if (option == '?') {
			return 64;
		} else {
			how = (char)option;
		}
	}
	for (int i = optind; i < argc; i++) {
		int code = dump_file(argv[i], how, from, length);

		failed = code ? code : failed;
	}
	return failed;
}
