/*
 * The door to the codecs: picks the one that an encoding names (base64.c, qp.c, uu.c). See codec.h.
 */
#include "mime/codec.h"

#include "mime/codecs.h"
#include "mime/header.h"
#include "mime/lex.h"

enum tp_encoding tp_codec_encoding_of(const char *data, struct tp_range value)
{
	static const struct {
		const char *word;
		enum tp_encoding encoding;
	} words[] = {
		{ "7bit", TP_ENCODING_IDENTITY },
		{ "8bit", TP_ENCODING_IDENTITY },
		{ "binary", TP_ENCODING_IDENTITY },
		{ "base64", TP_ENCODING_BASE64 },
		{ "quoted-printable", TP_ENCODING_QP },
		{ "x-uuencode", TP_ENCODING_UU },
		{ "uuencode", TP_ENCODING_UU },
		{ "x-uue", TP_ENCODING_UU },
	};
	struct tp_range word;

	tp_lex_skip_cfws(data, &value.begin, value.end);
	if (value.begin == value.end)
		return TP_ENCODING_IDENTITY;
	word = tp_lex_token(data, &value.begin, value.end);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (tp_range_is(data, word, words[i].word))
			return words[i].encoding;
	}
	return TP_ENCODING_UNKNOWN;
}

void tp_decoder_init(struct tp_decoder *decoder, enum tp_encoding encoding)
{
	*decoder = (struct tp_decoder){ .encoding = encoding };
}

size_t tp_decoder_bound(size_t len)
{
	return len + sizeof((struct tp_decoder *)0)->hold;
}

size_t tp_decoder_feed(struct tp_decoder *decoder, const char *in, size_t len, char *out)
{
	switch (decoder->encoding) {
	case TP_ENCODING_BASE64:
		return tp_base64_feed(decoder, in, len, out);
	case TP_ENCODING_QP:
		return tp_qp_feed(decoder, in, len, out);
	case TP_ENCODING_UU:
		return tp_uu_feed(decoder, in, len, out);
	case TP_ENCODING_IDENTITY:
	case TP_ENCODING_UNKNOWN:
		break;
	}
	if (len)
		memcpy(out, in, len);
	return len;
}

size_t tp_decoder_finish(struct tp_decoder *decoder, char *out)
{
	switch (decoder->encoding) {
	case TP_ENCODING_BASE64:
		return tp_base64_finish(decoder, out);
	case TP_ENCODING_QP:
		return tp_qp_finish(decoder, out);
	case TP_ENCODING_UU:
	case TP_ENCODING_IDENTITY:
	case TP_ENCODING_UNKNOWN:
		break;
	}
	return 0;
}

struct tp_measure tp_codec_measure(
	const char *data, struct tp_range range, enum tp_encoding encoding)
{
	const char *bytes = data + range.begin;
	size_t len = tp_range_len(range);

	switch (encoding) {
	case TP_ENCODING_BASE64:
		return tp_base64_measure(bytes, len);
	case TP_ENCODING_QP:
		return (struct tp_measure){ tp_qp_size(bytes, len), true };
	case TP_ENCODING_UU:
		return (struct tp_measure){ tp_uu_size(bytes, len), tp_uu_is_whole(bytes, len) };
	case TP_ENCODING_IDENTITY:
	case TP_ENCODING_UNKNOWN:
		break;
	}
	return (struct tp_measure){ len, encoding == TP_ENCODING_IDENTITY };
}

uint64_t tp_codec_decoded_size(const char *data, struct tp_range range, enum tp_encoding encoding)
{
	if (encoding == TP_ENCODING_UU) /* one pass instead of two */
		return tp_uu_size(data + range.begin, tp_range_len(range));
	return tp_codec_measure(data, range, encoding).size_bytes;
}
