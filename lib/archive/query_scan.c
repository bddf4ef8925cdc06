/*
 * Looking through a chunk. The column's texts stand one behind the other and are searched as one; a
 * hit says which text, and the search goes on behind that text. When few rows are left of those
 * before, only their texts are looked at.
 */
#include "archive/query_scan.h"

/* Looking at one text costs about as much as passing over this many. */
#define FEW 6

enum tp_status tp_scan_new(
	const struct tp_compiled *compiled, struct tp_scan **scan, struct tp_error *err)
{
	struct tp_scan *s = calloc(1, sizeof *s);
	enum tp_status status = TP_OK;

	*scan = NULL;
	if (!s)
		return tp_fail(err, TP_NOMEM, "out of memory");
	s->compiled = compiled;
	s->counts = calloc(compiled->term_count + 1, sizeof *s->counts);
	s->order = calloc(compiled->term_count + 1, sizeof *s->order);
	s->patterns = calloc(compiled->regex_count + 1, sizeof(struct tp_pattern *));
	s->live = calloc(3, TP_SEGMENT_CHUNK);
	if (!s->counts || !s->order || !s->patterns || !s->live)
		status = tp_fail(err, TP_NOMEM, "out of memory");
	if (!status) {
		s->seen = s->live + TP_SEGMENT_CHUNK;
		s->there = s->seen + TP_SEGMENT_CHUNK;
		status = tp_chunk_new(&s->chunk, err);
	}
	for (size_t i = 0; !status && i < compiled->term_count; i++)
		s->order[i] = i;
	for (size_t i = 0; !status && i < compiled->regex_count; i++)
		status = tp_pattern_regex(compiled->regexes[i].text, &s->patterns[i], err);
	if (status)
		tp_scan_free(s);
	else
		*scan = s;
	return status;
}

void tp_scan_free(struct tp_scan *scan)
{
	if (!scan)
		return;
	for (size_t i = 0; scan->patterns && i < scan->compiled->regex_count; i++)
		tp_pattern_free(scan->patterns[i]);
	tp_chunk_free(scan->chunk);
	tp_record_release(&scan->record);
	free(scan->patterns);
	free(scan->counts);
	free(scan->order);
	free(scan->live);
	free(scan);
}

/* --- ranges ---------------------------------------------------------------------------------- */

bool tp_scan_may_match(const struct tp_compiled *compiled, const struct tp_chunk_range *range)
{
	const struct tp_query_terms *asked = compiled->asked;

	return range->last_ms >= asked->since_ms && range->first_ms < asked->until_ms &&
	       (!asked->has_larger || range->most_bytes > asked->larger) &&
	       range->least_bytes < asked->smaller;
}

static bool is_within(const struct tp_compiled *compiled, const struct tp_chunk_range *range)
{
	const struct tp_query_terms *asked = compiled->asked;

	return range->first_ms >= asked->since_ms && range->last_ms < asked->until_ms &&
	       (!asked->has_larger || range->least_bytes > asked->larger) &&
	       range->most_bytes < asked->smaller;
}

static void keep_in_range(struct tp_scan *scan, const struct tp_rows *rows)
{
	const struct tp_query_terms *asked = scan->compiled->asked;

	scan->live_count = 0;
	for (size_t i = 0; i < rows->count; i++) {
		scan->live[i] &= rows->arrival_ms[i] >= asked->since_ms &&
				 rows->arrival_ms[i] < asked->until_ms &&
				 (!asked->has_larger || rows->size_bytes[i] > asked->larger) &&
				 rows->size_bytes[i] < asked->smaller && !rows->erased[i];
		scan->live_count += scan->live[i];
	}
}

/* --- texts ----------------------------------------------------------------------------------- */

/* Hits come in order: a step or two leads to the text of the next when they are dense, halving when
 * they are not. */
static size_t text_at(const struct tp_texts *texts, size_t text, size_t found)
{
	size_t low, high = texts->count;

	for (int steps = 0; steps < 2; steps++, text++)
		if (texts->offset[text + 1] > found)
			return text;
	for (low = text; high - low > 1;) {
		size_t middle = (low + high) / 2;

		if (texts->offset[middle] <= found)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Marks in seen[] every text that has the needle; says whether there is one. */
static bool mark_all(
	struct tp_scan *scan, const struct tp_needle *needle, const struct tp_texts *texts)
{
	size_t end = texts->offset[texts->count], at = 0, text = 0, found;
	bool any = false;

	memset(scan->seen, 1, texts->count);
	while (at < end) {
		found = tp_needle_find(needle, texts->bytes + at, end - at);
		if (found == SIZE_MAX)
			break;
		text = text_at(texts, text, at + found);
		scan->seen[text] = 2;
		any = true;
		at = texts->offset[++text];
	}
	return any;
}

/* The same for the texts of live rows alone. */
static bool mark_live(struct tp_scan *scan, const struct tp_needle *needle,
	const struct tp_texts *texts, size_t rows)
{
	bool any = false;

	memset(scan->seen, 0, texts->count);
	for (size_t i = 0; i < rows; i++) {
		size_t text = texts->of_row[i];
		uint32_t begin = texts->offset[text], end = texts->offset[text + 1];

		if (!scan->live[i] || scan->seen[text])
			continue;
		scan->seen[text] = 1;
		if (tp_needle_find(needle, texts->bytes + begin, end - begin) == SIZE_MAX)
			continue;
		scan->seen[text] = 2;
		any = true;
	}
	return any;
}

/* Most chunks have nothing of a rare needle: then rows are not looked at. */
static enum tp_status look_in_column(struct tp_scan *scan, const struct tp_term *term,
	enum tp_column column, size_t rows, bool *any, struct tp_error *err)
{
	struct tp_texts texts;
	bool there;
	enum tp_status status = tp_chunk_texts(scan->chunk, column, &texts, err);

	if (status)
		return status;
	if (scan->live_count * FEW < texts.count)
		there = mark_live(scan, &term->needle, &texts, rows);
	else
		there = mark_all(scan, &term->needle, &texts);
	for (size_t i = 0; there && i < rows; i++)
		scan->there[i] |= scan->seen[texts.of_row[i]] >> 1;
	*any = *any || there;
	return TP_OK;
}

static enum tp_status look_for(
	struct tp_scan *scan, size_t number, size_t rows, struct tp_error *err)
{
	const struct tp_term *term = &scan->compiled->terms[number];
	struct tp_scan_count *count = &scan->counts[number];
	enum tp_status status = TP_OK;
	size_t before = scan->live_count;
	bool any = false;

	memset(scan->there, 0, rows);
	for (unsigned c = 0; !status && c < TP_COLUMNS; c++)
		if (term->columns & 1u << c)
			status = look_in_column(scan, term, (enum tp_column)c, rows, &any, err);
	scan->live_count = 0;
	for (size_t i = 0; any && i < rows; i++) {
		scan->live[i] &= scan->there[i];
		scan->live_count += scan->live[i];
	}
	count->asked += (double)before;
	count->there += (double)scan->live_count;
	return status;
}

/* The price of what a term leaves out, by what was seen of it: the cheapest goes first. */
static double price(const struct tp_scan *scan, size_t number)
{
	const struct tp_scan_count *count = &scan->counts[number];
	double there = (count->there + 1) / (count->asked + 8);

	return scan->compiled->terms[number].cost / (1 - (there < 0.999 ? there : 0.999));
}

static void put_in_order(struct tp_scan *scan)
{
	for (size_t i = 1; i < scan->compiled->term_count; i++)
		for (size_t k = i;
			k > 0 && price(scan, scan->order[k]) < price(scan, scan->order[k - 1]);
			k--) {
			size_t other = scan->order[k];

			scan->order[k] = scan->order[k - 1];
			scan->order[k - 1] = other;
		}
}

/* --- regular expressions --------------------------------------------------------------------- */

static bool matches(const struct tp_pattern *pattern, const char *text)
{
	return tp_pattern_match(pattern, text, strlen(text));
}

static bool one_matches(const struct tp_pattern *pattern, const struct tp_strings *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		if (matches(pattern, texts->list[i]))
			return true;
	return false;
}

static bool field_matches(
	const struct tp_pattern *pattern, enum tp_query_field field, const struct tp_record *r)
{
	switch (field) {
	case TP_FIELD_FROM:
		return matches(pattern, r->from) || matches(pattern, r->sender);
	case TP_FIELD_TO:
		return matches(pattern, r->to) || one_matches(pattern, &r->rcpts);
	case TP_FIELD_SUBJECT:
		return matches(pattern, r->subject);
	default:
		return field_matches(pattern, TP_FIELD_FROM, r) ||
		       field_matches(pattern, TP_FIELD_TO, r) ||
		       field_matches(pattern, TP_FIELD_SUBJECT, r);
	}
}

static enum tp_status keep_matching(struct tp_scan *scan, size_t rows, struct tp_error *err)
{
	const struct tp_compiled *compiled = scan->compiled;
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < rows; i++) {
		if (!scan->live[i])
			continue;
		status = tp_chunk_record(scan->chunk, i, &scan->record, err);
		for (size_t k = 0; !status && k < compiled->regex_count && scan->live[i]; k++)
			scan->live[i] = field_matches(
				scan->patterns[k], compiled->regexes[k].field, &scan->record);
		scan->live_count -= !scan->live[i];
	}
	return status;
}

/* --------------------------------------------------------------------------------------------- */

enum tp_status tp_scan_chunk(struct tp_scan *scan, const struct tp_span *span, struct tp_rows *rows,
	struct tp_error *err)
{
	const struct tp_chunk_range *range = tp_segment_range(span->segment, span->chunk);
	bool within = is_within(scan->compiled, range);
	enum tp_status status = TP_OK;

	tp_chunk_turn(scan->chunk, span->segment, span->chunk);
	memset(scan->live, 1, range->count);
	scan->live_count = range->count;
	if (!within) {
		status = tp_chunk_rows(scan->chunk, rows, err);
		if (!status)
			keep_in_range(scan, rows);
	}
	put_in_order(scan);
	for (size_t i = 0; !status && i < scan->compiled->term_count && scan->live_count; i++)
		status = look_for(scan, scan->order[i], range->count, err);
	if (!status && scan->live_count) {
		status = tp_chunk_rows(scan->chunk, rows, err);
		if (!status)
			keep_in_range(scan, rows);
	}
	if (!status && scan->live_count && scan->compiled->regex_count)
		status = keep_matching(scan, range->count, err);
	return status;
}
