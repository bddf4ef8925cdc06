/* The end of the chain: see chain.h. A line: eight digits, a space, 64 hexadecimal digits. */
#include "archive/chain.h"

#include "archive/pack.h"
#include "base/file.h"
#include "base/hex.h"

#define DIGITS 8

static enum tp_status path_of(struct tp_archive *archive, struct tp_buf *path, struct tp_error *err)
{
	tp_buf_addf(path, "%s/chain", archive->path);
	return tp_buf_status(path, "path", err);
}

static bool parse(const struct tp_buf *text, struct tp_chain *chain)
{
	char hex[TP_SHA256_HEX];

	if (text->len != DIGITS + 1 + TP_SHA256_HEX || text->data[DIGITS] != ' ' ||
		text->data[text->len - 1] != '\n')
		return false;
	chain->number = 0;
	for (int i = 0; i < DIGITS; i++) {
		if (text->data[i] < '0' || text->data[i] > '9')
			return false;
		chain->number = chain->number * 10 + (uint32_t)(text->data[i] - '0');
	}
	memcpy(hex, text->data + DIGITS + 1, sizeof hex - 1);
	hex[sizeof hex - 1] = 0;
	return tp_unhex(hex, chain->link, TP_SHA256_BYTES);
}

enum tp_status tp_chain_file(
	struct tp_archive *archive, struct tp_chain *chain, struct tp_error *err)
{
	struct tp_buf path = TP_BUF_INIT(65536), text = TP_BUF_INIT(4096);
	enum tp_status status = path_of(archive, &path, err);

	if (!status)
		status = tp_file_read(path.data, &text, err);
	if (!status && !parse(&text, chain))
		status = tp_fail(err, TP_DATA, "%s: damaged", path.data);
	if (status)
		*chain = (struct tp_chain){ 0 };
	tp_buf_release(&path);
	tp_buf_release(&text);
	return status;
}

static enum tp_status highest(struct tp_archive *archive, uint32_t *number, struct tp_error *err)
{
	static const char *const folders[] = { "pack", "cellar" };
	enum tp_status status = TP_OK;

	*number = 0;
	for (int i = 0; !status && i < 2; i++) {
		uint32_t *numbers = NULL;
		size_t count = 0;

		status = tp_archive_numbers(archive, folders[i], &numbers, &count, err);
		if (count && numbers[count - 1] > *number)
			*number = numbers[count - 1];
		free(numbers);
	}
	return status;
}

enum tp_status tp_chain_read(
	struct tp_archive *archive, struct tp_chain *chain, struct tp_error *err)
{
	enum tp_status status = tp_chain_file(archive, chain, err);
	struct tp_pack *pack;
	uint32_t number;

	/* A lost or damaged file is made again from the packs. */
	if (status && status != TP_NOINPUT && status != TP_DATA)
		return status;
	status = highest(archive, &number, err);
	if (status || number <= chain->number)
		return status;
	*chain = (struct tp_chain){ .number = number };
	status = tp_pack_open(archive, number, &pack, err);
	/* When that pack is damaged the chain begins anew: archive-check tells, mail goes on. But a disk
	 * or a memory that fails just now is no reason to break it. */
	if (status)
		return status == TP_DATA ? TP_OK : status;
	memcpy(chain->link, tp_pack_link(pack), sizeof chain->link);
	tp_pack_close(pack);
	return TP_OK;
}

enum tp_status tp_chain_write(
	struct tp_archive *archive, const struct tp_chain *chain, struct tp_error *err)
{
	struct tp_buf path = TP_BUF_INIT(65536);
	char text[DIGITS + 1 + TP_SHA256_HEX + 1], hex[TP_SHA256_HEX];
	enum tp_status status = path_of(archive, &path, err);

	tp_hex(chain->link, TP_SHA256_BYTES, hex);
	snprintf(text, sizeof text, "%08u %s\n", chain->number, hex);
	if (!status)
		status = tp_file_replace(path.data, text, strlen(text), 0640, err);
	tp_buf_release(&path);
	return status;
}
