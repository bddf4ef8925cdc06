/*
 * archive/blob: contents come back, are stored once, and mended when they are damaged; sealed ones
 * open with their key, at their place and nowhere else; what is removed is overwritten.
 */
#include "archive-tool.h"
#include "archive/blob.h"
#include "base/hex.h"
#include "mime/codec.h"

#include <fcntl.h>

#define SMALL 5000
#define LARGE ((size_t)9 << 20) /* three pieces */

/* A message that is one base64 body, and its hole. */
struct mail {
	struct tp_buf text;
	struct tp_split split;
	char *content;
	size_t len;
};

static void make_mail(struct mail *mail, size_t len, uint32_t state)
{
	*mail = (struct mail){ .text = TP_BUF_INIT((size_t)64 << 20), .len = len };
	mail->content = malloc(len);
	for (size_t i = 0; i < len; i++) {
		state = state * 1664525u + 1013904223u;
		mail->content[i] = i % 64 < 40 ? (char)(state >> 24) : 'a';
	}
	memcpy(mail->content + 1000, "a secret that nobody may read", 29);
	tp_buf_adds(&mail->text, "Content-Transfer-Encoding: base64\n\n");
	tp_codec_base64_encode(mail->content, len, "\n", &mail->text);
	tp_split(mail->text.data, mail->text.len, &mail->split, &err);
}

static void free_mail(struct mail *mail)
{
	tp_buf_release(&mail->text);
	tp_split_release(&mail->split);
	free(mail->content);
}

static uint64_t put(struct tp_archive *archive, const struct mail *mail)
{
	uint64_t stored = 99;
	enum tp_status status =
		tp_blob_put(archive, mail->text.data, &mail->split.holes[0], &stored, &err);

	if (status)
		printf("# %s\n", err.text);
	return status ? UINT64_MAX : stored;
}

static enum tp_status gather(void *context, const char *bytes, size_t len, struct tp_error *e)
{
	return tp_buf_add(context, bytes, len) ? TP_OK : tp_buf_status(context, "test", e);
}

/* TP_OK when the content comes back; TP_INTERNAL when another does. */
static enum tp_status get(struct tp_archive *archive, const struct mail *mail)
{
	struct tp_buf out = TP_BUF_INIT((size_t)64 << 20);
	enum tp_status status =
		tp_blob_read(archive, mail->split.holes[0].sha256, gather, &out, &err);

	if (!status && (out.len != mail->len || memcmp(out.data, mail->content, out.len)))
		status = TP_INTERNAL;
	tp_buf_release(&out);
	return status;
}

/* The file of the mail's blob, from the trash folder. */
static void file_of(struct tp_archive *archive, const struct mail *mail, char path[256])
{
	char name[TP_BLOB_NAME];

	tp_blob_name(archive, mail->split.holes[0].sha256, name, &err);
	snprintf(path, 256, "%s/%s", archive->path, name);
}

static void gone_of(struct tp_archive *archive, const struct mail *mail, char path[256])
{
	char name[TP_BLOB_NAME];

	tp_blob_name(archive, mail->split.holes[0].sha256, name, &err);
	snprintf(path, 256, "%s/blob/%.64s.gone", archive->path, name + strlen("blob/ab/"));
}

static bool read_file(const char *path, struct tp_buf *out)
{
	FILE *file = fopen(path, "rb");
	size_t n;
	char *to;

	tp_buf_clear(out);
	if (!file)
		return false;
	while ((to = tp_buf_reserve(out, 65536)) && (n = fread(to, 1, 65536, file)) > 0)
		tp_buf_grew(out, n);
	fclose(file);
	return true;
}

static void write_at(const char *path, long at, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY);

	if (pwrite(fd, bytes, len, at) != (ssize_t)len || close(fd))
		exit(99);
}

static struct tp_archive *open_sealed(const char *path)
{
	char text[4200], name[256];

	trash_file(
		"key", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0600);
	mkdir(path, 0700);
	snprintf(text, sizeof text, "key_file: %s/key\n", trash_path);
	snprintf(name, sizeof name, "%s/archive.yaml", path);
	trash_file(name, text, 0600);
	return open_archive(path);
}

/* --- what holds in clear and sealed ---------------------------------------------------------- */

static void test_store(struct tp_archive *archive, const struct mail *mail)
{
	struct tp_error first;
	uint64_t stored, size = 0, verified = 0;
	char path[256];

	ok(get(archive, mail) == TP_DATA && strstr(err.text, "missing"),
		"a blob that is not there is missing");
	ok(tp_blob_size(archive, mail->split.holes[0].sha256, &size, &first) == TP_NOINPUT,
		"and has no size");
	stored = put(archive, mail);
	ok(stored > 0 && stored < mail->len, "%zu bytes are stored in fewer", mail->len);
	ok(get(archive, mail) == TP_OK, "and come back");
	ok(put(archive, mail) == 0, "a second time nothing is written");
	ok(!tp_blob_size(archive, mail->split.holes[0].sha256, &size, &err) && size == stored,
		"its size is what was written");
	file_of(archive, mail, path);
	ok(!tp_blob_verify(archive, path + strlen(archive->path) + 1, &verified, &err) &&
			verified == mail->len,
		"it can be verified without its content");
}

/* Every byte of a small file, some of a large one. */
static void test_damage(struct tp_archive *archive, const struct mail *mail)
{
	struct tp_buf whole = TP_BUF_INIT((size_t)64 << 20);
	bool found = true, verified = true, named = true, mended = true;
	char path[256], *name;

	file_of(archive, mail, path);
	name = path + strlen(archive->path) + 1;
	read_file(path, &whole);
	for (size_t at = 0; at < whole.len; at += whole.len < 10000 ? 17 : 500009) {
		char byte;

		/* Mended, the same content may have come out in other bytes. */
		tp_buf_clear(&whole);
		read_file(path, &whole);
		byte = (char)(whole.data[at] ^ 4);
		write_at(path, (long)at, &byte, 1);
		found = found && get(archive, mail) == TP_DATA;
		named = named && strstr(err.text, name);
		verified = verified && tp_blob_verify(archive, name, NULL, &err) == TP_DATA;
		mended = mended && put(archive, mail) > 0 && get(archive, mail) == TP_OK;
	}
	/* A flag, a reserved byte, a checksum of the body: the head's own checksum tells. */
	ok(found, "a flipped bit is found wherever it is");
	ok(named, "the sentence names the file");
	ok(verified, "checksums find it without the key");
	ok(mended, "the next put of that content mends it");
	for (int i = 0; i < 4; i++) {
		static const long lengths[] = { 0, 40, 72, 2000 };

		found = found && !truncate(path, lengths[i]) && get(archive, mail) == TP_DATA &&
			put(archive, mail) > 0 && get(archive, mail) == TP_OK;
	}
	ok(found, "a file cut short is found and mended");
	tp_buf_release(&whole);
}

static enum tp_status count(void *context, const char *name, uint64_t stored, struct tp_error *e)
{
	uint64_t *totals = context;

	totals[0]++;
	totals[1] += stored;
	return strlen(name) == 76 ? TP_OK : tp_fail(e, TP_INTERNAL, "%s", name);
}

static bool is_zeros(const struct tp_buf *bytes)
{
	for (size_t i = 0; i < bytes->len; i++)
		if (bytes->data[i])
			return false;
	return true;
}

static void test_remove(
	struct tp_archive *archive, const struct mail *small, const struct mail *large)
{
	struct tp_buf bytes = TP_BUF_INIT((size_t)64 << 20);
	uint64_t totals[2] = { 0, 0 }, a = 0, b = 0;
	struct tp_blob_folders folders = { { 0 } };
	char path[256], left[256];

	tp_blob_size(archive, small->split.holes[0].sha256, &a, &err);
	tp_blob_size(archive, large->split.holes[0].sha256, &b, &err);
	ok(!tp_blob_walk(archive, count, totals, &err) && totals[0] == 2 && totals[1] == a + b,
		"two blobs are met on a walk");
	snprintf(left, sizeof left, "%s/blob/0123456789abcdef.new", archive->path);
	trash_file(left, "half a blob", 0600);
	ok(!tp_blob_sweep(archive, &err) && access(left, F_OK), "half written ones are swept up");
	file_of(archive, small, path);
	/* A second name keeps the bytes in sight when the first one goes. */
	ok(!link(path, "witness") &&
			!tp_blob_drop(archive, small->split.holes[0].sha256, &folders, &err) &&
			!tp_blob_settle(archive, &folders, &err) && access(path, F_OK) &&
			get(archive, small) == TP_DATA,
		"a dropped one is gone");
	ok(put(archive, small) > 0 &&
			!tp_blob_drop(archive, small->split.holes[0].sha256, &folders, &err) &&
			read_file("witness", &bytes) && bytes.len == a && is_zeros(&bytes),
		"one that came again and is dropped again leaves no bytes without a name");
	unlink("witness");
	gone_of(archive, small, path);
	ok(!link(path, "witness") && !tp_blob_shred_dropped(archive, &err) && access(path, F_OK),
		"dropped ones are removed");
	ok(read_file("witness", &bytes) && bytes.len == a && is_zeros(&bytes),
		"and were overwritten");
	unlink("witness");
	ok(!tp_blob_drop(archive, small->split.holes[0].sha256, &folders, &err), "twice is fine");
	file_of(archive, large, path);
	ok(!tp_blob_drop_name(archive, path + strlen(archive->path) + 1, &folders, &err) &&
			access(path, F_OK) && !tp_blob_sweep(archive, &err),
		"by name, too");
	ok(put(archive, small) > 0 && get(archive, small) == TP_OK, "it may come again");
	tp_buf_release(&bytes);
}

/* --- sealed ---------------------------------------------------------------------------------- */

static void test_secret(struct tp_archive *archive, const struct mail *mail)
{
	char path[256], hex[TP_SHA256_HEX];
	struct tp_buf bytes = TP_BUF_INIT((size_t)64 << 20);

	file_of(archive, mail, path);
	tp_hex(mail->split.holes[0].sha256, TP_SHA256_BYTES, hex);
	ok(!strstr(path, hex), "the name does not tell the content");
	ok(read_file(path, &bytes) &&
			!memmem(bytes.data, bytes.len, mail->split.holes[0].sha256, 16) &&
			!memmem(bytes.data, bytes.len, "secret", 6) &&
			!memmem(bytes.data, bytes.len, "\x28\xb5\x2f\xfd", 4),
		"nor does the file");
	tp_buf_release(&bytes);
}

/* The first two pieces of a large blob are equally long only by chance: their places are read from
 * the file, and they are written in the other order with every checksum made right again by a
 * writer who has no key. So only the seal can tell. */
static void test_swapped(struct tp_archive *archive, const struct mail *mail)
{
	struct tp_buf in = TP_BUF_INIT((size_t)64 << 20), out = TP_BUF_INIT((size_t)64 << 20);
	uint32_t first, second;
	char path[256];

	file_of(archive, mail, path);
	read_file(path, &in);
	memcpy(&first, in.data + 72, 4);
	memcpy(&second, in.data + 72 + 8 + first, 4);
	tp_buf_add(&out, in.data, 72);
	tp_buf_add(&out, in.data + 72 + 8 + first, 8 + second);
	tp_buf_add(&out, in.data + 72, 8 + first);
	tp_buf_add(&out, in.data + out.len, in.len - out.len);
	write_at(path, 0, out.data, out.len);
	ok(get(archive, mail) == TP_DATA && strstr(err.text, "encrypted"),
		"swapped pieces do not open: %s", err.text);
	put(archive, mail);
	tp_buf_release(&in);
	tp_buf_release(&out);
}

static void test_other_place(struct tp_archive *archive, const struct mail *a, const struct mail *b)
{
	char path_a[256], path_b[256];

	file_of(archive, a, path_a);
	file_of(archive, b, path_b);
	put(archive, a);
	put(archive, b);
	ok(!rename(path_a, path_b) && get(archive, b) == TP_DATA,
		"a blob under another's name does not open");
	ok(put(archive, b) > 0 && put(archive, a) > 0, "and is put right");
}

static void test_without_key(const char *path, const struct mail *mail)
{
	struct tp_archive *archive;
	char name[TP_BLOB_NAME];

	rename("key", "key.away");
	archive = open_archive(path);
	ok(archive->encrypted && !archive->has_key, "without its key file it opens without a key");
	ok(get(archive, mail) == TP_CONFIG && strstr(err.text, "is encrypted: no key"),
		"nothing can be read: %s", err.text);
	ok(put(archive, mail) == UINT64_MAX && err.status == TP_CONFIG, "nor written");
	ok(tp_blob_name(archive, mail->split.holes[0].sha256, name, &err) == TP_CONFIG,
		"nor a content be looked for");
	tp_archive_close(archive);
	trash_file(
		"key", "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0600);
	ok(tp_archive_open(NULL, path, true, &archive, &err) == TP_CONFIG &&
			strstr(err.text, "is not its key"),
		"another key is refused: %s", err.text);
	rename("key.away", "key");
}

int main(void)
{
	struct mail small, large;
	struct tp_archive *clear, *sealed;

	trash_make();
	make_mail(&small, SMALL, 1);
	make_mail(&large, LARGE, 2);
	clear = open_archive("clear");
	sealed = open_sealed("sealed");
	for (int i = 0; i < 2; i++) {
		struct tp_archive *archive = i ? sealed : clear;

		printf("# %s\n", i ? "sealed" : "clear");
		test_store(archive, &small);
		test_store(archive, &large);
		test_damage(archive, &small);
		test_damage(archive, &large);
		test_remove(archive, &small, &large);
	}
	put(sealed, &large);
	test_secret(sealed, &small);
	test_swapped(sealed, &large);
	test_other_place(sealed, &small, &large);
	tp_archive_close(clear);
	tp_archive_close(sealed);
	test_without_key("sealed", &small);
	free_mail(&small);
	free_mail(&large);
	return done_testing();
}
