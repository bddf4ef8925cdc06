/* UTF-8, scrubbing and safe names: see utf8.h. */
#include "base/utf8.h"

#include <ctype.h>
#include <strings.h>
#include <wchar.h>

#define REPLACEMENT 0xfffd

size_t tp_utf8_next(const char *text, size_t len, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	size_t need = len == 0 ? 0 : s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2
		: s[0] < 0xf0					? 3
		: s[0] < 0xf5					? 4
								: 0;
	uint32_t value;

	if (need == 0 || need > len)
		return 0;
	value = need == 1 ? s[0] : s[0] & (0x7fu >> need);
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (s[i] & 0x3f);
	}
	if (value < least[need] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	if (character)
		*character = value;
	return need;
}

bool tp_utf8_valid(const char *text, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = tp_utf8_next(text + i, len - i, NULL);
		if (!n)
			return false;
	}
	return true;
}

bool tp_utf8_put(uint32_t c, struct tp_buf *out)
{
	char bytes[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (n == 1)
		return tp_buf_addc(out, (char)c);
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)((0xf00u >> n) | c);
	return tp_buf_add(out, bytes, n);
}

size_t tp_utf8_columns(const char *text, size_t len)
{
	size_t columns = 0, n;
	uint32_t c;

	for (size_t i = 0; i < len; i += n) {
		int width = 1;

		n = tp_utf8_next(text + i, len - i, &c);
		if (n)
			width = wcwidth((wchar_t)c);
		else
			n = 1;
		columns += width < 0 ? 1 : (size_t)width;
	}
	return columns;
}

/* Controls, line and paragraph separators, and characters that reorder or hide their neighbours. */
static bool is_deceptive(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
		(c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
		(c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

bool tp_text_scrub(const char *text, size_t len, struct tp_buf *out)
{
	size_t n;
	uint32_t c;

	for (size_t i = 0; i < len; i += n) {
		n = tp_utf8_next(text + i, len - i, &c);
		if (n && (c == '\t' || c == '\n' || c == '\r'))
			tp_buf_addc(out, ' ');
		else if (n && !is_deceptive(c))
			tp_buf_add(out, text + i, n);
		else
			tp_utf8_put(REPLACEMENT, out);
		n = n ? n : 1;
	}
	return !out->status;
}

/* NUL, COM1 and the like, which Windows takes for devices whatever the extension. */
static bool is_device_name(const char *name)
{
	static const char *const devices[] = { "con", "prn", "aux", "nul", "com", "lpt", NULL };
	size_t stem = strcspn(name, ".");

	for (int i = 0; devices[i]; i++) {
		if (strncasecmp(name, devices[i], 3))
			continue;
		if (stem == 3 && i < 4)
			return true;
		if (stem == 4 && i >= 4 && isdigit((unsigned char)name[3]))
			return true;
	}
	return false;
}

/* Shortens to `max_bytes` at a character's edge, the extension (up to 16 bytes) kept. */
static bool shorten_name(struct tp_buf *name, size_t from, size_t max_bytes)
{
	const char *text = name->data + from;
	const char *dot = strrchr(text, '.');
	size_t len = name->len - from, keep = dot ? len - (size_t)(dot - text) : 0;
	char extension[17] = "";
	size_t cut;

	if (len <= max_bytes)
		return true;
	if (keep > 16 || keep >= max_bytes)
		keep = 0;
	if (keep)
		memcpy(extension, dot, keep);
	for (cut = max_bytes - keep; cut > 0 && (text[cut] & 0xc0) == 0x80;)
		cut--;
	tp_buf_truncate(name, from + cut);
	return tp_buf_add(name, extension, keep);
}

bool tp_name_safe(const char *name, size_t len, const char *fallback, size_t max_bytes,
	struct tp_buf *out)
{
	size_t from = out->len, base = 0, n;
	uint32_t c;

	for (size_t i = 0; i < len; i++)
		if (name[i] == '/' || name[i] == '\\')
			base = i + 1;
	for (size_t i = base; i < len; i += n) {
		n = tp_utf8_next(name + i, len - i, &c);
		if (n && c != '\r' && c != '\n' && is_deceptive(c) && c >= 0x80) /* marks: left out */
			continue;
		if (!n || is_deceptive(c) || strchr("\"*:<>?|`$'", (int)(c < 0x80 ? c : 'a')))
			tp_buf_addc(out, '_');
		else if (out->len > from || (c != '.' && c != ' ' && c != '-'))
			tp_buf_add(out, name + i, n);
		n = n ? n : 1;
	}
	if (out->status)
		return false;
	if (out->len > from && !shorten_name(out, from, max_bytes))
		return false;
	while (out->len > from && (out->data[out->len - 1] == '.' || out->data[out->len - 1] == ' '))
		tp_buf_truncate(out, out->len - 1);
	if (out->len == from)
		return tp_buf_adds(out, fallback);
	if (is_device_name(out->data + from))
		return tp_buf_addc(out, '_');
	return !out->status;
}

bool tp_percent_encode(const char *text, size_t len, const char *also, struct tp_buf *out)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (isalnum(c) || (c && strchr("-._~", c)) || (c && strchr(also, c)))
			tp_buf_addc(out, (char)c);
		else
			tp_buf_addf(out, "%%%02X", c);
	}
	return !out->status;
}
