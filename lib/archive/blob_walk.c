/* Blobs as files: walking over them, and removing them for good. See blob.h. */
#include "archive/blob_form.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/shred.h"

#define FOLDER "blob"
#define SUFFIX ".tpb"
#define GONE   ".gone"

/* --- removing --------------------------------------------------------------------------------- */

enum tp_status tp_blob_drop_name(struct tp_archive *archive, const char *name,
	struct tp_blob_folders *folders, struct tp_error *err)
{
	char gone[TP_BLOB_NAME];
	enum tp_status status;

	snprintf(gone, sizeof gone, FOLDER "/%.64s" GONE, name + strlen(FOLDER "/ab/"));
	/* One that was dropped before and came again: a rename would leave its bytes without a name. */
	status = tp_shred(archive, gone, err);
	if (status)
		return status;
	tp_blob_note_folder(folders, name);
	if (renameat(archive->dir, name, archive->dir, gone) && errno != ENOENT)
		return tp_fail_errno(err, TP_IO, "%s/%s: cannot rename", archive->path, name);
	return TP_OK;
}

enum tp_status tp_blob_drop(struct tp_archive *archive, const unsigned char sha256[TP_SHA256_BYTES],
	struct tp_blob_folders *folders, struct tp_error *err)
{
	char name[TP_BLOB_NAME];
	enum tp_status status = tp_blob_name(archive, sha256, name, err);

	return status ? status : tp_blob_drop_name(archive, name, folders, err);
}

enum tp_status tp_blob_shred_dropped(struct tp_archive *archive, struct tp_error *err)
{
	return tp_shred_all(archive, FOLDER, GONE, err);
}

/* --- walking ---------------------------------------------------------------------------------- */

static bool is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
			return false;
	return true;
}

static bool is_blob(const char *name)
{
	return strlen(name) == 2 * TP_SHA256_BYTES + strlen(SUFFIX) &&
	       is_hex(name, 2 * TP_SHA256_BYTES) && !strcmp(name + 2 * TP_SHA256_BYTES, SUFFIX);
}

static enum tp_status open_folder(
	struct tp_archive *archive, const char *folder, DIR **stream, struct tp_error *err)
{
	int fd = openat(archive->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*stream = fd < 0 ? NULL : fdopendir(fd);
	if (*stream || (fd < 0 && errno == ENOENT))
		return TP_OK;
	tp_fail_errno(err, TP_IO, "%s/%s", archive->path, folder);
	if (fd >= 0)
		close(fd);
	return err ? err->status : TP_IO;
}

/* One of the 256 folders. */
static enum tp_status walk_folder(struct tp_archive *archive, const char *folder,
	tp_blob_each *each, void *context, struct tp_error *err)
{
	char name[TP_BLOB_NAME];
	struct dirent *entry;
	struct stat st;
	DIR *stream;
	enum tp_status status = open_folder(archive, folder, &stream, err);

	if (status || !stream)
		return status;
	while (!status && (errno = 0, entry = readdir(stream))) {
		if (!is_blob(entry->d_name) || strncmp(entry->d_name, folder + 5, 2))
			continue;
		snprintf(name, sizeof name, "%.7s/%.68s", folder, entry->d_name);
		if (!fstatat(archive->dir, name, &st, 0))
			status = each(context, name, (uint64_t)st.st_size, err);
		else if (errno != ENOENT)
			status = tp_fail_errno(err, TP_IO, "%s", name);
	}
	if (!status && errno && errno != ENOENT)
		status = tp_fail_errno(err, TP_IO, "%s: cannot read", folder);
	closedir(stream);
	return status;
}

enum tp_status tp_blob_walk(
	struct tp_archive *archive, tp_blob_each *each, void *context, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	char folder[16];

	for (unsigned i = 0; !status && i < 256; i++) {
		snprintf(folder, sizeof folder, FOLDER "/%02x", i);
		status = walk_folder(archive, folder, each, context, err);
	}
	return status;
}

enum tp_status tp_blob_sweep(struct tp_archive *archive, struct tp_error *err)
{
	return tp_shred_leftovers(archive, FOLDER, err);
}
