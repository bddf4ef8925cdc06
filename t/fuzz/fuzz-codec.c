/*
 * The codecs on any bytes: what is counted is what is decoded, wherever the input is cut; base64
 * that is called clean encodes back to its digits; what is encoded decodes to itself. The first two
 * bytes choose the encoding and where to cut.
 */
#include "fuzz.h"

#include "mime/codec.h"

static size_t decode(enum tp_encoding encoding, const char *in, size_t len, char *out, size_t piece)
{
	struct tp_decoder decoder;
	size_t n = 0;

	tp_decoder_init(&decoder, encoding);
	for (size_t i = 0; i < len; i += piece)
		n += tp_decoder_feed(&decoder, in + i, len - i < piece ? len - i : piece, out + n);
	return n + tp_decoder_finish(&decoder, out + n);
}

static void check_decoding(enum tp_encoding encoding, const char *in, size_t len, size_t piece)
{
	char *whole = malloc(tp_decoder_bound(len));
	char *pieces = malloc(tp_decoder_bound(len));
	size_t n, m;

	MUST(whole && pieces);
	n = decode(encoding, in, len, whole, len + 1);
	m = decode(encoding, in, len, pieces, piece);
	MUST(n == m && !memcmp(whole, pieces, n));
	MUST(n == tp_codec_decoded_size(in, (struct tp_range){ 0, len }, encoding));
	free(whole);
	free(pieces);
}

static void check_clean(const char *in, size_t len)
{
	struct tp_buf digits = TP_BUF_INIT(SIZE_MAX - 1);
	char *bytes = malloc(tp_decoder_bound(len));
	size_t at = 0;
	size_t n;

	MUST(bytes);
	if (tp_codec_base64_is_clean(in, (struct tp_range){ 0, len })) {
		n = decode(TP_ENCODING_BASE64, in, len, bytes, len + 1);
		tp_codec_base64_encode(bytes, n, "", &digits);
		for (size_t i = 0; i < len; i++) {
			if (in[i] == '\n' || in[i] == '\r')
				continue;
			MUST(at < digits.len && digits.data[at] == in[i]);
			at++;
		}
		MUST(at == digits.len);
	}
	tp_buf_release(&digits);
	free(bytes);
}

static void check_round_trip(enum tp_encoding encoding, const char *in, size_t len)
{
	struct tp_buf text = TP_BUF_INIT(SIZE_MAX - 1);
	char *bytes;
	size_t n;

	/* Quoted-printable is for text: line endings become the one that is asked for. */
	if (encoding == TP_ENCODING_QP && memchr(in, '\r', len))
		return;
	if (encoding == TP_ENCODING_QP)
		tp_codec_qp_encode(in, len, "\n", &text);
	else
		tp_codec_base64_encode(in, len, "\r\n", &text);
	bytes = malloc(tp_decoder_bound(text.len));
	MUST(bytes);
	n = decode(encoding, tp_buf_str(&text), text.len, bytes, text.len + 1);
	MUST(n == len && !memcmp(bytes, in, len));
	free(bytes);
	tp_buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	enum tp_encoding encoding;
	size_t piece;
	char *in;

	if (len < 2)
		return 0;
	encoding = bytes[0] % (TP_ENCODING_UNKNOWN + 1);
	piece = 1 + bytes[1];
	len -= 2;
	in = malloc(len ? len : 1);
	MUST(in);
	memcpy(in, bytes + 2, len);
	check_decoding(encoding, in, len, piece);
	check_clean(in, len);
	check_round_trip(TP_ENCODING_BASE64, in, len);
	check_round_trip(TP_ENCODING_QP, in, len);
	free(in);
	return 0;
}
