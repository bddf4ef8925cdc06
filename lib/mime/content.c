/* Decoded contents: see content.h. */
#include "mime/content.h"

#define PIECE ((size_t)128 * 1024)

/* As it stands; in pieces all the same, for a sink may do more than one thing with each. */
static enum tp_status hand_over(const char *data, struct tp_range range, tp_content_sink *sink,
	void *context, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	size_t n;

	for (size_t at = range.begin; !status && at < range.end; at += n) {
		n = range.end - at < PIECE ? range.end - at : PIECE;
		status = sink(context, data + at, n, err);
	}
	return status;
}

enum tp_status tp_content_read(const char *data, struct tp_range range, enum tp_encoding encoding,
	tp_content_sink *sink, void *context, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	struct tp_decoder decoder;
	char *piece;
	size_t n;

	if (encoding == TP_ENCODING_IDENTITY || encoding == TP_ENCODING_UNKNOWN)
		return hand_over(data, range, sink, context, err);
	piece = malloc(tp_decoder_bound(PIECE));
	if (!piece)
		return tp_fail(err, TP_NOMEM, "out of memory");
	tp_decoder_init(&decoder, encoding);
	for (size_t at = range.begin; !status && at < range.end; at += n) {
		size_t got;

		n = range.end - at < PIECE ? range.end - at : PIECE;
		got = tp_decoder_feed(&decoder, data + at, n, piece);
		if (got)
			status = sink(context, piece, got, err);
	}
	if (!status) {
		n = tp_decoder_finish(&decoder, piece);
		if (n)
			status = sink(context, piece, n, err);
	}
	free(piece);
	return status;
}
