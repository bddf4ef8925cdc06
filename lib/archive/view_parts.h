/* What a view is made of. Private to view*.c. */
#ifndef TP_ARCHIVE_VIEW_PARTS_H
#define TP_ARCHIVE_VIEW_PARTS_H

#include "archive/chunk.h"
#include "archive/journal.h"
#include "archive/pack.h"
#include "archive/register.h"
#include "archive/view.h"

/* A pack, a journal, or what is known of a disc. */
struct tp_view_part {
	enum tp_segment_kind kind;
	enum tp_tier tier;
	uint32_t number;
	bool opened;
	bool lossy;                 /* of its pack not every message could be read */
	bool left_out;              /* of a disc, and cannot be read */
	struct tp_segment *segment; /* NULL: a journal that has none */
	struct tp_segment *rest;    /* of a journal: what came after its segment, in memory */
	uint8_t **hidden;           /* of a disc: by chunk, by row; NULL: nothing is hidden */
};

struct tp_view {
	struct tp_archive *archive;
	bool locked;
	uint64_t stamp;             /* of the archive when the parts were listed */
	struct tp_view_part *parts; /* packs by number, then discs, then journals by number */
	size_t count, cap;
	struct tp_span *spans;
	size_t span_count, span_cap;
	struct tp_registers *registers; /* NULL until they are needed */
	struct tp_error trouble;        /* why the first disc was left out */
	uint32_t trouble_disc;
	uint32_t *shunned; /* discs that are asked last */
	size_t shunned_count;
	bool doubles_known; /* the parts' `hidden` is filled in */
	/* read last, and likely the next again */
	struct tp_pack *pack;
	uint32_t pack_number;
	struct tp_journal_reader *journal;
	uint32_t journal_number;
	struct tp_chunk *chunk;
};

/* Opens the part's segments, or makes them. */
enum tp_status tp_view_part_open(
	struct tp_view *view, struct tp_view_part *part, struct tp_error *err);
void tp_view_part_close(struct tp_view_part *part);
/* Makes them again whatever is there; not those of discs. */
enum tp_status tp_view_part_remake(
	struct tp_view *view, struct tp_view_part *part, struct tp_error *err);

/* Fills in `hidden` by the spans of discs that are there now. *damaged: a span that could not be read. */
enum tp_status tp_view_hide_doubles(
	struct tp_view *view, const struct tp_span **damaged, struct tp_error *err);

/* Finding goes on without that disc, of which `why` something cannot be read. */
void tp_view_part_leave_out(
	struct tp_view *view, struct tp_view_part *part, const struct tp_error *why);

/* The pack or journal, kept open until another is asked for. */
enum tp_status tp_view_pack(
	struct tp_view *view, uint32_t number, struct tp_pack **pack, struct tp_error *err);
enum tp_status tp_view_journal(struct tp_view *view, uint32_t number,
	struct tp_journal_reader **journal, struct tp_error *err);

#endif
