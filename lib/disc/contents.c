/* Reading what a disc holds: see contents.h. Nothing that is read is trusted: no count and no length that
 * is not possible in a file as long as this one is, before anything is allocated for it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/press.h"
#include "archive/wire.h"
#include "base/file.h"
#include "disc/contents_form.h"

struct tp_contents {
	struct tp_archive *archive;
	char name[64];
	int fd;
	struct tp_contents_header header;
	unsigned char *pieces;
};

static enum tp_status damaged(const struct tp_contents *c, const char *why, struct tp_error *err)
{
	return tp_fail(err, TP_DATA, "%s/%s: %s", c->archive->path, c->name, why);
}

static enum tp_status read_at(
	const struct tp_contents *c, void *bytes, size_t len, uint64_t at, struct tp_error *err)
{
	ssize_t n = tp_pread_all(c->fd, bytes, len, at);

	if (n < 0)
		return tp_fail_errno(err, TP_IO, "%s/%s: cannot read", c->archive->path, c->name);
	return n == (ssize_t)len ? TP_OK : damaged(c, "it ends too early", err);
}

/* --- opening ---------------------------------------------------------------------------------- */

static enum tp_status read_header(struct tp_contents *c, struct tp_error *err)
{
	unsigned char bytes[TP_CONTENTS_HEADER];
	struct tp_contents_header *h = &c->header;
	enum tp_status status = read_at(c, bytes, sizeof bytes, 0, err);
	struct stat st;

	if (status)
		return status;
	if (memcmp(bytes, TP_CONTENTS_MAGIC, 8) ||
		tp_le_get32(bytes + 68) != tp_crc32c(0, bytes, 68))
		return damaged(c, "damaged", err);
	memcpy(h->serial, bytes + 8, TP_SERIAL_LEN);
	h->sealed = bytes[14] & TP_CONTENTS_SEALED;
	h->pieces = tp_le_get32(bytes + 16);
	h->mails = tp_le_get32(bytes + 20);
	h->pieces_at = tp_le_get64(bytes + 24);
	memcpy(h->image, bytes + 32, TP_SHA256_BYTES);
	h->crc = tp_le_get32(bytes + 64);
	if (fstat(c->fd, &st))
		return tp_fail_errno(err, TP_IO, "%s/%s: cannot read", c->archive->path, c->name);
	if (h->pieces_at < TP_CONTENTS_HEADER || h->pieces_at > (uint64_t)st.st_size)
		return damaged(c, "damaged", err);
	if ((uint64_t)h->pieces * TP_SHA256_BYTES != (uint64_t)st.st_size - h->pieces_at)
		return damaged(c, "not as long as it should be", err);
	return TP_OK;
}

static enum tp_status read_pieces(struct tp_contents *c, struct tp_error *err)
{
	size_t len = (size_t)c->header.pieces * TP_SHA256_BYTES;
	enum tp_status status;

	c->pieces = malloc(len + 1);
	if (!c->pieces)
		return tp_fail(err, TP_NOMEM, "disc: out of memory");
	status = read_at(c, c->pieces, len, c->header.pieces_at, err);
	if (!status && tp_crc32c(0, c->pieces, len) != c->header.crc)
		status = damaged(c, "damaged", err);
	return status;
}

static enum tp_status open_it(
	struct tp_contents *c, const struct tp_disc *disc, struct tp_error *err)
{
	enum tp_status status;

	c->fd = openat(c->archive->dir, c->name, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0)
		return tp_fail_errno(err, TP_NOINPUT, "%s/%s", c->archive->path, c->name);
	status = read_header(c, err);
	if (!status && c->header.sealed)
		status = tp_archive_need_key(c->archive, err);
	if (!status && (memcmp(c->header.serial, disc->serial, TP_SERIAL_LEN) ||
			       memcmp(c->header.image, disc->image, TP_SHA256_BYTES)))
		status = tp_fail(err, TP_DATA,
			"disc %s: its list is of another image; make the disc again", disc->serial);
	if (!status && c->header.mails != disc->mails)
		status = damaged(c, "its number of mails is not the ledger's", err);
	return status ? status : read_pieces(c, err);
}

enum tp_status tp_contents_open(struct tp_archive *archive, const struct tp_disc *disc,
	struct tp_contents **contents, struct tp_error *err)
{
	struct tp_contents *c = calloc(1, sizeof *c);
	enum tp_status status;

	*contents = NULL;
	if (!c)
		return tp_fail(err, TP_NOMEM, "disc: out of memory");
	c->archive = archive;
	tp_contents_name(disc->number, c->name);
	status = open_it(c, disc, err);
	if (status)
		tp_contents_close(c);
	else
		*contents = c;
	return status;
}

void tp_contents_close(struct tp_contents *contents)
{
	if (!contents)
		return;
	if (contents->fd >= 0)
		close(contents->fd);
	free(contents->pieces);
	free(contents);
}

const unsigned char *tp_contents_pieces(const struct tp_contents *contents, size_t *count)
{
	*count = contents->header.pieces;
	return contents->pieces;
}

/* --- mails ------------------------------------------------------------------------------------ */

/* A group in memory. */
struct group {
	uint32_t number, mails;
	uint64_t at; /* of the next one's head */
	struct tp_buf stored, frame, plain;
};

static enum tp_status open_group(const struct tp_contents *c, struct group *g, struct tp_error *err)
{
	struct tp_contents_about about = tp_contents_about(c->header.serial, g->number);
	const struct tp_buf *frame = &g->stored;
	enum tp_status status = TP_OK;

	if (c->header.sealed) {
		status = tp_cipher_open(c->archive->key, about.bytes, sizeof about.bytes,
			g->stored.data, g->stored.len, &g->frame, err);
		frame = &g->frame;
	}
	if (!status)
		status = tp_unpress(tp_buf_str(frame), frame->len, &g->plain, err);
	if (status == TP_DATA || status == TP_LIMIT)
		return damaged(c, "damaged", err);
	return status;
}

static enum tp_status read_group(const struct tp_contents *c, struct group *g, struct tp_error *err)
{
	unsigned char head[TP_CONTENTS_GROUP_HEAD];
	uint64_t left = c->header.pieces_at - g->at;
	enum tp_status status;
	uint32_t len;
	char *to;

	if (left < sizeof head)
		return damaged(c, "damaged", err);
	status = read_at(c, head, sizeof head, g->at, err);
	if (status)
		return status;
	tp_buf_clear(&g->stored);
	tp_buf_clear(&g->frame);
	tp_buf_clear(&g->plain);
	len = tp_le_get32(head);
	g->mails = tp_le_get32(head + 4);
	if (len > left - sizeof head || len > g->stored.max || !g->mails ||
		g->mails > TP_CONTENTS_GROUP)
		return damaged(c, "damaged", err);
	to = tp_buf_reserve(&g->stored, len);
	if (!to)
		return tp_buf_status(&g->stored, c->name, err);
	status = read_at(c, to, len, g->at + sizeof head, err);
	if (status)
		return status;
	tp_buf_grew(&g->stored, len);
	if (tp_crc32c(0, g->stored.data, len) != tp_le_get32(head + 8))
		return damaged(c, "damaged", err);
	g->at += sizeof head + len;
	return open_group(c, g, err);
}

static enum tp_status give_group(const struct tp_contents *c, const struct group *g, uint64_t first,
	tp_contents_each *each, void *context, struct tp_error *err)
{
	struct tp_wire wire = tp_wire_of(g->plain.data, g->plain.len);
	enum tp_status status = TP_OK;
	bool nomem = false;

	for (uint32_t i = 0; !status && i < g->mails; i++) {
		char id[TP_ID_LEN + 1] = "";
		const char *id_bytes = tp_wire_take(&wire, TP_ID_LEN);
		struct tp_disc_mail mail = { .id = id };
		char *path;

		if (id_bytes)
			memcpy(id, id_bytes, TP_ID_LEN);
		mail.sector = tp_wire_get(&wire);
		mail.sectors = tp_wire_get(&wire);
		mail.size_bytes = tp_wire_get(&wire);
		path = tp_wire_get_text(&wire, &nomem);
		mail.path = path;
		if (nomem)
			status = tp_fail(err, TP_NOMEM, "disc: out of memory");
		else if (wire.bad)
			status = damaged(c, "damaged", err);
		else
			status = each(context, first + i, &mail, err);
		free(path);
	}
	if (!status && wire.at < wire.end)
		status = damaged(c, "damaged", err);
	return status;
}

enum tp_status tp_contents_walk(
	struct tp_contents *contents, tp_contents_each *each, void *context, struct tp_error *err)
{
	struct group g = { .at = TP_CONTENTS_HEADER,
		.stored = TP_BUF_INIT(2 * TP_CONTENTS_PLAIN_MAX),
		.frame = TP_BUF_INIT(2 * TP_CONTENTS_PLAIN_MAX),
		.plain = TP_BUF_INIT(TP_CONTENTS_PLAIN_MAX) };
	enum tp_status status = TP_OK;
	uint64_t given = 0;

	for (; !status && g.at < contents->header.pieces_at; g.number++) {
		status = read_group(contents, &g, err);
		if (!status)
			status = give_group(contents, &g, given, each, context, err);
		given += g.mails;
	}
	if (!status && given != contents->header.mails)
		status = damaged(contents, "damaged", err);
	tp_buf_release(&g.stored);
	tp_buf_release(&g.frame);
	tp_buf_release(&g.plain);
	return status;
}

/* --- one mail --------------------------------------------------------------------------------- */

struct wanted {
	uint64_t i;
	struct tp_buf *path;
	bool found;
};

static enum tp_status look(
	void *context, uint64_t i, const struct tp_disc_mail *mail, struct tp_error *err)
{
	struct wanted *wanted = context;

	if (i != wanted->i)
		return TP_OK;
	wanted->found = true;
	tp_buf_adds(wanted->path, mail->path);
	return TP_NOTHING; /* enough */
}

enum tp_status tp_contents_path(
	struct tp_contents *contents, uint64_t i, struct tp_buf *path, struct tp_error *err)
{
	struct wanted wanted = { i, path, false };
	enum tp_status status = tp_contents_walk(contents, look, &wanted, err);

	if (wanted.found)
		return tp_buf_status(path, "path", err);
	return status ? status : tp_fail(err, TP_NOTHING, "no such mail on the disc");
}

bool tp_contents_serial(struct tp_archive *archive, uint32_t number, char serial[TP_SERIAL_LEN + 1])
{
	struct tp_contents c = { .archive = archive };
	bool good;

	tp_contents_name(number, c.name);
	c.fd = openat(archive->dir, c.name, O_RDONLY | O_CLOEXEC);
	if (c.fd < 0)
		return false;
	good = !read_header(&c, NULL);
	close(c.fd);
	snprintf(serial, TP_SERIAL_LEN + 1, "%.*s", TP_SERIAL_LEN, c.header.serial);
	return good && tp_serial_normalize(serial, serial);
}

enum tp_status tp_disc_where(struct tp_archive *archive, uint32_t number, uint64_t i,
	struct tp_disc *disc, struct tp_buf *path, struct tp_error *err)
{
	struct tp_contents *contents;
	enum tp_status status = tp_disc_get(archive, number, disc, err);

	if (status)
		return status;
	if (!tp_contents_open(archive, disc, &contents, NULL))
		tp_contents_path(contents, i, path, NULL);
	tp_contents_close(contents);
	return TP_OK;
}
