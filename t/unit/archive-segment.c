/* archive/segment, archive/chunk: what goes in comes out, in files, in memory and sealed; deliveries;
 * damage in every byte; versions; replacing and dropping. */
#include "archive/chunk.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "archive/segment_form.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/fold.h"
#include "segment-tool.h"

#define ROWS 9000

static struct tp_record records[ROWS];
static struct tp_error err;

static bool is_erased(size_t i)
{
	return i % 97 == 5;
}

static void make_records(void)
{
	for (size_t i = 0; i < ROWS; i++)
		make_record(&records[i],
			1100000000000 + (int64_t)i * 1000 - (i % 50 == 7 ? 100000 : 0));
	/* one of everything extreme */
	free(records[3].subject);
	records[3].subject = calloc(1, 3000001);
	memset(records[3].subject, 'y', 3000000);
	for (int i = 0; i < 3000; i++)
		tp_strings_addf(&records[4].rcpts, NULL, "many%d@example.org", i);
	free(records[6].from);
	records[6].from = strdup("\xff\xfe broken \x01\x02\n\ttext \xc3");
}

/* Small again, for the test that damages every byte. */
static void shrink(void)
{
	records[3].subject[10] = '\0';
	while (records[4].rcpts.count > 3)
		free(records[4].rcpts.list[--records[4].rcpts.count]);
	records[4].rcpts.list[3] = NULL;
}

static struct tp_segment_builder *build(size_t count)
{
	struct tp_segment_builder *builder;

	tp_segment_builder_new(&builder, NULL);
	for (size_t i = 0; i < count; i++)
		if (tp_segment_builder_add(builder, &records[i], is_erased(i), &err))
			ok(false, "record %zu: %s", i, err.text);
	return builder;
}

static bool holds(const struct tp_texts *texts, size_t row, const char *piece)
{
	struct tp_buf folded = TP_BUF_INIT(SIZE_MAX / 2);
	uint32_t t = texts->of_row[row], begin = texts->offset[t], end = texts->offset[t + 1];
	bool held;

	tp_fold(piece, strlen(piece), &folded);
	held = memmem(texts->bytes + begin, end - begin - 1, tp_buf_str(&folded), folded.len) &&
	       texts->bytes[end - 1] == '\n' &&
	       !memchr(texts->bytes + begin, '\n', end - begin - 1);
	tp_buf_release(&folded);
	return held;
}

static bool same_texts(const struct tp_record *a, const struct tp_record *b)
{
	bool same = !strcmp(a->from, b->from) && !strcmp(a->to, b->to) &&
		    !strcmp(a->subject, b->subject) && !strcmp(a->sender, b->sender) &&
		    a->rcpts.count == b->rcpts.count;

	for (size_t i = 0; same && i < a->rcpts.count; i++)
		same = !strcmp(a->rcpts.list[i], b->rcpts.list[i]);
	return same;
}

/* Counts what is wrong in a row. */
static int judge_row(struct tp_chunk *chunk, const struct tp_rows *rows,
	const struct tp_texts texts[3], size_t row)
{
	struct tp_record shown = TP_RECORD_INIT;
	size_t i = rows->at[row];
	const struct tp_record *want = &records[i];
	int wrong = 0;

	wrong += i >= ROWS || rows->arrival_ms[row] != want->arrival_ms ||
		 rows->erased[row] != is_erased(i);
	wrong += tp_chunk_record(chunk, row, &shown, &err) != TP_OK;
	wrong += strcmp(shown.id, want->id) != 0;
	if (is_erased(i)) {
		wrong += *shown.from || *shown.subject || *shown.to || *shown.sender ||
			 shown.rcpts.count;
		for (int c = 0; c < 3; c++)
			wrong += texts[c].bytes[texts[c].offset[texts[c].of_row[row]]] != '\n';
	} else {
		wrong += !same_texts(&shown, want) || shown.size_bytes != want->size_bytes;
		wrong += !holds(&texts[0], row, want->from) || !holds(&texts[0], row, want->sender);
		wrong += !holds(&texts[1], row, want->to) || !holds(&texts[2], row, want->subject);
		for (size_t r = 0; r < want->rcpts.count; r += 100)
			wrong += !holds(&texts[1], row, want->rcpts.list[r]);
	}
	tp_record_release(&shown);
	return wrong;
}

static void judge(struct tp_segment *segment, size_t count, const char *what)
{
	struct tp_texts texts[3];
	struct tp_chunk *chunk;
	struct tp_rows rows;
	size_t seen = 0;
	int wrong = 0, disorder = 0;

	tp_chunk_new(&chunk, NULL);
	for (size_t c = 0; c < tp_segment_chunks(segment); c++) {
		const struct tp_chunk_range *range = tp_segment_range(segment, c);

		tp_chunk_turn(chunk, segment, c);
		wrong += tp_chunk_rows(chunk, &rows, &err) != TP_OK || rows.count != range->count;
		for (int k = 0; k < 3; k++)
			wrong += tp_chunk_texts(chunk, (enum tp_column)k, &texts[k], &err) != TP_OK;
		if (wrong)
			break;
		wrong += rows.arrival_ms[0] != range->first_ms ||
			 rows.arrival_ms[rows.count - 1] != range->last_ms;
		for (size_t i = 0; i < rows.count; i++) {
			disorder += i && rows.arrival_ms[i] < rows.arrival_ms[i - 1];
			disorder += rows.size_bytes[i] < range->least_bytes ||
				    rows.size_bytes[i] > range->most_bytes;
			wrong += judge_row(chunk, &rows, texts, i);
		}
		seen += rows.count;
	}
	ok(wrong == 0 && seen == count && tp_segment_rows(segment) == count,
		"%s: every row is what it was (%d wrong, %zu of %zu, %s)", what, wrong, seen, count,
		err.text);
	ok(disorder == 0, "%s: rows are in order and within their ranges", what);
	ok(tp_segment_verify(segment, &err) == TP_OK, "%s: verifies", what);
	tp_chunk_free(chunk);
}

static void judge_deliveries(struct tp_segment *segment, size_t count, const char *what)
{
	unsigned char other[TP_SHA256_BYTES];
	struct tp_chunk *chunk;
	struct tp_rows rows;
	struct tp_row row;
	int wrong = 0;

	tp_chunk_new(&chunk, NULL);
	for (size_t i = 0; i < count; i += 7) {
		enum tp_status status =
			tp_segment_find_delivery(segment, records[i].delivery, &row, &err);

		wrong += status != (is_erased(i) ? TP_NOTHING : TP_OK);
		if (status)
			continue;
		tp_chunk_turn(chunk, segment, row.chunk);
		wrong += tp_chunk_rows(chunk, &rows, &err) || rows.at[row.row] != i;
	}
	for (int i = 0; i < 2000; i++) {
		for (size_t k = 0; k < sizeof other; k++)
			other[k] = (unsigned char)dice(256);
		if (i < 4)
			memset(other, i & 1 ? 0xff : 0, 8);
		wrong += tp_segment_find_delivery(segment, other, &row, &err) != TP_NOTHING;
	}
	ok(wrong == 0, "%s: deliveries are found, others are not (%d wrong)", what, wrong);
	tp_chunk_free(chunk);
}

static void test_kinds(struct tp_archive *archive, struct tp_archive *locked)
{
	static const size_t counts[] = { 0, 1, 64, 65, 4096, 4097, ROWS };
	struct tp_segment_builder *builder;
	struct tp_segment *segment;
	char what[64];

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		uint32_t number = (uint32_t)i + 1;

		builder = build(counts[i]);
		ok(tp_segment_builder_write(builder, archive, number, &err) == TP_OK &&
				tp_segment_builder_write(builder, locked, number, &err) == TP_OK,
			"%zu rows are written (%s)", counts[i], err.text);
		ok(tp_segment_open(archive, number, &segment, &err) == TP_OK, "and opened");
		snprintf(what, sizeof what, "%zu rows in a file", counts[i]);
		judge(segment, counts[i], what);
		judge_deliveries(segment, counts[i], what);
		tp_segment_close(segment);
		ok(tp_segment_open(locked, number, &segment, &err) == TP_OK, "sealed, too");
		snprintf(what, sizeof what, "%zu rows sealed", counts[i]);
		judge(segment, counts[i], what);
		judge_deliveries(segment, counts[i], what);
		tp_segment_close(segment);
		ok(tp_segment_builder_view(builder, &segment, &err) == TP_OK, "and in memory");
		snprintf(what, sizeof what, "%zu rows in memory", counts[i]);
		judge(segment, counts[i], what);
		judge_deliveries(segment, counts[i], what);
		tp_segment_close(segment);
		tp_segment_builder_free(builder);
	}
}

static size_t read_file(const char *name, char **bytes)
{
	struct tp_buf buf = TP_BUF_INIT(1u << 30);
	size_t len;

	if (tp_file_read(name, &buf, &err))
		exit(99);
	len = buf.len;
	*bytes = tp_buf_detach(&buf);
	return len;
}

/* TP_OK from the whole way: opening and verifying. */
static enum tp_status try(struct tp_archive *archive, uint32_t number)
{
	struct tp_segment *segment;
	enum tp_status status = tp_segment_open(archive, number, &segment, &err);

	if (!status) {
		status = tp_segment_verify(segment, &err);
		tp_segment_close(segment);
	}
	return status;
}

/* Marks the bytes that belong to header, directory, sections, frames and blocks. */
static char *map_pieces(struct tp_archive *archive, uint32_t number, size_t len)
{
	char *mine = calloc(1, len + 1);
	struct tp_buf list = TP_BUF_INIT(1u << 20), scratch = TP_BUF_INIT(1u << 20);
	struct tp_segment *s;
	int fd;

	if (tp_segment_open(archive, number, &s, &err) || tp_segment_file(s, &fd, &err))
		exit(99);
	memset(mine, 1, TP_SEGMENT_HEADER + s->chunk_count * TP_SEGMENT_ENTRY);
	memset(mine + s->blocks_at, 1, len - s->blocks_at);
	for (uint32_t c = 0; c < s->chunk_count; c++) {
		for (int i = 0; i < TP_SECTIONS; i++)
			memset(mine + s->chunks[c].section[i].at, 1,
				s->chunks[c].section[i].stored);
		tp_segment_piece(
			s, fd, &s->chunks[c].section[TP_SECTION_FRAMES], &scratch, &list, &err);
		for (size_t at = 0; at < list.len; at += TP_SEGMENT_FRAME_ENTRY) {
			struct tp_piece piece = tp_piece_get((unsigned char *)list.data + at);

			memset(mine + piece.at, 1, piece.stored);
		}
	}
	close(fd);
	tp_segment_close(s);
	tp_buf_release(&list);
	tp_buf_release(&scratch);
	return mine;
}

static void put_byte(int fd, size_t at, char byte)
{
	if (pwrite(fd, &byte, 1, (off_t)at) != 1)
		exit(99);
}

static void test_damage(struct tp_archive *archive, const char *name, const char *what)
{
	struct tp_segment_builder *builder = build(70);
	size_t len, missed = 0, other = 0;
	unsigned char header[TP_SEGMENT_HEADER];
	enum tp_status status;
	char *bytes, *mine;
	int fd;

	tp_segment_builder_write(builder, archive, 50, &err);
	tp_segment_builder_free(builder);
	len = read_file(name, &bytes);
	mine = map_pieces(archive, 50, len);
	fd = open(name, O_WRONLY);
	for (size_t i = 0; i < len; i += i < 1000 ? 1 : 5) {
		put_byte(fd, i, (char)(bytes[i] ^ 1 << i % 8));
		status = try(archive, 50);
		missed += mine[i] && status == TP_OK;
		other += status != TP_OK && status != TP_DATA;
		put_byte(fd, i, bytes[i]);
	}
	ok(missed == 0 && other == 0, "%s: a flipped bit is TP_DATA (%zu missed, %zu other)", what,
		missed, other);
	ok(try(archive, 50) == TP_OK, "%s: whole, it is fine", what);
	memcpy(header, bytes, sizeof header);
	tp_le_put32(header + 24, tp_fold_version() + 1);
	tp_le_put32(header + 124, tp_crc32c(0, header, 124));
	if (pwrite(fd, header, sizeof header, 0) != sizeof header)
		exit(99);
	ok(try(archive, 50) == TP_DATA, "%s: one with another folding is to be made again", what);
	if (pwrite(fd, bytes, sizeof header, 0) != sizeof header)
		exit(99);
	for (size_t i = len; i-- > 0; i = i > 40 ? i - 40 : i) {
		if (ftruncate(fd, (off_t)i))
			exit(99);
		missed += try(archive, 50) == TP_OK;
	}
	ok(missed == 0, "%s: and so is a file cut short anywhere (%zu missed)", what, missed);
	close(fd);
	free(bytes);
	free(mine);
}

static void test_keeping(struct tp_archive *archive)
{
	struct tp_segment_builder *builder = build(10);
	struct tp_segment *segment;
	uint64_t of;

	ok(tp_segment_open(archive, 77, &segment, &err) == TP_NOINPUT && !segment,
		"one that is not there is TP_NOINPUT");
	ok(tp_segment_builder_write_kind(builder, archive, TP_SEGMENT_JOURNAL, 77, 5, 600, &err) ==
			TP_OK,
		"a journal has one, too");
	ok(tp_segment_open(archive, 77, &segment, &err) == TP_NOINPUT, "it is no pack's");
	tp_segment_open_kind(archive, TP_SEGMENT_JOURNAL, 77, &segment, &err);
	ok(segment && tp_segment_covers(segment, &of) == 600 && of == 5,
		"and says of what it was made");
	tp_segment_builder_free(builder);
	builder = build(20);
	tp_segment_builder_write_kind(builder, archive, TP_SEGMENT_JOURNAL, 77, 6, 700, &err);
	judge(segment, 10, "one that was replaced meanwhile");
	tp_segment_close(segment);
	tp_segment_open_kind(archive, TP_SEGMENT_JOURNAL, 77, &segment, &err);
	judge(segment, 20, "the new one");
	tp_segment_close(segment);
	tp_segment_builder_free(builder);
	ok(tp_segment_drop(archive, TP_SEGMENT_JOURNAL, 77, &err) == TP_OK &&
			tp_segment_drop(archive, TP_SEGMENT_JOURNAL, 77, &err) == TP_OK &&
			tp_segment_open_kind(archive, TP_SEGMENT_JOURNAL, 77, &segment, &err) ==
				TP_NOINPUT,
		"dropped, it is gone, and dropping twice is fine");
}

static atomic_bool replacing;
static int missed;

static void *look_for_it(void *archive)
{
	while (replacing)
		missed += faccessat(((struct tp_archive *)archive)->dir, "index/00000088.tpx", F_OK,
				  0) != 0;
	return NULL;
}

/* Readers open the file by its name when they need it: it may be replaced, but never be away. */
static void test_replacing(struct tp_archive *archive)
{
	struct tp_segment_builder *builder = build(64);
	struct tp_segment *segment = NULL;
	struct tp_row row;
	pthread_t reader;
	int failed = tp_segment_builder_write(builder, archive, 88, &err);

	replacing = true;
	pthread_create(&reader, NULL, look_for_it, archive);
	for (int i = 0; i < 300; i++)
		failed += tp_segment_builder_write(builder, archive, 88, &err) != TP_OK;
	replacing = false;
	pthread_join(reader, NULL);
	ok(!failed && !missed, "a segment that is made again is never away (%d times)", missed);
	failed = tp_segment_open(archive, 88, &segment, &err);
	unlinkat(archive->dir, "index/00000088.tpx", 0);
	ok(!failed && tp_segment_find_delivery(segment, records[1].delivery, &row, &err) == TP_DATA,
		"one that somebody removed can be made again: %s", err.text);
	tp_segment_close(segment);
	tp_segment_builder_free(builder);
}

int main(void)
{
	struct tp_archive *archive, *locked;

	trash_make();
	archive = make_archive("open", false);
	locked = make_archive("locked", true);
	make_records();
	test_kinds(archive, locked);
	shrink();
	test_damage(archive, "open/index/00000050.tpx", "open");
	test_damage(locked, "locked/index/00000050.tpx", "sealed");
	test_keeping(archive);
	test_replacing(archive);
	locked->has_key = false;
	ok(try(locked, 7) == TP_CONFIG && strstr(err.text, "no key"), "without the key: %s",
		err.text);
	locked->has_key = true;
	locked->key[0] ^= 1;
	ok(try(locked, 7) == TP_DATA, "with another key: %s", err.text);
	for (size_t i = 0; i < ROWS; i++)
		tp_record_release(&records[i]);
	tp_archive_close(archive);
	tp_archive_close(locked);
	return done_testing();
}
