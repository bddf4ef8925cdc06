/* White lists: see white.h. */
#include "greylist/white.h"

#include <ctype.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/ip.h"
#include "greylist/key.h"

#define FILE_MAX ((size_t)256 << 20)

/* What a string in the set begins with. */
enum tag { NETWORK = 'n', ADDRESS = 'a', DOMAIN = 'd', BELOW = 'b', LOCAL = 'l' };

/* One reading of one source. */
struct content {
	struct tp_wordset set;
	bool bits[129]; /* lengths of the networks that occur */
};

/* What tells that a file is not the one that was read. */
struct seen {
	bool there;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

/* The configuration's own entries, or a file. */
struct source {
	struct content content;
	struct seen seen; /* of what was read last */
	bool missed;      /* it cannot be read now, and that was said */
};

struct tp_white {
	const struct tp_strings *entries, *files;
	struct source *sources; /* the entries, then the files */
	size_t source_count;
	bool clients;
};

/* --- one entry ------------------------------------------------------------------------------- */

static enum tp_status add_tagged(
	struct content *content, enum tag tag, const char *text, struct tp_error *err)
{
	struct tp_buf word = TP_BUF_INIT(1 << 16);
	enum tp_status status;

	tp_buf_addc(&word, (char)tag);
	tp_key_address(text, &word);
	status = tp_buf_status(&word, "list", err);
	if (!status)
		status = tp_wordset_add(&content->set, word.data, word.len, err);
	tp_buf_release(&word);
	return status;
}

static size_t network_word(const struct in6_addr *address, int bits, unsigned char word[18])
{
	struct in6_addr network = *address;

	tp_ip_mask(&network, bits);
	word[0] = NETWORK;
	word[1] = (unsigned char)bits;
	memcpy(word + 2, &network, 16);
	return 18;
}

static bool is_domain(const char *text)
{
	if (!*text || *text == '.' || *text == '-')
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(".-_", *text) && !(*text & 0x80))
			return false;
	return true;
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789.") == strlen(text);
}

/* `10.1.2` is 10.1.2.0/24, as in the lists of postgrey; other numbers that are no address are nobody's
 * domain, for no top level domain is a number (RFC 3696 2). */
static bool read_network(const char *text, struct in6_addr *address, int *bits)
{
	char whole[sizeof "255.255.255.0/24"];
	size_t dots = 0, len = strlen(text);

	if (tp_ip_network_parse(text, len, address, bits))
		return true;
	for (const char *at = text; *at; at++)
		dots += *at == '.';
	if (!is_number(text) || dots != 2 || len > sizeof "255.255.255" - 1)
		return false;
	snprintf(whole, sizeof whole, "%s.0/24", text);
	return tp_ip_network_parse(whole, strlen(whole), address, bits);
}

/* Without brackets, NULs and outer white space. TP_DATA: no entry. */
static enum tp_status add_entry(
	struct content *content, const char *text, bool clients, struct tp_error *err)
{
	const char *at = strrchr(text, '@');
	struct in6_addr address;
	unsigned char word[18];
	int bits;

	if (read_network(text, &address, &bits)) {
		if (!clients)
			return tp_fail(err, TP_DATA, "'%s' is no recipient", text);
		content->bits[bits] = true;
		return tp_wordset_add(&content->set, word, network_word(&address, bits, word), err);
	}
	if (is_number(text))
		return tp_fail(err, TP_DATA,
			"'%s' is no IP address, and a network needs its bits (10.1.0.0/16)", text);
	if (at == text && is_domain(text + 1))
		return add_tagged(content, DOMAIN, text + 1, err);
	if (at && at != text && !at[1])
		return add_tagged(content, LOCAL, text, err);
	if (at && is_domain(at + 1))
		return add_tagged(content, ADDRESS, text, err);
	if (*text == '.' && is_domain(text + 1))
		return add_tagged(content, BELOW, text + 1, err);
	if (!at && is_domain(text))
		return add_tagged(content, DOMAIN, text, err);
	return tp_fail(err, TP_DATA, "'%s' is neither address, network nor domain", text);
}

/* --- files ----------------------------------------------------------------------------------- */

static struct seen look_at(const char *path)
{
	struct seen seen = { .there = false };
	struct stat st;

	if (stat(path, &st))
		return seen;
	return (struct seen){ true, st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim };
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same(const struct seen *a, const struct seen *b)
{
	if (!a->there || !b->there)
		return a->there == b->there;
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

/* Cuts the comment and white space around what is left; the line is a string of its own. */
static char *trim(char *line)
{
	char *end;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, " \t\r");
	end = line + strlen(line);
	while (end > line && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return line;
}

static enum tp_status add_line(struct tp_white *white, struct content *content, const char *path,
	size_t number, char *line, size_t len, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = TP_OK;
	const char *entry;

	if (memchr(line, '\0', len)) {
		tp_warn("%s: line %zu: holds a NUL", path, number);
		return TP_OK;
	}
	entry = trim(line);
	if (*entry)
		status = add_entry(content, entry, white->clients, &why);
	if (status == TP_NOMEM)
		return tp_fail(err, TP_NOMEM, "%s: out of memory", path);
	if (status)
		tp_warn("%s: line %zu: %s", path, number, why.text);
	return TP_OK;
}

static enum tp_status add_lines(struct tp_white *white, struct content *content, const char *path,
	struct tp_buf *text, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	size_t number = 1;
	char *at = text->data, *end;

	for (; !status && text->len &&
		(end = memchr(at, '\n', (size_t)(text->data + text->len - at)));
		at = end + 1) {
		*end = '\0';
		status = add_line(white, content, path, number++, at, (size_t)(end - at), err);
	}
	if (!status && text->len && at < text->data + text->len)
		tp_warn("%s: line %zu: has no line end and does not count yet", path, number);
	return status;
}

/* Says once that a file cannot be read; what it held before stays. An editor that writes by renaming,
 * or a disk that is away for a moment, must not make friends wait. */
static void miss(struct source *source, const struct tp_error *why)
{
	if (!source->missed)
		tp_warn("white list: %s%s", why->text,
			source->content.set.count ? "; its last entries stay valid" : "");
	source->missed = true;
}

static enum tp_status read_file(
	struct tp_white *white, struct source *source, const char *path, struct tp_error *err)
{
	struct content content = { .set = TP_WORDSET_INIT };
	struct tp_buf text = TP_BUF_INIT(FILE_MAX);
	struct seen seen = look_at(path);
	struct tp_error why;
	enum tp_status status = tp_file_read(path, &text, &why);

	if (status && status != TP_NOMEM) {
		miss(source, &why);
		tp_buf_release(&text);
		return TP_OK;
	}
	if (status)
		*err = why;
	else
		status = add_lines(white, &content, path, &text, err);
	tp_buf_release(&text);
	if (status) {
		tp_wordset_release(&content.set);
		return status;
	}
	if (source->missed)
		tp_notice("white list: %s: it is there again", path);
	tp_wordset_release(&source->content.set);
	*source = (struct source){ .content = content, .seen = seen };
	return TP_OK;
}

/* --- the list -------------------------------------------------------------------------------- */

static enum tp_status read_entries(struct tp_white *white, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < white->entries->count; i++)
		status = add_entry(
			&white->sources[0].content, white->entries->list[i], white->clients, err);
	if (status == TP_DATA)
		err->status = status = TP_CONFIG;
	return status;
}

enum tp_status tp_white_new(const struct tp_strings *entries, const struct tp_strings *files,
	bool clients, struct tp_white **out, struct tp_error *err)
{
	struct tp_white *white = calloc(1, sizeof *white);
	enum tp_status status;

	*out = NULL;
	if (white)
		white->sources = calloc(files->count + 1, sizeof *white->sources);
	if (!white || !white->sources) {
		free(white);
		return tp_fail(err, TP_NOMEM, "out of memory");
	}
	white->entries = entries;
	white->files = files;
	white->clients = clients;
	white->source_count = files->count + 1;
	for (size_t i = 0; i < white->source_count; i++)
		white->sources[i].content.set = (struct tp_wordset)TP_WORDSET_INIT;
	status = read_entries(white, err);
	for (size_t i = 0; !status && i < files->count; i++)
		status = read_file(white, &white->sources[i + 1], files->list[i], err);
	if (status)
		tp_white_free(white);
	else
		*out = white;
	return status;
}

void tp_white_free(struct tp_white *white)
{
	if (!white)
		return;
	for (size_t i = 0; i < white->source_count; i++)
		tp_wordset_release(&white->sources[i].content.set);
	free(white->sources);
	free(white);
}

enum tp_status tp_white_refresh(struct tp_white *white, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < white->files->count; i++) {
		struct source *source = &white->sources[i + 1];
		struct seen now = look_at(white->files->list[i]);

		if (!same(&now, &source->seen))
			status = read_file(white, source, white->files->list[i], err);
	}
	return status;
}

/* --- asking ---------------------------------------------------------------------------------- */

static bool holds_anybody(const struct tp_white *white)
{
	for (size_t i = 0; i < white->source_count; i++)
		if (white->sources[i].content.set.count)
			return true;
	return false;
}

static bool content_has_ip(const struct content *content, const struct in6_addr *address)
{
	unsigned char word[18];
	/* A network of IPv6 addresses (`::/0`) holds no IPv4 ones, whatever their shape in here. */
	int from = tp_ip_is_v4(address) ? TP_IP_V4_BITS : 0;

	for (int bits = from; content->set.count && bits <= 128; bits++)
		if (content->bits[bits] &&
			tp_wordset_has(&content->set, word, network_word(address, bits, word)))
			return true;
	return false;
}

bool tp_white_has_ip(const struct tp_white *white, const struct in6_addr *address)
{
	for (size_t i = 0; i < white->source_count; i++)
		if (content_has_ip(&white->sources[i].content, address))
			return true;
	return false;
}

static bool has_tagged(const struct tp_white *white, enum tag tag, const char *text, size_t len)
{
	char small[512] = { (char)tag };

	/* Longer ones are no names that a list could hold. */
	if (len >= sizeof small)
		return false;
	memcpy(small + 1, text, len);
	for (size_t i = 0; i < white->source_count; i++)
		if (tp_wordset_has(&white->sources[i].content.set, small, len + 1))
			return true;
	return false;
}

static bool has_domain(const struct tp_white *white, const char *domain)
{
	if (!*domain)
		return false;
	if (has_tagged(white, DOMAIN, domain, strlen(domain)))
		return true;
	for (; domain; domain = strchr(domain, '.')) {
		domain += *domain == '.';
		if (has_tagged(white, BELOW, domain, strlen(domain)))
			return true;
	}
	return false;
}

bool tp_white_has_domain(const struct tp_white *white, const char *domain)
{
	struct tp_buf text = TP_BUF_INIT(1 << 16);
	bool has = holds_anybody(white) && tp_key_address(domain, &text) &&
		   has_domain(white, tp_buf_str(&text));

	tp_buf_release(&text);
	return has;
}

bool tp_white_has_address(const struct tp_white *white, const char *address)
{
	struct tp_buf text = TP_BUF_INIT(1 << 16);
	const char *at;
	bool has = false;

	if (holds_anybody(white) && tp_key_address(address, &text)) {
		at = strrchr(tp_buf_str(&text), '@');
		has = has_tagged(white, ADDRESS, tp_buf_str(&text), text.len) ||
		      (at && has_tagged(white, LOCAL, text.data, (size_t)(at + 1 - text.data))) ||
		      (at && has_domain(white, at + 1));
	}
	tp_buf_release(&text);
	return has;
}
