/*
 * The tree of the image, by libisofs: see image_parts.h. libisofs formats in a thread of its own, which
 * asks the streams below for content, one at a time and in order. We read from its ring what is before
 * the mails, then end it.
 */
#include <stdlib.h>
#include <string.h>

#include "disc/image_parts.h"

#ifdef TP_HAVE_LIBISOFS

#define LIBISOFS_WITHOUT_LIBBURN
#include <libisofs/libisofs.h>

#include <pthread.h>

#define RING_SECTORS 512

/* What stands behind a stream: its address says which. */
struct slot {
	struct tp_image_tree *tree;
};

/* The mails of the folder that is being filled: paths, each with its NUL. */
struct folder {
	struct tp_buf paths;
	uint32_t starts[TP_BAG_FOLDER_FILES];
	size_t count, first; /* first: number of the first mail */
	size_t name;         /* where names begin in the paths */
};

struct tp_image_tree {
	struct tp_image *image;
	const struct tp_bag_file *files;
	size_t file_count;
	struct slot *slots; /* mails, then files */
	int64_t time;
	IsoImage *iso;
	struct burn_source *burn;
	struct folder *folder; /* NULL when the tree stands */
	/* the file that is being given, in the writer's thread */
	uint64_t at;
	/* the first failure of a stream and files that were given whole, empty ones not counted: for both
	 * threads */
	pthread_mutex_t gate;
	uint64_t given;
	enum tp_status status;
	struct tp_error err;
};

static enum tp_status fail_iso(int code, const char *what, struct tp_error *err)
{
	return tp_fail(err, TP_IO, "%s: %s", what, iso_error_to_msg(code));
}

/* --- streams ---------------------------------------------------------------------------------- */

static struct tp_image_tree *tree_of(IsoStream *stream)
{
	return ((struct slot *)stream->data)->tree;
}

static size_t slot_of(IsoStream *stream)
{
	return (size_t)((struct slot *)stream->data - tree_of(stream)->slots);
}

static int note_failure(struct tp_image_tree *tree, const struct tp_error *err)
{
	pthread_mutex_lock(&tree->gate);
	if (!tree->status) {
		tree->status = err->status;
		tree->err = *err;
	}
	pthread_mutex_unlock(&tree->gate);
	return ISO_FILE_READ_ERROR;
}

/* NULL: it is a mail's. */
static const struct tp_bag_file *file_of(IsoStream *stream)
{
	const struct tp_image_tree *tree = tree_of(stream);
	size_t i = slot_of(stream), mails = tree->image->mail_count;

	return i < mails ? NULL : &tree->files[i - mails];
}

static off_t stream_size(IsoStream *stream)
{
	const struct tp_bag_file *file = file_of(stream);

	return (off_t)(file ? file->size_bytes
			    : tp_source_size(tree_of(stream)->image->source, slot_of(stream)));
}

static int stream_open(IsoStream *stream)
{
	tree_of(stream)->at = 0;
	return 1;
}

static int stream_close(IsoStream *stream)
{
	struct tp_image_tree *tree = tree_of(stream);
	const struct tp_bag_file *file = file_of(stream);

	/* Empty ones may be opened or not. */
	pthread_mutex_lock(&tree->gate);
	if (file && file->size_bytes && tree->at == file->size_bytes)
		tree->given++;
	pthread_mutex_unlock(&tree->gate);
	return 1;
}

/* In place of a mail: which it would be. */
static void stamp(size_t i, unsigned char *bytes, size_t len)
{
	char text[32] = "";

	memset(bytes, 0, len);
	snprintf(text, sizeof text, "mail %zu", i);
	memcpy(bytes, text, len < sizeof text ? len : sizeof text);
}

static int stream_read(IsoStream *stream, void *bytes, size_t count)
{
	struct tp_image_tree *tree = tree_of(stream);
	const struct tp_bag_file *file = file_of(stream);
	uint64_t left = (uint64_t)stream_size(stream) - tree->at;
	struct tp_error err;

	if (count > left)
		count = (size_t)left;
	if (!file)
		stamp(slot_of(stream), bytes, count);
	else if (tp_bag_read(tree->image->bag, file, tree->at, bytes, count, &err))
		return note_failure(tree, &err);
	tree->at += count;
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
static enum tp_status enter(struct tp_image_tree *tree, IsoDir *parent, const char *name, IsoDir **dir,
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
	settle((IsoNode *)*dir, tree->time, 0555);
	return TP_OK;
}

/* The folder of a path, walked from the root; *name is what is behind its last `/`. */
static enum tp_status enter_path(struct tp_image_tree *tree, const char *path, IsoDir **dir,
	const char **name, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	char part[TP_BAG_PATH_MAX];
	const char *slash;

	*dir = iso_image_get_root(tree->iso);
	for (; !status && (slash = strchr(path, '/')); path = slash + 1) {
		snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		status = enter(tree, *dir, part, dir, err);
	}
	*name = path;
	return status;
}

static enum tp_status add_file(struct tp_image_tree *tree, IsoDir *dir, const char *name, size_t i,
	int64_t time, int weight, struct tp_error *err)
{
	IsoStream *stream = malloc(sizeof *stream);
	IsoFile *file;
	int code;

	if (!stream)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	tree->slots[i].tree = tree;
	*stream = (IsoStream){ .class = &streams, .refcount = 1, .data = &tree->slots[i] };
	code = iso_tree_add_new_file(dir, name, stream, &file);
	if (code < 0) {
		iso_stream_unref(stream);
		return fail_iso(code, name, err);
	}
	settle((IsoNode *)file, time, 0444);
	iso_node_set_sort_weight((IsoNode *)file, weight);
	return TP_OK;
}

/* Puts the folder's mails into the tree, the last one first: libisofs looks for the place of each from the
 * first one on, and would walk past all that came before it. */
static enum tp_status add_folder(struct tp_image_tree *tree, struct tp_error *err)
{
	const struct tp_image *image = tree->image;
	struct folder *folder = tree->folder;
	const char *paths = tp_buf_str(&folder->paths), *name;
	enum tp_status status = tp_buf_status(&folder->paths, "image", err);
	IsoDir *dir;
	char id[TP_ID_LEN + 1];

	if (!status && folder->count)
		status = enter_path(tree, paths, &dir, &name, err);
	for (size_t k = folder->count; !status && k-- > 0;) {
		size_t i = folder->first + k;

		snprintf(id, sizeof id, "%.*s", TP_ID_LEN, tp_source_id(image->source, i));
		status = add_file(tree, dir, paths + folder->starts[k] + folder->name, i,
			tp_bag_time(tp_id_arrival(id)),
			(int)(image->mail_count - image->begins[i]), err);
	}
	tp_buf_clear(&folder->paths);
	folder->count = 0;
	return status;
}

static enum tp_status add_mail(void *context, size_t i, const char *path, struct tp_error *err)
{
	struct tp_image_tree *tree = context;
	struct folder *folder = tree->folder;
	size_t name = (size_t)(strrchr(path, '/') + 1 - path);
	enum tp_status status = TP_OK;

	if (folder->count &&
		(folder->count == TP_BAG_FOLDER_FILES || name != folder->name ||
			memcmp(path, folder->paths.data, name) != 0))
		status = add_folder(tree, err);
	if (!folder->count) {
		folder->first = i;
		folder->name = name;
	}
	folder->starts[folder->count++] = (uint32_t)folder->paths.len;
	tp_buf_add(&folder->paths, path, strlen(path) + 1);
	return status;
}

static enum tp_status add_mails(struct tp_image_tree *tree, struct tp_error *err)
{
	enum tp_status status;

	tree->folder = calloc(1, sizeof *tree->folder);
	if (!tree->folder)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	tp_buf_init(&tree->folder->paths, TP_BAG_FOLDER_FILES * TP_BAG_PATH_MAX);
	status = tp_bag_walk(tree->image->bag, add_mail, tree, err);
	if (!status)
		status = add_folder(tree, err);
	tp_buf_release(&tree->folder->paths);
	free(tree->folder);
	tree->folder = NULL;
	return status;
}

/* Texts first, so that they can be read even where the end cannot. */
static enum tp_status add_files(struct tp_image_tree *tree, struct tp_error *err)
{
	size_t mails = tree->image->mail_count;
	enum tp_status status = TP_OK;
	const char *name;
	IsoDir *dir;

	for (size_t i = 0; !status && i < tree->file_count; i++) {
		status = enter_path(tree, tree->files[i].path, &dir, &name, err);
		if (!status)
			status = add_file(tree, dir, name, mails + i, tree->time,
				(int)(mails + tree->file_count - i), err);
	}
	return status;
}

static enum tp_status begin_iso(
	struct tp_image_tree *tree, const char *serial, struct tp_error *err)
{
	int code = iso_init();

	if (code >= 0)
		code = iso_set_local_charset((char *)"UTF-8", 0);
	if (code >= 0)
		code = iso_image_new(serial, &tree->iso);
	if (code < 0)
		return fail_iso(code, "libisofs", err);
	/* Failures are told by results and by the streams themselves. */
	iso_set_msgs_severities((char *)"NEVER", (char *)"NEVER", (char *)"");
	iso_image_set_volset_id(tree->iso, serial);
	iso_image_set_volume_id(tree->iso, serial);
	iso_image_set_system_id(tree->iso, "");
	iso_image_set_application_id(tree->iso, "TUBEPOST");
	iso_image_set_data_preparer_id(tree->iso, "TUBEPOST");
	settle((IsoNode *)iso_image_get_root(tree->iso), tree->time, 0555);
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

static int set_options(const struct tp_image_tree *tree, IsoWriteOpts *opts)
{
	char digits[DIGITS];

	write_time(tree->time, digits);
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
	iso_write_opts_set_tail_blocks(opts, (uint32_t)tree->image->tail);
	return iso_write_opts_set_pvd_times(opts, 0, 0, 0, 0, digits);
}

/* Sizes are known from here on, and libisofs begins to write. */
static enum tp_status begin_writing(struct tp_image_tree *tree, struct tp_error *err)
{
	IsoWriteOpts *opts = NULL;
	int code = iso_write_opts_new(&opts, 0);

	if (code >= 0)
		code = set_options(tree, opts);
	if (code >= 0)
		code = iso_image_create_burn_source(tree->iso, opts, &tree->burn);
	iso_write_opts_free(opts);
	if (code < 0)
		return fail_iso(code, "libisofs", err);
	tree->image->sectors = (uint64_t)tree->burn->get_size(tree->burn) / TP_SECTOR;
	return TP_OK;
}

static void free_tree(struct tp_image_tree *tree)
{
	if (!tree)
		return;
	if (tree->burn) {
		/* Ends the writer's thread wherever it is. */
		tree->burn->cancel(tree->burn);
		tree->burn->free_data(tree->burn);
		free(tree->burn);
	}
	if (tree->iso)
		iso_image_unref(tree->iso);
	iso_finish();
	pthread_mutex_destroy(&tree->gate);
	free(tree->slots);
	free(tree);
}

static enum tp_status make_tree(
	struct tp_image *image, const char *serial, int64_t time, struct tp_error *err)
{
	struct tp_image_tree *tree = image->tree = calloc(1, sizeof *tree);
	enum tp_status status;

	if (!tree)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	pthread_mutex_init(&tree->gate, NULL);
	tree->image = image;
	tree->time = time;
	tree->file_count = tp_bag_files(image->bag, &tree->files);
	tree->slots = calloc(image->mail_count + tree->file_count + 1, sizeof *tree->slots);
	if (!tree->slots)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	status = begin_iso(tree, serial, err);
	if (!status)
		status = add_mails(tree, err);
	if (!status)
		status = add_files(tree, err);
	return status ? status : begin_writing(tree, err);
}

/* --- the head --------------------------------------------------------------------------------- */

static enum tp_status check_streams(struct tp_image_tree *tree, struct tp_error *err)
{
	enum tp_status status;

	pthread_mutex_lock(&tree->gate);
	status = tree->status;
	if (status && err)
		*err = tree->err;
	pthread_mutex_unlock(&tree->gate);
	return status;
}

enum tp_status tp_image_head_read(
	struct tp_image *image, unsigned char *bytes, size_t sectors, struct tp_error *err)
{
	struct burn_source *burn = image->tree->burn;
	enum tp_status status;

	for (size_t i = 0; i < sectors; i++) {
		/* More than a sector at once lost the tail of the image with some versions. */
		if (burn->read_xt(burn, bytes + i * TP_SECTOR, TP_SECTOR) == TP_SECTOR)
			continue;
		status = check_streams(image->tree, err);
		return status ? status
			      : tp_fail(err, TP_IO, "the image ended before its mails");
	}
	return check_streams(image->tree, err);
}

/* What libisofs would write behind the head is the first mail that has content: proof that mails stand
 * where its folders say. */
static enum tp_status check_first_mail(struct tp_image *image, struct tp_error *err)
{
	unsigned char there[TP_SECTOR], wanted[TP_SECTOR];
	uint64_t size;
	size_t k = 0;
	enum tp_status status;

	while (k < image->mail_count && !tp_source_size(image->source, image->order[k]))
		k++;
	if (k == image->mail_count)
		return TP_OK;
	size = tp_source_size(image->source, image->order[k]);
	memset(wanted, 0, sizeof wanted);
	stamp(image->order[k], wanted, size < sizeof wanted ? (size_t)size : sizeof wanted);
	status = tp_image_head_read(image, there, 1, err);
	if (!status && memcmp(there, wanted, sizeof there) != 0)
		status = tp_fail(err, TP_INTERNAL, "mails stand where libisofs has no mails");
	return status;
}

/* The writer's thread has closed the last file by the time that it gives the first mail; when there is
 * no mail with content, by the end. */
static enum tp_status check_files(struct tp_image_tree *tree, struct tp_error *err)
{
	uint64_t contents = 0, given;

	for (size_t i = 0; i < tree->file_count; i++)
		contents += tree->files[i].size_bytes > 0;
	pthread_mutex_lock(&tree->gate);
	given = tree->given;
	pthread_mutex_unlock(&tree->gate);
	if (given != contents)
		return tp_fail(err, TP_INTERNAL, "%llu of %llu files were written",
			(unsigned long long)given, (unsigned long long)contents);
	return TP_OK;
}

enum tp_status tp_image_head_end(struct tp_image *image, struct tp_error *err)
{
	enum tp_status status = check_first_mail(image, err);

	if (!status)
		status = check_files(image->tree, err);
	free_tree(image->tree);
	image->tree = NULL;
	return status;
}

/* --- the image -------------------------------------------------------------------------------- */

/* Contents with the same weight would stand in any order: each has its own, which is its rank. */
static enum tp_status rank(struct tp_image *image, struct tp_error *err)
{
	size_t mails = image->mail_count ? image->mail_count : 1;
	enum tp_status status;

	image->order = calloc(mails, sizeof *image->order);
	image->begins = calloc(mails, sizeof *image->begins);
	if (!image->order || !image->begins)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
	status = tp_source_order(image->source, image->mail_count, image->order, err);
	for (size_t i = 0; !status && i < image->mail_count; i++)
		image->begins[image->order[i]] = (uint32_t)i;
	return status;
}

/* Where each mail begins, now that the size of the image is known: contents are the end of it. */
static void place(struct tp_image *image)
{
	uint64_t sector = image->sectors - image->tail;

	for (size_t k = image->mail_count; k-- > 0;) {
		sector -= tp_image_sectors_of(tp_source_size(image->source, image->order[k]));
		image->begins[image->order[k]] = (uint32_t)sector;
	}
	image->head = sector;
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
	image->tail = tail;
	image->mail_count = tp_bag_mails(bag);
	tp_buf_init(&image->pieces, SIZE_MAX / 2);
	status = rank(image, err);
	if (!status)
		status = make_tree(image, serial, time, err);
	if (!status)
		place(image);
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
	free_tree(image->tree);
	tp_buf_release(&image->pieces);
	free(image->order);
	free(image->begins);
	free(image);
}

uint64_t tp_image_sectors(const struct tp_image *image)
{
	return image->sectors;
}

void tp_image_place(const struct tp_image *image, size_t i, uint64_t *sector, uint64_t *sectors)
{
	*sector = image->begins[i];
	*sectors = tp_image_sectors_of(tp_source_size(image->source, i));
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

enum tp_status tp_image_head_read(
	struct tp_image *image, unsigned char *bytes, size_t sectors, struct tp_error *err)
{
	return without(err);
}

enum tp_status tp_image_head_end(struct tp_image *image, struct tp_error *err)
{
	return without(err);
}

#endif
