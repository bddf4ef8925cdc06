/* Looking into every corner of a pack: see pack.h. Memory: some 100 bytes a message. */
#include "archive/merkle.h"
#include "archive/pack_in.h"

/* A message whose place is known. */
struct item {
	uint64_t begin, bytes;
	char id[TP_ID_LEN + 1];
	bool has_holes; /* its hash is not that of its skeleton */
	unsigned char sha256[TP_SHA256_BYTES];
};

struct verifying {
	struct tp_pack *pack;
	tp_fault_report *report;
	void *context;
	unsigned percent;
	bool faulty;
	bool *looked;       /* block by block: into this one */
	struct item *items; /* in the order of the stream */
	size_t count;
	bool whole;  /* all groups could be read */
	size_t lost; /* erased ones whose hashes could not be read either */
	struct tp_sha256 *sha;
};

static void fault(struct verifying *v, const char *id, const struct tp_error *why)
{
	v->faulty = true;
	v->report(v->context, id, why->text);
}

static bool is_fault(enum tp_status status)
{
	return status == TP_DATA || status == TP_LIMIT || status == TP_IO;
}

/* --- the directory ---------------------------------------------------------------------------- */

static void keep(struct verifying *v, const struct tp_pack_entry *entry)
{
	struct item *item = &v->items[v->count++];

	item->begin = entry->begin;
	item->bytes = entry->skeleton_bytes;
	item->has_holes = entry->holes_bytes > 0;
	memcpy(item->id, entry->id, sizeof item->id);
	memcpy(item->sha256, entry->sha256, sizeof item->sha256);
}

/* What was erased from a part of the directory that could not be read has zeros for its hash. */
static bool is_unknown(const unsigned char sha256[TP_SHA256_BYTES])
{
	static const unsigned char unknown[TP_SHA256_BYTES];

	return !memcmp(sha256, unknown, sizeof unknown);
}

static enum tp_status look_at_message(struct verifying *v, size_t i, char before[TP_ID_LEN + 1],
	struct tp_merkle *merkle, struct tp_error *err)
{
	const struct tp_pack_entry *entry;
	struct tp_record record = TP_RECORD_INIT;
	struct tp_split split = { 0 };
	struct tp_error why;
	enum tp_status status = tp_pack_entry(v->pack, i, &entry, &why);

	if (!status && memcmp(before, entry->id, TP_ID_LEN) > 0)
		status = tp_fail(&why, TP_DATA, "pack %08u: %s does not come behind %s",
			v->pack->header.number, entry->id, before);
	if (!status && !entry->erased)
		status = tp_pack_record(v->pack, i, &record, &split, &why);
	tp_record_release(&record);
	tp_split_release(&split);
	if (is_fault(status)) {
		fault(v, entry->id, &why);
		v->whole = false;
		return TP_OK;
	}
	if (status)
		return tp_fail(err, status, "%s", why.text);
	memcpy(before, entry->id, TP_ID_LEN + 1);
	if (!entry->erased)
		keep(v, entry);
	else
		v->lost += is_unknown(entry->sha256);
	return tp_merkle_add(merkle, entry->id, entry->sha256, err);
}

static enum tp_status look_at_group(struct verifying *v, uint32_t index, char before[TP_ID_LEN + 1],
	struct tp_merkle *merkle, struct tp_error *err)
{
	const struct tp_pack_group_place *place = &v->pack->groups[index];
	uint32_t count = tp_pack_group_size(v->pack, index);
	struct tp_error why;
	enum tp_status status;

	status = tp_pack_piece_check(v->pack, "group", index, &place->piece, &why);
	if (!status)
		status = tp_pack_load_group(v->pack, index, &why);
	if (is_fault(status)) {
		v->whole = false;
		tp_fail(&why, TP_DATA, "%s: touches %u messages from %s on", strdupa(why.text),
			count, place->id);
		fault(v, "", &why);
		return TP_OK;
	}
	if (status)
		return tp_fail(err, status, "%s", why.text);
	for (uint32_t i = 0; !status && i < count; i++)
		status = look_at_message(v, (size_t)place->first + i, before, merkle, err);
	return status;
}

static enum tp_status look_at_directory(struct verifying *v, struct tp_error *err)
{
	const struct tp_pack_header *header = &v->pack->header;
	struct tp_merkle merkle = TP_MERKLE_INIT;
	unsigned char root[TP_SHA256_BYTES], link[TP_SHA256_BYTES];
	char before[TP_ID_LEN + 1] = "";
	enum tp_status status = TP_OK;
	struct tp_error why;

	v->whole = true;
	for (uint32_t i = 0; !status && i < header->groups; i++)
		status = look_at_group(v, i, before, &merkle, err);
	if (!status)
		status = tp_merkle_root(&merkle, root, err);
	if (!status)
		status = tp_pack_make_link(header, link, err);
	if (!status && v->whole && memcmp(root, header->root, sizeof root)) {
		if (v->lost)
			tp_fail(&why, TP_DATA,
				"pack %08u: nothing proves its Merkle root any more, for %zu "
				"messages were erased from a damaged directory, hashes and all",
				header->number, v->lost);
		else
			tp_fail(&why, TP_DATA,
				"pack %08u: its messages do not give its Merkle root",
				header->number);
		fault(v, "", &why);
	}
	if (!status && memcmp(link, header->link, sizeof link)) {
		tp_fail(&why, TP_DATA, "pack %08u: the link to the next pack is wrong",
			header->number);
		fault(v, "", &why);
	}
	return status;
}

/* --- the stream ------------------------------------------------------------------------------- */

static enum tp_status look_at_blocks(struct verifying *v, struct tp_error *err)
{
	struct tp_pack *pack = v->pack;
	struct tp_error why;

	for (uint32_t i = 0; i < pack->header.blocks; i++) {
		unsigned char dice[2];
		enum tp_status status = tp_random(dice, sizeof dice, err);

		if (status)
			return status;
		v->looked[i] = (dice[0] << 8 | dice[1]) % 100u < v->percent;
		if (v->looked[i])
			status =
				tp_pack_piece_check(pack, "block", i, &pack->blocks[i].piece, &why);
		if (is_fault(status))
			fault(v, "", &why);
		else if (status)
			return tp_fail(err, status, "%s", why.text);
	}
	return TP_OK;
}

/* True when every block of that stretch is among those looked into. */
static bool is_looked_into(const struct verifying *v, uint64_t begin, uint64_t bytes)
{
	if (!bytes)
		return true;
	for (uint32_t i = tp_pack_block_at(v->pack, begin);
		i < v->pack->header.blocks && v->pack->blocks[i].begin < begin + bytes; i++)
		if (!v->looked[i])
			return false;
	return true;
}

static enum tp_status hash(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	return tp_sha256_add(context, bytes, len, err);
}

static enum tp_status only_zeros(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	if (bytes[0] || memcmp(bytes, bytes + 1, len - 1))
		return tp_fail(err, TP_DATA, "something stands where nothing should");
	return TP_OK;
}

static enum tp_status look_at_skeleton(
	struct verifying *v, const struct item *item, struct tp_error *err)
{
	unsigned char sha256[TP_SHA256_BYTES];
	enum tp_status status =
		tp_pack_stream(v->pack, item->begin, item->bytes, hash, v->sha, err);
	enum tp_status ended = tp_sha256_end(v->sha, sha256, NULL);

	if (status || ended)
		return status ? status : tp_fail(err, TP_NOMEM, "out of memory");
	if (!item->has_holes && memcmp(sha256, item->sha256, sizeof sha256))
		return tp_fail(err, TP_DATA,
			"pack %08u: %s at %ju of the stream: its bytes do "
			"not give its SHA-256",
			v->pack->header.number, item->id, (uintmax_t)item->begin);
	return TP_OK;
}

/* Nothing overlaps, and what lies between (erased messages) is zeros. */
static enum tp_status look_at_gap(
	struct verifying *v, uint64_t begin, uint64_t end, const char *id, struct tp_error *err)
{
	if (begin > end)
		return tp_fail(err, TP_DATA, "pack %08u: %s overlaps another message",
			v->pack->header.number, id);
	if (begin == end || !is_looked_into(v, begin, end - begin))
		return TP_OK;
	if (tp_pack_stream(v->pack, begin, end - begin, only_zeros, NULL, err))
		return tp_error_prefix(err, "pack %08u: at %ju of the stream",
			v->pack->header.number, (uintmax_t)begin);
	return TP_OK;
}

static int compare(const void *left, const void *right)
{
	const struct item *a = left, *b = right;

	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

static enum tp_status look_at_stream(struct verifying *v, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	struct tp_error why;
	uint64_t at = 0;

	qsort(v->items, v->count, sizeof *v->items, compare);
	for (size_t i = 0; !status && i < v->count; i++) {
		const struct item *item = &v->items[i];

		/* With a group gone, what lies between may be messages. */
		if (v->whole)
			status = look_at_gap(v, at, item->begin, item->id, &why);
		at = item->begin + item->bytes;
		if (!status && is_looked_into(v, item->begin, item->bytes))
			status = look_at_skeleton(v, item, &why);
		if (is_fault(status)) {
			fault(v, item->id, &why);
			status = TP_OK;
		}
	}
	if (!status && v->whole)
		status = look_at_gap(v, at, v->pack->header.stream_bytes, "", &why);
	if (is_fault(status)) {
		fault(v, "", &why);
		status = TP_OK;
	}
	return status ? tp_fail(err, status, "%s", why.text) : TP_OK;
}

enum tp_status tp_pack_verify(struct tp_pack *pack, unsigned percent, tp_fault_report *report,
	void *context, struct tp_error *err)
{
	struct verifying v = {
		.pack = pack, .report = report, .context = context, .percent = percent
	};
	enum tp_status status;

	v.looked = calloc((size_t)pack->header.blocks + 1, sizeof *v.looked);
	v.items = calloc(pack->header.messages, sizeof *v.items);
	if (!v.looked || !v.items)
		status = tp_fail(err, TP_NOMEM, "out of memory");
	else
		status = tp_sha256_new(&v.sha, err);
	if (!status)
		status = look_at_directory(&v, err);
	if (!status)
		status = look_at_blocks(&v, err);
	if (!status)
		status = look_at_stream(&v, err);
	if (!status && v.faulty)
		status = tp_fail(err, TP_DATA, "pack %08u: damaged", pack->header.number);
	tp_sha256_free(v.sha);
	free(v.looked);
	free(v.items);
	return status;
}
