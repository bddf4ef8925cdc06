/*
 * The name of a file that leaves: what the sender called it, made safe; of a message its subject;
 * else its place in the mail. See plan.h.
 */
#include "drop/plan.h"

#include "base/utf8.h"
#include "mime/header.h"
#include "mime/text.h"

#define NAME_MAX_BYTES 180

/* The extension for a part that has no name of its own. */
static const char *extension_of(const char *type)
{
	static const char *const known[][2] = {
		{ "image/jpeg", "jpg" },
		{ "image/png", "png" },
		{ "image/gif", "gif" },
		{ "image/tiff", "tif" },
		{ "image/webp", "webp" },
		{ "image/heic", "heic" },
		{ "application/pdf", "pdf" },
		{ "application/zip", "zip" },
		{ "application/gzip", "gz" },
		{ "application/msword", "doc" },
		{ "application/vnd.ms-excel", "xls" },
		{ "application/ms-tnef", "dat" },
		{ "message/rfc822", "eml" },
		{ "message/global", "eml" },
		{ "text/plain", "txt" },
		{ "text/html", "html" },
		{ "text/csv", "csv" },
		{ "audio/mpeg", "mp3" },
		{ "video/mp4", "mp4" },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i][0], type))
			return known[i][1];
	return "bin";
}

/* An attached message is named by its subject, like mail programs do. */
static enum tp_status message_subject(const struct tp_tree *tree, const char *data, uint32_t part,
	struct tp_buf *out, struct tp_error *err)
{
	uint32_t message = tree->parts[part].kind == TP_PART_MESSAGE ? part + 1 : part;
	enum tp_status status;
	struct tp_field field;
	size_t cut;

	if (message >= tree->count ||
		!tp_header_find(data, tree->parts[message].header, "Subject", &field))
		return TP_NOTHING;
	status = tp_text_decode(data, field.value, out, err);
	if (status || out->len == 0)
		return status ? status : TP_NOTHING;
	for (size_t i = 0; i < out->len; i++)
		if (out->data[i] == '/' || out->data[i] == '\\')
			out->data[i] = '_';
	for (cut = out->len < 100 ? out->len : 100; cut > 0 && (out->data[cut] & 0xc0) == 0x80;)
		cut--;
	tp_buf_truncate(out, cut);
	return tp_buf_adds(out, ".eml") ? TP_OK : TP_NOMEM;
}

/* "part-1.2.pdf"; deep down, where a part has no path for a name, "part-1789.pdf". */
static void add_fallback(
	const struct tp_tree *tree, uint32_t part, const char *type, struct tp_buf *out)
{
	tp_buf_adds(out, "part-");
	if (tree->parts[part].depth <= TP_TREE_NAME_DEPTH)
		tp_tree_path(tree, part, out);
	else
		tp_buf_addf(out, "%u", part + 1);
	tp_buf_addf(out, ".%s", extension_of(type));
}

enum tp_status tp_plan_name(const struct tp_tree *tree, const char *data, uint32_t part,
	bool is_message, const char *type, char **name, struct tp_error *err)
{
	struct tp_buf raw = TP_BUF_INIT(TP_TEXT_VALUE_MAX * 4), fallback = TP_BUF_INIT(1024);
	struct tp_buf safe = TP_BUF_INIT(4096);
	enum tp_status status = tp_part_filename(tree, data, part, &raw, err);

	if (is_message && (status == TP_NOTHING || (!status && raw.len == 0))) {
		tp_buf_clear(&raw);
		status = message_subject(tree, data, part, &raw, err);
	}
	/* No name, or one longer than any program would read: the part's number names it. */
	if (status == TP_NOTHING || status == TP_LIMIT) {
		tp_buf_clear(&raw);
		status = TP_OK;
	}
	if (status)
		goto out;
	add_fallback(tree, part, type, &fallback);
	tp_name_safe(tp_buf_str(&raw), raw.len, tp_buf_str(&fallback), NAME_MAX_BYTES, &safe);
	status = tp_buf_status(&safe, "file name", err);
	*name = tp_buf_detach(&safe);
	if (!status && !*name)
		status = tp_fail(err, TP_NOMEM, "out of memory");
out:
	tp_buf_release(&raw);
	tp_buf_release(&fallback);
	tp_buf_release(&safe);
	return status;
}
