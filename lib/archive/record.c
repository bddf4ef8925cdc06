/*
 * Records and ids: see record.h. The bytes are
 *
 *   1 version, 1
 *   8 arrival, milliseconds, little-endian two's complement
 *   number size, number stored size, 32 SHA-256,
 *   text sender, text actor, text from, text to, text subject,
 *   number of recipients, and as many texts
 *
 * with numbers and texts as wire.h has them. The delivery's hash and the id are not among them: both
 * follow from the rest, no damage can make them disagree, and 48 bytes that no compression
 * shrinks would be a hundredth of what a mail costs.
 */
#include "archive/record.h"

#include "archive/wire.h"

#define VERSION 1

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

void tp_record_release(struct tp_record *record)
{
	free(record->sender);
	free(record->from);
	free(record->to);
	free(record->subject);
	free(record->actor);
	tp_strings_release(&record->rcpts);
	*record = (struct tp_record)TP_RECORD_INIT;
}

/* --- ids -------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* SHA-256 of the message's SHA-256, sender, NUL, and each recipient once, sorted, with its NUL. */
static enum tp_status hash_delivery(struct tp_record *record, struct tp_error *err)
{
	const char *sender = record->sender ? record->sender : "";
	size_t count = record->rcpts.count;
	struct tp_buf bytes = TP_BUF_INIT(SIZE_MAX / 2);
	char **sorted = NULL;
	enum tp_status status;

	if (count > 0) {
		sorted = calloc(count, sizeof *sorted);
		if (!sorted)
			return tp_fail(err, TP_NOMEM, "record: out of memory");
		memcpy(sorted, record->rcpts.list, count * sizeof *sorted);
		qsort(sorted, count, sizeof *sorted, compare);
	}
	tp_buf_add(&bytes, record->sha256, TP_SHA256_BYTES);
	tp_buf_add(&bytes, sender, strlen(sender) + 1);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(sorted[i - 1], sorted[i]))
			tp_buf_add(&bytes, sorted[i], strlen(sorted[i]) + 1);
	status = tp_buf_status(&bytes, "record", err);
	if (!status)
		status = tp_sha256(bytes.data, bytes.len, record->delivery, err);
	tp_buf_release(&bytes);
	free(sorted);
	return status;
}

/* 50 bits of time, 30 of hash. Times before 1970 or far beyond our lives stay at the end of the
 * range. */
void tp_id_make(int64_t arrival_ms, uint32_t tail, char id[TP_ID_LEN + 1])
{
	uint64_t time = arrival_ms < 0 ? 0 : (uint64_t)arrival_ms;

	if (time >> 50)
		time = (UINT64_C(1) << 50) - 1;
	for (int i = 0; i < 10; i++)
		id[i] = alphabet[time >> 5 * (9 - i) & 31];
	for (int i = 0; i < 6; i++)
		id[10 + i] = alphabet[tail >> (25 - 5 * i) & 31];
	id[TP_ID_LEN] = '\0';
}

static uint64_t read_digits(const char *id, int count)
{
	uint64_t number = 0;

	for (int i = 0; i < count; i++) {
		const char *digit = id[i] ? strchr(alphabet, id[i]) : NULL;

		number = number << 5 | (digit ? (uint64_t)(digit - alphabet) : 0);
	}
	return number;
}

uint32_t tp_id_tail(const char *id)
{
	return (uint32_t)read_digits(id + 10, 6);
}

int64_t tp_id_arrival(const char *id)
{
	return (int64_t)read_digits(id, 10);
}

static uint32_t tail_of(const unsigned char *hash)
{
	uint32_t first = (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 |
			 (uint32_t)hash[2] << 8 | hash[3];

	return first >> 2;
}

enum tp_status tp_record_identify(struct tp_record *record, struct tp_error *err)
{
	enum tp_status status = hash_delivery(record, err);

	if (!status)
		tp_id_make(record->arrival_ms, tail_of(record->delivery), record->id);
	return status;
}

bool tp_id_normalize(const char *text, char id[TP_ID_LEN + 1])
{
	size_t i = 0;

	for (; i < TP_ID_LEN && text[i]; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c == 'o')
			c = '0';
		else if (c == 'i' || c == 'l')
			c = '1';
		if (!strchr(alphabet, c))
			return false;
		id[i] = c;
	}
	id[i] = '\0';
	return i == TP_ID_LEN && !text[i];
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void put_text(struct tp_buf *out, const char *text)
{
	text = text ? text : "";
	tp_wire_put_text(out, text, strlen(text));
}

bool tp_record_encode(const struct tp_record *record, struct tp_buf *out)
{
	unsigned char arrival[8];

	for (int i = 0; i < 8; i++)
		arrival[i] = (unsigned char)((uint64_t)record->arrival_ms >> 8 * i);
	tp_buf_addc(out, VERSION);
	tp_buf_add(out, arrival, sizeof arrival);
	tp_wire_put(out, record->size_bytes);
	tp_wire_put(out, record->stored_bytes);
	tp_buf_add(out, record->sha256, TP_SHA256_BYTES);
	put_text(out, record->sender);
	put_text(out, record->actor);
	put_text(out, record->from);
	put_text(out, record->to);
	put_text(out, record->subject);
	tp_wire_put(out, record->rcpts.count);
	for (size_t i = 0; i < record->rcpts.count; i++)
		put_text(out, record->rcpts.list[i]);
	return !out->status;
}

static int64_t get_time(struct tp_wire *wire)
{
	const unsigned char *bytes = tp_wire_take(wire, 8);
	uint64_t time = 0;

	for (int i = 0; bytes && i < 8; i++)
		time |= (uint64_t)bytes[i] << 8 * i;
	return (int64_t)time;
}

/* A count of recipients costs nothing by itself: each takes a byte at least, or the end is there. */
static enum tp_status get_rcpts(
	struct tp_wire *wire, struct tp_strings *rcpts, bool *nomem, struct tp_error *err)
{
	uint64_t count = tp_wire_get(wire);
	enum tp_status status = TP_OK;

	for (uint64_t i = 0; !status && !wire->bad && !*nomem && i < count; i++) {
		char *text = tp_wire_get_text(wire, nomem);

		if (text)
			status = tp_strings_add(rcpts, text, err);
		free(text);
	}
	return status;
}

static enum tp_status get_fields(
	struct tp_wire *wire, struct tp_record *record, struct tp_error *err)
{
	const void *sha256;
	bool nomem = false;
	enum tp_status status;

	record->arrival_ms = get_time(wire);
	record->size_bytes = tp_wire_get(wire);
	record->stored_bytes = tp_wire_get(wire);
	sha256 = tp_wire_take(wire, TP_SHA256_BYTES);
	if (sha256)
		memcpy(record->sha256, sha256, TP_SHA256_BYTES);
	record->sender = tp_wire_get_text(wire, &nomem);
	record->actor = tp_wire_get_text(wire, &nomem);
	record->from = tp_wire_get_text(wire, &nomem);
	record->to = tp_wire_get_text(wire, &nomem);
	record->subject = tp_wire_get_text(wire, &nomem);
	status = get_rcpts(wire, &record->rcpts, &nomem, err);
	if (nomem)
		status = tp_fail(err, TP_NOMEM, "record: out of memory");
	return status;
}

enum tp_status tp_record_decode(
	const void *bytes, size_t len, struct tp_record *record, struct tp_error *err)
{
	struct tp_wire wire = tp_wire_of(bytes, len);
	const unsigned char *version = tp_wire_take(&wire, 1);
	enum tp_status status;

	tp_record_release(record);
	if (version && *version != VERSION)
		return tp_fail(
			err, TP_DATA, "record: of version %d, which is not known here", *version);
	status = get_fields(&wire, record, err);
	if (!status && (wire.bad || wire.at != wire.end))
		status = tp_fail(err, TP_DATA, "record: damaged");
	if (!status)
		status = tp_record_identify(record, err);
	if (status)
		tp_record_release(record);
	return status;
}
