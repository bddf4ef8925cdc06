/* Asking registers: see register.h. */
#include "archive/register.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/register_form.h"
#include "archive/segment_form.h"
#include "base/crc32c.h"
#include "base/digest.h"

struct tp_registers {
	struct tp_archive *archive;
	struct tp_register **list; /* by first pack; NULL: it turned out damaged */
	size_t count;
};

void tp_register_name(uint32_t first, uint32_t span, char name[TP_ARCHIVE_NAME])
{
	snprintf(name, TP_ARCHIVE_NAME, "index/%08u-%u.tpr", first, span);
}

enum tp_status tp_register_mark(
	const struct tp_archive *archive, uint64_t prefix, uint64_t *mark, struct tp_error *err)
{
	unsigned char about[16] = "register", sum[TP_SHA256_BYTES];
	enum tp_status status = TP_OK;

	if (archive->encrypted) {
		tp_le_put64(about + 8, prefix);
		status = tp_archive_need_key(archive, err);
		if (!status)
			status = tp_hmac_sha256(
				archive->key, TP_CIPHER_KEY, about, sizeof about, sum, err);
		prefix = tp_le_get64(sum);
	}
	*mark = prefix >> TP_REGISTER_BITS;
	return status;
}

/* --- one -------------------------------------------------------------------------------------- */

static enum tp_status damaged(const struct tp_register *reg, struct tp_error *err)
{
	return tp_fail(err, TP_DATA, "%s: damaged", reg->name);
}

static bool take_packs(struct tp_register *reg, const unsigned char *table)
{
	for (uint32_t i = 0; i < reg->pack_count; i++, table += TP_REGISTER_PACK) {
		struct tp_register_pack *pack = &reg->packs[i];

		pack->number = tp_le_get32(table);
		pack->first_ms = (int64_t)tp_le_get64(table + 4);
		pack->last_ms = (int64_t)tp_le_get64(table + 12);
		if (pack->number < reg->first || pack->number - reg->first >= reg->span ||
			(i && pack->number <= reg->packs[i - 1].number))
			return false;
	}
	return true;
}

static enum tp_status read_front(struct tp_register *reg, struct tp_error *err)
{
	unsigned char head[TP_REGISTER_HEADER],
		table[TP_REGISTER_PACK * (TP_REGISTER_FAN * TP_REGISTER_FAN * TP_REGISTER_FAN)];
	size_t len;
	struct stat st;

	if (fstat(reg->fd, &st))
		return tp_fail_errno(err, TP_IO, "%s", reg->name);
	if (pread(reg->fd, head, sizeof head, 0) != (ssize_t)sizeof head ||
		memcmp(head, TP_REGISTER_MAGIC, 8) ||
		tp_le_get32(head + 8) != TP_REGISTER_VERSION ||
		tp_crc32c(0, head, 60) != tp_le_get32(head + 60) ||
		tp_le_get32(head + 12) != reg->first || tp_le_get32(head + 16) != reg->span)
		return damaged(reg, err);
	reg->pack_count = tp_le_get32(head + 20);
	reg->block_count = tp_le_get32(head + 24);
	len = (size_t)reg->pack_count * TP_REGISTER_PACK;
	if (reg->pack_count > reg->span || len > sizeof table ||
		(uint64_t)st.st_size !=
			TP_REGISTER_HEADER + len + (uint64_t)reg->block_count * TP_REGISTER_BLOCK ||
		pread(reg->fd, table, len, TP_REGISTER_HEADER) != (ssize_t)len ||
		tp_crc32c(0, table, len) != tp_le_get32(head + 28))
		return damaged(reg, err);
	reg->packs = calloc((size_t)reg->pack_count + 1, sizeof *reg->packs);
	if (!reg->packs)
		return tp_fail(err, TP_NOMEM, "out of memory");
	return take_packs(reg, table) ? TP_OK : damaged(reg, err);
}

enum tp_status tp_register_open(struct tp_archive *archive, uint32_t first, uint32_t span,
	struct tp_register **out, struct tp_error *err)
{
	struct tp_register *reg = calloc(1, sizeof *reg);
	enum tp_status status = TP_OK;

	*out = NULL;
	if (!reg)
		return tp_fail(err, TP_NOMEM, "out of memory");
	reg->first = first;
	reg->span = span;
	tp_register_name(first, span, reg->name);
	reg->fd = openat(archive->dir, reg->name, O_RDONLY | O_CLOEXEC);
	if (reg->fd < 0)
		status = tp_fail_errno(err, errno == ENOENT ? TP_NOINPUT : TP_IO, "%s", reg->name);
	if (!status)
		status = read_front(reg, err);
	if (status)
		tp_register_close(reg);
	else
		*out = reg;
	return status;
}

void tp_register_close(struct tp_register *reg)
{
	if (!reg)
		return;
	if (reg->fd >= 0)
		close(reg->fd);
	free(reg->packs);
	free(reg);
}

enum tp_status tp_register_block(const struct tp_register *reg, uint32_t block,
	uint64_t entries[TP_REGISTER_ENTRIES], size_t *count, struct tp_error *err)
{
	unsigned char bytes[TP_REGISTER_BLOCK];
	off_t at = (off_t)(TP_REGISTER_HEADER + (size_t)reg->pack_count * TP_REGISTER_PACK +
			   (size_t)block * TP_REGISTER_BLOCK);

	if (pread(reg->fd, bytes, sizeof bytes, at) != (ssize_t)sizeof bytes ||
		tp_crc32c(0, bytes, 8 * TP_REGISTER_ENTRIES) !=
			tp_le_get32(bytes + 8 * TP_REGISTER_ENTRIES))
		return damaged(reg, err);
	for (*count = 0; *count < TP_REGISTER_ENTRIES; ++*count) {
		entries[*count] = tp_le_get64(bytes + 8 * *count);
		if (entries[*count] == UINT64_MAX)
			break;
	}
	return *count ? TP_OK : damaged(reg, err);
}

/* --- all of them ------------------------------------------------------------------------------ */

/* The largest register that begins with that pack; NULL: none can be read. */
static enum tp_status open_largest(struct tp_archive *archive, uint32_t first, uint32_t last,
	struct tp_register **reg, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	*reg = NULL;
	for (unsigned level = TP_REGISTER_LEVELS; level && !*reg && status != TP_NOMEM; level--) {
		uint32_t span = tp_register_span(level);

		if ((first - 1) % span == 0 && span <= last - first + 1)
			status = tp_register_open(archive, first, span, reg, err);
	}
	return status == TP_NOMEM ? status : TP_OK;
}

enum tp_status tp_registers_open(struct tp_archive *archive, uint32_t last,
	struct tp_registers **registers, struct tp_error *err)
{
	struct tp_registers *set = calloc(1, sizeof *set);
	enum tp_status status = TP_OK;

	*registers = NULL;
	if (set)
		set->list = calloc(last / TP_REGISTER_FAN + 1, sizeof(struct tp_register *));
	if (!set || !set->list) {
		free(set);
		return tp_fail(err, TP_NOMEM, "out of memory");
	}
	set->archive = archive;
	for (uint32_t next = 1; !status && next <= last && last - next + 1 >= TP_REGISTER_FAN;) {
		struct tp_register *reg;

		status = open_largest(archive, next, last, &reg, err);
		if (reg)
			set->list[set->count++] = reg;
		next += reg ? reg->span : TP_REGISTER_FAN;
	}
	if (status)
		tp_registers_close(set);
	else
		*registers = set;
	return status;
}

void tp_registers_close(struct tp_registers *registers)
{
	if (!registers)
		return;
	for (size_t i = 0; i < registers->count; i++)
		tp_register_close(registers->list[i]);
	free(registers->list);
	free(registers);
}

const struct tp_register_pack *tp_registers_pack(
	const struct tp_registers *registers, uint32_t number)
{
	for (size_t i = 0; i < registers->count; i++) {
		const struct tp_register *reg = registers->list[i];

		if (!reg || number < reg->first || number - reg->first >= reg->span)
			continue;
		for (uint32_t k = 0; k < reg->pack_count; k++)
			if (reg->packs[k].number == number)
				return &reg->packs[k];
	}
	return NULL;
}

static enum tp_status add_number(
	uint32_t number, uint32_t **numbers, size_t *count, struct tp_error *err)
{
	uint32_t *larger = reallocarray(*numbers, *count + 1, sizeof *larger);

	if (!larger)
		return tp_fail(err, TP_NOMEM, "out of memory");
	*numbers = larger;
	(*numbers)[(*count)++] = number;
	return TP_OK;
}

/* Hashes are spread evenly, so the block is about where the mark says: back from there to one that begins
 * below the mark, then on until one goes beyond. */
static enum tp_status find_in(const struct tp_register *reg, uint64_t mark, uint32_t **numbers,
	size_t *count, struct tp_error *err)
{
	uint64_t entries[TP_REGISTER_ENTRIES];
	uint32_t block = (uint32_t)((mark >> 8) * reg->block_count >> 32);
	size_t n = 0;
	enum tp_status status;

	if (!reg->block_count)
		return TP_OK;
	while (!(status = tp_register_block(reg, block, entries, &n, err)) && block &&
		entries[0] >> TP_REGISTER_BITS >= mark)
		block--;
	while (!status) {
		for (size_t i = 0; !status && i < n; i++) {
			uint32_t pack = entries[i] & ((1u << TP_REGISTER_BITS) - 1);

			if (entries[i] >> TP_REGISTER_BITS == mark)
				status = pack < reg->pack_count
						 ? add_number(reg->packs[pack].number, numbers,
							   count, err)
						 : damaged(reg, err);
		}
		if (status || entries[n - 1] >> TP_REGISTER_BITS > mark ||
			++block == reg->block_count)
			break;
		status = tp_register_block(reg, block, entries, &n, err);
	}
	return status;
}

enum tp_status tp_registers_find(struct tp_registers *registers,
	const unsigned char delivery[TP_SHA256_BYTES], uint32_t **numbers, size_t *count,
	struct tp_error *err)
{
	uint64_t mark = 0;
	enum tp_status status = TP_OK;

	if (registers->count)
		status = tp_register_mark(
			registers->archive, tp_segment_prefix(delivery), &mark, err);
	for (size_t i = 0; !status && i < registers->count; i++) {
		if (!registers->list[i])
			continue;
		status = find_in(registers->list[i], mark, numbers, count, err);
		if (status != TP_DATA)
			continue;
		tp_register_close(registers->list[i]);
		registers->list[i] = NULL;
		status = TP_OK;
	}
	return status;
}

static enum tp_status verify(const struct tp_register *reg, struct tp_error *err)
{
	uint64_t entries[TP_REGISTER_ENTRIES], before = 0;
	enum tp_status status = TP_OK;
	size_t n = 0;

	for (uint32_t b = 0; !status && b < reg->block_count; b++) {
		status = tp_register_block(reg, b, entries, &n, err);
		for (size_t i = 0; !status && i < n; before = entries[i++])
			if (entries[i] < before)
				status = damaged(reg, err);
	}
	return status;
}

enum tp_status tp_registers_verify(struct tp_archive *archive, uint32_t last, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (unsigned level = 1; !status && level <= TP_REGISTER_LEVELS; level++) {
		uint32_t span = tp_register_span(level);

		for (uint32_t first = 1; !status && first <= last; first += span) {
			struct tp_register *reg;

			status = tp_register_open(archive, first, span, &reg, err);
			if (!status)
				status = verify(reg, err);
			tp_register_close(reg);
			status = status == TP_NOINPUT ? TP_OK : status;
		}
	}
	return status;
}
