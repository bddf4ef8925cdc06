/* One chunk against a query. Private to query*.c. */
#ifndef TP_ARCHIVE_QUERY_SCAN_H
#define TP_ARCHIVE_QUERY_SCAN_H

#include "archive/chunk.h"
#include "archive/query.h"
#include "base/fold.h"

/* A text to find in one of some columns. */
struct tp_term {
	unsigned columns; /* set of 1 << enum tp_column */
	char *text;       /* folded; the needle's */
	struct tp_needle needle;
	double cost; /* of looking through a chunk, about; for the order */
};

/* A regular expression to find in one of some texts of the record. */
enum tp_query_field { TP_FIELD_FROM, TP_FIELD_TO, TP_FIELD_SUBJECT, TP_FIELD_ANY };
struct tp_regex {
	enum tp_query_field field;
	const char *text; /* borrowed */
};

/* A query made ready; shared by the threads, and not changed by them. */
struct tp_compiled {
	const struct tp_query_terms *asked;
	struct tp_term *terms;
	size_t term_count;
	struct tp_regex *regexes;
	size_t regex_count;
};

/* What a thread needs to look through chunks. */
struct tp_scan {
	const struct tp_compiled *compiled;
	struct tp_chunk *chunk;
	struct tp_pattern **patterns; /* one a regex: PCRE2's memory is not shared */
	struct tp_record record;
	/* how often each term was asked about a row, and how often it was there: the most selective
	 * goes first */
	struct tp_scan_count {
		double asked, there;
	} * counts;
	size_t *order;
	uint8_t *live;  /* by row: nothing speaks against it so far */
	uint8_t *seen;  /* by text: 0 not looked at, 1 not there, 2 there */
	uint8_t *there; /* by row: the term is in one of the columns */
	size_t live_count;
};

enum tp_status tp_scan_new(
	const struct tp_compiled *compiled, struct tp_scan **scan, struct tp_error *err);
void tp_scan_free(struct tp_scan *scan);

/* False when the directory alone says that nothing in the chunk can match. */
bool tp_scan_may_match(const struct tp_compiled *compiled, const struct tp_chunk_range *range);

/* Looks through a chunk; what matches is live. *rows are the chunk's (good until the next chunk), and
 * not filled when nothing is live. */
enum tp_status tp_scan_chunk(struct tp_scan *scan, const struct tp_span *span, struct tp_rows *rows,
	struct tp_error *err);

#endif
