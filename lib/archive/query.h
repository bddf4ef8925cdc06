/*
 * Queries: what to find, and the finding. Texts are folded (base/fold.h) and found as substrings of
 * any length; the newest come first; one page is filled and no more is looked at, unless a count is
 * wanted.
 */
#ifndef TP_ARCHIVE_QUERY_H
#define TP_ARCHIVE_QUERY_H

#include "archive/view.h"
#include "base/pattern.h"

struct tp_query_terms {
	struct tp_strings from, to, subject, any; /* as typed; all must be found */
	int64_t since_ms, until_ms;		  /* half-open; INT64_MIN, INT64_MAX: open */
	uint64_t larger, smaller;		  /* bytes, exclusive; 0, UINT64_MAX: any */
	struct tp_strings regex;		  /* FIELD=RE over the unfolded record */
	unsigned tiers;				  /* set of 1 << enum tp_tier */
	bool oldest_first;
};

void tp_query_terms_init(struct tp_query_terms *terms); /* everything that is online */
void tp_query_terms_release(struct tp_query_terms *terms);

/* Adds one QUERY word: `from:x to:x subject:x since:D until:D larger:S smaller:S tier:T`, or a bare
 * word for any of the three texts. TP_USAGE. */
enum tp_status tp_query_add_word(struct tp_query_terms *terms, const char *word,
	struct tp_error *err);
/* A tier by any of its names: online, meuble, cellar, cave, disc, disque, all. */
bool tp_query_tiers(const char *name, unsigned *tiers);

struct tp_hit {
	char id[TP_ID_LEN + 1];
	struct tp_place place;
	int64_t arrival_ms;
	uint64_t size_bytes;
};

/* Fills hits[0, *count) with the matches after the first `skip`, at most `most` of them. With
 * `total` not NULL all are counted into it. Memory: the page alone. */
enum tp_status tp_query_run(struct tp_view *view, const struct tp_query_terms *terms, size_t skip,
	struct tp_hit *hits, size_t most, size_t *count, uint64_t *total, struct tp_error *err);

#endif
