/*
 * Packs from any bytes. What begins as a pack does gets its checksums put right, so that damage gets
 * past them, and is opened, verified, read and erased from; anything else is taken for a group of the
 * directory: what parses, makes the same group again.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/pack_group.h"
#include "base/crc32c.h"
#include "base/le.h"

static struct tp_archive archive;

static void make_archive(void)
{
	static const char template[] = "/tmp/tubepost-fuzz.XXXXXX";
	static char path[sizeof template];

	memcpy(path, template, sizeof template);
	MUST(mkdtemp(path));
	archive.path = path;
	archive.dir = open(path, O_RDONLY | O_DIRECTORY);
	archive.lock = -1;
	MUST(archive.dir >= 0 && !mkdirat(archive.dir, "pack", 0700));
}

static void remove_archive(void)
{
	unlinkat(archive.dir, "pack/00000001.tpp", 0);
	unlinkat(archive.dir, "pack/00000001.tpp.new", 0);
	unlinkat(archive.dir, "pack", AT_REMOVEDIR);
	rmdir(archive.path);
	close(archive.dir);
	tp_pack_cache_free(archive.pack_cache);
	archive = (struct tp_archive){ .path = NULL };
}

static enum tp_status drop(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	*(uint64_t *)context += len;
	return TP_OK;
}

static void count(void *context, const char *id, const char *sentence)
{
	MUST(*sentence);
	++*(uint64_t *)context;
}

static void put_right(unsigned char *bytes, size_t len)
{
	uint64_t tables = tp_le_get64(bytes + 48);

	memcpy(bytes, "TPPACK01", 8);
	tp_le_put32(bytes + 8, 1);
	tp_le_put32(bytes + 12, 0);
	tp_le_put64(bytes + 16, len);
	if (tables <= len)
		tp_le_put32(bytes + 160, tp_crc32c(0, bytes + tables, len - (size_t)tables));
	tp_le_put32(bytes + 164, tp_crc32c(0, bytes, 164));
}

static void read_all(struct tp_pack *pack)
{
	uint64_t faults = 0, bytes = 0;
	enum tp_status status = tp_pack_verify(pack, 100, count, &faults, NULL);

	MUST((status == TP_OK && !faults) || (status == TP_DATA && faults));
	for (size_t i = 0; i < tp_pack_count(pack) && i < 1000; i++) {
		struct tp_record record = TP_RECORD_INIT;
		struct tp_split split = { 0 };
		size_t found;

		if (!tp_pack_record(pack, i, &record, &split, NULL)) {
			tp_pack_skeleton(pack, i, drop, &bytes, NULL);
			tp_pack_find(pack, record.id, &found, NULL);
		}
		tp_record_release(&record);
		tp_split_release(&split);
	}
}

static void check_pack(unsigned char *bytes, size_t len)
{
	static const size_t first = 0;
	struct tp_pack *pack;
	int fd;

	make_archive();
	put_right(bytes, len);
	fd = openat(archive.dir, "pack/00000001.tpp", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	MUST(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
	if (!tp_pack_open(&archive, 1, &pack, NULL)) {
		read_all(pack);
		tp_pack_close(pack);
		tp_pack_erase_prepare(&archive, 1, &first, NULL, 1, NULL);
	}
	remove_archive();
}

static void check_group(const unsigned char *bytes, size_t len)
{
	struct tp_pack_group group = { .bytes = TP_BUF_INIT(len + 1) }, again = { 0 };
	struct tp_pack_columns columns;

	tp_buf_add(&group.bytes, bytes + 1, len - 1);
	tp_buf_init(&again.bytes, TP_PACK_GROUP_MAX);
	tp_pack_columns_init(&columns);
	if (!tp_pack_group_parse(&group, bytes[0], NULL)) {
		for (uint32_t i = 0; i < group.count; i++)
			MUST(!tp_pack_columns_add(&columns, &group.entries[i], NULL));
		MUST(!tp_pack_columns_join(&columns, &again.bytes, NULL));
		MUST(!tp_pack_group_parse(&again, bytes[0], NULL));
		for (uint32_t i = 0; i < group.count; i++)
			MUST(!memcmp(group.entries[i].id, again.entries[i].id, TP_ID_LEN) &&
				group.entries[i].erased == again.entries[i].erased);
	}
	tp_pack_columns_release(&columns);
	tp_pack_group_release(&group);
	tp_pack_group_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	unsigned char *copy = malloc(len ? len : 1);

	MUST(copy);
	memcpy(copy, bytes, len);
	if (len >= TP_PACK_HEADER && !memcmp(bytes, "TPPACK", 6))
		check_pack(copy, len);
	else if (len)
		check_group(copy, len);
	free(copy);
	return 0;
}
