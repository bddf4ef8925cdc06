/* Packs being checked: each of them, and the chain that they make. */
#include "archive/check_parts.h"

#include <sys/stat.h>

#include "archive/chain.h"
#include "archive/register.h"

/* A message in a pack. */
struct source {
	struct tp_pack *pack;
	size_t i;
};

static enum tp_status skeleton(
	void *context, tp_press_sink *sink, void *sink_context, struct tp_error *err)
{
	const struct source *source = context;

	return tp_pack_skeleton(source->pack, source->i, sink, sink_context, err);
}

static void report(void *context, const char *id, const char *sentence)
{
	struct tp_error why;

	tp_fail(&why, TP_DATA, "%s", sentence);
	tp_check_fault(context, id, &why);
}

/* Messages with holes; those without were hashed by tp_pack_verify, which also told of what cannot be
 * read. *lost: the directory does not even say which message this is. */
static enum tp_status check_message(
	struct tp_checking *c, struct source *source, bool *lost, struct tp_error *err)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_split split = { 0 };
	struct tp_error why;
	enum tp_status status = tp_pack_record(source->pack, source->i, &record, &split, &why);

	*lost = tp_check_is_fault(status) && !record.id[0];
	c->check->count.messages += status != TP_NOTHING;
	c->check->count.erased += status == TP_NOTHING;
	if (!status && split.count && tp_check_is_chosen(c)) {
		status = tp_prove(c->archive, &record, &split, skeleton, source, &why);
		if (tp_check_is_fault(status))
			tp_check_fault(c, record.id, &why);
	}
	tp_record_release(&record);
	tp_split_release(&split);
	if (status && status != TP_NOTHING && !tp_check_is_fault(status))
		return tp_fail(err, status, "%s", why.text);
	return TP_OK;
}

/* Lets who waits have the archive. The pack may be another file then, or in the cellar: messages have
 * kept their numbers. When it has left, *pack is NULL. */
static enum tp_status yield(struct tp_checking *c, struct tp_pack **pack, struct tp_error *err)
{
	uint32_t number = tp_pack_number(*pack);
	enum tp_status status;

	if (!tp_archive_is_wanted(c->archive))
		return TP_OK;
	tp_pack_close(*pack);
	*pack = NULL;
	tp_archive_unlock(c->archive);
	status = tp_archive_lock(c->archive, TP_HOLD_READ, err);
	if (!status)
		status = tp_pack_open(c->archive, number, pack, err);
	return status == TP_NOINPUT ? TP_OK : status;
}

static enum tp_status check_messages(
	struct tp_checking *c, struct tp_pack **pack, struct tp_error *err)
{
	size_t count = tp_pack_count(*pack), lost_count = 0;
	uint32_t number = tp_pack_number(*pack);
	enum tp_status status = TP_OK;
	struct tp_error why;
	bool lost = false;

	tp_fail(&why, TP_DATA, "pack %08u: its part of the directory cannot be read", number);
	for (size_t i = 0; !status && *pack && i < count; i++) {
		struct source source = { *pack, i };

		status = check_message(c, &source, &lost, err);
		if (lost)
			lost_count++;
		if (lost_count && (!lost || i + 1 == count)) {
			tp_check_name_by_index(c, number, i + lost - lost_count, lost_count, &why);
			lost_count = 0;
		}
		if (!status)
			status = yield(c, pack, err);
	}
	return status;
}

/* --- the chain -------------------------------------------------------------------------------- */

/* A pack that is missing may have left for a disc or for good: then the log says so, and its link is
 * known from the pack behind it alone. */
static void check_link(
	struct tp_checking *c, const struct tp_pack *pack, const struct tp_chain *before)
{
	struct tp_error why;

	if (before->number + 1 != tp_pack_number(pack) ||
		!memcmp(before->link, tp_pack_before(pack), TP_SHA256_BYTES))
		return;
	tp_fail(&why, TP_DATA, "pack %08u is not the continuation of pack %08u",
		tp_pack_number(pack), before->number);
	tp_check_fault(c, "", &why);
}

/* The file `chain` knows the last one, so nobody can take away the end unseen. A lost one is made
 * again by the next sealer. */
static enum tp_status read_chain(
	struct tp_checking *c, struct tp_chain *chain, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = tp_chain_file(c->archive, chain, &why);

	tp_check_look_at(c, "chain", 0);
	if (tp_check_is_fault(status))
		tp_check_fault(c, "", &why);
	else if (status && status != TP_NOINPUT)
		return tp_fail(err, status, "%s", why.text);
	return TP_OK;
}

static void check_end(
	struct tp_checking *c, const struct tp_chain *last, const struct tp_chain *chain)
{
	struct tp_error why;

	if (chain->number != last->number || !memcmp(chain->link, last->link, sizeof chain->link))
		return;
	tp_check_look_at(c, "chain", 0);
	tp_fail(&why, TP_DATA, "it does not fit pack %08u", last->number);
	tp_check_fault(c, "", &why);
}

static bool is_among(const uint32_t *numbers, size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* Packs have all numbers from 1 on; one that left is in the log. */
static void check_missing(
	struct tp_checking *c, const uint32_t *numbers, size_t count, uint32_t last)
{
	struct tp_error why;

	for (uint32_t n = 1; n <= last; n++) {
		if (is_among(numbers, count, n) || is_among(c->left, c->left_count, n))
			continue;
		tp_check_look_at(c, "pack", n);
		tp_fail(&why, TP_DATA, "pack %08u: it is missing", n);
		tp_check_fault(c, "", &why);
		tp_check_name_by_index(c, n, 0, UINT64_MAX, &why);
	}
}

/* --- one after the other ---------------------------------------------------------------------- */

static const char *folder_of(const struct tp_pack *pack)
{
	return tp_pack_tier(pack) == TP_TIER_CELLAR ? "cellar" : "pack";
}

static enum tp_status check_open(
	struct tp_checking *c, struct tp_pack **pack, struct tp_chain *chain, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status;

	tp_check_look_at(c, folder_of(*pack), tp_pack_number(*pack));
	status = tp_check_forget_journals(c, *pack, err);
	if (status)
		return status;
	check_link(c, *pack, chain);
	chain->number = tp_pack_number(*pack);
	memcpy(chain->link, tp_pack_link(*pack), sizeof chain->link);
	status = tp_pack_verify(*pack, c->check->percent, report, c, &why);
	if (status && !tp_check_is_fault(status))
		return tp_fail(err, status, "%s", why.text);
	c->check->count.bytes += tp_pack_size(*pack);
	/* The index before the messages: then this still is the pack that was verified. */
	status = tp_check_index(c, *pack, err);
	tp_check_look_at(c, folder_of(*pack), tp_pack_number(*pack));
	return status ? status : check_messages(c, pack, err);
}

static enum tp_status check_pack(
	struct tp_checking *c, uint32_t number, struct tp_chain *chain, struct tp_error *err)
{
	struct tp_pack *pack;
	struct tp_error why;
	enum tp_status status = tp_pack_open(c->archive, number, &pack, &why);

	if (status == TP_NOINPUT)
		return TP_OK; /* left since */
	c->check->count.packs++;
	if (tp_check_is_fault(status)) {
		tp_check_look_at(c, "pack", number);
		tp_check_fault(c, "", &why);
		tp_check_name_by_index(c, number, 0, UINT64_MAX, &why);
		return TP_OK;
	}
	if (status)
		return tp_fail(err, status, "%s", why.text);
	status = check_open(c, &pack, chain, err);
	tp_pack_close(pack);
	return status;
}

static int compare(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* The numbers of both folders, ascending; one that is on its way may be there twice. */
static enum tp_status list_packs(
	struct tp_archive *archive, uint32_t **list, size_t *count, struct tp_error *err)
{
	uint32_t *online = NULL, *cellar = NULL;
	size_t n = 0, m = 0;
	enum tp_status status = tp_archive_numbers(archive, "cellar", &cellar, &m, err);

	*list = NULL;
	*count = 0;
	if (!status)
		status = tp_archive_numbers(archive, "pack", &online, &n, err);
	if (!status && !(*list = calloc(n + m + 1, sizeof **list)))
		status = tp_fail(err, TP_NOMEM, "out of memory");
	for (size_t i = 0; !status && i < n + m; i++)
		(*list)[(*count)++] = i < m ? cellar[i] : online[i - m];
	if (*count)
		qsort(*list, *count, sizeof **list, compare);
	free(online);
	free(cellar);
	return status;
}

static enum tp_status check_all(struct tp_checking *c, const uint32_t *numbers, size_t count,
	struct tp_chain *last, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < count; i++) {
		if (i && numbers[i] == numbers[i - 1])
			continue;
		c->check->progress(c->check->context, c->check->count.bytes, c->all_bytes);
		status = tp_archive_lock(c->archive, TP_HOLD_READ, err);
		if (status)
			break;
		status = check_pack(c, numbers[i], last, err);
		tp_archive_unlock(c->archive);
	}
	return status;
}

/* Chain, log and folders of one moment: a pack that goes or comes in between would be missing. */
static enum tp_status take_stock(struct tp_checking *c, struct tp_chain *chain, uint32_t **numbers,
	size_t *count, struct tp_error *err)
{
	enum tp_status status = tp_archive_lock(c->archive, TP_HOLD_READ, err);

	if (status)
		return status;
	status = read_chain(c, chain, err);
	if (!status)
		status = tp_check_events(c, err);
	if (!status)
		status = list_packs(c->archive, numbers, count, err);
	tp_archive_unlock(c->archive);
	return status;
}

static enum tp_status check_registers(struct tp_checking *c, uint32_t last, struct tp_error *err)
{
	struct tp_error why;
	enum tp_status status = tp_archive_lock(c->archive, TP_HOLD_READ, err);

	if (status)
		return status;
	status = tp_registers_verify(c->archive, last, &why);
	tp_archive_unlock(c->archive);
	if (status && !tp_check_is_fault(status))
		return tp_fail(err, status, "%s", why.text);
	tp_check_look_at(c, "index", 0);
	if (status)
		tp_check_fault(c, "", &why);
	return TP_OK;
}

enum tp_status tp_check_packs(struct tp_checking *c, struct tp_error *err)
{
	struct tp_chain last = { 0 }, chain = { 0 };
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum tp_status status = take_stock(c, &chain, &numbers, &count, err);

	if (!status)
		status = check_all(c, numbers, count, &last, err);
	if (!status)
		status = check_registers(c, chain.number, err);
	if (!status) {
		check_end(c, &last, &chain);
		check_missing(
			c, numbers, count, chain.number > last.number ? chain.number : last.number);
	}
	free(numbers);
	return status;
}
