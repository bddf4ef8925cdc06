/* disc/image, bag, plan: an image has the size that it was planned with, and contents stand where the
 * ledger is told. */
#include <fcntl.h>
#include <inttypes.h>

#include "base/file.h"
#include "disc/fit.h"
#include "tap.h"
#include "trash.h"

static const struct tp_bag_about about = { .serial = "KWRTPM", .language = "en" };

static void report(void *context, const char *sentence)
{
	printf("# %s\n", sentence);
}

/* An mbox of `mails`, their subjects of different lengths, a month for each `per_month`. */
static void make_mbox(const char *name, unsigned mails, unsigned per_month)
{
	FILE *file = fopen(name, "w");

	if (!file)
		exit(99);
	for (unsigned i = 0; i < mails; i++) {
		unsigned month = i / per_month % 12, year = 1990 + i / per_month / 12;

		fprintf(file, "From a@b.example Fri %s 1 0%u:%02u:%02u %u\n",
			(const char *const[]){ "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
				"Aug", "Sep", "Oct", "Nov", "Dec" }[month],
			i / 3600 % 10, i / 60 % 60, i % 60, year);
		fprintf(file, "Subject: %.*s\n\n%u", (int)(i % 40),
			"a subject as long as any other one is", i);
		for (unsigned k = 0; k < i % 7; k++)
			fprintf(file, "%0800u\n", k);
		fputs("\n\n", file);
	}
	fclose(file);
}

static void planned_well(unsigned mails, unsigned per_month)
{
	struct tp_error err = { TP_OK, "" };
	struct tp_source *source;
	struct tp_record record = TP_RECORD_INIT;
	struct tp_image *image = NULL;
	struct tp_bag *bag = NULL;
	uint64_t reckoned;
	enum tp_status status;

	make_mbox("mbox", mails, per_month);
	status = tp_source_mbox("mbox", report, NULL, &source, &err);
	if (!status)
		status = tp_bag_new(&about, &bag, &err);
	for (size_t i = 0; !status && i < tp_source_count(source); i++) {
		status = tp_source_record(source, i, &record, &err);
		if (!status)
			status = tp_bag_add(bag, &record, &err);
	}
	reckoned = status ? 0 : tp_bag_sectors(bag);
	if (!status)
		status = tp_bag_close(bag, &err);
	if (!status)
		status = tp_image_new(bag, source, "KWRTPM", 0, 0, false, &image, &err);
	if (status) {
		ok(false, "%u mails: %s", mails, err.text);
	} else {
		uint64_t sectors = tp_image_sectors(image);

		printf("# %u mails, %u a month: %" PRIu64 " sectors, reckoned %" PRIu64 "\n", mails,
			per_month, sectors, reckoned);
		ok(sectors <= reckoned, "%u mails, %u a month: not more than was reckoned", mails,
			per_month);
		ok(sectors + 40 + sectors / 200 >= reckoned, "and not much less");
	}
	tp_image_free(image);
	tp_bag_free(bag);
	tp_source_close(source);
	tp_record_release(&record);
}

/* A mail behind the others that takes more than a batch, and does not end with a sector. */
static void add_large(const char *name)
{
	FILE *file = fopen(name, "a");

	if (!file)
		exit(99);
	fputs("From a@b.example Fri Dec 1 00:00:00 1999\nSubject: large\n\n", file);
	for (unsigned k = 0; k < 40000; k++)
		fprintf(file, "%070u\n", k);
	fputs("end\n\n", file);
	fclose(file);
}

/* Each piece of the image has the hash that is told, wherever batches end. */
static void pieces_are_hashed(const struct tp_image *image, int fd)
{
	static unsigned char bytes[TP_IMAGE_PIECE * TP_SECTOR];
	unsigned char hash[TP_SHA256_BYTES];
	size_t count, wrong = 0;
	const unsigned char *pieces = tp_image_pieces(image, &count);
	uint64_t left = tp_image_sectors(image) * TP_SECTOR;

	ok(count == (tp_image_sectors(image) + TP_IMAGE_PIECE - 1) / TP_IMAGE_PIECE,
		"a hash for each of %zu pieces", count);
	for (size_t i = 0; i < count; i++) {
		size_t n = left < sizeof bytes ? (size_t)left : sizeof bytes;

		left -= n;
		if (pread(fd, bytes, n, (off_t)(i * sizeof bytes)) != (ssize_t)n ||
			tp_sha256(bytes, n, hash, NULL) ||
			memcmp(hash, pieces + i * TP_SHA256_BYTES, sizeof hash))
			wrong++;
	}
	ok(!wrong, "and it is theirs, but of %zu", wrong);
}

/* Every mail's bytes stand in the image where tp_image_place says. */
static void stands_where_told(void)
{
	struct tp_disc_plan plan = { .medium = { "dvd", 2294921 }, .room = 2294921 };
	struct tp_error err = { TP_OK, "" };
	struct tp_source *source;
	struct tp_fit fit;
	size_t count = 0, wrong = 0;
	int fd = open("image", O_RDWR | O_CREAT | O_TRUNC, 0600);
	enum tp_status status;

	make_mbox("mbox", 500, 100);
	add_large("mbox");
	status = tp_source_mbox("mbox", report, NULL, &source, &err);
	if (!status)
		status = tp_fit_make(source, &about, &plan, true, &fit, &err);
	if (!ok(!status, "an image is made: %s", err.text))
		return;
	ok(!tp_image_write(fit.image, fd, NULL, NULL, &err), "and written");
	ok((uint64_t)lseek(fd, 0, SEEK_END) == plan.sectors * TP_SECTOR, "as long as planned");
	count = tp_source_count(source);
	for (size_t i = 0; i < count; i++) {
		struct tp_spool content;
		uint64_t sector, sectors;
		char *there;

		tp_image_place(fit.image, i, &sector, &sectors);
		if (tp_source_content(source, i, &content, &err))
			exit(99);
		there = calloc(1, content.len + 1);
		if (sectors != (content.len + TP_SECTOR - 1) / TP_SECTOR ||
			pread(fd, there, content.len, (off_t)(sector * TP_SECTOR)) !=
				(ssize_t)content.len ||
			memcmp(there, content.data, content.len))
			wrong++;
		free(there);
		tp_spool_release(&content);
	}
	ok(count == 501 && !wrong, "%zu mails stand where they should, %zu do not", count, wrong);
	pieces_are_hashed(fit.image, fd);
	tp_fit_release(&fit);
	tp_disc_plan_release(&plan);
	tp_source_close(source);
	close(fd);
}

/* What was only planned has read nothing, and cannot be written. */
static void planned_alone(void)
{
	struct tp_disc_plan plan = { .medium = { "dvd", 2294921 }, .room = 2294921 };
	struct tp_error err = { TP_OK, "" };
	struct tp_source *source = NULL;
	struct tp_fit fit = { NULL, NULL };
	int fd = open("nothing", O_RDWR | O_CREAT | O_TRUNC, 0600);
	enum tp_status status;

	make_mbox("mbox", 10, 10);
	status = tp_source_mbox("mbox", report, NULL, &source, &err);
	if (!status)
		status = tp_fit_make(source, &about, &plan, false, &fit, &err);
	ok(!status && plan.sectors, "a plan alone");
	ok(!status && tp_image_write(fit.image, fd, NULL, NULL, &err) == TP_INTERNAL &&
			!lseek(fd, 0, SEEK_END),
		"is not written");
	tp_fit_release(&fit);
	tp_disc_plan_release(&plan);
	tp_source_close(source);
	close(fd);
}

/* An image that nobody writes ends its thread, whatever that is at. */
static void never_written(void)
{
	struct tp_error err = { TP_OK, "" };
	unsigned made = 0;

	make_mbox("mbox", 400, 100);
	for (unsigned i = 0; i < 8; i++) {
		struct tp_disc_plan plan = { .medium = { "dvd", 2294921 }, .room = 2294921 };
		struct tp_source *source = NULL;
		struct tp_fit fit = { NULL, NULL };

		if (!tp_source_mbox("mbox", report, NULL, &source, &err))
			made += !tp_fit_make(source, &about, &plan, true, &fit, &err);
		tp_fit_release(&fit);
		tp_disc_plan_release(&plan);
		tp_source_close(source);
	}
	ok(made == 8, "images that are made and not written end");
}

int main(void)
{
	trash_make();
#ifndef TP_HAVE_LIBISOFS
	skip("images", "built without libisofs");
	return done_testing();
#endif
	planned_well(1, 1);
	planned_well(30, 1);
	planned_well(300, 7);
	planned_well(2001, 2001);
	planned_well(5000, 2100);
	planned_well(3000, 20);
	stands_where_told();
	planned_alone();
	never_written();
	return done_testing();
}
