/* The end of the chain: see chain.h. A line: eight digits, a space, 64 hexadecimal digits, a space, eight
 * digits; the last nine characters are lacking in a file that an older version wrote. */
#include "archive/chain.h"

#include "archive/pack.h"
#include "base/hex.h"

#define NAME   "chain"
#define DIGITS 8

static bool parse_number(const char *text, uint32_t *number)
{
	*number = 0;
	for (int i = 0; i < DIGITS; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = *number * 10 + (uint32_t)(text[i] - '0');
	}
	return true;
}

static bool parse(const struct tp_buf *text, struct tp_chain *chain)
{
	size_t link_end = DIGITS + 1 + TP_SHA256_HEX - 1, whole = link_end + 1 + DIGITS + 1;
	char hex[TP_SHA256_HEX];

	*chain = (struct tp_chain){ .knows = text->len == whole };
	if ((text->len != link_end + 1 && !chain->knows) || text->data[DIGITS] != ' ' ||
		text->data[text->len - 1] != '\n' || !parse_number(text->data, &chain->number))
		return false;
	if (chain->knows && (text->data[link_end] != ' ' ||
				    !parse_number(text->data + link_end + 1, &chain->journal)))
		return false;
	memcpy(hex, text->data + DIGITS + 1, sizeof hex - 1);
	hex[sizeof hex - 1] = 0;
	return tp_unhex(hex, chain->link, TP_SHA256_BYTES);
}

enum tp_status tp_chain_file(
	struct tp_archive *archive, struct tp_chain *chain, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(4096);
	enum tp_status status = tp_archive_file_read(archive, NAME, &text, err);

	if (!status && !parse(&text, chain))
		status = tp_fail(err, TP_DATA, "%s/" NAME ": damaged", archive->path);
	if (status)
		*chain = (struct tp_chain){ 0 };
	tp_buf_release(&text);
	return status;
}

void tp_chain_note_journals(struct tp_chain *chain, const struct tp_pack *pack)
{
	size_t count;
	const uint32_t *replaced = tp_pack_journals(pack, &count);

	for (size_t i = 0; i < count; i++)
		if (replaced[i] > chain->journal)
			chain->journal = replaced[i];
}

/* A pack that the file does not know, or not the journals of. When it is damaged the chain begins anew:
 * archive-check tells, mail goes on. But a disk or a memory that fails just now is no reason to break
 * it. */
static enum tp_status add_pack(
	struct tp_archive *archive, uint32_t number, struct tp_chain *chain, struct tp_error *err)
{
	struct tp_pack *pack;
	enum tp_status status = tp_pack_open(archive, number, &pack, err);

	if (number > chain->number) {
		chain->number = number;
		memset(chain->link, 0, sizeof chain->link);
		if (!status)
			memcpy(chain->link, tp_pack_link(pack), sizeof chain->link);
	}
	if (!status)
		tp_chain_note_journals(chain, pack);
	tp_pack_close(pack);
	return status == TP_DATA ? TP_OK : status;
}

enum tp_status tp_chain_read(
	struct tp_archive *archive, struct tp_chain *chain, struct tp_error *err)
{
	static const char *const folders[] = { "pack", "cellar" };
	enum tp_status status = tp_chain_file(archive, chain, err);
	uint32_t known = chain->knows ? chain->number : 0;

	/* A lost or damaged file is made again from the packs. */
	if (status == TP_NOINPUT || status == TP_DATA)
		status = TP_OK;
	for (int i = 0; !status && i < 2; i++) {
		uint32_t *numbers = NULL;
		size_t count = 0;

		status = tp_archive_numbers(archive, folders[i], &numbers, &count, err);
		for (size_t k = count; !status && k-- > 0 && numbers[k] > known;)
			status = add_pack(archive, numbers[k], chain, err);
		free(numbers);
	}
	return status;
}

enum tp_status tp_chain_write(
	struct tp_archive *archive, const struct tp_chain *chain, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(4096);
	char hex[TP_SHA256_HEX];
	enum tp_status status;

	tp_hex(chain->link, TP_SHA256_BYTES, hex);
	tp_buf_addf(&text, "%08u %s %08u\n", chain->number, hex, chain->journal);
	status = tp_archive_file_replace(archive, NAME, &text, err);
	tp_buf_release(&text);
	return status;
}
