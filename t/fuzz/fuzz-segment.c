/* Any bytes as an index segment, with its checksums made right: opened and read in every section, no
 * index or offset leads outside, and what is read is one thing only. */
#include "archive/chunk.h"
#include "archive/segment_form.h"
#include "base/crc32c.h"
#include "base/fold.h"
#include "fuzz.h"

/* Sums over what is there, so that damage gets past them. */
static void make_right(unsigned char *bytes, size_t len)
{
	size_t front = TP_SEGMENT_HEADER + (size_t)tp_le_get32(bytes + 28) * TP_SEGMENT_ENTRY;

	memcpy(bytes, TP_SEGMENT_MAGIC, 8);
	tp_le_put32(bytes + 8, TP_SEGMENT_VERSION);
	tp_le_put32(bytes + 12, 0);
	tp_le_put32(bytes + 16, TP_SEGMENT_PACK);
	tp_le_put32(bytes + 20, 0);
	tp_le_put32(bytes + 24, tp_fold_version());
	for (size_t at = TP_SEGMENT_HEADER; front <= len && at < front; at += TP_SEGMENT_ENTRY)
		for (size_t i = 0; i < TP_SECTIONS; i++) {
			unsigned char *entry = bytes + at + 40 + i * TP_SEGMENT_FRAME_ENTRY;
			struct tp_piece piece = tp_piece_get(entry);

			if (piece.at > len || piece.stored > len - piece.at)
				continue;
			piece.plain = piece.stored;
			piece.crc = tp_crc32c(0, bytes + piece.at, piece.stored);
			tp_piece_put(entry, &piece);
		}
	if (front <= len)
		tp_le_put32(bytes + 68,
			tp_crc32c(0, bytes + TP_SEGMENT_HEADER, front - TP_SEGMENT_HEADER));
	tp_le_put32(bytes + 124, tp_crc32c(0, bytes, 124));
}

static void read_texts(const struct tp_texts *texts, size_t rows)
{
	volatile unsigned sum = 0;

	for (size_t i = 0; i < rows; i++) {
		uint32_t begin = texts->offset[texts->of_row[i]];

		for (uint32_t k = begin; k < texts->offset[texts->of_row[i] + 1]; k++)
			sum += (unsigned char)texts->bytes[k];
	}
	(void)sum;
}

static void read_chunk(struct tp_chunk *chunk)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_texts texts;
	struct tp_rows rows;

	if (tp_chunk_rows(chunk, &rows, NULL))
		return;
	for (int c = 0; c < TP_COLUMNS; c++)
		if (!tp_chunk_texts(chunk, (enum tp_column)c, &texts, NULL))
			read_texts(&texts, rows.count);
	for (size_t i = 0; i < rows.count; i += 17)
		tp_chunk_record(chunk, i, &record, NULL);
	tp_record_release(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tp_buf file = TP_BUF_INIT(1u << 26);
	unsigned char delivery[TP_SHA256_BYTES] = { 1, 2, 3 };
	struct tp_segment *segment;
	struct tp_chunk *chunk;
	struct tp_row row;

	if (size < TP_SEGMENT_HEADER || !tp_buf_add(&file, data, size))
		return 0;
	make_right((unsigned char *)file.data, size);
	if (!tp_segment_in_memory(&file, &segment, NULL)) {
		tp_chunk_new(&chunk, NULL);
		for (size_t i = 0; i < tp_segment_chunks(segment); i++) {
			tp_chunk_turn(chunk, segment, i);
			read_chunk(chunk);
		}
		tp_segment_find_delivery(segment, delivery, &row, NULL);
		tp_chunk_free(chunk);
		tp_segment_close(segment);
	}
	tp_buf_release(&file);
	return 0;
}
