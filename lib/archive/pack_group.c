/* The directory of a pack, group by group: see pack_group.h. */
#include "archive/pack_group.h"

#include "archive/wire.h"
#include "base/le.h"

#define FLAG_ERASED   1u
#define FLAG_EXPLICIT 2u /* id and delivery are not what the other columns give */

void tp_pack_columns_init(struct tp_pack_columns *columns)
{
	*columns = (struct tp_pack_columns){ .count = 0 };
	for (int i = 0; i < TP_GROUP_COLUMNS; i++)
		tp_buf_init(&columns->column[i], TP_PACK_GROUP_MAX);
}

void tp_pack_columns_clear(struct tp_pack_columns *columns)
{
	columns->count = 0;
	columns->arrival_ms = 0;
	for (int i = 0; i < TP_GROUP_COLUMNS; i++)
		tp_buf_clear(&columns->column[i]);
}

void tp_pack_columns_release(struct tp_pack_columns *columns)
{
	for (int i = 0; i < TP_GROUP_COLUMNS; i++)
		tp_buf_release(&columns->column[i]);
}

/* A record with what delivery and id are computed from, and the two. */
static enum tp_status identify(
	const struct tp_pack_entry *entry, struct tp_record *record, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	const char *rcpt = entry->rcpts;

	record->arrival_ms = entry->arrival_ms;
	memcpy(record->sha256, entry->sha256, TP_SHA256_BYTES);
	record->sender = strdup(entry->sender);
	if (!record->sender)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (uint32_t i = 0; !status && i < entry->rcpt_count; i++) {
		status = tp_strings_add(&record->rcpts, rcpt, err);
		rcpt += strlen(rcpt) + 1;
	}
	return status ? status : tp_record_identify(record, err);
}

static enum tp_status flags_of(
	const struct tp_pack_entry *entry, unsigned char *flags, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	enum tp_status status;

	*flags = FLAG_ERASED;
	if (entry->erased)
		return TP_OK;
	status = identify(entry, &record, err);
	*flags = memcmp(record.id, entry->id, TP_ID_LEN) ||
				 memcmp(record.delivery, entry->delivery, TP_SHA256_BYTES)
			 ? FLAG_EXPLICIT
			 : 0;
	tp_record_release(&record);
	return status;
}

static void add_text(struct tp_buf *column, const char *text)
{
	tp_buf_add(column, text, strlen(text) + 1);
}

static void add_living(struct tp_buf *column, const struct tp_pack_entry *entry)
{
	const char *rcpt = entry->rcpts;

	tp_wire_put(&column[TP_GROUP_BEGIN], entry->begin);
	tp_wire_put(&column[TP_GROUP_SKELETON], entry->skeleton_bytes);
	tp_wire_put(&column[TP_GROUP_SIZE],
		tp_zigzag((int64_t)(entry->size_bytes - entry->skeleton_bytes)));
	add_text(&column[TP_GROUP_SENDER], entry->sender);
	tp_wire_put(&column[TP_GROUP_RCPT_COUNT], entry->rcpt_count);
	for (uint32_t i = 0; i < entry->rcpt_count; i++) {
		add_text(&column[TP_GROUP_RCPTS], rcpt);
		rcpt += strlen(rcpt) + 1;
	}
	add_text(&column[TP_GROUP_FROM], entry->from);
	add_text(&column[TP_GROUP_TO], entry->to);
	add_text(&column[TP_GROUP_SUBJECT], entry->subject);
	add_text(&column[TP_GROUP_ACTOR], entry->actor);
	tp_wire_put(&column[TP_GROUP_HOLES_BYTES], entry->holes_bytes);
	tp_buf_add(&column[TP_GROUP_HOLES], entry->holes, entry->holes_bytes);
}

enum tp_status tp_pack_columns_add(
	struct tp_pack_columns *columns, const struct tp_pack_entry *entry, struct tp_error *err)
{
	struct tp_buf *column = columns->column;
	unsigned char flags;
	enum tp_status status = flags_of(entry, &flags, err);

	if (status)
		return status;
	tp_buf_add(&column[TP_GROUP_SHA256], entry->sha256, TP_SHA256_BYTES);
	tp_buf_addc(&column[TP_GROUP_FLAGS], (char)flags);
	if (flags)
		tp_buf_add(&column[TP_GROUP_IDS], entry->id, TP_ID_LEN);
	if (flags & FLAG_EXPLICIT)
		tp_buf_add(&column[TP_GROUP_IDS], entry->delivery, TP_SHA256_BYTES);
	tp_wire_put(&column[TP_GROUP_ARRIVAL],
		tp_zigzag((int64_t)((uint64_t)entry->arrival_ms - (uint64_t)columns->arrival_ms)));
	columns->arrival_ms = entry->arrival_ms;
	if (!entry->erased)
		add_living(column, entry);
	columns->count++;
	for (int i = 0; !status && i < TP_GROUP_COLUMNS; i++)
		status = tp_buf_status(&column[i], "directory of a pack", err);
	return status;
}

uint64_t tp_pack_columns_bytes(const struct tp_pack_columns *columns)
{
	uint64_t bytes = 0;

	for (int i = 0; i < TP_GROUP_COLUMNS; i++)
		bytes += columns->column[i].len;
	return bytes;
}

enum tp_status tp_pack_columns_join(
	const struct tp_pack_columns *columns, struct tp_buf *out, struct tp_error *err)
{
	for (int i = 0; i < TP_GROUP_COLUMNS; i++)
		tp_buf_add(out, columns->column[i].data, columns->column[i].len);
	return tp_buf_status(out, "directory of a pack", err);
}

/* --- reading ---------------------------------------------------------------------------------- */

static const char *take_text(struct tp_wire *wire)
{
	const unsigned char *text = wire->at;
	const unsigned char *nul =
		wire->bad || text == wire->end ? NULL : memchr(text, 0, (size_t)(wire->end - text));

	if (!nul) {
		wire->bad = true;
		return "";
	}
	wire->at = nul + 1;
	return (const char *)text;
}

/* Hashes, flags, ids and arrivals; true in *explicit[i] where the id need not be computed. */
static void take_heads(struct tp_wire *wire, struct tp_pack_group *group, uint32_t count)
{
	const unsigned char *hashes = tp_wire_take(wire, (uint64_t)count * TP_SHA256_BYTES);
	const unsigned char *flags = tp_wire_take(wire, count);
	int64_t arrival_ms = 0;

	for (uint32_t i = 0; !wire->bad && i < count; i++) {
		struct tp_pack_entry *entry = &group->entries[i];
		const unsigned char *id = flags[i] ? tp_wire_take(wire, TP_ID_LEN) : NULL;
		const unsigned char *delivery =
			flags[i] & FLAG_EXPLICIT ? tp_wire_take(wire, TP_SHA256_BYTES) : NULL;

		entry->sha256 = hashes + (size_t)i * TP_SHA256_BYTES;
		entry->erased = flags[i] & FLAG_ERASED;
		if (flags[i] > FLAG_EXPLICIT)
			wire->bad = true;
		if (id)
			memcpy(entry->id, id, TP_ID_LEN);
		if (delivery)
			memcpy(entry->delivery, delivery, TP_SHA256_BYTES);
	}
	for (uint32_t i = 0; !wire->bad && i < count; i++) {
		arrival_ms =
			(int64_t)((uint64_t)arrival_ms + (uint64_t)tp_unzigzag(tp_wire_get(wire)));
		group->entries[i].arrival_ms = arrival_ms;
	}
}

/* The columns behind, which only the living have. */
static void take_numbers(struct tp_wire *wire, struct tp_pack_entry **living, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		living[i]->begin = tp_wire_get(wire);
	for (uint32_t i = 0; i < count; i++)
		living[i]->skeleton_bytes = tp_wire_get(wire);
	for (uint32_t i = 0; i < count; i++)
		living[i]->size_bytes =
			living[i]->skeleton_bytes + (uint64_t)tp_unzigzag(tp_wire_get(wire));
}

static void take_texts(struct tp_wire *wire, struct tp_pack_entry **living, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		living[i]->sender = take_text(wire);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t rcpts = tp_wire_get(wire);

		/* Each takes a byte at least: no more can be promised than there are bytes. */
		if (rcpts > (uint64_t)(wire->end - wire->at))
			wire->bad = true;
		living[i]->rcpt_count = wire->bad ? 0 : (uint32_t)rcpts;
	}
	for (uint32_t i = 0; i < count; i++) {
		living[i]->rcpts = (const char *)wire->at;
		for (uint32_t k = 0; !wire->bad && k < living[i]->rcpt_count; k++)
			take_text(wire);
	}
	for (uint32_t i = 0; i < count; i++)
		living[i]->from = take_text(wire);
	for (uint32_t i = 0; i < count; i++)
		living[i]->to = take_text(wire);
	for (uint32_t i = 0; i < count; i++)
		living[i]->subject = take_text(wire);
	for (uint32_t i = 0; i < count; i++)
		living[i]->actor = take_text(wire);
}

static void take_holes(struct tp_wire *wire, struct tp_pack_entry **living, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t bytes = tp_wire_get(wire);

		if (bytes > (uint64_t)(wire->end - wire->at))
			wire->bad = true;
		living[i]->holes_bytes = wire->bad ? 0 : (size_t)bytes;
	}
	for (uint32_t i = 0; i < count; i++)
		living[i]->holes = (const char *)tp_wire_take(wire, living[i]->holes_bytes);
}

/* Ids and deliveries of those whose id was not stored. */
static enum tp_status identify_all(
	struct tp_pack_entry **living, uint32_t count, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (uint32_t i = 0; !status && i < count; i++) {
		struct tp_record record = TP_RECORD_INIT;

		if (living[i]->id[0])
			continue;
		status = identify(living[i], &record, err);
		memcpy(living[i]->id, record.id, TP_ID_LEN);
		memcpy(living[i]->delivery, record.delivery, TP_SHA256_BYTES);
		tp_record_release(&record);
	}
	return status;
}

enum tp_status tp_pack_group_parse(
	struct tp_pack_group *group, uint32_t count, struct tp_error *err)
{
	struct tp_wire wire = tp_wire_of(tp_buf_str(&group->bytes), group->bytes.len);
	struct tp_pack_entry *living[TP_PACK_GROUP_COUNT];
	uint32_t alive = 0;

	if (count > TP_PACK_GROUP_COUNT)
		return tp_fail(err, TP_DATA, "a group of %u messages", count);
	group->count = 0;
	free(group->entries);
	group->entries = calloc(count ? count : 1, sizeof *group->entries);
	if (!group->entries)
		return tp_fail(err, TP_NOMEM, "out of memory");
	take_heads(&wire, group, count);
	for (uint32_t i = 0; i < count; i++)
		if (!group->entries[i].erased)
			living[alive++] = &group->entries[i];
	take_numbers(&wire, living, alive);
	take_texts(&wire, living, alive);
	take_holes(&wire, living, alive);
	if (wire.bad || wire.at != wire.end)
		return tp_fail(err, TP_DATA, "a group that does not hold %u messages", count);
	group->count = count;
	return identify_all(living, alive, err);
}

void tp_pack_group_release(struct tp_pack_group *group)
{
	tp_buf_release(&group->bytes);
	free(group->entries);
	group->entries = NULL;
	group->count = 0;
}

static enum tp_status copy_texts(
	const struct tp_pack_entry *entry, struct tp_record *record, struct tp_error *err)
{
	const char *rcpt = entry->rcpts;
	enum tp_status status = TP_OK;

	record->sender = strdup(entry->sender);
	record->from = strdup(entry->from);
	record->to = strdup(entry->to);
	record->subject = strdup(entry->subject);
	record->actor = strdup(entry->actor);
	if (!record->sender || !record->from || !record->to || !record->subject || !record->actor)
		status = tp_fail(err, TP_NOMEM, "out of memory");
	for (uint32_t i = 0; !status && i < entry->rcpt_count; i++) {
		status = tp_strings_add(&record->rcpts, rcpt, err);
		rcpt += strlen(rcpt) + 1;
	}
	return status;
}

enum tp_status tp_pack_entry_read(const struct tp_pack_entry *entry, struct tp_record *record,
	struct tp_split *split, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (split) {
		*split = (struct tp_split){ .skeleton_bytes = entry->skeleton_bytes };
		if (entry->holes_bytes)
			status = tp_split_decode(entry->holes, entry->holes_bytes, split, err);
		split->skeleton_bytes = entry->skeleton_bytes;
	}
	if (status || !record)
		return status;
	tp_record_release(record);
	record->arrival_ms = entry->arrival_ms;
	record->size_bytes = entry->size_bytes;
	memcpy(record->id, entry->id, sizeof record->id);
	memcpy(record->sha256, entry->sha256, TP_SHA256_BYTES);
	memcpy(record->delivery, entry->delivery, TP_SHA256_BYTES);
	return copy_texts(entry, record, err);
}
