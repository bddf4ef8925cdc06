/* drop/extract: files in the order of the list whoever is quicker, and an end before all are taken. */
#include "drop/extract.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/hex.h"
#include "mime/codec.h"
#include "tap.h"
#include "trash.h"

#define COUNT 40

static struct tp_error err;
static struct tp_conf *conf;
static struct tp_buf mail = TP_BUF_INIT((size_t)256 << 20);
static struct tp_extract_source sources[COUNT];
static char wanted[COUNT][TP_SHA256_HEX];
static size_t sizes[COUNT];

/* Contents of all sizes, large ones between small ones: each second as it is, the others in base64. */
static void make_mail(void)
{
	size_t largest = (size_t)3 << 20, begin;
	char *bytes = malloc(largest);
	unsigned char digest[TP_SHA256_BYTES];

	for (size_t i = 0; i < COUNT; i++) {
		sizes[i] = i % 5 == 2 ? largest - i : i * 37;
		for (size_t k = 0; k < sizes[i]; k++)
			bytes[k] = (char)(k * k / 7 + i);
		begin = mail.len;
		sources[i].encoding = i % 2 ? TP_ENCODING_IDENTITY : TP_ENCODING_BASE64;
		if (i % 2)
			tp_buf_add(&mail, bytes, sizes[i]);
		else
			tp_codec_base64_encode(bytes, sizes[i], i % 4 ? "\n" : "\r\n", &mail);
		sources[i].range = (struct tp_range){ begin, mail.len };
		tp_sha256(bytes, sizes[i], digest, &err);
		tp_hex(digest, sizeof digest, wanted[i]);
	}
	free(bytes);
}

/* The digest of what stands in the file, which must not be only what was told. */
static bool holds(int fd, size_t len, const char *sha256)
{
	unsigned char digest[TP_SHA256_BYTES];
	char *bytes = malloc(len + 1), hex[TP_SHA256_HEX];
	bool good = pread(fd, bytes, len + 1, 0) == (ssize_t)len;

	tp_sha256(bytes, len, digest, &err);
	tp_hex(digest, sizeof digest, hex);
	free(bytes);
	return good && !strcmp(hex, sha256);
}

static void test_order(size_t count)
{
	struct tp_extractor *x = NULL;
	struct tp_extract_file file;
	size_t good = 0;

	ok(!tp_extract_begin(conf, mail.data, sources, count, &x, &err), "%zu files", count);
	for (size_t i = 0; i < count; i++) {
		if (tp_extract_next(x, &file, &err))
			break;
		good += file.size_bytes == sizes[i] && !strcmp(file.sha256, wanted[i]) &&
			holds(file.fd, sizes[i], wanted[i]);
		close(file.fd);
	}
	tp_extract_end(x);
	ok(good == count, "each is right and in its turn");
}

/* Open files tell whether anything was left behind. */
static int open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_early_end(size_t taken)
{
	int before = open_files();
	struct tp_extractor *x = NULL;
	struct tp_extract_file file;

	tp_extract_begin(conf, mail.data, sources, COUNT, &x, &err);
	for (size_t i = 0; i < taken; i++)
		if (!tp_extract_next(x, &file, &err))
			close(file.fd);
	tp_extract_end(x);
	ok(open_files() == before, "ended after %zu: no file stays open", taken);
}

static void test_failure(void)
{
	struct tp_extractor *x = NULL;
	struct tp_extract_file file;
	size_t failed = 0;

	setenv("TMPDIR", "/nowhere", 1);
	tp_conf_set(conf, "drop.store", "dir:/dev/null/x", "--store", &err);
	tp_extract_begin(conf, mail.data, sources, 3, &x, &err);
	for (int i = 0; i < 3; i++)
		failed += tp_extract_next(x, &file, &err) != TP_OK;
	tp_extract_end(x);
	ok(failed == 3, "no room: every file says so");
}

int main(void)
{
	setenv("TUBEPOST_CONFIG", "/dev/null", 1);
	trash_make();
	tp_conf_load(NULL, &conf, &err);
	tp_conf_set(conf, "drop.store", "dir:store", "--store", &err);
	make_mail();
	test_order(0);
	test_order(1);
	test_order(2);
	test_order(COUNT);
	ok(access("store/tmp", X_OK) == 0, "beside the store");
	test_early_end(0);
	test_early_end(1);
	test_early_end(17);
	test_failure();
	tp_extract_end(NULL);
	tp_buf_release(&mail);
	tp_conf_free(conf);
	return done_testing();
}
