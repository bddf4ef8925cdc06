/*
 * The second opinion: GMime's part tree of the files named, in the format of tree-dump.
 *
 *   tree-gmime FILE...
 *
 * A line a part: depth, ordinal, type, body begin, body end, decoded size. GMime gives body offsets
 * of leaves only (the bounds of their content stream), so the others show "-"; so do
 * empty bodies. This is test code:
 * recursion and GMime's own limits are fine here.
 */
#include <gmime/gmime.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static gint64 decoded_size(GMimeDataWrapper *content)
{
	GMimeStream *null = g_mime_stream_null_new();
	gint64 size = g_mime_data_wrapper_write_to_stream(content, null);

	g_object_unref(null);
	return size;
}

static void dump_line(GMimeObject *part, int depth, int ordinal)
{
	char *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(part));
	char *lower = g_ascii_strdown(type, -1);

	printf("%d %d %s", depth, ordinal, lower);
	g_free(lower);
	g_free(type);
}

static void dump_content(GMimeDataWrapper *content)
{
	GMimeStream *stream = content ? g_mime_data_wrapper_get_stream(content) : NULL;

	if (!stream || stream->bound_start == stream->bound_end)
		puts(" - - 0");
	else
		printf(" %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
			stream->bound_start, stream->bound_end, decoded_size(content));
}

static void dump(GMimeObject *part, int depth, int ordinal)
{
	GMimeDataWrapper *content;
	GMimeMessage *message;

	dump_line(part, depth, ordinal);
	if (GMIME_IS_MESSAGE_PART(part)) {
		puts(" - - -");
		message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
		if (message && message->mime_part)
			dump(message->mime_part, depth + 1, 1);
	} else if (GMIME_IS_MULTIPART(part)) {
		puts(" - - -");
		for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(part)); i++)
			dump(g_mime_multipart_get_part(GMIME_MULTIPART(part), i), depth + 1, i + 1);
	} else {
		content = g_mime_part_get_content(GMIME_PART(part));
		dump_content(content);
	}
}

static int dump_file(const char *path)
{
	GMimeStream *stream = g_mime_stream_fs_open(path, O_RDONLY, 0, NULL);
	GMimeParser *parser;
	GMimeMessage *message;

	if (!stream)
		return 1;
	parser = g_mime_parser_new_with_stream(stream);
	g_mime_parser_set_persist_stream(parser, TRUE);
	message = g_mime_parser_construct_message(parser, NULL);
	printf("== %s\n", path);
	if (message && message->mime_part)
		dump(message->mime_part, 0, 1);
	if (message)
		g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	g_mime_init();
	for (int i = 1; i < argc; i++)
		failed |= dump_file(argv[i]);
	return failed;
}
