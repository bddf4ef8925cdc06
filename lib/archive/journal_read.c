/*
 * Reading journals: see journal.h. The file, its opening, and what stands in a record; journal_walk.c
 * goes from one record to the next.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/journal.h"
#include "archive/journal_form.h"
#include "base/crc32c.h"

#define WINDOW_MAX (TP_JOURNAL_FACTS_MAX + TP_JOURNAL_AHEAD)

/* --- opening ---------------------------------------------------------------------------------- */

enum tp_status tp_journal_fetch(struct tp_journal_reader *reader, uint64_t offset, size_t len,
	size_t ahead, const unsigned char **bytes, size_t *got, struct tp_error *err)
{
	uint64_t rest = offset < reader->size ? reader->size - offset : 0;
	uint64_t skip = offset - reader->window_at;
	size_t want = ahead > len ? ahead : len;

	if (len > rest)
		len = (size_t)rest;
	if (want > rest)
		want = (size_t)rest;
	if (offset < reader->window_at || skip + len > reader->window.len) {
		tp_buf_clear(&reader->window);
		reader->window_at = offset;
		skip = 0;
		if (!tp_buf_reserve(&reader->window, want))
			return tp_buf_status(&reader->window, "journal", err);
		while (reader->window.len < want) {
			ssize_t n = pread(reader->fd, reader->window.data + reader->window.len,
				want - reader->window.len, (off_t)(offset + reader->window.len));

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0 && reader->window.len >= skip + len)
				break; /* a bad sector ahead is its own affair */
			if (n < 0)
				return tp_fail_errno(err, TP_IO,
					"journal %08u, offset %llu: cannot read",
					reader->opening.number,
					(unsigned long long)(offset + reader->window.len));
			if (n == 0) { /* its writer took something back */
				reader->size = offset + reader->window.len;
				break;
			}
			tp_buf_grew(&reader->window, (size_t)n);
		}
	}
	*bytes = (const unsigned char *)tp_buf_str(&reader->window) + skip;
	*got = reader->window.len - skip < len ? reader->window.len - (size_t)skip : len;
	return TP_OK;
}

enum tp_status tp_journal_fetch_all(struct tp_journal_reader *reader, uint64_t offset, size_t len,
	size_t ahead, const unsigned char **bytes, struct tp_error *err)
{
	size_t got;
	enum tp_status status = tp_journal_fetch(reader, offset, len, ahead, bytes, &got, err);

	if (!status && got < len)
		status = tp_fail(err, TP_DATA, "journal %08u, offset %llu: the file ends too early",
			reader->opening.number, (unsigned long long)offset);
	return status;
}

void tp_journal_reader_resize(struct tp_journal_reader *reader, uint64_t size)
{
	reader->size = size;
	tp_buf_clear(&reader->window);
	memset(reader->heads, 0, sizeof reader->heads);
}

/* Reads the opening. A journal that was begun and has none yet is an empty one. */
static enum tp_status begin(struct tp_journal_reader *reader, struct tp_error *err)
{
	uint32_t number = reader->opening.number;
	const unsigned char *bytes;
	enum tp_status status;

	if (reader->size < TP_JOURNAL_OPENING) {
		reader->size = TP_JOURNAL_OPENING;
		return TP_OK;
	}
	status = tp_journal_fetch_all(reader, 0, TP_JOURNAL_OPENING, 0, &bytes, err);
	if (status)
		return status;
	if (!tp_journal_opening_read(bytes, &reader->opening))
		return tp_fail(err, TP_DATA,
			"journal %08u, offset 0: not the beginning of a journal we know", number);
	if (reader->opening.number != number)
		return tp_fail(err, TP_DATA, "journal %08u: is number %08u by its own words",
			number, reader->opening.number);
	if (reader->opening.sealed && reader->archive->has_key)
		reader->key = reader->archive->key;
	reader->begun = true;
	return TP_OK;
}

enum tp_status tp_journal_reader_init(struct tp_journal_reader *reader, struct tp_archive *archive,
	int fd, uint32_t number, struct tp_error *err)
{
	struct stat st;

	*reader = (struct tp_journal_reader){
		.archive = archive, .fd = fd, .opening.number = number, .at = TP_JOURNAL_OPENING
	};
	tp_buf_init(&reader->window, WINDOW_MAX);
	tp_buf_init(&reader->plain, WINDOW_MAX);
	tp_buf_init(&reader->skeleton, TP_JOURNAL_PIECE);
	if (fstat(fd, &st))
		return tp_fail_errno(err, TP_IO, "journal %08u", number);
	reader->size = (uint64_t)st.st_size;
	return begin(reader, err);
}

enum tp_status tp_journal_refresh(struct tp_journal_reader *reader, struct tp_error *err)
{
	struct stat st;

	if (fstat(reader->fd, &st))
		return tp_fail_errno(err, TP_IO, "journal %08u", reader->opening.number);
	if (reader->begun && (uint64_t)st.st_size == reader->size)
		return TP_OK;
	tp_journal_reader_resize(reader, (uint64_t)st.st_size);
	return reader->begun ? TP_OK : begin(reader, err);
}

void tp_journal_reader_release(struct tp_journal_reader *reader)
{
	tp_buf_release(&reader->window);
	if (reader->key && reader->plain.data)
		explicit_bzero(reader->plain.data, reader->plain.cap);
	tp_buf_release(&reader->plain);
	tp_buf_release(&reader->skeleton);
}

enum tp_status tp_journal_open(struct tp_archive *archive, uint32_t number,
	struct tp_journal_reader **out, struct tp_error *err)
{
	struct tp_journal_reader *reader = calloc(1, sizeof *reader);
	enum tp_status status;
	char name[TP_ARCHIVE_NAME];
	int fd;

	*out = NULL;
	if (!reader)
		return tp_fail(err, TP_NOMEM, "journal: out of memory");
	tp_archive_name("journal", number, name);
	fd = openat(archive->dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		free(reader);
		return tp_fail_errno(
			err, errno == ENOENT ? TP_NOINPUT : TP_IO, "journal %08u", number);
	}
	status = tp_journal_reader_init(reader, archive, fd, number, err);
	if (status) {
		tp_journal_close(reader);
		return status;
	}
	*out = reader;
	return TP_OK;
}

enum tp_status tp_journal_settle(struct tp_journal_reader *reader, struct tp_error *err)
{
	return fdatasync(reader->fd) ? tp_fail_errno(err, TP_IO, "journal %08u: cannot sync",
					       reader->opening.number)
				     : TP_OK;
}

void tp_journal_close(struct tp_journal_reader *reader)
{
	if (!reader)
		return;
	tp_journal_reader_release(reader);
	close(reader->fd);
	free(reader);
}

enum tp_status tp_journal_damaged(const struct tp_journal_reader *reader,
	const struct tp_journal_head *head, const char *what, struct tp_error *err)
{
	return tp_fail(err, TP_DATA, "journal %08u, offset %llu, %llu bytes, message %s: %s",
		reader->opening.number, (unsigned long long)head->offset,
		(unsigned long long)head->length, head->id, what);
}

/* --- records ---------------------------------------------------------------------------------- */

/* The plain bytes of a piece that may be sealed; borrowed. */
static enum tp_status open_piece(struct tp_journal_reader *reader,
	const struct tp_journal_head *head, uint64_t piece, const unsigned char **bytes,
	size_t *len, struct tp_error *err)
{
	struct tp_journal_about about;
	enum tp_status status;

	if (!reader->opening.sealed)
		return TP_OK;
	if (!reader->key)
		return tp_fail(err, TP_CONFIG, "journal %08u is encrypted: no key",
			reader->opening.number);
	about = tp_journal_about(&reader->opening, head->offset, piece);
	tp_buf_clear(&reader->plain);
	status = tp_cipher_open(
		reader->key, about.bytes, sizeof about.bytes, *bytes, *len, &reader->plain, err);
	if (status == TP_DATA)
		return tp_journal_damaged(
			reader, head, "not sealed with this key, or damaged", err);
	*bytes = (const unsigned char *)tp_buf_str(&reader->plain);
	*len = reader->plain.len;
	return status;
}

static enum tp_status read_facts(struct tp_journal_reader *reader,
	const struct tp_journal_head *head, struct tp_record *record, struct tp_split *split,
	struct tp_error *err)
{
	size_t len = (size_t)head->facts_bytes, record_len;
	const unsigned char *bytes;
	enum tp_status status;

	status = tp_journal_fetch_all(reader, head->offset + head->bytes, len, 0, &bytes, err);
	if (status)
		return status;
	if (tp_crc32c(tp_journal_crc_begin(&reader->opening), bytes, len) != head->facts_crc)
		return tp_journal_damaged(reader, head, "its record is damaged", err);
	status = open_piece(reader, head, 0, &bytes, &len, err);
	if (status)
		return status;
	if (len < 4 || tp_le_get32(bytes) > len - 4)
		return tp_journal_damaged(reader, head, "its record is damaged", err);
	record_len = tp_le_get32(bytes);
	if (record) {
		status = tp_record_decode(bytes + 4, record_len, record, err);
		record->stored_bytes = head->length;
	}
	if (!status && split) {
		status = tp_split_decode(bytes + 4 + record_len, len - 4 - record_len, split, err);
		if (status && record)
			tp_record_release(record);
	}
	if (status)
		tp_error_prefix(err, "journal %08u, offset %llu, %llu bytes, message %s",
			reader->opening.number, (unsigned long long)head->offset,
			(unsigned long long)head->length, head->id);
	return status;
}

enum tp_status tp_journal_next(struct tp_journal_reader *reader, struct tp_record *record,
	uint64_t *offset, uint64_t *torn, struct tp_error *err)
{
	struct tp_journal_head head;
	enum tp_status status;

	do {
		*offset = reader->at;
		status = tp_journal_next_head(reader, &head, torn, err);
	} while (!status && head.erased);
	if (!status && record)
		status = read_facts(reader, &head, record, NULL, err);
	return status;
}

enum tp_status tp_journal_read(struct tp_journal_reader *reader, uint64_t offset,
	struct tp_record *record, struct tp_split *split, struct tp_error *err)
{
	struct tp_journal_head head;
	enum tp_status status = tp_journal_head_at(reader, offset, &head, err);

	if (!status && head.erased)
		status = tp_fail(err, TP_NOTHING, "message %s was erased", head.id);
	if (!status)
		status = read_facts(reader, &head, record, split, err);
	return status;
}

/* One piece of the skeleton at *at, its end not beyond `end`: *crc goes on over it; borrowed. */
static enum tp_status next_piece(struct tp_journal_reader *reader,
	const struct tp_journal_head *head, uint64_t *at, uint64_t end, uint32_t *crc,
	const unsigned char **bytes, size_t *len, struct tp_error *err)
{
	enum tp_status status;

	if (end - *at < 4)
		return tp_journal_damaged(reader, head, "its content is damaged", err);
	status = tp_journal_fetch_all(reader, *at, 4, TP_JOURNAL_AHEAD, bytes, err);
	if (status)
		return status;
	*len = tp_le_get32(*bytes);
	if (*len > end - *at - 4)
		return tp_journal_damaged(reader, head, "its content is damaged", err);
	status = tp_journal_fetch_all(reader, *at, 4 + *len, TP_JOURNAL_AHEAD, bytes, err);
	if (status)
		return status;
	*crc = tp_crc32c(*crc, *bytes, 4 + *len);
	*bytes += 4;
	*at += 4 + *len;
	return TP_OK;
}

/* Whether the checksum is the one that the tail names; zeros stand between it and the pieces. */
static enum tp_status check_content(struct tp_journal_reader *reader,
	const struct tp_journal_head *head, uint64_t end, uint32_t crc, struct tp_error *err)
{
	static const unsigned char zeros[8];
	size_t padding = (size_t)(head->offset + head->length - TP_JOURNAL_TAIL - end);
	uint32_t said;
	enum tp_status status = tp_journal_check_tail(reader, head, &said, err);

	if (!status && tp_crc32c(crc, zeros, padding) != said)
		status = tp_journal_damaged(reader, head, "its content is damaged", err);
	return status;
}

static enum tp_status give_piece(struct tp_journal_reader *reader,
	const struct tp_journal_head *head, uint64_t piece, const unsigned char *bytes, size_t len,
	tp_press_sink *sink, void *context, struct tp_error *err)
{
	enum tp_status status = open_piece(reader, head, piece, &bytes, &len, err);

	if (status)
		return status;
	tp_buf_clear(&reader->skeleton);
	status = tp_unpress(bytes, len, &reader->skeleton, err);
	if (status == TP_DATA || status == TP_LIMIT)
		return tp_journal_damaged(reader, head, "its content is damaged", err);
	if (status)
		return status;
	return sink(context, tp_buf_str(&reader->skeleton), reader->skeleton.len, err);
}

enum tp_status tp_journal_skeleton(struct tp_journal_reader *reader, uint64_t offset,
	tp_press_sink *sink, void *context, struct tp_error *err)
{
	struct tp_journal_head head;
	enum tp_status status = tp_journal_head_at(reader, offset, &head, err);
	uint32_t crc = tp_journal_crc_begin(&reader->opening);
	const unsigned char *bytes;
	uint64_t at, end;
	size_t len = 0;

	if (!status && head.erased)
		return tp_fail(err, TP_NOTHING, "message %s was erased", head.id);
	if (status)
		return status;
	at = offset + head.bytes + head.facts_bytes;
	end = at + head.pieces_bytes;
	for (uint64_t piece = 1; !status && at < end; piece++) {
		status = next_piece(reader, &head, &at, end, &crc, &bytes, &len, err);
		if (!status)
			status = give_piece(reader, &head, piece, bytes, len, sink, context, err);
	}
	return status ? status : check_content(reader, &head, end, crc, err);
}
