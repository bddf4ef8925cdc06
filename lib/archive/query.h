/*
 * Queries: what to find, and the finding. Texts are folded (base/fold.h) and found as substrings of
 * any length; the newest come first; one page is filled and no more is looked at, unless a count is
 * wanted.
 *
 * Chunks are taken in order of arrival, by as many threads as there are processors, up to four, once
 * the first few did not suffice. Whether chunks overlap in time (mail that was imported later) or
 * not, a page is the same: hits are kept in order, and a chunk is left out only when nothing in it
 * can come before the last of a full page.
 */
#ifndef TP_ARCHIVE_QUERY_H
#define TP_ARCHIVE_QUERY_H

#include "archive/view.h"
#include "base/pattern.h"

struct tp_query_terms {
	struct tp_strings from, to, subject, any; /* as typed; all must be found */
	int64_t since_ms, until_ms;               /* half-open; INT64_MIN, INT64_MAX: open */
	uint64_t larger, smaller;                 /* bytes, exclusive; 0, UINT64_MAX: any */
	struct tp_strings regex;                  /* FIELD=RE over the unfolded record */
	unsigned tiers;                           /* set of 1 << enum tp_tier */
	bool oldest_first;
	bool has_larger;
};

void tp_query_terms_init(struct tp_query_terms *terms); /* everything that is online */
void tp_query_terms_release(struct tp_query_terms *terms);

/* Adds one QUERY word: `from:x to:x subject:x since:D until:D larger:S smaller:S tier:T`, or a bare
 * word for any of the three texts. TP_USAGE. */
enum tp_status tp_query_add_word(
	struct tp_query_terms *terms, const char *word, struct tp_error *err);
/* The same for a name (`since`) and its value. TP_USAGE, without the name in the sentence. */
enum tp_status tp_query_add(
	struct tp_query_terms *terms, const char *name, const char *value, struct tp_error *err);
/* A tier by any of its names: online, meuble, cellar, cave, disc, disque, all. */
bool tp_query_tiers(const char *name, unsigned *tiers);

struct tp_hit {
	char id[TP_ID_LEN + 1];
	struct tp_place place;
	int64_t arrival_ms;
	uint64_t size_bytes;
	struct tp_span span; /* and row: for tp_search_show */
	uint32_t row;
};

struct tp_search; /* a query being run */
/* TP_USAGE: a regular expression that is none, or of an unknown field. `terms` is borrowed. */
enum tp_status tp_search_new(struct tp_view *view, const struct tp_query_terms *terms,
	struct tp_search **search, struct tp_error *err);
void tp_search_free(struct tp_search *search);

/* The next `most` matches (or as many as there are: fewer only at the end), in order. Memory: these
 * alone. `total` may be NULL; else all matches are counted, those given before included. */
enum tp_status tp_search_next(struct tp_search *search, struct tp_hit *hits, size_t most,
	size_t *count, uint64_t *total, struct tp_error *err);
/* The view was renewed (tp_view_resume): goes on where it was. Hits given before can no more be shown. */
enum tp_status tp_search_renew(struct tp_search *search, struct tp_error *err);
/* Passes over the next `skip` matches. */
enum tp_status tp_search_skip(struct tp_search *search, uint64_t skip, struct tp_error *err);

/* What a list shows of a hit (see tp_chunk_record). Hits given by earlier calls are good until the
 * next call of tp_search_next. */
enum tp_status tp_search_show(struct tp_search *search, const struct tp_hit *hit,
	struct tp_record *record, struct tp_error *err);

#endif
