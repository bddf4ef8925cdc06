/*
 * The list of what a disc holds, from any bytes. What begins as such a file does gets its checksums put
 * right, so that damage gets past them; anything else is taken for the plain bytes of a group, with the
 * number of its mails before them, and a file is made of it. What can be read has as many mails as it
 * says, and a group that is read whole is the one that these mails make.
 */
#include "fuzz-disc.h"

#include "archive/press.h"
#include "archive/wire.h"
#include "disc/contents_form.h"

#define LIST "disc/00000001.tpd"

/* --- a file ----------------------------------------------------------------------------------- */

static void put_right(unsigned char *bytes, size_t len)
{
	uint64_t pieces_at = tp_le_get64(bytes + 24);

	memcpy(bytes, TP_CONTENTS_MAGIC, 8);
	if (pieces_at > len)
		tp_le_put64(bytes + 24, pieces_at = len);
	tp_le_put32(bytes + 16, (uint32_t)((len - pieces_at) / TP_SHA256_BYTES));
	for (uint64_t at = TP_CONTENTS_HEADER; at + TP_CONTENTS_GROUP_HEAD < pieces_at;) {
		unsigned char *head = bytes + at;
		uint32_t stored = tp_le_get32(head);

		at += TP_CONTENTS_GROUP_HEAD;
		if (stored > pieces_at - at)
			break;
		tp_le_put32(head + 8, tp_crc32c(0, bytes + at, stored));
		at += stored;
	}
	tp_le_put32(bytes + 64, tp_crc32c(0, bytes + pieces_at, len - (size_t)pieces_at));
	tp_le_put32(bytes + 68, tp_crc32c(0, bytes, 68));
}

/* A whole file of one group, without pieces; false: the group is too large for one. */
static bool make_list(const unsigned char *plain, size_t len, uint32_t mails, struct tp_buf *list)
{
	unsigned char head[TP_CONTENTS_HEADER + TP_CONTENTS_GROUP_HEAD] = { 0 };
	struct tp_buf frame = TP_BUF_INIT(TP_CONTENTS_PLAIN_MAX);
	bool made = !tp_press(plain, len, 1, &frame, NULL);

	if (made) {
		tp_le_put32(head + 20, mails);
		tp_le_put64(head + 24, sizeof head + frame.len);
		tp_le_put32(head + TP_CONTENTS_HEADER, (uint32_t)frame.len);
		tp_le_put32(head + TP_CONTENTS_HEADER + 4, mails);
		tp_buf_add(list, head, sizeof head);
		tp_buf_add(list, frame.data, frame.len);
	}
	tp_buf_release(&frame);
	return made;
}

/* --- reading it ------------------------------------------------------------------------------- */

struct seen {
	uint64_t count;
	struct tp_buf again; /* the plain bytes of what was read */
};

static enum tp_status see(
	void *context, uint64_t i, const struct tp_disc_mail *mail, struct tp_error *err)
{
	struct seen *seen = context;

	MUST(i == seen->count++);
	MUST(!mail->id[TP_ID_LEN]);
	tp_buf_add(&seen->again, mail->id, TP_ID_LEN);
	tp_wire_put(&seen->again, mail->sector);
	tp_wire_put(&seen->again, mail->sectors);
	tp_wire_put(&seen->again, mail->size_bytes);
	tp_wire_put_text(&seen->again, mail->path, strlen(mail->path));
	return TP_OK;
}

/* The facts that the ledger would have of it: those of the header. */
static void read_list(const unsigned char *header, struct seen *seen, enum tp_status *status)
{
	struct tp_disc disc = { .number = 1, .mails = tp_le_get32(header + 20) };
	struct tp_contents *contents;
	size_t pieces;

	memcpy(disc.serial, header + 8, TP_SERIAL_LEN);
	memcpy(disc.image, header + 32, TP_SHA256_BYTES);
	*status = tp_contents_open(&archive, &disc, &contents, NULL);
	if (*status)
		return;
	tp_contents_pieces(contents, &pieces);
	*status = tp_contents_walk(contents, see, seen, NULL);
	MUST(*status || seen->count == disc.mails);
	for (uint64_t i = 0; !*status && i < 2; i++) {
		struct tp_buf path = TP_BUF_INIT(TP_CONTENTS_PLAIN_MAX);

		MUST(!tp_contents_path(contents, i, &path, NULL) == (i < seen->count));
		tp_buf_release(&path);
	}
	tp_contents_close(contents);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct tp_buf list = TP_BUF_INIT(2 * TP_CONTENTS_PLAIN_MAX);
	struct seen seen = { 0, TP_BUF_INIT(2 * TP_CONTENTS_PLAIN_MAX) };
	bool is_group = len < TP_CONTENTS_HEADER || memcmp(bytes, TP_CONTENTS_MAGIC, 6) != 0;
	enum tp_status status;

	if (is_group ? len && make_list(bytes + 1, len - 1, bytes[0], &list)
		     : tp_buf_add(&list, bytes, len)) {
		put_right((unsigned char *)list.data, list.len);
		write_disc_file(LIST, list.data, list.len);
		read_list((const unsigned char *)list.data, &seen, &status);
		MUST(!is_group || status ||
			(seen.again.len == len - 1 &&
				!memcmp(tp_buf_str(&seen.again), bytes + 1, len - 1)));
	}
	tp_buf_release(&list);
	tp_buf_release(&seen.again);
	return 0;
}
