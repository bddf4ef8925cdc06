/*
 * Quoted-printable (RFC 2045 6.7): see codec.h.
 *
 * White space before a line ending is kept, although rule 3 lets a decoder drop it: what is there
 * is nearly always the sender's ("-- ", format=flowed), and a filter should not change it. A `=`
 * that ends the input is a soft break whose line ending went to the boundary behind it.
 */
#include "mime/codecs.h"

static int hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What begins with a `=`. */
struct escape {
	size_t taken; /* bytes of input; 0 when more are needed to tell */
	int byte;     /* what they give; -1 for nothing */
};

/* Reads the escape at in[0] == '='. A broken one is a `=` that stands for itself. */
static struct escape read_escape(const char *in, size_t len)
{
	int high;
	int low;

	if (len < 2)
		return (struct escape){ 0, -1 };
	if (in[1] == '\n')
		return (struct escape){ 2, -1 };
	if (in[1] == '\r') {
		if (len < 3)
			return (struct escape){ 0, -1 };
		return in[2] == '\n' ? (struct escape){ 3, -1 } : (struct escape){ 1, '=' };
	}
	high = hex_value((unsigned char)in[1]);
	if (high < 0)
		return (struct escape){ 1, '=' };
	if (len < 3)
		return (struct escape){ 0, -1 };
	low = hex_value((unsigned char)in[2]);
	if (low < 0)
		return (struct escape){ 1, '=' };
	return (struct escape){ 3, high << 4 | low };
}

/* How many of the bytes held back when the input ends stand for themselves: not those of a soft
 * break that lost its end. */
static size_t standing(const char *held, size_t len)
{
	return len == 2 && held[1] != '\r' ? 2 : 0;
}

/* Decodes in[0, len) into out, or only counts when out is NULL; *left gets how many bytes at the
 * end wait for more. */
static size_t decode(const char *in, size_t len, char *out, size_t *left)
{
	size_t n = 0;
	size_t i = 0;

	while (i < len) {
		const char *mark = memchr(in + i, '=', len - i);
		size_t plain = (mark ? (size_t)(mark - in) : len) - i;
		struct escape escape;

		if (out && plain)
			memcpy(out + n, in + i, plain);
		n += plain;
		i += plain;
		if (!mark)
			break;
		escape = read_escape(mark, len - i);
		if (escape.taken == 0)
			break;
		i += escape.taken;
		if (escape.byte < 0)
			continue;
		if (out)
			out[n] = (char)escape.byte;
		n++;
	}
	*left = len - i;
	return n;
}

/* Adds bytes of `in` to what is held until that is an escape or is none; returns the bytes taken.
 */
static size_t complete_held(
	struct tp_decoder *decoder, const char *in, size_t len, char *out, size_t *written)
{
	char *hold = (char *)decoder->hold;
	size_t taken = 0;
	struct escape escape = { 0, -1 };

	while (taken < len && escape.taken == 0) {
		hold[decoder->held++] = in[taken++];
		escape = read_escape(hold, decoder->held);
	}
	if (escape.taken == 0)
		return taken;
	if (escape.byte >= 0)
		out[(*written)++] = (char)escape.byte;
	/* Of a broken escape only the `=` is used up; the byte behind it may be held (`=4` before
	 * something that is no digit), and a `=` that came last begins the next escape. */
	for (size_t i = escape.taken; i < decoder->held - 1u; i++)
		out[(*written)++] = hold[i];
	if (escape.taken < decoder->held)
		taken--;
	decoder->held = 0;
	return taken;
}

size_t tp_qp_feed(struct tp_decoder *decoder, const char *in, size_t len, char *out)
{
	size_t n = 0;
	size_t i = 0;
	size_t left;

	if (decoder->held)
		i = complete_held(decoder, in, len, out, &n);
	if (decoder->held)
		return n;
	n += decode(in + i, len - i, out + n, &left);
	memcpy(decoder->hold, in + len - left, left);
	decoder->held = (unsigned)left;
	return n;
}

size_t tp_qp_finish(struct tp_decoder *decoder, char *out)
{
	size_t n = standing((char *)decoder->hold, decoder->held);

	memcpy(out, decoder->hold, n);
	decoder->held = 0;
	return n;
}

uint64_t tp_qp_size(const char *bytes, size_t len)
{
	size_t left;
	size_t n = decode(bytes, len, NULL, &left);

	return n + standing(bytes + len - left, left);
}

/* --- encoding ------------------------------------------------------------------------------------
 */

#define LINE_MAX_CHARS 76

/* True when bytes[i] must be coded: what is not printable, `=`, white space at the end of a line,
 * and what mail programs take for something else at the beginning of one. */
static bool must_code(const unsigned char *bytes, size_t i, size_t end, size_t column)
{
	unsigned char c = bytes[i];

	if (c == ' ' || c == '\t')
		return i + 1 == end;
	if (c < 0x21 || c > 0x7e || c == '=')
		return true;
	if (column > 0)
		return false;
	return c == '.' || (c == 'F' && end - i >= 5 && !memcmp(bytes + i, "From ", 5));
}

/* Appends one line of text, without its line ending. */
static void encode_line(const unsigned char *bytes, size_t len, const char *eol, struct tp_buf *out)
{
	size_t column = 0;
	size_t width;
	bool code;

	for (size_t i = 0; i < len; i++) {
		code = must_code(bytes, i, len, column);
		width = code ? 3 : 1;
		/* The last of a line needs no room for the `=` of a soft break. */
		if (column + width > LINE_MAX_CHARS - (i + 1 < len)) {
			tp_buf_addc(out, '=');
			tp_buf_adds(out, eol);
			column = 0;
			code = must_code(bytes, i, len, column);
			width = code ? 3 : 1;
		}
		if (code)
			tp_buf_addf(out, "=%02X", bytes[i]);
		else
			tp_buf_addc(out, (char)bytes[i]);
		column += width;
	}
}

bool tp_codec_qp_encode(const char *bytes, size_t len, const char *eol, struct tp_buf *out)
{
	const char *end = bytes + len;
	const char *lf;
	size_t line;

	while (bytes < end) {
		lf = memchr(bytes, '\n', (size_t)(end - bytes));
		line = (size_t)((lf ? lf : end) - bytes);
		if (lf && line && bytes[line - 1] == '\r')
			line--;
		encode_line((const unsigned char *)bytes, line, eol, out);
		if (!lf)
			break;
		tp_buf_adds(out, eol);
		bytes = lf + 1;
	}
	return out->status == TP_OK;
}
