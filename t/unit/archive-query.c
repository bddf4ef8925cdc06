/* archive/query: pages, counts and orders against a search that looks at every record one by one;
 * words; damaged segments on the way. */
#include "archive/query.h"

#include <fcntl.h>

#include "base/fold.h"
#include "segment-tool.h"

#define PACKS    9
#define RECORDS  30000
#define PER_PACK (RECORDS / PACKS)

static struct tp_error err;
static struct tp_record records[RECORDS];

static enum tp_tier tier_of(size_t i)
{
	size_t pack = i / PER_PACK;

	return pack == 0 ? TP_TIER_DISC : pack < 3 ? TP_TIER_CELLAR : TP_TIER_ONLINE;
}

static bool is_erased(size_t i)
{
	return i % 211 == 3;
}

static void touch(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT, 0600);

	if (fd < 0)
		exit(99);
	close(fd);
}

/* Most packs follow each other; two lie over one another, and some were imported later and lie across
 * all the others. The packs'
 * own files stay empty: only their segments are read. */
static void fill(struct tp_archive *archive)
{
	char name[64];

	for (size_t pack = 0; pack < PACKS; pack++) {
		struct tp_segment_builder *builder;
		bool late = pack == 4 || pack == 7;

		tp_segment_builder_new(&builder, &err);
		for (size_t i = pack * PER_PACK; i < (pack + 1) * PER_PACK; i++) {
			int64_t day = late ? dice(900)
					   : (int64_t)(pack == 6 ? 5 : pack) * 100 + dice(100);

			make_record(&records[i], 1000000000000 + day * 86400000 + dice(3) * 1000);
			if (tp_segment_builder_add(builder, &records[i], is_erased(i), &err))
				ok(false, "%s", err.text);
		}
		snprintf(name, sizeof name, "a/%s/%08zu.tpp",
			tier_of(pack * PER_PACK) == TP_TIER_CELLAR ? "cellar" : "pack", pack);
		if (pack)
			touch(name);
		if (tp_segment_builder_write_kind(builder, archive,
			    pack ? TP_SEGMENT_PACK : TP_SEGMENT_DISC, (uint32_t)pack, 0, 0, &err))
			ok(false, "%s", err.text);
		tp_segment_builder_free(builder);
	}
}

/* --- the slow way ---------------------------------------------------------------------------- */

static bool has(const char *text, const char *wanted)
{
	struct tp_buf hay = TP_BUF_INIT(1u << 20), needle = TP_BUF_INIT(1u << 20);
	bool found;

	tp_fold(text, strlen(text), &hay);
	tp_fold(wanted, strlen(wanted), &needle);
	found = strstr(tp_buf_str(&hay), tp_buf_str(&needle)) != NULL;
	tp_buf_release(&hay);
	tp_buf_release(&needle);
	return found;
}

static bool has_to(const struct tp_record *r, const char *wanted)
{
	bool found = has(r->to, wanted);

	for (size_t i = 0; !found && i < r->rcpts.count; i++)
		found = has(r->rcpts.list[i], wanted);
	return found;
}

static bool matches(size_t i, const struct tp_query_terms *t)
{
	const struct tp_record *r = &records[i];
	bool all = !is_erased(i) && (t->tiers & 1u << tier_of(i)) && r->arrival_ms >= t->since_ms &&
		   r->arrival_ms < t->until_ms && (!t->has_larger || r->size_bytes > t->larger) &&
		   r->size_bytes < t->smaller;

	for (size_t k = 0; all && k < t->from.count; k++)
		all = has(r->from, t->from.list[k]) || has(r->sender, t->from.list[k]);
	for (size_t k = 0; all && k < t->to.count; k++)
		all = has_to(r, t->to.list[k]);
	for (size_t k = 0; all && k < t->subject.count; k++)
		all = has(r->subject, t->subject.list[k]);
	for (size_t k = 0; all && k < t->any.count; k++)
		all = has(r->from, t->any.list[k]) || has(r->sender, t->any.list[k]) ||
		      has_to(r, t->any.list[k]) || has(r->subject, t->any.list[k]);
	for (size_t k = 0; all && k < t->regex.count; k++)
		all = strstr(r->subject, strchr(t->regex.list[k], '=') + 1) != NULL;
	return all;
}

static int by_id(const void *a, const void *b)
{
	const struct tp_record *x = *(const struct tp_record *const *)a;
	const struct tp_record *y = *(const struct tp_record *const *)b;

	return strcmp(x->id, y->id);
}

static size_t search_slowly(const struct tp_query_terms *terms, const struct tp_record **found)
{
	size_t count = 0;

	for (size_t i = 0; i < PACKS * PER_PACK; i++)
		if (matches(i, terms))
			found[count++] = &records[i];
	qsort(found, count, sizeof *found, by_id);
	return count;
}

/* --- both ------------------------------------------------------------------------------------ */

static bool is_hit(const struct tp_hit *hit, const struct tp_record *want)
{
	return !strcmp(hit->id, want->id) && hit->arrival_ms == want->arrival_ms &&
	       hit->size_bytes == want->size_bytes;
}

/* Counts differences over all pages, of one size or another. */
static int compare(struct tp_view *view, const struct tp_query_terms *terms, const char **said,
	size_t *want_count)
{
	static const struct tp_record *want[RECORDS];
	static struct tp_hit hits[RECORDS];
	struct tp_search *search;
	size_t all = search_slowly(terms, want), seen = 0, count, page = 1 + dice(500);
	uint64_t total = 0;
	int wrong = 0;

	*want_count = all;
	*said = "";
	if (tp_search_new(view, terms, &search, &err))
		return *said = err.text, 1;
	do {
		if (dice(4) == 0) {
			size_t skip = dice(300);

			wrong += tp_search_skip(search, skip, &err) != TP_OK;
			seen = seen + skip < all ? seen + skip : all;
		}
		wrong += tp_search_next(search, hits, page, &count, dice(2) ? &total : NULL,
				 &err) != TP_OK;
		for (size_t i = 0; i < count && seen + i < all; i++) {
			size_t k = terms->oldest_first ? seen + i : all - 1 - seen - i;

			wrong += !is_hit(&hits[i], want[k]);
		}
		seen += count;
	} while (!wrong && count == page);
	wrong += seen != all;
	wrong += tp_search_next(search, hits, 0, &count, &total, &err) != TP_OK || total != all;
	tp_search_free(search);
	return wrong;
}

static void random_text(struct tp_strings *list)
{
	const char *text = dice(3) == 0 ? PICK(words) : dice(2) ? PICK(family) : PICK(hosts);
	struct tp_buf piece = TP_BUF_INIT(1000);
	size_t len = strlen(text), begin = dice((uint32_t)len), n = 1 + dice((uint32_t)len);

	/* Whole characters: what is cut in half would fold to nothing, and be found everywhere. */
	while (begin && ((unsigned char)text[begin] & 0xc0) == 0x80)
		begin--;
	n = n > len - begin ? len - begin : n;
	while (begin + n < len && ((unsigned char)text[begin + n] & 0xc0) == 0x80)
		n++;
	tp_buf_add(&piece, text + begin, n);
	tp_strings_add(list, tp_buf_str(&piece), NULL);
	tp_buf_release(&piece);
}

static void test_random(struct tp_view *view)
{
	int wrong = 0;
	size_t found = 0, empty = 0;

	for (int round = 0; round < 120; round++) {
		struct tp_query_terms terms;
		const char *said;
		size_t want;

		tp_query_terms_init(&terms);
		terms.tiers = 1 + dice(7);
		terms.oldest_first = dice(2);
		if (dice(2))
			random_text(&terms.from);
		if (dice(3) == 0)
			random_text(&terms.to);
		if (dice(2))
			random_text(&terms.subject);
		if (dice(5) == 0)
			random_text(&terms.any);
		if (dice(3) == 0)
			terms.since_ms = 1000000000000 + (int64_t)dice(900) * 86400000;
		if (dice(3) == 0)
			terms.until_ms = 1000000000000 + (int64_t)dice(900) * 86400000;
		if (dice(4) == 0)
			terms.larger = dice(100000), terms.has_larger = true;
		if (dice(4) == 0)
			terms.smaller = dice(100000);
		if (dice(6) == 0)
			tp_strings_addf(&terms.regex, NULL, "subject=%s", dice(2) ? "Été" : "Re: ");
		if (compare(view, &terms, &said, &want)) {
			wrong++;
			printf("# from %s to %s subject %s any %s: %s\n",
				terms.from.count ? *terms.from.list : "-",
				terms.to.count ? *terms.to.list : "-",
				terms.subject.count ? *terms.subject.list : "-",
				terms.any.count ? *terms.any.list : "-", said);
		}
		found += want;
		empty += want == 0;
		tp_query_terms_release(&terms);
	}
	ok(wrong == 0 && found > 20000,
		"120 queries give what looking at every record gives (%d do not; %zu hits, %zu "
		"without)",
		wrong, found, empty);
}

static void test_show(struct tp_view *view)
{
	struct tp_record shown = TP_RECORD_INIT;
	struct tp_query_terms terms;
	struct tp_search *search;
	struct tp_hit hits[50];
	size_t count;
	int wrong = 0;

	tp_query_terms_init(&terms);
	tp_query_tiers("all", &terms.tiers);
	tp_search_new(view, &terms, &search, &err);
	tp_search_skip(search, 20000, &err);
	tp_search_next(search, hits, 50, &count, NULL, &err);
	for (size_t i = 0; i < count; i++) {
		size_t k = hits[i].place.number * (size_t)PER_PACK + hits[i].place.at;

		wrong += tp_search_show(search, &hits[i], &shown, &err) != TP_OK;
		wrong += hits[i].place.tier != tier_of(k) || strcmp(shown.id, records[k].id) ||
			 strcmp(shown.subject, records[k].subject) ||
			 strcmp(shown.from, records[k].from) || strcmp(shown.to, records[k].to);
	}
	ok(count == 50 && wrong == 0, "hits are shown as they are, and their places are right");
	tp_record_release(&shown);
	tp_search_free(search);
	tp_query_terms_release(&terms);
}

static void word_is_bad(const char *word, const char *said)
{
	struct tp_query_terms terms;

	tp_query_terms_init(&terms);
	ok(tp_query_add_word(&terms, word, &err) == TP_USAGE && strstr(err.text, said), "%s: %s",
		word, err.text);
	tp_query_terms_release(&terms);
}

static void test_words(struct tp_view *view)
{
	struct tp_query_terms terms;
	struct tp_search *search;

	tp_query_terms_init(&terms);
	ok(!tp_query_add_word(&terms, "from:belga.com", &err) &&
			!tp_query_add_word(&terms, "subject:a:b", &err) &&
			!tp_query_add_word(&terms, "to:", &err) &&
			!tp_query_add_word(&terms, "http://x", &err) &&
			!tp_query_add_word(&terms, "since:2005-07-01", &err) &&
			!tp_query_add_word(&terms, "until:2005-07-31", &err) &&
			!tp_query_add_word(&terms, "larger:10k", &err) &&
			!tp_query_add_word(&terms, "smaller:1M", &err) &&
			!tp_query_add_word(&terms, "tier:cave", &err),
		"words are read");
	ok(!strcmp(terms.from.list[0], "belga.com") && !strcmp(terms.subject.list[0], "a:b") &&
			!strcmp(terms.any.list[0], "http://x") && terms.larger == 10240 &&
			terms.smaller == 1048576 && terms.tiers == 1u << TP_TIER_CELLAR &&
			terms.since_ms == 1120176000000 &&
			terms.until_ms == 1120176000000 + INT64_C(31) * 86400000,
		"and mean what they say");
	tp_query_add_word(&terms, "since:2005-07-02", &err);
	tp_query_add_word(&terms, "since:2005-06-02", &err);
	ok(terms.since_ms == 1120176000000 + 86400000, "of two dates both hold");
	word_is_bad("since:soon", "since: 'soon'");
	word_is_bad("larger:big", "larger: 'big'");
	word_is_bad("tier:attic", "'attic' is no tier");
	tp_strings_add(&terms.regex, "subject=(", NULL);
	ok(tp_search_new(view, &terms, &search, &err) == TP_USAGE && !search, "%s", err.text);
	tp_query_terms_release(&terms);
	tp_strings_add(&terms.regex, "body=x", NULL);
	ok(tp_search_new(view, &terms, &search, &err) == TP_USAGE && !search, "%s", err.text);
	tp_query_terms_release(&terms);
}

int main(void)
{
	struct tp_archive *archive;
	struct tp_view *view;

	setenv("TZ", "UTC", 1);
	trash_make();
	archive = make_archive("a", false);
	fill(archive);
	if (tp_view_open(archive, &view, &err)) {
		printf("Bail out! %s\n", err.text);
		return 99;
	}
	test_random(view);
	test_show(view);
	test_words(view);
	tp_view_close(view);
	for (size_t i = 0; i < PACKS * PER_PACK; i++)
		tp_record_release(&records[i]);
	tp_archive_close(archive);
	return done_testing();
}
