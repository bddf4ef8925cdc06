/*
 * One record into a journal. A skeleton of up to 1 MiB, as nearly all are, is made in memory and
 * written by one call. A larger one is pressed twice, first to learn how long it gets, for the length
 * stands in the head and the head must come first; so neither memory nor room in $TMPDIR grows with
 * the mail.
 */
#include "archive/journal_write.h"

#include <errno.h>
#include <unistd.h>

#include "archive/press.h"
#include "base/crc32c.h"

#define LEVEL 1 /* sealing presses again, and harder */

/* --- the skeleton: the message without its holes ---------------------------------------------- */

struct skeleton {
	const struct tp_split *split;
	const char *data;
	size_t len, at; /* at: of the message */
	size_t hole;    /* the next one */
};

/* The next piece, of at most TP_JOURNAL_PIECE bytes: borrowed from the message when it has no hole in
 * it, else put together in `plain`. False at the end. */
static bool next_piece(struct skeleton *from, struct tp_buf *plain, const char **bytes, size_t *len)
{
	tp_buf_clear(plain);
	*len = 0;
	while (*len < TP_JOURNAL_PIECE) {
		const struct tp_hole *hole =
			from->hole < from->split->count ? &from->split->holes[from->hole] : NULL;
		size_t run = (hole ? hole->range.begin : from->len) - from->at;
		size_t room = TP_JOURNAL_PIECE - *len;

		if (!*len)
			*bytes = from->data + from->at;
		else if (run && !plain->len)
			tp_buf_add(plain, *bytes, *len);
		run = run < room ? run : room;
		if (*len && run)
			tp_buf_add(plain, from->data + from->at, run);
		*len += run;
		from->at += run;
		if (!hole && from->at == from->len)
			break;
		if (hole && from->at == hole->range.begin) {
			from->at = hole->range.end;
			from->hole++;
		}
	}
	if (plain->len)
		*bytes = plain->data;
	return *len > 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

struct writer {
	struct tp_journal *journal;
	struct tp_journal_head *head;
	uint64_t at; /* in the file: where journal->out goes */
	uint32_t crc;
	bool dry; /* only to learn the length */
};

static enum tp_status flush(struct writer *writer, struct tp_error *err)
{
	struct tp_buf *out = &writer->journal->out;
	size_t done = 0;
	enum tp_status status = tp_buf_status(out, "journal", err);

	while (!status && done < out->len) {
		ssize_t n = pwrite(writer->journal->reader.fd, out->data + done, out->len - done,
			(off_t)(writer->at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return tp_fail_errno(
				err, TP_IO, "journal %08u: cannot write", writer->journal->number);
		done += (size_t)n;
	}
	writer->at += done;
	tp_buf_clear(out);
	return status;
}

/* Seals *bytes into `to` when the archive has a key, else leaves them where they are. */
static enum tp_status seal(struct writer *writer, uint64_t piece, struct tp_buf *to,
	const char **bytes, size_t *len, struct tp_error *err)
{
	const struct tp_journal_opening *opening = &writer->journal->reader.opening;
	struct tp_journal_about about;
	enum tp_status status;

	if (!opening->sealed)
		return TP_OK;
	about = tp_journal_about(opening, writer->head->offset, piece);
	tp_buf_clear(to);
	status = tp_cipher_seal(writer->journal->archive->key, about.bytes, sizeof about.bytes,
		*bytes, *len, to, err);
	*bytes = tp_buf_str(to);
	*len = to->len;
	return status;
}

/* Presses one piece and appends it to journal->out. */
static enum tp_status add_piece(
	struct writer *writer, uint64_t piece, const char *bytes, size_t len, struct tp_error *err)
{
	struct tp_journal *journal = writer->journal;
	unsigned char length[4];
	enum tp_status status;

	tp_buf_clear(&journal->frame);
	status = tp_press(bytes, len, LEVEL, &journal->frame, err);
	bytes = tp_buf_str(&journal->frame);
	len = journal->frame.len;
	if (!status)
		status = seal(writer, piece, &journal->plain, &bytes, &len, err);
	if (status)
		return status;
	writer->head->pieces_bytes += 4 + len;
	if (writer->dry)
		return TP_OK;
	tp_le_put32(length, (uint32_t)len);
	writer->crc = tp_crc32c(tp_crc32c(writer->crc, length, 4), bytes, len);
	tp_buf_add(&journal->out, length, 4);
	tp_buf_add(&journal->out, bytes, len);
	return tp_buf_status(&journal->out, "journal", err);
}

static enum tp_status add_pieces(struct writer *writer, const struct tp_split *split,
	const char *data, size_t len, struct tp_error *err)
{
	struct skeleton from = { .split = split, .data = data, .len = len };
	enum tp_status status = TP_OK;
	const char *bytes;
	size_t n;

	writer->head->pieces_bytes = 0;
	for (uint64_t piece = 1; !status && next_piece(&from, &writer->journal->plain, &bytes, &n);
		piece++) {
		if (piece > 1 && writer->journal->out.len >= TP_JOURNAL_PIECE)
			status = flush(writer, err);
		if (!status)
			status = add_piece(writer, piece, bytes, n, err);
	}
	return status;
}

/* What stands between the head and the skeleton. */
static enum tp_status make_facts(struct writer *writer, const struct tp_record *record,
	const struct tp_split *split, struct tp_error *err)
{
	struct tp_journal *journal = writer->journal;
	struct tp_buf *facts = &journal->facts;
	unsigned char length[4] = { 0 };
	enum tp_status status;
	const char *bytes;
	size_t len;

	tp_buf_clear(facts);
	tp_buf_add(facts, length, 4);
	tp_record_encode(record, facts);
	if (!facts->status)
		tp_le_put32((unsigned char *)facts->data, (uint32_t)(facts->len - 4));
	tp_split_encode(split, facts);
	status = tp_buf_status(facts, "record", err);
	if (status)
		return status;
	bytes = facts->data;
	len = facts->len;
	status = seal(writer, 0, &journal->plain, &bytes, &len, err);
	if (status)
		return status;
	if (bytes != facts->data) {
		tp_buf_clear(facts);
		tp_buf_add(facts, bytes, len);
	}
	writer->head->facts_bytes = len;
	writer->head->facts_crc =
		tp_crc32c(tp_journal_crc_begin(&journal->reader.opening), facts->data, len);
	return tp_buf_status(facts, "record", err);
}

/* The head's bytes, its lengths being known. */
static void write_head(struct writer *writer, unsigned char *bytes)
{
	struct tp_journal_head *head = writer->head;

	head->length = (head->bytes + head->facts_bytes + head->pieces_bytes + 7) / 8 * 8 +
		       TP_JOURNAL_TAIL;
	tp_journal_head_write(head, &writer->journal->reader.opening, bytes);
}

static enum tp_status add_tail(struct writer *writer, struct tp_error *err)
{
	static const unsigned char zeros[8];
	const struct tp_journal_head *head = writer->head;
	size_t padding = (size_t)(head->length - TP_JOURNAL_TAIL - head->bytes - head->facts_bytes -
				  head->pieces_bytes);
	unsigned char tail[TP_JOURNAL_TAIL];
	struct tp_buf *out = &writer->journal->out;

	tp_journal_tail_write(tp_crc32c(writer->crc, zeros, padding), head->length, tail);
	tp_buf_add(out, zeros, padding);
	tp_buf_add(out, tail, sizeof tail);
	return tp_buf_status(out, "journal", err);
}

/* In memory, then by one write. */
static enum tp_status write_small(struct writer *writer, const struct tp_split *split,
	const char *data, size_t len, struct tp_error *err)
{
	struct tp_buf *out = &writer->journal->out;
	char *head = tp_buf_reserve(out, writer->head->bytes);
	enum tp_status status;

	if (head)
		tp_buf_grew(out, writer->head->bytes);
	tp_buf_add(out, tp_buf_str(&writer->journal->facts), writer->journal->facts.len);
	status = tp_buf_status(out, "journal", err);
	if (!status)
		status = add_pieces(writer, split, data, len, err);
	if (status)
		return status;
	write_head(writer, (unsigned char *)out->data);
	status = add_tail(writer, err);
	return status ? status : flush(writer, err);
}

static enum tp_status write_large(struct writer *writer, const struct tp_split *split,
	const char *data, size_t len, struct tp_error *err)
{
	unsigned char head[TP_JOURNAL_HEAD_MAX];
	struct tp_journal *journal = writer->journal;
	enum tp_status status;
	uint64_t foretold;

	writer->dry = true;
	status = add_pieces(writer, split, data, len, err);
	writer->dry = false;
	if (status)
		return status;
	foretold = writer->head->pieces_bytes;
	write_head(writer, head);
	tp_buf_add(&journal->out, head, writer->head->bytes);
	tp_buf_add(&journal->out, tp_buf_str(&journal->facts), journal->facts.len);
	status = tp_buf_status(&journal->out, "journal", err);
	if (!status)
		status = add_pieces(writer, split, data, len, err);
	if (!status && writer->head->pieces_bytes != foretold)
		status = tp_fail(err, TP_INTERNAL, "journal: a mail was pressed in two ways");
	if (!status)
		status = add_tail(writer, err);
	return status ? status : flush(writer, err);
}

enum tp_status tp_journal_write_record(struct tp_journal *journal, struct tp_journal_head *head,
	const struct tp_record *record, const struct tp_split *split, const char *data, size_t len,
	struct tp_error *err)
{
	struct writer writer = { .journal = journal,
		.head = head,
		.at = head->offset,
		.crc = tp_journal_crc_begin(&journal->reader.opening) };
	enum tp_status status;

	tp_buf_clear(&journal->out);
	status = make_facts(&writer, record, split, err);
	if (status)
		return status;
	return split->skeleton_bytes <= TP_JOURNAL_PIECE
		       ? write_small(&writer, split, data, len, err)
		       : write_large(&writer, split, data, len, err);
}
