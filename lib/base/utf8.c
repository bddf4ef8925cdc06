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
	size_t need = len == 0      ? 0
		      : s[0] < 0x80 ? 1
		      : s[0] < 0xc2 ? 0
		      : s[0] < 0xe0 ? 2
		      : s[0] < 0xf0 ? 3
		      : s[0] < 0xf5 ? 4
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
	size_t n;

	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = REPLACEMENT;
	n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	if (n == 1)
		return tp_buf_addc(out, (char)c);
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)((0xf00u >> n) | c);
	return tp_buf_add(out, bytes, n);
}

bool tp_utf8_mend(const char *text, size_t len, struct tp_buf *out, bool *exact)
{
	size_t start = 0, at = 0;

	while (at < len && !out->status) {
		size_t n = tp_utf8_next(text + at, len - at, NULL);

		if (n) {
			at += n;
			continue;
		}
		*exact = false;
		tp_buf_add(out, text + start, at - start);
		tp_utf8_put(REPLACEMENT, out);
		start = ++at;
	}
	return tp_buf_add(out, text + start, at - start);
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

/* The end of the last whole character at or before `at`. */
static size_t character_edge(const char *text, size_t at)
{
	while (at > 0 && (text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* Shortens to `max_bytes` at a character's edge, the extension (up to 16 bytes) kept when there is
 * room for a character before it. */
static void shorten_name(struct tp_buf *name, size_t max_bytes)
{
	const char *text = name->data, *dot = strrchr(text, '.');
	size_t keep = dot ? name->len - (size_t)(dot - text) : 0, cut;
	char extension[17] = "";

	if (name->len <= max_bytes)
		return;
	if (keep > 16 || keep >= max_bytes || !character_edge(text, max_bytes - keep))
		keep = 0;
	if (keep)
		memcpy(extension, dot, keep);
	cut = character_edge(text, max_bytes - keep);
	tp_buf_truncate(name, cut);
	tp_buf_add(name, extension, keep);
}

/* No trailing dot or space: Windows drops them, and then the name is another one. */
static void trim_name(struct tp_buf *name)
{
	while (name->len > 0 &&
		(name->data[name->len - 1] == '.' || name->data[name->len - 1] == ' '))
		tp_buf_truncate(name, name->len - 1);
}

/* Before a device's name, so that the extension stays what it was. */
static void put_underscore(struct tp_buf *name)
{
	if (!tp_buf_addc(name, '_'))
		return;
	memmove(name->data + 1, name->data, name->len - 1);
	name->data[0] = '_';
}

/* Each byte read gives at most one byte. */
static void put_safe(const char *name, size_t len, struct tp_buf *out)
{
	size_t n;
	uint32_t c;

	for (size_t i = 0; i < len; i += n) {
		n = tp_utf8_next(name + i, len - i, &c);
		if (!n || is_deceptive(c) || strchr("\"*:<>?|`$", (int)(c < 0x80 ? c : 'a'))) {
			if (!n || c < 0x80) /* else marks: nobody saw them */
				tp_buf_addc(out, '_');
		} else if (out->len > 0 || (c != '.' && c != ' ' && c != '-')) {
			tp_buf_add(out, name + i, n);
		}
		n = n ? n : 1;
	}
}

bool tp_name_safe(
	const char *name, size_t len, const char *fallback, size_t max_bytes, struct tp_buf *out)
{
	struct tp_buf safe = TP_BUF_INIT(len + 1);
	size_t base = len;
	bool done;

	while (base > 0 && name[base - 1] != '/' && name[base - 1] != '\\')
		base--;
	put_safe(name + base, len - base, &safe);
	trim_name(&safe);
	if (safe.len > 0 && is_device_name(safe.data))
		put_underscore(&safe);
	if (safe.len > 0)
		shorten_name(&safe, max_bytes);
	trim_name(&safe);
	if (safe.status)
		out->status = safe.status;
	done = safe.len > 0 ? tp_buf_add(out, safe.data, safe.len) : tp_buf_adds(out, fallback);
	tp_buf_release(&safe);
	return done;
}

bool tp_percent_encode(const char *text, size_t len, const char *also, struct tp_buf *out)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x80 && isalnum(c)) || (c && strchr("-._~", c)) || (c && strchr(also, c)))
			tp_buf_addc(out, (char)c);
		else
			tp_buf_addf(out, "%%%02X", c);
	}
	return !out->status;
}
