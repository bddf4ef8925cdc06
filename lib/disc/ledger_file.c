/* The facts of a disc as a file: see ledger_file.h. */
#include "disc/ledger_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/json.h"

#define FILE_MAX ((size_t)64 << 10)
#define MOST     UINT32_MAX /* mails, sectors: what is allocated for them can be reckoned */

const char *const tp_disc_words[TP_DISC_STEPS] = { [TP_DISC_MADE] = "made",
	[TP_DISC_BURNT] = "burnt",
	[TP_DISC_VERIFIED] = "verified",
	[TP_DISC_SHIPPED] = "shipped",
	[TP_DISC_RECEIVED] = "received",
	[TP_DISC_LOST] = "lost" };

int64_t tp_ledger_now(void)
{
	int64_t now = tp_now();

	return now > TP_LEDGER_EARLIEST ? now : TP_LEDGER_EARLIEST;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
	const struct tp_json *doc;
	bool nomem; /* why something was not there */
};

static bool get_text(struct reading *r, const char *name, char *text, size_t room)
{
	struct tp_buf value = TP_BUF_INIT(1024);
	bool good;
	char pointer[32];

	snprintf(pointer, sizeof pointer, "/%s", name);
	good = tp_json_get(r->doc, pointer, &value) && value.len < room;
	if (good)
		memcpy(text, tp_buf_str(&value), value.len + 1);
	r->nomem = r->nomem || value.status == TP_NOMEM;
	tp_buf_release(&value);
	return good;
}

static bool get_int(struct reading *r, const char *name, int64_t *number)
{
	char text[32], *end;

	if (!get_text(r, name, text, sizeof text))
		return false;
	errno = 0;
	*number = strtoll(text, &end, 10);
	return !errno && end > text && !*end;
}

static bool get_time(struct reading *r, const char *name, int64_t *seconds)
{
	return get_int(r, name, seconds) && (!*seconds || *seconds >= TP_LEDGER_EARLIEST);
}

/* Ledgers of before there were bad discs have neither of the two; with one of them alone, or with one that
 * is no number, it is damaged. */
static bool get_bad(struct reading *r, struct tp_disc *disc)
{
	int64_t device = 0;
	bool has_time = get_time(r, "bad", &disc->bad_at);
	bool has_device = get_int(r, "bad_device", &device);

	disc->bad_device = device == 1;
	return has_time == has_device && !r->nomem && (device == 0 || device == 1);
}

static bool get_count(struct reading *r, const char *name, uint64_t *count)
{
	int64_t number;

	if (!get_int(r, name, &number) || number < 0)
		return false;
	*count = (uint64_t)number;
	return true;
}

static bool get_hash(struct reading *r, const char *name, unsigned char hash[TP_SHA256_BYTES])
{
	char text[TP_SHA256_HEX];

	return get_text(r, name, text, sizeof text) && tp_unhex(text, hash, TP_SHA256_BYTES);
}

static bool get_disc(struct reading *r, struct tp_disc *disc)
{
	char serial[16];
	int64_t number;
	bool good =
		get_int(r, "number", &number) && number == disc->number && get_bad(r, disc) &&
		get_text(r, "serial", serial, sizeof serial) &&
		tp_serial_normalize(serial, disc->serial) &&
		get_text(r, "medium", disc->medium, sizeof disc->medium) &&
		get_count(r, "sectors", &disc->sectors) && get_count(r, "mails", &disc->mails) &&
		get_count(r, "bytes", &disc->bytes) && get_int(r, "first_ms", &disc->first_ms) &&
		get_int(r, "last_ms", &disc->last_ms) && get_hash(r, "content", disc->content) &&
		get_hash(r, "image", disc->image) && get_time(r, "left", &disc->left_at) &&
		disc->sectors <= MOST && disc->mails <= MOST;

	for (int step = 0; good && step < TP_DISC_STEPS; step++)
		good = get_time(r, tp_disc_words[step], &disc->when[step]);
	return good && disc->when[TP_DISC_MADE];
}

bool tp_ledger_is_damage(enum tp_status status)
{
	return status == TP_DATA || status == TP_LIMIT || status == TP_IO;
}

enum tp_status tp_ledger_read(
	struct tp_archive *archive, uint32_t number, struct tp_disc *disc, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(FILE_MAX);
	struct reading r = { NULL, false };
	struct tp_json *doc = NULL;
	char name[TP_ARCHIVE_NAME];
	enum tp_status status;

	*disc = (struct tp_disc){ .number = number };
	tp_archive_name("disc", number, name);
	if (faccessat(archive->dir, name, F_OK, 0) && errno == ENOENT)
		return tp_fail(err, TP_NOTHING, "there is no disc %u", number);
	status = tp_archive_file_read(archive, name, &text, err);
	if (!status)
		status = tp_json_parse(tp_buf_str(&text), text.len, &doc, err);
	r.doc = doc;
	if (!status && !get_disc(&r, disc))
		status = r.nomem ? tp_fail(err, TP_NOMEM, "ledger: out of memory")
				 : tp_fail(err, TP_DATA, "not what we write");
	if ((status == TP_DATA || status == TP_LIMIT) && err) {
		struct tp_error why = *err;

		status = tp_fail(err, TP_DATA,
			"%s/%s: damaged: %s; take it from a copy of the archive (archive-check(1))",
			archive->path, name, why.text);
	}
	tp_json_free(doc);
	tp_buf_release(&text);
	return status;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void put_hash(struct tp_buf *out, const char *name, const unsigned char *hash)
{
	char hex[TP_SHA256_HEX];

	tp_hex(hash, TP_SHA256_BYTES, hex);
	tp_json_pair(out, name, hex);
}

static void put_disc(const struct tp_disc *disc, struct tp_buf *out)
{
	tp_buf_addc(out, '{');
	tp_json_pair_int(out, "number", disc->number);
	tp_json_pair(out, "serial", disc->serial);
	tp_json_pair(out, "medium", disc->medium);
	tp_json_pair_int(out, "sectors", (int64_t)disc->sectors);
	tp_json_pair_int(out, "mails", (int64_t)disc->mails);
	tp_json_pair_int(out, "bytes", (int64_t)disc->bytes);
	tp_json_pair_int(out, "first_ms", disc->first_ms);
	tp_json_pair_int(out, "last_ms", disc->last_ms);
	put_hash(out, "content", disc->content);
	put_hash(out, "image", disc->image);
	for (int step = 0; step < TP_DISC_STEPS; step++)
		tp_json_pair_int(out, tp_disc_words[step], disc->when[step]);
	tp_json_pair_int(out, "left", disc->left_at);
	tp_json_pair_int(out, "bad", disc->bad_at);
	tp_json_pair_int(out, "bad_device", disc->bad_device);
	tp_buf_adds(out, "}\n");
}

enum tp_status tp_ledger_write(
	struct tp_archive *archive, const struct tp_disc *disc, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(FILE_MAX);
	char name[TP_ARCHIVE_NAME];
	enum tp_status status;

	tp_archive_name("disc", disc->number, name);
	put_disc(disc, &text);
	status = tp_archive_file_replace(archive, name, &text, err);
	tp_buf_release(&text);
	return status;
}
