/*
 * mime/codec: what known input gives, and properties over millions of random and damaged inputs:
 * the size counted is the size decoded, however the input is cut; what was encoded decodes to
 * itself; base64 and quoted-printable agree with slow decoders written here from the RFC.
 */
#include "mime/codec.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "tap.h"

#define ROOM  4096
#define PLAIN "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2"

static uint64_t state = 88172645463325252u;

static uint32_t draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 32) * below >> 32);
}

/* Decodes in pieces of random size, `longest` bytes at most; returns the bytes written. */
static size_t decode(
	enum tp_encoding encoding, const char *in, size_t len, char *out, size_t longest)
{
	struct tp_decoder decoder;
	size_t n = 0;
	size_t piece;

	tp_decoder_init(&decoder, encoding);
	for (size_t i = 0; i < len; i += piece) {
		piece = 1 + draw((uint32_t)longest);
		if (piece > len - i)
			piece = len - i;
		n += tp_decoder_feed(&decoder, in + i, piece, out + n);
	}
	return n + tp_decoder_finish(&decoder, out + n);
}

/* The text fit for a line of TAP. */
static const char *shown(const char *text)
{
	static char line[24];
	size_t n = 0;

	for (; *text && n < sizeof line - 1; text++)
		line[n++] = *text > ' ' && *text < 0x7f && *text != '#' ? *text : '.';
	line[n] = '\0';
	return line;
}

static void gives(enum tp_encoding encoding, const char *in, const char *want)
{
	char out[ROOM];
	size_t n = decode(encoding, in, strlen(in), out, ROOM);
	uint64_t size = tp_codec_decoded_size(in, (struct tp_range){ 0, strlen(in) }, encoding);

	out[n] = '\0';
	if (!ok(n == strlen(want) && !memcmp(out, want, n) && size == n, "decoding %s", shown(in)))
		printf("# got %zu bytes '%s', size %ju\n", n, shown(out), (uintmax_t)size);
}

static void test_known(void)
{
	gives(TP_ENCODING_BASE64, "YWJj", "abc");
	gives(TP_ENCODING_BASE64, "YWI=", "ab");
	gives(TP_ENCODING_BASE64, "YQ==", "a");
	gives(TP_ENCODING_BASE64, "YWI", "ab");
	gives(TP_ENCODING_BASE64, "YQ", "a");
	gives(TP_ENCODING_BASE64, "YWJjY", "abc");
	gives(TP_ENCODING_BASE64, "YQ==YWI=YWJj", "aababc");
	gives(TP_ENCODING_BASE64, "Y W\tJ\r\nj*\xff", "abc");
	gives(TP_ENCODING_BASE64, "====", "");
	gives(TP_ENCODING_BASE64, "", "");
	gives(TP_ENCODING_QP, "a=3Db", "a=b");
	gives(TP_ENCODING_QP, "a=3db", "a=b");
	gives(TP_ENCODING_QP, "a=\nb", "ab");
	gives(TP_ENCODING_QP, "a=\r\nb", "ab");
	gives(TP_ENCODING_QP, "a=\rb", "a=\rb");
	gives(TP_ENCODING_QP, "a=zz=4", "a=zz=4");
	gives(TP_ENCODING_QP, "a==3D==", "a===");
	gives(TP_ENCODING_QP, "a=", "a");
	gives(TP_ENCODING_QP, "-- \nx \t", "-- \nx \t");
	gives(TP_ENCODING_UU, "begin 644 a\n#86)C\n`\nend\n", "abc");
	gives(TP_ENCODING_UU, "text\nbegin 644 a\r\n#86)C\r\n#86)C\r\n \r\nend\r\n#86)C\n",
		"abcabc");
	gives(TP_ENCODING_UU, "begin 644 a\n\"86)C\n!86)C\n", "aba");
	gives(TP_ENCODING_UU, "begin 644 a\n#86\n#86)C\n", "aabc");
	gives(TP_ENCODING_UU, "#86)C\n", "");
	gives(TP_ENCODING_IDENTITY, "a=3D\r\n", "a=3D\r\n");
	gives(TP_ENCODING_UNKNOWN, "YWJj", "YWJj");
}

/* --- slow decoders ---------------------------------------------------------------------------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t slow_base64(const char *in, size_t len, char *out)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t n = 0;

	for (size_t i = 0; i <= len; i++) {
		bool ends = i == len || in[i] == '=';
		const char *digit = ends || in[i] == '\0' ? NULL : strchr(digits, in[i]);

		if (digit) {
			bits = bits << 6 | (uint32_t)(digit - digits);
			held++;
		}
		if (held == 4 || (ends && held > 1)) {
			bits <<= 6 * (4 - held);
			for (unsigned k = 0; k < held - 1; k++)
				out[n++] = (char)(bits >> (16 - 8 * k));
		}
		if (held == 4 || ends)
			held = 0;
		if (held == 0)
			bits = 0;
	}
	return n;
}

static size_t slow_qp(const char *in, size_t len, char *out)
{
	static const char hex[] = "0123456789abcdef0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		const char *high = i + 2 < len && in[i + 1] ? strchr(hex, in[i + 1]) : NULL;
		const char *low = high && in[i + 2] ? strchr(hex, in[i + 2]) : NULL;

		if (in[i] != '=')
			out[n++] = in[i];
		else if (low && (high = strchr("0123456789abcdef", in[i + 1] | 0x20)) &&
			 (low = strchr("0123456789abcdef", in[i + 2] | 0x20))) {
			out[n++] = (char)(strtoul((char[]){ in[i + 1], in[i + 2], 0 }, NULL, 16));
			i += 2;
		} else if (i + 1 == len)
			continue;
		else if (in[i + 1] == '\n')
			i++;
		else if (in[i + 1] == '\r' && i + 2 == len)
			i++;
		else if (in[i + 1] == '\r' && in[i + 2] == '\n')
			i += 2;
		else
			out[n++] = '=';
	}
	return n;
}

/* Digits and white space, then padding and white space. */
static bool slow_whole(const char *in, size_t len)
{
	bool padded = false;

	for (size_t i = 0; i < len; i++) {
		if (in[i] == '=')
			padded = true;
		else if (in[i] && strchr(" \t\n\v\f\r", in[i]))
			continue;
		else if (padded || !in[i] || !strchr(digits, in[i]))
			return false;
	}
	return true;
}

/* --- properties ------------------------------------------------------------------------------- */

/* Bytes of one of several tempers: what the codec likes, with more or less of what it does not. */
static size_t scribble(char *out, size_t room)
{
	static const char *const tempers[] = {
		"ABCDabcd0189+/",
		"ABCDabcd0189+/ABCDabcd0189+/\n",
		"AbC=",
		"=09afAF\r\n",
		"=\r\nA",
		"ab cd=4E\n",
		"#$86)CbeginMend \n`",
	};
	const char *temper = tempers[draw(7)];
	uint32_t odd = draw(4) ? 0 : 1 + draw(20);
	size_t len = draw(12) ? draw(40) : draw((uint32_t)room);

	for (size_t i = 0; i < len; i++) {
		out[i] = temper[draw((uint32_t)strlen(temper))];
		if (odd && draw(odd) == 0)
			out[i] = (char)draw(256);
	}
	if (draw(3) == 0 && len > 12)
		memcpy(out, "begin 644 a\n", 12);
	return len;
}

static void test_random(void)
{
	static char in[1024], one[ROOM], two[ROOM], slow[ROOM];
	enum tp_encoding encoding;
	size_t bad_size = 0, bad_pieces = 0, bad_slow = 0, bad_whole = 0;
	size_t len, n, m;

	for (unsigned round = 0; round < 1000000; round++) {
		len = scribble(in, sizeof in);
		encoding = TP_ENCODING_BASE64 + draw(3);
		n = decode(encoding, in, len, one, ROOM);
		m = decode(encoding, in, len, two, 1 + draw(9));
		bad_pieces += n != m || memcmp(one, two, n);
		bad_size += n != tp_codec_decoded_size(in, (struct tp_range){ 0, len }, encoding);
		if (encoding == TP_ENCODING_UU)
			continue;
		bad_whole += encoding == TP_ENCODING_BASE64 &&
			     tp_codec_measure(in, (struct tp_range){ 0, len }, encoding).whole !=
				     slow_whole(in, len);
		m = encoding == TP_ENCODING_QP ? slow_qp(in, len, slow)
					       : slow_base64(in, len, slow);
		bad_slow += n != m || memcmp(one, slow, n);
	}
	ok(bad_size == 0, "a million inputs: counted is decoded (%zu are not)", bad_size);
	ok(bad_pieces == 0, "cut anywhere they decode the same (%zu do not)", bad_pieces);
	ok(bad_slow == 0, "and as the slow decoders say (%zu do not)", bad_slow);
	ok(bad_whole == 0, "whole is what a slow look finds whole (%zu are not)", bad_whole);
}

/* Large enough for the counting by vectors, and its sums, to overflow if they could. */
static void test_large(void)
{
	size_t len = 300000;
	char *in = malloc(len);
	char *out = malloc(tp_decoder_bound(len));
	size_t bad = 0;

	for (unsigned round = 0; round < 40; round++) {
		for (size_t i = 0; i < len; i++)
			in[i] = round && i % 77 == 76 ? '\n' : 'A';
		for (unsigned k = 0; k < round; k++)
			in[draw((uint32_t)len)] = "=\n.\xff"[draw(4)];
		bad += decode(TP_ENCODING_BASE64, in, len - round, out, 65536) !=
		       tp_codec_decoded_size(
			       in, (struct tp_range){ 0, len - round }, TP_ENCODING_BASE64);
	}
	ok(bad == 0, "large bodies too");
	free(in);
	free(out);
}

static bool lines_are_short(const struct tp_buf *text, const char *eol)
{
	size_t column = 0;

	for (size_t i = 0; i < text->len; i++) {
		column = text->data[i] == '\n' ? 0 : column + 1;
		if (column > 76 + (size_t)(strlen(eol) > 1 && text->data[i] == '\r'))
			return false;
	}
	return true;
}

static void test_base64_round_trip(void)
{
	static char in[1024], out[ROOM];
	struct tp_buf text = TP_BUF_INIT(1 << 20);
	size_t bad = 0, dirty = 0;
	size_t len;

	for (unsigned round = 0; round < 20000; round++) {
		const char *eol = draw(2) ? "\n" : "\r\n";

		len = draw(sizeof in);
		for (size_t i = 0; i < len; i++)
			in[i] = (char)draw(256);
		tp_buf_clear(&text);
		tp_codec_base64_encode(in, len, eol, &text);
		bad += !lines_are_short(&text, eol) ||
		       decode(TP_ENCODING_BASE64, tp_buf_str(&text), text.len, out, ROOM) != len ||
		       memcmp(in, out, len);
		dirty += !tp_codec_base64_is_clean(
			tp_buf_str(&text), (struct tp_range){ 0, text.len });
	}
	ok(bad == 0, "base64 decodes to what was encoded, in lines of 76");
	ok(dirty == 0, "and is clean");
	tp_buf_release(&text);
}

static void test_base64_clean(void)
{
	static const struct {
		const char *text;
		bool clean;
	} cases[] = {
		{ "", true },
		{ "YWJj\r\n", true },
		{ "YWI=", true },
		{ "YQ==\n", true },
		{ "YWI", false },
		{ "YQ=", false },
		{ "YR==", false },
		{ "YWJ=", false },
		{ "YWK=", false },
		{ "YW Jj", false },
		{ "YQ==YWJj", false },
		{ "YQ===", false },
		{ "=", false },
		{ "Y===", false },
		{ "YWJj=", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ok(tp_codec_base64_is_clean(cases[i].text,
			   (struct tp_range){ 0, strlen(cases[i].text) }) == cases[i].clean,
			"'%s' is %s", shown(cases[i].text), cases[i].clean ? "clean" : "not clean");
}

static void test_whole(void)
{
	static const struct {
		enum tp_encoding encoding;
		const char *text;
		bool whole;
	} cases[] = {
		{ TP_ENCODING_BASE64, "", true },
		{ TP_ENCODING_BASE64, "YWJj\r\n YWI\t\n", true },
		{ TP_ENCODING_BASE64, "YQ=\n", true },
		{ TP_ENCODING_BASE64, "YQ===\n\n", true },
		{ TP_ENCODING_BASE64, "AZaz09+/AZaz09+/AZaz09+/AZaz09+/\n", true },
		{ TP_ENCODING_BASE64, "YWJj-YWJj", false },
		{ TP_ENCODING_BASE64, "YQ==YWJj", false },
		{ TP_ENCODING_BASE64, "AZaz09+/AZaz09+/\nAZaz09+/:AZaz09+/\n", false },
		{ TP_ENCODING_BASE64,
			"AZaz09+/AZaz09+/\nAZaz09+/\xe9"
			"Zaz09+/\n",
			false },
		{ TP_ENCODING_UU, "\nbegin 644 a\n#86)C\n`\nend\n\n", true },
		{ TP_ENCODING_UU, "begin 644 a\r\n#86)C\r\n", true },
		{ TP_ENCODING_UU, "begin 644 a\n#86)C\n`\nend\nbegin 644 b\n", false },
		{ TP_ENCODING_UU, "see:\nbegin 644 a\n#86)C\n`\nend\n", false },
		{ TP_ENCODING_UU, "nothing", false },
		{ TP_ENCODING_QP, "a=ZZ", true },
		{ TP_ENCODING_IDENTITY, "\x80", true },
		{ TP_ENCODING_UNKNOWN, "a", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ok(tp_codec_measure(cases[i].text, (struct tp_range){ 0, strlen(cases[i].text) },
			   cases[i].encoding)
					.whole == cases[i].whole,
			"'%s' is %s", shown(cases[i].text),
			cases[i].whole ? "whole" : "more than a file");
}

static void qp_is(const char *in, const char *want)
{
	struct tp_buf out = TP_BUF_INIT(1 << 20);

	tp_codec_qp_encode(in, strlen(in), "\n", &out);
	if (!ok(!strcmp(tp_buf_str(&out), want), "quoted-printable of %s", shown(in)))
		printf("# got '%s'\n", shown(tp_buf_str(&out)));
	tp_buf_release(&out);
}

static void test_qp_encode(void)
{
	static char in[1024], out[ROOM];
	struct tp_buf text = TP_BUF_INIT(1 << 20);
	size_t bad = 0;
	size_t len;

	qp_is("a=b\r\n", "a=3Db\n");
	qp_is("-- \nx\t\n", "--=20\nx=09\n");
	qp_is("From me\n.\n..\nFromage\n", "=46rom me\n=2E\n=2E.\nFromage\n");
	qp_is("\xc3\xa9t\xc3\xa9", "=C3=A9t=C3=A9");
	for (unsigned round = 0; round < 20000; round++) {
		const char *letters = draw(2) ? "ab. \t\nF=" : "abcdefghijklmnopqrst From \n";

		len = draw(sizeof in);
		for (size_t i = 0; i < len; i++)
			in[i] = draw(50) ? letters[draw((uint32_t)strlen(letters))]
					 : (char)(128 + draw(128));
		tp_buf_clear(&text);
		tp_codec_qp_encode(in, len, "\n", &text);
		bad += !lines_are_short(&text, "\n") || strstr(tp_buf_str(&text), "\nFrom ") ||
		       strstr(tp_buf_str(&text), "\n.") || strstr(tp_buf_str(&text), " \n") ||
		       decode(TP_ENCODING_QP, tp_buf_str(&text), text.len, out, ROOM) != len ||
		       memcmp(in, out, len);
	}
	ok(bad == 0, "quoted-printable decodes to what was encoded, with nothing that mail harms");
	tp_buf_release(&text);
}

static void test_words(void)
{
	static const struct {
		const char *value;
		enum tp_encoding encoding;
	} cases[] = {
		{ " base64", TP_ENCODING_BASE64 },
		{ " BASE64 ", TP_ENCODING_BASE64 },
		{ "\r\n\t(old) Quoted-Printable (new)", TP_ENCODING_QP },
		{ " x-uuencode", TP_ENCODING_UU },
		{ " x-uue;", TP_ENCODING_UU },
		{ " 7bit", TP_ENCODING_IDENTITY },
		{ "8BIT", TP_ENCODING_IDENTITY },
		{ "binary", TP_ENCODING_IDENTITY },
		{ " ", TP_ENCODING_IDENTITY },
		{ "base65", TP_ENCODING_UNKNOWN },
		{ "base644", TP_ENCODING_UNKNOWN },
		{ "\"base64\"", TP_ENCODING_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ok(tp_codec_encoding_of(cases[i].value,
			   (struct tp_range){ 0, strlen(cases[i].value) }) == cases[i].encoding,
			"encoding word %zu", i);
}

/* All of it again without the vectors that this processor may have. */
static void test_without_vectors(char *self)
{
	char *argv[] = { self, NULL };
	char *env[] = { (char *)PLAIN, NULL };
	posix_spawn_file_actions_t files;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	ok(!posix_spawn(&pid, self, &files, NULL, argv, env) && waitpid(pid, &status, 0) == pid &&
			status == 0,
		"the same with plain instructions");
	posix_spawn_file_actions_destroy(&files);
}

int main(int argc, char **argv)
{
	test_known();
	test_words();
	test_random();
	test_large();
	test_base64_round_trip();
	test_base64_clean();
	test_whole();
	test_qp_encode();
	if (!getenv("GLIBC_TUNABLES"))
		test_without_vectors(argv[0]);
	return done_testing();
}
