/* References by Content-ID: see cid.h. */
#include "mime/cid.h"

#include <ctype.h>
#include <strings.h>

#include "base/array.h"
#include "mime/content.h"

#define NAMES_MAX ((size_t)1 << 20)
#define NAME_MAX  998

/* The search through one HTML text, which arrives in pieces. */
struct search {
	struct tp_cids *cids;
	unsigned matched; /* bytes of "cid:" seen, 4: a reference is being read */
	unsigned len;
	char name[NAME_MAX];
};

void tp_cids_init(struct tp_cids *cids)
{
	memset(cids, 0, sizeof *cids);
	tp_buf_init(&cids->names, NAMES_MAX);
}

void tp_cids_release(struct tp_cids *cids)
{
	tp_buf_release(&cids->names);
	free(cids->offsets);
	tp_cids_init(cids);
}

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Percent-decodes in place; returns the new length. */
static size_t percent_decode(char *text, size_t len)
{
	size_t to = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%' && i + 2 < len && isxdigit((unsigned char)text[i + 1]) &&
			isxdigit((unsigned char)text[i + 2])) {
			text[to++] = (char)(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
			i += 2;
		} else {
			text[to++] = text[i];
		}
	}
	return to;
}

static enum tp_status keep(struct tp_cids *cids, const char *name, size_t len, struct tp_error *err)
{
	size_t *offsets;

	if (len == 0 || memchr(name, '\0', len) || cids->overflow)
		return TP_OK;
	offsets = tp_array_room(cids->offsets, cids->count, &cids->cap, 16, sizeof *offsets);
	if (!offsets)
		return tp_fail(err, TP_NOMEM, "out of memory");
	cids->offsets = offsets;
	cids->offsets[cids->count] = cids->names.len;
	if (!tp_buf_reserve(&cids->names, len + 1)) {
		if (cids->names.status == TP_NOMEM)
			return tp_fail(err, TP_NOMEM, "out of memory");
		cids->overflow = true;
		return TP_OK;
	}
	tp_buf_add(&cids->names, name, len);
	tp_buf_addc(&cids->names, '\0');
	cids->count++;
	return TP_OK;
}

/* What HTML writes for characters that end a URL, or for the one that may stand in it. */
static bool starts_with(const char *text, size_t len, const char *const *words)
{
	for (; *words; words++)
		if (len >= strlen(*words) && !strncasecmp(text, *words, strlen(*words)))
			return true;
	return false;
}

/* Undoes HTML's writing of `&` in place, and ends the name where a quote or an angle bracket is
 * written as a reference (style="background:url(&quot;cid:...&quot;)"). Returns the new length. */
static size_t decode_entities(char *text, size_t len)
{
	static const char *const ends[] = { "&quot;", "&apos;", "&#34;", "&#39;", "&#x22;",
		"&#x27;", "&lt;", "&gt;", NULL };
	static const char *const ampersand[] = { "&amp;", "&#38;", NULL };
	size_t to = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '&' && starts_with(text + i, len - i, ends))
			break;
		text[to++] = text[i];
		if (text[i] == '&' && starts_with(text + i, len - i, ampersand))
			i += 4;
	}
	return to;
}

static enum tp_status end_reference(struct search *s, struct tp_error *err)
{
	size_t len = s->len > NAME_MAX ? 0 : decode_entities(s->name, s->len);

	s->matched = 0;
	s->len = 0;
	return keep(s->cids, s->name, percent_decode(s->name, len), err);
}

/* What cannot stand in a URL inside HTML or CSS ends the reference. */
static bool ends_reference(unsigned char c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == '>' || c == '<' || c == ')' || c == '\\' ||
	       c == 0x7f;
}

/* Longer names are counted one byte too far, which says so. */
static void add_to_name(struct search *s, char c)
{
	if (s->len < NAME_MAX)
		s->name[s->len] = c;
	s->len += s->len <= NAME_MAX;
}

static enum tp_status search_piece(
	void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct search *s = context;
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		/* UTF-16 and UTF-32, looked through: a reference in ASCII reads the same. */
		if (c == '\0')
			continue;
		if (s->matched == 4 && ends_reference(c))
			status = end_reference(s, err);
		else if (s->matched == 4)
			add_to_name(s, (char)c);
		else if (tolower(c) == "cid:"[s->matched])
			s->matched++;
		else
			s->matched = tolower(c) == 'c';
	}
	return status;
}

enum tp_status tp_cids_collect(struct tp_cids *cids, const char *data, struct tp_range body,
	enum tp_encoding encoding, struct tp_error *err)
{
	struct search s = { .cids = cids };
	enum tp_status status = tp_content_read(data, body, encoding, search_piece, &s, err);

	if (!status && s.matched == 4)
		status = end_reference(&s, err);
	return status;
}

static int compare_names(const void *a, const void *b, void *names)
{
	return strcasecmp(
		(const char *)names + *(const size_t *)a, (const char *)names + *(const size_t *)b);
}

void tp_cids_seal(struct tp_cids *cids)
{
	if (cids->count)
		qsort_r(cids->offsets, cids->count, sizeof *cids->offsets, compare_names,
			cids->names.data);
}

/* The order of strcasecmp between a NUL-terminated name and a range without NUL. */
static int compare_range(const char *name, const char *id, size_t len)
{
	int order = strncasecmp(name, id, len);

	return order ? order : name[len] != '\0';
}

bool tp_cids_has(const struct tp_cids *cids, const char *data, struct tp_range id)
{
	size_t low = 0, high = cids->count;

	while (id.begin < id.end &&
		(isspace((unsigned char)data[id.begin]) || data[id.begin] == '<'))
		id.begin++;
	while (id.begin < id.end &&
		(isspace((unsigned char)data[id.end - 1]) || data[id.end - 1] == '>'))
		id.end--;
	if (id.begin == id.end)
		return false;
	if (cids->overflow)
		return true;
	if (memchr(data + id.begin, '\0', tp_range_len(id)))
		return false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_range(cids->names.data + cids->offsets[middle], data + id.begin,
			tp_range_len(id));

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}
