/* The bytes of a journal: see journal_form.h. */
#include "archive/journal_form.h"

#include "base/crc32c.h"

#define VERSION       1
#define OPENING_MAGIC "tpjournl"
#define HEAD_MAGIC    "TPJr"
#define TAIL_MAGIC    "TPJe"
#define FLAG_SEALED   1u /* opening */
#define FLAG_SHUT     2u
#define FLAG_ERASED   1u /* head */

/* The opening: 0 magic, 8 version, 12 number, 16 flags, 20 salt, 28 CRC of what is before. */

void tp_journal_opening_write(
	const struct tp_journal_opening *opening, unsigned char bytes[TP_JOURNAL_OPENING])
{
	memcpy(bytes, OPENING_MAGIC, 8);
	tp_le_put32(bytes + 8, VERSION);
	tp_le_put32(bytes + 12, opening->number);
	tp_le_put32(
		bytes + 16, (opening->sealed ? FLAG_SEALED : 0) | (opening->shut ? FLAG_SHUT : 0));
	memcpy(bytes + 20, opening->salt, 8);
	tp_le_put32(bytes + 28, tp_crc32c(0, bytes, 28));
}

bool tp_journal_opening_read(
	const unsigned char bytes[TP_JOURNAL_OPENING], struct tp_journal_opening *opening)
{
	if (memcmp(bytes, OPENING_MAGIC, 8) || tp_le_get32(bytes + 8) != VERSION ||
		tp_le_get32(bytes + 28) != tp_crc32c(0, bytes, 28))
		return false;
	opening->number = tp_le_get32(bytes + 12);
	opening->sealed = tp_le_get32(bytes + 16) & FLAG_SEALED;
	opening->shut = tp_le_get32(bytes + 16) & FLAG_SHUT;
	memcpy(opening->salt, bytes + 20, 8);
	return true;
}

uint32_t tp_journal_crc_begin(const struct tp_journal_opening *opening)
{
	return tp_crc32c(0, opening->salt, sizeof opening->salt);
}

/* --- heads -------------------------------------------------------------------------------------
 *
 * 0 magic, 4 bytes of the head (16 bits), 6 flags (16 bits), 8 length, 16 offset, 24 bytes of facts,
 * 32 bytes of pieces, 40 arrival, 48 id, 64 tag, 68 CRC of the facts, 72 siblings, then zeros up to
 * a multiple of 8 and, last, the CRC of what is before.
 */

#define FIXED 72

uint32_t tp_journal_head_bytes(const uint32_t siblings[TP_JOURNAL_SIBLINGS])
{
	uint32_t count = TP_JOURNAL_SIBLINGS;

	while (count && !siblings[count - 1])
		count--;
	return (FIXED + 4 * count + 4 + 7) / 8 * 8;
}

static uint32_t sibling_room(uint32_t head_bytes)
{
	uint32_t room = (head_bytes - FIXED - 4) / 4;

	return room < TP_JOURNAL_SIBLINGS ? room : TP_JOURNAL_SIBLINGS;
}

void tp_journal_head_write(const struct tp_journal_head *head,
	const struct tp_journal_opening *opening, unsigned char *bytes)
{
	uint32_t crc_at = head->bytes - 4;

	memset(bytes, 0, head->bytes);
	memcpy(bytes, HEAD_MAGIC, 4);
	bytes[4] = (unsigned char)head->bytes;
	bytes[5] = (unsigned char)(head->bytes >> 8);
	bytes[6] = head->erased ? FLAG_ERASED : 0;
	tp_le_put64(bytes + 8, head->length);
	tp_le_put64(bytes + 16, head->offset);
	tp_le_put64(bytes + 24, head->facts_bytes);
	tp_le_put64(bytes + 32, head->pieces_bytes);
	tp_le_put64(bytes + 40, (uint64_t)head->arrival_ms);
	memcpy(bytes + 48, head->id, TP_ID_LEN);
	tp_le_put32(bytes + 64, head->tag);
	tp_le_put32(bytes + 68, head->facts_crc);
	for (uint32_t i = 0; i < sibling_room(head->bytes); i++)
		tp_le_put32(bytes + FIXED + 4 * i, head->siblings[i]);
	tp_le_put32(bytes + crc_at, tp_crc32c(tp_journal_crc_begin(opening), bytes, crc_at));
}

static void read_fields(
	const unsigned char *bytes, uint32_t head_bytes, struct tp_journal_head *head)
{
	*head = (struct tp_journal_head){ .bytes = head_bytes,
		.erased = bytes[6] & FLAG_ERASED,
		.length = tp_le_get64(bytes + 8),
		.offset = tp_le_get64(bytes + 16),
		.facts_bytes = tp_le_get64(bytes + 24),
		.pieces_bytes = tp_le_get64(bytes + 32),
		.arrival_ms = (int64_t)tp_le_get64(bytes + 40),
		.tag = tp_le_get32(bytes + 64),
		.facts_crc = tp_le_get32(bytes + 68) };
	memcpy(head->id, bytes + 48, TP_ID_LEN);
	for (uint32_t i = 0; i < sibling_room(head_bytes); i++)
		head->siblings[i] = tp_le_get32(bytes + FIXED + 4 * i);
}

/* The parts add up to the whole, none is beyond belief, and no sibling is ahead. */
static bool adds_up(const struct tp_journal_head *head)
{
	uint64_t parts;

	if (head->facts_bytes > TP_JOURNAL_FACTS_MAX || head->pieces_bytes > INT64_MAX / 2)
		return false;
	parts = head->bytes + head->facts_bytes + head->pieces_bytes;
	if (head->length != (parts + 7) / 8 * 8 + TP_JOURNAL_TAIL)
		return false;
	for (int i = 0; i < TP_JOURNAL_SIBLINGS; i++)
		if ((uint64_t)head->siblings[i] * 8 >= head->offset && head->siblings[i])
			return false;
	return true;
}

enum tp_head_state tp_journal_head_read(const unsigned char *bytes, size_t len, uint64_t offset,
	const struct tp_journal_opening *opening, struct tp_journal_head *head)
{
	unsigned char place[8];
	uint32_t head_bytes;

	if (memcmp(bytes, HEAD_MAGIC, len < 4 ? len : 4))
		return TP_HEAD_BAD;
	tp_le_put64(place, offset);
	if (len > 16 && memcmp(bytes + 16, place, len < 24 ? len - 16 : 8))
		return TP_HEAD_BAD;
	if (len < 8)
		return TP_HEAD_SHORT;
	head_bytes = bytes[4] | (uint32_t)bytes[5] << 8;
	if (head_bytes < TP_JOURNAL_HEAD_MIN || head_bytes > TP_JOURNAL_HEAD_MAX || head_bytes % 8)
		return TP_HEAD_BAD;
	if (len < head_bytes)
		return TP_HEAD_SHORT;
	if (tp_le_get32(bytes + head_bytes - 4) !=
		tp_crc32c(tp_journal_crc_begin(opening), bytes, head_bytes - 4))
		return TP_HEAD_BAD;
	read_fields(bytes, head_bytes, head);
	return adds_up(head) ? TP_HEAD_WHOLE : TP_HEAD_BAD;
}

/* The tail: 0 CRC, 4 magic, 8 length. */

void tp_journal_tail_write(uint32_t crc, uint64_t length, unsigned char bytes[TP_JOURNAL_TAIL])
{
	tp_le_put32(bytes, crc);
	memcpy(bytes + 4, TAIL_MAGIC, 4);
	tp_le_put64(bytes + 8, length);
}

bool tp_journal_tail_read(
	const unsigned char bytes[TP_JOURNAL_TAIL], uint32_t *crc, uint64_t *length)
{
	*crc = tp_le_get32(bytes);
	*length = tp_le_get64(bytes + 8);
	return !memcmp(bytes + 4, TAIL_MAGIC, 4);
}

/* --- tags ------------------------------------------------------------------------------------- */

uint32_t tp_journal_tag_of_delivery(const unsigned char delivery[TP_SHA256_BYTES])
{
	return ((uint32_t)delivery[0] << 24 | (uint32_t)delivery[1] << 16 |
		       (uint32_t)delivery[2] << 8 | delivery[3]) >>
	       2;
}

struct tp_journal_about tp_journal_about(
	const struct tp_journal_opening *opening, uint64_t offset, uint64_t piece)
{
	struct tp_journal_about about = { "journal" };

	tp_le_put32(about.bytes + 8, opening->number);
	memcpy(about.bytes + 12, opening->salt, 4);
	tp_le_put64(about.bytes + 16, offset);
	tp_le_put64(about.bytes + 24, piece);
	return about;
}
