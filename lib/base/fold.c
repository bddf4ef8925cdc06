/* Folded text: see fold.h. */
#include "base/fold.h"

#include <endian.h>
#include <utf8proc.h>

#include "base/utf8.h"
#include "base/vector.h"

/* The longest decomposition of one character (U+FDFA) has 18. */
#define PARTS_MAX 32

uint32_t tp_fold_version(void)
{
	const char *at = utf8proc_unicode_version();
	uint32_t unicode = 0;

	for (; *at && *at != '.'; at++)
		unicode = unicode * 10 + (uint32_t)(*at - '0');
	return TP_FOLD_VERSION << 16 | unicode;
}

/* --- folding --------------------------------------------------------------------------------- */

/* What each byte of ASCII folds to: letters to small ones, controls and the space to a space. */
static unsigned char plain[128];

__attribute__((constructor)) static void fill_plain(void)
{
	for (unsigned c = 0; c < 128; c++)
		plain[c] = (unsigned char)(c <= ' ' || c == 127   ? ' '
					   : c >= 'A' && c <= 'Z' ? c | 0x20
								  : c);
}

struct folding {
	struct tp_buf *out;
	bool space; /* a space came last */
};

static size_t ascii_run(const char *text, size_t len)
{
	size_t at = 0;

	for (; len - at >= TP_VECTOR_SIZE; at += TP_VECTOR_SIZE)
		if (tp_vector_any(tp_vector_load(text + at) & 0x80))
			break;
	while (at < len && (unsigned char)text[at] < 0x80)
		at++;
	return at;
}

static bool fold_ascii(struct folding *f, const char *text, size_t len)
{
	char *to = tp_buf_reserve(f->out, len), *begin = to;
	bool space = f->space;

	if (!to)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = (char)plain[(unsigned char)text[i]];

		*to = c;
		to += !(space && c == ' ');
		space = c == ' ';
	}
	f->space = space;
	tp_buf_grew(f->out, (size_t)(to - begin));
	return true;
}

/* Small letters with a stroke or a ligature that Unicode holds for letters of their own, and what
 * its own folding leaves of typographic quotes. */
static const char *spelled(utf8proc_int32_t c)
{
	switch (c) {
	case 0xe6: /* ae */
		return "ae";
	case 0x153: /* oe */
		return "oe";
	case 0xf8: /* o with stroke */
		return "o";
	case 0x142: /* l with stroke */
		return "l";
	case 0x111: /* d with stroke */
	case 0xf0:  /* eth */
		return "d";
	case 0xfe: /* thorn */
		return "th";
	case 0x127: /* h with stroke */
		return "h";
	case 0x167: /* t with stroke */
		return "t";
	case 0x131: /* dotless i */
		return "i";
	case 0x201c: /* double quotation marks */
	case 0x201d:
	case 0x201e:
		return "\"";
	default:
		return NULL;
	}
}

static bool is_space(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);

	return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
	       category == UTF8PROC_CATEGORY_ZP || category == UTF8PROC_CATEGORY_CC;
}

static bool put(struct folding *f, utf8proc_int32_t c)
{
	const char *text = spelled(c);

	if (text) {
		f->space = false;
		return tp_buf_adds(f->out, text);
	}
	if (!is_space(c)) {
		f->space = false;
		return tp_utf8_put((uint32_t)c, f->out);
	}
	if (f->space)
		return true;
	f->space = true;
	return tp_buf_addc(f->out, ' ');
}

/* Taken apart first and case-folded then, so that a letter with its mark inside and one with its
 * mark behind go the same way. */
static bool fold_character(struct folding *f, utf8proc_int32_t c)
{
	static const int apart = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK |
				 UTF8PROC_IGNORE | UTF8PROC_LUMP;
	utf8proc_int32_t parts[PARTS_MAX], folded[PARTS_MAX];
	utf8proc_ssize_t n, m;

	n = utf8proc_decompose_char(c, parts, PARTS_MAX, (utf8proc_option_t)apart, NULL);
	if (n < 0 || n > PARTS_MAX)
		return true;
	for (utf8proc_ssize_t i = 0; i < n; i++) {
		m = utf8proc_decompose_char(parts[i], folded, PARTS_MAX,
			(utf8proc_option_t)(apart | UTF8PROC_CASEFOLD), NULL);
		for (utf8proc_ssize_t j = 0; m <= PARTS_MAX && j < m; j++)
			if (!put(f, folded[j]))
				return false;
	}
	return true;
}

bool tp_fold(const char *text, size_t len, struct tp_buf *out)
{
	struct folding f = { out, false };
	uint32_t character;
	size_t at = 0, n;

	while (at < len) {
		n = ascii_run(text + at, len - at);
		if (n && !fold_ascii(&f, text + at, n))
			return false;
		at += n;
		if (at == len)
			break;
		n = tp_utf8_next(text + at, len - at, &character);
		if (n && !fold_character(&f, (utf8proc_int32_t)character))
			return false;
		at += n ? n : 1;
	}
	return true;
}

/* --- finding --------------------------------------------------------------------------------- */

/* How common a byte is in folded headers, roughly: the two least common of a needle are looked at
 * first, so that few places have to be looked at twice. */
static unsigned commonness(unsigned char byte)
{
	static const char order[] = "qxzjkwyvbgfhpdlcmuonsritae"; /* the last is the most common */
	const char *at;

	if (byte >= 0x80)
		return 90; /* leading bytes of a foreign script repeat; the trailing ones less */
	at = byte ? strchr(order, byte) : NULL;
	if (at)
		return 100 + (unsigned)(at - order) * 4;
	if (byte >= '0' && byte <= '9')
		return 95;
	return byte == ' ' || byte == '.' ? 190 : byte == '@' || byte == '-' ? 120 : 60;
}

void tp_needle_init(struct tp_needle *needle, const char *bytes, size_t len)
{
	unsigned least = UINT32_MAX, second = UINT32_MAX;

	*needle = (struct tp_needle){ bytes, len, 0, 0 };
	for (size_t i = 0; i < len; i++) {
		unsigned common = commonness((unsigned char)bytes[i]);

		if (common < least) {
			needle->other = least == UINT32_MAX ? i : needle->rare;
			needle->rare = i;
			second = least;
			least = common;
		} else if (common < second || needle->other == needle->rare) {
			needle->other = i;
			second = common;
		}
	}
}

static bool is_at(const struct tp_needle *needle, const char *hay)
{
	return memcmp(hay, needle->bytes, needle->len) == 0;
}

/* The first of the places marked by 0xff bytes where the needle really is. */
static size_t look_closer(const struct tp_needle *needle, const char *hay, tp_vector marked)
{
	uint64_t halves[2];

	memcpy(halves, &marked, sizeof halves);
	for (size_t i = 0; i < 2; i++)
		for (uint64_t bits = le64toh(halves[i]); bits;) {
			size_t at = (size_t)__builtin_ctzll(bits) / 8;

			if (is_at(needle, hay + i * 8 + at))
				return i * 8 + at;
			bits &= ~(UINT64_C(0xff) << (at * 8));
		}
	return SIZE_MAX;
}

static inline tp_vector marks(const char *rare, const char *other, tp_vector a, tp_vector b)
{
	return (tp_vector)((tp_vector_signed)tp_vector_load(rare) == (tp_vector_signed)a) &
	       (tp_vector)((tp_vector_signed)tp_vector_load(other) == (tp_vector_signed)b);
}

/* Places [*at, places) in steps of 64 for as long as they fit. */
static size_t find_wide(const struct tp_needle *needle, const char *hay, size_t *at, size_t places)
{
	const char *rare = hay + needle->rare, *other = hay + needle->other;
	tp_vector a = (tp_vector){ 0 } + (unsigned char)needle->bytes[needle->rare];
	tp_vector b = (tp_vector){ 0 } + (unsigned char)needle->bytes[needle->other];
	size_t i = *at;

	for (; places - i >= 4 * (size_t)TP_VECTOR_SIZE; i += 4 * (size_t)TP_VECTOR_SIZE) {
		tp_vector m[4] = { marks(rare + i, other + i, a, b),
			marks(rare + i + 16, other + i + 16, a, b),
			marks(rare + i + 32, other + i + 32, a, b),
			marks(rare + i + 48, other + i + 48, a, b) };

		if (!tp_vector_any((m[0] | m[1]) | (m[2] | m[3])))
			continue;
		for (size_t k = 0; k < 4; k++) {
			size_t found = look_closer(needle, hay + i + k * TP_VECTOR_SIZE, m[k]);

			if (found != SIZE_MAX)
				return i + k * TP_VECTOR_SIZE + found;
		}
	}
	*at = i;
	return SIZE_MAX;
}

size_t tp_needle_find(const struct tp_needle *needle, const char *hay, size_t hay_len)
{
	size_t places, at = 0, found;
	const char *one;

	if (needle->len == 0)
		return 0;
	if (hay_len < needle->len)
		return SIZE_MAX;
	if (needle->len == 1) {
		one = memchr(hay, (unsigned char)*needle->bytes, hay_len);
		return one ? (size_t)(one - hay) : SIZE_MAX;
	}
	places = hay_len - needle->len + 1;
	found = find_wide(needle, hay, &at, places);
	if (found != SIZE_MAX)
		return found;
	for (; at < places; at++)
		if (hay[at + needle->rare] == needle->bytes[needle->rare] &&
			is_at(needle, hay + at))
			return at;
	return SIZE_MAX;
}

size_t tp_fold_find(const char *hay, size_t hay_len, const char *needle, size_t needle_len)
{
	struct tp_needle ready;

	tp_needle_init(&ready, needle, needle_len);
	return tp_needle_find(&ready, hay, hay_len);
}
