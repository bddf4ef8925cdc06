/*
 * What is known of each mail, in an unlinked file: lengths, record, name. Records are asked for in order of
 * arrival, and again when the disc turns out to be full; packs give them quickly in their own order,
 * once.
 */
#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "disc/source_parts.h"

#define UNIT          16 /* of places, so that 32 bits say where */
#define PENDING_BYTES ((size_t)64 << 10)
#define FIRST_READ    2048 /* most are shorter */
#define ROW_BYTES     ((size_t)64 << 10)
#define FACTS_MAX     ((size_t)64 << 20)

struct facts {
	uint32_t record_bytes, name_bytes;
	uint64_t begin; /* in the mbox file */
};

static enum tp_status flush(struct tp_source *source, struct tp_error *err)
{
	enum tp_status status = tp_write_all(source->facts, tp_buf_str(&source->pending),
		source->pending.len, "temporary file", err);

	tp_buf_clear(&source->pending);
	return status;
}

static enum tp_status begin_file(struct tp_source *source, struct tp_error *err)
{
	if (source->facts >= 0)
		return TP_OK;
	tp_buf_init(&source->pending, FACTS_MAX * 2);
	return tp_tmpfile(&source->facts, err);
}

enum tp_status tp_source_keep(struct tp_source *source, const struct tp_record *record,
	const char *name, uint64_t begin, uint32_t *at, struct tp_error *err)
{
	struct facts facts = { .name_bytes = (uint32_t)strlen(name), .begin = begin };
	struct tp_buf *out = &source->pending;
	enum tp_status status = begin_file(source, err);
	size_t where = out->len;

	if (status)
		return status;
	tp_buf_add(out, &facts, sizeof facts);
	tp_record_encode(record, out);
	facts.record_bytes = (uint32_t)(out->len - where - sizeof facts);
	tp_buf_add(out, name, facts.name_bytes);
	while (!out->status && (out->len - where) % UNIT)
		tp_buf_addc(out, '\0');
	status = tp_buf_status(out, "mails", err);
	if (status)
		return status;
	memcpy(out->data + where, &facts, sizeof facts);
	if (source->facts_bytes / UNIT > UINT32_MAX || out->len - where > FACTS_MAX)
		return tp_fail(err, TP_LIMIT, "mails: too much is known of them");
	*at = (uint32_t)(source->facts_bytes / UNIT);
	source->facts_bytes += out->len - where;
	return out->len > PENDING_BYTES ? flush(source, err) : TP_OK;
}

/* Makes the bytes from `at` on readable at *bytes: `len` of them, or as many as there are, but not less than
 * `least`. Records of one pack stand in order of arrival, so that who goes on where the last one ended
 * will want more: then much is read at once. */
static enum tp_status read_at(struct tp_source *source, uint64_t at, size_t len, size_t least,
	const char **bytes, size_t *there, struct tp_error *err)
{
	struct tp_buf *read = &source->facts_read;
	uint64_t end = source->facts_at + read->len;
	bool goes_on = at >= source->facts_at && at <= end;
	char *to;
	ssize_t n;

	if (!goes_on || end - at < len) {
		if (goes_on && len < ROW_BYTES)
			len = ROW_BYTES;
		tp_buf_clear(read);
		read->max = FACTS_MAX * 2;
		source->facts_at = at;
		to = tp_buf_reserve(read, len);
		if (!to)
			return tp_buf_status(read, "mails", err);
		do
			n = pread(source->facts, to, len, (off_t)at);
		while (n < 0 && errno == EINTR);
		if (n < (ssize_t)least) {
			errno = n < 0 ? errno : EIO;
			return tp_fail_errno(err, TP_IO, "temporary file: cannot read");
		}
		tp_buf_grew(read, (size_t)n);
	}
	*bytes = read->data + (at - source->facts_at);
	*there = read->len - (size_t)(at - source->facts_at);
	return TP_OK;
}

enum tp_status tp_source_recall(struct tp_source *source, const struct tp_source_mail *mail,
	struct tp_record *record, struct tp_buf *name, uint64_t *begin, struct tp_error *err)
{
	uint64_t at = (uint64_t)mail->facts * UNIT;
	struct facts facts;
	const char *bytes = NULL;
	size_t want, there;
	enum tp_status status = source->pending.len ? flush(source, err) : TP_OK;

	if (!status)
		status = read_at(source, at, FIRST_READ, sizeof facts, &bytes, &there, err);
	if (status)
		return status;
	memcpy(&facts, bytes, sizeof facts);
	want = sizeof facts + facts.record_bytes + facts.name_bytes;
	if (there < want)
		status = read_at(source, at, want, want, &bytes, &there, err);
	if (!status)
		status = tp_record_decode(bytes + sizeof facts, facts.record_bytes, record, err);
	if (!status && name) {
		tp_buf_add(name, bytes + sizeof facts + facts.record_bytes, facts.name_bytes);
		tp_buf_addc(name, '\0');
		status = tp_buf_status(name, "name of a file", err);
	}
	if (begin)
		*begin = facts.begin;
	return status;
}
