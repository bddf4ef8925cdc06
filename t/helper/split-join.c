/*
 * Splits each message, joins it again from skeleton and contents, and compares: for tests of
 * archive/split.h and archive/blob.h without the rest of an archive.
 *
 *   split-join FILE...             holes read from the message; a line a file: holes, base64 bodies of
 *                                  TP_HOLE_MIN digits and more, bytes in holes, bytes of the file
 *   split-join -a ARCHIVE FILE...  holes put as blobs and read back; also bytes newly stored
 *
 * Exit 1 when a message does not come back byte for byte.
 */
#include "archive/blob.h"
#include "base/spool.h"
#include "mime/content.h"

struct job {
	struct tp_archive *archive; /* NULL: contents come from the message */
	struct tp_spool spool;
	struct tp_split split;
	size_t at; /* bytes that came back and were right */
};

static enum tp_status compare(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct job *job = context;

	if (len > job->spool.len - job->at || memcmp(job->spool.data + job->at, bytes, len))
		return tp_fail(err, TP_INTERNAL, "differs at byte %zu", job->at);
	job->at += len;
	return TP_OK;
}

static enum tp_status read_hole(void *context, const unsigned char sha256[TP_SHA256_BYTES],
	tp_press_sink *sink, void *sink_context, struct tp_error *err)
{
	struct job *job = context;

	if (job->archive)
		return tp_blob_read(job->archive, sha256, sink, sink_context, err);
	for (size_t i = 0; i < job->split.count; i++)
		if (!memcmp(job->split.holes[i].sha256, sha256, TP_SHA256_BYTES))
			return tp_content_read(job->spool.data, job->split.holes[i].range,
				TP_ENCODING_BASE64, sink, sink_context, err);
	return tp_fail(err, TP_INTERNAL, "no such hole");
}

/* The skeleton in pieces of changing size, so that holes fall inside, between and at their ends. */
static enum tp_status feed_skeleton(struct job *job, struct tp_joiner *joiner,
	const struct tp_split *split, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	size_t from = 0, piece = 1;

	for (size_t i = 0; !status && i <= job->split.count; i++) {
		size_t to = i < job->split.count ? job->split.holes[i].range.begin : job->spool.len;

		for (size_t n; !status && from < to; from += n) {
			n = piece < to - from ? piece : to - from;
			status = tp_joiner_add(joiner, job->spool.data + from, n, err);
			piece = piece * 2 % 262143;
		}
		if (i < job->split.count)
			from = job->split.holes[i].range.end;
	}
	return status ? status : tp_joiner_end(joiner, err);
}

static enum tp_status check_list(
	const struct job *job, struct tp_split *decoded, struct tp_error *err)
{
	struct tp_buf bytes = TP_BUF_INIT(1u << 30);
	enum tp_status status;

	tp_split_encode(&job->split, &bytes);
	status = tp_split_decode(bytes.data, bytes.len, decoded, err);
	tp_buf_release(&bytes);
	for (size_t i = 0; !status && i < job->split.count; i++)
		if (decoded->holes[i].range.begin != job->split.holes[i].range.begin ||
			decoded->holes[i].range.end != job->split.holes[i].range.end)
			status = tp_fail(err, TP_INTERNAL, "hole %zu moved", i);
	if (!status && (decoded->count != job->split.count ||
			       decoded->skeleton_bytes != job->split.skeleton_bytes))
		status = tp_fail(err, TP_INTERNAL, "the list of holes changed");
	return status;
}

static size_t count_bodies(const struct job *job)
{
	struct tp_tree tree;
	size_t count = 0;

	if (tp_tree_scan(&tree, job->spool.data, job->spool.len, &tp_tree_default_limits, NULL))
		return 0;
	for (uint32_t i = 0; i < tree.count; i++)
		count += tree.parts[i].kind == TP_PART_LEAF &&
			 tree.parts[i].encoding == TP_ENCODING_BASE64 &&
			 tp_codec_decoded_size(job->spool.data, tree.parts[i].body,
				 TP_ENCODING_BASE64) >= TP_HOLE_MIN;
	tp_tree_release(&tree);
	return count;
}

static enum tp_status split_and_join(struct job *job, uint64_t *stored, struct tp_error *err)
{
	struct tp_split decoded = { .count = 0 };
	struct tp_joiner *joiner = NULL;
	enum tp_status status = tp_split(job->spool.data, job->spool.len, &job->split, err);

	for (size_t i = 0; !status && job->archive && i < job->split.count; i++) {
		uint64_t more;

		status = tp_blob_put(
			job->archive, job->spool.data, &job->split.holes[i], &more, err);
		*stored += more;
	}
	if (!status)
		status = check_list(job, &decoded, err);
	if (!status)
		status = tp_joiner_new(&decoded, read_hole, job, compare, job, &joiner, err);
	if (!status)
		status = feed_skeleton(job, joiner, &decoded, err);
	if (!status && job->at != job->spool.len)
		status =
			tp_fail(err, TP_INTERNAL, "%zu of %zu bytes came", job->at, job->spool.len);
	tp_joiner_free(joiner);
	tp_split_release(&decoded);
	return status;
}

static bool do_file(struct tp_archive *archive, const char *path)
{
	struct job job = { .archive = archive, .spool = TP_SPOOL_INIT };
	uint64_t stored = 0, in_holes = 0;
	struct tp_error err;
	enum tp_status status = tp_spool_open(&job.spool, path, &err);

	if (!status)
		status = split_and_join(&job, &stored, &err);
	if (status)
		fprintf(stderr, "%s: %s\n", path, err.text);
	for (size_t i = 0; i < job.split.count; i++)
		in_holes += job.split.holes[i].size_bytes;
	if (!status)
		printf("%zu %zu %llu %zu %llu\n", job.split.count, count_bodies(&job),
			(unsigned long long)in_holes, job.spool.len, (unsigned long long)stored);
	tp_split_release(&job.split);
	tp_spool_release(&job.spool);
	return status == TP_OK;
}

int main(int argc, char **argv)
{
	struct tp_archive *archive = NULL;
	struct tp_error err;
	bool good = true;
	int i = 1;

	if (argc > 2 && !strcmp(argv[1], "-a")) {
		i = 3;
		if (tp_archive_open(NULL, argv[2], true, &archive, &err)) {
			fprintf(stderr, "%s\n", err.text);
			return 2;
		}
	}
	for (; i < argc; i++)
		good = do_file(archive, argv[i]) && good;
	tp_archive_close(archive);
	return !good;
}
