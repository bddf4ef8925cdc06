/*
 * Content-Transfer-Encodings (RFC 2045 6): streaming decoders, a base64 encoder, and counts of what
 * decoding would give.
 *
 * Decoding never fails: bytes outside the alphabet are skipped, a '=' ends a base64 quantum and the
 * next alphabet byte begins a new one (so concatenated base64 decodes whole), a last quantum of
 * two or three digits gives its one or two bytes, of one digit nothing; a broken =XX of
 * quoted-printable stands as it is. tp_codec_decoded_size agrees with the decoder to the byte.
 */
#ifndef TP_MIME_CODEC_H
#define TP_MIME_CODEC_H

#include "mime/tree.h"

struct tp_decoder {
	enum tp_encoding encoding;
	uint32_t bits;	     /* base64: digits gathered; QP: bytes held back */
	unsigned held;	     /* how many */
	unsigned state;	     /* private to each codec */
	unsigned char hold[8];
};

void tp_decoder_init(struct tp_decoder *decoder, enum tp_encoding encoding);

/* Most bytes that decoding `len` more bytes, or finishing, can give. */
size_t tp_decoder_bound(size_t len);

/* Decodes in[0, len) into out (room: tp_decoder_bound(len)); returns the bytes written. */
size_t tp_decoder_feed(struct tp_decoder *decoder, const char *in, size_t len, char *out);

/* Ends the input: writes what was held back (room: tp_decoder_bound(0)), returns the bytes written. */
size_t tp_decoder_finish(struct tp_decoder *decoder, char *out);

/* The decoded size of data[range) alone: what tp_codec_measure says. */
uint64_t tp_codec_decoded_size(const char *data, struct tp_range range, enum tp_encoding encoding);

/* True when the base64 in the range decodes without any byte skipped but line ends and re-encodes
 * to the same digits; false for damaged base64 (worth a line in the log). */
bool tp_codec_base64_is_clean(const char *data, struct tp_range range);

/* What decoding would give, found without decoding. */
struct tp_measure {
	uint64_t size_bytes;
	/* Decoding loses nothing that somebody may have put there: base64 of digits and white space
	 * up to the padding, one uuencoded file and nothing around it. False for an unknown
	 * encoding. Wrong padding and broken =XX lose nothing. */
	bool whole;
};

/* Both at once, in one pass over a base64 part. */
struct tp_measure tp_codec_measure(
	const char *data, struct tp_range range, enum tp_encoding encoding);

/* Appends base64 of bytes in lines of 76 digits, each ended by `eol`. */
bool tp_codec_base64_encode(const char *bytes, size_t len, const char *eol, struct tp_buf *out);

/* Appends quoted-printable text: `bytes` with lines ended by LF or CRLF become lines of at most 76
 * characters ended by `eol`; a line beginning with "From " or "." is protected. */
bool tp_codec_qp_encode(const char *bytes, size_t len, const char *eol, struct tp_buf *out);

/* The encoding that a Content-Transfer-Encoding value names. */
enum tp_encoding tp_codec_encoding_of(const char *data, struct tp_range value);

#endif
