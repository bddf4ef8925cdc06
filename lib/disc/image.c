/*
 * The image, by libisofs: see image.h. libisofs formats it in a thread of its own, which asks the
 * streams below for content, one at a time and in order; we read from its ring, hash and write.
 */
#include "disc/image.h"

#ifdef TP_HAVE_LIBISOFS

#define LIBISOFS_WITHOUT_LIBBURN
#include <libisofs/libisofs.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"

#define PIECE_BYTES  ((size_t)TP_IMAGE_PIECE * TP_SECTOR)
#define BATCH_BYTES  (32 * PIECE_BYTES) /* written at once */
#define RING_SECTORS 2048
/* A consumer that takes nothing for so long is a burner: nobody shall wait for it. */
#define STALL_MS 100

/* What stands behind a stream: its address says which. */
struct slot {
	struct tp_image *image;
};

struct tp_image {
	const struct tp_bag *bag;
	struct tp_source *source;
	const struct tp_bag_file *files;
	size_t file_count, mail_count;
	struct slot *slots; /* mails, then files */
	uint32_t *order;    /* in which the mails' contents stand */
	uint32_t *ranks;    /* the other way round; when the tree stands, where each begins */
	uint64_t sectors;
	IsoImage *iso;
	struct burn_source *burn;
	/* the folder that mails are put into */
	IsoDir *month;
	char folder[TP_BAG_PATH_MAX];
	int64_t time;
	uint64_t tail; /* sectors */
	/* the content that is being given, in the writer's thread */
	struct tp_spool content;
	uint64_t at;
	uint64_t given; /* contents that were given whole, empty ones not counted */
	/* the first failure of a stream, for both threads */
	pthread_mutex_t gate;
	enum tp_status status;
	struct tp_error err;
	/* the output */
	unsigned char *batch;
	struct tp_buf pieces;
	uint64_t written; /* sectors */
};

static enum tp_status fail_iso(int code, const char *what, struct tp_error *err)
{
	return tp_fail(err, TP_IO, "%s: %s", what, iso_error_to_msg(code));
}

/* --- streams ---------------------------------------------------------------------------------- */

static size_t slot_of(IsoStream *stream)
{
	struct slot *slot = stream->data;

	return (size_t)(slot - slot->image->slots);
}

static struct tp_image *image_of(IsoStream *stream)
{
	return ((struct slot *)stream->data)->image;
}

static int note_failure(struct tp_image *image, const struct tp_error *err)
{
	pthread_mutex_lock(&image->gate);
	if (!image->status) {
		image->status = err->status;
		image->err = *err;
	}
	pthread_mutex_unlock(&image->gate);
	return ISO_FILE_READ_ERROR;
}

static uint64_t size_of_slot(const struct tp_image *image, size_t i)
{
	return i < image->mail_count ? tp_source_size(image->source, i)
				     : image->files[i - image->mail_count].size_bytes;
}

static off_t stream_size(IsoStream *stream)
{
	return (off_t)size_of_slot(image_of(stream), slot_of(stream));
}

static int stream_open(IsoStream *stream)
{
	struct tp_image *image = image_of(stream);
	size_t i = slot_of(stream);
	struct tp_error err;

	image->at = 0;
	tp_spool_release(&image->content);
	if (i < image->mail_count && tp_source_content(image->source, i, &image->content, &err))
		return note_failure(image, &err);
	return 1;
}

static int stream_close(IsoStream *stream)
{
	struct tp_image *image = image_of(stream);
	uint64_t size = size_of_slot(image, slot_of(stream));

	/* Empty ones may be opened or not. */
	if (size && image->at == size)
		image->given++;
	tp_spool_release(&image->content);
	return 1;
}

static int stream_read(IsoStream *stream, void *bytes, size_t count)
{
	struct tp_image *image = image_of(stream);
	size_t i = slot_of(stream);
	uint64_t left = size_of_slot(image, i) - image->at;
	struct tp_error err;

	if (count > left)
		count = (size_t)left;
	if (i < image->mail_count)
		memcpy(bytes, image->content.data + image->at, count);
	else if (tp_bag_read(image->bag, &image->files[i - image->mail_count], image->at, bytes,
			 count, &err))
		return note_failure(image, &err);
	image->at += count;
	return (int)count;
}

static int stream_is_repeatable(IsoStream *stream)
{
	return 1;
}

/* What has one identity is stored once. */
static void stream_id(IsoStream *stream, unsigned *fs_id, dev_t *dev, ino_t *ino)
{
	*fs_id = 0x7470;
	*dev = 1;
	*ino = slot_of(stream) + 1;
}

static void stream_free(IsoStream *stream)
{
}

static int stream_update_size(IsoStream *stream)
{
	return 1;
}

static IsoStream *stream_input(IsoStream *stream, int flag)
{
	return NULL;
}

static IsoStreamIface streams = {
	.version = 3,
	.type = { 'u', 's', 'e', 'r' },
	.open = stream_open,
	.close = stream_close,
	.get_size = stream_size,
	.read = stream_read,
	.is_repeatable = stream_is_repeatable,
	.get_id = stream_id,
	.free = stream_free,
	.update_size = stream_update_size,
	.get_input_stream = stream_input,
};

/* --- the tree --------------------------------------------------------------------------------- */

/* Everything that a node would else take from the clock or the process. */
static void settle(IsoNode *node, int64_t time, mode_t mode)
{
	iso_node_set_mtime(node, time);
	iso_node_set_atime(node, time);
	iso_node_set_ctime(node, time);
	iso_node_set_uid(node, 0);
	iso_node_set_gid(node, 0);
	iso_node_set_permissions(node, mode);
}

/* The folder of that name, made when it is not there. */
static enum tp_status enter(struct tp_image *image, IsoDir *parent, const char *name, IsoDir **dir,
	struct tp_error *err)
{
	IsoNode *node = NULL;
	int code = iso_dir_get_node(parent, name, &node);

	if (code == 1) {
		*dir = (IsoDir *)node;
		return TP_OK;
	}
	code = iso_tree_add_new_dir(parent, name, dir);
	if (code < 0)
		return fail_iso(code, name, err);
	settle((IsoNode *)*dir, image->time, 0555);
	return TP_OK;
}

/* The folder of a path, walked from the root; *name is what is behind its last `/`. */
static enum tp_status enter_path(struct tp_image *image, const char *path, IsoDir **dir,
	const char **name, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	char part[TP_BAG_PATH_MAX];
	const char *slash;

	*dir = iso_image_get_root(image->iso);
	for (; !status && (slash = strchr(path, '/')); path = slash + 1) {
		snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		status = enter(image, *dir, part, dir, err);
	}
	*name = path;
	return status;
}

static enum tp_status add_file(struct tp_image *image, IsoDir *dir, const char *name, size_t i,
	int64_t time, int weight, struct tp_error *err)
{
	IsoStream *stream = malloc(sizeof *stream);
	IsoFile *file;
	int code;

	if (!stream)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	image->slots[i].image = image;
	*stream = (IsoStream){ .class = &streams, .refcount = 1, .data = &image->slots[i] };
	code = iso_tree_add_new_file(dir, name, stream, &file);
	if (code < 0) {
		iso_stream_unref(stream);
		return fail_iso(code, name, err);
	}
	settle((IsoNode *)file, time, 0444);
	iso_node_set_sort_weight((IsoNode *)file, weight);
	return TP_OK;
}

static enum tp_status add_mail(void *context, size_t i, const char *path, struct tp_error *err)
{
	struct tp_image *image = context;
	const char *name = strrchr(path, '/') + 1;
	size_t folder_len = (size_t)(name - path);
	enum tp_status status = TP_OK;
	char id[TP_ID_LEN + 1];

	if (strncmp(path, image->folder, folder_len) || image->folder[folder_len]) {
		snprintf(image->folder, sizeof image->folder, "%.*s", (int)folder_len, path);
		status = enter_path(image, path, &image->month, &name, err);
	}
	snprintf(id, sizeof id, "%.*s", TP_ID_LEN, tp_source_id(image->source, i));
	return status ? status
		      : add_file(image, image->month, name, i, tp_bag_time(tp_id_arrival(id)),
				(int)(image->mail_count - image->ranks[i]), err);
}

/* Texts first, so that they can be read even where the end cannot. */
static enum tp_status add_files(struct tp_image *image, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	const char *name;
	IsoDir *dir;

	for (size_t i = 0; !status && i < image->file_count; i++) {
		status = enter_path(image, image->files[i].path, &dir, &name, err);
		if (!status)
			status = add_file(image, dir, name, image->mail_count + i, image->time,
				(int)(image->mail_count + image->file_count - i), err);
	}
	return status;
}

/* Contents with the same weight would stand in any order: each has its own, which is its rank. */
static enum tp_status rank(struct tp_image *image, struct tp_error *err)
{
	enum tp_status status =
		tp_source_order(image->source, image->mail_count, image->order, err);

	for (size_t i = 0; !status && i < image->mail_count; i++)
		image->ranks[image->order[i]] = (uint32_t)i;
	return status;
}

static uint64_t sectors_of(uint64_t bytes)
{
	return (bytes + TP_SECTOR - 1) / TP_SECTOR;
}

/* Where each mail begins, now that the size of the image is known: contents are the end of it. */
static void place(struct tp_image *image)
{
	uint64_t sector = image->sectors - image->tail;

	for (size_t k = image->mail_count; k-- > 0;) {
		sector -= sectors_of(tp_source_size(image->source, image->order[k]));
		image->ranks[image->order[k]] = (uint32_t)sector;
	}
	free(image->order);
	image->order = NULL;
}

/* --- the image -------------------------------------------------------------------------------- */

static enum tp_status begin_iso(struct tp_image *image, const char *serial, struct tp_error *err)
{
	int code = iso_init();

	if (code >= 0)
		code = iso_set_local_charset((char *)"UTF-8", 0);
	if (code >= 0)
		code = iso_image_new(serial, &image->iso);
	if (code < 0)
		return fail_iso(code, "libisofs", err);
	/* Failures are told by results and by the streams themselves. */
	iso_set_msgs_severities((char *)"NEVER", (char *)"NEVER", (char *)"");
	iso_image_set_volset_id(image->iso, serial);
	iso_image_set_volume_id(image->iso, serial);
	iso_image_set_system_id(image->iso, "");
	iso_image_set_application_id(image->iso, "TUBEPOST");
	iso_image_set_data_preparer_id(image->iso, "TUBEPOST");
	settle((IsoNode *)iso_image_get_root(image->iso), image->time, 0555);
	return TP_OK;
}

/* As 16 digits, which need no time zone. */
#define DIGITS 80 /* more than six numbers of any length */

static void write_time(int64_t time, char digits[DIGITS])
{
	struct tp_bag_date date = tp_bag_date(time * 1000);

	snprintf(digits, DIGITS, "%04d%02d%02d%02d%02d%02d00", date.year, date.month, date.day,
		date.hour, date.minute, date.second);
}

static int set_options(struct tp_image *image, IsoWriteOpts *opts)
{
	char digits[DIGITS];

	write_time(image->time, digits);
	iso_write_opts_set_iso_level(opts, 3);
	iso_write_opts_set_rockridge(opts, 1);
	/* 1.12 has serial numbers of files, which libisofs gives to folders by where they happen to be in
	 * memory. */
	iso_write_opts_set_rrip_version_1_10(opts, 1);
	iso_write_opts_set_joliet(opts, 1);
	iso_write_opts_set_sort_files(opts, 1);
	iso_write_opts_set_always_gmt(opts, 1);
	iso_write_opts_set_dir_rec_mtime(opts, 3);
	iso_write_opts_set_output_charset(opts, "UTF-8");
	iso_write_opts_set_fifo_size(opts, RING_SECTORS);
	iso_write_opts_set_tail_blocks(opts, (uint32_t)image->tail);
	return iso_write_opts_set_pvd_times(opts, 0, 0, 0, 0, digits);
}

static enum tp_status reckon(struct tp_image *image, struct tp_error *err)
{
	IsoWriteOpts *opts = NULL;
	int code = iso_write_opts_new(&opts, 0);

	if (code >= 0)
		code = set_options(image, opts);
	if (code >= 0)
		code = iso_image_create_burn_source(image->iso, opts, &image->burn);
	iso_write_opts_free(opts);
	if (code < 0)
		return fail_iso(code, "libisofs", err);
	image->sectors = (uint64_t)image->burn->get_size(image->burn) / TP_SECTOR;
	place(image);
	return TP_OK;
}

static enum tp_status take_memory(struct tp_image *image, struct tp_error *err)
{
	size_t mails = image->mail_count ? image->mail_count : 1;

	image->slots = calloc(mails + image->file_count, sizeof *image->slots);
	image->order = calloc(mails, sizeof *image->order);
	image->ranks = calloc(mails, sizeof *image->ranks);
	image->batch = malloc(BATCH_BYTES);
	if (!image->slots || !image->order || !image->ranks || !image->batch)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	return TP_OK;
}

enum tp_status tp_image_new(const struct tp_bag *bag, struct tp_source *source, const char *serial,
	int64_t time, uint64_t tail, struct tp_image **out, struct tp_error *err)
{
	struct tp_image *image = calloc(1, sizeof *image);
	enum tp_status status;

	*out = NULL;
	if (!image)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	image->bag = bag;
	image->source = source;
	image->time = time;
	image->tail = tail;
	image->content = (struct tp_spool)TP_SPOOL_INIT;
	image->mail_count = tp_bag_mails(bag);
	image->file_count = tp_bag_files(bag, &image->files);
	tp_buf_init(&image->pieces, SIZE_MAX / 2);
	pthread_mutex_init(&image->gate, NULL);
	status = take_memory(image, err);
	if (!status)
		status = rank(image, err);
	if (!status)
		status = begin_iso(image, serial, err);
	if (!status)
		status = tp_bag_walk(bag, add_mail, image, err);
	if (!status)
		status = add_files(image, err);
	if (!status)
		status = reckon(image, err);
	if (status)
		tp_image_free(image);
	else
		*out = image;
	return status;
}

void tp_image_free(struct tp_image *image)
{
	if (!image)
		return;
	if (image->burn) {
		/* Ends the writer's thread wherever it is. */
		image->burn->cancel(image->burn);
		image->burn->free_data(image->burn);
		free(image->burn);
	}
	if (image->iso)
		iso_image_unref(image->iso);
	iso_finish();
	tp_spool_release(&image->content);
	tp_buf_release(&image->pieces);
	pthread_mutex_destroy(&image->gate);
	free(image->slots);
	free(image->order);
	free(image->ranks);
	free(image->batch);
	free(image);
}

uint64_t tp_image_sectors(const struct tp_image *image)
{
	return image->sectors;
}

void tp_image_place(const struct tp_image *image, size_t i, uint64_t *sector, uint64_t *sectors)
{
	*sector = image->ranks[i];
	*sectors = sectors_of(tp_source_size(image->source, i));
}

/* --- writing ---------------------------------------------------------------------------------- */

/* A pipe is opened again so that our end of it alone does not block: flags of the one that we were given
 * are shared with whoever gave it. */
static int open_again(int fd)
{
	char path[32];
	struct stat st;

	if (fstat(fd, &st) || !S_ISFIFO(st.st_mode))
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

/* While nothing can be written the archive is not kept waiting. */
static void wait_for_room(struct tp_image *image, int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	while (poll(&poll_fd, 1, STALL_MS) == 0)
		tp_source_pause(image->source);
}

static enum tp_status put(struct tp_image *image, int fd, const unsigned char *bytes, size_t len,
	struct tp_error *err)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EAGAIN)
			wait_for_room(image, fd);
		else if (n < 0 && errno != EINTR)
			return tp_fail_errno(err, TP_IO, "stdout: cannot write");
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return TP_OK;
}

static enum tp_status check_streams(struct tp_image *image, struct tp_error *err)
{
	enum tp_status status;

	pthread_mutex_lock(&image->gate);
	status = image->status;
	if (status && err)
		*err = image->err;
	pthread_mutex_unlock(&image->gate);
	return status;
}

/* The next batch, or what is left at the end. */
static enum tp_status fill_batch(struct tp_image *image, size_t *len, struct tp_error *err)
{
	uint64_t left = (image->sectors - image->written) * TP_SECTOR;
	size_t want = left < BATCH_BYTES ? (size_t)left : BATCH_BYTES;

	*len = 0;
	while (*len < want) {
		/* More than a sector at once lost the tail of the image with some versions. */
		int n = image->burn->read_xt(image->burn, image->batch + *len, TP_SECTOR);

		if (n != TP_SECTOR) {
			enum tp_status status = check_streams(image, err);

			return status ? status
				      : tp_fail(err, TP_IO,
						"the image ended at sector %llu of %llu",
						(unsigned long long)(image->written +
								     *len / TP_SECTOR),
						(unsigned long long)image->sectors);
		}
		*len += TP_SECTOR;
	}
	return check_streams(image, err);
}

static enum tp_status hash_batch(struct tp_image *image, size_t len, struct tp_error *err)
{
	unsigned char hash[TP_SHA256_BYTES];
	enum tp_status status = TP_OK;

	for (size_t at = 0; !status && at < len; at += PIECE_BYTES) {
		size_t left = len - at;

		status = tp_sha256(
			image->batch + at, left < PIECE_BYTES ? left : PIECE_BYTES, hash, err);
		tp_buf_add(&image->pieces, hash, sizeof hash);
	}
	return status ? status : tp_buf_status(&image->pieces, "image", err);
}

/* Nothing may be behind the end, and every content must have been given whole. */
static enum tp_status check_end(struct tp_image *image, struct tp_error *err)
{
	uint64_t contents = 0;
	enum tp_status status;
	unsigned char more[TP_SECTOR];

	if (image->burn->read_xt(image->burn, more, TP_SECTOR) > 0)
		return tp_fail(err, TP_INTERNAL, "the image is longer than it was planned");
	status = check_streams(image, err);
	for (size_t i = 0; i < image->mail_count + image->file_count; i++)
		contents += size_of_slot(image, i) > 0;
	if (!status && image->given != contents)
		status = tp_fail(err, TP_INTERNAL, "%llu of %llu files were written",
			(unsigned long long)image->given, (unsigned long long)contents);
	return status;
}

enum tp_status tp_image_write(struct tp_image *image, int fd, tp_image_progress *progress,
	void *context, struct tp_error *err)
{
	int again = open_again(fd), to = again >= 0 ? again : fd;
	enum tp_status status = TP_OK;
	size_t len;

	while (!status && image->written < image->sectors) {
		status = fill_batch(image, &len, err);
		if (!status)
			status = hash_batch(image, len, err);
		if (!status)
			status = put(image, to, image->batch, len, err);
		if (!status)
			image->written += len / TP_SECTOR;
		if (!status && progress)
			progress(context, image->written);
	}
	if (!status)
		status = check_end(image, err);
	if (again >= 0)
		close(again);
	return status;
}

const unsigned char *tp_image_pieces(const struct tp_image *image, size_t *count)
{
	*count = image->pieces.len / TP_SHA256_BYTES;
	return (const unsigned char *)image->pieces.data;
}

void tp_image_digest(const struct tp_image *image, unsigned char sha256[TP_SHA256_BYTES])
{
	tp_sha256(image->pieces.data, image->pieces.len, sha256, NULL);
}

#else

static enum tp_status without(struct tp_error *err)
{
	return tp_fail(err, TP_UNAVAILABLE,
		"built without libisofs: no images can be made (see README.md)");
}

enum tp_status tp_image_new(const struct tp_bag *bag, struct tp_source *source, const char *serial,
	int64_t time, uint64_t tail, struct tp_image **image, struct tp_error *err)
{
	*image = NULL;
	return without(err);
}

void tp_image_free(struct tp_image *image)
{
}

uint64_t tp_image_sectors(const struct tp_image *image)
{
	return 0;
}

void tp_image_place(const struct tp_image *image, size_t i, uint64_t *sector, uint64_t *sectors)
{
	*sector = *sectors = 0;
}

enum tp_status tp_image_write(struct tp_image *image, int fd, tp_image_progress *progress,
	void *context, struct tp_error *err)
{
	return without(err);
}

const unsigned char *tp_image_pieces(const struct tp_image *image, size_t *count)
{
	*count = 0;
	return NULL;
}

void tp_image_digest(const struct tp_image *image, unsigned char sha256[TP_SHA256_BYTES])
{
	memset(sha256, 0, TP_SHA256_BYTES);
}

#endif
