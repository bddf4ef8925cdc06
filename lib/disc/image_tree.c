/*
 * The tree of the image and the image's head, by libisofs: see image_parts.h. libisofs formats in a
 * thread of its own. We read from its ring what is before the mails, then end it.
 */
#include <stdlib.h>
#include <string.h>

#include "disc/image_parts.h"

#ifdef TP_HAVE_LIBISOFS

#include "disc/image_iso.h"

#define RING_SECTORS 512
#define AT_ONCE      ((size_t)64) /* sectors read from it */

/* Mails of one folder: paths, each with its NUL. */
struct tp_image_folder {
	struct tp_buf paths;
	uint32_t starts[TP_BAG_FOLDER_FILES];
	size_t count, first; /* first: number of the first mail */
	size_t name;         /* where names begin in the paths */
};

static enum tp_status fail_iso(int code, const char *what, struct tp_error *err)
{
	return tp_fail(err, TP_IO, "%s: %s", what, iso_error_to_msg(code));
}

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
static enum tp_status enter(struct tp_image_tree *tree, IsoDir *parent, const char *name,
	IsoDir **dir, struct tp_error *err)
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
	IsoStream *stream = tp_image_stream(tree, i);
	IsoFile *file;
	int code;

	if (!stream)
		return tp_fail(err, TP_NOMEM, "image: out of memory");
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
	struct tp_image_folder *folder = tree->folder;
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
			tp_bag_time(tp_id_arrival(id)), (int)(image->mail_count - image->begins[i]),
			err);
	}
	tp_buf_clear(&folder->paths);
	folder->count = 0;
	return status;
}

static enum tp_status add_mail(void *context, size_t i, const char *path, struct tp_error *err)
{
	struct tp_image_tree *tree = context;
	struct tp_image_folder *folder = tree->folder;
	size_t name = (size_t)(strrchr(path, '/') + 1 - path);
	enum tp_status status = TP_OK;

	if (folder->count && (folder->count == TP_BAG_FOLDER_FILES || name != folder->name ||
				     memcmp(path, folder->paths.data, name) != 0))
		status = add_folder(tree, err);
	if (!folder->count) {
		folder->first = i;
		folder->name = name;
	}
	folder->starts[folder->count++] = (uint32_t)folder->paths.len;
	tp_buf_add(&folder->paths, path, strlen(path) + 1);
	return status ? status : tp_buf_status(&folder->paths, "image", err);
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
	/* Of ASCII both are the same, and with UCS-2 libisofs converts each name once more to see that. */
	iso_write_opts_set_joliet_utf16(opts, 1);
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

void tp_image_tree_free(struct tp_image_tree *tree)
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

enum tp_status tp_image_tree_new(
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

	/* Who asks for more than there is gets nothing; the head is not the end, or is asked for exactly. */
	for (size_t i = 0, n; i < sectors; i += n) {
		n = sectors - i < AT_ONCE ? sectors - i : AT_ONCE;
		if (burn->read_xt(burn, bytes + i * TP_SECTOR, (int)(n * TP_SECTOR)) ==
			(int)(n * TP_SECTOR))
			continue;
		status = check_streams(image->tree, err);
		return status ? status : tp_fail(err, TP_IO, "the image ended before its mails");
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
	tp_image_stamp(
		image->order[k], wanted, size < sizeof wanted ? (size_t)size : sizeof wanted);
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
	tp_image_tree_free(image->tree);
	image->tree = NULL;
	return status;
}

#else

static enum tp_status without(struct tp_error *err)
{
	return tp_fail(err, TP_UNAVAILABLE,
		"built without libisofs: no images can be made (see README.md)");
}

enum tp_status tp_image_tree_new(
	struct tp_image *image, const char *serial, int64_t time, struct tp_error *err)
{
	return without(err);
}

void tp_image_tree_free(struct tp_image_tree *tree)
{
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
